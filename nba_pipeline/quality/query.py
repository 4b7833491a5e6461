"""Read-only SQL over the tables: what its answer looks like, whatever the warehouse."""

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from nba_pipeline.warehouse.protocol import QueryRefused, Warehouse


def run_query(
    warehouse: Warehouse,
    query: str,
    computed: Mapping[str, Callable[[], pa.Table]] = MappingProxyType({}),
) -> pa.Table:
    """The query's rows; of columns that share a name, the later ones are numbered (name_1, name_2).

    Whole numbers are int64 where they fit.

    Args:
        warehouse: where the tables are; the query is in its SQL.
        query: one SELECT.
        computed: tables that are not stored, by name, made when the query names them.

    Raises:
        QueryRefused: no single SELECT, a syntax error, a reach for anything but the tables, or a date
            outside years 1 to 9999 in the answer.
    """
    rows = _told_apart(_plain_numbers(warehouse.query(query, computed)))
    _refuse_distant_dates(rows)
    return rows


def _told_apart(rows: pa.Table) -> pa.Table:
    """The rows with no two columns of one name."""
    names: list[str] = []
    taken = set(rows.column_names)
    for name in rows.column_names:
        own = name
        if name in names:
            free = (f"{name}_{number}" for number in count(1))
            own = next(candidate for candidate in free if candidate not in taken)
            taken.add(own)
        names.append(own)
    return rows.rename_columns(names)


def _plain_numbers(rows: pa.Table) -> pa.Table:
    """Whole numbers that DuckDB widened, as sums are, as int64 where they fit."""
    for place, field in enumerate(rows.schema):
        if pa.types.is_decimal(field.type) and field.type.scale == 0:
            try:
                narrow = rows.column(place).cast(pa.int64())
            except pa.ArrowInvalid:
                continue
            rows = rows.set_column(place, field.name, narrow)
    return rows


def _refuse_distant_dates(rows: pa.Table) -> None:
    """Raises QueryRefused for a date or instant that is none outside DuckDB."""
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        for values in (found for chunk in column.chunks for found in _dates(chunk)):
            try:
                pc.min_max(values).as_py()
            except (OverflowError, ValueError) as error:
                raise QueryRefused(
                    f"column {name} holds a date outside years 1 to 9999, which cannot be told as a "
                    "date; cast it to VARCHAR in the query"
                ) from error


def _dates(values: pa.Array) -> Iterator[pa.Array]:
    """The dates and instants among the values, those within lists, structs and maps too."""
    if pa.types.is_date(values.type) or pa.types.is_timestamp(values.type):
        yield values
    elif pa.types.is_map(values.type):
        yield from _dates(values.keys)
        yield from _dates(values.items)
    elif pa.types.is_nested(values.type):
        inner = values.flatten()
        for part in inner if isinstance(inner, list) else [inner]:
            yield from _dates(part)
