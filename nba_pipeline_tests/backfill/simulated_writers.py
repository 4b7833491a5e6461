"""Writers over the real leases and the real warehouse, interleaved at random by a seed.

Each process is simulated by threads of which one runs at a time, from one pause to the next: before
each transaction, between fence and commit, before a table is advanced, while waiting. What is not
real is the clock, the deaths, and the database's errors. Everything follows from the seed:

    python -m nba_pipeline_tests.backfill.simulated_writers SEED [URL OF AN EMPTY POSTGRES DATABASE]

prints the seed's schedule, and what was wrong with it.
"""

import dataclasses
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import ibis
import sqlalchemy as sa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from nba_pipeline.backfill import lease_changes
from nba_pipeline.backfill import leases as leases_module
from nba_pipeline.backfill.heartbeat import Heartbeat
from nba_pipeline.backfill.lease_rows import RESERVED, Claim, Holder
from nba_pipeline.backfill.leases import (
    BackfillCancelled,
    Grant,
    LeaseLost,
    LeaseRefused,
    Leases,
)
from nba_pipeline.coordination.database import HICCUPS, connect, patiently
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline.warehouse.protocol import LostLease, Query, Stamp, Storage, WriteRefused

TABLES = ("rebounds", "scores", "shots")
DAYS = tuple(date(2024, 1, 1) + timedelta(days=offset) for offset in range(3))
PLAYERS = ("a", "b")
_COLUMNS = ibis.schema(
    {
        "game_date": "date",
        "player": "string",
        "mark": "int64",
        "code_version": "int64",
        "season": "string",
    }
)
LEASE_SECONDS = 10.0
PROCESSES = 4
RUNS = 6
STEPS = 130
"""Steps of trouble; then everyone who is left may end in peace."""
PEACEFUL_STEPS = 1500


class Died(BaseException):
    """The process was killed here."""


class Wrong(AssertionError):
    """An invariant does not hold; the message ends with the schedule."""


class Actor:
    """A thread that runs only when it is its turn, until it pauses."""

    def __init__(self, name: str, body: Callable[[], None]) -> None:
        self.name, self._body = name, body
        self._turn, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self.at, self.is_over = "start", False
        self.raises: BaseException | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._turn.acquire()
        try:
            if self.raises is None:
                _here.actor = self
                self._body()
        except Died:
            pass
        except BaseException as error:  # noqa: BLE001  the scheduler raises it
            self.error = error
        self.is_over = True
        self._back.release()

    def step(self) -> None:
        """Lets it run to its next pause."""
        self._turn.release()
        self._back.acquire()
        if self.error:
            raise self.error

    def pause(self, at: str) -> None:
        """Gives the turn back; goes on with it, or ends, when it comes again."""
        self.at = at
        self._back.release()
        self._turn.acquire()
        if self.raises:
            error, self.raises = self.raises, None
            raise error


_here = threading.local()


def pause(at: str) -> None:
    """A point at which others may come in between; no point outside of actors."""
    actor = getattr(_here, "actor", None)
    if actor:
        actor.pause(at)


def _sleep(_seconds: float) -> None:
    """A moment in which everyone else may go on."""
    pause("sleep")


@dataclass
class Run:
    """One run of one process: what it is to do, and how far it is."""

    mark: int
    kind: str
    process: "Process"
    version: int
    waits: bool
    is_here: bool
    writes: tuple[Claim, ...]
    reads: tuple[Claim, ...]
    lease_id: int | None = None
    token: int | None = None
    held: tuple[Claim, ...] = ()
    reserved_id: int | None = None
    reserved_token: int | None = None
    is_dead: bool = False
    is_over: bool = False
    wakes_at: int = 0
    actors: list[Actor] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The run's id."""
        return f"run-{self.mark}"

    def covers(self, table: str, day: date) -> bool:
        """Whether it writes that partition."""
        return any(c.table == table and c.first <= day <= c.last for c in self.writes)


class Process:
    """What one process has open, on the one home."""

    def __init__(self, home: Path, database: str, world: Callable[[], "World"]) -> None:
        self.engine = connect(database)
        self._world = world
        self._error = self.engine.dialect.loaded_dbapi.OperationalError
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", self._set_clock)
        sa.event.listen(self.engine, "checkout", lambda *_: pause("transaction"))
        sa.event.listen(self.engine, "before_cursor_execute", self._before_statement, retval=True)
        commit = self.engine.dialect.do_commit
        self.engine.dialect.do_commit = lambda c: self._commit(commit, c)
        self.leases = Leases(self.engine, LEASE_SECONDS, self._advance)
        self._folder = home / "warehouse"
        self._duckdb = ibis.duckdb.connect()
        self.warehouse = self.started()

    def started(self) -> DeltaWarehouse:
        """The warehouse as a new process opens it, on a connection that is open already."""
        with mock.patch.object(ibis.duckdb, "connect", return_value=self._duckdb):
            self.warehouse = DeltaWarehouse(self._folder, self.engine)
        return self.warehouse

    def _set_clock(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.create_function("julianday", 1, self._julianday)

    def _julianday(self, _text: str) -> float:
        return self._world().now / 86_400 + 2_440_587.5

    def _before_statement(
        self, _connection: object, _cursor: object, statement: str, parameters: Any, *_more: object
    ) -> tuple[str, Any]:
        if self._world().is_hiccup():
            raise sa.exc.OperationalError("a statement", None, self._error("hiccup"))
        # What SQLite is given as a function of its own, Postgres is given in the statement.
        now = f"to_timestamp({self._world().now!r})"
        return statement.replace("clock_timestamp()", now), parameters

    def _commit(self, commit: Callable[[Any], None], connection: Any) -> None:
        commit(connection)
        if self._world().is_hiccup():
            raise self._error("the answer to COMMIT was lost")

    def _advance(self, table: str) -> None:
        pause(f"advance {table}")
        self.warehouse.advance(table)


class Stage:
    """One home with its processes, used for schedule after schedule."""

    def __init__(self, folder: Path, database: str = "") -> None:
        self._folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.commits = 0
        self.world = World(self, 0)
        database = database or f"sqlite:///{self.home / 'coordination.db'}"
        self.processes = [
            Process(self.home, database, lambda: self.world) for _ in range(PROCESSES)
        ]
        self.look = connect(database)
        first = self.processes[0]
        everything = [Claim(table, DAYS[0], DAYS[-1]) for table in TABLES]
        origin = Run(0, "write", first, 1, True, True, tuple(everything), ())
        origin.token = 0
        for table in TABLES:
            replace(origin, table, lambda: None)
        self.commits = len(list(self.home.glob(f"warehouse/{TABLES[0]}/_delta_log/*.json")))
        shutil.copytree(self.home / "warehouse", folder / "origin")

    def play(self, seed: int) -> "World":
        """Plays the seed's schedule from the beginning; raises Wrong where an invariant breaks."""
        shutil.rmtree(self.home / "warehouse")
        shutil.copytree(self._folder / "origin", self.home / "warehouse")
        with self.look.begin() as connection:
            tables = sa.MetaData()
            tables.reflect(connection)
            for table in reversed(tables.sorted_tables):
                connection.execute(sa.delete(table))
        self.world = world = World(self, seed)
        clock = SimpleNamespace(sleep=_sleep, monotonic=lambda: world.seconds)
        with (
            mock.patch.object(leases_module, "time", clock),
            mock.patch.object(lease_changes, "is_dead", world.is_dead),
            mock.patch.object(time, "sleep", _sleep),
        ):
            try:
                world.play()
            except Exception as error:
                raise Wrong(f"seed {seed}: {error!r}\n" + "\n".join(world.told)) from error
            finally:
                world.end()
        return world


class World:
    """One schedule: the clock, who runs, what is stored, and what must hold of it."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage = stage
        self.random = random.Random(seed)
        self.now = 1_700_000_000.0
        self.seconds = 0.0
        self.step = 0
        self.told: list[str] = []
        self.seen: Counter[str] = Counter()
        self.runs: list[Run] = []
        self._hiccups = self.random.choice((0.0, 0.01, 0.04)) if seed else 0.0
        self._versions = dict.fromkeys(TABLES, stage.commits)
        self._stored = {table: dict.fromkeys(DAYS, (0, 1)) for table in TABLES}

    # --- what happens

    def play(self) -> None:
        """Trouble first, then peace, in which everyone must come to an end."""
        for self.step in range(STEPS):
            self._trouble()
            self._take_turn()
        self._hiccups = 0.0
        for self.step in range(STEPS, STEPS + PEACEFUL_STEPS):
            if not self._living():
                return
            for run in self._living():
                run.wakes_at = 0
            self._take_turn()
        raise Wrong(f"still waiting: {[run.name for run in self._living()]}")

    def end(self) -> None:
        """Ends every thread that is left."""
        self._hiccups = 0.0
        for run in self.runs:
            for actor in run.actors:
                while not actor.is_over:
                    actor.raises = Died()
                    with suppress(BaseException):
                        actor.step()

    def say(self, text: str) -> None:
        """A line of the schedule."""
        self.told.append(f"{self.step:4d} {self.now - 1_700_000_000:8.1f} {text}")

    def is_hiccup(self) -> bool:
        """Whether the database fails an actor now."""
        if not self._hiccups or getattr(_here, "actor", None) is None:
            return False
        if self.random.random() >= self._hiccups:
            return False
        self.say("        hiccup")
        self.seen["hiccup"] += 1
        return True

    def is_dead(self, _machine: object, pid: int, _started: float) -> bool:
        """Whether the run's process is known to be dead."""
        run = self.runs[pid - 1]
        return run.is_dead and run.is_here

    def _living(self) -> list[Run]:
        return [run for run in self.runs if not run.is_over]

    def _trouble(self) -> None:
        living = self._living()
        busy = {run.process for run in living}
        free = [process for process in self._stage.processes if process not in busy]
        if free and len(self.runs) < RUNS and self.random.random() < 0.2:
            self._start(free[0])
        event = self.random.choices(
            ("none", "jump", "jump back", "kill", "sleep", "restore"), (90, 2, 1, 1, 5, 1)
        )[0]
        if event == "jump":
            self._tell(event)
            self.now += self.random.uniform(1, 25)
        elif event == "jump back":
            self._tell(event)
            self.now -= self.random.uniform(1, 10)
        elif event == "restore":
            self._restore(self.random.choice(TABLES))
        elif living and event == "kill":
            self._kill(self.random.choice(living))
        elif living and event == "sleep":
            run = self.random.choice(living)
            run.wakes_at = self.step + self.random.randint(10, 60)
            self._tell(f"{event}: {run.name}")

    def _tell(self, event: str) -> None:
        self.seen[event.partition(":")[0]] += 1
        self.say(event)

    def _start(self, process: Process) -> None:
        mark, chance = len(self.runs) + 1, self.random
        process.started()
        kind = chance.choices(("write", "backfill", "maintain", "cancel"), (7, 3, 1, 1))[0]
        tables = sorted(chance.sample(TABLES, chance.randint(1, 2)))
        first, last = sorted(chance.choices(DAYS, k=2))
        writes = [Claim(table, first, last) for table in tables]
        others = [table for table in TABLES if table not in tables]
        reads = [Claim(others[0], first, last)] if chance.random() < 0.3 else []
        if kind == "maintain":
            writes, reads = [Claim(table, date.min, date.max) for table in TABLES], []
        run = Run(
            mark, kind, process, chance.randint(1, 2), chance.random() < 0.6,
            chance.random() < 0.7, tuple(writes), tuple(reads),
        )  # fmt: skip
        self.runs.append(run)
        body = {"backfill": self._backfill, "cancel": self._cancel}.get(kind, self._write)
        run.actors.append(Actor(run.name, lambda: body(run)))
        self._tell(f"start: {run.name} {kind} v{run.version} {', '.join(map(str, writes))}")

    def _kill(self, run: Run) -> None:
        self._tell(f"kill: {run.name}")
        run.is_dead = run.is_over = True
        for actor in run.actors:
            while not actor.is_over:
                actor.raises = Died()
                actor.step()

    def _restore(self, table: str) -> None:
        opened = DeltaTable(str(self._stage.home / "warehouse" / table))
        version = self.random.randint(self._stage.commits - 1, opened.version())
        # Maintenance may have removed that version's files.
        with suppress(DeltaError, OSError):
            opened.restore(version)
            self._tell(f"restore: {table} to version {version}")
        self._read(table, None)

    def _take_turn(self) -> None:
        passed = self.random.uniform(0.05, 0.5)
        self.now += passed
        self.seconds += passed
        awake = [
            (run, actor)
            for run in self.runs
            for actor in run.actors
            if not actor.is_over and run.wakes_at <= self.step
        ]
        if not awake:
            return
        run, actor = self.random.choice(awake)
        self.say(f"  {actor.name} goes on from {actor.at}")
        hiccups = self.seen["hiccup"]
        actor.step()
        self._worse(run, actor)
        for table in TABLES:
            self._read(table, run)
        is_waiting = actor.at == "sleep" and run.token is None and not actor.is_over
        if is_waiting and hiccups == self.seen["hiccup"]:
            self._nobody_waits_for_the_dead(run)

    def _worse(self, run: Run, actor: Actor) -> None:
        """Trouble where it hurts most: a long pause before a commit, a death before an advance."""
        if self.step >= STEPS or actor.is_over:
            return
        if actor.at == "fence passed" and self.random.random() < 0.5:
            run.wakes_at = self.step + self.random.randint(20, 80)
            self._tell(f"sleep before its commit: {run.name}")
            self.now += self.random.uniform(0, LEASE_SECONDS)
        if actor.at.startswith("advance") and self.random.random() < 0.2:
            self._kill(run)

    # --- what a run does

    def _write(self, run: Run) -> None:
        leases = run.process.leases
        try:
            grant = leases.acquire(
                self._holder(run), run.writes, run.reads, purpose=run.kind, wait=run.waits
            )
            run.held = run.writes
            self._given(run, grant)
            pause("compute")
            for table in sorted({claim.table for claim in run.writes}):
                if run.kind == "maintain":
                    run.process.leases.verify(run.lease_id)
                    run.process.warehouse.maintain(table)
                else:
                    replace(run, table, lambda: self._fence(run))
                pause("compute")
        except (LeaseRefused, LeaseLost, WriteRefused, BackfillCancelled, *HICCUPS) as error:
            self._tell(f"{type(error).__name__}: {run.name}")
        except KeyboardInterrupt:
            self._tell(f"interrupted: {run.name}")
        if run.lease_id is not None:
            with suppress(KeyboardInterrupt, *HICCUPS):
                patiently(lambda: leases.release(run.lease_id))
        run.is_over = True

    def _backfill(self, run: Run) -> None:
        """A run per table, within what is reserved for all of them."""
        leases = run.process.leases
        try:
            holder = self._holder(run)
            grant = leases.acquire(
                holder, run.writes, [], purpose=run.kind, wait=run.waits, given=RESERVED
            )
            run.reserved_id, run.reserved_token = grant.id, grant.token
            self._tell(f"reserved: {run.name} token {grant.token}")
            run.actors.append(Actor(f"{run.name}'s other heart", lambda: self._keep(run)))
            for number, claim in enumerate(run.writes):
                pause("survey")
                leases.verify(run.reserved_id)
                own = dataclasses.replace(holder, run_id=f"{run.name}.{number}")
                run.held = (claim,)
                grant = leases.acquire(own, [claim], run.reads, purpose=run.kind, wait=False)
                self._given(run, grant)
                replace(run, claim.table, lambda: self._fence(run))
                pause("release")
                patiently(lambda: leases.release(run.lease_id))
        except (LeaseRefused, LeaseLost, WriteRefused, BackfillCancelled, *HICCUPS) as error:
            self._tell(f"{type(error).__name__}: {run.name}")
        except KeyboardInterrupt:
            self._tell(f"interrupted: {run.name}")
        for lease_id in (run.lease_id, run.reserved_id):
            if lease_id is not None:
                with suppress(KeyboardInterrupt, *HICCUPS):
                    patiently(lambda given=lease_id: leases.release(given))
        run.is_over = True

    def _given(self, run: Run, grant: Grant) -> None:
        run.lease_id, run.token = grant.id, grant.token
        self._tell(f"granted: {run.name} token {grant.token}")
        run.actors.append(Actor(f"{run.name}'s heart", lambda: self._beat(run, grant.id)))

    def _fence(self, run: Run) -> None:
        try:
            patiently(lambda: run.process.leases.verify(run.lease_id))
        except LeaseLost as error:
            raise LostLease(str(error)) from error
        pause("fence passed")

    def _keep(self, run: Run) -> None:
        """Keeps what is reserved."""
        heartbeat = Heartbeat(
            run.process.leases,
            run.reserved_id,
            (run.name, run.name),
            stopped=lambda: None,
            interrupt=lambda: None,
            clock=lambda: self.seconds,
        )
        while not run.is_over:
            pause("beat")
            if run.is_over or not heartbeat.look():
                break

    def _beat(self, run: Run, lease_id: int) -> None:
        def interrupt() -> None:
            run.actors[0].raises = KeyboardInterrupt()

        heartbeat = Heartbeat(
            run.process.leases,
            lease_id,
            (run.name, run.name),
            stopped=lambda: None,
            interrupt=interrupt,
            clock=lambda: self.seconds,
        )

        def is_over() -> bool:
            return run.is_over or run.lease_id != lease_id

        while not is_over():
            pause("beat")
            if is_over() or not heartbeat.look():
                break
        if not is_over() and self.seconds - heartbeat._last < LEASE_SECONDS:
            # It may end before that only where there is nothing left to keep.
            assert self._lease(run).state != "held", f"the heart of {run.name} stopped"

    def _cancel(self, run: Run) -> None:
        held = [r for r in self._living() if r.token is not None]
        if held:
            target = self.random.choice(held)
            self._tell(f"cancel: {target.name}")
            with suppress(*HICCUPS):
                run.process.leases.cancel(target.name, "the simulation")
        run.is_over = True

    @staticmethod
    def _holder(run: Run) -> Holder:
        return Holder(run.name, run.name, "simulated", run.mark, 0, "simulated")

    # --- what must hold

    def _read(self, table: str, run: Run | None) -> None:
        """Looks at what the step has stored; run is who took it, None a restore."""
        folder = self._stage.home / "warehouse" / table
        log = sorted((folder / "_delta_log").glob("*.json"))
        new = [path.read_text() for path in log[self._versions[table] :]]
        self._versions[table] = len(log)
        if not any('"add"' in commit for commit in new):
            return
        before, after = self._stored[table], self._whole_partitions(table, folder)
        self._stored[table] = after
        for day in (d for d in DAYS if before[d] != after[d]) if run else ():
            mark, code_version = after[day]
            self.say(f"        {table} {day} is now run-{mark}'s")
            self.seen["written"] += 1
            assert code_version >= before[day][1], f"{table} {day}: older code over newer"
            assert mark == run.mark, f"{table} {day}: rows of run-{mark} in a step of {run.name}"
            assert run.covers(table, day), f"{table} {day}: {run.name} has no claim on it"
            self._holds(run)

    @staticmethod
    def _whole_partitions(table: str, folder: Path) -> dict[date, tuple[int, int]]:
        """Each date's run and code version; every date has all its rows from one run."""
        found: dict[date, list[tuple[str, int, int]]] = {day: [] for day in DAYS}
        for row in DeltaTable(str(folder)).to_pyarrow_table().to_pylist():
            found[row["game_date"]].append((row["player"], row["mark"], row["code_version"]))
        whole = {}
        for day, rows in found.items():
            stamps = {(mark, version) for _, mark, version in rows}
            is_whole = len(stamps) == 1 and sorted(p for p, *_ in rows) == list(PLAYERS)
            assert is_whole, f"{table} {day} is half: {rows}"
            whole[day] = stamps.pop()
        return whole

    def _lease(self, run: Run) -> sa.Row[Any]:
        return self._row(run.lease_id)

    def _row(self, lease_id: int | None) -> sa.Row[Any]:
        with self._stage.look.connect() as connection:
            wanted = sa.text("SELECT * FROM partition_leases WHERE id = :id")
            return connection.execute(wanted, {"id": lease_id}).one()

    def _holds(self, run: Run) -> None:
        """A run that has just committed had not lost its lease: nobody else has been given it.

        Nor any of what its backfill has reserved, since it has.
        """
        lease = self._lease(run)
        assert lease.fenced_at is None, f"{run.name} has committed after it lost its lease"
        claims, since = run.held, run.token
        if run.reserved_id is not None and self._row(run.reserved_id).state == RESERVED:
            claims, since = run.writes, run.reserved_token
        for other in self.runs:
            if other is run or other.token is None or other.token < since:
                continue
            both = [
                (claim.table, day)
                for claim in claims
                for day in DAYS
                if claim.first <= day <= claim.last
                and any(c.table == claim.table and c.first <= day <= c.last for c in other.held)
            ]
            assert not both, f"{run.name} has committed under {other.name}, which has {both[0]}"

    def _nobody_waits_for_the_dead(self, run: Run) -> None:
        with self._stage.look.connect() as connection:
            held = connection.execute(
                sa.text(
                    "SELECT pid, expires_at FROM partition_leases WHERE state IN ('held', 'reserved')"
                )
            ).all()
        for lease in held:
            assert not self.is_dead(None, lease.pid, 0), f"{run.name} waits for a dead one"


def replace(run: Run, table: str, fence: Callable[[], None]) -> None:
    """The run's rows of its dates of the table."""
    days = [day for day in DAYS if run.covers(table, day)]
    stamps = [
        Stamp(
            partition=day,
            code_version=run.version,
            content="",
            inputs="",
            row_count=len(PLAYERS),
            expected=len(PLAYERS),
            present=len(PLAYERS),
            missing=(),
            not_ready=0,
            completeness=None,
            least_completeness=None,
            gaps={},
            failed={},
            shares={},
            run_id=run.name,
            token=run.token or 0,
            written_at=datetime(2024, 1, 1, tzinfo=UTC),
        )
        for day in days
    ]
    warehouse = run.process.warehouse
    lines = ", ".join(f"(DATE '{day}', '{player}')" for day in days for player in PLAYERS)
    query = (
        f"SELECT day AS game_date, player, {run.mark}::BIGINT AS mark, "
        f"{run.version}::BIGINT AS code_version, '2023-24' AS season "
        f"FROM (VALUES {lines}) AS lines(day, player)"
    )
    rows = warehouse.stage(Query(query, _COLUMNS), f"rows_{run.mark}_{table}")
    warehouse.replace(Storage(table, ("game_date", "player")), rows, stamps, fence)


def main() -> None:
    """Plays one schedule and prints it."""
    with tempfile.TemporaryDirectory() as folder:
        world = Stage(Path(folder), *sys.argv[2:]).play(int(sys.argv[1]))
        sys.stdout.write("\n".join([*world.told, f"{dict(world.seen)}", ""]))


if __name__ == "__main__":
    main()
