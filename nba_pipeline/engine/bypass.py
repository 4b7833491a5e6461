"""A permission to compute although a precondition does not hold: named, with a reason, recorded.

Rows name the bypasses that they were made under, and so do rows that are made from them, until what
was bypassed is there and they are made again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import ibis.expr.types as ir

from nba_pipeline.engine import preconditions
from nba_pipeline.engine.stretches import DayList, spans
from nba_pipeline.errors import WrongRequest
from nba_pipeline.kernel.table import Table

if TYPE_CHECKING:
    from nba_pipeline.engine.staleness import Survey

_NEXT = re.compile(f"; (?=(?:{'|'.join(preconditions.BYPASSABLE)}): )")


class InvalidBypass(WrongRequest, ValueError):
    """A bypass that nobody may ask for."""


@dataclass(frozen=True)
class Bypass:
    """A named, recorded permission to skip one precondition.

    Raises:
        InvalidBypass: the precondition cannot be bypassed, or no reason is given.
    """

    name: str
    reason: str

    def __post_init__(self) -> None:
        if self.name not in preconditions.BYPASSABLE:
            names = ", ".join(preconditions.BYPASSABLE)
            raise InvalidBypass(f"{self.name} cannot be bypassed; these can: {names}")
        if not self.reason.strip():
            raise InvalidBypass(f"the bypass of {self.name} needs a reason")

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def inherited(table: Table, days: Sequence[date], survey: "Survey") -> dict[date, set[str]]:
    """Per day, the bypasses, as texts, that what it is made from was made under."""
    bypasses: dict[date, set[str]] = {day: set() for day in days}
    for read in table.reads:
        # A closed day without a row says nothing, and never will.
        is_closed = survey.tables[read.table].is_closed
        marked: dict[str, list[date]] = {}
        for upstream_day, stamp in survey.stamps(read.table).items():
            if stamp.bypass and (stamp.row_count or not is_closed(upstream_day)):
                for text in _named(stamp.bypass):
                    marked.setdefault(text, []).append(upstream_day)
        # Few texts stand on many days.
        days_of = {text: DayList(upstream_days) for text, upstream_days in marked.items()}
        for day in days if days_of else ():
            stretches = spans(read, day)
            bypasses[day] |= {text for text, of in days_of.items() if of.first_in(stretches)}
    return bypasses


def bypasses_of(rows: ir.Table, day: str) -> dict[date, str]:
    """Per value of that column, the bypasses that the rows name."""
    named: dict[date, set[str]] = {}
    told = rows.filter(rows["bypass"].notnull()).select(day, "bypass").distinct()
    for line in told.to_pyarrow().to_pylist():
        named.setdefault(line[day], set()).update(_named(line["bypass"]))
    return {of_day: "; ".join(sorted(texts)) for of_day, texts in named.items()}


def outlived(table: Table, days: Sequence[date], survey: "Survey") -> list[date]:
    """The stored days whose rows name a bypass that they would not if they were made again now.

    Such a day is refused without a bypass no longer, and nothing that it reads names it either. What
    rows are only added to keeps the name: what was said under the bypass stands.
    """
    if table.appends:
        return []
    stamps = survey.stamps(table.name)
    marked = {
        day: _named(stamp.bypass)
        for day in days
        if (stamp := stamps.get(day)) is not None and stamp.bypass
    }
    if not marked:
        return []
    refused = preconditions.refused(table, list(marked), survey)
    upstream = inherited(table, list(marked), survey)
    return [day for day, own in marked.items() if day not in refused and own != upstream[day]]


def _named(text: str) -> set[str]:
    """The bypasses that the text of a stamp names."""
    return set(_NEXT.split(text))
