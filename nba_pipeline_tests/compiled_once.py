"""Functions of tables that are compiled once for all inputs of the same columns.

To compile one takes a hundred times as long as to run it on a test's few rows.
"""

from collections.abc import Callable, Mapping
from functools import cache
from inspect import signature

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa


@cache
def _backend() -> ibis.BaseBackend:
    return ibis.duckdb.connect(threads=1)


def compiled_once(function: Callable[..., ir.Table]) -> Callable[..., ir.Table]:
    """The function, whose answer is computed at once: for what asks nothing but its inputs."""
    known: dict[tuple[tuple[str, ibis.Schema], ...], tuple[str, ibis.Schema] | None] = {}

    def compiled(*unnamed: ir.Table, **inputs: ir.Table) -> ir.Table:
        inputs |= dict(zip(signature(function).parameters, unnamed, strict=False))
        schemas = {name: rows.schema() for name, rows in sorted(inputs.items())}
        key = tuple(schemas.items())
        if key not in known:
            known[key] = _compiled(function, schemas)
        if (query := known[key]) is None:
            return function(**inputs)
        sql, schema = query
        connection = _backend().con
        for name, rows in inputs.items():
            connection.register(name, _rows(rows))
        return ibis.memtable(connection.execute(sql).to_arrow_table().cast(schema.to_pyarrow()))

    return compiled


def _rows(table: ir.Table) -> pa.Table:
    """The table's rows; of what is in memory no query is made."""
    kept = table.op()
    if isinstance(kept, ops.InMemoryTable):
        return kept.data.to_pyarrow(kept.schema)
    return table.to_pyarrow()


def _compiled(
    function: Callable[..., ir.Table], schemas: Mapping[str, ibis.Schema]
) -> tuple[str, ibis.Schema] | None:
    """The query and its columns; none where it holds rows of its own."""
    rows = function(**{name: ibis.table(of, name=name) for name, of in schemas.items()})
    if rows.op().find(ops.InMemoryTable):
        return None
    return ibis.to_sql(rows, dialect="duckdb"), rows.schema()
