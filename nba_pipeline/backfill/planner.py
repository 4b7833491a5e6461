"""Backfills: which tables and dates are stale, why, and in which runs they are computed.

Tables that share a kind of partition run together, as one Dagster run per group: the daily tables,
the models, and what is predicted with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import uuid4

import ibis

from nba_pipeline.engine.compute import Bypass, needs
from nba_pipeline.engine.inputs import read_span
from nba_pipeline.engine.staleness import DayList, Survey, spans
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar


@dataclass(frozen=True)
class Request:
    """What is wanted: tables in the graph's order, first and last date, and how."""

    tables: tuple[Table, ...]
    first: date
    last: date
    wait: bool = False
    force: bool = False
    only_stored: bool = False
    bypasses: tuple[Bypass, ...] = ()
    backfill_id: str = field(default_factory=lambda: uuid4().hex[:12])


@dataclass(frozen=True)
class PlannedTable:
    """A table's stale partitions and why each is stale; refused ones cannot be computed yet.

    is_caught_up: stored dates that what was asked for looks back on, computed before it.
    """

    table: Table
    partitions: int
    stale: Mapping[date, str]
    refused: Mapping[date, str]
    is_caught_up: bool = False

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
        KeyError: a name is no table's.
    """
    unknown = [name for name in wanted if name not in tables]
    if unknown:
        raise KeyError(f"no table {', '.join(unknown)}; there are {', '.join(tables)}")
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


def plan(request: Request, survey: Survey) -> list[PlannedTable]:
    """What the request would compute as things stand, table by table, what it catches up on first.

    What becomes stale through work that comes before it counts as stale too.
    """
    planned: list[PlannedTable] = []
    touched: dict[str, set[date]] = {}
    first = catch_up(request, survey)
    for part in [first, request] if first else [request]:
        for table in part.tables:
            line = _planned(table, part, survey, touched, is_caught_up=part is first)
            touched.setdefault(table.name, set()).update(line.stale)
            planned.append(line)
    return planned


def _planned(
    table: Table,
    request: Request,
    survey: Survey,
    touched: Mapping[str, set[date]],
    *,
    is_caught_up: bool,
) -> PlannedTable:
    """The table's line of the plan, after the partitions that are touched before it."""
    days = table.partitions_between(request.first, request.last)
    need = needs(
        table,
        days,
        survey,
        bypasses=request.bypasses,
        force=request.force,
        only_stored=request.only_stored,
    )
    stale = dict(need.stale)
    stored = survey.stamps(table.name)
    for read in table.reads:
        changing = DayList(touched.get(read.table, ()))
        for day in days if changing else ():
            is_wanted = day in stored or not request.only_stored
            if is_wanted and day not in stale and changing.first_in(spans(read, day)):
                stale[day] = f"{read.table} would change"
    refused = {
        day: why
        for day, why in need.refused.items()
        if not any(read.table in touched for read in table.reads)
    }
    return PlannedTable(table, len(days), dict(sorted(stale.items())), refused, is_caught_up)


def catch_up(request: Request, survey: Survey) -> Request | None:
    """The stored dates that the request looks back on and that are out of date; never models.

    They are computed before it, so that the daily commands work in whatever order the news came. A
    date that was never stored is not among them: it is refused, with the command that fills it.
    """
    tables = list(survey.tables.values())
    reached = _reached(request, tables)
    days: dict[str, list[date]] = {}
    for name, (first, last) in reached.items():
        is_own = name in {table.name for table in request.tables}
        days[name] = [
            day
            for day in survey.outdated(name)
            if first <= day <= last and not (is_own and request.first <= day <= request.last)
        ]
    moved = _left_dates(request, survey)
    if moved:
        # What read the date that a game has left is wrong too, and so is what looks back on it.
        for table in tables:
            if table.partitions == "daily":
                mine = [day for day in survey.outdated(table.name) if day >= min(moved)]
                days.setdefault(table.name, []).extend(mine)
    every = [day for found in days.values() for day in found]
    if not every:
        return None
    names = {name for name, found in days.items() if found}
    return replace(
        request,
        tables=tuple(table for table in tables if table.name in names),
        first=min(every),
        last=max(every),
        force=False,
        only_stored=True,
    )


def _reached(request: Request, tables: Sequence[Table]) -> dict[str, tuple[date, date]]:
    """Per daily table that the request reads, however indirectly: first and last date read."""
    found: dict[str, tuple[date, date]] = {}
    for table in reversed(tables):
        own = [(request.first, request.last)] if table in request.tables else []
        for first, last in [*own, *([found[table.name]] if table.name in found else [])]:
            for read in table.reads:
                upstream = next(other for other in tables if other.name == read.table)
                if upstream.partitions == "daily":
                    days = [table.partition_of(first), table.partition_of(last)]
                    start, end = read_span(read, days)
                    known = found.get(read.table, (start, end))
                    found[read.table] = min(start, known[0]), max(end, known[1])
    return found


def _left_dates(request: Request, survey: Survey) -> set[date]:
    """The stored dates that hold a key which the sources now have on the request's dates."""
    found: set[date] = set()
    for table in request.tables:
        days = set(table.partitions_between(request.first, request.last))
        others = set(survey.outdated(table.name)) - days
        if table.is_unique_over_all and others:
            seasons = calendar.seasons_of(days)
            for source in table.sources:
                rows = survey.landing.load(source, seasons).rows
                coming = rows[rows.game_date.isin(days)]
                keys = ibis.memtable(coming[list(table.grain)].drop_duplicates())
                stored = survey.warehouse.table(table.name)
                left = stored.filter(stored[table.date_column].isin(list(others)))
                dates = left.semi_join(keys, table.grain)[table.date_column].to_pyarrow()
                found |= set(dates.to_pylist())
    return found


def repairs(tables: Sequence[Table], survey: Survey, *, retrain: bool) -> Request | None:
    """What is affected by what changed; None where nothing is.

    Models are left as they are unless retrain is asked for.
    """
    wanted = tuple(table for table in tables if retrain or table.partitions == "daily")
    affected = [
        day
        for table in wanted
        for day in (*survey.outdated(table.name), *survey.failed(table.name))
    ]
    if not affected:
        return None
    return Request(wanted, min(affected), max(affected), only_stored=True)
