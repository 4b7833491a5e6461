"""Schedules in US Eastern time: they look often, and what decides is whether the data is there.

A look at which the games are not over, or nothing is left to do, asks for nothing and is green; so
is every look in the off-season. What failed for a passing reason is asked for again at a later one.
"""

from collections.abc import Callable, Mapping
from datetime import date

import dagster as dg

from nba_pipeline import clock
from nba_pipeline.automation.installation import OpenInstallation, open_installation
from nba_pipeline.automation.pending import PendingWork, after_games, before_games, month_trained
from nba_pipeline.automation.priority import is_last_chance, without_corrections
from nba_pipeline.automation.run_requests import ASSET_JOB, Decision
from nba_pipeline.automation.sensors import TONIGHT_FIRST, decided
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.table import Table

ZONE = "America/New_York"
AFTER_GAMES, BEFORE_GAMES, TRAINING = "post_game", "pre_game", "monthly_training"
_CRON = {
    # The last games of a night end by 2:00, and what comes late is looked for until it is there.
    AFTER_GAMES: "*/10 * * * *",
    # From when the day's first injury report is out until the last tip-off.
    BEFORE_GAMES: "*/10 9-22 * * *",
    # The first of a month, and two days more for a month whose last games were not over.
    TRAINING: "30 4-8 1-3 * *",
}
_PRIORITY = {BEFORE_GAMES: 20, AFTER_GAMES: 10, TRAINING: 8}


_WISHES: dict[str, tuple[str, Callable[[Survey, date], PendingWork]]] = {
    AFTER_GAMES: ("Raw tables to grades of the nights that are over.", after_games),
    BEFORE_GAMES: ("Today's predictions, and again when what they need changes.", before_games),
    TRAINING: ("The month's models, once all games before it are over.", month_trained),
}


def schedules(tables: Mapping[str, Table]) -> list[dg.ScheduleDefinition]:
    """The schedules over every declared table, switched on."""
    return [_schedule(name, tables) for name in _WISHES]


def look_by_schedule(name: str, home: OpenInstallation, instance: dg.DagsterInstance) -> Decision:
    """What the schedule of that name asks for now, and what it waits for."""
    survey, today = home.survey(), clock.today()
    wished = _WISHES[name][1](survey, today)
    decision = decided(wished, survey, home, name, instance, _PRIORITY[name])
    is_without = TONIGHT_FIRST in decision.waiting
    if not (decision.asked or decision.waiting):
        # What failed for good or was cancelled may be mended while there is time: what is said of
        # tonight stands, whereas grades are made again.
        is_without = name == AFTER_GAMES or is_last_chance(survey)
    if name == TRAINING or not is_without:
        return decision
    own = without_corrections(wished, survey)
    without = decided(
        *(own, survey, home, name, instance, _PRIORITY[name]), waits_for_corrections=False
    )
    return without if without.asked or without.waiting else decision


def _schedule(name: str, tables: Mapping[str, Table]) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=name,
        cron_schedule=_CRON[name],
        execution_timezone=ZONE,
        job_name=ASSET_JOB,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=_WISHES[name][0],
    )
    def look(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        with open_installation(tables) as home:
            decision = look_by_schedule(name, home, context.instance)
        return list(decision.asked) or dg.SkipReason(decision.says)

    return look
