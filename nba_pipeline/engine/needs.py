"""What has to be done for some partitions of a table: which are stale, and which are refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from nba_pipeline.engine import preconditions
from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.table import Table


@dataclass(frozen=True)
class Needs:
    """What has to be done for some partitions of a table, and what may not be done.

    bypassed are the dates that a bypass alone keeps from being refused.
    """

    inputs: Mapping[date, str]
    stale: Mapping[date, str]
    refused: Mapping[date, str]
    bypassed: frozenset[date]

    @property
    def ready(self) -> list[date]:
        """The stale ones that may be computed."""
        return [day for day in self.stale if day not in self.refused]


def stored_or_due(
    table: Table,
    partitions: Iterable[date],
    survey: Survey,
    coming: preconditions.Coming = MappingProxyType({}),
) -> list[date]:
    """Those of the partitions that are stored, that stored ones are to be made from, or that were tried.

    What was tried and never stored is meant where it may be computed now without a bypass, which is
    for what was asked for. Arguments are those of `needs`.
    """
    partitions, stored = list(partitions), survey.stamps(table.name)
    absent = {day for day in partitions if day not in stored}
    absent -= survey.owed(table.name) if absent else set()
    tried = absent & survey.failed(table.name).keys()
    absent -= preconditions.possible(table, tried, survey, coming)
    return [day for day in partitions if day not in absent]


def needs(
    table: Table,
    partitions: Iterable[date],
    survey: Survey,
    *,
    bypasses: Sequence[Bypass] = (),
    force: bool = False,
    only_stored: bool = False,
    is_request: bool = True,
    coming: preconditions.Coming = MappingProxyType({}),
) -> Needs:
    """Which of the partitions are stale and why, and which of those are refused and why.

    Args:
        table: the declaration.
        partitions: those wanted.
        survey: what is stored.
        bypasses: the preconditions that do not count.
        force: whether partitions that are current count as stale.
        only_stored: whether those alone are meant that `stored_or_due` names.
        is_request: whether what is stale would be made, and with it what is made from that.
        coming: per table, partitions that are computed before these, and count as there.
    """
    asked = sorted(partitions)
    if only_stored:
        asked = stored_or_due(table, asked, survey, coming)
    stale = dict.fromkeys(asked, "forced") if force else survey.stale(table, asked)
    allowed = [bypass.name for bypass in bypasses]
    if is_request and table.knows_earlier:
        barred = preconditions.refused(table, list(stale), survey, allowed, coming)
        others = [day for day in asked if day not in stale]
        behind = survey.first_behind(table, others, stale.keys() - barred.keys())
        stale |= {day: f"{table.name} {first} would change" for day, first in behind.items()}
    inputs = survey.inputs(table, list(stale))
    if stale and table.sources and (away := survey.landing.out_of_reach()):
        unread = dict.fromkeys(stale, away)
    else:
        unread = preconditions.untold(table, list(stale), survey)
    strictly = preconditions.refused(table, list(stale), survey, (), coming) | unread
    refused = strictly
    if bypasses and strictly:
        refused = preconditions.refused(table, list(strictly), survey, allowed, coming) | unread
    return Needs(inputs, stale, refused, frozenset(set(strictly) - set(refused)))
