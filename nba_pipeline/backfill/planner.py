"""Backfills: which tables and dates are stale, why, and in which runs they are computed.

Tables that share a kind of partition run together, as one Dagster run per group: the daily tables,
the models, and what is predicted with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import uuid4

from nba_pipeline.engine.compute import Bypass, needs
from nba_pipeline.engine.landing import Landing
from nba_pipeline.errors import WrongRequest
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.warehouse.protocol import Warehouse


class UnknownTable(WrongRequest, KeyError):
    """A name that is no table's."""


@dataclass(frozen=True)
class Request:
    """What is wanted: tables in the graph's order, first and last date, and how."""

    tables: tuple[Table, ...]
    first: date
    last: date
    wait: bool = False
    force: bool = False
    bypasses: tuple[Bypass, ...] = ()
    backfill_id: str = field(default_factory=lambda: uuid4().hex[:12])


@dataclass(frozen=True)
class PlannedTable:
    """A table's stale partitions and why each is stale; refused ones cannot be computed yet."""

    table: Table
    partitions: int
    stale: Mapping[date, str]
    refused: Mapping[date, str]

    @property
    def reasons(self) -> dict[str, int]:
        """How many partitions are stale for each reason."""
        counts: dict[str, int] = {}
        for reason in self.stale.values():
            counts[reason] = counts.get(reason, 0) + 1
        return counts


def in_order(
    tables: Mapping[str, Table], wanted: Sequence[str], *, downstream: bool
) -> tuple[Table, ...]:
    """The wanted tables, all where none is named, with everything that reads them if asked.

    Raises:
        UnknownTable: a name is no table's.
    """
    unknown = [name for name in wanted if name not in tables]
    if unknown:
        raise UnknownTable(f"no table {', '.join(unknown)}; there are {', '.join(tables)}")
    names = set(wanted) or set(tables)
    if downstream:
        for name, table in tables.items():
            if names & {read.table for read in table.reads}:
                names.add(name)
    return tuple(table for name, table in tables.items() if name in names)


def groups(tables: Sequence[Table]) -> list[list[Table]]:
    """The tables in the runs that they need: a new one wherever the kind of partition changes."""
    level: dict[str, int] = {}
    by_name = {table.name: table for table in tables}
    for table in tables:
        upstream = [by_name[read.table] for read in table.reads if read.table in by_name]
        level[table.name] = max(
            (level[up.name] + (up.partitions != table.partitions) for up in upstream), default=0
        )
    return [
        [table for table in tables if level[table.name] == number]
        for number in sorted(set(level.values()))
    ]


def plan(request: Request, warehouse: Warehouse, landing: Landing) -> list[PlannedTable]:
    """What the request would compute as things stand, table by table.

    What becomes stale through the request's own upstream work counts as stale too.
    """
    planned: list[PlannedTable] = []
    touched: dict[str, set[date]] = {}
    for table in request.tables:
        days = table.partitions_between(request.first, request.last)
        need = needs(
            table,
            days,
            warehouse,
            landing,
            bypasses=request.bypasses,
            force=request.force,
        )
        stale = dict(need.stale)
        for read in table.reads:
            for day in days:
                if day not in stale and _reads_any(read.reach, day, touched.get(read.table, set())):
                    stale[day] = f"{read.table} would change"
        refused = {
            day: why
            for day, why in need.refused.items()
            if not any(read.table in touched for read in table.reads)
        }
        touched[table.name] = set(stale)
        planned.append(PlannedTable(table, len(days), dict(sorted(stale.items())), refused))
    return planned


def _reads_any(reach: str, day: date, touched: set[date]) -> bool:
    if not touched:
        return False
    if reach == "same_date":
        return day in touched
    if reach == "same_month":
        return calendar.month_of(day) in touched
    return min(touched) < day


def repairs(
    tables: Sequence[Table], warehouse: Warehouse, landing: Landing, *, retrain: bool
) -> list[Request]:
    """What is affected by what changed: a request per stretch of stored dates that has any.

    Models are left as they are unless retrain is asked for, and what waits for one that is not
    there waits on.
    """
    wanted = tuple(table for table in tables if retrain or table.partitions == "daily")
    roots = [table for table in tables if not table.reads]
    stored = {day for table in roots for day in warehouse.stamps(table.name)}
    if not stored:
        return []
    every = calendar.season_days(min(stored), max(stored))
    found = []
    for stretch in stretches(every, stored):
        for able, part in _able(wanted, stretch, warehouse):
            planned = plan(Request(able, part[0], part[-1]), warehouse, landing)
            stale = [day for line in planned for day in line.stale]
            if stale:
                # A month's model is due from the month's first day that is stored.
                first = max(min(stale), part[0])
                found.append(Request(able, first, max(*stale, first)))
    return found


def _able(
    tables: Sequence[Table], days: Sequence[date], warehouse: Warehouse
) -> list[tuple[tuple[Table, ...], list[date]]]:
    """The days in runs of the same tables: without those whose month has no model of the rest."""
    names = {table.name for table in tables}
    models = {
        read.table: warehouse.stamps(read.table)
        for table in tables
        for read in table.reads
        if read.reach == "same_month" and read.table not in names
    }
    parts: list[tuple[tuple[Table, ...], list[date]]] = []
    for day in days:
        without = {name for name, stored in models.items() if calendar.month_of(day) not in stored}
        for table in tables:
            if without & {read.table for read in table.reads}:
                without.add(table.name)
        able = tuple(table for table in tables if table.name not in without)
        if not parts or parts[-1][0] != able:
            parts.append((able, []))
        parts[-1][1].append(day)
    return parts


def left_stale(
    request: Request, tables: Sequence[Table], warehouse: Warehouse, landing: Landing
) -> dict[str, list[date]]:
    """The stored dates that are stale once the request is done, by table; models stay as they are."""
    daily = tuple(table for table in tables if table.partitions == "daily")
    stored = {table.name: warehouse.stamps(table.name) for table in daily}
    last = max((max(stamps) for stamps in stored.values() if stamps), default=request.last)
    is_whole = {name for name, stamps in stored.items() if stamps} <= {
        table.name for table in request.tables
    }
    first = request.last + timedelta(days=1) if is_whole else request.first
    if first > last:
        return {}
    stale = {
        line.table.name: [
            day for day in line.stale if day >= first and day in stored[line.table.name]
        ]
        for line in plan(Request(daily, first, last), warehouse, landing)
    }
    return {name: days for name, days in stale.items() if days}


def stretches(days: Sequence[date], wanted: set[date]) -> list[list[date]]:
    """The wanted of the days, in runs that no other day interrupts."""
    found: list[list[date]] = []
    before: date | None = None
    for day in days:
        if day in wanted:
            if before not in wanted:
                found.append([])
            found[-1].append(day)
        before = day
    return found
