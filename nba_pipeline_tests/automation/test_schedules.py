"""Schedules ask for what is there to be done, and wait for what is not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import duckdb
import httpx
import pytest
from dagster._core.events import DagsterEvent, StepMaterializationData
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.test_utils import create_run_for_test
from dagster._utils.error import SerializableErrorInfo
from dagster._utils.schedules import schedule_execution_time_iterator
from sqlalchemy import exc as sqlalchemy_error

from nba_pipeline import clock
from nba_pipeline.automation import sensors, work
from nba_pipeline.automation.attempts import Ended, _after_failure, ended
from nba_pipeline.automation.pending import PendingWork, after_games
from nba_pipeline.automation.schedules import AFTER_GAMES, BEFORE_GAMES, TRAINING, ZONE, schedules
from nba_pipeline.automation.sensors import LANDING, REPAIR
from nba_pipeline.automation.work import work_of
from nba_pipeline.backfill.leases import LeaseRefused
from nba_pipeline.backfill.planner import Request
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.orchestration.asset import RefusedMeanwhile
from nba_pipeline.orchestration.run_tags import WORK_TAG
from nba_pipeline.orchestration.session import DeadlinePassed
from nba_pipeline.settings import Settings
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.automation.looking import Looking, days, rewritten, tables
from nba_pipeline_tests.league_files import SCHEDULE
from nba_pipeline_tests.stored import StampsAlone
from nba_pipeline_tests.warehouse.scores import stamp

FIRST, SECOND, THIRD = (date(2023, 10, day) for day in (24, 25, 26))
RAW = tuple(table for table in TABLES.values() if table.phase == 2)
LAST_BEFORE = date(2023, 6, 12)
LIVE, FINAL = 2, 3


@pytest.fixture
def looking(tmp_path: Path, monkeypatch) -> Looking:
    """Three days of files, of which nothing is stored."""
    monkeypatch.setattr(sensors, "_READING_SECONDS", 1000)
    write_landing(tmp_path / "landing", League(teams=4, days=3, rest=0.0, seed=3))
    return Looking(tmp_path, tmp_path / "landing")


@pytest.fixture
def _morning() -> Iterator[None]:
    """It is the morning of the second day."""
    with clock.set_to(datetime(2023, 10, 25, 5, tzinfo=clock.EASTERN)):
        yield


@pytest.mark.parametrize("name", [AFTER_GAMES, BEFORE_GAMES, TRAINING])
def test_the_off_season_is_quiet(looking: Looking, name: str) -> None:
    """Nothing is asked for on a day in July, and nothing is waited for."""
    with clock.set_to(datetime(2023, 7, 1, 10, tzinfo=clock.EASTERN)):
        assert looking.look(name) == []
    assert looking.says == "nothing to do"


@pytest.mark.usefixtures("_morning")
def test_a_night_with_an_open_game_is_waited_for_by_name(looking: Looking) -> None:
    """Once it is final and the raw tables say so, the night's tables are asked for."""
    rewritten(looking.landing / SCHEDULE, _first_game_is(LIVE))
    looking.settle(LANDING)
    assert looking.look(AFTER_GAMES) == []
    assert looking.says.startswith("2023-10-24: nbac_schedule has 1 open")
    rewritten(looking.landing / SCHEDULE, _first_game_is(FINAL))
    looking.settle(LANDING)
    (request,) = looking.look(AFTER_GAMES)
    assert days(request) == [FIRST]
    assert {"player_game_summary", "ml_feature_store_v2"} <= set(tables(request))


@pytest.mark.parametrize("is_second_stored", [False, True])
@pytest.mark.usefixtures("_morning")
def test_a_seasons_first_day_on_which_nothing_ran_is_made_up(
    looking: Looking, *, is_second_stored: bool
) -> None:
    """Where the season before is stored, also when its second day was computed without it."""
    assert looking.look(AFTER_GAMES) == []
    assert looking.says == "nothing to do"
    looking.lab.compute([table.name for table in RAW], LAST_BEFORE, LAST_BEFORE)
    if is_second_stored:
        looking.lab.compute([table.name for table in RAW], SECOND, SECOND)
    request = looking.settle(AFTER_GAMES)[-1][1]
    assert days(request) == [FIRST]
    assert "player_game_summary" in tables(request)


@pytest.mark.usefixtures("_morning")
def test_a_night_of_which_nothing_is_stored_is_read_before_its_tables_are_made(
    looking: Looking,
) -> None:
    """Its games may not be over yet, which the raw tables tell."""
    looking.lab.compute([table.name for table in RAW], LAST_BEFORE, LAST_BEFORE)
    rewritten(looking.landing / SCHEDULE, _first_game_is(LIVE))
    (request,) = looking.look(AFTER_GAMES)
    assert (days(request), set(tables(request))) == ([FIRST], {table.name for table in RAW})
    looking.carry_out(request)
    assert looking.look(AFTER_GAMES) == []
    assert looking.says.startswith("2023-10-24: nbac_schedule has 1 open")


def test_a_night_is_not_held_up_by_a_raw_table_that_lacks_it(tmp_path: Path) -> None:
    """Nobody reads the referees; that the games are over the schedule tells."""
    stored = {name: {FIRST: stamp(FIRST)} for name, t in TABLES.items() if t.partitions == "daily"}
    for table in RAW:
        if table.name != "nbac_referee_assignments":
            stored[table.name][SECOND] = stamp(SECOND)
    survey = Survey(TABLES, StampsAlone(stored), Landing(str(tmp_path)))
    wish = after_games(survey, THIRD)
    assert "player_game_summary" in {table.name for r in wish.requests for table in r.tables}


def test_a_night_that_a_table_lacks_between_others_is_made_up(tmp_path: Path) -> None:
    """Then the sums of a month on whose first mornings nobody looked; models are trained by themselves."""
    daily = [name for name, table in TABLES.items() if table.partitions == "daily"]
    stored = {name: {d: stamp(d) for d in (FIRST, SECOND, THIRD)} for name in daily}
    fourth, month = THIRD + timedelta(days=1), FIRST.replace(day=1)

    def asked(**months: date) -> dict[str, tuple[date, date]]:
        every = stored | {name: {month: stamp(month)} for name, month in months.items()}
        wish = after_games(Survey(TABLES, StampsAlone(every), Landing(str(tmp_path))), fourth)
        return {t.name: (r.first, r.last) for r in wish.requests for t in r.tables}

    assert asked() == {"system_performance": (month, month)}
    assert asked(system_performance=month) == {}
    del stored["prediction_accuracy"][SECOND]
    assert asked()["prediction_accuracy"] == (SECOND, THIRD)
    assert asked()["points_model"] == (month, month)
    kept = asked(points_model=month)
    assert kept["prediction_accuracy"] == (SECOND, THIRD)
    assert not {"system_performance", "points_model"} & set(kept)


@pytest.mark.usefixtures("_morning")
def test_what_is_given_up_holds_up_nothing_that_does_not_read_it(looking: Looking) -> None:
    """The runs after it are asked for, but for those that are made from what it should have made."""
    rest = tuple(table for name, table in TABLES.items() if name == "team_offense_game_summary")
    wish = PendingWork(tuple(Request(t, d, d) for d in (FIRST, SECOND) for t in (RAW, rest)))
    for day in (FIRST, SECOND):
        looking.restart()
        home, survey = looking.home, looking.home.survey()
        (request,) = sensors.decided(wish, survey, home, "x", looking.instance, 0).asked
        assert (days(request), len(tables(request))) == ([day], len(RAW))
        looking.failed(request, "SchemaViolated")
    looking.restart()
    decision = sensors.decided(wish, looking.home.survey(), looking.home, "x", looking.instance, 0)
    assert decision.asked == ()
    assert decision.says.count("failed: SchemaViolated") == 2


def test_the_seasons_last_days_are_made_up_in_summer_too(looking: Looking) -> None:
    """Missed on the one day after the finals, they are no other season's."""
    stored = LAST_BEFORE - timedelta(days=2)
    looking.lab.compute([table.name for table in RAW], stored, stored)
    with clock.set_to(datetime(2023, 7, 20, 10, tzinfo=clock.EASTERN)):
        (request,) = looking.look(AFTER_GAMES)
    assert days(request) == [LAST_BEFORE - timedelta(days=1), LAST_BEFORE]


@pytest.mark.usefixtures("_morning")
def test_where_there_is_no_landing_zone_nobody_asks_for_anything(looking: Looking) -> None:
    """A disk that is away for a moment takes no row along, and is as it was when it is back."""
    looking.settle(LANDING, AFTER_GAMES, BEFORE_GAMES)
    looking.landing.rename(looking.folder / "away")
    for name in (LANDING, REPAIR, AFTER_GAMES, BEFORE_GAMES):
        looking.restart()
        assert looking.look(name) == []
        assert looking.says == f"there is no landing zone at {looking.landing}"
    (looking.folder / "away").rename(looking.landing)
    looking.restart()
    assert looking.settle(LANDING, REPAIR, AFTER_GAMES, BEFORE_GAMES) == []


def _first_game_is(status: int):
    def change(document: Any) -> None:
        document["leagueSchedule"]["gameDates"][0]["games"][0]["gameStatus"] = status

    return change


@pytest.mark.usefixtures("_morning")
def test_a_run_ends_where_the_next_date_is_not_meant_or_set_aside(looking: Looking) -> None:
    """Else it would take that date along; on a date of which one table is set aside, the others run."""
    request = Request(RAW, FIRST, THIRD)
    survey = looking.home.survey()
    found = work_of(PendingWork((request,), frozenset({FIRST, THIRD})), survey)
    assert [work.days for work in found.works] == [[FIRST], [THIRD]]
    found = work_of(PendingWork((request,)), survey, {"nbac_schedule": {SECOND: "cancelled"}})
    assert [work.days for work in found.works] == [[FIRST], [SECOND], [THIRD]]
    whole, part, _whole = ({t.name for t in work.request.tables} for work in found.works)
    kept_out = {t.name for t in RAW if {"nbac_schedule"} & {t.name, *t.upstream}}
    assert whole - part == kept_out
    assert found.barred["cancelled"] == 1


@pytest.mark.usefixtures("_morning")
def test_the_same_work_has_the_same_identity_and_other_content_another(
    looking: Looking, monkeypatch
) -> None:
    """Whoever looks, and whenever; what is wanted, what is stored and what makes it decide."""
    wish = PendingWork((Request(RAW, FIRST, FIRST),))
    (one,) = work_of(wish, looking.home.survey()).works
    looking.restart()
    (same,) = work_of(wish, looking.home.survey()).works
    assert one.identity == same.identity
    rewritten(looking.landing / SCHEDULE, _first_game_is(LIVE))
    (other,) = work_of(wish, looking.home.survey()).works
    assert other.identity != one.identity
    monkeypatch.setattr(work, "meaning", lambda table: f"other limits of {table.name}")
    (newer,) = work_of(wish, looking.home.survey()).works
    assert newer.identity != other.identity


def test_a_look_for_nights_that_are_over_comes_at_every_hour() -> None:
    """Also in the afternoon: what is late, or was missed, is made up before tonight's predictions."""
    (schedule,) = (each for each in schedules(TABLES) if each.name == AFTER_GAMES)
    noon = datetime(2023, 10, 28, 12, 5, tzinfo=clock.EASTERN)
    for hour in range(24):
        after = noon + timedelta(hours=hour)
        ticks = schedule_execution_time_iterator(after.timestamp(), schedule.cron_schedule, ZONE)
        assert next(ticks) - after <= timedelta(minutes=10)


def test_what_was_done_and_undone_is_asked_for_again(looking: Looking) -> None:
    """A table that was put back to before the run has the same to be done; a run that left it, not."""
    with clock.set_to(datetime(2023, 10, 25, 5, tzinfo=clock.EASTERN)):
        (request,) = looking.look(LANDING)
        run = looking.run_of(request, dg.DagsterRunStatus.SUCCESS)
        assert looking.look(LANDING) == []
        assert looking.says.endswith("has run and left it as it was")
        looking.cursors.clear()
        looking.instance.report_dagster_event(
            DagsterEvent(
                dg.DagsterEventType.ASSET_MATERIALIZATION.value,
                "job",
                event_specific_data=StepMaterializationData(
                    dg.AssetMaterialization("nbac_schedule", partition=str(FIRST))
                ),
            ),
            run.run_id,
        )
        (again,) = looking.look(LANDING)
        assert again.tags[WORK_TAG] == request.tags[WORK_TAG]
        assert again.run_key != request.run_key


@pytest.mark.parametrize(
    "error",
    [
        *(ConnectionRefusedError(), ConnectionAbortedError(), BrokenPipeError(), MemoryError()),
        *(httpx.ConnectError(""), httpx.ReadTimeout(""), OSError("disk full")),
        *(duckdb.IOException(""), duckdb.OutOfMemoryException(""), FileNotFoundError("gone")),
        *(sqlalchemy_error.OperationalError("", {}, None), RefusedMeanwhile("later")),
        # Google's, whose clients are not always installed.
        *(type(name, (Exception,), {})() for name in ("ServiceUnavailable", "TooManyRequests")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    """By the class's name, which is all that Dagster's books keep of it."""
    assert _ended({type(error).__name__}).is_transient


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ("F", "tried again in 300 s"),
        ("SSSF", "tried again in 300 s"),
        ("FSF", "tried again in 300 s"),
        ("FF", "failed 2 times"),
        ("SFF", "failed 2 times"),
    ],
)
def test_failures_count_since_the_last_success(
    monkeypatch: pytest.MonkeyPatch, ends: str, verdict: str
) -> None:
    """One retry is allowed, after five minutes; what was done, and undone by somebody, is none."""
    monkeypatch.setattr("time.time", lambda: 1000.0)
    status = {"S": dg.DagsterRunStatus.SUCCESS, "F": dg.DagsterRunStatus.FAILURE}
    attempts = [replace(_ended({"OSError"}), status=status[end], at=1000.0) for end in ends]
    home = SimpleNamespace(settings=Settings(retry_minutes="5"))
    assert verdict in _after_failure(attempts, home, "a backfill")[1]


def test_what_will_not_pass_is_given_up_and_what_is_put_off_is_no_failure() -> None:
    """A wrong schema stays wrong, beside what may pass too, and so does what a gate refuses.

    A deadline and another's lease are asked for again.
    """
    assert not _ended({dg.Failure.__name__}).is_transient
    assert not _ended({"SchemaViolated", "OSError"}).is_transient
    assert _ended({"OSError", LeaseRefused.__name__}).is_transient
    assert not _ended({"OSError", LeaseRefused.__name__}).is_put_off
    assert not _ended({"SchemaViolated"}).is_transient
    assert not _ended({"SchemaViolated"}).is_put_off
    assert _ended({DeadlinePassed.__name__}).is_put_off
    assert _ended({LeaseRefused.__name__}).is_put_off
    both = _ended({"SchemaViolated", DeadlinePassed.__name__})
    assert not both.is_put_off
    assert not both.is_transient


def test_what_was_raised_from_may_pass_as_what_was_raised() -> None:
    """A connection's error has causes of its own, and says itself that it may pass; others do not."""
    instance = dg.DagsterInstance.ephemeral()
    for classes in (("ConnectionError", "MaxRetryError"), ("SchemaViolated", "KeyError")):
        run = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)
        instance.report_run_failed(run, "failed")
        error = None
        for name in reversed(("DagsterExecutionStepExecutionError", *classes)):
            error = SerializableErrorInfo(name, [], name, error)
        failed = StepFailureData(error=error, user_failure_data=None)
        event = dg.DagsterEvent("STEP_FAILURE", "job", step_key="x", event_specific_data=failed)
        instance.report_dagster_event(event, run.run_id)
    records = reversed(instance.get_run_records())
    passing, lasting = (ended(record, instance) for record in records)
    assert passing.classes == {"ConnectionError"}
    assert lasting.classes == {"SchemaViolated", "KeyError"}
    assert [passing.is_transient, lasting.is_transient] == [True, False]


def _ended(classes: set[str]) -> Ended:
    status = dg.DagsterRunStatus.FAILURE
    return Ended("run", status, 0.0, frozenset(classes), "", False, {})
