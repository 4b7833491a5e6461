"""Dagster's partitions and partition mappings of the calendar."""

from datetime import date, datetime, time, timedelta
from functools import cache

import dagster as dg

from nba_pipeline.kernel.table import Table
from nba_pipeline.league.calendar import season_days, seasons


def _midnight(day: date) -> datetime:
    """The day's start, without a zone as Dagster's exclusions are."""
    return datetime.combine(day, time())


@cache
def daily() -> dg.DailyPartitionsDefinition:
    """One partition per calendar day of each season, today's included."""
    first, last = seasons()[0].first, seasons()[-1].last
    inside = set(season_days(first, last))
    every = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return dg.DailyPartitionsDefinition(
        start_date=first.isoformat(),
        end_offset=1,
        exclusions=[_midnight(d) for d in every if d not in inside],
    )


@cache
def monthly() -> dg.MonthlyPartitionsDefinition:
    """One partition per calendar month with a day in a season, the running month's included."""
    first, last = seasons()[0].first.replace(day=1), seasons()[-1].last
    inside = {d.replace(day=1) for d in season_days(first, last)}
    months = {date(y, m, 1) for y in range(first.year, last.year + 1) for m in range(1, 13)}
    return dg.MonthlyPartitionsDefinition(
        start_date=first.isoformat(),
        end_offset=1,
        exclusions=[_midnight(d) for d in sorted(months - inside) if d > first],
    )


def of(table: Table) -> dg.TimeWindowPartitionsDefinition:
    """The table's partitions."""
    return daily() if table.partitions == "daily" else monthly()


def mapping() -> dg.PartitionMapping:
    """How partitions depend on an upstream's, for Dagster: those of the same time.

    Dagster takes a mapping forward too: with windows mapped as far as they are read, a backfill of
    ten dates would run every later date of the season, and with it every later month's model. What
    a partition really reads is in the table's `reads`, and what that makes stale is decided from
    fingerprints; this mapping orders a backfill and keeps it to the dates that were asked for.
    """
    return dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
