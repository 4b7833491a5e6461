"""Injury reports and the schedule: of which game a line is, and whether it was known before it."""

from collections.abc import Callable

import ibis
import ibis.expr.types as ir
from ibis import _

VERSION = 2
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_UTC = "timestamp('UTC')"


def in_games(reported: ir.Table, sides: ir.Table) -> ir.Table:
    """The report's rows with the game between its two teams on its date; others are left out.

    Args:
        reported: rows with game_date, away_team, home_team and team_abbr.
        sides: the schedule's games by team.
    """
    # Which of them is at home is not asked: of neutral courts the two sources may differ.
    both = reported.join(sides, ["game_date", "team_abbr"])
    return both.filter(
        ((_.team_abbr == _.home_team) & (_.opponent_abbr == _.away_team))
        | ((_.team_abbr == _.away_team) & (_.opponent_abbr == _.home_team))
    )


def before_tipoff(nbac_schedule: ir.Table, earliest_tipoff: int) -> Callable[[ir.Table], ir.Table]:
    """A function of reports' rows, with game_id and report_at: those from before the game's tip-off.

    Args:
        nbac_schedule: the games.
        earliest_tipoff: hour of the date, UTC, before which no game begins: of a game without a
            tip-off in the schedule only a report from before it is certainly from before the game.
    """
    earliest = nbac_schedule.game_date.cast(_UTC) + ibis.interval(hours=earliest_tipoff)
    games = nbac_schedule.select(
        "game_id", begins_at=ibis.coalesce(nbac_schedule.tipoff_at.cast(_UTC), earliest)
    )

    def before(rows: ir.Table) -> ir.Table:
        joined = rows.join(games, "game_id")
        return joined.filter(_.report_at.cast(_UTC) < _.begins_at).drop("begins_at")

    return before
