"""Races, kills, sleepers and cancels of runs that Dagster's UI queues and its daemon launches."""

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nba_pipeline.backfill import audit
from nba_pipeline.backfill.leases import Leases
from nba_pipeline.coordination.database import connect
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline_tests.backfill.writer import NEXT_VERSION
from nba_pipeline_tests.conftest import Lab, with_upstream
from nba_pipeline_tests.dagster_client import TERMINATE, DagsterClient, free_port, until
from nba_pipeline_tests.promises.test_5_lost_corrections import CHAIN, TABLE, stored_versions

pytestmark = pytest.mark.slow

FIRST, MIDDLE, LAST = date(2023, 10, 24), date(2023, 11, 2), date(2023, 11, 12)
OURS, NEWER = "nba_pipeline.definitions", "nba_pipeline_tests.backfill.newer_definitions"
LEASE_SECONDS = 3
TRIALS = 3


class Dagster(DagsterClient):
    """A webserver and daemon on a home of their own; coordination is the database's URL."""

    def __init__(self, home: Path, coordination: str) -> None:
        super().__init__(free_port())
        self.home, self.coordination = home, coordination
        engine = connect(coordination, LEASE_SECONDS)
        warehouse = DeltaWarehouse(home / "warehouse", engine)
        self.leases = Leases(engine, LEASE_SECONDS, warehouse.advance)
        dagster_home = home / "dagster"
        dagster_home.mkdir(parents=True)
        template = Path(__file__).parents[2] / "nba_pipeline/orchestration/dagster.yaml"
        (dagster_home / "dagster.yaml").write_text(template.read_text())
        places = {
            "NBA_PIPELINE_HOME": str(home),
            "NBA_PIPELINE_LANDING": str(home / "landing"),
            "NBA_PIPELINE_LEASE_SECONDS": str(LEASE_SECONDS),
            "NBA_PIPELINE_COORDINATION": coordination,
            "DAGSTER_HOME": str(dagster_home),
        }
        command = [sys.executable, "-m", "dagster", "dev", "-m", OURS, "-m", NEWER]
        self._process = subprocess.Popen(
            [*command, "-p", str(self.port)],
            env={**os.environ, **places},
            cwd=Path(__file__).parents[2],
            stdout=(home / "dagster.log").open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until(lambda: len(self.locations()) == 2, 120)

    def held_by(self, run_id: str) -> Any:
        """The run's lease once it is held."""
        until(lambda: any(self._holds(lease, run_id) for lease in self.leases.active()), 60)
        return next(lease for lease in self.leases.active() if lease.run_id == run_id)

    @staticmethod
    def _holds(lease: Any, run_id: str) -> bool:
        return lease.run_id == run_id and lease.state == "held"

    def stop(self, pid: int) -> None:
        """Stops the process, but not inside a transaction of SQLite's.

        One stopped there keeps the whole file locked, and nobody could go on until it does; Postgres
        ends its session.
        """
        if not self.coordination.startswith("sqlite"):
            os.kill(pid, signal.SIGSTOP)
            return
        files = [self.home / "coordination.db", *(self.home / "dagster").rglob("*.db")]
        while True:
            os.kill(pid, signal.SIGSTOP)
            if not any(_is_locked(path) for path in files):
                return
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.05)

    def close(self) -> None:
        """Ends the webserver, the daemon and their code servers."""
        os.killpg(self._process.pid, signal.SIGKILL)


def _is_locked(path: Path) -> bool:
    """Whether someone is writing to the SQLite file."""
    connection = sqlite3.connect(path, timeout=0.3)
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return True
    finally:
        connection.close()
    return False


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def dagster(tmp_path_factory, request) -> Iterator[Dagster]:
    """The present versions' rows are stored; they and the next can be launched.

    Leases and Dagster's books are on SQLite, then on Postgres.
    """
    home = tmp_path_factory.mktemp("served")
    coordination = f"sqlite:///{home / 'coordination.db'}"
    if request.param == "postgres":
        coordination = request.getfixturevalue("postgres").database()
    write_landing(home / "landing", League(teams=6, days=20, rest=0.1, seed=9))
    Lab(home, home / "landing", coordination=coordination).compute(CHAIN, FIRST, LAST)
    served = Dagster(home, coordination)
    yield served
    served.close()


def _reset(dagster: Dagster) -> Lab:
    """The present versions' rows again, from an empty warehouse."""
    import shutil  # noqa: PLC0415

    shutil.rmtree(dagster.home / "warehouse")
    lab = Lab(dagster.home, dagster.home / "landing", coordination=dagster.coordination)
    lab.compute(CHAIN, FIRST, LAST)
    return lab


@pytest.mark.parametrize("trial", range(TRIALS))
def test_overlapping_runs_of_two_versions(dagster, trial) -> None:
    """Queued together in either order: they take turns, and the newer's rows stand."""
    _reset(dagster)
    older = (FIRST, LAST, OURS, [TABLE])
    newer = (MIDDLE, LAST, NEWER, with_upstream(TABLE))
    runs = [dagster.launch(*wish) for wish in ([older, newer] if trial % 2 else [newer, older])]
    ended = [dagster.ended(run_id) for run_id in runs]
    stored = stored_versions(dagster.home)
    assert {day for day, versions in stored.items() if versions == {NEXT_VERSION}} == {
        day for day in stored if day >= MIDDLE
    }
    assert all(len(versions) == 1 for versions in stored.values())
    for one in ended:
        # Who is older and second finds newer rows there, or above.
        is_older = re.search(rf"code.version {NEXT_VERSION}", one["errors"])
        assert one["status"] == "SUCCESS" or is_older, one
    turns = [
        (line.action, line.run_id)
        for line in reversed(audit.read(dagster.leases._engine, 20))
        if line.run_id in runs and line.action in ("acquired", "released")
    ]
    assert [action for action, _ in turns] == ["acquired", "released"] * 2
    assert turns[0][1] == turns[1][1]


@pytest.mark.parametrize("trial", range(TRIALS))
def test_a_killed_run_leaves_whole_tables_and_its_rerun_completes(dagster, trial) -> None:
    """SIGKILL of the run's process at a random moment."""
    lab = _reset(dagster)
    random.seed(trial)
    run_id = dagster.launch(FIRST, LAST, NEWER, CHAIN)
    lease = dagster.held_by(run_id)
    time.sleep(random.uniform(0.1, 2.0))
    os.kill(lease.pid, signal.SIGKILL)
    versions = {n: {s.code_version for s in lab.warehouse.stamps(n).values()} for n in CHAIN}
    assert all(versions[n] in ({TABLES[n].version}, {NEXT_VERSION}) for n in CHAIN), versions
    again = dagster.launch(FIRST, LAST, NEWER, CHAIN)
    assert dagster.ended(again)["status"] == "SUCCESS"
    assert dagster.ended(run_id)["status"] == "FAILURE"
    assert all(
        {s.code_version for s in lab.warehouse.stamps(n).values()} == {NEXT_VERSION} for n in CHAIN
    )
    assert set(map(tuple, stored_versions(dagster.home).values())) == {(NEXT_VERSION,)}
    assert dagster.leases.active() == []


@pytest.mark.parametrize("trial", range(TRIALS))
def test_a_run_that_slept_past_its_lease_cannot_commit(dagster, trial) -> None:
    """SIGSTOP after the lease is taken; another run takes over; SIGCONT: refused, with the reason."""
    lab = _reset(dagster)
    random.seed(trial)
    sleeper = dagster.launch(FIRST, LAST, NEWER, CHAIN)
    lease = dagster.held_by(sleeper)
    time.sleep(random.uniform(0, 0.5))
    dagster.stop(lease.pid)
    try:
        other = dagster.launch(FIRST, LAST, NEWER, CHAIN)
        assert dagster.ended(other)["status"] == "SUCCESS"
    finally:
        os.kill(lease.pid, signal.SIGCONT)
    refused = dagster.ended(sleeper)
    assert refused["status"] == "FAILURE"
    told = refused["errors"]
    assert "LostLease" in told, told
    # What stands there already, or else the lease itself, says who came after.
    assert f"by run {other}" in told or f"lease of run {sleeper}" in told, told
    assert {stamp.run_id for stamp in lab.warehouse.stamps(TABLE).values()} == {other}


def test_terminating_a_run_in_the_ui_ends_its_lease_and_is_audited(dagster) -> None:
    """Within seconds; and the run is not started again."""
    _reset(dagster)
    run_id = dagster.launch(FIRST, LAST, NEWER, CHAIN)
    dagster.held_by(run_id)
    started = time.monotonic()
    assert dagster.ask(TERMINATE, id=run_id)["terminateRun"]["__typename"] == (
        "TerminateRunSuccess"
    )
    assert dagster.ended(run_id)["status"] == "CANCELED"
    until(lambda: dagster.leases.active() == [], 15)
    assert time.monotonic() - started < 15
    lines = audit.read(dagster.leases._engine, 5)
    assert any(
        line.action == "cancelled" and "Dagster" in str(line.detail["reason"]) for line in lines
    ), lines


def test_cancel_from_the_command_line_ends_a_run_of_the_ui(dagster) -> None:
    """The run is canceled in Dagster's books too."""
    _reset(dagster)
    run_id = dagster.launch(FIRST, LAST, NEWER, CHAIN)
    lease = dagster.held_by(run_id)
    # The work is done sooner than the command starts: it waits for it.
    dagster.stop(lease.pid)
    places = {
        "NBA_PIPELINE_HOME": str(dagster.home),
        "NBA_PIPELINE_COORDINATION": dagster.coordination,
        "DAGSTER_HOME": str(dagster.home / "dagster"),
        "NBA_PIPELINE_LANDING": str(dagster.home / "landing"),
    }
    program = Path(sys.executable).parent / "nba-pipeline"
    command = subprocess.Popen([program, "cancel", run_id], env={**os.environ, **places})
    until(lambda: dagster.leases.is_cancelled(run_id), 30)
    os.kill(lease.pid, signal.SIGCONT)
    assert command.wait(timeout=30) == 0
    assert dagster.ended(run_id)["status"] in ("CANCELED", "FAILURE")
    assert dagster.leases.active() == []
    (line,) = [
        line for line in audit.read(dagster.leases._engine, 5) if line.action == "cancelled"
    ][:1]
    assert line.detail["reason"] == "asked for"
