"""Checkpoints: the names under which people ask for a table's checks, and the figures beside them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir


@dataclass(frozen=True)
class Checkpoint:
    """Checks of one table that are asked for by one name; see `checkpoint`."""

    name: str
    checks: tuple[str, ...]
    figures: Callable[..., ir.Table] | None
    is_loss: bool


def checkpoint(
    name: str,
    *checks: Callable[..., Any],
    figures: Callable[..., ir.Table] | None = None,
    is_loss: bool = False,
) -> Checkpoint:
    """Names the checkpoint of some checks; a check of no checkpoint is one by its own name.

    Args:
        name: what people ask for; tables may share it.
        checks: the table's own assertions, violations, warnings, shares or refusals.
        figures: rows and inputs to a few rows that say how it stands, printed beside the verdicts.
        is_loss: whether what the checks find means that data was lost: a run ends red that finds
            it, though what it wrote stands.
    """
    return Checkpoint(name, tuple(check.__name__ for check in checks), figures, is_loss)
