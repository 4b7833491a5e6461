"""Work: one run that computes exactly what is to be computed, cut out of what is wished for.

A run is tables by a stretch of dates, and computes all of it that is stale. So a stretch ends where
the next date would take along what may not be computed, or is not meant; dates that are current do
not end it.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby
from types import MappingProxyType

import ibis.expr.types as ir

from nba_pipeline import clock
from nba_pipeline.automation.pending import PendingWork
from nba_pipeline.backfill.planner import Request, groups, lines
from nba_pipeline.engine import preconditions
from nba_pipeline.engine.meaning import meaning
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.engine.stretches import DayList, spans
from nba_pipeline.kernel.table import Table
from nba_pipeline.league.schedule import final

_MENDED_TOGETHER = (
    preconditions.UPSTREAM_MISSING,
    preconditions.UPSTREAM_FAILED,
    preconditions.UPSTREAM_STALE,
)
"""What the run itself may put right, where the upstream table is one of its own."""
GAMES = "nbac_schedule"
Cells = Mapping[str, Mapping[date, str]]
"""Per table, some of its partitions, each with a sentence or fingerprint."""


@dataclass(frozen=True)
class Work:
    """One run: the request that it carries out, its stale partitions, and what it would do twice.

    identity names the stored and the wanted state of what is stale by itself: the same work has the
    same identity, and once done it never comes back. is_stored: whether all that is stale is stored;
    brings_results: whether all of it is of last night or later, or of nights that are still open.
    """

    request: Request
    stale: Cells
    identity: str
    is_stored: bool
    brings_results: bool

    @property
    def days(self) -> list[date]:
        """The partitions with something to compute, in order."""
        return sorted({day for cells in self.stale.values() for day in cells})

    @cached_property
    def reasons(self) -> dict[str, int]:
        """Why how many partitions are stale, the commonest first."""
        counts: dict[str, int] = {}
        for cells in self.stale.values():
            for why in cells.values():
                counts[why] = counts.get(why, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: -item[1]))


@dataclass(frozen=True)
class Found:
    """The work that can be done now, and why the rest cannot: each reason and its partitions."""

    works: tuple[Work, ...]
    barred: Mapping[str, int]


def work_of(
    wish: PendingWork,
    survey: Survey,
    left_alone: Cells = MappingProxyType({}),
) -> Found:
    """The wish's next runs; what comes after them is found once they are done.

    Args: as of work_in_order.
    """
    return next(work_in_order(wish, survey, left_alone))


def work_in_order(
    wish: PendingWork,
    survey: Survey,
    left_alone: Cells = MappingProxyType({}),
    by_itself: Cells = MappingProxyType({}),
) -> Iterator[Found]:
    """The wish's next runs; then those that come after them, for who gives the ones before up.

    What they read of what is given up bars them as it would any run. In the end there are none.

    Args:
        wish: what is wished for.
        survey: what is stored.
        left_alone: per table, partitions that are nobody's to start, each with why.
        by_itself: per table, partitions whose dates are runs of their own, one after the other.
    """
    barred = {name: dict(cells) for name, cells in left_alone.items()}
    for request in wish.requests:
        for group in groups(request.tables):
            part = replace(request, tables=tuple(group))
            for works in _works(part, survey, wish.only, barred, by_itself):
                yield Found(works, _counted(barred))
    yield Found((), _counted(barred))


def _works(
    request: Request,
    survey: Survey,
    only: Collection[date] | None,
    barred: dict[str, dict[date, str]],
    by_itself: Cells,
) -> list[tuple[Work, ...]]:
    """The runs of one group of tables that can be done at once, and those that come after them.

    What may not be computed is added to barred.
    """
    stale: dict[str, dict[date, str]] = {}
    kept_out: dict[date, set[str]] = {}
    for line in lines(request, survey):
        name = line.table.name
        stopped = _stopped(line.table, list(line.stale), request, survey, barred)
        stopped |= line.refused
        barred.setdefault(name, {}).update(stopped)
        not_meant = {day for day in line.stale if only is not None and day not in only}
        out = not_meant | set(stopped)
        for day in out:
            kept_out.setdefault(day, set()).add(name)
        stale[name] = {day: why for day, why in line.stale.items() if day not in out}
    every = sorted({*kept_out, *(day for cells in stale.values() for day in cells)})
    alone = {day for name in stale for day in by_itself.get(name, {}).keys() & stale[name].keys()}
    works: list[tuple[Work, ...]] = []

    def cut(day: date) -> tuple[frozenset[str], date | None]:
        return frozenset(kept_out.get(day, ())), day if day in alone else None

    for (without, by_itself_on), days in groupby(every, key=cut):
        stretch = set(days)
        cells = {
            name: found
            for name, of_table in stale.items()
            if name not in without
            and (found := {day: why for day, why in of_table.items() if day in stretch})
        }
        if cells:
            # What comes after a date that is tried by itself looks back on what that comes to.
            is_next = by_itself_on or not works or works[-1][-1].request.last in alone
            earlier = () if is_next else works.pop()
            works.append((*earlier, _work(request, cells, survey)))
    return works


def _stopped(
    table: Table,
    days: Sequence[date],
    request: Request,
    survey: Survey,
    barred: Mapping[str, Mapping[date, str]],
) -> dict[date, str]:
    """The days that may not be computed, even after everything that this run does before."""
    found = {day: why for day, why in barred.get(table.name, {}).items() if day in set(days)}
    names = {own.name for own in request.tables}
    inside = replace(table, reads=tuple(read for read in table.reads if read.table in names))
    outside = replace(table, reads=tuple(read for read in table.reads if read.table not in names))
    bypassed = [bypass.name for bypass in request.bypasses]
    found |= preconditions.refused(inside, days, survey, [*bypassed, *_MENDED_TOGETHER])
    found |= preconditions.refused(outside, days, survey, bypassed)
    is_as_stored = {preconditions.UPSTREAM_STALE, preconditions.UPSTREAM_FAILED} <= {*bypassed}
    for read in table.reads:
        upstream = barred.get(read.table, {})
        if is_as_stored:
            own = (request.first, request.last) if read.table in names else None
            upstream = _indispensable(read.table, upstream, survey, own)
        if survey.tables[read.table].is_model:
            # A stored one serves on.
            upstream = {d: why for d, why in upstream.items() if d not in survey.stamps(read.table)}
        behind = DayList(upstream)
        for day in days if behind else ():
            first = behind.first_in(spans(read, day))
            if first and day not in found:
                found[day] = f"{read.table} {first}: {upstream[first]}"
    return found


def _indispensable(
    name: str, barred: Mapping[date, str], survey: Survey, own: tuple[date, date] | None
) -> dict[date, str]:
    """What of the table may not be read as it is stored, where corrections are done without.

    That is what was never stored, what it does not tell yet of last night or of today, and earlier
    nights that it tells of as they were before their games. own: from when to when the run makes all of
    it but what is barred.
    """
    found = {day: why for day, why in barred.items() if day not in survey.stamps(name)}
    if not tells_of_its_night(name, survey):
        return found
    amiss = {**survey.outdated(name), **survey.failed(name)}
    amiss = {day: why for day, why in amiss.items() if not own or not own[0] <= day <= own[1]}
    amiss |= barred
    since = last_night()
    untold = _untold(name, [day for day in amiss if day < since], survey)
    return found | {day: why for day, why in amiss.items() if day >= since or day in untold}


def last_night() -> date:
    """The date of the games of last night."""
    return clock.today() - timedelta(days=1)


def _untold(name: str, days: Sequence[date], survey: Survey) -> set[date]:
    """Those of the days with a final game of which the stored rows have none, though some are wanted.

    One that is known to be missing was told: it is a gap, and named.
    """
    table, stamps = survey.tables[name], survey.stamps(name)
    stored = sorted(set(days) & stamps.keys() & survey.stamps(GAMES).keys())
    if not stored or not table.expected or "game_id" not in table.grain:
        return set()

    def games(of: ir.Table) -> set[tuple[date, str]]:
        pairs = of.filter(of.game_date.isin(stored)).select("game_date", "game_id").distinct()
        return {(row["game_date"], row["game_id"]) for row in pairs.to_pyarrow().to_pylist()}

    wanted = games(final(survey.warehouse.table(GAMES, stored[0], stored[-1])))
    told = games(survey.warehouse.table(name, stored[0], stored[-1]))
    missing = {day: " ".join(stamps[day].missing) for day in stored}
    # A list that is cut may name it.
    cut = {
        day
        for day in stored
        if len(stamps[day].missing) < stamps[day].expected - stamps[day].present
    }
    return {day for day, game in wanted - told if day not in cut and game not in missing[day]}


def tells_of_its_night(name: str, survey: Survey) -> bool:
    """Whether the table's rows tell of their own date alone: nothing that they are made of looks back."""
    reads = survey.tables[name].reads
    return not any(read.looks_back or not tells_of_its_night(read.table, survey) for read in reads)


def _work(request: Request, stale: Cells, survey: Survey) -> Work:
    days = sorted({day for cells in stale.values() for day in cells})
    tables = tuple(table for table in request.tables if table.name in stale)
    identity: list[object] = []
    for table in tables:
        stamps = survey.stamps(table.name)
        own = survey.stale(table, list(stale[table.name]))
        code = f"{table.version} {meaning(table)}"
        for day, now in sorted(survey.inputs(table, list(own)).items()):
            stamp = stamps.get(day)
            identity.append((table.name, str(day), stamp.token if stamp else 0, now, code))
    text = json.dumps([[table.name for table in tables], str(days[0]), str(days[-1]), identity])
    return Work(
        replace(request, tables=tables, first=days[0], last=days[-1]),
        stale,
        hashlib.sha256(text.encode()).hexdigest()[:16],
        all(cells.keys() <= survey.stamps(name).keys() for name, cells in stale.items()),
        _brings_results(stale, survey),
    )


def _brings_results(stale: Cells, survey: Survey) -> bool:
    """Whether all of it is of last night or later, or of nights whose games are open as stored."""
    if any(survey.tables[name].partitions == "monthly" for name in stale):
        return False
    since = last_night()
    before = {day for cells in stale.values() for day in cells if day < since}
    return before <= {day for name in stale for day in survey.unsettled(name)}


def _counted(barred: Mapping[str, Mapping[date, str]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for cells in barred.values():
        for why in cells.values():
            counts[why] = counts.get(why, 0) + 1
    return counts
