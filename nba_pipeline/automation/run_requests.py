"""Whether work is asked for now: nobody is at it, nobody cancelled it, and it has not failed for good.

Dagster keeps the books: a run carries the identity of its work, and a request the attempt before it,
so that neither a restart nor two who look at once ask for the same twice.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import dagster as dg

from nba_pipeline.automation.dead_runs import TAKING_LEASE_SECONDS, book_dead_runs
from nba_pipeline.automation.installation import OpenInstallation
from nba_pipeline.automation.priority import is_correction
from nba_pipeline.automation.work import Work
from nba_pipeline.backfill.lease_rows import Claim
from nba_pipeline.backfill.planner import Request
from nba_pipeline.errors import WrongRequest
from nba_pipeline.kernel.table import Table
from nba_pipeline.orchestration.asset import RefusedMeanwhile
from nba_pipeline.orchestration.run_tags import WORK_TAG, days_of
from nba_pipeline.orchestration.runner import tags_of
from nba_pipeline.orchestration.session import claims

ASSET_JOB = "__ASSET_JOB"
"""Dagster's job of all assets; a job of one's own may hold one kind of partition only."""
PRIORITY_TAG = "dagster/priority"
_QUEUED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
]
_STARTED = [dg.DagsterRunStatus.STARTED]
_SUBMITTING_SECONDS = 60
_SHOWN = 3
_LONGEST = 200
_PUT_OFF = {"LeaseRefused", "DeadlinePassed"}
# By name: of an error Dagster's books keep no more of its class.
_TRANSIENT = {
    *("LeaseLost", "LostLease", "OperationalError", "InterfaceError", "InternalError"),
    *("CommitFailedError", "MemoryError", "OutOfMemoryException", "OSError", "IOException"),
    # None is asked for that is seen to be refused, so the reason came later.
    RefusedMeanwhile.__name__,
    # Of connections: Python's own, those of requests and httpx, those of Google's clients.
    *("TimeoutError", "ConnectionError", "ConnectionResetError", "ConnectionRefusedError"),
    *("ConnectionAbortedError", "BrokenPipeError", "SSLError", "ChunkedEncodingError"),
    *("ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout", "ConnectError", "ReadError"),
    *("WriteError", "RemoteProtocolError", "ServiceUnavailable", "TooManyRequests"),
    *("InternalServerError", "BadGateway", "GatewayTimeout", "RetryError", "TransportError"),
}
_just_asked: dict[str, tuple[float, list[Claim]]] = {}


@dataclass(frozen=True)
class Decision:
    """What is asked for, why the rest waits, and what is given up until its inputs change."""

    asked: tuple[dg.RunRequest, ...] = ()
    waiting: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """The decision in a sentence."""
        parts = [*self.waiting, *self.given_up]
        return "; ".join(parts[:_SHOWN]) or "nothing to do"


@dataclass(frozen=True)
class Ended:
    """How an attempt ended: its status, when (seconds), and the classes and text of its errors.

    Of an error that was raised from one that may pass the classes are that one's.
    has_written: whether it succeeded and has materialized anything; steps are those that failed.
    """

    run_id: str
    status: dg.DagsterRunStatus
    at: float
    classes: frozenset[str]
    message: str
    has_written: bool
    steps: frozenset[str]

    @property
    def is_put_off(self) -> bool:
        """Whether all that was amiss is that another held some of its dates, or tonight came first."""
        return bool(self.classes) and self.classes <= _PUT_OFF

    @property
    def is_transient(self) -> bool:
        """Whether the same may well succeed a little later; so may what died without a word."""
        return self.classes <= _TRANSIENT | _PUT_OFF


def decide(
    works: Sequence[Work],
    name: str,
    home: OpenInstallation,
    instance: dg.DagsterInstance,
    *,
    priority: int = 0,
    deadline: datetime | None = None,
) -> Decision:
    """Which of the works are asked for.

    Args:
        works: runs that can be done now.
        name: who asks, for the backfills' names.
        home: the installation.
        instance: whose books are looked at.
        priority: among the runs that wait in Dagster's queue; the highest begins first.
        deadline: when corrections begin no further table.
    """
    book_dead_runs(home, instance)
    asked: list[dg.RunRequest] = []
    waiting: list[str] = []
    given_up: list[str] = []
    for work in works:
        own, read = claims(work.request.tables, work.days)
        if holder := _in_the_way([*own, *read], work.identity, home, instance):
            waiting.append(f"waiting for {holder}")
            continue
        backfill_id = f"{name}-{work.identity}"
        attempts = _attempts(work.identity, instance)
        verdict, text = _verdict(attempts, home, backfill_id)
        if verdict == "wait":
            waiting.append(text)
        elif verdict == "give up":
            given_up.append(text)
        else:
            by = deadline if is_correction(work) else None
            request = replace(work.request, backfill_id=backfill_id, deadline=by)
            last = attempts[-1].run_id if attempts else "first"
            asked.append(_request(request, work, last, priority))
            _just_asked[work.identity] = (time.monotonic(), own)
    return Decision(tuple(asked), tuple(waiting), tuple(given_up))


def _request(request: Request, work: Work, last: str, priority: int) -> dg.RunRequest:
    """The request, under a key that the attempt after the last one alone has, whoever deletes runs."""
    tables = request.tables
    return dg.RunRequest(
        run_key=f"{work.identity}:{last}",
        asset_selection=[dg.AssetKey(table.name) for table in tables],
        tags={
            **tags_of(request, tables, work.days),
            WORK_TAG: work.identity,
            PRIORITY_TAG: str(priority),
        },
    )


# --- who else is at it


def _in_the_way(
    wanted: Sequence[Claim], identity: str, home: OpenInstallation, instance: dg.DagsterInstance
) -> str | None:
    """Who writes what the work writes or reads, or is about to; None where nobody is."""
    for lease in home.leases.living():
        if _overlaps(wanted, lease.claims):
            return f"run {lease.run_id} ({lease.purpose})"
    since = time.time() - TAKING_LEASE_SECONDS
    records = instance.get_run_records(dg.RunsFilter(statuses=[*_QUEUED, *_STARTED]))
    for record in records:
        run = record.dagster_run
        is_old = run.status in _STARTED and (record.start_time or 0) < since
        if not is_old and _overlaps(wanted, claims_of(run, home.tables)):
            return f"run {run.run_id}"
    for other, (when, theirs) in list(_just_asked.items()):
        is_long_ago = time.monotonic() - when > _SUBMITTING_SECONDS
        if is_long_ago or instance.get_runs(dg.RunsFilter(tags={WORK_TAG: other}), limit=1):
            del _just_asked[other]
        elif other != identity and _overlaps(wanted, theirs):
            return "a run that was just asked for"
    return None


def claims_of(run: dg.DagsterRun, declared: Mapping[str, Table]) -> Sequence[Claim]:
    """What a run writes; nothing of one that asks for what makes no sense, since it fails before."""
    keys = run.asset_selection or ()
    names = {key.to_user_string() for key in keys}
    tables = [table for name, table in declared.items() if name in names]
    try:
        return claims(tables, days_of(run))[0] if tables else ()
    except WrongRequest:
        return ()


def _overlaps(wanted: Sequence[Claim], theirs: Sequence[Claim]) -> bool:
    return any(
        mine.table == other.table and mine.first <= other.last and other.first <= mine.last
        for mine in wanted
        for other in theirs
    )


# --- what became of it before


def _attempts(identity: str, instance: dg.DagsterInstance) -> list[Ended]:
    """How the runs of this work ended, the first one first."""
    records = instance.get_run_records(dg.RunsFilter(tags={WORK_TAG: identity}))
    return [ended(record, instance) for record in reversed(records)]


def ended(record: dg.RunRecord, instance: dg.DagsterInstance) -> Ended:
    """How a run has ended, by Dagster's books."""
    run = record.dagster_run
    classes: set[str] = set()
    messages: list[str] = []
    steps: set[str] = set()
    if run.status == dg.DagsterRunStatus.FAILURE:
        for entry in instance.all_logs(run.run_id, of_type=set(_FAILURES)):
            steps |= {entry.step_key} if entry.step_key else set()
            data = entry.dagster_event.event_specific_data if entry.dagster_event else None
            error = getattr(data, "error", None)
            of_error: set[str] = set()
            while error is not None:
                of_error.add(str(error.cls_name))
                messages.append(error.message.strip())
                error = error.cause
            classes |= of_error & (_TRANSIENT | _PUT_OFF) or of_error
    # What only wraps the error, and is there for every failure, tells nothing of its kind.
    wraps = {c for c in classes if c.startswith("Dagster") or c == "None"}
    last = messages[-1] if messages else ""
    return Ended(
        run_id=run.run_id,
        status=run.status,
        at=record.end_time or 0.0,
        classes=frozenset(classes - wraps),
        message=last or "it was interrupted, or died",
        has_written=run.status == dg.DagsterRunStatus.SUCCESS
        and bool(instance.get_records_for_run(run.run_id, of_type=_WRITTEN, limit=1).records),
        steps=frozenset(steps),
    )


_WRITTEN = dg.DagsterEventType.ASSET_MATERIALIZATION
_FAILURES = (
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RESOURCE_INIT_FAILURE,
)


def _verdict(
    attempts: Sequence[Ended], home: OpenInstallation, backfill_id: str
) -> tuple[str, str]:
    """ask, wait or give up, and why."""
    runs = [attempt.run_id for attempt in attempts]
    if home.leases.is_cancelled(backfill_id, *runs):
        return "give up", f"{backfill_id} was cancelled"
    if not attempts or attempts[-1].is_put_off:
        return "ask", ""
    last = attempts[-1]
    if last.status == dg.DagsterRunStatus.SUCCESS:
        if last.has_written:
            # The same is to be done again, so it has been undone: a table was put back.
            return "ask", ""
        return "give up", f"{backfill_id} has run and left it as it was"
    if last.status not in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED):
        return "wait", f"{backfill_id} has not ended"
    return _after_failure(attempts, home, backfill_id)


def _after_failure(
    attempts: Sequence[Ended], home: OpenInstallation, backfill_id: str
) -> tuple[str, str]:
    """Whether it is tried again: a passing failure is, a few times, with growing pauses."""
    last, pauses = attempts[-1], home.settings.retry_pauses
    if not last.is_transient:
        return "give up", f"{backfill_id} failed: {last.message[:_LONGEST]}"
    succeeded = [attempt.status == dg.DagsterRunStatus.SUCCESS for attempt in reversed(attempts)]
    since = attempts[len(attempts) - (*succeeded, True).index(True) :]
    failed = sum(not attempt.is_put_off for attempt in since)
    if failed > len(pauses):
        return "give up", f"{backfill_id} failed {failed} times: {last.message[:_LONGEST]}"
    left = last.at + 60 * pauses[failed - 1] - time.time()
    if left > 0:
        return "wait", f"{backfill_id} failed and is tried again in {left:.0f} s"
    return "ask", ""
