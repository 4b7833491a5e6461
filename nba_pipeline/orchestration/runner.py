"""Running a backfill in this process: one Dagster run per group of tables, recorded in the instance."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.execution.api import execute_run
from dagster._core.execution.job_execution_result import JobExecutionResult
from dagster._utils.interrupts import capture_interrupts

from nba_pipeline.backfill.leases import BackfillCancelled, LeaseRefused, Leases
from nba_pipeline.backfill.planner import Request, groups, lines, parts, stale_in
from nba_pipeline.engine.parse_ahead import parse_ahead
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.table import Table
from nba_pipeline.orchestration import interrupts
from nba_pipeline.orchestration.dagster_run import bury
from nba_pipeline.orchestration.run_tags import (
    BACKFILL_TAG,
    BYPASS_TAG,
    DEADLINE_TAG,
    FORCE_TAG,
    ONLY_STORED_TAG,
    REASON_TAG,
    WAIT_TAG,
)
from nba_pipeline.orchestration.session import RunSession, claims

Reached = tuple[Sequence[Table], list[date], frozenset[str]]
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Failed:
    """A run that failed: its tables, its dates and the errors' messages.

    It is interrupted where it was stopped from outside, by who cancelled it.
    """

    tables: tuple[str, ...]
    first: date
    last: date
    errors: tuple[str, ...]
    is_interrupted: bool
    is_refused_lease: bool


def run(
    request: Request,
    session: RunSession,
    job: Callable[[], dg.JobDefinition],
    instance: Callable[[], dg.DagsterInstance],
    survey: Survey | None = None,
    say: Callable[[str], None] | None = None,
) -> Iterator[Failed]:
    """Runs the request group by group and yields what failed; what can go on goes on.

    A group runs over the stretch from its first to its last stale date, and not at all where it has
    none.

    What all runs may write is reserved before the first begins, so that nobody gets in between.

    Args:
        request: what is wanted.
        session: to look at what is left to do.
        job: gives the job of all assets; called when there is something to do.
        instance: gives where the runs are recorded; the same.
        survey: what the request was made after, if it was only just looked at.
        say: is told whom the request waits for.

    Raises:
        BackfillCancelled: it was, from here or elsewhere, or SIGINT or SIGTERM came; no further run
            is started.
        LeaseRefused: another holds some of its dates; no run is started.
        LeaseLost: what was reserved has been lost between two runs; no further run is started.
    """
    with interrupts.watched():
        try:
            yield from _runs(request, session, job, instance, survey, say)
        except (Exception, KeyboardInterrupt, DagsterExecutionInterruptedError):
            # An interrupted look at what is left may end in any error.
            if not interrupts.have_come():
                raise
        if interrupts.have_come():
            raise _interrupted(request.backfill_id, session.leases)


def _interrupted(backfill_id: str, leases: Leases) -> BackfillCancelled:
    """What an interrupted backfill ends with; it is cancelled, unless that is what interrupted it."""
    if leases.is_cancelled(backfill_id):
        return BackfillCancelled(f"backfill {backfill_id} was cancelled")
    leases.cancel(backfill_id, reason="interrupted", is_known=True)
    return BackfillCancelled(
        f"backfill {backfill_id} was interrupted; the same command does the rest"
    )


def _runs(
    request: Request,
    session: RunSession,
    job: Callable[[], dg.JobDefinition],
    instance: Callable[[], dg.DagsterInstance],
    survey: Survey | None,
    say: Callable[[str], None] | None,
) -> Iterator[Failed]:
    """The runs one after the other, within what is reserved for all of them."""
    survey = survey or session.survey()
    parse_ahead(survey.landing, request.tables, request.first, request.last)
    backfill_id = request.backfill_id
    with _reserved(request, session, instance, survey, say) as (together, seen, verify):
        survey = seen
        for part, group in together:
            days = stale_in(group, part, survey)
            if not days:
                continue
            verify()
            with session.shared(), capture_interrupts():
                # Who is found in the way of what was not foreseen came later: nobody waits for him.
                failed = _run_once(group, days, replace(part, wait=False), job(), instance())
            if interrupts.have_come():
                return
            # A run has changed what is stored; under its lease it has looked anew itself.
            survey = session.survey()
            if failed and failed.is_interrupted:
                session.leases.cancel(backfill_id, reason="interrupted")
            if session.leases.is_cancelled(backfill_id):
                raise BackfillCancelled(f"backfill {backfill_id} was cancelled")
            if failed:
                yield failed
            if failed and failed.is_refused_lease:
                return


@contextmanager
def _reserved(
    request: Request,
    session: RunSession,
    instance: Callable[[], dg.DagsterInstance],
    survey: Survey,
    say: Callable[[str], None] | None,
) -> Iterator[tuple[Sequence[tuple[Request, Sequence[Table]]], Survey, Callable[[], None]]]:
    """The runs that the request comes to, none where nothing is to be done, with all that they write.

    Whoever was waited for has written: what it comes to then is reserved, if that is more.
    """
    backfill_id, wait = request.backfill_id, request.wait

    def found_dead(run_id: str) -> None:
        bury(instance(), run_id, f"backfill {backfill_id}")

    with ExitStack() as held:
        while reached := _reached(together := _together(request, survey), survey):
            reserving = session.reservation(
                backfill_id, reached, wait=wait, say=say, bury=found_dead
            )
            verify = held.enter_context(reserving)
            if wait:
                survey = session.survey()
                together = _together(request, survey)
            if not wait or _covers(reached, _reached(together, survey)):
                yield together, survey, verify
                return
            held.close()
        yield [], survey, lambda: None


def _together(request: Request, survey: Survey) -> list[tuple[Request, Sequence[Table]]]:
    """The request and what it takes along, in the runs that it comes to."""
    return [(part, group) for part in parts(request, survey) for group in groups(part.tables)]


def _covers(reserved: Sequence[Reached], reached: Sequence[Reached]) -> bool:
    """Whether all that runs may come to write is reserved."""
    kept = [claim for tables, days, _ in reserved for claim in claims(tables, days)[0]]
    return all(
        any(c.table == own.table and c.first <= own.first and own.last <= c.last for c in kept)
        for tables, days, _ in reached
        for own in claims(tables, days)[0]
    )


def _reached(together: Sequence[tuple[Request, Sequence[Table]]], survey: Survey) -> list[Reached]:
    """Tables and dates that each run may come to write, after what those before it may change.

    And of which of the tables only stored dates.
    """
    touched: dict[str, set[date]] = {}
    reached = []
    for part, group in together:
        planned = lines(replace(part, tables=tuple(group)), survey, touched)
        if days := sorted({day for line in planned for day in line.stale}):
            reached.append((group, days, part.only_stored))
    return reached


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
    errors, is_refused = _errors(result), _is_refused_lease(result)
    if is_refused:
        errors.append("nothing after that was begun; the same command does the rest")
    return Failed(tuple(names), min(days), max(days), tuple(errors), is_interrupted, is_refused)


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
    if request.deadline:
        tags[DEADLINE_TAG] = request.deadline.isoformat()
    if request.bypasses:
        tags[BYPASS_TAG] = ",".join(bypass.name for bypass in request.bypasses)
        tags[REASON_TAG] = request.bypasses[0].reason
    return tags


def _is_refused_lease(result: JobExecutionResult) -> bool:
    """Whether another held some of the run's dates."""
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None)
        while error is not None:
            if error.cls_name == LeaseRefused.__name__:
                return True
            error = error.cause
    return False


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
