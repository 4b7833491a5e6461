"""Read-only SQL over the tables, in a database that can reach nothing else."""

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa

from nba_pipeline.errors import WrongRequest
from nba_pipeline.warehouse.protocol import Warehouse

_ONE_SELECT = "one SELECT statement is expected"
# Everything else that makes rows reads files, settings or the catalog.
_ROW_FUNCTIONS = {"unnest", "range", "generate_series"}
_SETTINGS = {"current_setting", "getvariable"}


class QueryRefused(WrongRequest, ValueError):
    """A query that is wrong, or asks for more than reading the tables."""


def run_query(
    warehouse: Warehouse,
    query: str,
    told: Mapping[str, Callable[[], pa.Table]] = MappingProxyType({}),
) -> pa.Table:
    """The query's rows.

    Only the tables that the query names are loaded; then the database is shut off from files, the
    network and its own settings.

    Args:
        warehouse: where the tables are.
        query: one SELECT.
        told: tables that are not stored, by name, made when the query names them.

    Raises:
        QueryRefused: no single SELECT, a syntax error, or a reach for anything but the tables.
    """
    connection = duckdb.connect()
    try:
        for name in _tables(connection, query, [*warehouse.names(), *told]):
            rows = told[name]() if name in told else warehouse.table(name).to_pyarrow()
            connection.register("_rows", rows)
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM _rows')
            connection.unregister("_rows")
        connection.execute("SET python_enable_replacements = false")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection.execute(query).to_arrow_table()
    except duckdb.Error as error:
        raise QueryRefused(str(error)) from error
    finally:
        connection.close()


def _tables(connection: duckdb.DuckDBPyConnection, query: str, names: list[str]) -> set[str]:
    """The tables that the query names; raises QueryRefused where it names anything else."""
    nodes = list(_nodes(_parsed(connection, query)))
    known = {name.lower(): name for name in names}
    common = {
        entry["key"].lower() for node in nodes for entry in node.get("cte_map", {}).get("map", [])
    }
    wanted = set()
    for node in nodes:
        _refuse_functions(node)
        if node.get("type") == "BASE_TABLE":
            name = node["table_name"].lower()
            if name in known and node["schema_name"] in ("", "main"):
                wanted.add(known[name])
            elif name not in common:
                raise QueryRefused(f"no table {node['table_name']}; there are {', '.join(names)}")
        elif node.get("type") == "SHOW_REF" and not node.get("query"):
            wanted |= set(names)
    return wanted


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
