"""What BigQuery refuses and its emulator, which runs on DuckDB, does not."""

from collections.abc import Iterable, Iterator

import ibis.expr.operations as ops
import ibis.expr.types as ir
from sqlglot import exp

_BY_EQUALITY = {"left", "right", "outer", "semi", "anti"}
_OF_ONE_KIND = (
    ops.Comparison,
    ops.Between,
    ops.InValues,
    ops.Coalesce,
    ops.IfElse,
    ops.SearchedCase,
    ops.SimpleCase,
    ops.Least,
    ops.Greatest,
)


def broken_by(rows: ir.Table) -> Iterator[str]:
    """What of the rows BigQuery would refuse, however they are compiled, in words.

    Lists are not compared: neither grouped by, told apart nor joined on; and there are no lists of
    lists. An outer, semi or anti join needs an equality of both sides. A time in UTC and one of no
    zone are two types, of which neither becomes the other unasked, and to one of no zone nothing is
    added.
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
    yield from _times(rows)


def _joins(chain: ops.JoinChain) -> Iterator[str]:
    for link in chain.rest:
        equalities = [part for part in link.predicates if isinstance(part, ops.Equals)]
        if link.how in _BY_EQUALITY and not equalities:
            yield f"{link.how} join without an equality"
        if any(part.left.dtype.is_array() for part in equalities):
            yield f"{link.how} join on a list"


def _times(rows: ir.Table) -> Iterator[str]:
    for node in rows.op().find(_OF_ONE_KIND):
        # Cases and their results are given together.
        parts = [part for given in node.args for part in _flat(given)]
        kinds = [part.dtype for part in parts if isinstance(part, ops.Value)]
        if len({kind.timezone is None for kind in kinds if kind.is_timestamp()}) > 1:
            yield f"{type(node).__name__} of a time in UTC and one of no zone"
    for node in rows.op().find((ops.TimestampAdd, ops.TimestampSub)):
        if node.left.dtype.timezone is None:
            yield f"{type(node).__name__} to a time of no zone"


def _flat(given: object) -> Iterable[object]:
    return given if isinstance(given, tuple) else (given,)


def refused_in(query: exp.Expression) -> Iterator[str]:
    """What of a parsed query BigQuery would refuse, in words.

    Within an aggregate it takes no NULLS LAST beside ASC and no NULLS FIRST beside DESC; it has no
    semi and no anti joins; and an empty list that does not say of what is one of whole numbers.
    """
    for key in query.find_all(exp.Ordered):
        place = key.find_ancestor(exp.AggFunc, exp.Window, exp.Select)
        is_last = not key.args.get("nulls_first")
        if isinstance(place, exp.AggFunc) and is_last != bool(key.args.get("desc")):
            yield f"NULLS {'LAST' if is_last else 'FIRST'} in {place.sql_name()}"
    for join in query.find_all(exp.Join):
        if join.kind in ("SEMI", "ANTI"):
            yield f"{join.kind} JOIN"
    for values in query.find_all(exp.Array):
        if not values.expressions and not isinstance(values.parent, exp.Cast):
            yield "a list of nothing"
