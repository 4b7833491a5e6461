"""A source's lines and the scheduled games they belong to."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.schedule import both_teams, covered

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


def numbered(lines: ir.Table, keys: Sequence[str]) -> ir.Table:
    """The lines with `repetition`: 0 for a key's first line, 1 for its second, and so on."""
    order = ibis.window(group_by=list(keys), order_by=["source_file", "row_number"])
    return lines.mutate(repetition=ibis.row_number().over(order))


def scheduled_lines(lines: ir.Table, nbac_schedule: ir.Table, keys: Sequence[str]) -> ir.Table:
    """Each key's first line of a covered game, with the opponent and side of the schedule.

    Lines of other games, and repetitions, are in rejected_rows.
    """
    sides = both_teams(covered(nbac_schedule)).drop("season", "team_score", "opponent_score")
    first = numbered(lines, keys).filter(_.repetition == 0)
    return first.join(sides, ["game_id", "team_abbr", "game_date"])
