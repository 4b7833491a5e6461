"""The units that a raw table is expected to have, and what makes one of them a gap.

A raw table that declares `Units` is required: each unit of its `expected` that is missing or breaks
an invariant is a gap. One that declares none is optional: it is kept as it comes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline import clock
from nba_pipeline.league.identity import COVERED_SEASON_TYPES, GAME_ID, SEASON_TYPES
from nba_pipeline.league.rejected import rejected
from nba_pipeline.league.schedule import both_teams, final
from nba_pipeline.thresholds import UNSETTLED_DAYS

VERSION = 3
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_FILED = ("bad_date", "other_date", "other_season")
"""Rules that rows break which say no date of their own: they are filed under one."""


@dataclass(frozen=True)
class Invariant:
    """What a unit must be, named as a gap's rule.

    is_broken and detail are expressions of the unit's columns; one that asks for what is unknown
    is not broken. kind says whether a unit that breaks it is not there, or not believable.
    """

    name: str
    is_broken: ir.BooleanValue
    detail: ir.StringValue
    kind: Literal["missing", "invalid", "unsettled"] = "invalid"


@dataclass(frozen=True)
class Units:
    """A raw table's units.

    Args:
        expected: the schedule to the units' keys: the table's own expectation.
        measured: the expected keys as `sides`, and raw tables, to one row per unit with what the
            invariants ask; its parameters name the tables.
        invariants: in the order in which they are asked; a gap carries the first that is broken.
    """

    expected: Callable[..., ir.Table]
    measured: Callable[..., ir.Table]
    invariants: tuple[Invariant, ...]


def scheduled_rows(rows: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The source's rows of final covered games, with the opponent and side of the schedule.

    A game under way is not whole yet, so what is said of it is left out. Rows that the schedule
    does not know are in rejected_rows.
    """
    sides = both_teams(final(nbac_schedule)).drop("season", "team_score", "opponent_score")
    return rows.join(sides, ["game_id", "team_abbr", "game_date"])


def broken_units(table_name: str, units: ir.Table, *invariants: Invariant) -> ir.Table:
    """The units that break an invariant, as gaps, each with the first that it breaks."""
    first = [(each.is_broken, each.name) for each in invariants]
    kinds = [(each.is_broken, each.kind) for each in invariants]
    details = [(each.is_broken, each.detail) for each in invariants]
    gap_id = f"{table_name}:" + _.game_date.cast("string") + ":" + _.game_id + ":" + _.team_abbr
    return units.select(
        "game_date",
        "game_id",
        "team_abbr",
        gap_id=gap_id,
        table_name=ibis.literal(table_name),
        kind=ibis.cases(*kinds),
        rule=ibis.cases(*first),
        detail=ibis.cases(*details),
    ).filter(_.rule.notnull())


def off_schedule(rows: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """Rows whose game, team and date the schedule does not have, in the columns of rejected_rows.

    A row of no team, which only an event of a game can be, is known by its game and date.
    """
    sides = both_teams(nbac_schedule).select("game_id", "team_abbr", "game_date")
    unknown = rows.anti_join(sides, ["game_id", "team_abbr", "game_date"])
    # Teams of an exhibition are not the league's, so its rows are known by the game's id alone.
    unknown = unknown.filter(~_is_exhibition(unknown.game_id))
    games = sides.select("game_id", "game_date").distinct()
    of_game = unknown.filter(_.team_abbr.isnull()).anti_join(games, ["game_id", "game_date"])
    unknown = unknown.filter(_.team_abbr.notnull()).union(of_game)
    of_team = (" of " + _.team_abbr).fill_null("")
    where = _.game_id.fill_null("without an id") + of_team + " on " + _.game_date.cast("string")
    tells = "the schedule has no game " + where
    return rejected(unknown, field=None, value=_.game_id, rule="unknown_game", tells=tells)


def _is_exhibition(game_id: ir.StringValue) -> ir.BooleanValue:
    """Whether it is the id of a game that no expectation is made of."""
    kinds = [digit for digit, kind in SEASON_TYPES.items() if kind not in COVERED_SEASON_TYPES]
    return (game_id.re_search(f"^{GAME_ID}$") & game_id[2].isin(kinds)).fill_null(False)


def rejected_units(
    sides: ir.Table, rejections: ir.Table, nbac_schedule: ir.Table, *more: str
) -> ir.Table:
    """The sides that a rejected row may be of, with rule and detail of the first by name.

    Args:
        sides: game_id, game_date and team_abbr of units.
        rejections: rows in the columns of rejected_rows; those of whole files are left out.
        nbac_schedule: the schedule of the dates.
        more: further columns of the rejections, by which they are kept apart.
    """
    placed = _placed(rejections, nbac_schedule, *more)
    keys = ["game_id", "game_date", "team_abbr"]
    sides = sides.select(*keys)
    touched = sides.join(
        placed,
        [
            sides.game_date == placed.rejected_date,
            placed.on_game.isnull() | (placed.on_game == sides.game_id),
            placed.on_team.isnull() | (placed.on_team == sides.team_abbr),
        ],
    )
    return touched.group_by([*keys, *more]).agg(
        rejected_rule=_.rule.min(), rejected_detail=_.detail.min()
    )


def _placed(rejections: ir.Table, nbac_schedule: ir.Table, *more: str) -> ir.Table:
    """Rejected rows with the game and the team that they may be of; NULL is any of the date.

    A row of a side that does not play is of either side of its game, or, where its id is none, of
    its team's game of the date. One whose game is another than the schedule has is of its team.
    """
    rows = rejections.filter(_.row_number.notnull()).mutate(rejected_date=_.game_date)
    is_id = rows.game_id.fill_null("").re_search(f"^{GAME_ID}$")
    rows = rows.mutate(is_id=is_id).filter(~_is_exhibition(rows.game_id))
    sides = both_teams(nbac_schedule)
    games = sides.select(known_game="game_id", known_date="game_date").distinct()
    teams = sides.select(known_side="game_id", side_date="game_date", known_team="team_abbr")
    rows = rows.left_join(
        games, [rows.game_id == games.known_game, rows.game_date == games.known_date]
    )
    playing = sides.select(playing_team="team_abbr", playing_date="game_date").distinct()
    rows = rows.left_join(
        playing, [rows.team_abbr == playing.playing_team, rows.game_date == playing.playing_date]
    )
    rows = rows.left_join(
        teams,
        [
            rows.game_id == teams.known_side,
            rows.game_date == teams.side_date,
            rows.team_abbr == teams.known_team,
        ],
    )
    rows = rows.filter(_.known_game.notnull() | _.playing_team.notnull() | ~_.is_id)
    # What says no date of its own is filed under one, with all that is wrong with it: of another
    # game, it is no word on this one's.
    of_row = ibis.window(group_by=["source_file", "row_number"])
    is_filed = rows.rule.isin(_FILED).any().over(of_row)
    rows = rows.mutate(is_filed=is_filed & rows.is_id & rows.known_game.isnull())
    rows = rows.filter(~_.is_filed)
    is_of_game = rows.known_game.notnull()
    return rows.select(
        "rejected_date",
        "rule",
        "detail",
        *more,
        on_game=rows.known_game,
        on_team=ibis.ifelse(is_of_game, rows.known_team, rows.playing_team),
    )


def is_overdue(day: date) -> bool:
    """Whether a game of the day that is still open will hardly be played: it is a gap."""
    return (clock.today() - day).days > UNSETTLED_DAYS.value
