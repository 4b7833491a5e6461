"""What is computed from one row of a box score, a team's or a player's alike.

Formulas after Oliver, *Basketball on Paper* (2004); 0.44 is his weight of a free throw.
"""

import ibis
import ibis.expr.types as ir
from ibis import _

VERSION = 2
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_REGULATION_MINUTES = 240
_OVERTIME_MINUTES = 25


def of_who_played(players: ir.Table) -> ir.Table:
    """The rows of players with minutes: who was listed alone has no game behind him."""
    return players.filter(_.minutes > 0)


def more_made_than_attempted(line: ir.Table) -> ir.BooleanValue:
    """Whether a line has more shots made than attempted, or more threes than field goals."""
    return (
        (line.fgm > line.fga)
        | (line.fg3m > line.fg3a)
        | (line.ftm > line.fta)
        | (line.fg3m > line.fgm)
        | (line.fg3a > line.fga)
    )


def overtime_periods(team_minutes: ir.NumericValue) -> ir.IntegerValue:
    """Overtimes from a team's player-minutes, whose source is off by a few minutes."""
    extra = (team_minutes - _REGULATION_MINUTES) / _OVERTIME_MINUTES
    return extra.round().cast("int64").clip(lower=0)


def ts_pct(points: ir.NumericValue, fga: ir.NumericValue, fta: ir.NumericValue) -> ir.FloatingValue:
    """True shooting, 0 to 1 and at times above; NULL without an attempt."""
    return points / (2 * (fga + 0.44 * fta)).nullif(0)


def efg_pct(fgm: ir.NumericValue, fg3m: ir.NumericValue, fga: ir.NumericValue) -> ir.FloatingValue:
    """Effective field goal percentage, 0 to 1.5; NULL without an attempt."""
    return (fgm + 0.5 * fg3m) / fga.nullif(0)


def usage_rate(player: ir.Table) -> ir.FloatingValue:
    """Share of the team's plays that the player used while on the floor, in percent.

    NULL below one minute, where it explodes, and without the team's row.

    Args:
        player: rows with minutes, fga, fta, tov, and the team's as team_minutes, team_fga ...
    """
    plays = player.fga + 0.44 * player.fta + player.tov
    team_plays = player.team_fga + 0.44 * player.team_fta + player.team_tov
    floor_minutes = _REGULATION_MINUTES + _OVERTIME_MINUTES * overtime_periods(player.team_minutes)
    rate = 100 * plays * (floor_minutes / 5) / (player.minutes * team_plays).nullif(0)
    return ibis.ifelse(player.minutes < 1, ibis.null(), rate)
