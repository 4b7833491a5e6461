"""Running a backfill in this process: one Dagster run per group of tables, recorded in the instance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from nba_pipeline.backfill.leases import BackfillCancelled
from nba_pipeline.backfill.planner import Request, catch_up, groups
from nba_pipeline.engine.compute import needs
from nba_pipeline.kernel.table import Table
from nba_pipeline.orchestration.session import (
    BACKFILL_TAG,
    BYPASS_TAG,
    FORCE_TAG,
    ONLY_STORED_TAG,
    REASON_TAG,
    WAIT_TAG,
    RunSession,
)

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


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
    first = catch_up(request, session.survey())
    for part in [first, request] if first else [request]:
        yield from _run_groups(part, job, instance, session)


def _run_groups(
    request: Request, job: dg.JobDefinition, instance: dg.DagsterInstance, session: RunSession
) -> Iterator[Failed]:
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
        ONLY_STORED_TAG: str(request.only_stored).lower(),
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
        need = needs(
            table,
            days,
            session.survey(),
            bypasses=request.bypasses,
            only_stored=request.only_stored,
        )
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
