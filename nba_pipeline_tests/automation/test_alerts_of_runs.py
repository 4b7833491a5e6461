"""What is told of runs, backfills and leases."""

import time as real_time
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import dagster as dg
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from nba_pipeline import clock
from nba_pipeline.automation.alert import P0, Alert
from nba_pipeline.automation.alerts import alerts
from nba_pipeline.automation.alerts_of_runs import _is_told
from nba_pipeline.backfill import audit
from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.coordination.database import begin
from nba_pipeline.orchestration.run_tags import RANGE_TAGS
from nba_pipeline.orchestration.session import DeadlinePassed
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import STALLED_SECONDS
from nba_pipeline.warehouse.protocol import OlderCode
from nba_pipeline_tests.automation.first_day import PREDICTIONS, TODAY, at, failed_run
from nba_pipeline_tests.automation.looking import Looking


def test_a_gate_that_failed_and_a_lease_that_was_recovered_are_told(first_day: Looking) -> None:
    """The month's model by its gate's words; the lease by what its holder was."""
    month = date(2023, 11, 1)
    first_day.lab.warehouse.failures.mark("points_model", {month: "12 games of 400"}, "run-8")
    leases = first_day.home.leases
    holder = Holder("dead", "dead", "here", 1, -5, Holder.here("x", "x").machine)
    claim = Claim("nbac_schedule", TODAY, TODAY)
    leases.acquire(holder, [claim], [], purpose="a test", wait=False)
    alive = Holder.here("alive", "alive")
    leases.release(leases.acquire(alive, [claim], [], purpose="a test", wait=False).id)
    found = {alert.kind: alert for alert in alerts(first_day.home, first_day.instance)}
    assert "12 games of 400" in found["gate failed"].what
    assert found["lease recovered"].what.startswith("dead: its process is gone")


def test_a_backfill_that_somebody_gave_is_told_when_it_has_ended(first_day: Looking) -> None:
    """Not while it holds a lease; what failed and what was not begun is counted.

    A run that a sensor asked for is not told.
    """
    progress = Progress(first_day.home.engine)
    claim = Claim("nbac_schedule", TODAY, TODAY)
    holder = Holder.here("run-1", "mine")
    lease = first_day.home.leases.acquire(holder, [claim], [], purpose="a test", wait=False)
    with begin(first_day.home.engine) as connection:
        audit.write(connection, "backfill", backfill_id="mine")
    progress.queue("mine", "run-1", {"nbac_schedule": 3, "nbac_team_boxscore": 3, "data_gaps": 3})
    progress.queue("repair_sensor-1", "run-2", {"nbac_schedule": 3})
    progress.start("run-1", "nbac_schedule", 3)
    progress.finish("run-1", "nbac_schedule", 2.0, "3 written")
    progress.finish("run-2", "nbac_schedule", 2.0, "3 written")
    assert [
        a for a in alerts(first_day.home, first_day.instance) if a.kind == "backfill finished"
    ] == []
    progress.fail("run-1", "nbac_team_boxscore", 1.0)
    assert [
        a for a in alerts(first_day.home, first_day.instance) if a.kind == "backfill finished"
    ] == []
    first_day.home.leases.release(lease.id)
    (alert,) = [
        a for a in alerts(first_day.home, first_day.instance) if a.kind == "backfill finished"
    ]
    assert alert.what == "mine: 3 tables in 3 s, 1 failed, 1 not done"
    assert alert.command == "nba-pipeline diff mine"


def test_a_backfill_of_more_than_a_day_is_told_for_a_day_after_its_end(first_day: Looking) -> None:
    """It began now and its table took 30 hours: it is told in hour 30 and 53, and no more in 55."""
    progress = Progress(first_day.home.engine)
    with begin(first_day.home.engine) as connection:
        audit.write(connection, "backfill", backfill_id="mine")
    progress.queue("mine", "run-1", {"nbac_schedule": 3})
    progress.start("run-1", "nbac_schedule", 3)
    progress.finish("run-1", "nbac_schedule", 30 * 3600.0, "3 written")
    began = clock.now()
    for hours, told in ((30, 1), (53, 1), (55, 0)):
        with clock.set_to(began + timedelta(hours=hours)):
            found = alerts(first_day.home, first_day.instance)
        assert [a.kind for a in found].count("backfill finished") == told


def test_a_table_that_takes_far_longer_than_before_is_told(first_day: Looking, monkeypatch) -> None:
    """Three partitions took a second; now they have been at work for two minutes and more."""
    progress = Progress(first_day.home.engine)
    progress.queue("before", "run-1", {"nbac_schedule": 3})
    progress.finish("run-1", "nbac_schedule", 1.0, "3 written")
    claim = Claim("nbac_schedule", TODAY, TODAY)
    holder = Holder.here("run-2", "slow")
    first_day.home.leases.acquire(holder, [claim], [], purpose="a test", wait=False)
    progress.queue("slow", "run-2", {"nbac_schedule": 3})
    progress.start("run-2", "nbac_schedule", 3)
    assert "backfill stalled" not in {
        alert.kind for alert in alerts(first_day.home, first_day.instance)
    }
    monkeypatch.setitem(vars(STALLED_SECONDS), "value", -3)
    (alert,) = [
        a for a in alerts(first_day.home, first_day.instance) if a.kind == "backfill stalled"
    ]
    assert alert.what.startswith("slow: nbac_schedule (3 partitions) takes ")
    assert alert.what.endswith("expected 1 s")


def test_a_run_that_fails_before_its_tables_is_told(first_day: Looking) -> None:
    """Also one that died, or whose table's step marked nothing; one put off is none.

    Where a partition of the table that failed is marked, or was made since, the run is not told.
    """
    one, several = {"dagster/partition": str(TODAY)}, dict.fromkeys(RANGE_TAGS, str(TODAY))
    failures = first_day.lab.warehouse.failures

    def failed(step: str | None, error: Exception | None, tags: dict[str, str] = several) -> str:
        return failed_run(first_day, step, error, tags)

    def runs_told() -> list[Alert]:
        with at(10):
            found = alerts(first_day.home, first_day.instance)
        return [a for a in found if a.key.startswith("run:") and not a.is_told]

    told = {
        failed("nba_gamebook", MemoryError("no memory left")),
        failed(None, None),
        failed(None, None, one),
    }
    unmarked = failed(PREDICTIONS, OlderCode("the rows are of newer code"))
    failed(PREDICTIONS, DeadlinePassed("tonight first"))
    found = runs_told()
    assert {alert.key.removeprefix("run:") for alert in found} == {*told, unmarked}
    assert {(a.severity, a.kind, a.has_happened) for a in found} == {(P0, "run failed", True)}
    failures.mark(PREDICTIONS, {TODAY - timedelta(days=1): "another's"}, "run-6")
    assert {alert.key.removeprefix("run:") for alert in runs_told()} == {*told, unmarked}
    failures.mark(PREDICTIONS, {TODAY: "a table's own"}, "run-7")
    assert {alert.key.removeprefix("run:") for alert in runs_told()} == told
    assert any("no memory left" in alert.what for alert in found)


def test_what_was_made_since_a_run_failed_tells_of_it_no_more() -> None:
    """Two dates, of which one was written an hour later; a third is of no matter, nor a source."""
    days = [TODAY, TODAY + timedelta(days=1)]
    failed_at = datetime(2023, 10, 25, 12, tzinfo=UTC)
    how = SimpleNamespace(at=failed_at.timestamp())

    def is_told(step: str, day: date, hours: int) -> bool:
        stamps = {day: SimpleNamespace(written_at=failed_at + timedelta(hours=hours))}
        survey = SimpleNamespace(tables=TABLES, failed=lambda _: {}, stamps=lambda _: stamps)
        return _is_told(step, days, how, survey)

    assert is_told(PREDICTIONS, days[1], 1)
    assert not is_told(PREDICTIONS, days[1], -1)
    assert not is_told(PREDICTIONS, days[1] + timedelta(days=1), 1)
    assert not is_told("nba_gamebook", days[1], 1)


def test_a_backfill_of_the_ui_is_told_when_it_has_ended(first_day: Looking) -> None:
    """With how; one that runs and one of the day before yesterday are not."""
    now = real_time.time()
    ends = {"ended": now - 60, "running": None, "old": now - 2 * 24 * 3600}
    for name, end in ends.items():
        first_day.instance.add_backfill(
            PartitionBackfill(
                backfill_id=name,
                status=BulkActionStatus.COMPLETED_FAILED if end else BulkActionStatus.REQUESTED,
                from_failure=False,
                tags={},
                backfill_timestamp=now - 3 * 24 * 3600,
                asset_selection=[dg.AssetKey(PREDICTIONS)],
                serialized_asset_backfill_data="",
                backfill_end_timestamp=end,
            )
        )
    (alert,) = [
        a for a in alerts(first_day.home, first_day.instance) if a.kind == "backfill finished"
    ]
    assert alert.what == "ended, given in the UI: completed_failed"
