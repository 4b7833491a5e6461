"""The linear regression for a median, beside values by hand and the search for the best slope."""

import numpy as np
import pandas as pd
import pytest

from nba_pipeline.model import boosting, linear

FEATURES = ("points_avg_last_10", "luck")


def test_the_median_and_not_the_mean_is_met() -> None:
    """Of ten rows alike nine score 10 and one 60: the median is 10, and the mean 15."""
    known = np.ones((10, 1))
    target = np.array([10.0] * 9 + [60.0])
    assert linear.coefficients(known, target, steps=50)[0] == pytest.approx(10, abs=0.05)
    assert linear.coefficients(known, target, steps=1)[0] == pytest.approx(15)


def test_no_other_line_has_a_smaller_absolute_error() -> None:
    """Beside a grid of lines around the one that is found."""
    random = np.random.default_rng(5)
    x = random.uniform(0, 30, 400)
    y = 2 + 0.8 * x + random.exponential(5, 400)
    known = np.column_stack([np.ones(400), x])
    base, slope = linear.coefficients(known, y, steps=200)

    def error(a: float, b: float) -> float:
        return float(np.abs(y - a - b * x).mean())

    others = [error(a, b) for a in np.arange(2, 9, 0.1) for b in np.arange(0.5, 1.1, 0.01)]
    assert error(base, slope) <= min(others) + 0.01


def test_the_penalty_shares_the_slope_between_equal_features() -> None:
    """Two columns alike have half of the slope of one; the base is not drawn in."""
    x = np.linspace(-1, 1, 201)
    known = np.column_stack([np.ones(201), x, x])
    base, one, other = linear.coefficients(known, 10 + 4 * x, steps=1, penalty=1e-6)
    assert (base, one, other) == pytest.approx((10, 2, 2), abs=1e-3)
    drawn = linear.coefficients(known, 10 + 4 * x, steps=1, penalty=1.0)
    assert drawn[0] == pytest.approx(10)
    assert drawn[1] == drawn[2] < 1


def rows() -> pd.DataFrame:
    """Points that are the average and a half, for averages of 0 to 20; one is unknown."""
    averages = np.linspace(0, 20, 401)
    told = pd.DataFrame({"points_avg_last_10": averages, "luck": 7.0, "scored": averages + 0.5})
    told.loc[400, "points_avg_last_10"] = np.nan
    return told


def test_unknown_is_the_middle_and_beyond_what_was_seen_is_the_outermost() -> None:
    """What does not vary has no part."""
    found = linear.learned(rows(), FEATURES)
    assert set(found.per_feature) == {"points_avg_last_10"}
    slope, middle, least, greatest = found.per_feature["points_avg_last_10"]
    assert (least, middle) == (0, pytest.approx(rows().points_avg_last_10.mean()))
    asked = pd.DataFrame({"points_avg_last_10": [np.nan, greatest, 500.0, -3.0, least]})
    unknown, last, beyond, below, first = found.predict(asked)
    assert unknown == found.base == pytest.approx(10.5, abs=0.1)
    assert (last, first) == (beyond, below)
    assert last - first == pytest.approx(slope * (greatest - least))


def test_what_was_learned_is_read_back_from_its_text() -> None:
    """And of nothing nothing is told."""
    found = linear.learned(rows(), FEATURES)
    assert linear.read(found.text()) == found
    assert linear.read(None).predict(rows()).tolist() == [0.0] * 401


def test_a_booster_from_before_the_regression_predicts_as_it_did() -> None:
    """Its trees begin at a base of their own, and no regression goes with them."""
    import xgboost as xgb  # noqa: PLC0415  slow to import

    known = rows()
    data = xgb.QuantileDMatrix(known[[*FEATURES]].astype("float32"), known.scored, nthread=1)
    trees = xgb.train({"objective": "reg:absoluteerror", "nthread": 1}, data, 20)
    expected = trees.inplace_predict(known[[*FEATURES]].astype("float32"))
    said = boosting.predict(bytes(trees.save_raw("ubj")), known, FEATURES)
    assert said == pytest.approx(expected, abs=1e-5)
    assert abs(said - known.scored).mean() < 1


def test_trees_learn_what_the_regression_leaves() -> None:
    """Points that jump at an average of 10: a line is off by more than a point, both together are not."""
    known = rows().fillna(20).assign(scored=lambda r: r.points_avg_last_10 + 6 * (r.luck > 7))
    many = pd.concat([known, known.assign(luck=8.0, scored=known.scored + 6)] * 3)
    bent = many.assign(scored=many.scored + 6 * (many.points_avg_last_10 > 10))
    alone = np.abs(linear.learned(bent, FEATURES).predict(bent) - bent.scored).mean()
    together = np.abs(boosting.predict(boosting.train(bent, FEATURES, 150), bent, FEATURES))
    assert alone > 1
    assert np.abs(together - bent.scored).mean() < 0.5 * alone
