"""Runs that Dagster takes for running although their process is gone: killed with it, nothing says so.

Each would hold one of the places for runs at once, and whoever waits for it would wait for ever.
"""

import time

import dagster as dg

from nba_pipeline.automation.installation import OpenInstallation
from nba_pipeline.orchestration.run_tags import BACKFILL_TAG, WORK_TAG

TAKING_LEASE_SECONDS = 60
"""So long a run that has started may be without the lease that it is about to take."""


def book_dead_runs(home: OpenInstallation, instance: dg.DagsterInstance) -> None:
    """Books as failed the runs whose process is gone, and those that were asked for and took no lease.

    Of a run that somebody else has started nothing is known before it has asked for a lease. One that
    was made and neither queued nor started is its maker's, who holds the lease of its backfill.
    """
    made = dg.RunsFilter(statuses=[dg.DagsterRunStatus.NOT_STARTED])
    for record in instance.get_run_records(made):
        run = record.dagster_run
        ids = (run.run_id, run.tags.get(BACKFILL_TAG, run.run_id))
        is_young = time.time() - record.create_timestamp.timestamp() < TAKING_LEASE_SECONDS
        if not is_young and all(home.leases.is_gone(each) is not False for each in ids):
            instance.report_run_failed(run, "Its process is gone.")
    started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    for record in instance.get_run_records(started):
        run = record.dagster_run
        if time.time() - (record.start_time or 0) < TAKING_LEASE_SECONDS:
            continue
        is_gone = home.leases.is_gone(run.run_id)
        if is_gone or (is_gone is None and WORK_TAG in run.tags):
            instance.report_run_failed(run, "Its process is gone.")
