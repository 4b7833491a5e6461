"""Ending a backfill in Dagster's own books: its runs and, where the UI launched it, the backfill."""

import dagster as dg
from dagster._core.execution.backfill import BulkActionStatus

_NOT_STARTED = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
)


def is_known(instance: dg.DagsterInstance, name: str) -> bool:
    """Whether Dagster has a backfill or run of that id."""
    return instance.get_backfill(name) is not None or instance.get_run_by_id(name) is not None


def cancel_runs(instance: dg.DagsterInstance, backfill_id: str) -> None:
    """Marks Dagster's backfill as canceling and takes its runs out of the queue.

    Those that have started see for themselves that they are cancelled.
    """
    backfill = instance.get_backfill(backfill_id)
    if backfill and backfill.status == BulkActionStatus.REQUESTED:
        instance.update_backfill(backfill.with_status(BulkActionStatus.CANCELING))
    queued = [
        *instance.get_runs(
            dg.RunsFilter(tags={"dagster/backfill": backfill_id}, statuses=list(_NOT_STARTED))
        ),
        *instance.get_runs(dg.RunsFilter(run_ids=[backfill_id], statuses=list(_NOT_STARTED))),
    ]
    for run in queued:
        instance.run_coordinator.cancel_run(run.run_id)
