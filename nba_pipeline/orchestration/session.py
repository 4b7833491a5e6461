"""The session of a Dagster run: opened with its lease before the first table, closed after the last.

The lease is taken here, in the write path, so every run has one whatever started it.
"""

import os
import signal
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta

from nba_pipeline import clock
from nba_pipeline.backfill import audit
from nba_pipeline.backfill.heartbeat import Heartbeat
from nba_pipeline.backfill.lease_rows import RESERVED, Claim, Holder
from nba_pipeline.backfill.leases import BackfillCancelled, LeaseLost, LeaseRefused, Leases
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.coordination.database import begin, connect, patiently
from nba_pipeline.engine import compiled
from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.engine.compute import Computed, Writer, compute
from nba_pipeline.engine.inputs import read_span
from nba_pipeline.engine.known_gaps import GAPS, known_gaps
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.kernel.table import Table
from nba_pipeline.orchestration import interrupts
from nba_pipeline.orchestration.dagster_run import LaunchedRun
from nba_pipeline.settings import Settings
from nba_pipeline.warehouse.labels import labelled
from nba_pipeline.warehouse.opening import open_warehouse
from nba_pipeline.warehouse.protocol import LostLease, Warehouse

_LONGEST_REASON = 500


class DeadlinePassed(NbaPipelineError, TimeoutError):
    """What the run was put off for begins; what it has done stands, and the rest comes later."""


class RunSession:
    """One run's lease, and its warehouse and landing zone, which a process may share between runs."""

    def __init__(
        self,
        settings: Settings,
        run_id: str,
        backfill_id: str,
        *,
        tables: Mapping[str, Table],
        bypasses: Sequence[Bypass] = (),
        force: bool = False,
        only_stored: Collection[str] = (),
        deadline: datetime | None = None,
        warehouse: Warehouse | None = None,
        landing: Landing | None = None,
    ) -> None:
        self._settings = settings
        engine = self._engine = connect(settings.coordination_url, settings.lease_seconds)
        self.warehouse = warehouse or open_warehouse(settings, engine, lambda: tables)
        self.landing = landing or Landing(settings.landing_root, settings.parsed_folder)
        self.leases = Leases(engine, settings.lease_seconds, self.warehouse.advance)
        self.progress = Progress(engine)
        compiled.keep_in(settings.compiled_folder)
        self._run_id = run_id
        self._backfill_id = backfill_id
        self._bypasses = tuple(bypasses)
        self._force = force
        self._only_stored = only_stored
        self._deadline = deadline
        self.tables = tables
        self._survey = self.survey()
        self._writer: Writer | None = None
        self._gaps: tuple[int | None, Mapping[str, bool]] | None = None
        self._days: tuple[date, ...] = ()

    def known_gaps(self) -> Mapping[str, bool]:
        """Every gap by its id, looked up again where the table of gaps has changed; see known_gaps."""
        version = self.warehouse.version(GAPS)
        if self._gaps is None or self._gaps[0] != version:
            self._gaps = version, known_gaps(self.warehouse)
        return self._gaps[1]

    def survey(self) -> Survey:
        """What is stored now."""
        return Survey(self.tables, self.warehouse, self.landing)

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Until left, a run that this thread carries out uses this warehouse and landing zone."""
        before = _SHARED.set(self)
        try:
            yield
        finally:
            _SHARED.reset(before)

    def close(self) -> None:
        """Gives its connections back: a process may carry out many runs."""
        self._engine.dispose()

    @staticmethod
    def sharing(settings: Settings) -> "RunSession | None":
        """The session whose parts a run of this thread uses, where it has the same settings."""
        launcher = _SHARED.get()
        return launcher if launcher and launcher._settings == settings else None  # noqa: SLF001

    @contextmanager
    def lease(
        self,
        tables: Sequence[Table],
        days: Sequence[date],
        *,
        wait: bool,
        launched: LaunchedRun | None = None,
        say: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Holds the lease for all tables and dates at once.

        Args:
            tables: what is written.
            days: the dates, of which first and last count; of monthly tables their months.
            wait: whether to wait for whoever holds some of them.
            launched: the run in its launcher's books, where there is one.
            say: is told whom the run waits for.

        Raises:
            LeaseRefused, BackfillCancelled: see Leases.acquire.
        """
        writes, reads = claims(tables, days, self._only_stored)
        with self._held(
            writes, reads, _purpose(tables), wait=wait, launched=launched, say=say
        ) as writer:
            self.progress.queue(
                self._backfill_id,
                self._run_id,
                {table.name: len(table.partitions_of(days)) for table in tables},
            )
            if self._bypasses:
                self._note("bypassed", bypass=[str(bypass) for bypass in self._bypasses])
            self._writer, self._days = writer, tuple(days)
            with labelled(run=self._run_id), self.warehouse.snapshot():
                # What was looked at before the lease was held may have changed.
                self._survey = self.survey()
                try:
                    yield
                finally:
                    self.progress.leave(self._run_id)

    @contextmanager
    def reservation(
        self,
        backfill_id: str,
        runs: Sequence[tuple[Sequence[Table], Sequence[date], Collection[str]]],
        *,
        wait: bool,
        say: Callable[[str], None] | None = None,
        bury: Callable[[str], None] = lambda _run_id: None,
    ) -> Iterator[Callable[[], None]]:
        """Keeps what a backfill's runs in this process write from everyone else, between them too.

        Gives what raises LeaseLost once it is lost.

        Args:
            backfill_id: whose runs they are.
            runs: tables and dates of each run, and of which tables only stored dates are meant.
            wait: whether to wait for whoever holds some of them.
            say: is told whom it waits for.
            bury: is told of each run that is found to be dead.

        Raises:
            LeaseRefused, BackfillCancelled: see Leases.acquire.
        """
        together: dict[tuple[str, date], Claim] = {}
        for tables, days, only_stored in runs:
            for claim in claims(tables, days, only_stored)[0]:
                key = claim.table, claim.first
                known = together.get(key, claim)
                is_only = known.only_stored and claim.only_stored
                together[key] = Claim(*key, max(claim.last, known.last), is_only)
        writes = list(together.values())
        purpose = _purpose(list(dict.fromkeys(table for tables, *_ in runs for table in tables)))
        holder = Holder.here(backfill_id, backfill_id)
        with _burying(bury) as gone:
            grant = self.leases.acquire(
                holder, writes, [], purpose=purpose, wait=wait, say=say, given=RESERVED
            )
            gone.extend(grant.gone)
        # Of a cancel each run learns by itself.
        ids = (backfill_id, backfill_id)
        kept = Heartbeat(self.leases, grant.id, ids, stopped=lambda: None, interrupt=lambda: None)
        with kept:
            try:
                yield lambda: patiently(lambda: self.leases.verify(grant.id))
            finally:
                patiently(lambda: self.leases.release(grant.id))

    @contextmanager
    def maintenance(self, names: Iterable[str], *, wait: bool) -> Iterator[None]:
        """Holds every partition of the tables, so that nobody reads or writes their files.

        Raises:
            LeaseRefused, BackfillCancelled: see Leases.acquire.
        """
        every = [Claim(name, date.min, date.max) for name in names]
        with self._held(every, [], "maintenance", wait=wait):
            yield

    @contextmanager
    def _held(
        self,
        writes: Sequence[Claim],
        reads: Sequence[Claim],
        purpose: str,
        *,
        wait: bool,
        launched: LaunchedRun | None = None,
        say: Callable[[str], None] | None = None,
    ) -> Iterator[Writer]:
        """A lease with its heartbeat, and who writes under it."""
        holder = Holder.here(self._run_id, self._backfill_id)
        try:
            with _burying(launched.bury if launched else lambda _run_id: None) as gone:
                grant = self.leases.acquire(
                    holder, writes, reads, purpose=purpose, wait=wait, say=say
                )
                gone.extend(grant.gone)
        except BackfillCancelled as error:
            self._note("refused", reason=str(error))
            raise
        except BaseException:
            # While it waits nothing beats yet that would see that it was stopped.
            if launched and (reason := launched.stopped()):
                self.leases.cancel(self._backfill_id, reason, is_known=True)
            raise

        def fence() -> None:
            if interrupts.have_come():
                raise LostLease("the run was interrupted")
            try:
                patiently(lambda: self.leases.verify(grant.id))
            except LeaseLost as error:
                raise LostLease(str(error)) from error

        heartbeat = Heartbeat(
            self.leases,
            grant.id,
            (self._run_id, self._backfill_id),
            stopped=launched.stopped if launched else lambda: None,
            interrupt=launched.interrupt if launched else _interrupt,
        )
        with heartbeat:
            try:
                yield Writer(self._run_id, grant.token, fence, self._bypasses)
            finally:
                try:
                    # The launcher's own interrupt may have come before the next look.
                    patiently(heartbeat.note_stopped)
                finally:
                    patiently(lambda: self.leases.release(grant.id))

    def partitions(self, table: Table) -> list[date]:
        """The table's partitions that the lease is for; Dagster knows no months of a run of days."""
        return table.partitions_of(self._days)

    def compute(self, table: Table, days: Sequence[date]) -> Computed:
        """Computes the stale partitions that hold the days, under the lease, and notes progress.

        Raises:
            DeadlinePassed: it is too late to begin the table.
            SchemaViolated, AssertionFailed, GapsLost, WriteRefused, LostLease: see engine.compute.
        """
        if self._writer is None:
            raise LostLease(f"{table.name}: no lease is held")
        interrupts.stop_if_come()
        if self._deadline and clock.now() > self._deadline:
            raise DeadlinePassed(f"{table.name}: {self._deadline:%Y-%m-%d %H:%M %Z} has passed")
        days = table.partitions_of(days)
        started = time.perf_counter()
        self.progress.start(self._run_id, table.name, len(days))
        try:
            computed = compute(
                table,
                days,
                self._survey,
                self._writer,
                force=self._force,
                only_stored=table.name in self._only_stored,
            )
        except BaseException as error:
            # What took the lease away has its own line.
            if self._writer.may_write():
                self._note(audit.FAILED, table=table.name, reason=str(error)[:_LONGEST_REASON])
            seconds = time.perf_counter() - started
            detail = "interrupted" if interrupts.have_come() else None
            self.progress.fail(self._run_id, table.name, seconds, detail)
            interrupts.stop_if_come()
            raise
        replaced = computed.replaced
        counted = (replaced.written, replaced.unchanged, computed.current, computed.refused)
        detail = self.progress.counts(*map(len, counted))
        self.progress.finish(self._run_id, table.name, time.perf_counter() - started, detail)
        if refused := sorted(computed.refused):
            dates = f"{refused[0]} to {refused[-1]} ({len(refused)})"
            why = computed.refused[refused[0]]
            self._note("stopped", table=table.name, dates=dates, reason=why)
        return computed

    def _note(self, action: str, **detail: object) -> None:
        """A line of the audit on behalf of the run."""
        with begin(self._engine) as connection:
            audit.write(
                connection, action, run_id=self._run_id, backfill_id=self._backfill_id, **detail
            )


_SHARED: ContextVar[RunSession | None] = ContextVar("session whose parts runs share", default=None)


@contextmanager
def _burying(bury: Callable[[str], None]) -> Iterator[list[str]]:
    """Buries the runs that are found to be dead, also where who found them is refused himself."""
    gone: list[str] = []
    try:
        yield gone
    except LeaseRefused as refused:
        gone.extend(refused.gone)
        raise
    finally:
        for run_id in gone:
            bury(run_id)


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def _purpose(tables: Sequence[Table]) -> str:
    """For whoever is refused because of a run of the tables."""
    return f"{', '.join(table.name for table in tables[:2])}{' ...' if tables[2:] else ''}"


def claims(
    tables: Sequence[Table], days: Sequence[date], only_stored: Collection[str] = ()
) -> tuple[list[Claim], list[Claim]]:
    """What a run of the tables over the days writes, and what it reads of other tables."""
    partitions = {table.name: table.partitions_of(days) for table in tables}
    writes = [
        Claim(name, min(own), max(own), name in only_stored) for name, own in partitions.items()
    ]
    written = {table.name for table in tables}
    reads: dict[str, Claim] = {}
    for table in tables:
        for read in table.reads:
            if read.table in written:
                continue
            first, last = read_span(read, partitions[table.name])
            if read.looks_back:
                # What is dated on the last partition itself is not read.
                last = max(first, last - timedelta(days=1))
            known = reads.get(read.table, Claim(read.table, first, last))
            reads[read.table] = Claim(read.table, min(first, known.first), max(last, known.last))
    return writes, list(reads.values())
