"""The commands on who does what, while somebody writes."""

import json
from dataclasses import replace
from datetime import date

import pytest
from dagster import DagsterRunStatus
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster._core.test_utils import create_run_for_test
from rich.console import Console
from typer.testing import CliRunner

from nba_pipeline.automation.cancelled_partitions import cancelled_partitions
from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.cli import coordinate, report
from nba_pipeline.cli.installation import open_installation
from nba_pipeline.cli.main import app

CLAIM = Claim("nbac_schedule", date(2024, 1, 1), date(2024, 1, 31))


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Runs the program with the words, on a home of its own."""
    monkeypatch.setenv("NBA_PIPELINE_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    return lambda *words: CliRunner().invoke(app, list(words))


def test_maintenance_is_refused_while_somebody_writes_and_the_cancel_keeps_its_reason(call) -> None:
    """The refusal names the run; once it is cancelled maintenance goes on, and audit tells why."""
    holder = Holder.here("writer", "writer")
    open_installation().leases.acquire(holder, [CLAIM], [], purpose="a test", wait=False)
    refused = call("maintain")
    assert refused.exit_code == 1
    assert "run writer (a test; pid " in refused.stderr
    assert call("cancel", "writer", "--reason", "wrong dates").exit_code == 0
    assert call("maintain").exit_code == 0
    lines = json.loads(call("audit", "--json").stdout)
    (cancelled,) = [line for line in lines if line["action"] == "cancelled"]
    assert (cancelled["backfill"], cancelled["detail"]["reason"]) == ("writer", "wrong dates")


def test_maintenance_goes_on_where_the_making_of_a_table_was_interrupted(call, tmp_path) -> None:
    """Killed before its first commit, it is no table yet."""
    (tmp_path / "warehouse" / "nbac_schedule" / "_delta_log").mkdir(parents=True)
    assert call("maintain").exit_code == 0


def test_a_run_that_waits_in_the_queue_is_cancelled_by_the_name_that_a_sensor_gave_it(
    call, monkeypatch
) -> None:
    """It has no lease yet, and the name is no run's id."""
    ended: list[str] = []
    monkeypatch.setattr(
        QueuedRunCoordinator, "cancel_run", lambda _self, run_id: ended.append(run_id)
    )
    run = create_run_for_test(
        open_installation().instance, tags={"nba_pipeline/backfill": "repair_sensor-abc"}
    )
    assert call("cancel", "repair_sensor-xyz").exit_code == 1
    assert call("cancel", "repair_sensor-abc").exit_code == 0
    assert ended == [run.run_id]


@pytest.mark.parametrize("state", ["done", "failed", "running", "queued"])
def test_a_backfill_that_has_done_all_is_not_cancelled(call, state) -> None:
    """What failed may be begun again, unless it is cancelled."""
    home = open_installation()
    home.progress.queue("over", "run", {"nbac_schedule": 3})
    if state != "queued":
        home.progress.start("run", "nbac_schedule", 3)
    if state == "done":
        home.progress.finish("run", "nbac_schedule", 1.0, "3 written")
    if state == "failed":
        home.progress.fail("run", "nbac_schedule", 1.0)
    create_run_for_test(
        home.instance, status=DagsterRunStatus.SUCCESS, tags={"nba_pipeline/backfill": "over"}
    )
    ended = call("cancel", "over", "--reason", "trial")
    cancelled = [
        line for line in json.loads(call("audit", "--json").stdout) if line["action"] == "cancelled"
    ]
    assert (ended.exit_code, len(cancelled)) == ((2, 0) if state == "done" else (0, 1))


def test_what_changes_after_a_cancel_is_no_part_of_it(call, tmp_path) -> None:
    """The command notes what was to be computed as it is then; the day's file comes afterwards."""
    listed = tmp_path / "landing" / "nba_stats" / "player_index"
    listed.mkdir(parents=True)
    (listed / "2023-12-31.json").write_text("{}")
    home, day = open_installation(), CLAIM.first
    claim = replace(CLAIM, table="nbac_player_list", last=day)
    holder = Holder.here("writer", "writer")
    home.leases.acquire(holder, [claim], [], purpose="a test", wait=False)
    assert call("cancel", "writer").exit_code == 0
    (listed / f"{day}.json").write_text("{}")
    assert cancelled_partitions(home.engine, open_installation().survey()) == {}
    (listed / f"{day}.json").unlink()
    assert cancelled_partitions(home.engine, open_installation().survey()) == {claim.table: {day}}


def test_a_lease_of_a_process_that_is_gone_is_marked_and_nobody_waits_for_its_end(
    call, monkeypatch
) -> None:
    """Its lease stands until somebody asks for any; on a terminal progress ends all the same."""
    home, here = open_installation(), Holder.here("dead", "dead")
    for holder, claim in (
        (Holder.here("alive", "alive"), replace(CLAIM, table="points_model")),
        (replace(here, process_started=here.process_started + 1), CLAIM),
    ):
        home.leases.acquire(holder, [claim], [], purpose="a test", wait=False)
        home.progress.queue(holder.backfill_id, holder.run_id, {claim.table: 31})
    told = json.loads(call("leases", "--json").stdout)
    assert {line["run"]: line["is_gone"] for line in told} == {"dead": True, "alive": False}
    monkeypatch.setattr(report, "console", Console(force_terminal=True))
    monkeypatch.setattr(coordinate.time, "sleep", _waits)
    assert call("progress", "dead").exit_code == 0
    assert isinstance(call("progress", "alive").exception, TimeoutError)


def _waits(_seconds: float) -> None:
    raise TimeoutError


def test_an_audit_of_no_line_is_refused(call) -> None:
    """A negative limit would be all of them to the database."""
    for limit in ("0", "-3"):
        assert call("audit", "--limit", limit).exit_code == 2
    assert call("audit", "--limit", "1").exit_code == 0
