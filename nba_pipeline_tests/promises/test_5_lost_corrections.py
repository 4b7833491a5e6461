"""No writer that is older, or has lost its lease, undoes another's work; a killed one leaves no half."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from deltalake import DeltaTable

from nba_pipeline.backfill.leases import Leases
from nba_pipeline.coordination.database import connect
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline_tests.backfill.writer import FORKS, MARKED, NEXT_VERSION, run
from nba_pipeline_tests.conftest import Lab, with_upstream

FIRST, LAST = date(2023, 10, 24), date(2023, 11, 12)
TABLE = "team_offense_game_summary"
OWN = TABLES[TABLE].version
NEWER = OWN + 1
CHAIN = with_upstream(TABLE, "player_game_summary")
MANY = [pytest.param(kind, 50, marks=pytest.mark.slow) for kind in ("sqlite", "postgres")]
RACES = [("sqlite", 2), ("postgres", 1), *MANY]
KILLS = [("sqlite", 2), *MANY]
SLEEPERS = [("sqlite", 1), ("postgres", 1), *MANY]
_TIMEOUT = 120


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """A home whose raw tables and summaries were written by the code as it is."""
    home = tmp_path_factory.mktemp("base")
    write_landing(home / "landing", League(teams=6, days=20, rest=0.1, seed=9))
    Lab(home, home / "landing").compute(CHAIN, FIRST, LAST)
    return home


class Home(NamedTuple):
    """A folder, such as a copy of the base, and the URL of its coordination database."""

    folder: Path
    coordination: str

    @classmethod
    def on_sqlite(cls, folder: Path) -> "Home":
        """One whose coordination database is the file in it."""
        return cls(folder, f"sqlite:///{folder / 'coordination.db'}")

    def lab(self) -> Lab:
        """Its warehouse and landing zone."""
        return Lab(self.folder, self.folder / "landing", coordination=self.coordination)

    def leases(self) -> Leases:
        """Its leases."""
        engine = connect(self.coordination)
        return Leases(engine, 60, DeltaWarehouse(self.folder / "warehouse", engine).advance)

    def versions(self) -> dict[date, set[int]]:
        """Which versions' rows each date of the table has."""
        return stored_versions(self.folder)


class Writer:
    """The process of nba_pipeline_tests.backfill.writer."""

    def __init__(self, home: Home, *, lease_seconds: float = 60, **wish: Any) -> None:
        wish = {"tables": [TABLE], "span": [str(FIRST), str(LAST)], "pause": 0.2} | wish
        places = {
            **os.environ,
            "NBA_PIPELINE_HOME": str(home.folder),
            "NBA_PIPELINE_LANDING": str(home.folder / "landing"),
            "NBA_PIPELINE_COORDINATION": home.coordination,
            "NBA_PIPELINE_LEASE_SECONDS": str(lease_seconds),
        }
        self._steer, theirs = FORKS.Pipe()
        self.process = FORKS.Process(target=run, args=(places, wish, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def wait_for(self, word: str) -> None:
        """Waits until it says the word."""
        with suppress(EOFError):
            while self._steer.poll(_TIMEOUT):
                if self._steer.recv() == word:
                    return
        raise AssertionError(f"the writer ended without saying {word}")

    def go(self) -> None:
        """Starts the work."""
        self.wait_for("ready")
        self._steer.send("go")

    def signal(self, number: int) -> None:
        """Sends it the signal, unless it has ended by itself."""
        assert self.process.pid
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def ended(self, timeout: float = _TIMEOUT) -> int:
        """What it ended with."""
        self.process.join(timeout)
        assert self.process.exitcode is not None, "it has not ended"
        return self.process.exitcode

    def result(self) -> dict[str, Any]:
        """What it said last."""
        said: Any = None
        with suppress(EOFError):
            while self._steer.poll(_TIMEOUT):
                said = self._steer.recv()
        self.ended()
        assert isinstance(said, dict), said
        return said


@pytest.fixture
def copied(tmp_path, base, request) -> Callable[[str], Home]:
    """Gives a new copy of the base with a coordination database of the kind, in the same place."""

    def copy(kind: str) -> Home:
        folder = tmp_path / "home"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, folder)
        if kind == "sqlite":
            return Home.on_sqlite(folder)
        return Home(folder, request.getfixturevalue("postgres").database())

    return copy


def stored_versions(home: Path) -> dict[date, set[int]]:
    """Which versions' rows each date of the table has."""
    rows = DeltaTable(str(home / "warehouse" / TABLE)).to_pyarrow_table().to_pylist()
    found: dict[date, set[int]] = {}
    for row in rows:
        # The simulated league plays no overtime: zero is the version as the lab wrote it.
        found.setdefault(row["game_date"], set()).add(row[MARKED] or OWN)
        assert row["code_version"] == (row[MARKED] or OWN)
    return found


@pytest.mark.parametrize(("kind", "trials"), RACES)
def test_two_versions_race_and_the_newer_stands(copied, kind, trials) -> None:
    """In either order, waiting or not: where the newer version ran its rows stand, whole dates each."""
    lost = 0
    for trial in range(trials):
        home = copied(kind)
        random.seed(trial)
        middle = FIRST + timedelta(days=8), FIRST + timedelta(days=12)
        spans = {OWN: (FIRST, middle[1]), NEWER: (middle[0], LAST)}
        writers = {
            version: Writer(
                home,
                run=f"run-{version}",
                version=version,
                wait=random.random() < 0.5,
                span=[str(day) for day in spans[version]],
                delay=random.uniform(0, 0.6),
            )
            for version in (OWN, NEWER)
        }
        for writer in writers.values():
            writer.go()
        results = {version: writer.result() for version, writer in writers.items()}
        stored = home.versions()
        assert all(len(versions) == 1 for versions in stored.values()), trial
        newer = {day for day, versions in stored.items() if versions == {NEWER}}
        if "written" in results[NEWER]:
            assert newer == {d for d in stored if spans[NEWER][0] <= d <= spans[NEWER][1]}, trial
        else:
            assert newer == set()
        for version, other in ((OWN, NEWER), (NEWER, OWN)):
            if "error" in results[version]:
                lost += 1
                told = results[version]["error"]
                assert f"run-{other}" in told, told
                holder = f"holds {TABLE} {spans[other][0]} to {spans[other][1]} since"
                assert holder in told or f"code_version {NEWER}" in told, told
        assert home.leases().active() == []
    assert lost > 0 or trials == 1


@pytest.mark.parametrize(("kind", "trials"), KILLS)
def test_a_killed_writer_leaves_whole_dates_and_a_rerun_does_only_the_rest(
    copied, kind, trials
) -> None:
    """SIGKILL anywhere in a chain of tables: old or new by partition, then all new, nothing twice."""
    interrupted = 0
    for trial in range(trials):
        home = copied(kind)
        random.seed(1000 + trial)
        wish = {
            "version": NEXT_VERSION,
            "tables": CHAIN,
            "wait": False,
            "pause": 0.15,
            "force": False,
        }
        killed = Writer(home, run="killed", **wish)
        killed.go()
        time.sleep(random.uniform(0.2, 3.5))
        killed.signal(signal.SIGKILL)
        killed.ended()
        lab = home.lab()
        before = {name: dict(lab.warehouse.stamps(name)) for name in CHAIN}
        done = [
            name
            for name in CHAIN
            if {s.code_version for s in before[name].values()} == {NEXT_VERSION}
        ]
        for name in CHAIN:
            versions = {stamp.code_version for stamp in before[name].values()}
            assert versions in ({TABLES[name].version}, {NEXT_VERSION}), (trial, name)
        assert done == CHAIN[: len(done)]
        assert all(len(versions) == 1 for versions in home.versions().values())
        interrupted += len(done) < len(CHAIN)

        again = Writer(home, run="again", **wish)
        again.go()
        written = again.result()["written"]
        assert {name for name, count in written.items() if count} <= set(CHAIN) - set(done)
        for name in CHAIN:
            after = lab.warehouse.stamps(name)
            assert {stamp.code_version for stamp in after.values()} == {NEXT_VERSION}
            if name in done:
                assert {s.run_id for s in after.values()} == {"killed"}, (trial, name)
        assert set(map(tuple, home.versions().values())) == {(NEXT_VERSION,)}
        assert home.leases().active() == []
        for name in CHAIN:
            lab.warehouse.maintain(name)
            folder = home.folder / "warehouse" / name
            there = {
                str(path) for path in folder.rglob("*.parquet") if "_delta_log" not in str(path)
            }
            known = {uri.removeprefix("file://") for uri in DeltaTable(str(folder)).file_uris()}
            assert there == known, (trial, name)
    assert interrupted > 0 or trials == 1


@pytest.mark.parametrize(("kind", "trials"), SLEEPERS)
def test_a_writer_that_slept_past_its_lease_cannot_commit(copied, kind, trials) -> None:
    """Stopped at its commit, passed over, continued: refused, and it says why."""
    for trial in range(trials):
        home = copied(kind)
        random.seed(2000 + trial)
        zombie = Writer(home, run="zombie", version=NEWER, wait=False, pause=0.3, lease_seconds=1.2)
        other = Writer(home, run="other", version=NEWER, wait=True, pause=0, lease_seconds=30)
        zombie.go()
        zombie.wait_for("committing")
        time.sleep(random.uniform(0, 0.1))
        zombie.signal(signal.SIGSTOP)
        other.go()
        told = other.result()
        zombie.signal(signal.SIGCONT)
        refused = zombie.result()
        if "written" in refused:
            # It had committed before it was stopped: then the other found its rows unchanged.
            assert told == {"written": {TABLE: 0}}, trial
            continue
        assert refused["error"].startswith("LostLease: "), refused
        assert "recovered" in refused["error"] or "run other" in refused["error"]
        days = len(home.versions())
        assert told == {"written": {TABLE: days}}, trial
        stamps = home.lab().warehouse.stamps(TABLE)
        assert {stamp.run_id for stamp in stamps.values()} == {"other"}, trial


def test_cancelled_work_stops_and_does_not_start_again(copied) -> None:
    """Within seconds; and who comes with the same backfill's name is refused."""
    home = copied("sqlite")
    wish = {"version": NEXT_VERSION, "tables": CHAIN, "wait": False, "pause": 1.0}
    writer = Writer(home, run="unwanted", **wish)
    writer.go()
    writer.wait_for("committing")
    leases = home.leases()
    held = leases.cancel("unwanted")
    started = time.monotonic()
    ended_with = writer.ended(20)
    assert time.monotonic() - started < 60
    assert [lease.run_id for lease in held] == ["unwanted"]
    assert ended_with != 0
    assert leases.active() == []
    again = Writer(home, run="unwanted", **wish)
    again.go()
    assert again.result()["error"].startswith(
        "BackfillCancelled: backfill unwanted was cancelled by "
    )
