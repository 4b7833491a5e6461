"""What BigQuery refuses and its emulator, which runs on DuckDB, does not."""

from collections.abc import Iterator

import ibis.expr.operations as ops
import ibis.expr.types as ir

_OUTER = {"left", "right", "outer"}


def broken_by(rows: ir.Table) -> Iterator[str]:
    """What of the rows BigQuery would refuse, in words.

    Lists are not compared: neither grouped by, told apart nor joined on; and there are no lists of
    lists. An outer join needs an equality of both sides.
    """
    if any(node.arg.dtype.is_array() for node in rows.op().find(ops.ArrayCollect)):
        yield "a list of lists"
    for node in rows.op().find((ops.Distinct, ops.Aggregate, ops.Set, ops.JoinChain)):
        if isinstance(node, ops.Distinct):
            kinds = node.schema
        elif isinstance(node, ops.Set):
            kinds = node.schema if node.distinct else {}
        elif isinstance(node, ops.Aggregate):
            kinds = {name: value.dtype for name, value in node.groups.items()}
        else:
            yield from _joins(node)
            continue
        lists = [name for name, kind in kinds.items() if kind.is_array()]
        if lists:
            yield f"{type(node).__name__} by {', '.join(lists)}"


def _joins(chain: ops.JoinChain) -> Iterator[str]:
    for link in chain.rest:
        equalities = [part for part in link.predicates if isinstance(part, ops.Equals)]
        if link.how in _OUTER and not equalities:
            yield f"{link.how} join without an equality"
        if any(part.left.dtype.is_array() for part in equalities):
            yield f"{link.how} join on a list"
