"""What a warehouse must do, and the facts that travel with each stored partition."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeAlias

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from pydantic import ConfigDict, TypeAdapter

from nba_pipeline.coordination.failures import Failures
from nba_pipeline.errors import NbaPipelineError, WrongRequest


@dataclass(frozen=True)
class Storage:
    """How a table is kept: its name, unique key, and the date column that partitions replace by.

    volatile columns say when or by whom a row was made; they do not make content differ. Where it
    appends, a stored row is never removed, whoever writes and under whatever version.
    """

    name: str
    grain: tuple[str, ...]
    date_column: str = "game_date"
    volatile: tuple[str, ...] = ()
    appends: bool = False


@dataclass(frozen=True)
class Stamp:
    """What is known of one stored partition of one table.

    content and inputs are fingerprints of its rows and of what they were computed from; token is
    the fencing token of the lease it was written under; missing names expected keys that have no
    row, failed the checks that did not pass with offending keys (samples where there are many);
    gaps counts the rows that each root gap touches; shares gives present and expected of the values
    that must be known; bypass is the reason given for skipping a precondition; meaning is the
    fingerprint of the limits, formulas and parsers in use; unsettled names rows that will change.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    partition: date
    code_version: int
    content: str
    inputs: str
    row_count: int
    expected: int
    present: int
    missing: tuple[str, ...]
    not_ready: int
    completeness: float | None
    least_completeness: float | None
    gaps: Mapping[str, int]
    failed: Mapping[str, tuple[str, ...]]
    shares: Mapping[str, tuple[int, int]]
    run_id: str
    token: int
    written_at: datetime
    bypass: str | None = None
    meaning: str = ""
    unsettled: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The stamp as JSON-able values."""
        return vars(self) | {
            "partition": self.partition.isoformat(),
            "written_at": self.written_at.isoformat(),
        }


_STAMPS = TypeAdapter(list[Stamp])


def stamps_from_json(document: str) -> list[Stamp]:
    """The stamps of a JSON array of what as_json gave.

    Raises:
        ValueError: it is none.
    """
    return _STAMPS.validate_json(document)


@dataclass(frozen=True)
class Replaced:
    """What a replace did: dates whose rows changed, dates left as they were, rows written."""

    written: tuple[date, ...]
    unchanged: tuple[date, ...]
    row_count: int


@dataclass(frozen=True)
class Written:
    """One commit of a run: the table's version before (None where there was none) and after it."""

    before: int | None
    after: int
    dates: tuple[date, ...]


class WriteRefused(NbaPipelineError):
    """A replace that may not happen; nothing was written."""


class OlderCode(WriteRefused):
    """The stored rows were made by a newer code_version."""


class LostLease(WriteRefused):
    """A writer with a newer fencing token has written these dates, or holds them."""


class DuplicateKeys(WriteRefused):
    """Two rows share a key of the grain."""


class RowsLost(WriteRefused):
    """A replace without rows that are stored, of a table to which rows are only added."""


class OutOfRange(WriteRefused):
    """A row is dated outside the partitions that are being replaced."""


class SchemaChanged(WriteRefused):
    """The stored columns are not the rows', and some stored partitions would keep theirs."""


class NoSuchTable(NbaPipelineError, KeyError):
    """A table that has never been written."""


class VersionGone(NbaPipelineError, LookupError):
    """A version that a table does not have, or whose files maintenance has removed."""


class QueryRefused(WrongRequest, ValueError):
    """A query that is wrong, or asks for more than reading the tables."""


@dataclass(frozen=True)
class Query:
    """A compiled query, and the columns that it gives.

    What is wide is read anew by each that asks for it, since each needs few of the columns.
    """

    sql: str
    schema: ibis.Schema
    is_wide: bool = False


Rows: TypeAlias = ir.Table | pa.Table | Query
"""Rows to be held: an expression, what is in memory, or a compiled query."""


def date_column(columns: Collection[str]) -> str:
    """The column that tells the partitions of a table of these columns apart."""
    return "game_date" if "game_date" in columns else "month"


Fence = Callable[[], None]
"""Raises when the writer no longer holds its lease."""


class Warehouse(Protocol):
    """Tables that are read as ibis tables and replaced by whole dates."""

    @property
    def failures(self) -> Failures:
        """The partitions whose last attempt failed."""

    def table(
        self,
        name: str,
        first: date | None = None,
        last: date | None = None,
        *,
        version: int | None = None,
    ) -> ir.Table:
        """The table's rows, all or those dated first to last.

        They are those of the version that reads come from, or of an older one that is asked for. An
        expression made of them reads that version whenever it is executed.

        Raises:
            NoSuchTable: it has never been written.
            VersionGone: it has no such version, or no longer.
        """

    def version(self, name: str) -> int | None:
        """The version that reads of the table come from; None while there is no such table."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Until left, all reads come from the tables as they stood together when it was entered.

        A table's own replace moves that table to the version that it committed. A table that was not
        there is not there until it is written here. What replace checks is always the newest
        version. Within another snapshot this does nothing: the outer one holds.
        """

    def unpinned(self) -> AbstractContextManager[None]:
        """Until left, all reads come from the tables as they stand now, also within a snapshot."""

    def query(self, query: str, computed: Mapping[str, Callable[[], pa.Table]]) -> pa.Table:
        """The rows of one SELECT in the warehouse's own SQL, which can read the tables and no more.

        Args:
            query: names tables by their names alone.
            computed: tables that are not stored, by name, made when the query names them.

        Raises:
            QueryRefused: no single SELECT, a syntax error, or a reach for anything but the tables.
        """

    def stage(self, rows: Rows, name: str | None = None) -> ir.Table:
        """The rows, held for this process; computed once, unless they are wide.

        What was held under the name goes; without one it is held under a name of its own.
        """

    def selection(
        self,
        name: str,
        first: date,
        last: date,
        *,
        only: Sequence[date] | None = None,
        without: Sequence[str] = (),
    ) -> Query:
        """The query for the table's rows dated first to last, and only on those dates if given.

        Raises:
            NoSuchTable: the table has never been written.
        """

    def compile(self, rows: ir.Table) -> str:
        """The query that gives the rows."""

    def answer(self, query: str) -> pa.Table:
        """The rows of a compiled query."""

    def drop_staged(self, rows: ir.Table) -> None:
        """Frees what stage made."""

    def replace(
        self, storage: Storage, rows: ir.Table, stamps: Sequence[Stamp], fence: Fence
    ) -> Replaced:
        """Atomically replaces exactly the stamped partitions with the rows, which are staged.

        Partitions whose content is unchanged keep their rows and only take the new stamp. The
        content fingerprints of the stamps are filled in here. The rows may have columns that the
        stored ones lack, which are NULL there; any other difference of columns or types takes a
        write that replaces every stored partition.

        Raises:
            WriteRefused: duplicate keys, rows out of range, other columns, older code, a lost lease,
                or stored rows of an appending table that are not among the rows.
        """

    def stamps(self, name: str) -> Mapping[date, Stamp]:
        """The stamp of every stored partition, of the version that table reads.

        Empty for a table not yet written.
        """

    def written_by(self, run_ids: Collection[str], name: str) -> Sequence[Written]:
        """The commits by which runs wrote rows of the table, in order, with the dates written.

        Dates whose rows stayed as they were are not among them.
        """

    def names(self) -> list[str]:
        """The tables that exist."""

    def advance(self, name: str) -> None:
        """Makes every writer that has checked the table's present version check it again."""

    def maintain(self, name: str, *, keep: Sequence[int] = ()) -> int:
        """Compacts the table and drops older versions but those kept; returns how many files went.

        Readers of a version that is dropped lose it: hold every lease meanwhile.

        Raises:
            NoSuchTable: the table has never been written.
        """
