"""Windowed features computed again from the games themselves, for a sample of training rows.

The second route to what the gate takes on trust otherwise: plain arrays, one step back per game.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nba_pipeline.league.identity import season_type
from nba_pipeline.thresholds import RECOMPUTED_TOLERANCE, SAMPLED_ONE_IN, WINDOW_PRESENT_SHARE

VERSION = 4
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_SEASON = 120
_TEAMS = 100
"""More than there are teams."""
_FIRST_DAY = np.datetime64("2000-01-01")
DAYS_APART = 100_000


@dataclass(frozen=True)
class Again:
    """A mean of a column over the last games; of two columns, scale times the ratio of their sums."""

    column: str
    games: int
    below: str | None = None
    scale: float = 1
    is_weighted: bool = False
    is_deviation: bool = False
    is_carried: bool = False
    is_of_shots: bool = False


def _carried(column: str, games: int, below: str | None = None) -> Again:
    return Again(column, games, below, is_weighted=below is None, is_carried=True)


def _of_shots(column: str, below: str) -> Again:
    return Again(column, 10, below, is_of_shots=True)


WINDOWED: Mapping[str, Again] = {
    "points_avg_last_1": Again("points", 1),
    "points_avg_last_5": Again("points", 5),
    "points_avg_last_10": Again("points", 10),
    "points_avg_season": Again("points", _SEASON),
    "points_std_last_10": Again("points", 10, is_deviation=True),
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
    "pct_paint": _of_shots("paint_attempts", "attempts"),
    "pct_mid_range": _of_shots("mid_range_attempts", "attempts"),
    "pct_three": _of_shots("three_attempts", "attempts"),
    "assisted_rate_last_10": _of_shots("assisted_makes", "makes_told"),
}
"""The features that are windows over a player's own games, and what they are windows of."""
OF_TEAM: Mapping[str, Again] = {
    "team_pace_last_10": Again("pace", 10),
    "team_off_rating_last_10": Again("offensive_rating", 10),
    "team_win_pct_season": Again("won", _SEASON),
}
"""The features that are windows over the games of the player's team."""
OF_OPPONENT: Mapping[str, Again] = {
    "opponent_def_rating": Again("points_allowed", 15, "possessions", scale=100),
    "opponent_pace": Again("pace", 15),
}
"""The features that are windows over the games of its opponent."""
IN_LAST_DAYS: Mapping[str, tuple[str, int]] = {
    "games_in_last_7_days": ("played", 7),
    "games_in_last_14_days": ("played", 14),
    "minutes_in_last_7_days": ("minutes", 7),
    "back_to_backs_last_14_days": ("is_back_to_back", 14),
}
"""The features that are sums over a player's games of so many days before."""
IN_PREVIOUS_SEASON = {
    "points_avg_previous_season": "points",
    "minutes_avg_previous_season": "minutes",
}
"""The features that are means over a player's games of the season before."""
NOT_FROM_GAMES = {
    "injury_risk": "a report or transaction says it, which absences asks",
    "teammates_out_usage": "made of what is said of others, which absences asks",
}
"""Learned features that no games come to, and who asks for them instead; all others are in `unlike`."""


@dataclass(frozen=True)
class Behind:
    """Games in order of whose they are and date; and per sampled row the places of what is behind it.

    ends: the place after the last game before the row's date; own and before: of the first game of
    its season, and of the season before.
    """

    games: pd.DataFrame
    order: np.ndarray
    whose: np.ndarray
    ends: np.ndarray
    own: np.ndarray
    before: np.ndarray


def unlike(
    rows: pd.DataFrame, games: pd.DataFrame, team_games: pd.DataFrame | None = None
) -> dict[str, str]:
    """Per feature, what of the sampled rows is not what the games strictly before them come to.

    Args:
        rows: training rows with game_id, player_id, game_date, season, team_abbr, gap_ids,
            has_lost_games (whether one of the gaps is of more than shots) and the features. The team
            is that of before the game: who was traded between the two plays for the other.
        games: the players' games with the same labels, team_abbr, opponent_abbr and every column of
            WINDOWED. Carried windows and the season before are asked for of the rows that have a
            season behind them here.
        team_games: the teams' games with game_id, game_date, season, team_abbr, is_home and every
            column of OF_TEAM and OF_OPPONENT; without them what is of teams is not asked for.

    Raises:
        KeyError: the rows have a feature that is a window of a column which the games lack.
    """
    days = pd.to_datetime(rows.game_date)
    mark = rows.player_id * 31 + days.dt.dayofyear * 17
    some = rows[(mark % int(SAMPLED_ONE_IN.value) == 0) & ~rows.has_lost_games]
    if some.empty or games.empty:
        return {}
    again = _of_players(some, games)
    if team_games is not None and len(team_games):
        again |= _of_teams(some, games, team_games)
    again |= _of_row(some, again)
    has_season_behind = (some.season > games.season.min()).to_numpy()
    has_shots = (some.gap_ids.map(len) == 0).to_numpy()
    found = {}
    for name in (name for name in again if name in rows.columns):
        window = WINDOWED.get(name)
        wanted = np.full(len(some), True)
        if name in IN_PREVIOUS_SEASON or (window and window.is_carried):
            wanted = has_season_behind
        if window and window.is_of_shots:
            wanted = has_shots
        if name == "is_home":
            # The row's own game, whose lines may be lost.
            wanted = ~np.isnan(again[name])
        if text := _differing(some, name, again[name], wanted):
            found[name] = text
    return found


def _differing(some: pd.DataFrame, name: str, again: np.ndarray, wanted: np.ndarray) -> str | None:
    """How many of the wanted rows have another value, and the first of them."""
    stored = some[name].to_numpy("float64", na_value=np.nan)
    differs = ~(np.isnan(stored) & np.isnan(again))
    with np.errstate(invalid="ignore"):
        differs &= ~(np.abs(stored - again) <= RECOMPUTED_TOLERANCE.value)
    differs &= wanted
    if not differs.any():
        return None
    place = int(np.flatnonzero(differs)[0])
    row = some.iloc[place]
    return (
        f"{int(differs.sum())} of {int(wanted.sum())} sampled rows, as {stored[place]:.3f} of player "
        f"{row.player_id} on {row.game_date} instead of {again[place]:.3f}"
    )


def _of_players(some: pd.DataFrame, games: pd.DataFrame) -> dict[str, np.ndarray]:
    """The features over the player's own games."""
    past = behind(some.player_id, some, games.player_id, games)
    rows = past.games
    since = np.diff(past.order, prepend=0)
    is_same_season = (rows.season == rows.season.shift()).to_numpy()
    rows["played"] = 1.0
    rows["is_back_to_back"] = ((since == 1) & is_same_season).astype("float64")
    found = {
        name: computed_again(window, past)
        for name, window in WINDOWED.items()
        if name in some.columns
    }
    today = in_order(past.whose, some.game_date)
    for name, (column, length) in IN_LAST_DAYS.items():
        first = np.maximum(np.searchsorted(past.order, today - length), past.own)
        found[name] = _sum(rows[column], first, past.ends)
    for name, column in IN_PREVIOUS_SEASON.items():
        count = past.own - past.before
        total = _sum(rows[column], past.before, past.own)
        found[name] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    rest = _days_since(past, some)
    found["games_played_season"] = (past.ends - past.own).astype("float64")
    found["days_rest"] = rest
    found["is_back_to_back"] = np.where(np.isnan(rest), np.nan, rest == 1)
    return found


def _of_teams(
    some: pd.DataFrame, games: pd.DataFrame, team_games: pd.DataFrame
) -> dict[str, np.ndarray]:
    """The features over the games of the player's team and of its opponent."""
    sides = _sides(some, games)
    codes = {team: code for code, team in enumerate(sorted(team_games.team_abbr.unique()), 1)}
    of_games = team_games.team_abbr.map(codes)
    found: dict[str, np.ndarray] = {}
    rest = {}
    for side, windows in (("team_abbr", OF_TEAM), ("opponent_abbr", OF_OPPONENT)):
        past = behind(sides[side].map(codes).fillna(0), some, of_games, team_games)
        found |= {name: computed_again(window, past) for name, window in windows.items()}
        rest[side] = _days_since(past, some)
    found["team_days_rest"] = rest["team_abbr"]
    found["rest_advantage"] = rest["team_abbr"] - rest["opponent_abbr"]
    at_home = team_games.set_index(["game_id", "team_abbr"]).is_home.astype("float64")
    own = pd.MultiIndex.from_arrays([some.game_id, sides.team_abbr])
    found["is_home"] = at_home[~at_home.index.duplicated()].reindex(own).to_numpy()
    # Whose a game is: the player's in this team.
    player = some.player_id * _TEAMS + sides.team_abbr.map(codes).fillna(0).to_numpy("int64")
    of = games.player_id * _TEAMS + games.team_abbr.map(codes).fillna(0).astype("int64")
    for_team = behind(player, some, of, games)
    found["games_played_for_team_season"] = (for_team.ends - for_team.own).astype("float64")
    return found


def _sides(some: pd.DataFrame, games: pd.DataFrame) -> pd.DataFrame:
    """Per row its own team and the other of its game, whichever the player then played for."""
    key = ["game_id", "player_id"]
    played = games.drop_duplicates(key).set_index(key)[["team_abbr", "opponent_abbr"]]
    played = played.reindex(pd.MultiIndex.from_frame(some[key])).set_index(some.index)
    is_own = some.team_abbr == played.team_abbr
    other = played.opponent_abbr.where(is_own, played.team_abbr)
    return pd.DataFrame({"team_abbr": some.team_abbr, "opponent_abbr": other})


def _days_since(past: Behind, some: pd.DataFrame) -> np.ndarray:
    """Per row, the days since the last game of the season; NaN before the first."""
    last = past.order[np.maximum(past.ends - 1, 0)]
    return np.where(past.ends > past.own, in_order(past.whose, some.game_date) - last, np.nan)


def _of_row(some: pd.DataFrame, again: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The features that others of the row come to, or its game's number."""
    parts: dict[str, tuple[str, str, Callable[..., np.ndarray]]] = {
        "recent_trend": ("points_avg_last_5", "points_avg_last_10", np.subtract),
        "minutes_change": ("minutes_avg_last_10", "minutes_avg_season", _change),
    }
    found = {
        name: formula(some[one].to_numpy("float64"), some[other].to_numpy("float64"))
        for name, (one, other, formula) in parts.items()
        if {name, one, other} <= set(some.columns)
    }
    found["is_playoff_game"] = (some.game_id.map(season_type) == "playoffs").to_numpy("float64")
    if "team_days_rest" in again:
        since, of_team = again["days_rest"], again["team_days_rest"]
        is_known = ~(np.isnan(since) | np.isnan(of_team))
        found["missed_last_team_game"] = np.where(is_known, since > of_team, np.nan)
    return found


def _change(now: np.ndarray, usual: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(usual == 0, np.nan, now / usual - 1)


def in_order(whose: np.ndarray, days: pd.Series) -> np.ndarray:
    """Numbers that sort by whose a game is, then by its date; a day apart is one apart."""
    since = (pd.to_datetime(days).to_numpy() - _FIRST_DAY).astype("timedelta64[D]")
    return np.asarray(whose, "int64") * DAYS_APART + since.astype("int64")


def behind(whose: pd.Series, some: pd.DataFrame, of: pd.Series, games: pd.DataFrame) -> Behind:
    """The games in order, and where the rows are among them."""
    order = in_order(of.to_numpy(), games.game_date)
    sorting = np.argsort(order, kind="stable")
    past, order = games.iloc[sorting].reset_index(drop=True), order[sorting]
    asked = whose.to_numpy("int64")
    # A season's games are all between two summers.
    first = pd.to_datetime(past.groupby("season").game_date.min())
    names = sorted(first.index)
    starts = some.season.map(first)
    previous = dict(zip(names[1:], names, strict=False))
    earlier = some.season.map(previous).map(first).fillna(starts)
    places = [in_order(asked, days) for days in (some.game_date, starts, earlier)]
    return Behind(past, order, asked, *(np.searchsorted(order, place) for place in places))


def _sum(column: pd.Series, first: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Per row, the sum of the column from the place first to before end."""
    sums = np.concatenate([[0.0], np.cumsum(column.fillna(0).to_numpy("float64"))])
    return np.asarray(sums[end] - sums[first])


def computed_again(window: Again, past: Behind) -> np.ndarray:
    """The window's value per row, one step back per game."""
    top = past.games[window.column].to_numpy("float64")
    below = past.games[window.below].to_numpy("float64") if window.below else np.ones(len(top))
    starts = past.before if window.is_carried else past.own
    sums, squares, weights, behind, known = (np.zeros(len(starts)) for _ in range(5))
    for back in range(window.games):
        place = past.ends - 1 - back
        is_there = place >= starts
        behind += is_there
        at = np.where(is_there, place, 0)
        is_there &= ~(np.isnan(top[at]) | np.isnan(below[at]))
        known += is_there
        weight = window.games - back if window.is_weighted else 1
        sums += np.where(is_there, weight * top[at], 0)
        squares += np.where(is_there, top[at] ** 2, 0)
        weights += np.where(is_there, weight * below[at], 0)
    is_known = (weights > 0) & (known >= WINDOW_PRESENT_SHARE.value * behind)
    if window.is_deviation:
        is_known &= known > 1
        apart = squares - sums**2 / np.where(known > 0, known, 1)
        value = np.sqrt(apart.clip(0) / np.where(known > 1, known - 1, 1))
        return np.where(is_known, value, np.nan)
    return np.where(is_known, window.scale * sums / np.where(weights > 0, weights, 1), np.nan)
