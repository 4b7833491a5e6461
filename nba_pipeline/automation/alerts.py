"""What somebody is told of without asking: found in the books, each once, the worst first.

An alert is known by its key. What has been told is not told again for hours, however often it is
found; what goes away and comes back later is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from nba_pipeline import clock
from nba_pipeline.automation.on_call import Installation
from nba_pipeline.automation.pending import after_games, before_games
from nba_pipeline.backfill import audit
from nba_pipeline.backfill.audit import METADATA, AuditLine
from nba_pipeline.backfill.planner import GRADES, RAW
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.coordination.database import begin, create_tables
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.league import calendar
from nba_pipeline.orchestration.freshness import EXPECTED_BY, EXPECTED_BY_NOON
from nba_pipeline.quality.predictions import PREDICTIONS
from nba_pipeline.thresholds import COVERAGE_DROP, COVERAGE_WEEKS, STALLED_SECONDS

P0, P1, P2 = "P0", "P1", "P2"
_LINES = 500
_SHOWN = 3
_SENT = sa.Table(
    "alerts_sent",
    METADATA,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("told_at", sa.Float, nullable=False),
)


@dataclass(frozen=True)
class Alert:
    """One thing to tell: how bad, of what kind, what with its dates and likely cause, what shows more.

    P0 is tonight's predictions, P1 the data, P2 the rest.
    """

    severity: str
    kind: str
    key: str
    what: str
    command: str


def alerts(home: Installation) -> list[Alert]:
    """Everything that is amiss now, or was lately, the worst first."""
    survey, now = home.survey(), clock.now().astimezone(clock.EASTERN)
    found = [
        *_from_audit(audit.read(home.engine, _LINES), now),
        *_failing(survey, now.date()),
        *_checks(survey, now.date()),
        *_drops(survey),
        *_overdue(survey, now),
        *_stalled(home),
        *_finished(home, now),
    ]
    by_key = {alert.key: alert for alert in sorted(found, key=lambda a: a.severity, reverse=True)}
    return sorted(by_key.values(), key=lambda alert: (alert.severity, alert.kind, alert.key))


# --- what was done

_OF_ACTION = {
    "recovered": (P2, "lease recovered"),
    "cancelled": (P2, "backfill cancelled"),
}


def _from_audit(lines: Iterable[AuditLine], now: datetime) -> Iterator[Alert]:
    """Leases that were recovered, backfills that were cancelled: of the last day."""
    for line in lines:
        if line.action in _OF_ACTION and now - line.at < timedelta(days=1):
            severity, kind = _OF_ACTION[line.action]
            yield Alert(
                severity,
                kind,
                f"{line.action}:{line.run_id or line.backfill_id}:{line.at.isoformat()}",
                f"{line.backfill_id or line.run_id}: {line.detail.get('reason')} (by {line.actor})",
                "nba-pipeline audit",
            )


# --- what is stored


def _failing(survey: Survey, today: date) -> Iterator[Alert]:
    """Partitions whose last attempt failed; a month's is its gate's doing."""
    for name, table in survey.tables.items():
        failed = survey.failed(name)
        if not failed:
            continue
        first, last = min(failed), max(failed)
        kind = "gate failed" if table.partitions == "monthly" else "run failed"
        is_tonight = today in failed and table.partitions == "daily"
        yield Alert(
            P0 if is_tonight else P1,
            kind,
            f"failed:{name}:{first}:{last}:{len(failed)}",
            f"{name} {first} to {last} ({len(failed)}): {failed[first]}",
            f"nba-pipeline status --from {first} --to {last} -t {name} --each",
        )


def _checks(survey: Survey, today: date) -> Iterator[Alert]:
    """Checks that do not hold on the dates of the last days, warnings apart."""
    since = today - timedelta(weeks=1)
    for name, table in survey.tables.items():
        warnings = {warning.__name__ for warning in table.warnings}
        dates: dict[str, list[date]] = {}
        keys: dict[str, list[str]] = {}
        for day, stamp in sorted(survey.stamps(name).items()):
            for check, offending in stamp.failed.items():
                if day >= since and check not in warnings:
                    dates.setdefault(check, []).append(day)
                    keys.setdefault(check, []).extend(offending)
        for check, days in dates.items():
            yield Alert(
                P1,
                "check failed",
                f"check:{name}:{check}:{days[-1]}:{len(days)}",
                f"{name} {check} on {days[0]} to {days[-1]} ({len(days)}): {_some(keys[check])}",
                f"nba-pipeline validate --from {days[0]} --to {days[-1]}",
            )


def _drops(survey: Survey) -> Iterator[Alert]:
    """Tables whose last week has far fewer of its expected keys than a year ago, or weeks before."""
    for name, table in survey.tables.items():
        stamps = {d: s for d, s in survey.stamps(name).items() if s.expected}
        if not stamps or table.partitions != "daily":
            continue
        last = max(stamps)
        week = (last - timedelta(days=6), last)
        before = (week[0] - timedelta(weeks=int(COVERAGE_WEEKS.value)), week[0] - timedelta(days=1))
        year = timedelta(days=365)
        compared = [(last.replace(day=1) - year, last - year), before]

        def share(first: date, end: date, of: dict[date, tuple[int, int]]) -> float | None:
            counts = [c for day, c in of.items() if first <= day <= end]
            expected = sum(e for _p, e in counts)
            return sum(p for p, _e in counts) / expected if expected else None

        counts = {day: (stamp.present, stamp.expected) for day, stamp in stamps.items()}
        now = share(*week, counts)
        usual = [s for s in (share(*span, counts) for span in compared) if s is not None]
        if now is not None and usual and now < max(usual) - COVERAGE_DROP.value:
            missing = [key for d in sorted(stamps) if d >= week[0] for key in stamps[d].missing]
            yield Alert(
                P1,
                "coverage dropped",
                f"coverage:{name}:{last.isocalendar()[:2]}",
                f"{name} {week[0]} to {last}: {now:.1%} of its expected keys, usually "
                f"{max(usual):.1%}; missing {_some(missing)}",
                "nba-pipeline gaps --open",
            )


def _overdue(survey: Survey, now: datetime) -> Iterator[Alert]:
    """Partitions that are not there, or not as they should be, by the hour at which they are expected."""
    today, yesterday = now.date(), now.date() - timedelta(days=1)
    wanted = {PREDICTIONS: today}
    wanted |= {n: yesterday for n, t in survey.tables.items() if t.phase == RAW or n == GRADES}
    for name, day in wanted.items():
        by = EXPECTED_BY.get(name, EXPECTED_BY_NOON)
        if now.time() < by or not calendar.season_days(day, day) or name not in survey.tables:
            continue
        if not any(survey.stamps(other) for other in survey.tables):
            return
        why = "is not there" if day not in survey.stamps(name) else survey.outdated(name).get(day)
        if why:
            wish = before_games(survey, today) if day == today else after_games(survey, today)
            unmet = f"; waiting: {_some(wish.unmet)}" if wish.unmet else ""
            yield Alert(
                P0 if name == PREDICTIONS else P1,
                "overdue",
                f"overdue:{name}:{day}",
                f"{name} {day}, expected by {by:%H:%M} US Eastern, {why}{unmet}",
                "nba-pipeline report",
            )


# --- what runs


def _stalled(home: Installation) -> Iterator[Alert]:
    """Runs of which a table takes far longer than it ever did."""
    progress = Progress(home.engine)
    for lease in home.leases.living():
        for step in progress.steps(lease.backfill_id):
            late = step.seconds - 2 * step.expected_seconds
            is_running = step.state == "running" and step.run_id == lease.run_id
            if is_running and late > STALLED_SECONDS.value:
                yield Alert(
                    P1,
                    "backfill stalled",
                    f"stalled:{lease.run_id}:{step.table}",
                    f"{lease.backfill_id}: {step.table} ({step.dates} partitions) takes "
                    f"{step.seconds:.0f} s, expected {step.expected_seconds:.0f} s",
                    f"nba-pipeline progress {lease.backfill_id}",
                )


def _finished(home: Installation, now: datetime) -> Iterator[Alert]:
    """Backfills that people gave, and that have come to their end within the last day."""
    progress = Progress(home.engine)
    at_work = {lease.backfill_id for lease in home.leases.living()}
    lines = [
        line
        for line in audit.read(home.engine, _LINES)
        if line.action == "backfill" and now - line.at < timedelta(days=1)
    ]
    for name in dict.fromkeys(str(line.backfill_id) for line in lines):
        steps = progress.steps(name)
        if steps and name not in at_work and all(s.state in ("done", audit.FAILED) for s in steps):
            failed = sum(step.state == audit.FAILED for step in steps)
            yield Alert(
                P2,
                "backfill finished",
                f"finished:{name}",
                f"{name}: {len(steps)} tables in {sum(step.seconds for step in steps):.0f} s, "
                f"{failed} failed",
                f"nba-pipeline diff {name}",
            )


def _some(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if texts[_SHOWN:] else ""
    return (", ".join(texts[:_SHOWN]) or "none") + more


# --- what has been told


def untold(engine: sa.Engine, found: Sequence[Alert], hours: float) -> list[Alert]:
    """Those of the alerts that were not told within the last hours."""
    create_tables(engine, METADATA)
    since = clock.now().timestamp() - hours * 3600
    with engine.connect() as connection:
        told = set(connection.scalars(sa.select(_SENT.c.key).where(_SENT.c.told_at > since)))
    return [alert for alert in found if alert.key not in told]


def note_told(engine: sa.Engine, found: Sequence[Alert]) -> None:
    """Notes that the alerts have been told."""
    if not found:
        return
    now = clock.now().timestamp()
    keys = [alert.key for alert in found]
    with begin(engine) as connection:
        connection.execute(sa.delete(_SENT).where(_SENT.c.key.in_(keys)))
        connection.execute(sa.insert(_SENT), [{"key": key, "told_at": now} for key in keys])
