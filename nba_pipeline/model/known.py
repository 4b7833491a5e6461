"""Why a training row lacks a feature: every NULL has a cause, or is told.

A feature that good rows may lack names what it needs (`NEEDS`): a source that not every season has,
or a past that not every player has.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from nba_pipeline.model.recomputed import in_order
from nba_pipeline.model.training import Training
from nba_pipeline.thresholds import LEAGUE_COVERAGE

VERSION = 5
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

CAUSES = ("no source", "bootstrap", "gap", "not applicable", "unexplained")
"""What a feature is lacking for, in the order in which they are asked."""
_BOOTSTRAP = "bootstrap"
_GAMES = 10
"""How many games back what shots tell is known from."""
_LEAGUE_DAYS = 30
"""How far a league average looks back."""

Asked = tuple[pd.Series, pd.Series]
"""Per row: whether there is a source of it, and whether it could be known from that."""


def causes(training: Training) -> dict[str, pd.Series]:
    """Per feature that a row lacks, why each row lacks it, of CAUSES; NULL for the rows that have it."""
    rows = training.rows
    is_bootstrap = (rows.not_ready_reason == _BOOTSTRAP).to_numpy()
    everywhere = pd.Series(True, rows.index)
    asked: dict[str, Asked] = {}
    found = {}
    for name in training.features:
        is_known = rows[name].notna().to_numpy()
        if is_known.all():
            continue
        need = training.optional.get(name)
        if need and need not in asked:
            asked[need] = NEEDS[need](training)
        has_source, is_applicable = asked[need] if need else (everywhere, everywhere)
        is_lost = rows.lacks_shots if need in _OF_SHOTS else rows.has_lost_games
        reasons: Any = [is_known, ~has_source, is_bootstrap, is_lost, ~is_applicable]
        # By number, which takes a fraction of what as many texts take.
        codes: Any = np.select(reasons, [*np.arange(-1, len(CAUSES) - 1)], len(CAUSES) - 1)
        found[name] = pd.Series(pd.Categorical.from_codes(codes, pd.Index(CAUSES)), rows.index)
    return found


def shares(training: Training) -> dict[str, dict[str, dict[str, float]]]:
    """Per season and feature that rows of it lack, the share of the season's rows by cause."""
    season = training.rows.season.astype("category")
    told: dict[str, dict[str, dict[str, float]]] = {}
    for name, why in causes(training).items():
        parts = pd.get_dummies(why).groupby(season, observed=True).mean().round(4)
        for place, line in parts.iterrows():
            if of_cause := {str(cause): share for cause, share in line.items() if share > 0}:
                told.setdefault(str(place), {})[name] = of_cause
    return told


def _previous_season(training: Training) -> Asked:
    """The player has played in the season before, which is among those that are behind."""
    rows, played = training.rows, training.games[["player_id", "season"]].drop_duplicates()
    seasons = sorted(played.season.unique())
    previous = rows.season.map(dict(zip(seasons[1:], seasons, strict=False)))
    pairs = pd.MultiIndex.from_frame(played)
    own = pd.MultiIndex.from_arrays([rows.player_id, previous.fillna("")])
    return previous.notna(), pd.Series(own.isin(pairs), rows.index)


def _league(training: Training) -> Asked:
    """The league has played in the days that its averages look back on."""
    rows = training.rows
    days = np.unique(pd.to_datetime(training.games.game_date).to_numpy())
    today = pd.to_datetime(rows.game_date).to_numpy()
    place = np.searchsorted(days, today)
    last = days[np.maximum(place - 1, 0)]
    is_near = (place > 0) & (today - last <= np.timedelta64(_LEAGUE_DAYS, "D"))
    return pd.Series(True, rows.index), pd.Series(is_near, rows.index)


def _told_of_games(column: str) -> Callable[[Training], Asked]:
    """The season's games tell it at all."""

    def asked(training: Training) -> Asked:
        told = training.games.groupby("season")[column].count() > 0
        has_source = training.rows.season.map(told).fillna(False).astype(bool)
        return has_source, pd.Series(True, training.rows.index)

    return asked


def _league_shots(training: Training) -> Asked:
    """The season's games tell it at all, and so do enough of those that its averages look back on."""
    # By the sides of games, as the averages are of teams: a side that is lost was to tell it too.
    rows, labels = training.rows, ["season", "game_date", "game_id", "team_abbr"]
    own = training.games[[*labels, "paint_attempts"]]
    other = training.games[[*labels[:-1], "opponent_abbr"]].set_axis(labels, axis=1)
    sides = pd.concat([own, other.drop_duplicates()])
    told = sides.groupby(labels).paint_attempts.count().gt(0).reset_index(name="is_told")
    codes = {season: code for code, season in enumerate(told.season.unique(), 1)}
    days = in_order(told.season.map(codes).to_numpy(), told.game_date)
    today = in_order(rows.season.map(codes).fillna(0).to_numpy(), rows.game_date)
    sums = np.r_[0, np.cumsum(told.is_told)]
    first, end = np.searchsorted(days, today - _LEAGUE_DAYS), np.searchsorted(days, today)
    is_enough = sums[end] - sums[first] >= LEAGUE_COVERAGE.value * (end - first)
    has_source, _everywhere = _told_of_games("paint_attempts")(training)
    return has_source, pd.Series(is_enough & (end > first), rows.index)


def _assists(training: Training) -> Asked:
    """The season's games tell who assisted, and so do all of the player's last that tell his shots."""
    has_source, _everywhere = _told_of_games("assisted_makes")(training)
    own = ["player_id", "season"]
    games = training.games[[*own, "game_date", "paint_attempts", "assisted_makes"]]
    games = games.assign(day=_moments(games.game_date)).sort_values("day", ignore_index=True)
    untold = games.paint_attempts.notna() & games.assisted_makes.isna()
    games = games.assign(untold=untold.astype("int64"))
    lately = games.groupby(own).untold.rolling(_GAMES, min_periods=1).sum()
    games = games[[*own, "day"]].assign(untold=lately.reset_index(level=own, drop=True))
    rows = training.rows[own].assign(
        day=_moments(training.rows.game_date), place=range(len(has_source))
    )
    found = pd.merge_asof(
        rows.sort_values("day"), games, on="day", by=own, allow_exact_matches=False
    ).sort_values("place")
    return has_source, pd.Series((found.untold.fillna(0) == 0).to_numpy(), training.rows.index)


def _moments(days: pd.Series) -> pd.Series:
    return pd.to_datetime(days).astype("datetime64[ns]")


def _availability(training: Training) -> Asked:
    """A report tells of the team, or the season's transactions have begun."""
    rows = training.rows
    first = rows.season.map(training.transactions.groupby("season").event_date.min())
    has_begun = pd.to_datetime(first) < pd.to_datetime(rows.game_date)
    return rows.is_reported | has_begun, pd.Series(True, rows.index)


def _report(training: Training) -> Asked:
    """A report tells of the team, and more of him than that he is hurt; transactions tell who is out."""
    return training.rows.is_reported, ~training.rows.is_day_to_day


NEEDS: Mapping[str, Callable[[Training], Asked]] = {
    "previous_season": _previous_season,
    "league": _league,
    "shots": _told_of_games("paint_attempts"),
    "league_shots": _league_shots,
    "assists": _assists,
    "availability": _availability,
    "report": _report,
}
"""What a feature may need beside the games, by the name under which it says so."""
_OF_SHOTS = ("shots", "league_shots", "assists")
