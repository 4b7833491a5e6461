"""What a write is refused for: its rows, the columns, and who wrote what it would replace."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import pyarrow as pa

from nba_pipeline.warehouse.protocol import (
    DuplicateKeys,
    LostLease,
    OlderCode,
    OutOfRange,
    SchemaChanged,
    Stamp,
    Storage,
)

_SHOWN = 5


def refuse_bad_rows(
    answer: Callable[[str], pa.Table],
    quote: str,
    storage: Storage,
    relation: str,
    partitions: Sequence[date],
) -> None:
    """Raises DuplicateKeys or OutOfRange when keys repeat or rows are dated elsewhere or nowhere.

    Args:
        answer: gives a query's rows.
        quote: stands around names in its SQL.
        storage: how the table is kept.
        relation: the rows' own table.
        partitions: those that are written.
    """
    keys = ", ".join(f"{quote}{key}{quote}" for key in storage.grain)
    day, rows = (f"{quote}{name}{quote}" for name in (storage.date_column, relation))

    def examples(query: str) -> list[dict[str, str]]:
        found = answer(f"{query} LIMIT {_SHOWN}").to_pylist()
        return [{name: str(value) for name, value in row.items()} for row in found]

    if shared := examples(f"SELECT {keys} FROM {rows} GROUP BY ALL HAVING count(*) > 1"):
        raise DuplicateKeys(f"{storage.name}: rows that share a key, such as {shared}")
    outside = f"{day} IS NULL OR {day} NOT IN {dates_sql(partitions)}"
    columns = keys if storage.date_column in storage.grain else f"{day}, {keys}"
    if elsewhere := examples(f"SELECT {columns} FROM {rows} WHERE {outside}"):
        raise OutOfRange(f"{storage.name}: rows outside the partitions written: {elsewhere}")


def dates_sql(days: Sequence[date]) -> str:
    """The dates as a list in SQL, for DuckDB, BigQuery and Delta's predicates."""
    return "(" + ", ".join(f"CAST('{day}' AS DATE)" for day in days) + ")"


def refuse_older(name: str, stamps: Sequence[Stamp], stored: Mapping[date, Stamp]) -> None:
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


def refuse_schema_change(
    name: str, stored: Mapping[str, str], given: Mapping[str, str], kept: Sequence[date]
) -> bool:
    """Whether the stored columns must be replaced by the given ones; new ones need only be added.

    Args:
        name: the table.
        stored: the columns of its newest version and their types.
        given: those of the rows to be written.
        kept: stored partitions with rows that the write does not replace.

    Raises:
        SchemaChanged: a column has another type or is not given, and partitions are kept.
    """
    changes = [
        f"column {column} is stored as {kind}, this write "
        + (f"has {given[column]}" if column in given else "lacks it")
        for column, kind in stored.items()
        if given.get(column) != kind
    ]
    if changes and kept:
        added = sorted(given.keys() - stored.keys())
        new = f"; new in this write: {', '.join(added)}" if added else ""
        raise SchemaChanged(
            f"{name}: {'; '.join(changes)}{new}. {len(kept)} stored partitions ({min(kept)} to "
            f"{max(kept)}) would keep the stored columns: write those columns as they are, or "
            "replace every stored partition in one write, as nba-pipeline repair does after a "
            "change of code"
        )
    return bool(changes)
