"""What a warehouse must do, and the facts that travel with each stored partition."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Protocol

import ibis.expr.types as ir

from nba_pipeline.coordination.failures import Failures
from nba_pipeline.errors import NbaPipelineError


@dataclass(frozen=True)
class Storage:
    """How a table is kept: its name, unique key, and the date column that partitions replace by.

    volatile columns say when or by whom a row was made; they do not make content differ.
    """

    name: str
    grain: tuple[str, ...]
    date_column: str = "game_date"
    volatile: tuple[str, ...] = ()


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
        return asdict(self) | {
            "partition": self.partition.isoformat(),
            "written_at": self.written_at.isoformat(),
            "missing": list(self.missing),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Stamp":
        """The stamp that as_json gave."""
        typed = {
            "partition": date.fromisoformat(values["partition"]),
            "written_at": datetime.fromisoformat(values["written_at"]),
            "missing": tuple(values["missing"]),
            "unsettled": tuple(values.get("unsettled", ())),
            "failed": {name: tuple(keys) for name, keys in values["failed"].items()},
            "shares": {name: tuple(counts) for name, counts in values["shares"].items()},
        }
        return cls(**{**values, **typed})


@dataclass(frozen=True)
class Replaced:
    """What a replace did: dates whose rows changed, dates left as they were, rows written."""

    written: tuple[date, ...]
    unchanged: tuple[date, ...]
    row_count: int


class WriteRefused(NbaPipelineError):
    """A replace that may not happen; nothing was written."""


class OlderCode(WriteRefused):
    """The stored rows were made by a newer code_version."""


class LostLease(WriteRefused):
    """A writer with a newer fencing token has written these dates, or holds them."""


class DuplicateKeys(WriteRefused):
    """Two rows share a key of the grain."""


class OutOfRange(WriteRefused):
    """A row is dated outside the partitions that are being replaced."""


Fence = Callable[[], None]
"""Raises when the writer no longer holds its lease."""


class Warehouse(Protocol):
    """Tables that are read as ibis tables and replaced by whole dates."""

    @property
    def failures(self) -> Failures:
        """The partitions whose last attempt failed."""

    def table(self, name: str, first: date | None = None, last: date | None = None) -> ir.Table:
        """The table's rows, all or those dated first to last; raises KeyError when unknown."""

    def stage(self, rows: ir.Table) -> ir.Table:
        """The rows computed once and held for this process."""

    def drop_staged(self, rows: ir.Table) -> None:
        """Frees what stage made."""

    def replace(
        self, storage: Storage, rows: ir.Table, stamps: Sequence[Stamp], fence: Fence
    ) -> Replaced:
        """Atomically replaces exactly the stamped partitions with the rows.

        Partitions whose content is unchanged keep their rows and only take the new stamp. The
        content fingerprints of the stamps are filled in here.

        Raises:
            WriteRefused: duplicate keys, rows out of range, older code, or a lost lease.
        """

    def stamps(self, name: str) -> Mapping[date, Stamp]:
        """The stamp of every stored partition; empty for a table not yet written."""

    def names(self) -> list[str]:
        """The tables that exist."""

    def advance(self, name: str) -> None:
        """Makes every writer that has checked the table's present version check it again."""

    def maintain(self, name: str) -> int:
        """Compacts the table and drops what no version needs; returns how many files went.

        Raises:
            KeyError: the table has never been written.
        """
