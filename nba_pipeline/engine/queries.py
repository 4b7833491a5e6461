"""What is asked of one table's staged inputs and rows, compiled once.

Inputs are staged under the same names and types in every run, so that a table's functions come to
the same SQL whatever the dates: compiling them takes longer than running them. What the project's
own functions come to is also kept on disk, for as long as no line of the project changes.
"""

from collections.abc import Callable, Hashable, Mapping
from contextlib import ExitStack
from functools import cache
from typing import Any, TypeVar

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa

from nba_pipeline.engine.compiled import Compiled, Lineage, keep, stored_query
from nba_pipeline.engine.inputs import Inputs, stage
from nba_pipeline.engine.lineage import columns_of
from nba_pipeline.engine.meaning import meaning
from nba_pipeline.kernel.table import Table, Transform, parameters
from nba_pipeline.league.calendar import seasons
from nba_pipeline.warehouse.protocol import Query, Warehouse

CHANGING = "partitions"
"""What a function may take that differs from run to run: what it comes to is compiled each time."""
Answer = TypeVar("Answer")

_COMPILED: dict[tuple[Hashable, ...], Compiled] = {}


def call(function: Callable[..., Answer], inputs: Mapping[str, object], **more: object) -> Answer:
    """The function on the inputs that it names."""
    offered = {**inputs, **more}
    return function(**{name: offered[name] for name in parameters(function, inputs)})


@cache
def _declared(table: Table) -> str | None:
    """What the table is declared with, as text; None where a part is not the project's own."""
    asked = (*table.assertions, *table.violations, *table.warnings, *table.shares)
    functions = [table.transform, table.expected, table.unsettled, *table.parts.values(), *asked]
    functions += [table.in_python.asked] if table.in_python else []
    places = [_place(part) for part in (table.schema, *functions) if part is not None]
    if not all(place.startswith("nba_pipeline.") for place in places):
        return None
    facts = (table.name, table.version, table.grain, table.partitions, table.needs_minimum_games)
    return repr((facts, places))


def _place(part: Callable[..., object] | type) -> str:
    return f"{part.__module__}.{part.__qualname__}"


class Queries:
    """The questions of one table about its inputs."""

    def __init__(self, table: Table, warehouse: Warehouse, inputs: Mapping[str, ir.Table]) -> None:
        self.inputs = inputs
        self._table = table
        self._warehouse = warehouse
        schemas = tuple((name, rows.schema()) for name, rows in sorted(inputs.items()))
        # Limits and seasons are in the SQL as they were when it was made.
        self._facts = (meaning(table), seasons(), type(warehouse).__name__, schemas)
        declared = _declared(table)
        self._text = declared and repr((declared, self._facts))

    def rows(
        self,
        build: Callable[[], tuple[ir.Table, Lineage]],
        name: str,
        *,
        is_fixed: bool,
        is_none: bool,
    ) -> tuple[ir.Table, Lineage]:
        """What build gives, staged under the name.

        Args:
            build: gives the rows, and what their columns are made from.
            name: what they are staged under.
            is_fixed: whether it gives the same query in every run.
            is_none: whether no row is known to come of it, so that a fixed query is not asked.
        """
        transform = self._table.transform
        query = self._known(transform, name) if is_fixed else None
        if query is None:
            made, lineage = build()
            if not is_fixed or made.op().find(ops.InMemoryTable):
                return self._warehouse.stage(made, name), lineage
            query = self._compile(made, lineage, transform, name)
        held = Query(query.sql, ibis.Schema.from_pyarrow(query.schema))
        rows = query.schema.empty_table() if is_none else held
        return self._warehouse.stage(rows, name), query.lineage

    def answer(
        self, function: Callable[..., ir.Table], rows: ir.Table, what: str = ""
    ) -> list[dict[str, Any]]:
        """The lines that the function gives of the inputs and the rows.

        Args:
            function: takes inputs by name, and `rows`.
            rows: the table's staged rows.
            what: names what is asked by a function that is made anew each time.
        """
        asked = (what, rows.op().name, rows.schema())
        inputs = {**self.inputs, "rows": rows}
        return self._answer(function, inputs, *asked).to_pylist()

    def of_inputs(self, function: Callable[..., ir.Table]) -> pa.Table:
        """The rows that the function gives of the inputs."""
        return self._answer(function, self.inputs, "")

    def _answer(
        self, function: Callable[..., ir.Table], inputs: Mapping[str, ir.Table], *asked: Hashable
    ) -> pa.Table:
        query = self._known(function, *asked)
        if query is None:
            query = self._compile(call(function, inputs), {}, function, *asked)
        return self._warehouse.answer(query.sql).cast(query.schema)

    def _keys(
        self, function: Callable[..., object], *asked: Hashable
    ) -> tuple[tuple[Hashable, ...], str | None]:
        """The key in this process, and on disk where the function is the project's own."""
        named = asked[0] or function
        text = self._text and repr((_place(function), asked)) + self._text
        return (self._table, named, asked, self._facts), text

    def _known(self, function: Callable[..., object], *asked: Hashable) -> Compiled | None:
        key, text = self._keys(function, *asked)
        if key not in _COMPILED and text and (query := stored_query(text)):
            _COMPILED[key] = query
        return _COMPILED.get(key)

    def _compile(
        self,
        made: ir.Table,
        lineage: Lineage,
        function: Callable[..., object],
        *asked: Hashable,
    ) -> Compiled:
        key, text = self._keys(function, *asked)
        query = Compiled(self._warehouse.compile(made), made.schema().to_pyarrow(), lineage)
        _COMPILED[key] = query
        if text:
            keep(text, query)
        return query


def parts_of(
    table: Table, inputs: Inputs, warehouse: Warehouse, staged: ExitStack
) -> tuple[dict[str, ir.Table], dict[str, Lineage]]:
    """The table's parts, staged under the same names in every run, and what each is made from."""
    if not table.parts:
        return {}, {}
    questions = Queries(table, warehouse, inputs)
    parts: dict[str, ir.Table] = {}
    lineage: dict[str, Lineage] = {}
    for name, function in table.parts.items():

        def made(function: Transform = function) -> tuple[ir.Table, Lineage]:
            rows = call(function, inputs)
            return rows, columns_of(table, rows, inputs)

        taken = parameters(function, inputs)
        sources = {s.name for s in table.sources if {s.name, f"{s.name}_rejected"} & taken}
        is_none = bool(sources) and sources <= inputs.silent
        place = f"{table.name}__{name}"
        parts[name], lineage[place] = questions.rows(made, place, is_fixed=True, is_none=is_none)
        staged.callback(warehouse.drop_staged, parts[name])
    return parts, lineage


def told_in_python(
    table: Table, inputs: Mapping[str, ir.Table], warehouse: Warehouse, staged: ExitStack
) -> dict[str, ir.Table]:
    """What the table computes in Python of its inputs, staged under the same names in every run."""
    if table.in_python is None:
        return {}
    asked = Queries(table, warehouse, inputs).of_inputs(table.in_python.asked)
    told = call(table.in_python.told, inputs, asked=asked.to_pandas())
    return {
        name: stage(told[name], f"{table.name}__{name}", warehouse, staged)
        for name in table.in_python.gives
    }
