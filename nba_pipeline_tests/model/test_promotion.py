"""A month's model serves only if it is better than naive, believable, and no worse than what serves."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from nba_pipeline.model import boosting, promotion
from nba_pipeline.model.features import fingerprint_of
from nba_pipeline.model.promotion import Candidate
from nba_pipeline.thresholds import TRAINING_WORSE_POINTS

FEATURES = ("points_avg_last_10", "points_avg_season", "luck")


def rows(count: int = 6000) -> pd.DataFrame:
    """Players of known means: their points, and noisy averages of ten games and of the season."""
    random = np.random.default_rng(4)
    level = random.uniform(5, 25, count)
    days = pd.date_range("2022-11-01", periods=150).date
    return pd.DataFrame(
        {
            "game_date": np.sort(random.choice(days, count)),
            "points_avg_last_10": level + random.normal(0, 3, count),
            "points_avg_season": level + random.normal(0, 3, count),
            "points_weighted_carried_30": level + random.normal(0, 3, count),
            "luck": random.normal(0, 1, count),
            "points_line": np.nan,
            "scored": np.clip(level + random.normal(0, 5, count), 0, None).round(),
        }
    )


@pytest.fixture(scope="module")
def found() -> Candidate:
    """The candidate of those rows."""
    return promotion.candidate(rows(), FEATURES)


def test_a_candidate_is_judged_on_rows_that_it_has_not_seen(found) -> None:
    """Two noisy averages together are better than each, and the band holds four fifths."""
    places = found.slices_said
    assert [places[name]["rows"] for name in ("fit", "judge")] == [
        pytest.approx(4560, abs=60),
        pytest.approx(480, abs=60),
    ]
    assert len(found.judge) == places["judge"]["rows"]
    assert str(found.judge.game_date.min()) == places["judge"]["first"]
    error = np.abs(found.judge.predicted - found.judge.scored)
    assert found.figures["mae"] == pytest.approx(error.mean())
    naive = np.abs(found.judge.points_avg_last_10 - found.judge.scored).mean()
    assert found.figures["mae_last_10"] == pytest.approx(naive)
    assert found.figures["mae"] < naive
    assert 0.74 < found.figures["band"] < 0.86
    assert promotion.refusals(found, FEATURES, None) == []


def test_the_same_rows_give_the_same_booster_to_the_bit(found) -> None:
    """Sums are added in one order."""
    fingerprint = fingerprint_of(rows(), ["game_date"], FEATURES)
    assert fingerprint_of(rows(), ["game_date"], FEATURES) == fingerprint
    other = rows().assign(luck=rows().luck.mask(rows().index == 17, 0.5))
    assert fingerprint_of(other, ["game_date"], FEATURES) != fingerprint
    again = promotion.candidate(rows(), FEATURES)
    assert (again.booster, again.spread, again.rounds) == (
        found.booster,
        found.spread,
        found.rounds,
    )


def test_a_model_that_is_no_better_than_the_last_ten_does_not_serve(found) -> None:
    """Equal is not better."""
    figures = found.figures | {"mae_history": found.figures["mae_last_10"]}
    (told,) = promotion.refusals(replace(found, figures=figures), FEATURES, None)
    assert told.startswith("promotion: MAE ")
    assert "not below the last-10 mean's" in told


def test_rows_that_no_baseline_speaks_of_judge_nobody(found) -> None:
    """Of a season's first nights, which may end a month, there is no past of the season."""
    names = [name for name in found.figures if name.startswith("mae_")]
    figures = found.figures | dict.fromkeys(names, float("nan"))
    assert promotion.refusals(replace(found, figures=figures), FEATURES, None) == []


def test_a_few_nights_refuse_nobody(found) -> None:
    """A model that is behind the last-10 mean on seven nights does not serve; on six that is chance."""
    behind = found.figures | {"mae_history": 1.01 * found.figures["mae_last_10"]}
    nights = sorted(found.judge.game_date.unique())
    for count, refused in ((7, 1), (6, 0)):
        judge = found.judge[found.judge.game_date.isin(nights[-count:])]
        told = promotion.refusals(replace(found, figures=behind, judge=judge), FEATURES, None)
        assert len(told) == refused
        # A night of which the averages are not known counts for none.
        first = judge.game_date == nights[-count]
        unknown = judge.assign(points_avg_season=judge.points_avg_season.mask(first))
        told = promotion.refusals(replace(found, figures=behind, judge=unknown), FEATURES, None)
        assert told == []


def test_a_model_too_good_to_be_true_does_not_serve(found) -> None:
    """At 89% of the best baseline's error it has seen what it predicts; at 90% it may not have."""
    judge = found.judge
    blended = (judge.points_avg_season + judge.points_weighted_carried_30) / 2
    naive = np.abs(blended - judge.scored).mean()
    assert naive < min(found.figures[f"mae_{name}"] for name in ("last_10", "season", "carried"))
    (told,) = promotion.refusals(
        replace(found, figures=found.figures | {"mae_history": 0.89 * naive}), FEATURES, None
    )
    assert told.startswith("plausibility: ")
    assert "89.0% of the best baseline's" in told
    believable = found.figures | {"mae_history": 0.9001 * naive}
    assert promotion.refusals(replace(found, figures=believable), FEATURES, None) == []
    # A mean of one game is no measure where another is far better.
    october = believable | {"mae_last_10": 2 * naive}
    assert promotion.refusals(replace(found, figures=october), FEATURES, None) == []


def test_a_model_that_is_worse_than_the_serving_one_does_not_serve(found) -> None:
    """Its own predictions are moved off by three points; itself, unmoved, is no worse than itself."""
    seen = date(2022, 11, 1)
    whole = rows()
    serving = boosting.train(whole[whole.game_date < found.judge.game_date.min()], FEATURES, 60)
    assert promotion.refusals(found, FEATURES, (serving, seen)) == []
    off = replace(found, judge=found.judge.assign(predicted=found.judge.predicted + 3))
    (told,) = promotion.refusals(off, FEATURES, (serving, seen))
    assert "where the serving model has" in told
    # Of what the serving model has seen nothing is asked.
    later = found.judge.game_date.max()
    assert promotion.refusals(off, FEATURES, (serving, later)) == []


def test_nights_and_not_rows_tell_what_chance_does() -> None:
    """Two nights, +1 twice and -1 twice: sums of 2 and -2, so sqrt(2 * (4 + 4)) / 4 = 1, not 0.58."""
    values, dates = pd.Series([1.0, 1.0, -1.0, -1.0]), pd.Series([1, 1, 2, 2])
    assert promotion._standard_error(values, dates) == pytest.approx(1)


def test_a_little_behind_by_chance_is_let_to_serve(found) -> None:
    """Noise of half a point is not worse; half a point on every row is."""
    seen, judge = date(2022, 11, 1), found.judge
    serving = boosting.train(rows()[rows().game_date < judge.game_date.min()], FEATURES, 60)
    noise = np.random.default_rng(2).choice([-0.5, 0.5], len(judge))
    shaken = replace(found, judge=judge.assign(predicted=judge.predicted + noise))
    assert promotion.refusals(shaken, FEATURES, (serving, seen)) == []
    behind = np.sign(judge.predicted - judge.scored) * 0.5
    worse = replace(found, judge=judge.assign(predicted=judge.predicted + behind))
    assert len(promotion.refusals(worse, FEATURES, (serving, seen))) == 1


def test_a_hundredth_of_a_point_is_not_worse(found) -> None:
    """Behind on every row by 0.005 points, which is no chance, and still nothing; by 0.02 it is worse."""
    seen, judge = date(2022, 11, 1), found.judge
    serving = boosting.train(rows()[rows().game_date < judge.game_date.min()], FEATURES, 60)
    says = boosting.predict(serving, judge, FEATURES)
    for behind, refused in ((0.005, 0), (0.02, 1)):
        moved = judge.assign(predicted=says + np.sign(says - judge.scored) * behind)
        told = promotion.refusals(replace(found, judge=moved), FEATURES, (serving, seen))
        assert len(told) == refused
        assert all(TRAINING_WORSE_POINTS.reason in text for text in told)


def test_a_partial_effect_is_the_mean_with_all_rows_alike(found) -> None:
    """It rises with the average, and each point is that of rows changed by hand."""
    effects = boosting.partial_effects(found.booster, rows(), FEATURES, ["points_avg_last_10"])
    points = effects["points_avg_last_10"]
    assert len(points) == 10
    assert points[-1][1] > points[0][1] + 3
    value, mean = points[4]
    some = rows().iloc[::12].assign(points_avg_last_10=value)
    own = boosting.predict(found.booster, some, FEATURES).mean()
    assert mean == pytest.approx(own, abs=1e-3)


def test_contributions_sum_to_the_prediction_and_their_shares_to_one(found) -> None:
    """The regression and TreeSHAP tell what each feature adds; luck adds next to nothing."""
    some = rows()[:50]
    told = boosting.contributions(found.booster, some, FEATURES)
    whole = boosting.predict(found.booster, some, FEATURES)
    assert told.sum(axis=1).to_numpy() == pytest.approx(whole, abs=1e-3)
    shares = boosting.importance(found.booster, some, FEATURES)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
    assert list(shares)[-1] == "luck"
