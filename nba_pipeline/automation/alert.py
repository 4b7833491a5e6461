"""An alert: one thing that somebody is told of without asking."""

from collections.abc import Sequence
from dataclasses import dataclass

P0, P1, P2 = "P0", "P1", "P2"
_SHOWN = 3


@dataclass(frozen=True)
class Alert:
    """One thing to tell: how bad, of what kind, what with its dates and likely cause, what shows more.

    P0 is tonight's predictions, P1 the data, P2 the rest. What has happened is told once; what
    lasts again after hours. is_told: whether another alert tells of it, so that this one need not.
    """

    severity: str
    kind: str
    key: str
    what: str
    command: str
    has_happened: bool = False
    is_told: bool = False


def some(texts: Sequence[str]) -> str:
    """The first of the texts, and how many more there are."""
    more = f" and {len(texts) - _SHOWN} more" if texts[_SHOWN:] else ""
    return (", ".join(texts[:_SHOWN]) or "none") + more
