"""Who was out by the transactions strictly before a game, computed again for a sample of games.

Transactions have no time of day: those of the game's own date are partly told after it. A feature
that has them has seen who did not play.
"""

from typing import Literal

import numpy as np
import pandas as pd

from nba_pipeline.model.recomputed import DAYS_APART, Again, behind, computed_again, in_order
from nba_pipeline.thresholds import RECOMPUTED_TOLERANCE, SAMPLED_ONE_IN

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_USAGE, _MINUTES = Again("usage_rate", 120), Again("minutes", 120)
_GAME_MINUTES = 48
_RISK_OF_OUT = 3
_SIDE = ["game_id", "team_abbr"]
_ROW = ["game_id", "player_id"]


def unlike(
    universe: pd.DataFrame, games: pd.DataFrame, transactions: pd.DataFrame
) -> dict[str, str]:
    """Per feature, what of the sampled games is not what the transactions before them come to.

    Asked for of players who have played this season, in games of which no report tells, once the
    season has transactions.

    Args:
        universe: everybody who may play, with game_id, player_id, team_abbr, game_date, season,
            has_lost_games, is_reported (whether a team's report tells who is out), and the features.
        games: every player-game with player_id, game_date, game_id, season, usage_rate and minutes.
        transactions: player_id, event_date, season, and event, out or back.
    """
    if universe.empty or transactions.empty or games.empty:
        return {}
    begun = universe.season.map(transactions.groupby("season").event_date.min())
    number = universe.game_id.astype("int64")
    is_asked = (number % int(SAMPLED_ONE_IN.value) == 0) & ~universe.is_reported
    some = universe[is_asked & (pd.to_datetime(begun) < pd.to_datetime(universe.game_date))]
    if some.empty:
        return {}
    before = _said(some, games, transactions, "left")
    with_day = _said(some, games, transactions, "right")
    is_whole = (~some.has_lost_games).groupby([some[name] for name in _SIDE]).transform("all")
    found = {}
    for name in (name for name in before if name in some.columns):
        stored = some[name].to_numpy("float64", na_value=np.nan)
        differs = ~_same(stored, before[name]) & is_whole.to_numpy()
        # Who has not played has left nothing, and whether he is out the season before tells.
        differs &= before["has_played"] | (name != "injury_risk")
        if differs.any():
            is_of_day = differs & _same(stored, with_day[name])
            found[name] = _told(some, differs, is_of_day, stored, before[name])
    return found


def _told(
    some: pd.DataFrame,
    differs: np.ndarray,
    is_of_day: np.ndarray,
    stored: np.ndarray,
    before: np.ndarray,
) -> str:
    place = int(np.flatnonzero(is_of_day if is_of_day.any() else differs)[0])
    row = some.iloc[place]
    return (
        f"{int(differs.sum())} of {len(some)} sampled rows, {int(is_of_day.sum())} of which are what "
        f"transactions of the day itself come to, as {stored[place]:.3f} of player {row.player_id} on "
        f"{row.game_date} instead of {before[place]:.3f}"
    )


def _said(
    some: pd.DataFrame,
    games: pd.DataFrame,
    transactions: pd.DataFrame,
    side: Literal["left", "right"],
) -> dict[str, np.ndarray]:
    """The features of who is out, from entries before the date ("left") or up to it ("right")."""
    past = behind(some.player_id, some, games.player_id, games)
    has_played = past.ends > past.own
    last_game = past.order[np.maximum(past.ends - 1, 0)]
    today = in_order(past.whose, some.game_date)
    latest = {}
    for event, entries in transactions.groupby("event"):
        entered = np.sort(in_order(entries.player_id.to_numpy(), entries.event_date))
        place = np.searchsorted(entered, today, side=side) - 1
        entry = np.where(place >= 0, entered[np.maximum(place, 0)], -1)
        is_own = entry // DAYS_APART == past.whose
        latest[event] = np.where(is_own & (entry > last_game), entry, -1)
    nothing = np.full(len(some), -1)
    is_out = has_played & (latest.get("out", nothing) > latest.get("back", nothing))
    used = computed_again(_USAGE, past) * computed_again(_MINUTES, past) / _GAME_MINUTES
    left = pd.Series(np.where(is_out, used, 0.0), some.index)
    whole = left.groupby([some[name] for name in _SIDE]).transform("sum", min_count=1)
    lacks = left.isna().groupby([some[name] for name in _SIDE]).transform("sum") - left.isna()
    of_mates = (whole - left.fillna(0)).mask(lacks > 0)
    return {
        "has_played": has_played,
        "injury_risk": np.where(is_out, _RISK_OF_OUT, np.nan),
        "teammates_out_usage": of_mates.to_numpy(),
    }


def _same(stored: np.ndarray, again: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        is_near = np.abs(stored - again) <= RECOMPUTED_TOLERANCE.value
    return np.asarray(is_near | (np.isnan(stored) & np.isnan(again)))
