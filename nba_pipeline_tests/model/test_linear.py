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


def test_a_value_far_beyond_those_seen_counts_as_four_deviations() -> None:
    """What does not vary has no part, and of a feature that nothing goes with the mean is expected."""
    found = linear.learned(rows(), FEATURES)
    assert found.features == ["points_avg_last_10"]
    mean, deviation = rows().points_avg_last_10.mean(), rows().points_avg_last_10.std(ddof=0)
    assert (found.means[0], found.deviations[0]) == pytest.approx((mean, deviation))
    far = [mean + 4 * deviation, 500.0, mean - 4 * deviation, -900.0, np.nan]
    last, beyond, first, below, unknown = found.predict(pd.DataFrame({"points_avg_last_10": far}))
    assert (last, first) == pytest.approx((beyond, below), abs=1e-4)
    assert last - first == pytest.approx(8 * found.slopes[0])
    assert unknown == found.base == pytest.approx(10.5, abs=0.1)


def two_averages(count: int = 4000) -> pd.DataFrame:
    """Points by the mean of two averages that go together, and something that goes with neither."""
    random = np.random.default_rng(11)
    level = random.uniform(0, 30, count)
    last, season = level + random.normal(0, 2, count), level + random.normal(0, 2, count)
    told = {
        "points_avg_last_10": last,
        "points_avg_season": season,
        "luck": random.normal(0, 1, count),
    }
    return pd.DataFrame(told).assign(scored=(last + season) / 2)


def test_unknown_counts_as_what_the_known_ones_let_expect() -> None:
    """In rows without a season's average the other one speaks for both, though none was learned from."""
    names = ("points_avg_last_10", "points_avg_season", "luck")
    found = linear.learned(two_averages(), names)
    asked = pd.DataFrame({"points_avg_last_10": [25.0], "points_avg_season": [25.0], "luck": 0.0})
    both = found.predict(asked)[0]
    alone = found.predict(asked.assign(points_avg_season=np.nan))[0]
    assert both == pytest.approx(25, abs=0.6)
    assert alone == pytest.approx(25, abs=1.0)
    parts = found.parts(asked.assign(points_avg_season=np.nan)).iloc[0]
    assert parts.points_avg_season == 0
    assert found.base + parts.sum() == pytest.approx(alone)
    nothing = found.predict(asked.assign(points_avg_last_10=np.nan, points_avg_season=np.nan))[0]
    assert nothing == pytest.approx(found.base, abs=0.1)


def test_what_a_few_rows_tell_moves_nobody_else() -> None:
    """A feature that three rows of 4,000 have otherwise than the rest is drawn to nothing."""
    usual = two_averages().assign(injury_risk=0.0)
    names = ("points_avg_last_10", "points_avg_season", "injury_risk")
    strange = usual.copy()
    strange.loc[:2, ["injury_risk", "scored"]] = 1.0, 60.0
    asked = usual[100:200]
    moved = linear.learned(strange, names).predict(asked.assign(injury_risk=1.0))
    assert np.abs(moved - linear.learned(usual, names).predict(asked)).max() < 0.5
    assert np.abs(linear.learned(strange, names).predict(asked) - asked.scored).max() < 1


def test_a_row_alone_is_predicted_as_among_others_to_the_bit() -> None:
    """Whatever is known of it, and however the frame lies in memory."""
    many = two_averages(300)
    many.loc[::3, "points_avg_season"] = np.nan
    many.loc[::7, "luck"] = np.nan
    names = ("points_avg_last_10", "points_avg_season", "luck")
    found = linear.learned(many, names)
    together = found.predict(many)
    alone = [found.predict(many.iloc[[place]])[0] for place in range(len(many))]
    rows_first = pd.DataFrame(np.ascontiguousarray(many.to_numpy()), columns=many.columns)
    assert together.tolist() == alone == found.predict(rows_first).tolist()


def test_what_was_learned_is_read_back_from_its_text() -> None:
    """And of nothing nothing is told."""
    found = linear.learned(two_averages(), ("points_avg_last_10", "points_avg_season"))
    assert linear.read(found.text()) == found
    assert "\n" not in found.text()
    assert linear.NOTHING.predict(rows()).tolist() == [0.0] * 401


def test_code_that_knows_of_no_regression_cannot_read_the_trees() -> None:
    """What they tell alone is nobody's points."""
    import xgboost as xgb  # noqa: PLC0415  slow to import

    booster = boosting.train(two_averages(), ("points_avg_last_10", "points_avg_season"), 3)
    with pytest.raises(xgb.core.XGBoostError):
        xgb.Booster(model_file=bytearray(booster))


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
