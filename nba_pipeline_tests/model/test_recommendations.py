"""What is said about a line, case by case."""

import json
from datetime import date

import ibis
import pytest

from nba_pipeline.model.recommendations import records, with_advice

NAMES = ("is_production_ready", "predicted_points", "points_line", "over_price", "under_price")
MONTH = date(2024, 1, 1)


def record(low: float | None, **more: object) -> dict[str, object]:
    """A line of a record: of xgboost's edges from one to two points to the over."""
    line = {"system": "xgboost", "side": "OVER", "edge_from": 1.0, "hit_rate_low": low}
    return line | {"graded": 500, "wins": 300} | more


def advised(
    cases: list[tuple[object, ...]], *lines: dict[str, object], system: str = "xgboost"
) -> list[tuple[str, str]]:
    """Recommendation and reason of each case of a day in January, whose model has the record."""
    rows = ibis.memtable(
        [
            {
                "place": place,
                "system": system,
                "game_date": date(2024, 1, 17),
                **dict(zip(NAMES, case, strict=True)),
            }
            for place, case in enumerate(cases)
        ],
        schema={"place": "int64", "system": "string", "game_date": "date"}
        | {"is_production_ready": "boolean"}
        | dict.fromkeys(NAMES[1:], "float64"),
    )
    rows = rows.mutate(edge=rows.predicted_points - rows.points_line)
    known = records([{"month": MONTH, "edge_record": json.dumps(lines) if lines else None}])
    answer = with_advice(rows, known)
    assert set(answer.columns) == {*rows.columns, "recommendation", "recommendation_reason"}
    told = answer.order_by("place").to_pyarrow().to_pylist()
    return [(line["recommendation"], line["recommendation_reason"]) for line in told]


def test_without_a_record_every_line_is_passed() -> None:
    """The side is that of the edge; what is not ready, predicted or priced says so first."""
    cases = {
        (False, 20.0, 18.5, 1.9, 1.9): ("PASS", "incomplete"),
        (True, 20.0, None, None, None): ("NO_LINE", "no_line"),
        (True, None, 18.5, 1.9, 1.9): ("PASS", "no_prediction"),
        (True, 20.0, 18.5, None, 1.9): ("PASS", "no_price"),
        (True, 17.0, 18.5, None, 1.9): ("PASS", "no_proven_edge"),
        (True, 17.0, 18.5, 1.9, None): ("PASS", "no_price"),
        (True, 18.5, 18.5, 1.9, 1.9): ("PASS", "no_proven_edge"),
    }
    assert advised(list(cases)) == list(cases.values())


@pytest.mark.parametrize(
    ("low", "price", "said"),
    [
        (0.54, 1.87, ("OVER", "proven_edge")),
        (0.53, 1.87, ("PASS", "no_proven_edge")),
        (0.53, 1.91, ("OVER", "proven_edge")),
        (0.53, 1.92, ("PASS", "no_proven_edge")),
        (0.53, 2.6, ("PASS", "no_proven_edge")),
        (None, 3.0, ("PASS", "no_proven_edge")),
    ],
)
def test_a_record_recommends_where_it_is_surely_above_what_the_price_asks(low, price, said) -> None:
    """1 / 1.87 = 0.535 and 1 / 1.91 = 0.524; of too short a record no low end is told.

    What pays more than 1.91 the market takes for the less likely side, which no record is of.
    """
    assert advised([(True, 20.0, 18.5, price, 1.9)], record(low)) == [said]


@pytest.mark.parametrize(
    "other",
    [{"system": "ensemble"}, {"side": "UNDER"}, {"edge_from": 0.0}, {"edge_from": 2.0}],
)
def test_only_a_record_of_the_same_edge_counts(other) -> None:
    """Another system's, the other side's, narrower and wider edges prove nothing of this one."""
    row = (True, 20.0, 18.5, 1.9, 1.9)
    assert advised([row], record(0.7, **other)) == [("PASS", "no_proven_edge")]


def test_the_widest_band_has_no_end_and_a_row_that_is_not_ready_is_never_recommended() -> None:
    """An edge of 11.5 points is of the band from five on."""
    wide = record(0.7, edge_from=5.0)
    cases = [(True, 30.0, 18.5, 1.9, 1.9), (False, 30.0, 18.5, 1.9, 1.9)]
    assert advised(cases, wide) == [("OVER", "proven_edge"), ("PASS", "incomplete")]
