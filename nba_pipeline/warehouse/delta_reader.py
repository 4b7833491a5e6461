"""Reading the embedded warehouse: Delta Lake tables as DuckDB sees them, all at once where asked.

Every version that is read has a view of its own, so that no expression changes what it reads.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import sqlalchemy as sa
from ibis.backends.sql.datatypes import DuckDBType

from nba_pipeline.warehouse.commit_log import Commit
from nba_pipeline.warehouse.delta_folder import DeltaFolder, Files, duckdb_type, no_row
from nba_pipeline.warehouse.delta_query import answered
from nba_pipeline.warehouse.protocol import (
    NoSuchTable,
    Query,
    Rows,
    Stamp,
    VersionGone,
    Written,
    date_column,
)
from nba_pipeline.warehouse.refusals import dates_sql
from nba_pipeline.warehouse.snapshots import Snapshots
from nba_pipeline.warehouse.stamp_index import StampIndex

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend as DuckDBBackend

_STAGED = ops.Namespace(catalog="temp", database="main")
_NO_SUCH_FILE = "No files found that match the pattern"
_REGISTERED = "REGISTERED"
"""What is held in memory of Arrow's; the others are a TABLE or a VIEW of DuckDB's."""


class DeltaReader(Snapshots[Commit]):
    """The tables of one folder, and what this process holds beside them."""

    def __init__(self, folder: Path, engine: sa.Engine, threads: int) -> None:
        self._folder = DeltaFolder(folder)
        self._index = StampIndex(engine)
        self._views: dict[tuple[str, Commit], ir.Table] = {}
        self._held: dict[str, str] = {}
        self._settings = {"threads": threads} if threads else {}

    @cached_property
    def _duckdb(self) -> "DuckDBBackend":
        """This process's own DuckDB; who asks for no more than stamps has none."""
        # To plan how keys are stored in fewer bytes takes an eighth of a small table's time.
        return ibis.duckdb.connect(
            disabled_optimizers="compressed_materialization", **self._settings
        )

    def names(self) -> list[str]:
        """The tables that exist, by name."""
        if self._pins is not None:
            return sorted(self._pins)
        return self._folder.names()

    def version(self, name: str) -> int | None:
        """The version that reads of the table come from; None while there is no such table."""
        commit = self._read_commit(name)
        return None if commit is None else commit.version

    def table(
        self,
        name: str,
        first: date | None = None,
        last: date | None = None,
        *,
        version: int | None = None,
    ) -> ir.Table:
        """The rows of the version that reads come from, or of the one given.

        Raises:
            NoSuchTable: the table has never been written.
            VersionGone: it has no such version, or no longer.
        """
        commit = self._known_commit(name)
        if version is not None and version != commit.version:
            older = self._folder.log(name).commit(version)
            if older is None:
                raise VersionGone(f"{name} has no version {version}")
            commit = older
        rows = self._view(name, commit)
        if first is None or last is None:
            return rows
        return rows.filter(rows[date_column(rows.columns)].between(first, last))

    def files(self, name: str) -> Files:
        """The Parquet files of the version that reads come from, and the SELECT over them.

        Raises:
            NoSuchTable: the table has never been written.
        """
        return self._folder.files(name, self._known_commit(name))

    def query(self, query: str, computed: Mapping[str, Callable[[], pa.Table]]) -> pa.Table:
        """The rows of one SELECT in DuckDB's SQL.

        Raises:
            QueryRefused: see the protocol.
        """
        with self.snapshot():
            return answered(query, self.names(), self.files, computed)

    def stamps(self, name: str) -> Mapping[date, Stamp]:
        """The stamps of the version that reads come from; empty for a table never written."""
        commit = self._read_commit(name)
        return {} if commit is None else self._index.stamps(name, self._folder.log(name), commit)

    def written_by(self, run_ids: Collection[str], name: str) -> Sequence[Written]:
        """The commits of runs, from the table's own log; none of a table never written."""
        commit = self._read_commit(name)
        return [] if commit is None else self._folder.log(name).written_by(run_ids, commit.version)

    def _heads(self) -> dict[str, Commit]:
        return self._folder.heads()

    def _read_commit(self, name: str) -> Commit | None:
        """The commit that reads of the table come from; None while there is no such table."""
        if self._pins is not None:
            return self._pins.get(name)
        return self._folder.head(name)

    def _known_commit(self, name: str) -> Commit:
        commit = self._read_commit(name)
        if commit is None:
            raise NoSuchTable(f"no table {name} in {self._folder.path}")
        return commit

    def _view(self, name: str, commit: Commit) -> ir.Table:
        """A DuckDB view of its own for every version, so that no expression changes what it reads."""
        found = self._views.get((name, commit))
        if found is None:
            view = f"{name}_{commit.version}_{commit.digest}"
            files = self._folder.files(name, commit)
            self._duckdb.raw_sql(f'CREATE OR REPLACE VIEW "{view}" AS {files.select}')
            found = self._views[name, commit] = self._table(view, files.schema, ops.Namespace())
        return found

    def _table(self, name: str, schema: ibis.Schema, namespace: ops.Namespace) -> ir.Table:
        """The table or view as ibis knows it, its columns in the types that DuckDB gives them."""
        held = ibis.schema({column: _held_type(kind) for column, kind in schema.items()})
        return ops.DatabaseTable(
            name, schema=held, source=self._duckdb, namespace=namespace
        ).to_expr()

    # --- what this process holds

    def stage(self, rows: Rows, name: str | None = None) -> ir.Table:
        """The rows as a table of this process, computed once, or a view of what is wide."""
        name = name or f"staged_{uuid4().hex}"
        if isinstance(rows, pa.Table):
            return self._registered(rows, name)
        if not isinstance(rows, Query):
            # ibis's create_table makes a table empty, fills it and renames it: three times the work.
            self._duckdb._run_pre_execute_hooks(rows)  # noqa: SLF001  registers what is in memory
            rows = Query(self._select(rows), rows.schema())
        if rows.is_wide:
            self._hold(name, "VIEW", rows.sql)
            return self._table(name, rows.schema, _STAGED)
        (count,) = self._hold(name, "TABLE", rows.sql).fetchone()
        if not count:
            self._drop(name)
            return self._empty(name, rows.schema)
        return self._table(name, rows.schema, _STAGED)

    def _registered(self, rows: pa.Table, name: str) -> ir.Table:
        """Rows in memory, held under the name as they are: to copy them takes longer than to read them."""
        schema = ibis.Schema.from_pyarrow(rows.schema)
        if not rows.num_rows:
            return self._empty(name, schema)
        if name in self._held:
            self._drop(name)
        self._duckdb.con.register(name, rows)
        self._held[name] = _REGISTERED
        return self._table(name, schema, _STAGED)

    def _empty(self, name: str, schema: ibis.Schema) -> ir.Table:
        """No row, held under the name: with a view of none DuckDB plans nothing, unlike with a table."""
        self._hold(name, "VIEW", no_row(schema))
        return self._table(name, schema, _STAGED)

    def _hold(self, name: str, kind: str, query: str) -> Any:
        """What DuckDB answers to the making of the table or view, in the place of what was held."""
        if self._held.get(name, kind) != kind:
            self._drop(name)
        self._held[name] = kind
        return self._asked(f'CREATE OR REPLACE TEMP {kind} "{name}" AS {query}')

    def _asked(self, query: str) -> Any:
        """What DuckDB answers.

        Raises:
            VersionGone: a file of what is read is there no longer.
        """
        try:
            return self._duckdb.raw_sql(query)
        except duckdb.IOException as error:
            if _NO_SUCH_FILE not in str(error):
                raise
            told = str(error).partition(_NO_SUCH_FILE)[2].split('"')[1]
            raise VersionGone(
                f"{told} was removed while it was read, as maintenance does: ask again"
            ) from error

    def _drop(self, name: str) -> None:
        kind = self._held.pop(name, "TABLE")
        if kind == _REGISTERED:
            self._duckdb.con.unregister(name)
        else:
            self._duckdb.raw_sql(f'DROP {kind} IF EXISTS "{name}"')

    def selection(
        self,
        name: str,
        first: date,
        last: date,
        *,
        only: Sequence[date] | None = None,
        without: Sequence[str] = (),
    ) -> Query:
        """The query for the rows dated first to last, and only on those dates if given.

        It opens no file that has none of them.
        """
        files = self._folder.files(name, self._known_commit(name), first, last)
        day = f'"{date_column(files.schema)}"'
        schema = ibis.schema({n: kind for n, kind in files.schema.items() if n not in without})
        columns = ", ".join(f'"{column}"' for column in schema)
        dates = f" AND {day} IN {dates_sql(only)}" if only is not None else ""
        sql = (
            f"SELECT {columns} FROM ({files.select}) "
            f"WHERE {day} BETWEEN DATE '{first}' AND DATE '{last}'{dates}"
        )
        return Query(sql, schema, is_wide=only is None)

    def compile(self, rows: ir.Table) -> str:
        """DuckDB's SQL of the rows, in the types that they are declared to have."""
        return self._select(rows)

    def _select(self, rows: ir.Table) -> str:
        columns = ", ".join(
            f'CAST("{name}" AS {duckdb_type(kind)}) AS "{name}"'
            for name, kind in rows.schema().items()
        )
        return f"SELECT {columns} FROM ({self._duckdb.compile(rows)})"

    def answer(self, query: str) -> pa.Table:
        """The query's rows."""
        return self._asked(query).to_arrow_table()

    def drop_staged(self, rows: ir.Table) -> None:
        """Frees what stage made."""
        self._drop(rows.op().name)


@cache
def _held_type(kind: dt.DataType) -> dt.DataType:
    """What DuckDB makes of the type."""
    return DuckDBType.from_string(duckdb_type(kind))
