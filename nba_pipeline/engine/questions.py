"""What is asked of one table's staged inputs and rows, compiled once per process.

Inputs are staged under the same names and types in every run, so that a table's functions come to
the same SQL whatever the dates: compiling them takes longer than running them.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa

from nba_pipeline.engine.meaning import meaning
from nba_pipeline.kernel.table import Table, parameters
from nba_pipeline.league.calendar import seasons
from nba_pipeline.warehouse.protocol import Warehouse

CHANGING = frozenset({"partitions", "today", "made_from"})
"""What a function may take that differs from run to run: what it comes to is compiled each time."""
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Compiled:
    """SQL, the columns that it gives, and what else was found while it was built."""

    sql: str
    schema: pa.Schema
    more: Any


_COMPILED: dict[tuple[Hashable, ...], _Compiled] = {}


def call(function: Callable[..., Answer], inputs: Mapping[str, object], **more: object) -> Answer:
    """The function on the inputs that it names."""
    offered = {**inputs, **more}
    return function(**{name: offered[name] for name in parameters(function, inputs)})


class Questions:
    """The questions of one table about its inputs."""

    def __init__(self, table: Table, warehouse: Warehouse, inputs: Mapping[str, ir.Table]) -> None:
        self.inputs = inputs
        self._table = table
        self._warehouse = warehouse
        schemas = tuple((name, rows.schema()) for name, rows in sorted(inputs.items()))
        # Limits and seasons are in the SQL as they were when it was made.
        self._key = (table, meaning(table), seasons(), type(warehouse), schemas)

    def rows(
        self, build: Callable[[], tuple[ir.Table, Answer]], name: str, *, is_fixed: bool
    ) -> tuple[ir.Table, Answer]:
        """What build gives, staged under the name; is_fixed says that it is the same in every run."""
        known = _COMPILED.get((*self._key, name)) if is_fixed else None
        if known is None:
            made, more = build()
            if not is_fixed or made.op().find(ops.InMemoryTable):
                return self._warehouse.stage(made, name), more
            known = self._compiled((*self._key, name), made, more)
        return self._warehouse.stage(known.sql, name), known.more

    def answer(
        self, function: Callable[..., ir.Table], rows: ir.Table, what: str = ""
    ) -> list[dict[str, Any]]:
        """The lines that the function gives of the inputs and the rows.

        Args:
            function: takes inputs by name, and `rows`.
            rows: the table's staged rows.
            what: tells apart what is asked of rows alone by functions made anew each time.
        """
        key = (*self._key, what or function, rows.op().name, rows.schema())
        known = _COMPILED.get(key)
        if known is None:
            made = call(function, self.inputs, rows=rows)
            known = self._compiled(key, made, None)
        return self._warehouse.answer(known.sql).cast(known.schema).to_pylist()

    def _compiled(self, key: tuple[Hashable, ...], made: ir.Table, more: Any) -> _Compiled:
        known = _Compiled(self._warehouse.compile(made), made.schema().to_pyarrow(), more)
        _COMPILED[key] = known
        return known
