"""Sensors as Dagster evaluates them, and their runs as it executes them."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import dagster as dg
import pytest

from nba_pipeline import clock
from nba_pipeline.automation import sensors
from nba_pipeline.automation.sensors import LANDING
from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.definitions import defs
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.automation.unattended import SCHEDULES, SENSORS, Unattended

FIRST, SECOND = date(2023, 10, 24), date(2023, 10, 25)


@pytest.fixture(autouse=True)
def _second_day(monkeypatch) -> Iterator[None]:
    monkeypatch.setattr(sensors, "_READING_SECONDS", 1000)
    with clock.set_to(datetime(2023, 10, 25, 12, tzinfo=clock.EASTERN)):
        yield


def test_a_run_that_a_lease_refused_is_asked_for_again_once_and_tells_what_it_changed(
    tmp_path: Path,
) -> None:
    """Refused by Dagster's own books; then it succeeds, and its events say how many rows came."""
    write_landing(tmp_path / "landing", League(teams=4, days=2, rest=0.0, seed=3))
    unattended = Unattended(tmp_path / "home", tmp_path / "landing")
    unattended.restart()
    (request,), _says = unattended.look(LANDING)
    leases = unattended.open_installation().leases
    claim = Claim("nbac_schedule", FIRST, FIRST)
    grant = leases.acquire(Holder.here("x", "x"), [claim], [], purpose="a test", wait=False)
    refused = unattended.executed(unattended.submitted(request), LANDING)
    assert not refused.is_success
    assert unattended.look(LANDING)[0] == []
    leases.release(grant.id)
    (again,), _says = unattended.look(LANDING)
    assert again.run_key != request.run_key
    ran = unattended.executed(unattended.submitted(again), LANDING)
    assert ran.is_success
    assert ran.days == (FIRST, SECOND)
    assert unattended.settle(LANDING) == []
    event = unattended.instance.get_latest_materialization_event(dg.AssetKey("nbac_schedule"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["rows_added"].value == 4


def test_everything_that_runs_by_itself_is_switched_on_and_in_eastern_time() -> None:
    """Sensors and schedules start with the daemon; no schedule follows another zone's clock."""
    running = dg.DefaultSensorStatus.RUNNING
    assert {sensor.default_status for sensor in SENSORS.values()} == {running}
    assert {s.execution_timezone for s in SCHEDULES.values()} == {"America/New_York"}
    assert {s.default_status.value for s in SCHEDULES.values()} == {"RUNNING"}


@pytest.mark.parametrize(
    ("name", "hour"), [("player_prop_predictions", 17), ("prediction_accuracy", 13)]
)
def test_what_people_wait_for_has_a_freshness_policy(name: str, hour: int) -> None:
    """By that hour in the East, from November to May."""
    policy = defs.get_assets_def(name).specs_by_key[dg.AssetKey(name)].freshness_policy
    assert isinstance(policy, dg.FreshnessPolicy)
    assert policy.deadline_cron == f"0 {hour} * 1-5,11,12 *"  # type: ignore[attr-defined]
    assert policy.timezone == "America/New_York"  # type: ignore[attr-defined]
