"""What is said about a line, case by case."""

import ibis

from nba_pipeline.model.advice import advice


def test_advice_is_to_pass_on_what_is_not_priced_or_not_proven() -> None:
    """The side is that of the edge; of no side is there a record that proves it."""
    names = ("is_production_ready", "predicted_points", "points_line", "over_price", "under_price")
    cases = [
        ((False, 20.0, 18.5, 1.9, 1.9), ("PASS", "incomplete")),
        ((True, 20.0, None, None, None), ("NO_LINE", "no_line")),
        ((True, None, 18.5, 1.9, 1.9), ("PASS", "no_prediction")),
        ((True, 20.0, 18.5, None, 1.9), ("PASS", "no_price")),
        ((True, 17.0, 18.5, None, 1.9), ("PASS", "no_proven_edge")),
        ((True, 17.0, 18.5, 1.9, None), ("PASS", "no_price")),
        ((True, 20.0, 18.5, 1.9, None), ("PASS", "no_proven_edge")),
    ]
    rows = ibis.memtable(
        [
            {"place": n, **dict(zip(names, row, strict=True))}
            for n, (row, _said) in enumerate(cases)
        ],
        schema={"place": "int64", "is_production_ready": "boolean"}
        | dict.fromkeys(names[1:], "float64"),
    )
    rows = rows.mutate(edge=rows.predicted_points - rows.points_line)
    told = rows.mutate(**advice(rows)).order_by("place").to_pyarrow().to_pylist()
    assert [(line["recommendation"], line["recommendation_reason"]) for line in told] == [
        said for _row, said in cases
    ]
