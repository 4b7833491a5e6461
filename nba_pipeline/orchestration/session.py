"""The session of a Dagster run: opened with its lease before the first table, closed after the last.

The lease is taken here, in the write path, so every run has one whatever started it.
"""

import gc
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

import dagster as dg

from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.backfill.leases import LeaseLost, Leases
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.coordination.database import connect
from nba_pipeline.engine.compute import Bypass, Computed, Writer, compute
from nba_pipeline.engine.inputs import read_span
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.orchestration.launched import LaunchedRun
from nba_pipeline.settings import Settings
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline.warehouse.protocol import LostLease

BYPASS_TAG = "nba_pipeline/bypass"
REASON_TAG = "nba_pipeline/bypass_reason"
FORCE_TAG = "nba_pipeline/force"
WAIT_TAG = "nba_pipeline/wait"
ONLY_STORED_TAG = "nba_pipeline/only_stored"
BACKFILL_TAG = "nba_pipeline/backfill"
_LOOK_SECONDS = 1.0
_OBJECTS_BETWEEN_COLLECTIONS = 100_000
_RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


class RunSession:
    """One run's warehouse, landing zone and lease; see kernel.session.Session."""

    def __init__(
        self,
        settings: Settings,
        run_id: str,
        backfill_id: str,
        *,
        tables: Mapping[str, Table],
        bypasses: Sequence[Bypass] = (),
        force: bool = False,
        only_stored: bool = False,
    ) -> None:
        engine = connect(settings.coordination_url)
        self.warehouse = DeltaWarehouse(settings.warehouse_folder, engine)
        self.landing = Landing(settings.landing_root)
        self.leases = Leases(engine, settings.lease_seconds)
        self.progress = Progress(engine)
        self._run_id = run_id
        self._backfill_id = backfill_id
        self._bypasses = tuple(bypasses)
        self._force = force
        self._only_stored = only_stored
        self._tables = tables
        self._survey = self.survey()
        self._writer: Writer | None = None

    def survey(self) -> Survey:
        """What is stored now."""
        return Survey(self._tables, self.warehouse, self.landing)

    @contextmanager
    def lease(
        self,
        tables: Sequence[Table],
        days: Sequence[date],
        *,
        wait: bool,
        launched: LaunchedRun | None = None,
    ) -> Iterator[None]:
        """Holds the lease for all tables and dates at once.

        Args:
            tables: what is written.
            days: the dates, of which first and last count.
            wait: whether to wait for whoever holds some of them.
            launched: the run in its launcher's books, where there is one.

        Raises:
            LeaseRefused, BackfillCancelled: see Leases.acquire.
        """
        holder = Holder.here(self._run_id, self._backfill_id)
        writes, reads = claims(tables, days)
        purpose = f"{', '.join(t.name for t in tables[:2])}{' ...' if tables[2:] else ''}"
        lease_id, token, took_over, gone = self.leases.acquire(
            holder, writes, reads, purpose=purpose, wait=wait
        )
        if launched:
            for run_id in gone:
                launched.bury(run_id)
        if took_over:
            # Whoever still runs on an expired lease has checked an older version: make it so.
            for claim in writes:
                self.warehouse.advance(claim.table)
        self.progress.queue(
            self._backfill_id, self._run_id, {table.name: len(days) for table in tables}
        )

        def fence() -> None:
            try:
                self.leases.verify(lease_id)
            except LeaseLost as error:
                raise LostLease(str(error)) from error

        # What was looked at before the lease was held may have changed.
        self._survey = self.survey()
        self._writer = Writer(self._run_id, token, fence, self._bypasses)
        ids = (self._run_id, self._backfill_id)
        with _heartbeat(self.leases, lease_id, ids, launched):
            try:
                yield
            finally:
                # The launcher's own interrupt may have come before the next look.
                _note_stopped(self.leases, ids, launched)
                self.leases.release(lease_id)

    def compute(self, table: Table, days: Sequence[date]) -> Computed:
        """Computes the stale dates under the lease, and notes progress."""
        if self._writer is None:
            raise LostLease(f"{table.name}: no lease is held")
        started = time.perf_counter()
        self.progress.start(self._run_id, table.name, len(days))
        try:
            computed = compute(
                table,
                days,
                self._survey,
                self._writer,
                force=self._force,
                only_stored=self._only_stored,
            )
        except BaseException as error:
            self.progress.fail(
                self._run_id, table.name, time.perf_counter() - started, str(error)[:500]
            )
            raise
        detail = (
            f"{len(computed.replaced.written)} written, {len(computed.replaced.unchanged)} "
            f"unchanged, {len(computed.current)} current, {len(computed.refused)} refused"
        )
        self.progress.finish(self._run_id, table.name, time.perf_counter() - started, detail)
        return computed


def _note_stopped(leases: Leases, ids: tuple[str, str], launched: LaunchedRun | None) -> None:
    """Takes a run that was stopped in its launcher for a cancelled backfill."""
    if launched and launched.is_stopped() and not leases.is_cancelled(*ids):
        leases.cancel(ids[1], reason="stopped in Dagster")


@contextmanager
def _heartbeat(
    leases: Leases, lease_id: int, ids: tuple[str, str], launched: LaunchedRun | None
) -> Iterator[None]:
    """Prolongs the lease until left; interrupts this process when it was cancelled."""
    stop = threading.Event()

    def beat() -> None:
        next_beat = time.monotonic() + leases.seconds / 3
        while not stop.wait(_LOOK_SECONDS):
            _note_stopped(leases, ids, launched)
            if leases.is_cancelled(*ids):
                if launched:
                    launched.interrupt()
                else:
                    os.kill(os.getpid(), signal.SIGINT)
                return
            if time.monotonic() >= next_beat:
                next_beat = time.monotonic() + leases.seconds / 3
                try:
                    leases.heartbeat(lease_id)
                except LeaseLost:
                    # The fence refuses the next commit and says why.
                    return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def claims(tables: Sequence[Table], days: Sequence[date]) -> tuple[list[Claim], list[Claim]]:
    """What a run of the tables over the days writes, and what it reads of other tables."""
    writes = [Claim(table.name, min(days), max(days)) for table in tables]
    written = {table.name for table in tables}
    reads: dict[str, Claim] = {}
    for table in tables:
        for read in table.reads:
            if read.table in written:
                continue
            first, last = read_span(read, days)
            known = reads.get(read.table, Claim(read.table, first, last))
            reads[read.table] = Claim(read.table, min(first, known.first), max(last, known.last))
    return writes, list(reads.values())


def days_of(run: dg.DagsterRun) -> list[date]:
    """The partitions of a run, by their keys' dates.

    Raises:
        ValueError: the run has no partition.
    """
    tags = run.tags
    if "dagster/partition" in tags:
        return [date.fromisoformat(tags["dagster/partition"])]
    if not all(tag in tags for tag in _RANGE_TAGS):
        raise ValueError("choose partitions: every table is partitioned by date or month")
    first, last = (date.fromisoformat(tags[tag]) for tag in _RANGE_TAGS)
    return calendar.season_days(first, last) or [first, last]


def session_resource(tables: Mapping[str, Table]) -> dg.ResourceDefinition:
    """The resource that gives each run its session.

    Args:
        tables: every declared table by name, in the graph's order.
    """

    @dg.resource(description="Warehouse, landing zone and lease of one run")
    def session(context: dg.InitResourceContext) -> Iterator[RunSession]:
        run = context.run
        if run is None:
            raise ValueError("a session belongs to a run")
        keys = run.asset_selection
        names = {key.to_user_string() for key in keys} if keys else set(tables)
        selected = [table for name, table in tables.items() if name in names]
        tags = run.tags
        bypasses = [
            Bypass(name, tags.get(REASON_TAG, ""))
            for name in tags.get(BYPASS_TAG, "").split(",")
            if name
        ]
        backfill_id = tags.get(BACKFILL_TAG) or tags.get("dagster/backfill") or run.run_id
        opened = RunSession(
            Settings(),
            run.run_id,
            backfill_id,
            tables=tables,
            bypasses=bypasses,
            force=tags.get(FORCE_TAG) == "true",
            only_stored=tags.get(ONLY_STORED_TAG) == "true",
        )
        # Expressions are trees of small objects that all live until the run ends: collecting among
        # them costs a third of compiling them.
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
        launched = LaunchedRun(context.instance, run) if context.instance else None
        wait = tags.get(WAIT_TAG) != "false"
        with opened.lease(selected, days_of(run), wait=wait, launched=launched):
            yield opened

    return session
