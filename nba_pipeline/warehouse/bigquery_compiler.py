"""ibis expressions as SQL that BigQuery takes, where ibis's own compiler writes what it refuses."""

from collections.abc import Sequence
from typing import Any

import ibis.expr.operations as ops
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.bigquery import BigQueryCompiler
from ibis.expr import datatypes as dt
from sqlglot.transforms import eliminate_semi_and_anti_joins

_BY_EXISTS = ("SEMI", "ANTI")


class Compiler(BigQueryCompiler):
    """ibis's compiler, but for what BigQuery refuses of it."""

    def visit_ArrayCollect(self, op: ops.ArrayCollect, **given: Any) -> sge.Expression:
        """ARRAY_AGG, in an order that BigQuery takes in it."""
        given["order_by"] = _nulls_where_allowed(given["order_by"])
        return super().visit_ArrayCollect(op, **given)

    def visit_GroupConcat(self, op: ops.GroupConcat, **given: Any) -> sge.Expression:
        """STRING_AGG, in an order that BigQuery takes in it."""
        given["order_by"] = _nulls_where_allowed(given["order_by"])
        return super().visit_GroupConcat(op, **given)

    def visit_JoinChain(self, op: ops.JoinChain, **given: Any) -> sge.Expression:
        """Joins, with EXISTS for each semi and anti join: sqlglot leaves every second one as it is."""
        chain = super().visit_JoinChain(op, **given)
        while any(join.kind in _BY_EXISTS for join in chain.args.get("joins") or ()):
            chain = eliminate_semi_and_anti_joins(chain)
        return chain

    def visit_WindowFunction(self, op: ops.WindowFunction, **given: Any) -> sge.Expression:
        """A window, parted by texts of floats, which BigQuery does not part rows by.

        NULL stays where it is asked for: ibis would put it first, as BigQuery does unasked. A range
        has one key alone.
        """
        given["group_by"] = [
            self.cast(key, dt.string) if value.dtype.is_floating() else key
            for key, value in zip(given["group_by"], op.group_by, strict=True)
        ]
        if op.how == "rows":
            given["order_by"] = _nulls_where_allowed(given["order_by"])
        return super().visit_WindowFunction(op, **given)

    def visit_NonNullLiteral(
        self, op: ops.Literal, *, value: Any, dtype: dt.DataType
    ) -> sge.Expression | None:
        """An empty list says of what: BigQuery takes one of nothing for one of whole numbers."""
        if dtype.is_array() and not len(value):
            return self.cast(sge.Array(expressions=[]), dtype)
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)

    def visit_Cast(self, op: ops.Cast, *, arg: sge.Expression, to: dt.DataType) -> sge.Expression:
        """A yes or no becomes a float by way of a whole number: BigQuery knows no shorter one."""
        if op.arg.dtype.is_boolean() and to.is_floating():
            arg = self.cast(arg, dt.int64)
        return super().visit_Cast(op, arg=arg, to=to)


def _nulls_where_allowed(order_by: Sequence[sge.Ordered]) -> list[sge.Expression]:
    """The same order without NULLS LAST beside ASC, or NULLS FIRST beside DESC.

    Within an aggregate BigQuery refuses both, so that whether it is NULL is a key of its own there.
    """
    keys: list[sge.Expression] = []
    for key in order_by:
        is_descending = bool(key.args["desc"])
        if bool(key.args["nulls_first"]) == is_descending:
            is_null = sge.Is(this=sge.Paren(this=key.this.copy()), expression=sge.Null())
            keys.append(
                sge.Ordered(this=is_null, desc=is_descending, nulls_first=not is_descending)
            )
        keys.append(sge.Ordered(this=key.this, desc=is_descending, nulls_first=not is_descending))
    return keys


COMPILER = Compiler()
