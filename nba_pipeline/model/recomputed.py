"""Windowed features computed again from a player's own games, for a sample of training rows.

The second route to what the gate takes on trust otherwise: plain arrays, one step back per game.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nba_pipeline.thresholds import RECOMPUTED_TOLERANCE, SAMPLED_ONE_IN, WINDOW_PRESENT_SHARE

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_SEASON = 120
_LABELS = ["player_id", "game_date", "season"]


@dataclass(frozen=True)
class Again:
    """A mean of a column over the last games; of two columns, the ratio of their sums."""

    column: str
    games: int
    below: str | None = None
    is_weighted: bool = False
    is_carried: bool = False


def _carried(column: str, games: int, below: str | None = None) -> Again:
    return Again(column, games, below, is_weighted=below is None, is_carried=True)


WINDOWED: Mapping[str, Again] = {
    "points_avg_last_1": Again("points", 1),
    "points_avg_last_5": Again("points", 5),
    "points_avg_last_10": Again("points", 10),
    "points_avg_season": Again("points", _SEASON),
    "minutes_avg_last_1": Again("minutes", 1),
    "minutes_avg_last_2": Again("minutes", 2),
    "minutes_avg_last_5": Again("minutes", 5),
    "minutes_avg_last_10": Again("minutes", 10),
    "minutes_avg_season": Again("minutes", _SEASON),
    "usage_rate_last_10": Again("usage_rate", 10),
    "usage_rate_season": Again("usage_rate", _SEASON),
    "ts_pct_last_10": Again("points", 10, "shots"),
    "pct_free_throw": Again("ftm", 10, "points"),
    "points_weighted_carried_10": _carried("points", 10),
    "minutes_weighted_carried_10": _carried("minutes", 10),
    "points_weighted_carried_30": _carried("points", 30),
    "minutes_weighted_carried_30": _carried("minutes", 30),
    "fga_weighted_carried_30": _carried("fga", 30),
    "fta_weighted_carried_30": _carried("fta", 30),
    "usage_rate_weighted_carried_30": _carried("usage_rate", 30),
    "fga_per_minute_carried_20": _carried("fga", 20, "minutes"),
    "points_per_minute_carried_60": _carried("points", 60, "minutes"),
}
"""The features that are windows over a player's own games, and what they are windows of."""


def unlike(rows: pd.DataFrame, games: pd.DataFrame) -> dict[str, str]:
    """Per feature, what of the sampled rows is not what the games strictly before them come to.

    Args:
        rows: training rows with the labels, gap_ids and the features.
        games: the players' games with the labels, game_id and every column of WINDOWED. Carried
            windows are asked for of the rows that have a season behind them here.
    """
    past = games.sort_values(["player_id", "game_date", "game_id"], ignore_index=True)
    days = pd.to_datetime(rows.game_date)
    mark = rows.player_id * 31 + days.dt.dayofyear * 17
    some = rows[(mark % int(SAMPLED_ONE_IN.value) == 0) & (rows.gap_ids.map(len) == 0)]
    if some.empty or past.empty:
        return {}
    ends, own, before = _places(some, past)
    has_season_behind = (some.season > past.season.min()).to_numpy()
    found = {}
    for name in (name for name in WINDOWED if name in rows.columns):
        window = WINDOWED[name]
        wanted = has_season_behind if window.is_carried else np.full(len(some), True)
        again = _again(window, past, ends, before if window.is_carried else own)
        stored = some[name].to_numpy("float64")
        differs = ~(np.isnan(stored) & np.isnan(again))
        with np.errstate(invalid="ignore"):
            differs &= ~(np.abs(stored - again) <= RECOMPUTED_TOLERANCE.value)
        if (differs & wanted).any():
            place = int(np.flatnonzero(differs & wanted)[0])
            row = some.iloc[place]
            found[name] = (
                f"{int((differs & wanted).sum())} of {int(wanted.sum())} sampled rows, as "
                f"{stored[place]:.3f} of player {row.player_id} on {row.game_date} instead of "
                f"{again[place]:.3f}"
            )
    return found


def _places(some: pd.DataFrame, past: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per row: the place after its last game before it, the first of its season, of the one before."""
    day = np.datetime64("2000-01-01")

    def order(players: pd.Series, days: pd.Series) -> np.ndarray:
        since = (pd.to_datetime(days).to_numpy() - day).astype("timedelta64[D]").astype("int64")
        return players.to_numpy("int64") * 100_000 + since

    every = order(past.player_id, past.game_date)
    ends = np.searchsorted(every, order(some.player_id, some.game_date))
    # A season's games are all between two summers.
    first = pd.to_datetime(past.groupby("season").game_date.min())
    names = sorted(first.index)
    starts = some.season.map(first)
    previous = dict(zip(names[1:], names, strict=False))
    earlier = some.season.map(previous).map(first).fillna(starts)
    own = np.searchsorted(every, order(some.player_id, starts))
    before = np.searchsorted(every, order(some.player_id, earlier))
    return ends, own, before


def _again(window: Again, past: pd.DataFrame, ends: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The window's value per row, from the games at starts to ends."""
    top = past[window.column].to_numpy("float64")
    below = past[window.below].to_numpy("float64") if window.below else np.ones(len(top))
    sums, weights, behind, known = (np.zeros(len(ends)) for _ in range(4))
    for back in range(window.games):
        place = ends - 1 - back
        is_there = place >= starts
        behind += is_there
        at = np.where(is_there, place, 0)
        is_there &= ~(np.isnan(top[at]) | np.isnan(below[at]))
        known += is_there
        weight = window.games - back if window.is_weighted else 1
        sums += np.where(is_there, weight * top[at], 0)
        weights += np.where(is_there, weight * below[at], 0)
    is_known = (weights > 0) & (known >= WINDOW_PRESENT_SHARE.value * behind)
    return np.where(is_known, sums / np.where(weights > 0, weights, 1), np.nan)
