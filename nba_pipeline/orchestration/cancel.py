"""Ending a backfill in Dagster's own books: its runs and, where the UI launched it, the backfill."""

import dagster as dg
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES, BulkActionStatus
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from nba_pipeline.orchestration.run_tags import BACKFILL_TAG

_NOT_STARTED = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
)


def is_known(instance: dg.DagsterInstance, name: str) -> bool:
    """Whether Dagster has a backfill or run of that id, or a run of a backfill that a sensor named so."""
    has_backfill = instance.get_backfill(name) is not None
    return has_backfill or any(instance.get_runs_count(each) for each in _runs_of(name))


def is_open(instance: dg.DagsterInstance, name: str) -> bool:
    """Whether the backfill of that id, or any such run, is not over by Dagster's books."""
    backfill = instance.get_backfill(name)
    if backfill and backfill.status not in BULK_ACTION_TERMINAL_STATUSES:
        return True
    return any(instance.get_runs_count(each) for each in _runs_of(name, *NOT_FINISHED_STATUSES))


def cancel_runs(instance: dg.DagsterInstance, backfill_id: str) -> None:
    """Marks Dagster's backfill as canceling and takes its runs out of the queue.

    Those that have started see for themselves that they are cancelled.
    """
    backfill = instance.get_backfill(backfill_id)
    if backfill and backfill.status == BulkActionStatus.REQUESTED:
        instance.update_backfill(backfill.with_status(BulkActionStatus.CANCELING))
    queued = {
        run.run_id
        for each in _runs_of(backfill_id, *_NOT_STARTED)
        for run in instance.get_runs(each)
    }
    for run_id in sorted(queued):
        instance.run_coordinator.cancel_run(run_id)


def _runs_of(name: str, *statuses: dg.DagsterRunStatus) -> list[dg.RunsFilter]:
    """What finds the run of that id, and the runs of that backfill."""
    named = [{"dagster/backfill": name}, {BACKFILL_TAG: name}]
    return [
        dg.RunsFilter(run_ids=[name], statuses=statuses),
        *(dg.RunsFilter(tags=tags, statuses=statuses) for tags in named),
    ]
