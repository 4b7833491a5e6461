"""Dagster's partitions and partition mappings of the calendar."""

from datetime import date, datetime, time, timedelta
from functools import cache, cached_property

import dagster as dg

from nba_pipeline.kernel.table import Table
from nba_pipeline.league.calendar import season_days, seasons

# Known before the games of its date, and so no leak where a month's model depends on its month's.
_WHO_PLAYS = "upcoming_player_game_context"
_BEFORE_ALL = (
    *("nbac_schedule", "injury_transactions"),
    *("nbac_injury_report", "nbac_injury_report_teams"),
)


def _midnight(day: date) -> datetime:
    """The day's start, without a zone as Dagster's exclusions are."""
    return datetime.combine(day, time())


class _Days(dg.DailyPartitionsDefinition):
    """Days that are hashed once: Dagster writes all exclusions out for each hash, and asks often."""

    @cached_property
    def _hashed(self) -> int:
        return super().__hash__()  # type: ignore[no-untyped-call]

    def __hash__(self) -> int:
        return self._hashed


@cache
def daily() -> dg.DailyPartitionsDefinition:
    """One partition per calendar day of each season, today's included."""
    first, last = seasons()[0].first, seasons()[-1].last
    inside = set(season_days(first, last))
    every = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return _Days(
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


def mappings(table: Table) -> dict[str, dg.PartitionMapping]:
    """How the table's partitions depend on those of each upstream table, for Dagster.

    Dagster takes a mapping forward too: with windows mapped as far as they are read, a backfill of
    ten dates would run every later date of the season, and with it every later month's model. What
    a partition really reads is in the table's `reads`, and what that makes stale is decided from
    fingerprints; these mappings order a backfill and keep it to the dates that were asked for.

    Dates depend on the same dates, and on their month. A month depends on the month with games
    before it, since a model is made from what was there before its first day. That brings the next
    month's model into a backfill of dates, which is made from them, but not the one of their own
    month, which predicts them: who plays on them does that. What a month's model predicts depends on
    the date's games, transactions and injury reports too, so that Dagster comes to those dates before
    it comes to all of the month's.
    """
    names = dict.fromkeys(read.table for read in table.reads)
    if table.partitions == "monthly":
        # Of a root that it reads itself Dagster might come to the month first.
        behind = [name for name in names if name not in _BEFORE_ALL]
        return dict.fromkeys(behind, _offset(-1)) | {_WHO_PLAYS: _offset(0)}
    is_predicted = any(read.reach == "same_month" for read in table.reads)
    return dict.fromkeys([*names, *(_BEFORE_ALL if is_predicted else ())], _offset(0))


def _offset(number: int) -> dg.PartitionMapping:
    """The upstream partitions of the same time, or of so many partitions later."""
    return dg.TimeWindowPartitionMapping(
        start_offset=number, end_offset=number, allow_nonexistent_upstream_partitions=True
    )
