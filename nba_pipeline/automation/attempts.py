"""How the runs of some work have ended, by Dagster's books, and whether it is tried again."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from nba_pipeline.automation.installation import OpenInstallation
from nba_pipeline.orchestration.asset import RefusedMeanwhile
from nba_pipeline.orchestration.run_tags import BACKFILL_TAG, WORK_TAG

_LONGEST = 200
_PUT_OFF = {"LeaseRefused", "DeadlinePassed"}
# By name: of an error Dagster's books keep no more of its class.
_TRANSIENT = {
    *("LeaseLost", "LostLease", "OperationalError", "InterfaceError", "InternalError"),
    *("CommitFailedError", "MemoryError", "OutOfMemoryException", "OSError", "IOException"),
    # Of a disk that is away for a moment.
    *("FileNotFoundError", "PermissionError"),
    # None is asked for that is seen to be refused, so the reason came later.
    RefusedMeanwhile.__name__,
    # Of connections: Python's own, those of requests and httpx, those of Google's clients.
    *("TimeoutError", "ConnectionError", "ConnectionResetError", "ConnectionRefusedError"),
    *("ConnectionAbortedError", "BrokenPipeError", "SSLError", "ChunkedEncodingError"),
    *("ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout", "ConnectError", "ReadError"),
    *("WriteError", "RemoteProtocolError", "ServiceUnavailable", "TooManyRequests"),
    *("InternalServerError", "BadGateway", "GatewayTimeout", "RetryError", "TransportError"),
    *("Aborted", "DeadlineExceeded", "ResourceExhausted"),
}


@dataclass(frozen=True)
class Ended:
    """How an attempt ended: its status, when (seconds), and the classes and text of its errors.

    Of an error that was raised from one that may pass the classes are that one's.
    has_written: whether it succeeded and has materialized anything; steps are those that failed, each
    with the classes of its own errors.
    """

    run_id: str
    status: dg.DagsterRunStatus
    at: float
    classes: frozenset[str]
    message: str
    has_written: bool
    steps: Mapping[str, frozenset[str]]

    @property
    def is_put_off(self) -> bool:
        """Whether all that was amiss is that another held some of its dates, or tonight came first."""
        return bool(self.classes) and self.classes <= _PUT_OFF

    @property
    def is_transient(self) -> bool:
        """Whether the same may well succeed a little later; so may what died without a word."""
        return may_pass(self.classes)


def may_pass(classes: Collection[str]) -> bool:
    """Whether all errors of these classes may have passed a little later."""
    return set(classes) <= _TRANSIENT | _PUT_OFF


def attempts(identity: str, instance: dg.DagsterInstance) -> list[Ended]:
    """How the runs of this work ended, the first one first."""
    records = instance.get_run_records(dg.RunsFilter(tags={WORK_TAG: identity}))
    return [ended(record, instance) for record in reversed(records)]


def ended(record: dg.RunRecord, instance: dg.DagsterInstance) -> Ended:
    """How a run has ended, by Dagster's books."""
    run = record.dagster_run
    classes: set[str] = set()
    messages: list[str] = []
    steps: dict[str, set[str]] = {}
    if run.status == dg.DagsterRunStatus.FAILURE:
        for entry in instance.all_logs(run.run_id, of_type=set(_FAILURES)):
            data = entry.dagster_event.event_specific_data if entry.dagster_event else None
            error = getattr(data, "error", None)
            of_error: set[str] = set()
            while error is not None:
                of_error.add(str(error.cls_name))
                messages.append(error.message.strip())
                error = error.cause
            of_error = of_error & (_TRANSIENT | _PUT_OFF) or of_error
            # What only wraps the error, and is there for every failure, tells nothing of its kind.
            of_error = {c for c in of_error if not c.startswith("Dagster") and c != "None"}
            classes |= of_error
            if entry.step_key:
                steps.setdefault(entry.step_key, set()).update(of_error)
    last = messages[-1] if messages else ""
    return Ended(
        run_id=run.run_id,
        status=run.status,
        at=record.end_time or 0.0,
        classes=frozenset(classes),
        message=last or "it was interrupted, or died",
        has_written=run.status == dg.DagsterRunStatus.SUCCESS
        and bool(instance.get_records_for_run(run.run_id, of_type=_WRITTEN, limit=1).records),
        steps={step: frozenset(of_step) for step, of_step in steps.items()},
    )


_WRITTEN = dg.DagsterEventType.ASSET_MATERIALIZATION
_FAILURES = (
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RESOURCE_INIT_FAILURE,
)


def verdict(before: Sequence[Ended], home: OpenInstallation, backfill_id: str) -> tuple[str, str]:
    """ask, wait or give up, and why."""
    runs = [attempt.run_id for attempt in before]
    if home.leases.is_cancelled(backfill_id, *runs):
        return "give up", f"{backfill_id} was cancelled"
    if not before or before[-1].is_put_off:
        return "ask", ""
    last = before[-1]
    if last.status == dg.DagsterRunStatus.SUCCESS:
        if last.has_written:
            # The same is to be done again, so it has been undone: a table was put back.
            return "ask", ""
        return "give up", f"{backfill_id} has run and left it as it was"
    if last.status not in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED):
        return "wait", f"{backfill_id} has not ended"
    return _after_failure(before, home, backfill_id)


def _after_failure(
    before: Sequence[Ended], home: OpenInstallation, backfill_id: str
) -> tuple[str, str]:
    """Whether it is tried again: a passing failure is, a few times, with growing pauses."""
    last, pauses = before[-1], home.settings.retry_pauses
    if not last.is_transient:
        return "give up", f"{backfill_id} failed: {last.message[:_LONGEST]}"
    succeeded = [attempt.status == dg.DagsterRunStatus.SUCCESS for attempt in reversed(before)]
    since = before[len(before) - (*succeeded, True).index(True) :]
    failed = sum(not attempt.is_put_off for attempt in since)
    if failed > len(pauses):
        return "give up", f"{backfill_id} failed {failed} times: {last.message[:_LONGEST]}"
    left = last.at + 60 * pauses[failed - 1] - time.time()
    if left > 0:
        return "wait", f"{backfill_id} failed and is tried again in {left:.0f} s"
    return "ask", ""


def pause_after(run_id: str, home: OpenInstallation, instance: dg.DagsterInstance) -> str | None:
    """What the work of a run that failed waits for, where it does.

    Whoever else is for the same partitions waits for as long.
    """
    record = instance.get_run_record_by_id(run_id)
    if record is None:
        return None
    tags = record.dagster_run.tags
    before = attempts(tags[WORK_TAG], instance) if WORK_TAG in tags else [ended(record, instance)]
    says, text = verdict(before, home, tags.get(BACKFILL_TAG, run_id))
    return text if says == "wait" else None
