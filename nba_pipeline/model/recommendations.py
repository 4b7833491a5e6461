"""What to do about a line: nothing, until a record proves that the same edge pays."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.model.walk_forward import EDGES
from nba_pipeline.thresholds import EDGE_HIGHEST_PRICE

VERSION = 3
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_ON = {"month": "date", "system": "string", "side": "string", "edge_from": "float64"}


def records(models: Iterable[Mapping[str, Any]]) -> ir.Table:
    """One row per month, system, side and band of edges, with hit_rate_low, from months' models.

    Args:
        models: rows of points_model, of which month and edge_record are read.
    """
    lines = [
        {"month": model["month"], **{name: line[name] for name in (*list(_ON)[1:], "hit_rate_low")}}
        for model in models
        for line in json.loads(model["edge_record"] or "[]")
    ]
    return ibis.memtable(lines, schema=_ON | {"hit_rate_low": "float64"})


def with_advice(rows: ir.Table, known: ir.Table) -> ir.Table:
    """The rows with recommendation and recommendation_reason.

    A side is recommended only where it is priced, and where of the same system's edges to the same
    side and as wide, graded before the month, surely more came in than the price asks for. At a price
    above EDGE_HIGHEST_PRICE none is: what is paid so high comes in less often than the record's bets.

    Args:
        rows: with system, game_date, is_production_ready, predicted_points, edge, points_line and
            both prices.
        known: what `records` gives.
    """
    width = rows.edge.abs()
    widest_first = [(width >= least, least) for least in reversed(EDGES)]
    rows = rows.mutate(
        in_month=rows.game_date.truncate("M"),
        side=ibis.cases((rows.edge > 0, "OVER"), (rows.edge < 0, "UNDER")),
        edge_from=ibis.cases(*widest_first),
    )
    told = known.rename({f"{name}__of": name for name in _ON})
    same = [rows["in_month" if name == "month" else name] == told[f"{name}__of"] for name in _ON]
    both = rows.left_join(told, same).drop(*(f"{name}__of" for name in _ON))
    price = ibis.ifelse(both.side == "OVER", both.over_price, both.under_price)
    is_proven = (both.hit_rate_low > 1 / price) & (price <= EDGE_HIGHEST_PRICE.value)
    is_proven = is_proven.fill_null(False)
    reason = ibis.cases(
        (~both.is_production_ready, "incomplete"),
        (both.points_line.isnull(), "no_line"),
        (both.predicted_points.isnull(), "no_prediction"),
        (both.side.notnull() & price.isnull(), "no_price"),
        (is_proven, "proven_edge"),
        else_="no_proven_edge",
    )
    advised = both.mutate(recommendation_reason=reason).mutate(
        recommendation=ibis.cases(
            (_.recommendation_reason == "no_line", "NO_LINE"),
            (_.recommendation_reason == "proven_edge", _.side),
            else_="PASS",
        )
    )
    return advised.drop("in_month", "side", "edge_from", "hit_rate_low")
