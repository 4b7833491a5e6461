"""Sensors that ask for work: of files that have landed, and of what a change has made stale.

Dagster's automation conditions cannot say this: what a partition was made from is in fingerprints
that reach back over seasons, while its partition mappings keep a backfill to the dates asked for
(orchestration.partitions). So the sensors ask the planner, as `nba-pipeline repair` does.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import dagster as dg

from nba_pipeline import clock
from nba_pipeline.automation.cancelled_partitions import cancelled_partitions, note_cancelled
from nba_pipeline.automation.dead_runs import book_dead_runs
from nba_pipeline.automation.failed_partitions import failed_partitions
from nba_pipeline.automation.installation import OpenInstallation, open_installation
from nba_pipeline.automation.landing_listing import EVERY_SEASON, Listing, listing
from nba_pipeline.automation.left_alone import with_cancelled
from nba_pipeline.automation.pending import PendingWork, landed, repaired
from nba_pipeline.automation.priority import deadline, has_time, is_correction
from nba_pipeline.automation.run_requests import ASSET_JOB, Decision, decide
from nba_pipeline.automation.work import work_in_order
from nba_pipeline.engine.meaning import meaning
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.settings import Settings

LANDING, REPAIR = "landing_sensor", "repair_sensor"
LANDED_PRIORITY, REPAIR_PRIORITY = 5, 0
TONIGHT_FIRST = "tonight first: put off until the games have begun"
_READING_SECONDS, _QUICK_SECONDS, _MOST_DAYS = 0.8, 0.3, 4
_SEPARATOR = " "


def sensors(tables: Mapping[str, Table]) -> list[dg.SensorDefinition]:
    """The sensors over every declared table, switched on."""
    seconds = Settings().sensor_seconds
    options: dict[str, Any] = {
        "job_name": ASSET_JOB,
        "minimum_interval_seconds": seconds,
        "default_status": dg.DefaultSensorStatus.RUNNING,
    }

    @dg.sensor(
        name=LANDING,
        description="Raw tables on exactly the dates of which files now say something else.",
        **options,
    )
    def landing_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        with open_installation(tables) as home:
            return look_at_landing(home, context.cursor, context.instance)

    @dg.sensor(
        name=REPAIR,
        description="Exactly what a change has made stale, downstream of it, in the graph's order.",
        **options,
    )
    def repair_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        with open_installation(tables) as home:
            return look_for_repairs(home, context.cursor, context.instance)

    return [landing_sensor, repair_sensor]


def look_at_landing(
    home: OpenInstallation, cursor: str | None, instance: dg.DagsterInstance
) -> dg.SensorResult:
    """What has landed since the cursor, which holds the digests of what was then seen.

    A digest is seen once nothing is left to do for its files, so that what a kill or a refusal has
    kept from being done is found again.
    """
    seen = _seen(cursor)
    if away := home.landing.out_of_reach():
        return dg.SensorResult(skip_reason=dg.SkipReason(away), cursor=cursor)
    note_cancelled(home.engine, home.survey(), instance)
    now = listing(home.landing.root, home.sources)
    changed = now.changed_since(seen)
    if not changed:
        return dg.SensorResult(skip_reason=dg.SkipReason("nothing has landed"), cursor=cursor)
    if now.is_settling(home.settings.landing_quiet_seconds):
        return dg.SensorResult(skip_reason=dg.SkipReason("files are still landing"), cursor=cursor)
    left = _unread(home, now, changed)
    # Thousands of frames would be walked at every collection of garbage.
    home.landing.forget_rows()
    if left:
        text = f"reading what has landed: {left} of {len(changed)} left"
        return dg.SensorResult(skip_reason=dg.SkipReason(text), cursor=cursor)
    survey = home.survey()
    wish = landed(survey, changed, clock.today())
    decision = decided(wish, survey, home, LANDING, instance, LANDED_PRIORITY)
    if decision.asked or decision.waiting:
        return _result(decision, cursor)
    kept = {_SEPARATOR.join(key): digest for key, digest in now.digests.items()}
    return _result(decision, json.dumps({"files": kept}))


def _seen(cursor: str | None) -> dict[tuple[str, str], str]:
    files = json.loads(cursor)["files"] if cursor else {}
    return {
        (name, season): digest
        for key, digest in files.items()
        for name, season in [key.split(_SEPARATOR, 1)]
    }


_read: dict[tuple[str, str, str], int] = {}


def _unread(home: OpenInstallation, now: Listing, changed: list[tuple[str, str]]) -> int:
    """Parses changed files for a moment; how many sources and seasons are left for the next look.

    Of files by date or game a day's are read first, and some days together where that is quick, as
    where they have been parsed before; few enough that busy days after quiet ones are no surprise.
    """
    started, is_first = time.monotonic(), True
    sources = {source.name: source for source in home.sources}
    for number, (name, season) in enumerate(changed):
        if name not in sources:
            continue
        key = (name, season, now.digests.get((name, season), ""))
        spans = [span for span in calendar.seasons() if season in (span.name, EVERY_SEASON)]
        days = [day for span in spans for day in span.days()]
        size = 1 if sources[name].layout in ("dates", "games") else len(days)
        while (done := _read.get(key, 0)) < len(days):
            began = time.monotonic()
            if not is_first and began - started > _READING_SECONDS:
                return len(changed) - number
            home.landing.contents(sources[name], days[done : done + size])
            _read[key] = done + size
            is_first = False
            if time.monotonic() - began < _QUICK_SECONDS and size < _MOST_DAYS:
                size *= 2
    return 0


def look_for_repairs(
    home: OpenInstallation, cursor: str | None, instance: dg.DagsterInstance
) -> dg.SensorResult:
    """What is stale; the cursor is the state of the installation in which nothing was left to do."""
    book_dead_runs(home, instance)
    note_cancelled(home.engine, home.survey(), instance)
    state = state_of(home)
    if cursor == state:
        return dg.SensorResult(skip_reason=dg.SkipReason("nothing has changed"), cursor=cursor)
    survey = home.survey()
    decision = decided(repaired(survey), survey, home, REPAIR, instance, REPAIR_PRIORITY)
    return _result(decision, cursor if decision.asked or decision.waiting else state)


def state_of(home: OpenInstallation) -> str:
    """Everything that decides what is stale, in one digest."""
    facts = [
        listing(home.landing.root, home.sources).as_text(),
        clock.today().isoformat(),
        *(
            f"{home.warehouse.version(name)} {meaning(t)} {t.version}"
            for name, t in home.tables.items()
        ),
        # What failed in passing is tried again, whoever tried it.
        *(f"{m.table} {m.partition} {m.run_id}" for m in home.warehouse.failures.marks()),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def decided(
    wish: PendingWork,
    survey: Survey,
    home: OpenInstallation,
    name: str,
    instance: dg.DagsterInstance,
    priority: int,
    *,
    waits_for_corrections: bool = True,
) -> Decision:
    """The decision on what is wished for; what keeps all of it waiting where something does.

    Where it does not wait for corrections, what there is no time for is left out.
    """
    if away := home.landing.out_of_reach():
        return Decision(waiting=(away,))
    by = deadline(survey)
    given_up: list[str] = []
    barred: Mapping[str, int] = {}
    failed = failed_partitions(survey, instance)
    cancelled = cancelled_partitions(home.engine, survey, instance)
    left_alone = with_cancelled(failed.for_good, cancelled)
    for found in work_in_order(wish, survey, left_alone, failed.one_of_few):
        works = found.works
        if not has_time(works, by, home.engine):
            if waits_for_corrections:
                return Decision(waiting=(TONIGHT_FIRST,), given_up=tuple(given_up))
            works = tuple(work for work in works if not is_correction(work))
        decision = decide(
            *(works, survey, name, home, instance),
            priority=priority,
            deadline=by,
            in_passing=failed.in_passing,
        )
        given_up += decision.given_up
        if decision.asked or decision.waiting:
            return replace(decision, given_up=(*wish.unmet, *given_up))
        barred = found.barred
    reasons = [f"{why} ({count})" for why, count in barred.items()]
    return Decision(given_up=(*wish.unmet, *given_up, *reasons))


def _result(decision: Decision, cursor: str | None) -> dg.SensorResult:
    skip = None if decision.asked else dg.SkipReason(decision.says)
    return dg.SensorResult(run_requests=list(decision.asked), skip_reason=skip, cursor=cursor)
