"""Official injury reports and the schedule: of which game a line of a report is."""

import ibis.expr.types as ir
from ibis import _

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


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
