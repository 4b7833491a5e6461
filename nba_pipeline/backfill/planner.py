"""Backfills: which tables and dates are stale, why, and in which runs they are computed.

Tables that share a kind of partition run together, as one Dagster run per group: the daily tables,
the models, and what is predicted with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import uuid4

import ibis

from nba_pipeline.engine import preconditions
from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.engine.inputs import read_span
from nba_pipeline.engine.needs import needs
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.engine.stretches import DayList, spans
from nba_pipeline.errors import WrongRequest
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.league.calendar import Season

RAW = 2
"""The phase of the tables that are as the sources gave them."""
GRADES = "prediction_accuracy"


class UnknownTable(WrongRequest, KeyError):
    """A name that is no table's."""


@dataclass(frozen=True)
class Request:
    """What is wanted: tables in the graph's order, first and last date, and how.

    only_stored names the tables of which no date is computed that was never stored; after deadline no
    table is begun any more.
    """

    tables: tuple[Table, ...]
    first: date
    last: date
    wait: bool = False
    force: bool = False
    only_stored: frozenset[str] = frozenset()
    bypasses: tuple[Bypass, ...] = ()
    deadline: datetime | None = None
    backfill_id: str = field(default_factory=lambda: uuid4().hex[:12])


@dataclass(frozen=True)
class PlannedTable:
    """A table's stale partitions and why each is stale; refused ones cannot be computed yet.

    is_taken_along: only stored dates, since what was asked for reads them or changes them.
    """

    table: Table
    partitions: int
    stale: Mapping[date, str]
    refused: Mapping[date, str]
    is_taken_along: bool = False

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


def to_begin(survey: Survey, day: date) -> Season | None:
    """The date's season where nothing of it is stored and it has begun before the date.

    The date's raw rows alone would make whatever looks back wait for the rest of that season.
    """
    season = calendar.season_of(day)
    daily = (name for name, table in survey.tables.items() if table.partitions == "daily")
    is_begun = any(season.first <= d <= season.last for name in daily for d in survey.stamps(name))
    return None if is_begun or day == season.first else season


def predicting(survey: Survey, day: date) -> list[str]:
    """The tables that the predictions of a date need, and the predictions themselves.

    A model that is there serves on; only a month without one is trained.
    """
    return [
        name
        for name, table in survey.tables.items()
        if (table.partitions == "daily" and name != GRADES)
        or (
            table.is_model
            and not set(table.partitions_between(day, day)) & set(survey.stamps(name))
        )
    ]


def grading(survey: Survey, day: date) -> list[str]:
    """The tables that a date's grades need beside its predictions, the grades, and their sums.

    Where a run ended between the predictions and the book of what was said, that book too.
    """

    def is_left(table: Table) -> bool:
        is_stored = day in survey.stamps(table.name)
        could_be = all(day in survey.stamps(read.table) for read in table.reads)
        return table.appends and could_be and not is_stored

    return [
        name
        for name, table in survey.tables.items()
        if table.phase == RAW
        or GRADES in (name, *(read.table for read in table.reads))
        or is_left(table)
    ]


def groups(tables: Sequence[Table]) -> list[list[Table]]:
    """The tables in the runs that they need: of one kind of partition, and after those they read."""
    level: dict[str, int] = {}
    by_name = {table.name: table for table in tables}
    for table in tables:
        upstream = [by_name[read.table] for read in table.reads if read.table in by_name]
        level[table.name] = max(
            (level[up.name] + (up.partitions != table.partitions) for up in upstream), default=0
        )
    together: dict[tuple[int, str], list[Table]] = {}
    for table in tables:
        together.setdefault((level[table.name], table.partitions), []).append(table)
    return [together[key] for key in sorted(together)]


def plan(request: Request, survey: Survey) -> list[PlannedTable]:
    """What the request would compute as things stand, table by table, and what it takes along.

    What becomes stale through work that comes before it counts as stale too.
    """
    touched: dict[str, set[date]] = {}
    return [line for part in parts(request, survey) for line in lines(part, survey, touched)]


def lines(
    request: Request, survey: Survey, touched: dict[str, set[date]] | None = None
) -> list[PlannedTable]:
    """What exactly the request would compute, without what it takes along.

    Args:
        request: tables and dates.
        survey: what is stored.
        touched: per table, the partitions that work before this would compute; added to.
    """
    touched = {} if touched is None else touched
    planned = []
    for table in request.tables:
        line = _planned(table, request, survey, touched)
        touched.setdefault(table.name, set()).update(line.stale.keys() - line.refused.keys())
        planned.append(line)
    return planned


def stale_in(group: Sequence[Table], request: Request, survey: Survey) -> list[date]:
    """The partitions that a run of these tables of the request has to compute, in order."""
    planned = lines(replace(request, tables=tuple(group)), survey)
    return sorted({day for line in planned for day in line.stale})


def _planned(
    table: Table, request: Request, survey: Survey, touched: Mapping[str, set[date]]
) -> PlannedTable:
    """The table's line of the plan, after the partitions that are touched before it."""
    days = table.partitions_between(request.first, request.last)
    only_stored = table.name in request.only_stored
    need = needs(
        table,
        days,
        survey,
        bypasses=request.bypasses,
        force=request.force,
        only_stored=only_stored,
        coming=touched,
    )
    stale = dict(need.stale)
    stored = survey.stamps(table.name)
    for read in table.reads:
        changing = DayList(touched.get(read.table, ()))
        for day in days if changing else ():
            is_wanted = (day in stored or not only_stored) and not table.is_closed(day)
            if is_wanted and day not in stale and changing.first_in(spans(read, day)):
                stale[day] = f"{read.table} would change"
    allowed = [bypass.name for bypass in request.bypasses]
    more = [day for day in stale if day not in need.stale]
    refused = {**need.refused, **preconditions.refused(table, more, survey, allowed, touched)}
    others = [day for day in days if day in stored and day not in stale]
    behind = survey.first_behind(table, others, stale.keys() - refused.keys())
    stale |= {day: f"{table.name} {first} would change" for day, first in behind.items()}
    refused |= preconditions.refused(table, list(behind), survey, allowed, touched)
    return PlannedTable(table, len(days), dict(sorted(stale.items())), refused, only_stored)


def parts(request: Request, survey: Survey) -> list[Request]:
    """The request and what it takes along, in order; never models that were not asked for.

    Stored dates that it looks back on and that are out of date come first, so that the daily
    commands work in whatever order the news came; those that it reads on its own dates come with
    it. Where a game has come to one of these dates, the date that it has left comes first, and what
    read that date after it. A date that was never stored is taken along where stored ones that are
    out of date are to be made from it, as of a table that is new in the code, and where it was refused
    and what it was refused for is over, as an open game of the night before; of any other, what needs
    it is refused, with the command that fills it.
    """
    own = {table.name for table in request.tables}
    reached = _reached(request, survey)
    inside = {
        name
        for name, days in reached.items()
        if name not in own and any(request.first <= day <= request.last for day in days)
    }
    before = {n: [day for day in days if day < request.first] for n, days in reached.items()}
    left = _left_dates(request, reached, survey)
    # By itself: of other tables the dates between are not meant.
    moved = {name: [*before.pop(name, ()), *days] for name, days in left.items()}
    requests = [_taken_along(moved, request, survey), _taken_along(before, request, survey)]
    names = own | inside
    tables = tuple(table for name, table in survey.tables.items() if name in names)
    requests.append(replace(request, tables=tables, only_stored=request.only_stored | inside))
    if left:
        first = min(day for days in left.values() for day in days)
        daily = [n for n, table in survey.tables.items() if table.partitions == "daily"]
        after = {n: [day for day in survey.stamps(n) if day >= first] for n in daily}
        requests.append(_taken_along(after, request, survey))
    return [part for part in requests if part]


def _taken_along(
    days: Mapping[str, Sequence[date]], request: Request, survey: Survey
) -> Request | None:
    """The request for those stored dates of the tables; None where there are none."""
    every = [day for found in days.values() for day in found]
    if not every:
        return None
    tables = tuple(table for name, table in survey.tables.items() if days.get(name))
    return replace(
        request,
        tables=tables,
        first=min(every),
        last=max(every),
        force=False,
        only_stored=frozenset(table.name for table in tables),
    )


def _reached(request: Request, survey: Survey) -> dict[str, list[date]]:
    """Per daily table that the request reads, however indirectly: its dates to compute.

    Those are the stored ones that are out of date, what such ones are to be made from, and those that
    were refused and would be no longer: of what was begun and failed nothing is known. Nobody has
    missed what is before all that is stored, in another season than what is asked for.
    """
    asked_in = calendar.seasons_of(calendar.season_days(request.first, request.last))
    read_from: dict[str, tuple[date, date]] = {}
    for table in reversed(list(survey.tables.values())):
        own = [(request.first, request.last)] if table in request.tables else []
        for first, last in [*own, *([read_from[table.name]] if table.name in read_from else [])]:
            for read in table.reads:
                if survey.tables[read.table].partitions == "daily":
                    days = [table.partition_of(first), table.partition_of(last)]
                    start, end = read_span(read, days)
                    stretch = read_from.get(read.table, (start, end))
                    read_from[read.table] = min(start, stretch[0]), max(end, stretch[1])
    found: dict[str, set[date]] = {}
    for name, table in survey.tables.items():
        if name in read_from:
            first, last = read_from[name]
            begun = min(survey.stamps(name), default=last)
            waited = {
                day
                for day in survey.refused(name)
                if begun < day or calendar.season_of(day).name in asked_in
            }
            again = preconditions.possible(table, waited, survey, found)
            every = {*survey.outdated(name), *survey.owed(name), *again}
            found[name] = {day for day in every if first <= day <= last}
    return {name: sorted(days) for name, days in found.items()}


def _left_dates(
    request: Request, reached: Mapping[str, Sequence[date]], survey: Survey
) -> dict[str, list[date]]:
    """Per table, the stored dates that hold a key which its source now has on a date to compute.

    A date that is left is computed too, and what has come to it has left another.
    """
    left_dates: dict[str, list[date]] = {}
    for name, table in survey.tables.items():
        if not table.is_unique_over_all:
            continue
        own = table.partitions_between(request.first, request.last)
        computed = {*(own if table in request.tables else ()), *reached.get(name, ())}
        left: set[date] = set()
        while more := _holding(computed | left, table, survey):
            left |= more
        if left:
            left_dates[name] = sorted(left)
    return left_dates


def _holding(days: set[date], table: Table, survey: Survey) -> set[date]:
    """The other stored dates that hold a key which a source of the table now has on the days."""
    others = set(survey.outdated(table.name)) - days
    found: set[date] = set()
    for source in table.sources if others and days else ():
        rows = survey.landing.load(source, sorted(days)).rows
        keys = rows[rows.game_date.isin(days)][list(table.grain)].drop_duplicates()
        stored = survey.warehouse.table(table.name)
        day = stored[table.date_column]
        left = stored.filter(day.isin(list(others))).semi_join(ibis.memtable(keys), table.grain)
        found |= {
            *left.select(table.date_column).distinct()[table.date_column].to_pyarrow().to_pylist()
        }
    return found


def repairs(tables: Sequence[Table], survey: Survey, *, retrain: bool) -> Request | None:
    """What is affected by what changed; None where nothing is.

    Models are left as they are unless retrain is asked for: then all that they serve is affected. A
    date that was never stored, and would be refused again, is not: a backfill has to fill what it
    waits for.
    """
    repaired = tuple(table for table in tables if retrain or not table.is_model)
    affected: dict[str, set[date]] = {}
    for table in repaired:
        stored = survey.stamps(table.name)
        tried = survey.failed(table.name).keys() - stored.keys()
        again = preconditions.possible(table, tried, survey, affected)
        affected[table.name] = {*survey.outdated(table.name), *again}
        for read in table.reads if retrain else ():
            if survey.tables[read.table].is_model and not read.looks_back:
                trained = survey.outdated(read.table)
                affected[table.name] |= {d for d in stored if read.partition(d) in trained}
    days = [day for of_table in affected.values() for day in of_table]
    if not days:
        return None
    only_stored = frozenset(table.name for table in repaired)
    return Request(repaired, min(days), max(days), only_stored=only_stored)
