"""Backfills: which tables and dates are stale, in which order, and running them.

Tables that share a kind of partition run together, as one Dagster run per group: the daily tables,
the models, and what is predicted with them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import uuid4

import dagster as dg

from nba_pipeline.backfill.leases import BackfillCancelled
from nba_pipeline.backfill.session import (
    BACKFILL_TAG,
    BYPASS_TAG,
    FORCE_TAG,
    REASON_TAG,
    WAIT_TAG,
    RunSession,
)
from nba_pipeline.kernel import calendar
from nba_pipeline.kernel.compute import Bypass, needs
from nba_pipeline.kernel.table import Table

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


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


@dataclass(frozen=True)
class Failed:
    """A run that failed: its tables, its dates and the errors' messages.

    It is interrupted where it was stopped from outside, by a key or by who cancelled it.
    """

    tables: tuple[str, ...]
    first: date
    last: date
    errors: tuple[str, ...]
    is_interrupted: bool


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


def plan(session: RunSession, request: Request) -> list[PlannedTable]:
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
            session.warehouse,
            session.landing,
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


def repairs(session: RunSession, tables: Sequence[Table], *, retrain: bool) -> list[Request]:
    """What is affected by what changed: a request per stretch of stored dates that has any.

    Models are left as they are unless retrain is asked for.
    """
    wanted = tuple(table for table in tables if retrain or table.partitions == "daily")
    roots = [table for table in tables if not table.reads]
    stored = {day for table in roots for day in session.warehouse.stamps(table.name)}
    if not stored:
        return []
    every = calendar.season_days(min(stored), max(stored))
    found = []
    for part in _stretches(every, stored):
        planned = plan(session, Request(wanted, part[0], part[-1]))
        stale = [day for line in planned for day in line.stale]
        if stale:
            # A month's model is due from the month's first day that is stored.
            first = max(min(stale), part[0])
            found.append(Request(wanted, first, max(*stale, first)))
    return found


def run(
    request: Request, job: dg.JobDefinition, instance: dg.DagsterInstance, session: RunSession
) -> Iterator[Failed]:
    """Runs the request group by group and yields what failed; what can go on goes on.

    A table whose dates are refused in part is left at what could be written; the tables after it
    run for the dates that are left.

    Args:
        request: what is wanted.
        job: the job of all assets.
        instance: where the runs are recorded.
        session: to look at what is left to do.

    Raises:
        BackfillCancelled: it was, from here or elsewhere; no further run is started.
    """
    for group in groups(request.tables):
        work = [(group, group[0].partitions_between(request.first, request.last))]
        while work:
            tables, days = work.pop(0)
            failed = _run_once(tables, days, request, job, instance)
            if failed and failed.is_interrupted:
                session.leases.cancel(request.backfill_id, reason="interrupted")
            if session.leases.is_cancelled(request.backfill_id):
                raise BackfillCancelled(f"backfill {request.backfill_id} was cancelled")
            if failed:
                yield failed
                work += _left(tables, days, request, session)


def _run_once(
    tables: Sequence[Table],
    days: Sequence[date],
    request: Request,
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
) -> Failed | None:
    names = [table.name for table in tables]
    tags = {
        "dagster/asset_partition_range_start": min(days).isoformat(),
        "dagster/asset_partition_range_end": max(days).isoformat(),
        BACKFILL_TAG: request.backfill_id,
        WAIT_TAG: str(request.wait).lower(),
        FORCE_TAG: str(request.force).lower(),
    }
    if request.bypasses:
        tags[BYPASS_TAG] = ",".join(bypass.name for bypass in request.bypasses)
        tags[REASON_TAG] = request.bypasses[0].reason
    result = job.execute_in_process(
        asset_selection=[dg.AssetKey(name) for name in names],
        instance=instance,
        tags=tags,
        run_config=_QUIET,
        raise_on_error=False,
    )
    if result.success:
        return None
    run = instance.get_run_by_id(result.run_id)
    is_interrupted = run is not None and run.status == dg.DagsterRunStatus.CANCELED
    return Failed(tuple(names), min(days), max(days), tuple(_errors(result)), is_interrupted)


def _errors(result: dg.ExecuteInProcessResult) -> list[str]:
    """The messages of what failed, each once."""
    messages: list[str] = []
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None)
        if error is None:
            continue
        # Dagster wraps what was raised; what that was raised from names no file and no row.
        while error.cause and error.cls_name and error.cls_name.startswith("Dagster"):
            error = error.cause
        message = error.message.strip()
        if error.cls_name == dg.Failure.__name__:
            message = message.partition(": ")[2]
        # Dagster tells of a step's failure again as the run's.
        if not any(message in known for known in messages):
            messages.append(message)
    return messages


def _left(
    tables: Sequence[Table], days: Sequence[date], request: Request, session: RunSession
) -> list[tuple[list[Table], list[date]]]:
    """The tables and stretches of dates that can go on after a run failed.

    Nothing can where an error is to blame, or where every date was refused.
    """
    for place, table in enumerate(tables):
        need = needs(table, days, session.warehouse, session.landing, bypasses=request.bypasses)
        if set(need.stale) != set(need.refused):
            return []
        if need.stale:
            allowed = set(days) - set(need.refused)
            return [(list(tables[place:]), part) for part in _stretches(days, allowed)]
    return []


def _stretches(days: Sequence[date], wanted: set[date]) -> list[list[date]]:
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
