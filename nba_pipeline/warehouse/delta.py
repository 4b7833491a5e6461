"""The embedded warehouse: Delta Lake tables queried by DuckDB.

A table is a folder partitioned by season. Every write is one commit that carries the stamps of its
partitions and is made only as the successor of the version it was checked against, so what was
checked (code version, fencing token, content) still holds when it lands.
"""

import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace as changed_copy
from datetime import date
from pathlib import Path
from uuid import uuid4

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import sqlalchemy as sa
from deltalake import CommitProperties, DeltaTable, Schema, write_deltalake
from deltalake.exceptions import CommitFailedError
from ibis import _
from ibis.backends.duckdb import Backend

from nba_pipeline.coordination.failures import Failures
from nba_pipeline.warehouse.protocol import (
    DuplicateKeys,
    Fence,
    LostLease,
    OlderCode,
    OutOfRange,
    Replaced,
    Stamp,
    Storage,
)
from nba_pipeline.warehouse.stamp_index import StampIndex

_COMMIT_KEY = "nba_pipeline"
_FOREVER = "interval 36500 days"
STAMP_COLUMNS = ("run_id", "code_version", "written_at")


class DeltaWarehouse:
    """Tables under one folder; safe for many processes."""

    def __init__(self, folder: Path, engine: sa.Engine) -> None:
        self._folder = folder
        self._index = StampIndex(engine)
        self.failures = Failures(engine)
        self._duckdb = ibis.duckdb.connect()
        self._viewed: dict[str, int] = {}
        self._opened: dict[str, DeltaTable] = {}

    # --- reading

    def names(self) -> list[str]:
        """The tables that exist, by name."""
        return sorted(path.parent.name for path in self._folder.glob("*/_delta_log"))

    def table(self, name: str, first: date | None = None, last: date | None = None) -> ir.Table:
        """The newest version's rows, all or those dated first to last.

        Raises:
            KeyError: the table has never been written.
        """
        delta = self._open(name)
        if delta is None:
            raise KeyError(f"no table {name} in {self._folder}")
        if self._viewed.get(name) != delta.version():
            self._view(name, delta)
            self._viewed[name] = delta.version()
        rows = self._duckdb.table(name)
        if first is None or last is None:
            return rows
        column = rows["game_date" if "game_date" in rows.columns else "month"]
        return rows.filter(column.between(first, last))

    def _view(self, name: str, delta: DeltaTable) -> None:
        """A DuckDB view over exactly the files of the version: a snapshot."""
        files = delta.file_uris()
        schema = ibis.Schema.from_pyarrow(pa.schema(delta.schema().to_arrow()))
        if files:
            listed = ", ".join(f"'{path}'" for path in files)
            columns = ", ".join(f'"{column}"' for column in schema)
            source = (
                f"SELECT {columns} FROM read_parquet([{listed}], hive_partitioning = true, "
                "hive_types = {'season': VARCHAR}, union_by_name = true)"
            )
            self._duckdb.raw_sql(f'CREATE OR REPLACE VIEW "{name}" AS {source}')
        else:
            self._duckdb.raw_sql(f'DROP VIEW IF EXISTS "{name}"')
            empty = ibis.memtable([], schema=schema)
            self._duckdb.create_view(name, empty, overwrite=True)

    def stage(self, rows: ir.Table) -> ir.Table:
        """The rows as a table of this process, computed once."""
        return self._duckdb.create_table(f"staged_{uuid4().hex}", rows, temp=True)

    def drop_staged(self, rows: ir.Table) -> None:
        """Frees what stage made."""
        self._duckdb.raw_sql(f'DROP TABLE IF EXISTS "{rows.op().name}"')

    @property
    def duckdb(self) -> Backend:
        """The connection that the tables live in."""
        return self._duckdb

    def stamps(self, name: str) -> Mapping[date, Stamp]:
        """The newest stamp of every partition; empty for a table never written."""
        delta = self._open(name)
        return {} if delta is None else self._stamps_of(delta)

    def _stamps_of(self, delta: DeltaTable) -> Mapping[date, Stamp]:
        """The stamps as of the opened version, indexing commits that are new."""
        table_id = str(delta.metadata().id)
        known = self._index.indexed_version(table_id)
        if known < delta.version():
            # Newest first; the index wants later commits last.
            commits = delta.history(delta.version() - known)[::-1]
            stamps = [
                Stamp.from_json(values)
                for commit in commits
                for values in json.loads(commit.get(_COMMIT_KEY, "[]"))
            ]
            self._index.add(table_id, delta.version(), stamps)
        return self._index.read(table_id, delta.version())

    def _open(self, name: str) -> DeltaTable | None:
        """The table at its newest version; None where it has never been written."""
        delta = self._opened.get(name)
        if delta is not None:
            delta.update_incremental()
            return delta
        path = self._folder / name
        if not DeltaTable.is_deltatable(str(path)):
            return None
        self._opened[name] = DeltaTable(str(path))
        return self._opened[name]

    # --- writing

    def replace(
        self, storage: Storage, rows: ir.Table, stamps: Sequence[Stamp], fence: Fence
    ) -> Replaced:
        """Replaces exactly the stamped partitions, in one commit.

        Raises:
            DuplicateKeys, OutOfRange: the rows are wrong.
            OlderCode: a stored partition was written by a newer code_version.
            LostLease: a stored partition carries a newer token, or the fence refuses.
        """
        partitions = {stamp.partition for stamp in stamps}
        self._refuse_bad_rows(storage, rows, partitions)
        contents = self._contents(storage, rows)
        final = [
            changed_copy(stamp, content=contents.get(stamp.partition, "empty")) for stamp in stamps
        ]
        while True:
            delta = self._open(storage.name) or self._create(storage, rows)
            stored = self._stamps_of(delta)
            _refuse_older(storage.name, final, stored)
            fence()
            written = [s.partition for s in final if _differs(s, stored.get(s.partition))]
            try:
                self._commit(delta, storage, rows, written, final, stored)
            except CommitFailedError:
                # Another process committed after this version was checked: check again.
                time.sleep(random.uniform(0.01, 0.1))
                continue
            break
        unchanged = sorted(partitions - set(written))
        count = sum(stamp.row_count for stamp in final if stamp.partition in set(written))
        return Replaced(tuple(sorted(written)), tuple(unchanged), count)

    def advance(self, name: str) -> None:
        """Makes a new version with the same rows: writers that checked an older one must re-check."""
        path = str(self._folder / name)
        while DeltaTable.is_deltatable(path):
            # Opened anew: the table that this process holds open may be another thread's.
            delta = DeltaTable(path)
            rows = pa.schema(delta.schema().to_arrow()).empty_table()
            properties = CommitProperties(max_commit_retries=0)
            try:
                write_deltalake(delta, rows, mode="append", commit_properties=properties)
            except CommitFailedError:
                continue
            return

    def _create(self, storage: Storage, rows: ir.Table) -> DeltaTable:
        """An empty table of the rows' schema; a no-op where another process was first."""
        path = self._folder / storage.name
        path.parent.mkdir(parents=True, exist_ok=True)
        DeltaTable.create(
            str(path),
            Schema.from_arrow(rows.schema().to_pyarrow()),
            mode="ignore",
            partition_by=["season"],
            configuration={"delta.logRetentionDuration": _FOREVER},
        )
        return DeltaTable(str(path))

    def _commit(
        self,
        delta: DeltaTable,
        storage: Storage,
        rows: ir.Table,
        written: Sequence[date],
        stamps: Sequence[Stamp],
        stored: Mapping[date, Stamp],
    ) -> None:
        """One commit: the rows of the written dates in place of the old, and all stamps."""
        properties = CommitProperties(
            custom_metadata={_COMMIT_KEY: json.dumps([stamp.as_json() for stamp in stamps])},
            # Only the successor of the checked version may land.
            max_commit_retries=0,
        )
        day = rows[storage.date_column]
        kept = rows.filter(day.isin(list(written))) if written else rows.limit(0)
        order = [storage.date_column, *(key for key in storage.grain if key != storage.date_column)]
        arrow = self._duckdb.to_pyarrow(kept.order_by(order))
        had_rows = [d for d in written if d in stored and stored[d].row_count]
        if not had_rows:
            write_deltalake(
                delta, arrow, mode="append", schema_mode="merge", commit_properties=properties
            )
            return
        listed = ", ".join(f"CAST('{day}' AS DATE)" for day in sorted(written))
        seasons = ", ".join(f"'{name}'" for name in _seasons(written))
        write_deltalake(
            delta,
            arrow,
            mode="overwrite",
            predicate=f"season IN ({seasons}) AND {storage.date_column} IN ({listed})",
            schema_mode="merge",
            commit_properties=properties,
        )

    def _contents(self, storage: Storage, rows: ir.Table) -> dict[date, str]:
        """A fingerprint of each date's rows that does not depend on their order."""
        skipped = {*STAMP_COLUMNS, *storage.volatile}
        columns = ", ".join(f'"{name}"' for name in sorted(rows.columns) if name not in skipped)
        day = storage.date_column
        found = self._duckdb.raw_sql(
            f"SELECT \"{day}\", format('{{:x}}-{{}}', bit_xor(hash({columns})), count(*)) "
            f'FROM "{rows.op().name}" GROUP BY 1'
        ).fetchall()
        return dict(found)

    def _refuse_bad_rows(self, storage: Storage, rows: ir.Table, partitions: set[date]) -> None:
        """Raises when keys repeat or rows are dated outside the partitions."""
        repeated = rows.group_by(*storage.grain).agg(rows=_.count()).filter(_.rows > 1)
        if examples := self._duckdb.execute(repeated.limit(5)).to_dict("records"):
            raise DuplicateKeys(f"{storage.name}: rows that share a key, such as {examples}")
        outside = rows.filter(~rows[storage.date_column].isin(list(partitions)))
        if examples := self._duckdb.execute(outside.limit(5)).to_dict("records"):
            raise OutOfRange(f"{storage.name}: rows outside the partitions written: {examples}")

    # --- maintenance

    def maintain(self, name: str) -> int:
        """Compacts the table's files and removes those no version needs; returns how many went.

        Readers of an older version lose it: run it when no other process is at work.

        Raises:
            KeyError: the table has never been written.
        """
        delta = self._open(name)
        if delta is None:
            raise KeyError(f"no table {name} in {self._folder}")
        delta.optimize.compact()
        removed = DeltaTable(str(self._folder / name)).vacuum(
            retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True
        )
        return len(removed)


def _differs(stamp: Stamp, stored: Stamp | None) -> bool:
    """Whether the partition's stored rows are not already the stamp's."""
    if stored is None:
        return stamp.row_count > 0
    return stored.content != stamp.content


def _refuse_older(name: str, stamps: Sequence[Stamp], stored: Mapping[date, Stamp]) -> None:
    """Raises when a stored partition is of newer code or under a newer token."""
    for stamp in stamps:
        there = stored.get(stamp.partition)
        if there is None:
            continue
        if there.code_version > stamp.code_version:
            raise OlderCode(
                f"{name} {stamp.partition} was written by code_version {there.code_version} "
                f"(run {there.run_id}, {there.written_at:%Y-%m-%d %H:%M}); this writer has "
                f"{stamp.code_version} and may not replace it"
            )
        if there.token > stamp.token:
            raise LostLease(
                f"{name} {stamp.partition} was written under fencing token {there.token} by run "
                f"{there.run_id} at {there.written_at:%Y-%m-%d %H:%M:%S}; this writer's token "
                f"{stamp.token} is older"
            )


def _seasons(days: Sequence[date]) -> list[str]:
    """The season partitions that the days lie in, so that no other file is opened."""
    # The same rule as the rows' own season column: a season starts after the summer.
    years = sorted({day.year if day.month >= 8 else day.year - 1 for day in days})
    return [f"{year}-{(year + 1) % 100:02d}" for year in years]
