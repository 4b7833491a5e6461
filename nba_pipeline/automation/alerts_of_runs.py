"""What there is to tell of runs and backfills: that they failed, stall, were stopped or have ended."""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from nba_pipeline.automation.alert import P0, P1, P2, Alert, some
from nba_pipeline.automation.attempts import Ended, ended
from nba_pipeline.automation.on_call import Installation
from nba_pipeline.backfill import audit
from nba_pipeline.backfill.audit import AuditLine
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.errors import WrongRequest
from nba_pipeline.orchestration.run_tags import BACKFILL_TAG, days_of
from nba_pipeline.quality.predictions import PREDICTIONS
from nba_pipeline.thresholds import STALLED_SECONDS

_LINES = 500
_LONGEST = 300
_DAY = 24 * 3600
"""Seconds, by the clock of Dagster's books, within which what has ended is told."""


def of_runs(
    home: Installation, instance: dg.DagsterInstance, survey: Survey, now: datetime
) -> Iterator[Alert]:
    """Every alert of a run or backfill.

    Args:
        home: the installation.
        instance: Dagster's books on its runs.
        survey: what is stored.
        now: the time, US Eastern.
    """
    yield from _from_audit(audit.read(home.engine, _LINES), now)
    yield from _failed_runs(instance, survey, now)
    yield from _stalled(home)
    yield from _finished(home, instance, now)


_OF_ACTION = {
    "recovered": (P2, "lease recovered"),
    "cancelled": (P2, "backfill cancelled"),
}


def _from_audit(lines: Iterable[AuditLine], now: datetime) -> Iterator[Alert]:
    """Leases that were recovered, backfills that were cancelled: of the last day."""
    for line in lines:
        if line.action in _OF_ACTION and now - line.at < timedelta(days=1):
            severity, kind = _OF_ACTION[line.action]
            yield Alert(
                severity,
                kind,
                f"{line.action}:{line.run_id or line.backfill_id}:{line.at.isoformat()}",
                f"{line.backfill_id or line.run_id}: {line.detail.get('reason')} (by {line.actor})",
                "nba-pipeline audit",
                has_happened=True,
            )


def _failed_runs(instance: dg.DagsterInstance, survey: Survey, now: datetime) -> Iterator[Alert]:
    """Runs of the last day that failed, or died; they are told where no partition tells of it.

    What was put off is no failure.
    """
    wanted = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE],
        updated_after=datetime.fromtimestamp(time.time() - _DAY, UTC),
    )
    for record in instance.get_run_records(wanted, limit=_LINES):
        run, how = record.dagster_run, ended(record, instance)
        if how.is_put_off:
            continue
        days = _days(run)
        is_told = bool(how.steps) and all(_is_told(step, days, how, survey) for step in how.steps)
        names = sorted(key.to_user_string() for key in run.asset_selection or ())
        span = " to ".join(dict.fromkeys(str(day) for day in [*days[:1], *days[-1:]]))
        is_tonight = PREDICTIONS in names and now.date() in days
        yield Alert(
            P0 if is_tonight else P1,
            "run failed",
            f"run:{run.run_id}",
            f"run {run.run_id} of {some(names)} {span}: {how.message[:_LONGEST]}",
            f"nba-pipeline progress {run.tags.get(BACKFILL_TAG, run.run_id)}",
            has_happened=True,
            is_told=is_told,
        )


def _days(run: dg.DagsterRun) -> list[date]:
    """The run's partitions; none where its tags name none."""
    try:
        return days_of(run)
    except (WrongRequest, ValueError):
        return []


def _is_told(step: str, days: Sequence[date], how: Ended, survey: Survey) -> bool:
    """Whether the failed step is a table of which a partition of the days tells, or was made since.

    What is made since then was failed until then.
    """
    if step not in survey.tables or not days:
        return False
    wanted = survey.tables[step].partitions_of(days)
    failed, stamps = survey.failed(step), survey.stamps(step)
    ended_at = datetime.fromtimestamp(how.at, UTC)
    return any(
        day in failed or (day in stamps and stamps[day].written_at > ended_at) for day in wanted
    )


def _stalled(home: Installation) -> Iterator[Alert]:
    """Runs of which a table takes far longer than it ever did."""
    progress = Progress(home.engine)
    for lease in home.leases.living():
        for step in progress.steps(lease.backfill_id):
            late = step.seconds - 2 * step.expected_seconds
            is_running = step.state == "running" and step.run_id == lease.run_id
            if is_running and late > STALLED_SECONDS.value:
                yield Alert(
                    P1,
                    "backfill stalled",
                    f"stalled:{lease.run_id}:{step.table}",
                    f"{lease.backfill_id}: {step.table} ({step.dates} partitions) takes "
                    f"{step.seconds:.0f} s, expected {step.expected_seconds:.0f} s",
                    f"nba-pipeline progress {lease.backfill_id}",
                )


def _finished(home: Installation, instance: dg.DagsterInstance, now: datetime) -> Iterator[Alert]:
    """Backfills that people gave, and that have come to their end within the last day."""
    progress = Progress(home.engine)
    at_work = {lease.backfill_id for lease in home.leases.living()}
    at_an_end = progress.at_an_end_since(now - timedelta(days=1))
    for name in audit.given(home.engine, at_an_end):
        steps = progress.steps(name)
        if steps and name not in at_work:
            failed = sum(step.state == audit.FAILED for step in steps)
            left = sum(step.state not in ("done", audit.FAILED) for step in steps)
            yield Alert(
                P2,
                "backfill finished",
                f"finished:{name}",
                f"{name}: {len(steps)} tables in {sum(step.seconds for step in steps):.0f} s, "
                f"{failed} failed{f', {left} not done' if left else ''}",
                f"nba-pipeline diff {name}",
                has_happened=True,
            )
    for backfill in instance.get_backfills(limit=_LINES):
        ended_at = backfill.backfill_end_timestamp
        if ended_at and time.time() - ended_at < _DAY:
            yield Alert(
                P2,
                "backfill finished",
                f"finished:{backfill.backfill_id}",
                f"{backfill.backfill_id}, given in the UI: {backfill.status.value.lower()}",
                f"nba-pipeline diff {backfill.backfill_id}",
                has_happened=True,
            )
