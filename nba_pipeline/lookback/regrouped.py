"""Timelines made of a timeline, whose entries are numbered in other lines than one per season."""

import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.calendar import next_season_name
from nba_pipeline.lookback.timeline import Timeline, numbered

VERSION = 2
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


def carried_over(past: Timeline) -> Timeline:
    """The timeline in which a season's entries follow on those of the season before.

    A last-N window of it reaches over this season and the one before, holes of both included; who
    did not play in the one has only the other's entries, and a season of long ago is in none.

    Args:
        past: the timeline of at least the targets' season and the one before.
    """
    own = past.entries.drop("n")
    earlier = own.mutate(season=next_season_name(own.season)).filter(_.season.notnull())
    return _numbered(own.union(earlier), past, past.within)


def by_team(past: Timeline) -> Timeline:
    """The timeline of players split by team: each player's games for each, numbered by themselves."""
    return _numbered(past.entries.drop("n"), past, ("team_abbr",))


def _numbered(entries: ir.Table, past: Timeline, within: tuple[str, ...]) -> Timeline:
    """The entries in the order of their dates, numbered within their season."""
    return Timeline(numbered(entries, [past.of, *within]), past.of, past.arrivals, within)
