"""Ending a backfill in Dagster's own books: its runs and, where the UI launched it, the backfill."""

from collections.abc import Sequence

import dagster as dg
from dagster._core.execution.backfill import BulkActionStatus


def cancel_runs(instance: dg.DagsterInstance, backfill_id: str, run_ids: Sequence[str]) -> None:
    """Asks Dagster to terminate the runs, and marks its backfill as canceling, if it has them."""
    for run_id in run_ids:
        run = instance.get_run_by_id(run_id)
        if run and not run.is_finished and instance.run_launcher:
            instance.run_coordinator.cancel_run(run_id)
    backfill = instance.get_backfill(backfill_id)
    if backfill and backfill.status == BulkActionStatus.REQUESTED:
        instance.update_backfill(backfill.with_status(BulkActionStatus.CANCELING))
