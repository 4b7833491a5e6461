"""What to do about a line: nothing, until a record proves that the same edge pays."""

import ibis
import ibis.expr.types as ir

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


def advice(rows: ir.Table) -> dict[str, ir.Value]:
    """What to do about the line, and why.

    Nothing is recommended on a side that nobody prices, nor without a record of the same edge that
    is surely above what its price asks for; and no system has such a record.

    Args:
        rows: with is_production_ready, predicted_points, edge, points_line and both prices.
    """
    side = ibis.ifelse(rows.edge > 0, rows.over_price, rows.under_price)
    reason = ibis.cases(
        (~rows.is_production_ready, "incomplete"),
        (rows.points_line.isnull(), "no_line"),
        (rows.predicted_points.isnull(), "no_prediction"),
        (side.isnull(), "no_price"),
        else_="no_proven_edge",
    )
    has_no_line = rows.is_production_ready & rows.points_line.isnull()
    return {
        "recommendation": ibis.ifelse(has_no_line, "NO_LINE", "PASS"),
        "recommendation_reason": reason,
    }
