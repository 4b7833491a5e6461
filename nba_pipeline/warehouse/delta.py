"""The embedded warehouse: Delta Lake tables queried by DuckDB.

A table is a folder partitioned by season. Every write is one commit that carries the stamps of its
partitions and is made only as the successor of the version it was checked against, so what was
checked (code version, fencing token, columns, content) still holds when it lands.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import sqlalchemy as sa
from deltalake import DeltaTable, Field, Schema, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from nba_pipeline.coordination.failures import Failures
from nba_pipeline.warehouse import fingerprint
from nba_pipeline.warehouse.commit_log import HistoryLost, commit_properties
from nba_pipeline.warehouse.delta_folder import OpenTable, arrow_schema
from nba_pipeline.warehouse.delta_reader import DeltaReader
from nba_pipeline.warehouse.protocol import NoSuchTable, Stamp, Storage, VersionGone
from nba_pipeline.warehouse.refusals import dates_sql
from nba_pipeline.warehouse.replacing import Change, Replacing

_LOG = logging.getLogger(__name__)
_HOURS_OF_THE_LONGEST_WRITE = 24
_MOST_FILES = 16
"""Of a season, before they are made one: every read opens each, and a date's write adds one."""
_COMMITS_BETWEEN_CHECKPOINTS = 10
"""Who opens a table to write to it reads every commit since the last checkpoint."""


class DeltaWarehouse(DeltaReader, Replacing[OpenTable]):
    """Tables under one folder; safe for many processes.

    Args:
        folder: theirs.
        engine: the coordination store.
        threads: how many DuckDB takes; 0 for as many as the machine has cores.
    """

    dialect = fingerprint.DUCKDB
    # Another process may also have removed the files of the version that was checked.
    overtaken = (DeltaError, duckdb.IOException, HistoryLost, VersionGone)

    def __init__(self, folder: Path, engine: sa.Engine, threads: int = 0) -> None:
        super().__init__(folder, engine, threads)
        self.failures = Failures(engine)

    def advance(self, name: str) -> None:
        """Makes a new version with the same rows: writers that checked an older one must re-check."""
        while (delta := self._folder.opened_anew(name)) is not None:
            empty = arrow_schema(delta).empty_table()
            try:
                write_deltalake(delta, empty, mode="append", commit_properties=commit_properties())
            except CommitFailedError:
                continue
            return

    # --- writing

    def _newest(self, storage: Storage, schema: ibis.Schema) -> OpenTable:
        return self._folder.open(storage.name) or self._folder.create(
            storage.name, schema.to_pyarrow(), appends=storage.appends
        )

    def _stamps_at(self, name: str, head: OpenTable) -> Mapping[date, Stamp]:
        return self._index.stamps(name, self._folder.log(name), head.commit)

    def _rows_at(self, name: str, head: OpenTable) -> ir.Table:
        return self._view(name, head.commit)

    def _columns(self, head: OpenTable) -> Mapping[str, str]:
        return _types(head.delta.schema())

    def _columns_of(self, schema: ibis.Schema) -> Mapping[str, str]:
        return _types(Schema.from_arrow(schema.to_pyarrow()))

    def _appends(self, head: OpenTable) -> bool:
        return bool(head.delta.metadata().configuration.get("delta.appendOnly") == "true")

    def _stands_at(self, name: str, head: OpenTable) -> bool:
        return self._folder.stands_at(name, head.commit)

    def _moved_on(self, name: str, head: OpenTable) -> None:
        commit = self._folder.moved_on(name, head)
        has_many = _has_many_files(head.delta)
        if has_many or head.delta.version() % _COMMITS_BETWEEN_CHECKPOINTS == 0:
            _write_checkpoint(head.delta)
        if has_many and _compacts(head.delta):
            commit = self._folder.moved_on(name, OpenTable(head.delta, commit))
        if self._pins is not None:
            self._pins[name] = commit

    def _contents(self, storage: Storage, rows: ir.Table) -> Mapping[date, str]:
        columns = self._counted(storage, rows)
        query = fingerprint.sums_sql(rows.op().name, rows.schema(), storage.date_column, columns)
        sums = self._duckdb.raw_sql(query).fetchall()
        return {day: fingerprint.fingerprint(columns, *numbers) for day, *numbers in sums}

    def _commit(self, head: OpenTable, change: Change) -> None:
        """One commit: the rows of the replaced dates in place of the old, and all stamps."""
        delta, storage, schema = head.delta, change.storage, change.rows.schema().to_pyarrow()
        properties = commit_properties(change.stamps)
        if self._appends(head):
            write_deltalake(
                delta,
                self._new_keys(head, change, schema),
                mode="append",
                schema_mode="merge",
                commit_properties=properties,
            )
            return
        if not change.replaced:
            write_deltalake(
                delta,
                schema.empty_table(),
                mode="append",
                # Columns may be new though no row is.
                schema_mode="merge",
                commit_properties=properties,
            )
            return
        listed = dates_sql(change.replaced)
        rows = self._replacing(change, listed).cast(schema)
        if change.new_columns:
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

    def _replacing(self, change: Change, listed: str) -> pa.Table:
        """The rows of the replaced dates, in the order in which they are stored."""
        storage = change.storage
        day = f'"{storage.date_column}"'
        keys = ", ".join(
            [day, *(f'"{key}"' for key in storage.grain if key != storage.date_column)]
        )
        relation = change.rows.op().name
        return self.answer(f'SELECT * FROM "{relation}" WHERE {day} IN {listed} ORDER BY {keys}')

    def _new_keys(self, head: OpenTable, change: Change, schema: pa.Schema) -> pa.Table:
        """The rows whose keys are not stored yet."""
        keys = ", ".join(f'"{key}"' for key in change.storage.grain)
        stored = self._view(change.storage.name, head.commit).op().name
        relation = change.rows.op().name
        query = f'SELECT * FROM "{relation}" ANTI JOIN "{stored}" USING ({keys}) ORDER BY {keys}'
        return self.answer(query).cast(schema)

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


def _has_many_files(delta: DeltaTable) -> bool:
    """Whether a season has."""
    seasons = Counter(Path(path).parent.name for path in delta.file_uris())
    return max(seasons.values(), default=0) > _MOST_FILES


def _write_checkpoint(delta: DeltaTable) -> None:
    """Lets who opens the table read its log from here on; all of it where that cannot be written."""
    try:
        delta.create_checkpoint()
    except (DeltaError, OSError) as error:
        _LOG.warning("%s has no checkpoint, and is slow to open: %s", delta.table_uri, error)


def _compacts(delta: DeltaTable) -> bool:
    """Makes one file of each season; whether the next version is that and nothing else.

    It is not where something keeps it from being made, or where another process committed meanwhile,
    whose rows are then among them. Older versions keep their files until they are maintained.
    """
    version = delta.version()
    try:
        delta.optimize.compact(commit_properties=commit_properties())
    except CommitFailedError:
        # Another process has committed, and its write asks the same.
        return False
    except (DeltaError, OSError) as error:
        # The rows are stored either way, and a later write asks again.
        _LOG.warning(
            "%s stays in many small files, and is slow to read: %s", delta.table_uri, error
        )
        return False
    return bool(delta.version() == version + 1)


def _types(schema: Schema) -> Mapping[str, str]:
    """The columns' types in Delta's terms."""
    return {field.name: _type(field) for field in schema.fields}


def _type(field: Field) -> str:
    return str(field.type.to_json()).strip('"')
