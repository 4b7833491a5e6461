"""Read-only SQL over Delta's tables, in a DuckDB that can reach nothing else."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from nba_pipeline.warehouse.delta_folder import Files
from nba_pipeline.warehouse.protocol import QueryRefused

_ONE_SELECT = "one SELECT statement is expected"
# Everything else that makes rows reads files, settings or the catalog.
_ROW_FUNCTIONS = {"unnest", "range", "generate_series"}
_SETTINGS = {"current_setting", "getvariable"}


def answered(
    query: str,
    names: Sequence[str],
    files_of: Callable[[str], Files],
    computed: Mapping[str, Callable[[], pa.Table]],
) -> pa.Table:
    """The query's rows.

    DuckDB reads what the query needs of the named tables' files, and nothing else: other files, the
    network and its own settings are shut off. Instants are told in UTC.

    Args:
        query: one SELECT.
        names: the stored tables.
        files_of: the files of one.
        computed: tables that are not stored, by name, made when the query names them.

    Raises:
        QueryRefused: see Warehouse.query.
    """
    connection = duckdb.connect()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        files: dict[str, Files] = {}
        for name in _tables(connection, query, [*names, *computed]):
            if name in computed:
                connection.register("_rows", computed[name]())
                connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM _rows')
                connection.unregister("_rows")
            else:
                files[name] = files_of(name)
        _shut_off(connection, [path for found in files.values() for path in found.paths])
        for name, found in files.items():
            connection.execute(f'CREATE VIEW "{name}" AS {found.select}')
        return connection.execute(query).to_arrow_table()
    except duckdb.Error as error:
        raise QueryRefused(str(error)) from error
    finally:
        connection.close()


def _shut_off(connection: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> None:
    """Leaves the connection nothing but the files."""
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    connection.execute("SET python_enable_replacements = false")
    connection.execute(f"SET allowed_paths = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


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
