"""The session of a Dagster run: opened with its lease before the first table, closed after the last.

The lease is taken here, in the write path, so every run has one whatever started it.
"""

import gc
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, timedelta

import dagster as dg

from nba_pipeline.backfill import audit
from nba_pipeline.backfill.heartbeat import Heartbeat
from nba_pipeline.backfill.lease_rows import RESERVED, Claim, Holder
from nba_pipeline.backfill.leases import BackfillCancelled, LeaseLost, Leases
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.coordination.database import begin, connect, patiently
from nba_pipeline.engine import compiled
from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.engine.compute import Computed, Writer, compute
from nba_pipeline.engine.inputs import read_span
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.errors import WrongRequest
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.orchestration import interrupts
from nba_pipeline.orchestration.dagster_run import CANCEL_REASON_TAG, LaunchedRun
from nba_pipeline.settings import Settings
from nba_pipeline.warehouse.labels import labelled
from nba_pipeline.warehouse.opening import open_warehouse
from nba_pipeline.warehouse.protocol import LostLease, Warehouse

BYPASS_TAG = "nba_pipeline/bypass"
REASON_TAG = "nba_pipeline/bypass_reason"
FORCE_TAG = "nba_pipeline/force"
WAIT_TAG = "nba_pipeline/wait"
ONLY_STORED_TAG = "nba_pipeline/only_stored"
BACKFILL_TAG = "nba_pipeline/backfill"
WORK_TAG = "nba_pipeline/work"
"""Identity of the work for which a sensor or schedule has asked; see automation.work."""
_TAGS = {
    *(BYPASS_TAG, REASON_TAG, FORCE_TAG, WAIT_TAG, ONLY_STORED_TAG, BACKFILL_TAG),
    *(WORK_TAG, CANCEL_REASON_TAG),
}
_OBJECTS_BETWEEN_COLLECTIONS = 100_000
_LONGEST_REASON = 500
_RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


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
        self._tables = tables
        self._survey = self.survey()
        self._writer: Writer | None = None
        self._days: tuple[date, ...] = ()

    def survey(self) -> Survey:
        """What is stored now."""
        return Survey(self._tables, self.warehouse, self.landing)

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

    def has(self, settings: Settings) -> bool:
        """Whether it was opened with these settings."""
        return self._settings == settings

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
        writes, reads = claims(tables, days)
        with self._held(
            writes, reads, _purpose(tables), wait=wait, launched=launched, say=say
        ) as writer:
            self.progress.queue(
                self._backfill_id,
                self._run_id,
                {table.name: len(table.partitions_of(days)) for table in tables},
            )
            self._writer, self._days = writer, tuple(days)
            with labelled(run=self._run_id), self.warehouse.snapshot():
                # What was looked at before the lease was held may have changed.
                self._survey = self.survey()
                yield

    @contextmanager
    def reservation(
        self,
        backfill_id: str,
        runs: Sequence[tuple[Sequence[Table], Sequence[date]]],
        *,
        wait: bool,
        say: Callable[[str], None] | None = None,
    ) -> Iterator[Callable[[], None]]:
        """Keeps what a backfill's runs in this process write from everyone else, between them too.

        Gives what raises LeaseLost once it is lost.

        Args:
            backfill_id: whose runs they are.
            runs: tables and dates of each run.
            wait: whether to wait for whoever holds some of them.
            say: is told whom it waits for.

        Raises:
            LeaseRefused, BackfillCancelled: see Leases.acquire.
        """
        last: dict[tuple[str, date], date] = {}
        for tables, days in runs:
            for claim in claims(tables, days)[0]:
                key = claim.table, claim.first
                last[key] = max(claim.last, last.get(key, claim.last))
        writes = [Claim(table, first, end) for (table, first), end in last.items()]
        purpose = _purpose(list(dict.fromkeys(table for tables, _ in runs for table in tables)))
        holder = Holder.here(backfill_id, backfill_id)
        grant = self.leases.acquire(
            holder, writes, [], purpose=purpose, wait=wait, say=say, given=RESERVED
        )
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
            grant = self.leases.acquire(holder, writes, reads, purpose=purpose, wait=wait, say=say)
        except BackfillCancelled as error:
            self._note("refused", reason=str(error))
            raise
        if launched:
            for run_id in grant.gone:
                launched.bury(run_id)

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
        """Computes the stale partitions that hold the days, under the lease, and notes progress."""
        if self._writer is None:
            raise LostLease(f"{table.name}: no lease is held")
        interrupts.stop_if_come()
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
        detail = (
            f"{len(computed.replaced.written)} written, {len(computed.replaced.unchanged)} "
            f"unchanged, {len(computed.current)} current, {len(computed.refused)} refused"
        )
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


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def _purpose(tables: Sequence[Table]) -> str:
    """For whoever is refused because of a run of the tables."""
    return f"{', '.join(table.name for table in tables[:2])}{' ...' if tables[2:] else ''}"


def claims(tables: Sequence[Table], days: Sequence[date]) -> tuple[list[Claim], list[Claim]]:
    """What a run of the tables over the days writes, and what it reads of other tables."""
    partitions = {table.name: table.partitions_of(days) for table in tables}
    writes = [Claim(name, min(own), max(own)) for name, own in partitions.items()]
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


def days_of(run: dg.DagsterRun) -> list[date]:
    """The partitions of a run, by their keys' dates.

    Raises:
        WrongRequest: the run has no partition, or a range that ends before it begins.
    """
    tags = run.tags
    if "dagster/partition" in tags:
        return [date.fromisoformat(tags["dagster/partition"])]
    if not all(tag in tags for tag in _RANGE_TAGS):
        raise WrongRequest("choose partitions: every table is partitioned by date or month")
    first, last = (date.fromisoformat(tags[tag]) for tag in _RANGE_TAGS)
    if first > last:
        raise WrongRequest(f"the range of partitions begins on {first} and ends on {last}")
    return days_between(first, last)


def days_between(first: date, last: date) -> list[date]:
    """The days that a range of partitions stands for, from its first key to its last."""
    # A month's key is its first day, which may lie before the season that begins in it.
    return sorted({first, *calendar.season_days(first, last), last})


def _is_on(tags: Mapping[str, str], tag: str) -> bool:
    """Whether the tag is true; absent is false."""
    value = tags.get(tag, "false")
    if value not in ("true", "false"):
        raise WrongRequest(f"tag {tag} is {value!r}: give true or false")
    return value == "true"


def _refuse_unknown_tags(tags: Mapping[str, str]) -> None:
    """Raises WrongRequest where a tag asks this program for what it does not know."""
    unknown = [name for name in tags if name.startswith("nba_pipeline/") and name not in _TAGS]
    if unknown:
        raise WrongRequest(f"no tag {', '.join(unknown)}; there are {', '.join(sorted(_TAGS))}")
    if tags.get(REASON_TAG) and not tags.get(BYPASS_TAG):
        raise WrongRequest(f"tag {REASON_TAG} gives a reason, and {BYPASS_TAG} names no bypass")


def session_resource(tables: Mapping[str, Table]) -> dg.ResourceDefinition:
    """The resource that gives each run its session.

    Args:
        tables: every declared table by name, in the graph's order.
    """

    @dg.resource(description="Warehouse, landing zone and lease of one run")
    def session(context: dg.InitResourceContext) -> Iterator[RunSession]:
        run = context.run
        if run is None:
            raise WrongRequest("a session belongs to a run")
        keys = run.asset_selection
        names = {key.to_user_string() for key in keys} if keys else set(tables)
        selected = [table for name, table in tables.items() if name in names]
        tags = run.tags
        _refuse_unknown_tags(tags)
        bypasses = [
            Bypass(name.strip(), tags.get(REASON_TAG, ""))
            for name in tags.get(BYPASS_TAG, "").split(",")
            if name.strip()
        ]
        backfill_id = tags.get(BACKFILL_TAG) or tags.get("dagster/backfill") or run.run_id
        settings, launcher = Settings(), _SHARED.get()
        if launcher and not launcher.has(settings):
            launcher = None
        opened = RunSession(
            settings,
            run.run_id,
            backfill_id,
            tables=tables,
            bypasses=bypasses,
            force=_is_on(tags, FORCE_TAG),
            only_stored=tags.get(ONLY_STORED_TAG, "").split(","),
            warehouse=launcher.warehouse if launcher else None,
            landing=launcher.landing if launcher else None,
        )
        # Expressions are trees of small objects that all live until the run ends: collecting among
        # them costs a third of compiling them.
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
        launched = LaunchedRun(context.instance, run) if context.instance else None
        wait = _is_on(tags, WAIT_TAG)
        say = context.log.info if context.log else None
        try:
            with opened.lease(selected, days_of(run), wait=wait, launched=launched, say=say):
                yield opened
        finally:
            if launched and interrupts.have_come():
                launched.book_stopping()
            opened.close()

    return session
