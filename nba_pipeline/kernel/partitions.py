"""Dagster's partitions and partition mappings of the calendar."""

from datetime import date, datetime, time, timedelta
from functools import cache

import dagster as dg

from nba_pipeline.kernel.calendar import SEASONS, season_days
from nba_pipeline.kernel.table import Read, Table

_LONGEST_SEASON = max(len(span.days()) for span in SEASONS)


def _midnight(day: date) -> datetime:
    """The day's start, without a zone as Dagster's exclusions are."""
    return datetime.combine(day, time())


@cache
def daily() -> dg.DailyPartitionsDefinition:
    """One partition per calendar day of each season, today's included."""
    first, last = SEASONS[0].first, SEASONS[-1].last
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
    first, last = SEASONS[0].first.replace(day=1), SEASONS[-1].last
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


def mapping(table: Table, read: Read) -> dg.PartitionMapping:
    """How the table's partitions depend on the upstream's.

    Dagster's windows count partitions, so a season is taken at its longest: for order and display
    this is on the safe side; what is stale is decided from the fingerprints of what was read.
    """
    if table.partitions == "monthly" or read.reach == "ever":
        return dg.AllPartitionMapping()
    if read.reach in ("same_date", "same_month"):
        return dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
    seasons = 2 if read.reach == "two_seasons" else 1
    return dg.TimeWindowPartitionMapping(
        start_offset=-seasons * _LONGEST_SEASON,
        end_offset=-1,
        allow_nonexistent_upstream_partitions=True,
    )
