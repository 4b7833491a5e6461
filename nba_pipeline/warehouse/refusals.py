"""What a write is refused for: its rows, the columns, and who wrote what it would replace."""

from collections.abc import Mapping, Sequence
from datetime import date

import pyarrow as pa
from deltalake import Field, Schema
from ibis.backends.duckdb import Backend

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
    duckdb: Backend, storage: Storage, relation: str, partitions: Sequence[date]
) -> None:
    """Raises DuplicateKeys or OutOfRange when keys repeat or rows are dated elsewhere or nowhere."""
    keys = ", ".join(f'"{key}"' for key in storage.grain)
    day = f'"{storage.date_column}"'
    repeated = f'SELECT {keys} FROM "{relation}" GROUP BY ALL HAVING count(*) > 1'
    if examples := _examples(duckdb, repeated):
        raise DuplicateKeys(f"{storage.name}: rows that share a key, such as {examples}")
    listed = dates_sql(partitions)
    outside = f'SELECT {day}, {keys} FROM "{relation}" WHERE {day} IS NULL OR {day} NOT IN {listed}'
    if examples := _examples(duckdb, outside):
        raise OutOfRange(f"{storage.name}: rows outside the partitions written: {examples}")


def dates_sql(days: Sequence[date]) -> str:
    """The dates as a list in SQL, for DuckDB and for Delta's predicates."""
    return "(" + ", ".join(f"CAST('{day}' AS DATE)" for day in days) + ")"


def _examples(duckdb: Backend, query: str) -> list[dict[str, str]]:
    rows = duckdb.raw_sql(f"{query} LIMIT {_SHOWN}").to_arrow_table().to_pylist()
    return [{name: str(value) for name, value in row.items()} for row in rows]


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
    name: str, stored_schema: Schema, given: pa.Schema, kept: Sequence[date]
) -> bool:
    """Whether the stored columns must be replaced by the given ones; new ones need only be added.

    Args:
        name: the table.
        stored_schema: the columns of its newest version.
        given: the columns of the rows to be written.
        kept: stored partitions with rows that the write does not replace.

    Raises:
        SchemaChanged: a column has another type or is not given, and partitions are kept.
    """
    types = {field.name: _type(field) for field in Schema.from_arrow(given).fields}
    changes = [
        f"column {field.name} is stored as {_type(field)}, this write "
        + (f"has {types[field.name]}" if field.name in types else "lacks it")
        for field in stored_schema.fields
        if types.get(field.name) != _type(field)
    ]
    if changes and kept:
        added = sorted(set(types) - {field.name for field in stored_schema.fields})
        new = f"; new in this write: {', '.join(added)}" if added else ""
        raise SchemaChanged(
            f"{name}: {'; '.join(changes)}{new}. {len(kept)} stored partitions ({min(kept)} to "
            f"{max(kept)}) would keep the stored columns: write those columns as they are, or "
            "replace every stored partition in one write, as nba-pipeline repair does after a "
            "change of code"
        )
    return bool(changes)


def _type(field: Field) -> str:
    """A column's type in Delta's terms."""
    return str(field.type.to_json()).strip('"')
