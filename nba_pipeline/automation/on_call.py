"""What whoever is on call wants to know first, in the order of asking.

What runs and how long it will take, what was stopped by whom and why, the shares that stop what is
downstream, the gaps behind tonight's predictions, and the command to give next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Protocol

import sqlalchemy as sa

from nba_pipeline import clock
from nba_pipeline.automation.cancelled_partitions import cancelled_partitions
from nba_pipeline.automation.left_alone import left_alone, left_upstream, with_cancelled
from nba_pipeline.automation.pending import before_games
from nba_pipeline.automation.work import Cells, work_of
from nba_pipeline.backfill import audit
from nba_pipeline.backfill.leases import Leases
from nba_pipeline.backfill.planner import repairs, to_begin
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.engine.known_gaps import GAPS
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.quality.gaps import root_gaps
from nba_pipeline.quality.predictions import PREDICTIONS
from nba_pipeline.thresholds import SHARES
from nba_pipeline.warehouse.protocol import Warehouse

_STOPS = ("cancelled", "refused", "stopped", "recovered", audit.FAILED)
_LINES = 500
_SHOWN = 10
_HOURS = 24
Lines = Sequence[Mapping[str, object]]


class Installation(Protocol):
    """What is looked at."""

    @property
    def engine(self) -> sa.Engine:
        """The coordination database."""

    @property
    def tables(self) -> Mapping[str, Table]:
        """Every declared table."""

    @property
    def warehouse(self) -> Warehouse:
        """The tables."""

    @property
    def leases(self) -> Leases:
        """The leases."""

    def survey(self) -> Survey:
        """What is stored now."""


@dataclass(frozen=True)
class OnCall:
    """The report.

    landing says why the landing zone is out of reach, None where it is not; running are the leases
    held or waited for, with seconds left; stopped what was cancelled, refused, recovered or failed in
    the last day, newest first; failing, cancelled and stale count partitions per table, of the
    cancelled those that nobody starts again by itself; checkpoints are shares of the season so far
    beside their limits; tonight is the state of today's predictions, gaps the open ones that they
    name; next the commands to give, first things first.
    """

    at: str
    landing: str | None
    running: Lines
    stopped: Lines
    failing: Lines
    cancelled: Lines
    stale: Lines
    checkpoints: Lines
    tonight: Mapping[str, object]
    gaps: Lines
    next: Sequence[str]

    def as_dict(self) -> dict[str, object]:
        """The report as plain values."""
        return asdict(self)


def on_call(home: Installation) -> OnCall:
    """The report on the installation as it is now."""
    survey, today = home.survey(), clock.today()
    running = _running(home)
    cancelled = cancelled_partitions(home.engine, survey)
    failing = [_summed(name, failed) for name in survey.tables if (failed := survey.failed(name))]
    stale = [
        _summed(name, outdated)
        for name, table in survey.tables.items()
        # A stale model serves on until somebody asks for another.
        if not table.is_model and (outdated := survey.outdated(name))
    ]
    tonight = _tonight(survey, today, left_alone(survey, cancelled))
    gaps = _gaps(survey, today)
    away = survey.landing.out_of_reach()
    return OnCall(
        at=f"{clock.now().astimezone(clock.EASTERN):%Y-%m-%d %H:%M} US Eastern",
        landing=away,
        running=running,
        stopped=_stopped(home.engine),
        failing=failing,
        cancelled=[_summed(n, cells) for n, cells in with_cancelled({}, cancelled).items()],
        stale=stale,
        checkpoints=_checkpoints(survey, today),
        tonight=tonight,
        gaps=gaps,
        next=_next(
            *(running, cancelled, failing, stale, tonight, gaps, survey), is_away=away is not None
        ),
    )


def _running(home: Installation) -> list[dict[str, object]]:
    progress = Progress(home.engine)
    lines = []
    for lease in home.leases.living():
        steps = [
            step
            for step in progress.steps(lease.backfill_id)
            if lease.run_id in (step.run_id, lease.backfill_id)
        ]
        lines.append(
            {
                "backfill": lease.backfill_id,
                "run": lease.run_id,
                "what": lease.purpose,
                "state": lease.state,
                "since": lease.acquired_at or lease.requested_at,
                "done": f"{sum(s.state in ('done', audit.FAILED) for s in steps)} of {len(steps)}",
                "seconds_left": round(sum(step.remaining_seconds for step in steps)),
            }
        )
    return lines


def _stopped(engine: sa.Engine) -> list[dict[str, object]]:
    now = clock.now()
    return [
        {
            "at": line.at,
            "by": line.actor,
            "action": line.action,
            "backfill": line.backfill_id,
            "run": line.run_id,
            "table": line.detail.get("table"),
            "why": line.detail.get("reason"),
        }
        for line in audit.read(engine, _LINES)
        if line.action in _STOPS and (now - line.at).total_seconds() < _HOURS * 3600
    ]


def _summed(name: str, days: Mapping[date, str]) -> dict[str, object]:
    first = min(days)
    return {
        "table": name,
        "partitions": len(days),
        "first": first,
        "last": max(days),
        "why": days[first],
    }


def _checkpoints(survey: Survey, today: date) -> list[dict[str, object]]:
    """The shares over the season that is running, or the last one stored, and what is expected."""
    lines: list[dict[str, object]] = []
    for name in survey.tables:
        stamps = survey.stamps(name)
        stored = [day for day in stamps if day <= today and calendar.season_days(day, day)]
        if not stored or survey.tables[name].partitions != "daily":
            continue
        season = calendar.season_of(max(stored))
        sums: dict[str, tuple[int, int]] = {}
        for day in stored:
            if season.first <= day <= season.last:
                stamp = stamps[day]
                counted = {"expected_keys": (stamp.present, stamp.expected), **stamp.shares}
                for share, (present, expected) in counted.items():
                    known = sums.get(share, (0, 0))
                    sums[share] = known[0] + present, known[1] + expected
        lines += [
            {
                "table": name,
                "checkpoint": share,
                "season": season.name,
                "present": present,
                "expected": expected,
                "share": present / expected,
                "least": SHARES[share].value if share in SHARES else None,
            }
            for share, (present, expected) in sums.items()
            if expected
        ]
    return lines


def _tonight(survey: Survey, today: date, left: Cells) -> dict[str, object]:
    """Whether today's predictions are stored, current and ready, and what keeps them from being."""
    stamp = survey.stamps(PREDICTIONS).get(today)
    found = work_of(before_games(survey, today), survey, left_upstream(PREDICTIONS, left, survey))
    is_current = stamp is not None and today not in survey.outdated(PREDICTIONS)
    return {
        "date": today,
        "is_season": bool(calendar.season_days(today, today)),
        "predictions": stamp and stamp.row_count,
        "not_ready": stamp and stamp.not_ready,
        "to_compute": sum(len(cells) for work in found.works for cells in work.stale.values()),
        "waits_for": [] if is_current else list(found.barred)[:_SHOWN],
    }


def _gaps(survey: Survey, today: date) -> list[dict[str, object]]:
    """The open gaps that tonight's predictions name, those of most predictions first."""
    stamp = survey.stamps(PREDICTIONS).get(today)
    if stamp is None or not stamp.gaps or GAPS not in survey.warehouse.names():
        return []
    lines = root_gaps(survey.tables.values(), calendar.FIRST_DAY, today, survey.warehouse)
    touching = [
        {
            "gap_id": line["gap_id"],
            "rule": line["rule"],
            "tonight": stamp.gaps[str(line["gap_id"])],
            "rows": line["rows"],
        }
        for line in lines
        if line["state"] == "open" and line["gap_id"] in stamp.gaps
    ]
    return sorted(touching, key=lambda line: -int(str(line["tonight"])))


def _next(
    running: Lines,
    cancelled: Mapping[str, set[date]],
    failing: Lines,
    stale: Lines,
    tonight: Mapping[str, object],
    gaps: Lines,
    survey: Survey,
    *,
    is_away: bool,
) -> list[str]:
    """The commands to give, first things first; none where there is nothing to do.

    While the landing zone is away none that computes helps.
    """
    commands = []
    if running:
        commands.append(f"nba-pipeline progress {running[0]['backfill']}")
    if failing:
        days = [line[name] for line in failing for name in ("first", "last")]
        span = f"--from {min(map(str, days))} --to {max(map(str, days))}"
        commands.append(f"nba-pipeline status {span} --each")
    if not is_away:
        commands += _computing(cancelled, failing, stale, tonight, survey)
    if gaps:
        commands.append("nba-pipeline gaps --open")
    return commands


def _absent_before(survey: Survey) -> set[date]:
    """The dates, of those that have begun, which the failing ones are or wait for; repair reaches none."""
    found: set[date] = set()
    for table in survey.tables.values():
        if table.is_model or not (failed := survey.failed(table.name)):
            continue
        for name in (table.name, *table.upstream):
            stored = survey.stamps(name)
            if survey.tables[name].partitions == "daily":
                days = calendar.season_days(min(stored, default=min(failed)), max(failed))
                found |= {day for day in days if day not in stored}
    return found


def _games_unknown(today: date, survey: Survey) -> str | None:
    """The source that should say what is played today and cannot be read; None where it can."""
    required = [s for table in survey.tables.values() for s in table.sources if s.is_required]
    return next((s.name for s in required if survey.landing.refusals(s, [today])), None)


def _computing(
    cancelled: Mapping[str, set[date]],
    failing: Lines,
    stale: Lines,
    tonight: Mapping[str, object],
    survey: Survey,
) -> list[str]:
    """Those of the commands that compute something."""
    commands = []
    models = {name for name, table in survey.tables.items() if table.is_model}
    if stale or repairs(list(survey.tables.values()), survey, retrain=False):
        commands.append("nba-pipeline repair")
    elif absent := _absent_before(survey):
        commands.append(f"nba-pipeline backfill --from {min(absent)} --to {max(absent)}")
    today = date.fromisoformat(str(tonight["date"]))
    unknown = _games_unknown(today, survey) if tonight["is_season"] else None
    refused = [line["last"] for line in failing if line["table"] in models]
    commands += [
        f"nba-pipeline train --month {month:%Y-%m}"
        for month in refused
        if not unknown or month != calendar.month_of(today)
    ]
    if cancelled:
        # Some of them were never stored, and repair leaves such dates alone.
        days = [day for of_table in cancelled.values() for day in of_table]
        commands.append(f"nba-pipeline backfill --from {min(days)} --to {max(days)}")
    is_to_be_made = tonight["predictions"] is None or tonight["to_compute"] or tonight["waits_for"]
    if unknown:
        commands.append(f"nba-pipeline fetch {unknown} --from {today} --to {today}")
    elif tonight["is_season"] and is_to_be_made:
        season = to_begin(survey, today)
        begin = f"nba-pipeline backfill --from {season.first} --to {today}" if season else None
        commands.append(begin or f"nba-pipeline predict --date {today}")
    return commands
