"""Read-only SQL over the tables, in a database that can reach nothing else."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from nba_pipeline.errors import WrongRequest
from nba_pipeline.warehouse.protocol import Files, Warehouse

_ONE_SELECT = "one SELECT statement is expected"
# Everything else that makes rows reads files, settings or the catalog.
_ROW_FUNCTIONS = {"unnest", "range", "generate_series"}
_SETTINGS = {"current_setting", "getvariable"}


class QueryRefused(WrongRequest, ValueError):
    """A query that is wrong, or asks for more than reading the tables."""


def run_query(
    warehouse: Warehouse,
    query: str,
    computed: Mapping[str, Callable[[], pa.Table]] = MappingProxyType({}),
) -> pa.Table:
    """The query's rows; of columns that share a name, the later ones are numbered (name_1, name_2).

    DuckDB reads what the query needs of the named tables' files, and nothing else: other files, the
    network and its own settings are shut off. Instants are told in UTC. Whole numbers are int64
    where they fit.

    Args:
        warehouse: where the tables are.
        query: one SELECT.
        computed: tables that are not stored, by name, made when the query names them.

    Raises:
        QueryRefused: no single SELECT, a syntax error, a reach for anything but the tables, or a date
            outside years 1 to 9999 in the answer.
    """
    connection = duckdb.connect()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        files: dict[str, Files] = {}
        with warehouse.snapshot():
            for name in _tables(connection, query, [*warehouse.names(), *computed]):
                if name in computed:
                    connection.register("_rows", computed[name]())
                    connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM _rows')
                    connection.unregister("_rows")
                else:
                    files[name] = warehouse.files(name)
        _shut_off(connection, [path for found in files.values() for path in found.paths])
        for name, found in files.items():
            connection.execute(f'CREATE VIEW "{name}" AS {found.select}')
        rows = _told_apart(_plain_numbers(connection.execute(query).to_arrow_table()))
    except duckdb.Error as error:
        raise QueryRefused(str(error)) from error
    finally:
        connection.close()
    _refuse_distant_dates(rows)
    return rows


def _shut_off(connection: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> None:
    """Leaves the connection nothing but the files."""
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    connection.execute("SET python_enable_replacements = false")
    connection.execute(f"SET allowed_paths = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


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


def _tables(connection: duckdb.DuckDBPyConnection, query: str, names: list[str]) -> set[str]:
    """The tables that the query names; raises QueryRefused where it names anything else."""
    nodes = list(_nodes(_parsed(connection, query)))
    by_lower_name = {name.lower(): name for name in names}
    common = {
        entry["key"].lower() for node in nodes for entry in node.get("cte_map", {}).get("map", [])
    }
    named = set()
    for node in nodes:
        _refuse_functions(node)
        if node.get("type") == "BASE_TABLE":
            name = node["table_name"].lower()
            if name in by_lower_name and node["schema_name"] in ("", "main"):
                named.add(by_lower_name[name])
            elif name not in common:
                raise QueryRefused(f"no table {node['table_name']}; there are {', '.join(names)}")
        elif node.get("type") == "SHOW_REF" and not node.get("query"):
            named |= set(names)
    return named


def _parsed(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    """DuckDB's own syntax tree of the query."""
    row = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchone()
    parsed = json.loads(row[0]) if row else {}
    if parsed["error"]:
        is_syntax = parsed["error_type"] == "parser"
        raise QueryRefused(parsed["error_message"] if is_syntax else _ONE_SELECT)
    if len(parsed["statements"]) != 1:
        raise QueryRefused(_ONE_SELECT)
    return parsed["statements"]


def _refuse_functions(node: dict[str, Any]) -> None:
    """Raises where the node calls a function that looks outside the tables."""
    name = str(node.get("function_name", "")).lower()
    is_outside = name in _SETTINGS
    if node.get("type") == "TABLE_FUNCTION":
        name = node["function"]["function_name"].lower()
        is_outside = name not in _ROW_FUNCTIONS
    if is_outside:
        raise QueryRefused(f"{name} reads something else than the tables")


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of the parsed query."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _nodes(part)
    elif isinstance(value, list):
        for part in value:
            yield from _nodes(part)
