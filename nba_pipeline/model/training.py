"""The rows of a month's model, and what they are checked against."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import ibis.expr.types as ir
import pandas as pd
from ibis import _

from nba_pipeline.league import calendar
from nba_pipeline.league.availability import InjuryStatus
from nba_pipeline.league.injury_status import INJURY_REPORT

VERSION = 3
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

SEASONS = 3
"""Seasons that a month's model learns from, its own the last: what the months before those were worth
is in docs/model.md."""
LABELS = ["game_id", "player_id"]
_OF_SHOTS = "shots:"
"""How the gaps of shots begin; a lost box score is another matter."""
_AVAILABILITY = ("injury_risk", "teammates_out_usage")
_QUALITY = ("gap_ids", "is_production_ready", "not_ready_reason")
_PLAYED = ("points", "minutes", "fga", "fta", "ftm", "usage_rate")
_SHOT = (
    *("paint_attempts", "mid_range_attempts", "three_attempts"),
    *("assisted_makes", "unassisted_makes"),
)
_OF_TEAM = ("is_home", "pace", "offensive_rating", "won", "points", "possessions")


def _nothing(*columns: str) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


@dataclass(frozen=True)
class Training:
    """What a month's model is trained on.

    rows: the joined features and results in the order of their dates: game_id, player_id, game_date,
    season, team_abbr, month, gap_ids, has_lost_games (one of the gaps is of more than shots),
    lacks_shots, is_reported (a report tells who of the team is out), is_day_to_day (it lists him as
    hurt and says no more), is_production_ready, not_ready_reason, the features, what the formulas
    predict, and scored, the points. games: every player-game of the same dates, as recomputed.unlike
    takes them, and team_games those of teams. universe: everybody who might have played in them, and
    transactions: the entries, as absences.unlike takes them. optional: the features that good rows may
    lack, and what each needs, a name of known.NEEDS. formulas: the systems that are formulas.
    """

    month: date
    rows: pd.DataFrame
    games: pd.DataFrame
    features: tuple[str, ...]
    optional: Mapping[str, str] = field(default_factory=dict)
    team_games: pd.DataFrame = field(default_factory=lambda: _nothing("game_date"))
    universe: pd.DataFrame = field(default_factory=lambda: _nothing("game_date"))
    transactions: pd.DataFrame = field(
        default_factory=lambda: _nothing("player_id", "event_date", "season", "event")
    )
    formulas: tuple[str, ...] = ()


def training_rows(
    behind: Mapping[str, ir.Table], features: Sequence[str], beside: Sequence[str] = ()
) -> pd.DataFrame:
    """Those of the universe who then played, with their points, in a fixed order.

    Args:
        behind: as trainings takes it.
        features: which columns are features.
        beside: further columns of the features' rows that are wanted.
    """
    points = behind["results"].select(*LABELS, "points_line", scored="points")
    flags = ("has_lost_games", "lacks_shots", "is_reported", "is_day_to_day")
    rows = _universe(behind, (*features, *beside))
    labels = (*LABELS, "game_date", "season", "team_abbr")
    rows = rows.select(*labels, *_QUALITY, *flags, *features, *beside)
    joined = rows.inner_join(points, LABELS).order_by("game_date", *LABELS).execute()
    days = pd.to_datetime(joined.game_date)
    return joined.assign(game_date=days.dt.date, month=days.dt.to_period("M").astype(str))


def trainings(
    rows: pd.DataFrame,
    behind: Mapping[str, ir.Table],
    months: Sequence[date],
    features: tuple[str, ...],
    optional: Mapping[str, str],
    formulas: tuple[str, ...] = (),
) -> dict[date, Training]:
    """What there is to train each month's model on: what is before it, of SEASONS seasons.

    Other months of the run make no difference to it.

    Args:
        rows: the training rows of all of them.
        behind: features, results (player-games), team_games and transactions.
        months: first days of the months.
        features: which columns are features.
        optional: those that good rows may lack, and what each needs.
        formulas: the columns of rows that systems of formulas predict.
    """
    games, team_games = _games(behind["results"]), _team_games(behind["team_games"])
    entries = behind["transactions"].select(
        "player_id", "event_date", "season", "event", "game_date"
    )
    entries = _dated(entries.execute())
    asked = [name for name in _AVAILABILITY if name in features]
    flags = ["team_abbr", "season", "has_lost_games", "is_reported"]
    everybody = _universe(behind, asked).select(*LABELS, "game_date", *flags, *asked).execute()
    everybody = _dated(everybody)
    found = {}
    for month in months:
        begun = [span.first for span in calendar.seasons() if span.first <= month]
        first = begun[-SEASONS:][0] if begun else month
        window, played, of_teams, those, told = (
            _between(each, first, month) for each in (rows, games, team_games, everybody, entries)
        )
        found[month] = Training(
            month, window, played, features, optional, of_teams, those, told, formulas
        )
    return found


def _between(rows: pd.DataFrame, first: date, end: date) -> pd.DataFrame:
    """The rows, which are in the order of their dates, from the first date on and before the end."""
    days = rows.game_date.to_numpy()
    return rows.iloc[bisect_left(days, first) : bisect_left(days, end)]


def _universe(behind: Mapping[str, ir.Table], features: Sequence[str]) -> ir.Table:
    """Everybody who might have played, with whether a report from before the game tells of his team."""
    return behind["features"].select(
        *LABELS,
        *("game_date", "season", "team_abbr"),
        *_QUALITY,
        *features,
        has_lost_games=_.gap_ids.filter(lambda gap: ~gap.startswith(_OF_SHOTS)).length() > 0,
        lacks_shots=(_.zone_games_present < _.zone_games_expected).fill_null(False),
        is_reported=_.injury_source == INJURY_REPORT,
        is_day_to_day=(_.injury_status == InjuryStatus.DAY_TO_DAY.value).fill_null(False),
    )


def _games(results: ir.Table) -> pd.DataFrame:
    """Every player-game behind, with what the windows are made of."""
    sides = ("team_abbr", "opponent_abbr")
    games = _dated(
        results.select(*LABELS, "game_date", "season", *sides, *_PLAYED, *_SHOT).execute()
    )
    return games.assign(
        shots=2 * (games.fga + 0.44 * games.fta),
        attempts=games.paint_attempts + games.mid_range_attempts + games.three_attempts,
        makes_told=games.assisted_makes + games.unassisted_makes,
    )


def _team_games(summaries: ir.Table) -> pd.DataFrame:
    """Every team's game behind, with what it allowed."""
    columns = ("game_id", "game_date", "season", "team_abbr", "opponent_abbr", *_OF_TEAM)
    games = summaries.select(*columns).execute()
    others = games[["game_id", "team_abbr", "points"]]
    others = others.set_axis(["game_id", "opponent_abbr", "points_allowed"], axis=1)
    return _dated(games.merge(others, on=["game_id", "opponent_abbr"], how="left"))


def _dated(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in the order of their dates, and within one in a fixed order."""
    labels = [name for name in (*LABELS, "team_abbr", "event_date", "event") if name in rows]
    dated = rows.assign(game_date=pd.to_datetime(rows.game_date).dt.date)
    return dated.sort_values(["game_date", *labels], ignore_index=True)
