"""Numbers in whole billionths: their sum does not depend on the order of its terms."""

import ibis.expr.types as ir

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

BILLION = 10**9


def in_billionths(value: ir.NumericValue) -> ir.IntegerValue:
    """The number in whole billionths, rounded."""
    return (value.cast("float64") * BILLION).round().cast("int64")
