"""The one way in which partitions are replaced, whatever they are stored in.

What is to be written is checked against the newest version, the fence is asked, and the commit
lands only as the successor of that version; who was overtaken meanwhile checks again.
"""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed_copy
from datetime import date
from typing import Generic, TypeVar

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from nba_pipeline.warehouse import fingerprint
from nba_pipeline.warehouse.protocol import Fence, Replaced, RowsLost, Stamp, Storage
from nba_pipeline.warehouse.refusals import (
    refuse_bad_rows,
    refuse_older,
    refuse_schema_change,
)

STAMP_COLUMNS = ("run_id", "code_version", "written_at")
_SHOWN = 5

Head = TypeVar("Head")


@dataclass(frozen=True)
class Change:
    """What one commit writes.

    rows are staged and hold every stamped partition; of replaced, the stored rows go; new_columns
    says that the stored columns are replaced with all rows.
    """

    storage: Storage
    rows: ir.Table
    stamps: tuple[Stamp, ...]
    replaced: tuple[date, ...]
    new_columns: bool

    @property
    def partitions(self) -> tuple[date, ...]:
        """The stamped partitions in order."""
        return tuple(sorted(stamp.partition for stamp in self.stamps))


class Replacing(ABC, Generic[Head]):
    """A warehouse that commits onto a Head, the newest version as it was looked at."""

    dialect: fingerprint.Dialect
    overtaken: tuple[type[Exception], ...]
    """What a commit raises that is not the successor of its Head."""

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
        name = storage.name
        partitions = sorted(stamp.partition for stamp in stamps)
        refuse_bad_rows(self.answer, self.dialect.quote, storage, rows.op().name, partitions)
        contents = self._contents(storage, rows)
        final = tuple(
            changed_copy(stamp, content=contents.get(stamp.partition, fingerprint.EMPTY))
            for stamp in stamps
        )
        while True:
            head = self._newest(storage, rows.schema())
            stored = self._stamps_at(name, head)
            refuse_older(name, final, stored)
            others = [day for day in stored.keys() - set(partitions) if stored[day].row_count]
            new_columns = refuse_schema_change(
                name, self._columns(head), self._columns_of(rows.schema()), others
            )
            written = tuple(
                sorted(s.partition for s in final if _differs(s, stored.get(s.partition)))
            )
            replaced = tuple(partitions) if new_columns else written
            change = Change(storage, rows, final, replaced, new_columns)
            try:
                if self._appends(head):
                    self._refuse_loss(change, head)
                fence()
                self._commit(head, change)
            except self.overtaken:
                if self._stands_at(name, head):
                    raise
                # Another process committed after this version was checked: check again.
                time.sleep(random.uniform(0.01, 0.1))
                continue
            break
        self._moved_on(name, head)
        unchanged = tuple(day for day in partitions if day not in set(written))
        count = sum(stamp.row_count for stamp in final if stamp.partition in set(written))
        return Replaced(written, unchanged, count)

    def _refuse_loss(self, change: Change, head: Head) -> None:
        """Raises when a stored row of the partitions is not among the rows as it stands."""
        storage, rows = change.storage, change.rows
        stored = self._rows_at(storage.name, head)
        stored = stored.filter(stored[storage.date_column].isin(list(change.partitions)))
        if missing := set(stored.columns) - set(rows.columns):
            raise RowsLost(f"{storage.name}: stored rows have {sorted(missing)}, the new ones lack")
        quote, columns = self.dialect.quote, stored.columns
        keys = ", ".join(f"{quote}{key}{quote}" for key in storage.grain)
        # By their texts: BigQuery compares no lists.
        before, now = (
            fingerprint.line_sql(side.schema(), columns, self.dialect) for side in (stored, rows)
        )
        lost = (
            f"SELECT {keys} FROM ({self.compile(stored)}) AS stored WHERE {before} NOT IN "
            f"(SELECT {now} FROM {quote}{rows.op().name}{quote}) LIMIT {_SHOWN}"
        )
        if examples := self.answer(lost).to_pylist():
            raise RowsLost(
                f"{storage.name}: rows are only added, and these that are stored would go or "
                f"change: {examples}"
            )

    def _counted(self, storage: Storage, rows: ir.Table) -> list[str]:
        """The columns in which contents differ."""
        skipped = {*STAMP_COLUMNS, *storage.volatile}
        return [column for column in rows.columns if column not in skipped]

    @abstractmethod
    def answer(self, query: str) -> pa.Table:
        """The query's rows."""

    @abstractmethod
    def compile(self, rows: ir.Table) -> str:
        """The query of the rows."""

    @abstractmethod
    def _contents(self, storage: Storage, rows: ir.Table) -> Mapping[date, str]:
        """The fingerprint of each date's rows."""

    @abstractmethod
    def _newest(self, storage: Storage, schema: ibis.Schema) -> Head:
        """The newest version; a table that was never written is made, empty, of the columns."""

    @abstractmethod
    def _stamps_at(self, name: str, head: Head) -> Mapping[date, Stamp]:
        """The stamps of the version."""

    @abstractmethod
    def _rows_at(self, name: str, head: Head) -> ir.Table:
        """The rows of the version."""

    @abstractmethod
    def _columns(self, head: Head) -> Mapping[str, str]:
        """The stored columns and their types in the warehouse's own words."""

    @abstractmethod
    def _columns_of(self, schema: ibis.Schema) -> Mapping[str, str]:
        """The same of rows to be written."""

    @abstractmethod
    def _appends(self, head: Head) -> bool:
        """Whether rows are only added, as the table itself says, whatever its writer says."""

    @abstractmethod
    def _commit(self, head: Head, change: Change) -> None:
        """Makes the version after the head, or raises one of overtaken."""

    @abstractmethod
    def _stands_at(self, name: str, head: Head) -> bool:
        """Whether the head is still the newest version."""

    @abstractmethod
    def _moved_on(self, name: str, head: Head) -> None:
        """Lets a snapshot read what was just committed onto the head."""


def _differs(stamp: Stamp, stored: Stamp | None) -> bool:
    """Whether the partition's stored rows are not already the stamp's."""
    if stored is None:
        return stamp.content != fingerprint.EMPTY
    return stored.content != stamp.content
