"""What was said before tip-off, and whether it would be said from the same today."""

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir
from ibis import _

VERSION = 2
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

KEYS = ("game_id", "player_id", "system")
COMPARED = (
    *("features_fingerprint", "model_version"),
    *("points_line", "line_source", "over_price", "under_price", "recommendation"),
)
"""What a prediction is made from: the row's features, the model where there is one, and the line; and
what is advised beside the line, which depends on what edges have paid so far."""


def last_said(statements: ir.Table) -> ir.Table:
    """The last statement of each game, player and system."""
    latest = ibis.window(group_by=KEYS, order_by=_.made_at.desc())
    numbered = statements.mutate(statements_after=ibis.row_number().over(latest))
    return numbered.filter(_.statements_after == 0).drop("statements_after")


def is_same(one: ir.Table, other: ir.Table, names: Iterable[str]) -> list[ir.BooleanValue]:
    """That both say the same in KEYS and in the columns named, where NULL is the same as NULL.

    KEYS are never NULL, and BigQuery joins by an equality.
    """
    others = [name for name in names if name not in KEYS]
    return [
        *(one[key] == other[key] for key in KEYS),
        *(one[name].identical_to(other[name]) for name in others),
    ]


def with_inputs_changed(statements: ir.Table, predictions: ir.Table) -> ir.Table:
    """The statements with inputs_changed: whether the predictions of now differ in COMPARED.

    True for a player who is no longer in the date's universe.
    """
    now = predictions.select(**{f"{name}_now": name for name in (*KEYS, *COMPARED)})
    both = statements.left_join(now, [statements[key] == now[f"{key}_now"] for key in KEYS])
    # A player without a prediction of now has no fingerprint there, and every statement has one.
    same = [both[name].identical_to(both[f"{name}_now"]) for name in COMPARED]
    both = both.mutate(inputs_changed=~ibis.and_(*same))
    return both.drop(*now.columns)
