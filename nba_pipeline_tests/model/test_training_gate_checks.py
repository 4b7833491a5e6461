"""Every check is asked by the gate: rows that break one alone are refused, and by its name alone."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from nba_pipeline.model import training_gate
from nba_pipeline.model.training import Training
from nba_pipeline_tests.model import test_absences
from nba_pipeline_tests.model.rows_to_train_on import games, training

SPOILED = "2021-22"
GAP = "nbac_team_boxscore:2021-11-02:0022100007:LAL"
OTHER = "opponent_def_rating"
"""A feature of which nothing is computed again without the teams' games."""
Spoil = Callable[[Training], Training]


@pytest.fixture(scope="module")
def clean() -> Training:
    """Thirty players' sixty games in two seasons, of which nothing is wrong."""
    return training(games())


def changed(clean: Training, **columns: object) -> Training:
    """The training with other values in some columns of its rows."""
    return replace(clean, rows=clean.rows.assign(**columns))


def with_feature(clean: Training, values: object) -> Training:
    """The training with one more feature."""
    added = changed(clean, **{OTHER: values})
    return replace(added, features=(*clean.features, OTHER))


def of_season(clean: Training, one_in: int) -> pd.Series:
    """Which rows are of the spoiled season and of every so-many-th player."""
    return (clean.rows.season == SPOILED) & (clean.rows.player_id % one_in == 0)


def without(clean: Training, is_lost: pd.Series) -> Training:
    """The training without some of its rows."""
    return replace(clean, rows=clean.rows[~is_lost].reset_index(drop=True))


def of_the_month(clean: Training) -> Training:
    """The model is for February, and its first night is among the rows."""
    february = date(2023, 2, 1)
    kept = without(clean, clean.rows.game_date > february)
    assert kept.rows.game_date.max() == february
    return replace(kept, month=february)


def repeated(clean: Training) -> Training:
    """One row is there twice, beside itself."""
    places = sorted([*range(len(clean.rows)), 700])
    return replace(clean, rows=clean.rows.iloc[places].reset_index(drop=True))


def of_another_game(clean: Training) -> Training:
    """One row has a point more than the player scored."""
    return changed(
        clean, scored=clean.rows.scored.where(clean.rows.index != 7, lambda own: own + 1)
    )


def few(clean: Training) -> Training:
    """A fifth of the players have no rows: 2,880 are left of 3,600."""
    return without(clean, clean.rows.player_id % 5 == 0)


def lost_in_a_join(clean: Training) -> Training:
    """A fifth of the players have no rows of one season."""
    return without(clean, of_season(clean, 5))


def incomplete(clean: Training) -> Training:
    """Every tenth player's rows of a season past its bootstrap are not ready."""
    is_thin = of_season(clean, 10) & clean.rows.is_production_ready
    return changed(
        clean,
        is_production_ready=clean.rows.is_production_ready & ~is_thin,
        not_ready_reason=clean.rows.not_ready_reason.mask(is_thin, "incomplete_box"),
    )


def unknown_behind_gaps(clean: Training) -> Training:
    """Every tenth player's usage of a season is unknown, in ready rows that name a gap."""
    is_lost = of_season(clean, 10)
    return changed(
        clean,
        usage_rate_last_10=clean.rows.usage_rate_last_10.mask(is_lost),
        gap_ids=[[GAP] if each else [] for each in is_lost],
        has_lost_games=is_lost,
    )


def defaulted(clean: Training) -> Training:
    """Two thirds of a season have the league's mean instead of a measure."""
    measure = 100 + np.random.default_rng(7).normal(0, 5, len(clean.rows))
    is_default = (clean.rows.season == SPOILED) & (clean.rows.player_id % 3 > 0)
    return with_feature(clean, np.where(is_default, 112.0, measure))


def seen(clean: Training) -> Training:
    """A feature is twice the points of the very game."""
    return with_feature(clean, 2.0 * clean.rows.scored)


def unlike_the_past(clean: Training) -> Training:
    """The games' own points are those of anybody: they follow from no past."""
    played = clean.games
    points = np.random.default_rng(5).permutation(played.points)
    return training(played.assign(points=points))


def knowing_formula(clean: Training) -> Training:
    """A formula lies a tenth of the way from the averages to the points."""
    averages = (clean.rows.points_avg_season + clean.rows.points_weighted_carried_30) / 2
    said = averages + (clean.rows.scored - averages) / 10
    return replace(changed(clean, similarity=said), formulas=("similarity",))


def one_game_ahead(clean: Training) -> Training:
    """Each row has the mean of its next one."""
    own = clean.rows.groupby(["player_id", "season"]).points_avg_last_10
    return changed(clean, points_avg_last_10=own.shift(-1).fillna(clean.rows.points_avg_last_10))


def out_on_the_day(clean: Training) -> Training:
    """Who went out on the day of a game is among those out of it."""
    return replace(
        clean,
        games=pd.concat([clean.games, test_absences.games()]),
        universe=test_absences.HINDSIGHT,
        transactions=test_absences.OUT_ON_SECOND,
    )


def out_of_order(clean: Training) -> Training:
    """The first row stands last."""
    places = [*range(1, len(clean.rows)), 0]
    return replace(clean, rows=clean.rows.iloc[places].reset_index(drop=True))


BREAKS: Mapping[str, Spoil] = {
    "past_only": of_the_month,
    "unique": repeated,
    "target": of_another_game,
    "volume": few,
    "funnel": lost_in_a_join,
    "readiness": incomplete,
    "feature_coverage": unknown_behind_gaps,
    "constant": defaulted,
    "copied_target": seen,
    "shuffled_target": unlike_the_past,
    "formulas": knowing_formula,
    "as_of": one_game_ahead,
    "same_day": out_on_the_day,
    "split": out_of_order,
}
"""Per check, what is wrong with rows that it alone refuses."""
LIMITS = {
    "volume": (training_gate.TRAINING_CLEAN_ROWS, 3000),
    "funnel": (training_gate.TRAINING_MINIMUM_GAMES, 50),
}
"""What a check needs that is asked for of three whole seasons alone."""


def test_every_check_has_rows_that_break_it() -> None:
    """A check that the gate does not ask, or that nobody has seen refuse, is none."""
    assert list(BREAKS) == list(training_gate.CHECKS)


@pytest.mark.parametrize("check", BREAKS)
def test_rows_that_break_one_check_are_refused_by_its_name_alone(check, clean, monkeypatch) -> None:
    """Under the same limits the clean rows are not."""
    if check in LIMITS:
        threshold, value = LIMITS[check]
        monkeypatch.setitem(vars(threshold), "value", value)
        assert training_gate.failures(clean) == []
    told = training_gate.failures(BREAKS[check](clean))
    assert {text.split(":")[0] for text in told} == {check}


def test_rows_are_counted_beside_the_games_that_should_have_given_them(clean, monkeypatch) -> None:
    """2,880 of 3,600; what is not ready for a lost game is not clean, and a bootstrap is.

    Nine tenths of 3,600 games cannot give more than 3,240 rows, and then none are asked.
    """
    limit = training_gate.TRAINING_CLEAN_ROWS
    monkeypatch.setitem(vars(limit), "value", 3000)
    (told,) = training_gate.volume(few(clean))
    assert told == f"2880 clean rows from 3600 player-games, the least is 3000: {limit.reason}"
    # Five of sixty games are the bootstrap; three of thirty players are not ready past it.
    assert training_gate.clean_rows(clean.rows) == 3600
    assert training_gate.clean_rows(incomplete(clean).rows) == 3600 - 3 * 55
    monkeypatch.setitem(vars(limit), "value", 2880)
    assert training_gate.volume(few(clean)) == []
    monkeypatch.setitem(vars(limit), "value", 3241)
    assert training_gate.volume(few(clean)) == []
