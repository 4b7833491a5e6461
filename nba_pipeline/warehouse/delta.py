"""The embedded warehouse: Delta Lake tables queried by DuckDB.

A table is a folder partitioned by season. Every write is one commit that carries the stamps of its
partitions and is made only as the successor of the version it was checked against, so what was
checked (code version, fencing token, columns, content) still holds when it lands.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import replace as changed_copy
from datetime import date
from pathlib import Path

import duckdb
import ibis.expr.types as ir
import pyarrow as pa
import sqlalchemy as sa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from nba_pipeline.coordination.failures import Failures
from nba_pipeline.warehouse import fingerprint
from nba_pipeline.warehouse.commit_log import Commit, HistoryLost, commit_properties
from nba_pipeline.warehouse.delta_folder import Opened, arrow_schema
from nba_pipeline.warehouse.delta_reader import DeltaReader
from nba_pipeline.warehouse.protocol import (
    Fence,
    NoSuchTable,
    Replaced,
    RowsLost,
    Stamp,
    Storage,
    VersionGone,
)
from nba_pipeline.warehouse.refusals import (
    dates_sql,
    refuse_bad_rows,
    refuse_older,
    refuse_schema_change,
)

_HOURS_OF_THE_LONGEST_WRITE = 24
STAMP_COLUMNS = ("run_id", "code_version", "written_at")


class DeltaWarehouse(DeltaReader):
    """Tables under one folder; safe for many processes."""

    def __init__(self, folder: Path, engine: sa.Engine) -> None:
        super().__init__(folder, engine)
        self.failures = Failures(engine)

    # --- writing

    def replace(
        self, storage: Storage, rows: ir.Table, stamps: Sequence[Stamp], fence: Fence
    ) -> Replaced:
        """Replaces exactly the stamped partitions, in one commit.

        Raises:
            DuplicateKeys, OutOfRange: the rows are wrong.
            SchemaChanged: stored partitions that are not replaced have other columns.
            OlderCode: a stored partition was written by a newer code_version.
            LostLease: a stored partition carries a newer token, or the fence refuses.
            RowsLost: a stored row of an appending table is not among the rows as it stands.
        """
        name, relation = storage.name, rows.op().name
        partitions = sorted(stamp.partition for stamp in stamps)
        refuse_bad_rows(self._duckdb, storage, relation, partitions)
        contents = self._contents(storage, rows)
        final = [
            changed_copy(stamp, content=contents.get(stamp.partition, fingerprint.EMPTY))
            for stamp in stamps
        ]
        given = rows.schema().to_pyarrow()
        while True:
            opened = self._folder.open(name) or self._folder.create(
                name, given, appends=storage.appends
            )
            stored = self._index.stamps(name, self._folder.log(name), opened.commit)
            refuse_older(name, final, stored)
            others = [day for day in stored.keys() - set(partitions) if stored[day].row_count]
            new_columns = refuse_schema_change(name, opened.delta.schema(), given, others)
            appends = _appends(opened.delta)
            written = [s.partition for s in final if _differs(s, stored.get(s.partition))]
            replaced = partitions if new_columns else written
            try:
                if appends:
                    self._refuse_loss(storage, rows, opened.commit, partitions)
                fence()
                if appends:
                    self._append(opened, storage, relation, given, final)
                else:
                    self._commit(
                        opened.delta,
                        storage,
                        relation,
                        given,
                        replaced,
                        final,
                        new_columns=new_columns,
                    )
            except (DeltaError, duckdb.IOException, HistoryLost, VersionGone):
                if self._folder.stands_at(name, opened.commit):
                    raise
                # Another process committed after this version was checked, and may have removed
                # its files: check again.
                time.sleep(random.uniform(0.01, 0.1))
                continue
            break
        self._move_pin(name, opened.commit.version + 1)
        unchanged = tuple(day for day in partitions if day not in set(written))
        count = sum(stamp.row_count for stamp in final if stamp.partition in set(written))
        return Replaced(tuple(sorted(written)), unchanged, count)

    def advance(self, name: str) -> None:
        """Makes a new version with the same rows: writers that checked an older one must re-check."""
        while (delta := self._folder.opened_anew(name)) is not None:
            empty = arrow_schema(delta).empty_table()
            try:
                write_deltalake(delta, empty, mode="append", commit_properties=commit_properties())
            except CommitFailedError:
                continue
            return

    def _commit(
        self,
        delta: DeltaTable,
        storage: Storage,
        relation: str,
        schema: pa.Schema,
        replaced: Sequence[date],
        stamps: Sequence[Stamp],
        *,
        new_columns: bool,
    ) -> None:
        """One commit: the rows of the replaced dates in place of the old, and all stamps."""
        properties = commit_properties(stamps)
        if not replaced:
            write_deltalake(
                delta,
                schema.empty_table(),
                mode="append",
                # Columns may be new though no row is.
                schema_mode="merge",
                commit_properties=properties,
            )
            return
        listed = dates_sql(replaced)
        day = f'"{storage.date_column}"'
        keys = ", ".join(
            [day, *(f'"{key}"' for key in storage.grain if key != storage.date_column)]
        )
        query = f'SELECT * FROM "{relation}" WHERE {day} IN {listed} ORDER BY {keys}'
        rows = self._duckdb.raw_sql(query).to_arrow_table().cast(schema)
        if new_columns:
            write_deltalake(
                delta,
                rows,
                mode="overwrite",
                schema_mode="overwrite",
                commit_properties=properties,
            )
            return
        write_deltalake(
            delta,
            rows,
            mode="overwrite",
            predicate=f"{storage.date_column} IN {listed}",
            schema_mode="merge",
            commit_properties=properties,
        )

    def _append(
        self,
        opened: Opened,
        storage: Storage,
        relation: str,
        schema: pa.Schema,
        stamps: Sequence[Stamp],
    ) -> None:
        """One commit: the rows whose keys are not stored yet, beside the stored ones, and all stamps."""
        keys = ", ".join(f'"{key}"' for key in storage.grain)
        stored = self._view(storage.name, opened.commit).op().name
        query = f'SELECT * FROM "{relation}" ANTI JOIN "{stored}" USING ({keys}) ORDER BY {keys}'
        write_deltalake(
            opened.delta,
            self._duckdb.raw_sql(query).to_arrow_table().cast(schema),
            mode="append",
            schema_mode="merge",
            commit_properties=commit_properties(stamps),
        )

    def _refuse_loss(
        self, storage: Storage, rows: ir.Table, commit: Commit, partitions: Sequence[date]
    ) -> None:
        """Raises when a stored row of the partitions is not among the rows as it stands."""
        stored = self._view(storage.name, commit)
        stored = stored.filter(stored[storage.date_column].isin(list(partitions)))
        if missing := set(stored.columns) - set(rows.columns):
            raise RowsLost(f"{storage.name}: stored rows have {sorted(missing)}, the new ones lack")
        lost = stored.difference(rows.select(*stored.columns)).select(*storage.grain)
        if examples := self._duckdb.execute(lost.limit(5)).to_dict("records"):
            raise RowsLost(
                f"{storage.name}: rows are only added, and these that are stored would go or "
                f"change: {examples}"
            )

    def _move_pin(self, name: str, version: int) -> None:
        """Lets a snapshot read what was just committed."""
        if self._pins is None:
            return
        self._pins[name] = self._folder.commit(name, version)

    def _contents(self, storage: Storage, rows: ir.Table) -> dict[date, str]:
        """The fingerprint of each date's rows."""
        skipped = {*STAMP_COLUMNS, *storage.volatile}
        columns = [column for column in rows.columns if column not in skipped]
        query = fingerprint.sums_sql(rows.op().name, rows.schema(), storage.date_column, columns)
        sums = self._duckdb.raw_sql(query).fetchall()
        return {day: fingerprint.fingerprint(columns, *numbers) for day, *numbers in sums}

    # --- maintenance

    def maintain(self, name: str, *, keep: Sequence[int] = ()) -> int:
        """Compacts the table and removes the files of older versions; returns how many went.

        Readers of an older version lose it: run it when no other process is at work.

        Args:
            name: the table.
            keep: older versions that stay readable.

        Raises:
            NoSuchTable: the table has never been written.
        """
        opened = self._folder.open(name)
        if opened is None:
            raise NoSuchTable(f"no table {name} in {self._folder.path}")
        before = self._parquet_count(name)
        opened.delta.optimize.compact()
        # What a version dropped may go at once; what no version names may be a write under way.
        for is_full, hours in ((False, 0), (True, _HOURS_OF_THE_LONGEST_WRITE)):
            DeltaTable(str(self._folder.path / name)).vacuum(
                retention_hours=hours,
                enforce_retention_duration=False,
                dry_run=False,
                full=is_full,
                keep_versions=list(keep),
            )
        self._views.clear()
        return before - self._parquet_count(name)

    def _parquet_count(self, name: str) -> int:
        return sum(1 for _ in (self._folder.path / name).rglob("*.parquet"))


def _appends(delta: DeltaTable) -> bool:
    """Whether rows are only added, as the table itself says, whatever its writer says."""
    return bool(delta.metadata().configuration.get("delta.appendOnly") == "true")


def _differs(stamp: Stamp, stored: Stamp | None) -> bool:
    """Whether the partition's stored rows are not already the stamp's."""
    if stored is None:
        return stamp.content != fingerprint.EMPTY
    return stored.content != stamp.content
