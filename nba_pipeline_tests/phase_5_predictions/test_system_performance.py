"""The record of a system, by hand from literal graded rows."""

import json
from datetime import date

import ibis
import pytest

from nba_pipeline.phase_5_predictions.system_performance import transform

MONTH = date(2024, 2, 1)
GRADED = {
    "game_id": "string",
    "player_id": "int64",
    "game_date": "date",
    "system": "string",
    "basis": "string",
    "minutes": "float64",
    "predicted_points": "float64",
    "p10": "float64",
    "p90": "float64",
    "prob_over": "float64",
    "points_line": "float64",
    "actual_points": "int64",
    "absolute_error": "float64",
    "signed_error": "float64",
    "outcome": "string",
    "is_production_ready": "boolean",
}
FEATURES = {
    "game_id": "string",
    "player_id": "int64",
    "points_avg_last_10": "float64",
    "points_avg_season": "float64",
}


def graded(
    game: int, day: date, predicted: float, actual: int | None, **more: object
) -> dict[str, object]:
    """A graded row of xgboost; who did not play has no points."""
    error = None if actual is None else predicted - actual
    return {
        "game_id": f"00223{game:05d}",
        "player_id": 7,
        "game_date": day,
        "system": "xgboost",
        "basis": "recomputed",
        "minutes": 0.0 if actual is None else 30.0,
        "predicted_points": predicted,
        "p10": predicted - 5,
        "p90": predicted + 5,
        "prob_over": None,
        "points_line": None,
        "actual_points": actual,
        "absolute_error": None if error is None else abs(error),
        "signed_error": error,
        "outcome": "no_line",
        "is_production_ready": True,
    } | more


ROWS = [
    graded(1, date(2023, 11, 5), 10.0, 18, is_production_ready=False),
    graded(2, date(2024, 1, 5), 10.0, 12, points_line=11.5, outcome="win"),
    # For seconds: the log's minutes are whole.
    graded(3, date(2024, 1, 7), 20.0, 14, points_line=15.5, outcome="loss", minutes=0.0),
    graded(4, date(2024, 1, 9), 20.0, None),
    graded(5, date(2024, 2, 1), 20.0, 60),
    graded(6, date(2023, 4, 1), 20.0, 60),
]
AVERAGES = [
    {
        "game_id": f"00223{game:05d}",
        "player_id": 7,
        "points_avg_last_10": ten,
        "points_avg_season": all_,
    }
    for game, ten, all_ in ((1, None, None), (2, 9.0, 9.5), (3, 16.0, 22.0), (5, 1.0, 1.0))
]


def told(
    rows: list[dict[str, object]] = ROWS, month: date = MONTH
) -> dict[tuple[str, str], dict[str, object]]:
    """The record by span and cut."""
    answer = transform(
        ibis.memtable(rows, schema=GRADED), ibis.memtable(AVERAGES, schema=FEATURES), [month]
    )
    lines = ibis.duckdb.connect().to_pyarrow(answer).to_pylist()
    return {(line["span"], line["cut"]): line for line in lines}


def test_a_month_tells_of_the_one_before_it_and_of_the_season_to_date() -> None:
    """Not of its own first day, not of the season before, and not of who did not play."""
    found = told()
    assert found["month", "all"]["rows"] == 2
    assert found["season", "all"]["rows"] == 3
    assert found["season", "all"]["first_date"] == date(2023, 11, 5)
    assert found["season", "all"]["last_date"] == date(2024, 1, 7)


def test_a_season_s_first_month_tells_of_the_last_one_of_the_season_before() -> None:
    """There is none in summer: the finals of June are told in October."""
    finals = [graded(7, date(2023, 6, day), 20.0, 22) for day in (4, 12)]
    found = told([*ROWS, *finals], date(2023, 10, 1))
    assert (found["month", "all"]["rows"], found["month", "all"]["mae"]) == (2, 2.0)
    assert (found["season", "all"]["rows"], found["season", "all"]["mae"]) == (3, (2 + 2 + 40) / 3)


def test_errors_and_baselines_are_of_the_same_rows() -> None:
    """January: errors of -2 and 6; the last ten are off by 3 and 2, the season by 2.5 and 8."""
    line = told()["month", "all"]
    assert (line["mae"], line["bias"]) == (4.0, 2.0)
    assert line["rmse"] == pytest.approx(20**0.5)
    assert line["band"] == 0.5
    assert (line["mae_history"], line["mae_last_10"], line["mae_season"]) == (4.0, 2.5, 5.25)
    # The sample deviation of 2 and 6 is the root of 8, over the root of two rows: 2.
    assert line["mae_low"] == pytest.approx(4 - 1.96 * 2)
    assert line["mae_high"] == pytest.approx(4 + 1.96 * 2)


def test_a_row_without_averages_is_in_no_comparison() -> None:
    """November's error of 8 counts in mae and not in mae_history."""
    line = told()["season", "all"]
    assert line["mae"] == pytest.approx((8 + 2 + 6) / 3)
    assert (line["rows_history"], line["mae_history"]) == (2, 4.0)


def test_the_line_is_judged_on_its_own_rows() -> None:
    """Off by 0.5 and 1.5; one recommendation of two came in."""
    line = told()["month", "all"]
    assert (line["rows_lined"], line["mae_lined"], line["mae_line"]) == (2, 4.0, 1.0)
    assert (line["wins"], line["losses"], line["hit_rate"]) == (1, 1, 0.5)
    # Wilson's interval of one in two.
    assert line["hit_rate_low"] == pytest.approx(0.0945, abs=1e-4)
    assert line["hit_rate_high"] == pytest.approx(0.9055, abs=1e-4)
    assert told(ROWS[:1])["season", "all"]["hit_rate"] is None


def test_cuts_are_by_readiness_and_by_season_average() -> None:
    """9.5 is a role player's, 22 a star's; November had no average and was not ready."""
    found = told()
    rows = {cut: line["rows"] for (span, cut), line in found.items() if span == "season"}
    assert rows == {"all": 3, "ready": 2, "not_ready": 1, "role": 1, "star": 1, "no_average": 1}
    assert found["season", "star"]["mae"] == 6.0


def test_every_edge_is_counted_recommended_or_not() -> None:
    """To the over at 10 of 9.5 and it came in; to the under at 10 of 11.5 and it did not; a push."""
    day = date(2024, 1, 5)
    rows = [
        graded(1, day, 10.0, 12, points_line=9.5, outcome="pass"),
        graded(2, day, 10.0, 12, points_line=11.5, outcome="pass"),
        graded(3, day, 10.0, 12, points_line=12.0, outcome="pass"),
        graded(4, day, 10.0, 12, points_line=10.0, outcome="pass"),
        graded(5, day, 10.0, 12),
    ]
    line = told(rows)["month", "all"]
    assert (line["edges"], line["edge_wins"], line["edge_hit_rate"]) == (2, 1, 0.5)
    assert line["edge_hit_rate_low"] == pytest.approx(0.0945, abs=1e-4)
    assert (line["wins"], line["losses"], line["hit_rate"]) == (0, 0, None)


def test_prob_over_is_set_beside_what_came_tenth_by_tenth() -> None:
    """Twenty rows, two to a tenth: of the pairs that were said 0.405 to 0.585 every second went over.

    The highest pair never did: it is 0.585 off. Nine rows, and a push, have no tenths.
    """
    day = date(2024, 1, 5)
    rows = [
        graded(
            place,
            day,
            10.0,
            12 if place % 2 and place < 18 else 8,
            points_line=10.5,
            prob_over=0.4 + 0.01 * place,
        )
        for place in range(20)
    ]
    line = told(rows)["month", "all"]
    assert line["rows_with_prob"] == 20
    said, came = zip(*json.loads(str(line["tenths"])), strict=True)
    assert said == pytest.approx([0.405 + 0.02 * n for n in range(10)])
    assert came == (0.5,) * 9 + (0.0,)
    assert line["calibration_error"] == pytest.approx(0.585)
    few = [*rows[:9], graded(30, day, 10.0, 12, points_line=12.0, prob_over=0.5)]
    line = told(few)["month", "all"]
    assert line["rows_with_prob"] == 9
    assert (line["tenths"], line["calibration_error"]) == (None, None)
