"""The simulated season's first day, of which the schedule and the team box scores are stored."""

from datetime import date, datetime

import dagster as dg
from dagster import DagsterEventType
from dagster._core.events import DagsterEvent
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.test_utils import create_run_for_test
from dagster._utils.error import SerializableErrorInfo

from nba_pipeline import clock
from nba_pipeline_tests.automation.looking import Looking

FIRST_DAY = date(2023, 10, 24)
TODAY = date(2023, 10, 25)
PREDICTIONS = "player_prop_predictions"


def at(hour: int, minute: int = 0, day: date = TODAY):
    """A clock that stands at the hour, US Eastern."""
    return clock.set_to(datetime(day.year, day.month, day.day, hour, minute, tzinfo=clock.EASTERN))


def failed_run(
    looking: Looking, step: str | None, error: Exception | None, tags: dict[str, str]
) -> str:
    """Books a run of predictions that has failed, at a step with an error where there are; its id."""
    asked = {dg.AssetKey(PREDICTIONS)}
    run = create_run_for_test(
        looking.instance, tags=tags, asset_selection=asked, status=dg.DagsterRunStatus.STARTED
    )
    if error:
        told = SerializableErrorInfo(str(error), [], type(error).__name__)
        looking.instance.report_dagster_event(
            DagsterEvent(
                DagsterEventType.STEP_FAILURE.value,
                "job",
                step_key=step,
                event_specific_data=StepFailureData(told, None),
            ),
            run.run_id,
        )
    looking.instance.report_run_failed(run)
    return run.run_id
