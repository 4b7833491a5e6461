"""Running a backfill in this process: one Dagster run per group of tables, recorded in the instance."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from dagster._core.execution.job_execution_result import JobExecutionResult

from nba_pipeline.backfill.leases import BackfillCancelled
from nba_pipeline.backfill.planner import Request, groups, parts, stale_in
from nba_pipeline.engine.staleness import Survey
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
    request: Request,
    session: RunSession,
    job: Callable[[], dg.JobDefinition],
    instance: Callable[[], dg.DagsterInstance],
    survey: Survey | None = None,
) -> Iterator[Failed]:
    """Runs the request group by group and yields what failed; what can go on goes on.

    A group runs over the stretch from its first to its last stale date, and not at all where it has
    none.

    Args:
        request: what is wanted.
        session: to look at what is left to do.
        job: gives the job of all assets; called when there is something to do.
        instance: gives where the runs are recorded; the same.
        survey: what the request was made after, if it was only just looked at.

    Raises:
        BackfillCancelled: it was, from here or elsewhere; no further run is started.
    """
    survey = survey or session.survey()
    together = [(part, group) for part in parts(request, survey) for group in groups(part.tables)]
    for part, group in together:
        days = stale_in(group, part, survey)
        if not days:
            continue
        with session.shared():
            failed = _run_once(group, days, part, job(), instance())
        # A run has changed what is stored; under its lease it has looked anew itself.
        survey = session.survey()
        if failed and failed.is_interrupted:
            session.leases.cancel(request.backfill_id, reason="interrupted")
        if session.leases.is_cancelled(request.backfill_id):
            raise BackfillCancelled(f"backfill {request.backfill_id} was cancelled")
        if failed:
            yield failed


def _run_once(
    tables: Sequence[Table],
    days: Sequence[date],
    request: Request,
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
) -> Failed | None:
    names = [table.name for table in tables]
    # Not job.execute_in_process, which runs with an executor of its own.
    run = instance.create_run_for_job(
        job,
        run_config=_QUIET,
        tags=tags_of(request, tables, days),
        asset_selection=frozenset(dg.AssetKey(name) for name in names),
    )
    result = execute_run(InMemoryJob(job), run, instance)
    if result.success:
        return None
    ended = instance.get_run_by_id(result.run_id)
    is_interrupted = ended is not None and ended.status == dg.DagsterRunStatus.CANCELED
    return Failed(tuple(names), min(days), max(days), tuple(_errors(result)), is_interrupted)


def tags_of(request: Request, tables: Sequence[Table], days: Sequence[date]) -> dict[str, str]:
    """The tags by which a run of these tables over these days carries out the request."""
    names = [table.name for table in tables]
    tags = {
        "dagster/asset_partition_range_start": min(days).isoformat(),
        "dagster/asset_partition_range_end": max(days).isoformat(),
        BACKFILL_TAG: request.backfill_id,
        WAIT_TAG: str(request.wait).lower(),
        FORCE_TAG: str(request.force).lower(),
        ONLY_STORED_TAG: ",".join(name for name in names if name in request.only_stored),
    }
    if request.bypasses:
        tags[BYPASS_TAG] = ",".join(bypass.name for bypass in request.bypasses)
        tags[REASON_TAG] = request.bypasses[0].reason
    return tags


def _errors(result: JobExecutionResult) -> list[str]:
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
        if error.cls_name == dg.Failure.__name__ or message.startswith("nba_pipeline."):
            message = message.partition(": ")[2]
        # Dagster tells of a step's failure again as the run's.
        if not any(message in known for known in messages):
            messages.append(message)
    return messages
