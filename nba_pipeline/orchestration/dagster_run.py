"""A run in Dagster's books: whether it is to stop, and who stops it."""

import os
import signal

import dagster as dg

CANCEL_REASON_TAG = "nba_pipeline/cancel_reason"
_BACKFILL = "dagster/backfill"
# Runs of the daemon carry the address at which their code server interrupts them.
_ADDRESS = "dagster/grpc_info"
# Values of BulkActionStatus, whose module is slow to import and would be with every command.
_STOPPING = ("CANCELING", "CANCELED")
_STOPPED = (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED)


class LaunchedRun:
    """One run of an instance."""

    def __init__(self, instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
        self._instance = instance
        self._run = run

    def stopped(self) -> str | None:
        """Why the run or its backfill is being canceled, or is; None where it is not."""
        # Asked every second: a count reads no run.
        of_it = dg.RunsFilter(run_ids=[self._run.run_id], statuses=_STOPPED)
        is_stopped = self._instance.get_runs_count(of_it) > 0
        # The daemon comes to a backfill's runs with its next tick only.
        name = self._run.tags.get(_BACKFILL)
        backfill = self._instance.get_backfill(name) if name else None
        if not is_stopped and (backfill is None or backfill.status.value not in _STOPPING):
            return None
        now = self._now()
        tags = {**(backfill.tags or {} if backfill else {}), **(now.tags if now else {})}
        reason = tags.get(CANCEL_REASON_TAG, "")
        return f"stopped in Dagster: {reason}" if reason else "stopped in Dagster"

    def interrupt(self) -> None:
        """Interrupts this process, unless Dagster is at it: a second one would end it at once."""
        now = self._now()
        if now and now.status == dg.DagsterRunStatus.CANCELING and _ADDRESS in now.tags:
            return
        self.book_stopping()
        os.kill(os.getpid(), signal.SIGINT)

    def book_stopping(self) -> None:
        """Announces that the run is interrupted: Dagster books a failure where nobody has."""
        now = self._now()
        if now and now.status == dg.DagsterRunStatus.STARTED:
            self._instance.report_run_canceling(now)

    def bury(self, run_id: str) -> None:
        """Marks a run as failed whose process is gone."""
        bury(self._instance, run_id, f"run {self._run.run_id}")

    def _now(self) -> dg.DagsterRun | None:
        return self._instance.get_run_by_id(self._run.run_id)


def bury(instance: dg.DagsterInstance, run_id: str, who: str) -> None:
    """Marks a run as failed whose process is gone, and whose lease somebody has recovered."""
    dead = instance.get_run_by_id(run_id)
    if dead and not dead.is_finished:
        told = f"Its process is gone; {who} has recovered its lease."
        instance.report_run_failed(dead, told)
