"""What must hold upstream before a partition is computed, and the names under which it is bypassed."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from nba_pipeline.engine.stretches import DayList, spans
from nba_pipeline.kernel.reads import Read
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.league.calendar import Season
from nba_pipeline.thresholds import SHARES, STOPPING_SHARES

if TYPE_CHECKING:
    from nba_pipeline.engine.staleness import Survey

UPSTREAM_MISSING = "upstream_missing"
UPSTREAM_FAILED = "upstream_failed"
UPSTREAM_UNSETTLED = "upstream_unsettled"
UPSTREAM_STALE = "upstream_stale"
BYPASSABLE = (
    *(UPSTREAM_MISSING, UPSTREAM_FAILED, UPSTREAM_UNSETTLED, UPSTREAM_STALE),
    *STOPPING_SHARES,
)
"""The preconditions that a named bypass can skip."""
_SHOWN_GAPS = 5
Coming = Mapping[str, AbstractSet[date]]


def refused(
    table: Table,
    partitions: Sequence[date],
    survey: "Survey",
    allowed: Iterable[str] = (),
    coming: Coming = MappingProxyType({}),
) -> dict[date, str]:
    """The partitions that may not be computed from the upstream that there is, and why.

    Args:
        table: the declaration.
        partitions: those wanted.
        survey: what is stored.
        allowed: names of the bypassed preconditions.
        coming: per table, partitions that are computed before these, and count as there.
    """
    skipped = set(allowed)
    reasons: dict[date, str] = {}
    # To look at a table upstream costs the same for one partition as for all, and most ask for none.
    for read in table.reads if partitions else ():
        upstream = _Upstream(read, partitions, survey, coming.get(read.table, frozenset()))
        for day in partitions:
            if day not in reasons and (reason := upstream.reason(day, skipped)):
                reasons[day] = reason
    return reasons


def possible(
    table: Table,
    partitions: Iterable[date],
    survey: "Survey",
    coming: Coming = MappingProxyType({}),
) -> set[date]:
    """Those of the partitions that may be computed, whatever a bypass allows for others.

    Neither upstream nor the table's own files are in the way. Arguments are those of `refused`.
    """
    asked = sorted(partitions)
    barred = refused(table, asked, survey, coming=coming) | untold(table, asked, survey)
    return set(asked) - barred.keys()


def untold(table: Table, partitions: Sequence[date], survey: "Survey") -> dict[date, str]:
    """The partitions of which the table's own files do not tell what is to be expected, and why."""
    found: dict[date, str] = {}
    for source in table.sources if partitions else ():
        found |= survey.landing.refusals(source, partitions)
    return found


class _Upstream:
    """One upstream table's weak partitions, as one read of it meets them."""

    def __init__(
        self, read: Read, partitions: Sequence[date], survey: "Survey", coming: AbstractSet[date]
    ) -> None:
        self._read = read
        self._survey = survey
        self._have = {*survey.stamps(read.table), *coming}
        is_daily = survey.tables[read.table].partitions == "daily"
        # A stored model keeps serving, stale or retrained in vain; whatever looks back on a day needs
        # it whole and current.
        serving = {*coming, *(() if is_daily else survey.stamps(read.table))}
        self._failed = _without(serving, survey.failed(read.table))
        self._stale = _without(coming, survey.outdated(read.table)) if is_daily else {}
        is_open = survey.unsettled(read.table) if is_daily and read.looks_back else {}
        self._open = _without(coming, is_open)
        self._failed_days, self._stale_days = DayList(self._failed), DayList(self._stale)
        self._open_days = DayList(self._open)
        self._absent = self._absent_of(partitions)
        self._shares = _Shares(survey, read.table)
        self._coming = DayList(coming)

    def _absent_of(self, partitions: Sequence[date]) -> dict[Season, DayList]:
        """By the season of the partitions: the dates that are not there of what looking back wants.

        That is the season itself, and whatever other season there is, or should be between those.
        """
        if not self._read.looks_back or not self._have:
            return {}
        first = min(self._have)
        # What is read as far as it is there begins with what there is.
        is_partial = self._read.reach == "three_seasons"
        return {
            own: DayList(
                day
                for span in calendar.seasons()
                if span == own or first <= span.last < own.first
                for day in span.days()
                if day not in self._have and not (is_partial and day < first)
            )
            for own in set(filter(None, map(self._season_of, partitions)))
        }

    def reason(self, day: date, skipped: set[str]) -> str | None:
        """Why the partition may not be computed; None when it may."""
        name, stretches = self._read.table, spans(self._read, day)
        if UPSTREAM_MISSING not in skipped and (text := self._missing(day, stretches)):
            return text
        if UPSTREAM_FAILED not in skipped and (weak := self._failed_days.first_in(stretches)):
            return f"{name} {weak} failed: {self._failed[weak]}"
        if UPSTREAM_STALE not in skipped and (weak := self._stale_days.first_in(stretches)):
            return f"{name} {weak} is out of date: {self._stale[weak]}"
        if UPSTREAM_UNSETTLED not in skipped and (weak := self._open_days.first_in(stretches)):
            return f"{name} {weak} is unsettled: {self._open[weak]}"
        own = self._own_stretch(day)
        # What the share will be once more of it is computed, nobody knows yet.
        return None if self._coming.first_in([own]) else self._shares.reason(own, skipped)

    def _own_stretch(self, day: date) -> tuple[date, date]:
        """What is read of the partition's own season."""
        if not self._read.looks_back:
            return self._read.partition(day), self._read.partition(day)
        season = self._season_of(day)
        return season.first if season else day, day - timedelta(days=1)

    def _season_of(self, day: date) -> Season | None:
        """The last season that is looked back over; none of a month before the first of all."""
        return next(iter(self._read.seasons(day)[::-1]), None)

    def _missing(self, day: date, stretches: Sequence[tuple[date, date]]) -> str | None:
        name = self._read.table
        if not self._read.looks_back:
            own = self._read.partition(day)
            return None if own in self._have else f"{name} has no partition {own}"
        if not self._have:
            return f"{name} has no partition before {day}"
        season = self._season_of(day)
        absent = self._absent[season] if season else DayList(())
        first_absent = absent.first_in(stretches)
        if first_absent is None:
            return None
        others = absent.count_in(stretches) - 1
        more = f" nor {others} others before it" if others else ""
        last_absent = max(d for stretch in stretches if (d := absent.last_in(*stretch)))
        advice = f"nba-pipeline backfill --from {first_absent} --to {last_absent} computes what is missing"
        # What was refused is refused again until its own reason is mended.
        if why := self._survey.failed(name).get(first_absent):
            advice = f"it was refused or failed: {why}; when that is mended, {advice}"
        return (
            f"{name} has no partition {first_absent}{more}; {advice}"
            f"; what will never be there is done without by --bypass {UPSTREAM_MISSING} --reason"
        )


def _without(gone: AbstractSet[date], days: Mapping[date, str]) -> Mapping[date, str]:
    return {day: why for day, why in days.items() if day not in gone} if gone else days


class _Shares:
    """Where the share of known values over the season to date stops what comes after."""

    def __init__(self, survey: "Survey", name: str) -> None:
        self._reasons: dict[date, dict[str, str]] = {}
        self._name = name
        sums: dict[tuple[str, str], tuple[int, int]] = {}
        gaps: dict[str, dict[str, None]] = {}
        stamps = {day: stamp for day, stamp in survey.stamps(name).items() if stamp.shares}
        for day, stamp in sorted(stamps.items()):
            season = calendar.season_of(day).name
            gaps.setdefault(season, {}).update(dict.fromkeys(stamp.gaps))
            self._reasons[day] = {}
            for share, (present, expected) in stamp.shares.items():
                before = sums.get((season, share), (0, 0))
                sums[season, share] = before[0] + present, before[1] + expected
                if share in STOPPING_SHARES and (text := shortfall(share, *sums[season, share])):
                    root_gaps = _some(list(gaps[season]))
                    self._reasons[day][share] = (
                        f"{text} {season} up to {day}; root gaps: {root_gaps}"
                    )
        self._days = DayList(self._reasons)

    def reason(self, stretch: tuple[date, date], skipped: set[str]) -> str | None:
        """Why what reads the stretch may not be computed: the state on its last day with a share."""
        newest = self._days.last_in(*stretch)
        for share, text in self._reasons.get(newest, {}).items() if newest else ():
            if share not in skipped:
                return f"{self._name} is blocked: {text}"
        return None


def shortfall(name: str, present: int, expected: int) -> str | None:
    """What is wrong with a share below its threshold, with the threshold's reason."""
    limit = SHARES[name]
    if not expected or present >= limit.value * expected:
        return None
    return (
        f"{name} is {present / expected:.1%} ({present} of {expected}), the least is "
        f"{limit.value:.0%}: {limit.reason}"
    )


def _some(gap_ids: Sequence[str]) -> str:
    """The first few gaps, and how many there are besides."""
    more = f" and {len(gap_ids) - _SHOWN_GAPS} more" if gap_ids[_SHOWN_GAPS:] else ""
    return (", ".join(gap_ids[:_SHOWN_GAPS]) or "none on its rows, see nba-pipeline gaps") + more
