"""Which partitions are current, and which may be computed: decided from stamps alone.

A partition is current when its code version is the table's and everything that it was computed
from still has the content that it had then.
"""

import hashlib
import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta

from nba_pipeline.engine.landing import Landing
from nba_pipeline.kernel.table import Read, Table
from nba_pipeline.league import calendar
from nba_pipeline.thresholds import SHARES, STOPPING_SHARES
from nba_pipeline.warehouse.protocol import Stamp

Stamps = Mapping[date, Stamp]
UPSTREAM_MISSING = "upstream_missing"
UPSTREAM_FAILED = "upstream_failed"
BYPASSABLE = (UPSTREAM_MISSING, UPSTREAM_FAILED, *STOPPING_SHARES)
"""The preconditions that a named bypass can skip."""
_TOLD_GAPS = 5


def stale(table: Table, inputs: Mapping[date, str], stored: Stamps) -> dict[date, str]:
    """The partitions that are not current, each with why.

    Args:
        table: the declaration.
        inputs: per partition, the fingerprint of what it would be computed from now.
        stored: the table's stamps.
    """
    reasons: dict[date, str] = {}
    for day, now in inputs.items():
        stamp = stored.get(day)
        if stamp is None:
            reasons[day] = "missing"
        elif table.is_closed(day):
            continue
        elif stamp.code_version < table.version:
            reasons[day] = f"code version {stamp.code_version}, now {table.version}"
        elif stamp.inputs != now:
            reasons[day] = "inputs changed"
    return reasons


def refused(
    table: Table,
    days: Sequence[date],
    stamps: Mapping[str, Stamps],
    failed: Mapping[str, Mapping[date, str]],
    allowed: Iterable[str],
) -> dict[date, str]:
    """The days that may not be computed from the upstream that there is, and why.

    Args:
        table: the declaration.
        days: the partitions wanted.
        stamps: per upstream table, its stamps.
        failed: per upstream table, the partitions whose last attempt failed, and why.
        allowed: names of the bypassed preconditions.
    """
    reasons: dict[date, str] = {}
    for read in table.reads:
        have = stamps[read.table]
        blocks = _Blocks(have)
        for day in days:
            reason = None
            if UPSTREAM_MISSING not in allowed:
                reason = _missing(read, day, have)
            if reason is None and UPSTREAM_FAILED not in allowed:
                reason = _failed(read, day, have, failed[read.table])
            reason = reason or blocks.reason(read, day, set(allowed))
            if reason:
                reasons.setdefault(day, reason)
    return reasons


def required_days(read: Read, day: date, have: Stamps) -> Sequence[date]:
    """The upstream dates that must be there before a day is computed.

    The season before is asked for only where the warehouse has some of it.
    """
    if read.reach in ("same_date", "same_month"):
        return [read.partition(day)]
    if not have:
        return [day]
    if read.reach == "ever":
        last = day - timedelta(days=1)
        return calendar.season_days(min(have), last)
    season = calendar.season_of(day)
    needed = calendar.days_before(day)
    if read.reach == "two_seasons":
        earlier = calendar.season_before(season)
        if earlier and any(earlier.first <= d <= earlier.last for d in have):
            needed = [*earlier.days(), *needed]
    return needed


def _missing(read: Read, day: date, have: Stamps) -> str | None:
    absent = [d for d in required_days(read, day, have) if d not in have]
    if not absent:
        return None
    others = f" nor {len(absent) - 1} others before it" if absent[1:] else ""
    return f"{read.table} has no partition {absent[0]}{others}"


def _failed(read: Read, day: date, have: Stamps, failed: Mapping[date, str]) -> str | None:
    if not failed:
        return None
    weak = sorted(set(required_days(read, day, have)) & set(failed))
    if not weak:
        return None
    return f"{read.table} {weak[0]} failed: {failed[weak[0]]}"


class _Blocks:
    """Where the share of known values over the season to date stops what comes after."""

    def __init__(self, stamps: Stamps) -> None:
        self._reasons: dict[date, dict[str, str]] = {}
        sums: dict[tuple[str, str], tuple[int, int]] = {}
        gaps: dict[str, dict[str, None]] = {}
        for day in sorted(d for d, stamp in stamps.items() if stamp.shares):
            season = calendar.season_of(day).name
            gaps.setdefault(season, {}).update(dict.fromkeys(stamps[day].gaps))
            for name, (present, expected) in stamps[day].shares.items():
                if name not in STOPPING_SHARES:
                    continue
                before = sums.get((season, name), (0, 0))
                sums[season, name] = before[0] + present, before[1] + expected
                if text := shortfall(name, *sums[season, name]):
                    told = f"{text} {season} up to {day}; root gaps: {_some(list(gaps[season]))}"
                    self._reasons.setdefault(day, {})[name] = told
        self._days = sorted(self._reasons and stamps)

    def reason(self, read: Read, day: date, allowed: set[str]) -> str | None:
        """Why a read of the day may not happen; None when it may."""
        if not self._reasons:
            return None
        newest = day
        if read.reach not in ("same_date", "same_month"):
            place = bisect_left(self._days, day)
            if not place or calendar.season_of(self._days[place - 1]) != calendar.season_of(day):
                return None
            newest = self._days[place - 1]
        for name, text in self._reasons.get(newest, {}).items():
            if name not in allowed:
                return f"{read.table} is blocked: {text}"
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
    more = f" and {len(gap_ids) - _TOLD_GAPS} more" if gap_ids[_TOLD_GAPS:] else ""
    return (", ".join(gap_ids[:_TOLD_GAPS]) or "none") + more


def shares_to_date(stamps: Stamps, name: str, day: date) -> tuple[int, int]:
    """The share's counts summed over the day's season up to and with the day."""
    first = calendar.season_of(day).first
    pairs = [s.shares[name] for d, s in stamps.items() if first <= d <= day and name in s.shares]
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)


# --- what a partition is computed from


def input_fingerprints(
    table: Table, days: Sequence[date], stamps: Mapping[str, Stamps], landing: Landing
) -> dict[date, str]:
    """Per day, a fingerprint of everything that the day's partition is computed from.

    A day's is unchanged exactly when no upstream partition that it reads has changed content.
    """
    parts: dict[date, list[str]] = {day: [] for day in days}
    for read in table.reads:
        contents = {day: stamp.content for day, stamp in stamps[read.table].items()}
        if read.reach in ("same_date", "same_month"):
            for day in days:
                parts[day].append(contents.get(read.partition(day), "missing"))
            continue
        behind = _prefixes(contents)
        for day in days:
            parts[day] += [behind(name, day) for name in _seasons_behind(read, day)]
    for source in table.sources:
        found = _landing_fingerprints(source.folder, days, landing)
        for day in days:
            parts[day].append(found[day])
    return {
        day: hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]
        for day, values in parts.items()
    }


def _seasons_behind(read: Read, day: date) -> list[str]:
    """The seasons that a read of the day looks back over, up to its own."""
    if read.reach == "ever":
        return [span.name for span in calendar.SEASONS if span.first <= day]
    own = calendar.season_of(day)
    earlier = calendar.season_before(own) if read.reach == "two_seasons" else None
    return [earlier.name, own.name] if earlier else [own.name]


def _prefixes(contents: Mapping[date, str]) -> Callable[[str, date], str]:
    """A function of season and day: the fingerprint of the season's contents before the day."""
    chains: dict[str, tuple[list[date], list[str]]] = {}
    for day in sorted(contents):
        # An off day adds nothing; loading it later must not make anything stale.
        if contents[day] == "empty":
            continue
        days, marks = chains.setdefault(calendar.season_of(day).name, ([], []))
        text = f"{marks[-1] if marks else ''}{day}{contents[day]}"
        days.append(day)
        marks.append(hashlib.sha256(text.encode()).hexdigest()[:16])

    def before(name: str, day: date) -> str:
        days, marks = chains.get(name, ([], []))
        place = bisect_left(days, day)
        return marks[place - 1] if place else ""

    return before


def _landing_fingerprints(folder: str, days: Sequence[date], landing: Landing) -> dict[date, str]:
    """Per day, the fingerprint of the landing file that the day is read from."""
    files = landing.files(folder, calendar.seasons_of(days))
    by_date = {file.game_date: file for file in files if file.game_date}
    by_season = {file.season: file for file in files if not file.game_date}
    prints = {file: landing.fingerprint(file) for file in files}
    found = {}
    for day in days:
        file = by_date.get(day) or by_season.get(calendar.season_of(day).name)
        found[day] = prints[file] if file else "no file"
    return found
