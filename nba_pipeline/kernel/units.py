"""The units that a raw table is expected to have, and what makes one of them a gap.

A raw table that declares `Units` is required: each unit of its `expected` that is missing or breaks
an invariant is a gap. One that declares none is optional: it is kept as it comes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.schedule import both_teams, final

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


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
