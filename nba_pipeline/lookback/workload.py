"""How much a player has played lately: games, and minutes, of the days before a date."""

from nba_pipeline.lookback.windows import Window, count, last_days, total

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


def workload() -> tuple[Window, Window]:
    """Games and minutes of the last 7 and 14 days, for as_of over a timeline of games played."""
    return (
        last_days(7, games_in_last_7_days=count(), minutes_in_last_7_days=total("minutes")),
        last_days(14, games_in_last_14_days=count(), minutes_in_last_14_days=total("minutes")),
    )
