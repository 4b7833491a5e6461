"""What a month learns from the months before it, by hand from literal graded rows."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from nba_pipeline.model import boosting, spread, walk_forward
from nba_pipeline.thresholds import EDGE_RECORD_ROWS, WEIGHTS_ROWS

FORMULAS = ("moving_average",)
FEATURES = ("points_avg_last_10",)


@pytest.fixture(autouse=True)
def a_row_is_enough(monkeypatch) -> None:
    """What a system is graded by, unless the test says otherwise."""
    monkeypatch.setitem(vars(WEIGHTS_ROWS), "value", 1)


def rows(*lines: tuple[object, ...]) -> pd.DataFrame:
    """Graded rows of moving_average, xgboost, line and points, all production ready."""
    names = ["moving_average", "xgboost", "points_line", "scored"]
    told = pd.DataFrame(lines, columns=names).astype("float64")
    return told.assign(ensemble=np.nan, xgboost_with_line=np.nan, is_production_ready=True)


def test_the_system_that_is_right_gets_nearly_all_of_the_weight() -> None:
    """Xgboost is off by nothing and moving_average by four; and the other way round."""
    right = rows((14, 10, None, 10), (26, 22, None, 22), (3, 7, None, 7))
    assert walk_forward.mixing_weights(right, FORMULAS)["xgboost"] == pytest.approx(1, abs=0.01)
    swapped = right.rename(columns={"xgboost": "moving_average", "moving_average": "xgboost"})
    assert walk_forward.mixing_weights(swapped, FORMULAS)["xgboost"] == pytest.approx(0, abs=0.01)


def test_systems_that_err_to_either_side_are_mixed_to_the_median() -> None:
    """One is two above and the other six below: three parts to one are off by nothing."""
    told = rows((12, 4, None, 10), (22, 14, None, 20), (32, 24, None, 30))
    weights = walk_forward.mixing_weights(told, FORMULAS)
    assert weights["moving_average"] == pytest.approx(0.75, abs=0.02)
    assert sum(weights.values()) == pytest.approx(1)


def test_a_system_that_was_hardly_graded_has_no_share(monkeypatch) -> None:
    """It lends its share to xgboost where it says nothing, and would have xgboost's when it speaks."""
    told = rows((12, 4, None, 10), (22, 14, None, 20), (32, 24, None, 30))
    told = told.assign(zone_matchup=[np.nan, np.nan, 30.0])
    monkeypatch.setitem(vars(WEIGHTS_ROWS), "value", 2)
    weights = walk_forward.mixing_weights(told, ("moving_average", "zone_matchup"))
    assert weights == walk_forward.mixing_weights(told, FORMULAS)
    assert set(weights) == {"moving_average", "xgboost"}


def test_the_pull_of_the_line_is_that_of_the_median() -> None:
    """Points are half below the line and a quarter of xgboost's way from it; one miss hardly moves it."""
    lines = [(None, 20 + way, 20.0, 19.5 + 0.25 * way) for way in (-4, -2, 0, 2, 4, 6, 8)]
    told = rows(*lines, (None, 20.0, 20.0, 60.0))
    intercept, slope = walk_forward.line_pull(told)
    assert (intercept, slope) == (pytest.approx(-0.5, abs=0.05), pytest.approx(0.25, abs=0.01))
    moved = walk_forward.beside_line(np.array([24.0, 24.0]), np.array([20.0, np.nan]), (-0.5, 0.25))
    assert moved[0] == pytest.approx(20.5)
    assert np.isnan(moved[1])


def record(graded: pd.DataFrame) -> dict[tuple[str, str, float], dict[str, object]]:
    """The record by system, side and band."""
    found = walk_forward.edge_record(graded, (*FORMULAS, "xgboost"))
    return {(line["system"], line["side"], line["edge_from"]): line for line in found}


def test_edges_are_counted_by_side_and_band(monkeypatch) -> None:
    """A push, the very line, a row without a line and one that is not ready count for nothing."""
    monkeypatch.setitem(vars(EDGE_RECORD_ROWS), "value", 2)
    told = rows(
        (20.0, 21.5, 20.5, 25),
        (None, 22.0, 20.5, 20),
        (None, 19.0, 20.5, 20),
        (None, 15.5, 20.5, 30),
        (None, 21.5, 20.0, 20),
        (None, 20.5, 20.5, 30),
        (None, 21.5, None, 30),
        (None, 21.5, 20.5, 30),
    )
    told.loc[7, "is_production_ready"] = False
    found = record(told)
    counts = {key: (line["graded"], line["wins"]) for key, line in found.items()}
    assert counts == {
        ("moving_average", "UNDER", 0.0): (1, 0),
        ("xgboost", "OVER", 1.0): (2, 1),
        ("xgboost", "UNDER", 1.0): (1, 1),
        ("xgboost", "UNDER", 5.0): (1, 0),
    }
    # Wilson's lower end of one in two; of one alone nothing is said.
    assert found["xgboost", "OVER", 1.0]["hit_rate_low"] == pytest.approx(0.0945, abs=1e-4)
    assert found["xgboost", "UNDER", 1.0]["hit_rate_low"] is None


def test_of_few_rows_nothing_is_learned(monkeypatch) -> None:
    """One row below the limit there are neither weights nor a pull; at it there are both."""
    told = rows((12, 14, 13, 15), (11, 9, 12, 8), (21, 24, 20, 30))
    monkeypatch.setitem(vars(WEIGHTS_ROWS), "value", 4)
    learned = walk_forward.learned(told, FORMULAS)
    assert (learned["weights"], learned["beside_line"]) == (None, None)
    monkeypatch.setitem(vars(WEIGHTS_ROWS), "value", 3)
    learned = walk_forward.learned(told, FORMULAS)
    assert set(json.loads(learned["weights"] or "")) == {"moving_average", "xgboost"}
    assert len(json.loads(learned["beside_line"] or "")) == 2
    nothing = walk_forward.graded(told.assign(month="2023-11"), {}, FEATURES, FORMULAS)
    assert walk_forward.learned(nothing, FORMULAS) == dict.fromkeys(walk_forward.LEARNED)


def model(**learned: str | None) -> dict[str, object]:
    """A month's model of one feature that says 10 or 20, off by one to either side."""
    known = pd.DataFrame({"points_avg_last_10": [10.0, 20.0] * 500, "scored": [10.0, 20.0] * 500})
    points = np.array([10.0, 20.0] * 100)
    band = spread.learned(points, points + np.tile([1, 1, -1, -1], 50))
    trees = boosting.train(known, FEATURES, 200)
    return {
        "booster": trees,
        "spread": band.text(),
        **dict.fromkeys(walk_forward.LEARNED),
        **learned,
    }


MONTH = pd.DataFrame(
    {
        "points_avg_last_10": [10.0, 20.0],
        "moving_average": [14.0, np.nan],
        "points_line": [np.nan, 21.5],
        "month": "2024-01",
        "scored": [11.0, 18.0],
        "is_production_ready": True,
    }
)


def test_a_month_predicts_with_what_was_learned_before_it() -> None:
    """0.25 * 14 + 0.75 * 10 = 11; who says nothing lends his share; 21.5 - 0.4 + 0.1 * -1.5."""
    weights = json.dumps({"moving_average": 0.25, "xgboost": 0.75})
    told = walk_forward.predicted(
        MONTH, model(weights=weights, beside_line="[-0.4, 0.1]"), FEATURES, FORMULAS
    )
    assert told.xgboost.tolist() == pytest.approx([10, 20], abs=0.05)
    assert told.ensemble.tolist() == pytest.approx([11, 20], abs=0.05)
    assert np.isnan(told.xgboost_with_line[0])
    assert told.xgboost_with_line[1] == pytest.approx(20.95, abs=0.05)
    without = walk_forward.predicted(MONTH, model(), FEATURES, FORMULAS)
    assert without[["ensemble", "xgboost_with_line"]].isna().all(axis=None)


def test_a_row_alone_is_predicted_as_among_others_to_the_bit() -> None:
    """A date with one player equals the same date in a backfill."""
    formulas = ("one", "two", "three", "four")
    random = np.random.default_rng(3)
    many = pd.DataFrame(random.uniform(0, 40, (200, 4)), columns=list(formulas))
    many = many.assign(points_avg_last_10=random.uniform(9, 21, 200), points_line=20.5)
    weights = json.dumps(
        dict(zip((*formulas, "xgboost"), (0.13, 0.31, 0.07, 0.29, 0.2), strict=True))
    )
    month = model(weights=weights, beside_line="[-0.4, 0.1]")
    together = walk_forward.predicted(many, month, FEATURES, formulas)
    alone = [
        walk_forward.predicted(many.iloc[[n]], month, FEATURES, formulas) for n in range(len(many))
    ]
    pd.testing.assert_frame_equal(pd.concat(alone), together, check_exact=True)


def test_a_row_is_graded_by_the_model_of_its_own_month() -> None:
    """December's model says nothing of January, nor does a month in which none serves."""
    december, january = date(2023, 12, 1), date(2024, 1, 1)
    for models in ({december: model()}, {january: {"booster": None}}):
        assert walk_forward.graded(MONTH, models, FEATURES, FORMULAS).empty
    told = walk_forward.graded(MONTH, {january: model()}, FEATURES, FORMULAS)
    assert told.scored.tolist() == [11.0, 18.0]
    assert told.xgboost.tolist() == pytest.approx([10, 20], abs=0.05)


def test_a_version_tells_what_was_learned_beside_the_trees() -> None:
    """Other weights are another ensemble; the trees are the same."""
    one, other = (
        {"model_version": "m", "weights": text, "beside_line": "[-0.4, 0.1]"}
        for text in ('{"xgboost": 1.0}', '{"xgboost": 0.9}')
    )
    assert walk_forward.version_of("xgboost", one) == "m"
    for system, is_same in (("ensemble", False), ("xgboost_with_line", True)):
        versions = {walk_forward.version_of(system, each) for each in (one, other)}
        assert all(version.startswith("m_") for version in versions)
        assert (len(versions) == 1) == is_same
