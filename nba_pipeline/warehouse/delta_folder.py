"""The folder that the Delta tables are in: which there are, at which commit, in which files.

Looks at the disk each time, since other processes commit, and since a table's folder may be put
back to an earlier state while a process has it open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa
from deltalake import DeltaTable, Schema
from filelock import FileLock
from ibis.backends.sql.datatypes import DuckDBType

from nba_pipeline.warehouse.commit_log import Commit, CommitLog, HistoryLost
from nba_pipeline.warehouse.protocol import VersionGone, date_column

_FOREVER = "interval 36500 days"


@dataclass(frozen=True)
class Files:
    """Parquet files of a table, its columns, and DuckDB's SELECT over those files and no other."""

    paths: tuple[str, ...]
    schema: ibis.Schema
    select: str


@dataclass(frozen=True)
class _Dated:
    """A Parquet file, and the first and last date of its rows where its writer has told them."""

    path: str
    first: date | None
    last: date | None

    def may_have(self, first: date | None, last: date | None) -> bool:
        """Whether a row of it may be of first to last."""
        is_later = self.first is not None and last is not None and self.first > last
        is_earlier = self.last is not None and first is not None and self.last < first
        return not is_later and not is_earlier


@dataclass(frozen=True)
class _Listing:
    """A version's columns, and all of its files in the order of their paths."""

    commit: Commit
    schema: ibis.Schema
    files: list[_Dated]


@dataclass(frozen=True)
class OpenTable:
    """A table as last opened, and the commit that it stood at."""

    delta: DeltaTable
    commit: Commit


class DeltaFolder:
    """Delta tables by name; each is partitioned by season."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: dict[str, OpenTable] = {}
        self._listings: dict[str, _Listing] = {}

    def names(self) -> list[str]:
        """The tables that exist."""
        return sorted(path.parent.name for path in self.path.glob("*/_delta_log"))

    def log(self, name: str) -> CommitLog:
        """The table's log."""
        return CommitLog(self.path / name)

    def head(self, name: str) -> Commit | None:
        """The table's newest commit; None where it has never been written.

        Raises:
            HistoryLost: the commit cannot be read.
        """
        return self.log(name).newest()

    def open(self, name: str) -> OpenTable | None:
        """The table at its newest version, to write to; None where it has never been written.

        Raises:
            HistoryLost: its log cannot be read.
        """
        opened = self._opened.pop(name, None)
        if opened and _is_at(opened) and self.log(name).holds(opened.commit):
            delta = opened.delta
            with self.log(name).told_as_lost():
                delta.update_incremental()
        elif DeltaTable.is_deltatable(str(self.path / name)):
            delta = self.log(name).opened()
        else:
            return None
        self._opened[name] = OpenTable(delta, self.commit(name, delta.version()))
        return self._opened[name]

    def moved_on(self, name: str, written: OpenTable) -> Commit:
        """The commit that a write through the handle has made, at which the handle now stands.

        Raises:
            HistoryLost: the log does not have it.
        """
        commit = self.commit(name, written.commit.version + 1)
        self._opened[name] = OpenTable(written.delta, commit)
        return commit

    def commit(self, name: str, version: int) -> Commit:
        """The commit that made the version.

        Raises:
            HistoryLost: the log does not have it.
        """
        commit = self.log(name).commit(version)
        if commit is None:
            raise HistoryLost(f"{name}: the log lacks the commit of version {version}")
        return commit

    def stands_at(self, name: str, commit: Commit) -> bool:
        """Whether the commit is the table's newest."""
        return self.head(name) == commit

    def heads(self) -> dict[str, Commit]:
        """Every table's newest commit, as they stood together at one moment."""
        heads = self._heads()
        # Only what stands still while all of it is looked at stood together.
        while (again := self._heads()) != heads:
            heads = again
        return heads

    def _heads(self) -> dict[str, Commit]:
        heads = {name: self.head(name) for name in self.names()}
        return {name: commit for name, commit in heads.items() if commit}

    def opened_anew(self, name: str) -> DeltaTable | None:
        """The table at its newest version through a handle of its own; None where there is none.

        A handle that others hold would see what is written through it as checked already.
        """
        exists = DeltaTable.is_deltatable(str(self.path / name))
        return self.log(name).opened() if exists else None

    def create(self, name: str, schema: pa.Schema, *, appends: bool) -> OpenTable:
        """An empty table of the columns; a no-op where another process was first."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Of two who find no table, Delta lets the second one's be a commit on top of the first's.
        with FileLock(self.path / f".{name}.lock"):
            DeltaTable.create(
                str(path),
                Schema.from_arrow(schema),
                mode="ignore",
                partition_by=["season"],
                configuration={
                    # Every partition's stamp is in the log, however old.
                    "delta.logRetentionDuration": _FOREVER,
                    # Delta itself then refuses every commit that removes a row.
                    "delta.appendOnly": str(appends).lower(),
                },
            )
        opened = self.open(name)
        if opened is None:
            raise HistoryLost(f"{path}: the table vanished while it was created")
        return opened

    def files(
        self, name: str, commit: Commit, first: date | None = None, last: date | None = None
    ) -> Files:
        """The files of a version, or those that may have rows of first to last.

        Raises:
            VersionGone: maintenance has removed some, or the folder has been put back.
        """
        listing = self._listing(name, commit)
        paths = tuple(file.path for file in listing.files if file.may_have(first, last))
        if gone := next((path for path in paths if not Path(path).exists()), None):
            raise VersionGone(
                f"{gone} has been removed, which {name}'s version {commit.version} is made of: where "
                f"maintenance did not do that, put {self.path / name} back from a copy, or, of a table "
                "that is computed, remove it and backfill its dates"
            )
        return Files(paths, listing.schema, _select(listing.schema, paths))

    def _listing(self, name: str, commit: Commit) -> _Listing:
        """The columns and the files of a version, looked up where another was looked at last."""
        known = self._listings.get(name)
        if known and known.commit == commit:
            return known
        opened = self._opened.get(name)
        if opened and opened.commit == commit and _is_at(opened):
            delta = opened.delta
        else:
            delta = self.log(name).opened(commit.version)
            if not self.log(name).holds(commit):
                raise VersionGone(
                    f"{name} has been put back: its version {commit.version} is another"
                )
            self._opened[name] = OpenTable(delta, commit)
        schema = ibis.Schema.from_pyarrow(arrow_schema(delta))
        listed = _files(self.path / name, delta, date_column(schema))
        self._listings[name] = _Listing(commit, schema, listed)
        return self._listings[name]


def _is_at(opened: OpenTable) -> bool:
    """Whether the handle is still at its commit: a write moves it on to the version that it made."""
    return bool(opened.delta.version() == opened.commit.version)


def _files(folder: Path, delta: DeltaTable, day: str) -> list[_Dated]:
    """The opened version's files, each with the dates that it says it has."""
    actions = pa.table(delta.get_add_actions(flatten=True))
    told = {name: actions[name] for name in actions.column_names}
    none = pa.nulls(actions.num_rows)
    columns = (told["path"], told.get(f"min.{day}", none), told.get(f"max.{day}", none))
    return sorted(
        # Delta gives locations, in which a folder's spaces and accents are encoded.
        (
            _Dated(str(folder / unquote(path)), first, last)
            for path, first, last in zip(*(column.to_pylist() for column in columns), strict=True)
        ),
        key=lambda file: file.path,
    )


def _select(schema: ibis.Schema, paths: Sequence[str]) -> str:
    """DuckDB's SELECT of the columns from the files."""
    nothing = no_row(schema)
    if not paths:
        return nothing
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    columns = ", ".join(f'"{column}"' for column in schema)
    # Of a column that came later, it may be that no file has it.
    return (
        f"SELECT {columns} FROM ({nothing} UNION ALL BY NAME SELECT * FROM "
        f"read_parquet([{listed}], hive_partitioning = true, "
        "hive_types = {'season': VARCHAR}, union_by_name = true))"
    )


def no_row(columns: ibis.Schema) -> str:
    """DuckDB's SELECT of the columns and no row."""
    nulls = (f'CAST(NULL AS {duckdb_type(kind)}) AS "{name}"' for name, kind in columns.items())
    return f"SELECT {', '.join(nulls)} WHERE false"


@cache
def duckdb_type(kind: dt.DataType) -> str:
    """DuckDB's name of the type."""
    return str(DuckDBType.from_ibis(kind).sql("duckdb"))


def arrow_schema(delta: DeltaTable) -> pa.Schema:
    """The columns of the opened version."""
    return pa.schema(delta.schema().to_arrow())
