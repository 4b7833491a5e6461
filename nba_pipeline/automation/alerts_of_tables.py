"""What there is to tell of what is stored: what failed, does not hold, has thinned out or is overdue."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from nba_pipeline.automation.alert import P0, P1, Alert, some
from nba_pipeline.automation.left_alone import left_upstream
from nba_pipeline.automation.pending import (
    after_games,
    before_games,
    is_without_corrections,
)
from nba_pipeline.automation.work import GAMES, Cells, work_of
from nba_pipeline.backfill.planner import RAW
from nba_pipeline.engine.known_gaps import explained_by, games_of, known_gaps
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.league import calendar
from nba_pipeline.orchestration.freshness import EXPECTED_BY, EXPECTED_BY_NOON
from nba_pipeline.quality.predictions import PREDICTIONS
from nba_pipeline.thresholds import COVERAGE_DROP, COVERAGE_WEEKS

_RUN = re.compile(r"\(run [\w-]+\)")
_DAYS_OVERDUE = 7
_GAME_DAYS = 6
"""The last week of games, as dates that have any; one is mostly without."""
_FEWEST_GAME_DAYS, _HARDLY_SILENT = 3, 0.9
_DROPS_ARE_NEWS = timedelta(days=10)


def of_tables(survey: Survey, now: datetime, left: Cells) -> Iterator[Alert]:
    """Every alert of what is stored.

    Args:
        survey: what is stored.
        now: the time, US Eastern.
        left: per table, partitions that nobody starts again by itself, each with why.
    """
    if away := survey.landing.out_of_reach():
        # What is late then waits for that.
        yield _out_of_reach(away, now.date())
    else:
        yield from _overdue(survey, now, left)
    yield from _failing(survey, now.date())
    yield from _checks(survey, now)
    yield from _drops(survey, now.date())
    yield from _dried_up(survey, now.date())
    yield from _coming_seasons(survey)


def _out_of_reach(why: str, today: date) -> Alert:
    """That nothing can be read, and so nothing is made, until somebody brings the files back."""
    severity = P0 if calendar.season_days(today, today) else P1
    return Alert(severity, "landing zone out of reach", "landing", why, "nba-pipeline report")


def _failing(survey: Survey, today: date) -> Iterator[Alert]:
    """Partitions whose last attempt failed; a month's is its gate's doing."""
    needed = {PREDICTIONS, *survey.tables[PREDICTIONS].upstream}
    marks = survey.warehouse.failures.marks()
    for name, table in survey.tables.items():
        failed = survey.failed(name)
        if not failed:
            continue
        first, last = min(failed), max(failed)
        kind = "gate failed" if table.partitions == "monthly" else "run failed"
        is_tonight = today in failed and name in needed and table.partitions == "daily"
        # The same of another attempt is no news, another reason is.
        own = [m.reason for m in marks if m.table == name and m.partition in failed]
        reasons = {_RUN.sub("", reason) for reason in own}
        digest = hashlib.sha256("\n".join(sorted(reasons)).encode()).hexdigest()[:8]
        yield Alert(
            P0 if is_tonight else P1,
            kind,
            f"failed:{name}:{first}:{last}:{len(failed)}:{digest}",
            f"{name} {first} to {last} ({len(failed)}): {failed[first]}",
            f"nba-pipeline status --from {first} --to {last} -t {name} --each",
        )


def _checks(survey: Survey, now: datetime) -> Iterator[Alert]:
    """Checks that do not hold on the dates of the last days, or written in them, warnings apart."""
    a_week_ago = now - timedelta(weeks=1)
    since = a_week_ago.date()
    for name, table in survey.tables.items():
        warnings = {warning.__name__ for warning in table.warnings}
        dates: dict[str, list[date]] = {}
        keys: dict[str, list[str]] = {}
        for day, stamp in sorted(survey.stamps(name).items()):
            for check, offending in stamp.failed.items():
                is_new = day >= since or stamp.written_at >= a_week_ago
                if is_new and check not in warnings:
                    dates.setdefault(check, []).append(day)
                    keys.setdefault(check, []).extend(offending)
        for check, days in dates.items():
            yield Alert(
                P1,
                "gate failed" if table.gate else "check failed",
                f"check:{name}:{check}:{days[-1]}",
                f"{name} {check} on {days[0]} to {days[-1]} ({len(days)}): {some(keys[check])}",
                f"nba-pipeline validate --from {days[0]} --to {days[-1]}",
            )


def _drops(survey: Survey, today: date) -> Iterator[Alert]:
    """Tables whose last week has far fewer of its expected keys than a year ago, or weeks before.

    A week that is long over was told of then.
    """
    gaps = known_gaps(survey.warehouse)
    for name, table in survey.tables.items():
        stamps = {d: s for d, s in survey.stamps(name).items() if s.expected}
        if not stamps or table.partitions != "daily":
            continue
        last = max(stamps)
        if last < today - _DROPS_ARE_NEWS:
            continue
        week = (last - timedelta(days=6), last)
        before = (week[0] - timedelta(weeks=int(COVERAGE_WEEKS.value)), week[0] - timedelta(days=1))
        year = timedelta(days=365)
        compared = [(last.replace(day=1) - year, last - year), before]

        def share(first: date, end: date, of: dict[date, tuple[int, int]]) -> float | None:
            counts = [c for day, c in of.items() if first <= day <= end]
            expected = sum(e for _p, e in counts)
            return sum(p for p, _e in counts) / expected if expected else None

        games = games_of({name, *table.upstream}, gaps)
        # What will never come was accepted, and alarms no more.
        counts = {
            day: (stamp.present + len(explained_by(games, stamp.missing)), stamp.expected)
            for day, stamp in stamps.items()
        }
        now = share(*week, counts)
        usual = [s for s in (share(*span, counts) for span in compared) if s is not None]
        if now is not None and usual and now < max(usual) - COVERAGE_DROP.value:
            missing = [key for d in sorted(stamps) if d >= week[0] for key in stamps[d].missing]
            yield Alert(
                P1,
                "coverage dropped",
                f"coverage:{name}:{last.isocalendar()[:2]}",
                f"{name} {week[0]} to {last}: {now:.1%} of its expected keys, usually "
                f"{max(usual):.1%}; missing {some(missing)}",
                "nba-pipeline gaps --open",
            )


def _dried_up(survey: Survey, today: date) -> Iterator[Alert]:
    """Raw tables whose source may fall silent, and has in the last week of games: no row of it.

    Where games are few, as in finals, some dates are enough of one that was hardly ever silent.
    """
    games = {day for day, stamp in survey.stamps(GAMES).items() if stamp.row_count}
    news = today - _DROPS_ARE_NEWS
    week = sorted(day for day in games if news <= day <= today)[-_GAME_DAYS:]
    if len(week) < _FEWEST_GAME_DAYS:
        return
    before = week[0] - timedelta(weeks=int(COVERAGE_WEEKS.value))
    for name, table in survey.tables.items():
        stamps = survey.stamps(name)
        if table.phase != RAW or table.expected or not all(day in stamps for day in week):
            continue
        counts = [stamps[d].row_count for d in games if before <= d < week[0] and d in stamps]
        had, spoke = sum(counts), sum(count > 0 for count in counts)
        is_enough = len(week) == _GAME_DAYS or spoke >= _HARDLY_SILENT * len(counts)
        if had and is_enough and not any(stamps[day].row_count for day in week):
            yield Alert(
                P1,
                "coverage dropped",
                f"dried:{name}:{week[-1].isocalendar()[:2]}",
                f"{name} {week[0]} to {week[-1]}: no row on {len(week)} dates with games, {had} in "
                f"the {int(COVERAGE_WEEKS.value)} weeks before",
                f"nba-pipeline status --from {week[0]} --to {week[-1]} -t {name} --each",
            )


def _overdue(survey: Survey, now: datetime, left: Cells) -> Iterator[Alert]:
    """Partitions that are not there, or not as they should be, by the hour at which they are expected.

    Of tables that read one another the first: the others wait for it. Predictions that are there are
    told only where nothing can be done about them, since a change is carried within minutes.
    """
    today = now.date()
    late = _late(survey, now)
    if today in late.get(PREDICTIONS, {}):
        kept = left_upstream(PREDICTIONS, left, survey)
        found = work_of(before_games(survey, today), survey, kept)
        stored = survey.stamps(PREDICTIONS).get(today)
        is_on_purpose = stored is not None and is_without_corrections(stored.bypass)
        if stored is None or (found.barred and not found.works and not is_on_purpose):
            yield _late_alert(PREDICTIONS, late.pop(PREDICTIONS), list(found.barred), P0)
    late.pop(PREDICTIONS, None)
    unmet = after_games(survey, today).unmet if late else ()
    for name, days in late.items():
        behind = [min(late[other]) for other in survey.tables[name].upstream if other in late]
        own = {day: why for day, why in days.items() if all(first > day for first in behind)}
        if own:
            yield _late_alert(name, own, unmet, P1)


def _late(survey: Survey, now: datetime) -> dict[str, dict[date, str]]:
    """Per table the last days that it should have and has not, each with why."""
    today, yesterday = now.date(), now.date() - timedelta(days=1)
    daily = {name: table for name, table in survey.tables.items() if table.partitions == "daily"}
    begun = min((min(survey.stamps(name)) for name in daily if survey.stamps(name)), default=None)
    if begun is None:
        return {}
    late: dict[str, dict[date, str]] = {}
    for name in daily:
        by = EXPECTED_BY.get(name, EXPECTED_BY_NOON)
        stored, outdated = survey.stamps(name), survey.outdated(name)
        last = today if name == PREDICTIONS else yesterday
        first = last if name == PREDICTIONS else last - timedelta(days=_DAYS_OVERDUE - 1)
        for day in calendar.season_days(max(first, begun), last):
            is_due = day < last or now.time() >= by
            why = outdated.get(day) if day in stored else "is not there"
            if is_due and why:
                late.setdefault(name, {})[day] = why
    return late


def _late_alert(
    name: str, late: Mapping[date, str], waits_for: Sequence[str], severity: str
) -> Alert:
    first, last = min(late), max(late)
    span = f"{first} to {last} ({len(late)})" if first < last else f"{last}"
    by = EXPECTED_BY.get(name, EXPECTED_BY_NOON)
    waiting = f"; waiting: {some(waits_for)}" if waits_for else ""
    return Alert(
        severity,
        "overdue",
        f"overdue:{name}:{last}",
        f"{name} {span}, expected by {by:%H:%M} US Eastern, {late[last]}{waiting}",
        "nba-pipeline report",
    )


def _coming_seasons(survey: Survey) -> Iterator[Alert]:
    """Files of a season that the calendar lacks, which nobody reads."""
    sources = {source for table in survey.tables.values() for source in table.sources}
    paths: dict[str, list[str]] = {}
    for source in sources:
        for path, why in survey.landing.of_coming_seasons(source).items():
            paths.setdefault(why, []).append(path)
    for why, of in paths.items():
        first = min(of)
        yield Alert(
            P1,
            "unknown season",
            f"season:{first}",
            f"{some(sorted(of))}: {why}",
            "nba-pipeline status",
        )
