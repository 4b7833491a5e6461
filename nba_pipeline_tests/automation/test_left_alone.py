"""What failed or was cancelled is nobody's to start again until it would come to something else."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.test_utils import create_run_for_test
from dagster._core.utils import make_new_run_id
from dagster._utils.error import SerializableErrorInfo

from nba_pipeline.automation import sensors
from nba_pipeline.automation.alerts import alerts
from nba_pipeline.automation.cancelled_partitions import cancelled_partitions, note_cancelled
from nba_pipeline.automation.failed_partitions import FailedPartitions, failed_partitions
from nba_pipeline.automation.on_call import on_call
from nba_pipeline.backfill.audit import METADATA
from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.backfill.planner import repairs
from nba_pipeline.coordination.database import begin, connect
from nba_pipeline.coordination.failures import Failures
from nba_pipeline.engine.meaning import with_code
from nba_pipeline.engine.verdicts import AssertionFailed
from nba_pipeline.orchestration.run_tags import ONLY_STORED_TAG, RANGE_TAGS
from nba_pipeline.tables import TABLES
from nba_pipeline_tests import conftest
from nba_pipeline_tests.automation.looking import Looking, days, one_rebound_more, rewritten, tables
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG

pytestmark = pytest.mark.usefixtures("third_evening")
FIRST, SECOND, THIRD = (date(2023, 10, day) for day in (24, 25, 26))
RAW = [name for name, table in TABLES.items() if table.phase == 2]


def test_what_failed_for_good_is_left_alone_whoever_asks_and_takes_no_other_date_along(
    stored: Looking,
) -> None:
    """Until its file changes, or the code; a correction of another date is made meanwhile."""
    boxscore = "nbac_player_boxscore"
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    (request,) = stored.look()
    stored.breaks(request, boxscore, AssertionFailed("points", "a line is wrong"))
    for name in (sensors.REPAIR, sensors.LANDING, sensors.REPAIR):
        stored.restart()
        assert stored.look(name) == []
    assert stored.says == "nothing has changed"
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(FIRST))
    (other,) = stored.look(sensors.REPAIR)
    assert days(other) == [FIRST]
    assert boxscore in tables(other)
    stored.carry_out(other)
    assert stored.look() == []
    assert stored.says.startswith("failed: AssertionFailed: a line is wrong (1)")
    stored.tables = {**TABLES, boxscore: replace(TABLES[boxscore], version=99)}
    stored.restart()
    (mended,) = stored.look(sensors.REPAIR)
    assert days(mended) == [FIRST, SECOND, THIRD]
    stored.tables = TABLES
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    stored.restart()
    (later,) = stored.look()
    assert days(later) == [SECOND]


def test_what_failed_in_passing_has_its_pause_whoever_asks(
    stored: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five minutes after a full disk another may ask for it; for what has landed since, at once."""
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    (request,) = stored.look()
    ended = stored.breaks(request, "nbac_player_boxscore", OSError("disk full"))
    for name in (sensors.LANDING, sensors.REPAIR):
        stored.restart()
        assert stored.look(name) == []
        assert "is tried again in" in stored.says
    with monkeypatch.context() as later:
        later.setattr("nba_pipeline.automation.attempts.time.time", lambda: ended + 301)
        stored.restart()
        (again,) = stored.look(sensors.REPAIR)
        assert days(again) == [SECOND]
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    stored.restart()
    assert len(stored.look(sensors.REPAIR)) == 1


def test_a_failure_at_a_table_beside_one_that_will_not_pass_is_tried_again(
    stored: Looking,
) -> None:
    """The run was given up for the other's sake."""
    boxscores = ("nbac_player_boxscore", "nbac_team_boxscore")
    for path in (PLAYER_LOG, TEAM_LOG):
        rewritten(stored.landing / path, one_rebound_more(SECOND))
    survey = stored.home.survey()
    inputs = {name: survey.inputs(TABLES[name], [SECOND]) for name in boxscores}
    (request,) = stored.look()
    run = stored.run_of(request, dg.DagsterRunStatus.STARTED)
    for name, error in zip(boxscores, ("SchemaViolated", "OSError"), strict=True):
        told = StepFailureData(
            error=SerializableErrorInfo(error, [], error), user_failure_data=None
        )
        event = dg.DagsterEvent("STEP_FAILURE", "job", step_key=name, event_specific_data=told)
        stored.instance.report_dagster_event(event, run.run_id)
        made_from = with_code(TABLES[name], inputs[name])
        marks = stored.lab.warehouse.failures
        marks.mark(name, {SECOND: f"{error}: it"}, run.run_id, made_from)
    stored.instance.report_run_failed(run)
    stored.restart()
    (again,) = stored.look()
    assert boxscores[1] in tables(again)
    assert boxscores[0] not in tables(again)


def test_a_cancelled_run_is_never_started_again_but_a_later_correction_is(stored: Looking) -> None:
    """Cancelled while it held its lease: its dates are left alone until what they say changes."""
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    (request,) = stored.look()
    backfill = request.tags["nba_pipeline/backfill"]
    claims = [Claim(name, SECOND, SECOND) for name in tables(request)]
    leases = stored.home.leases
    leases.acquire(Holder.here("run", backfill), claims, [], purpose="a test", wait=False)
    leases.cancel(backfill, "wrong file")
    stored.run_of(request, dg.DagsterRunStatus.CANCELED)
    stored.restart()
    assert stored.look() == []
    stored.restart()
    assert stored.look() == []
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    (later,) = stored.look()
    assert days(later) == [SECOND]
    stored.carry_out(later)
    assert stored.look() == []


def test_a_cancel_is_forgotten_once_a_person_has_done_the_work(stored: Looking) -> None:
    """A correction is undone, and the same comes back: it is asked for as any other."""
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    first = (stored.landing / PLAYER_LOG).read_text()
    (request,) = stored.look()
    stored.run_of(request, dg.DagsterRunStatus.CANCELED)
    stored.restart()
    assert stored.look() == []
    stored.carry_out(request)
    stored.restart()
    assert stored.look(sensors.REPAIR) == []
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    stored.restart()
    assert len(stored.settle(sensors.LANDING)) == 1
    (stored.landing / PLAYER_LOG).write_text(first)
    stored.restart()
    (again,) = stored.look()
    assert days(again) == [SECOND]


@pytest.mark.parametrize("name", [sensors.LANDING, sensors.REPAIR])
@pytest.mark.parametrize("is_queued", [True, False])
def test_a_correction_after_a_cancel_that_was_seen_is_no_part_of_it(
    stored: Looking, *, name: str, is_queued: bool
) -> None:
    """Seen by a look at which nothing had landed and nothing was to be done."""
    assert stored.look(name) == stored.look(name) == []
    assert stored.says.startswith("nothing has")
    if is_queued:
        tags = dict(zip(RANGE_TAGS, (str(FIRST), str(THIRD)), strict=True))
        keys = frozenset(dg.AssetKey(table) for table in RAW)
        canceled = dg.DagsterRunStatus.CANCELED
        create_run_for_test(stored.instance, tags=tags, asset_selection=keys, status=canceled)
    else:
        claims = [Claim(table, FIRST, THIRD) for table in RAW]
        here = Holder.here("run", "a backfill")
        stored.home.leases.acquire(here, claims, [], purpose="a test", wait=False)
        stored.home.leases.cancel("a backfill")
    assert stored.look(name) == []
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    (request,) = stored.look()
    assert days(request) == [SECOND]


@pytest.mark.parametrize("is_queued", [True, False])
def test_of_what_was_for_stored_dates_alone_no_other_one_is_left_alone(
    stored: Looking, *, is_queued: bool
) -> None:
    """A repair was cancelled, whose range has a date that was never stored: that is still to be made.

    So is one that was refused for what is still not there.
    """
    fourth, box = THIRD + timedelta(days=1), "nbac_player_boxscore"
    stored.lab.warehouse.failures.mark("player_game_summary", {THIRD: "refused"}, "earlier")
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    if is_queued:
        tags = dict(zip(RANGE_TAGS, (str(FIRST), str(fourth)), strict=True))
        tags |= {ONLY_STORED_TAG: f"{box},player_game_summary,data_gaps"}
        names = (box, "nbac_schedule", "player_game_summary")
        keys = frozenset(map(dg.AssetKey, names))
        canceled = dg.DagsterRunStatus.CANCELED
        create_run_for_test(stored.instance, tags=tags, asset_selection=keys, status=canceled)
    else:
        claims = [
            Claim("player_game_summary", FIRST, fourth, only_stored=True),
            Claim(box, FIRST, fourth, only_stored=True),
            Claim("nbac_schedule", FIRST, fourth),
        ]
        here = Holder.here("run", "a backfill")
        stored.home.leases.acquire(here, claims, [], purpose="a test", wait=False)
        stored.home.leases.cancel("a backfill")
    found = cancelled_partitions(stored.home.engine, stored.home.survey(), stored.instance)
    assert found == {box: {SECOND}, "nbac_schedule": {fourth}}


def test_a_refused_morning_that_a_cancelled_repair_would_have_made_is_left_alone(
    stored: Looking, monkeypatch
) -> None:
    """Newer code of a table far upstream was in its way, which the same repair would have made too."""
    box, name = "nbac_player_boxscore", "player_game_summary"
    upstream = [each for each in TABLES if each in TABLES[name].upstream]
    stored.lab.compute([*upstream, name], FIRST, SECOND)
    stored.lab.compute(upstream, THIRD, THIRD)
    newer = {**TABLES, box: replace(TABLES[box], version=TABLES[box].version + 1)}
    monkeypatch.setattr(conftest, "TABLES", newer)
    stored.tables = newer
    stored.restart()
    assert stored.lab.compute([name], THIRD, THIRD)[name].refused
    stored.restart()
    repair = repairs(list(newer.values()), stored.home.survey(), retrain=False)
    assert repair is not None
    claims = [
        Claim(table.name, repair.first, repair.last, only_stored=True)
        for table in repair.tables
        if table.partitions == "daily"
    ]
    here = Holder.here("run", "a repair")
    stored.home.leases.acquire(here, claims, [], purpose="a test", wait=False)
    stored.home.leases.cancel("a repair")
    found = cancelled_partitions(stored.home.engine, stored.home.survey(), stored.instance)
    assert found[name] == {THIRD}


def test_what_was_taken_out_of_the_queue_is_left_alone_whoever_looks(stored: Looking) -> None:
    """Before it had a lease; under another name it would be the same run. A correction is another."""
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    (request,) = stored.look()
    stored.run_of(request, dg.DagsterRunStatus.CANCELED)
    stored.restart()
    assert stored.look(sensors.REPAIR) == []
    stored.restart()
    assert stored.look() == stored.look(sensors.REPAIR) == []
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    (later,) = stored.look(sensors.REPAIR)
    assert days(later) == [SECOND]


def test_of_few_dates_that_failed_as_one_set_each_is_tried_by_itself(stored: Looking) -> None:
    """Only the second is to blame, and is left alone; the first is made, and what comes after."""
    boxscore, wrong = "nbac_player_boxscore", AssertionFailed("points", "a line is wrong")
    for day in (FIRST, SECOND):
        rewritten(stored.landing / PLAYER_LOG, one_rebound_more(day))
    (both,) = stored.look()
    assert days(both) == [FIRST, SECOND]
    stored.breaks(both, boxscore, wrong)
    stored.restart()
    (first,) = stored.look()
    assert days(first) == [FIRST]
    stored.carry_out(first)
    (second,) = stored.look()
    assert days(second) == [SECOND]
    stored.breaks(second, boxscore, wrong)
    stored.restart()
    assert stored.look() == []
    assert stored.home.survey().failed(boxscore).keys() == {SECOND}
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(THIRD))
    stored.restart()
    (third,) = stored.look()
    assert days(third) == [THIRD]
    stored.carry_out(third)
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    stored.restart()
    (later,) = stored.look()
    assert days(later) == [SECOND]


@pytest.mark.parametrize(("count", "is_one_of_few"), [(1, False), (2, True), (7, True), (8, False)])
def test_of_a_long_set_none_is_tried_by_itself(
    count: int, tmp_path: Path, *, is_one_of_few: bool
) -> None:
    """That more than a week fails is hardly one date's fault."""
    failures = Failures(connect(f"sqlite:///{tmp_path / 'coordination.db'}"))
    tried = {FIRST + timedelta(days=n): f"inputs {n}" for n in range(count)}
    failures.mark("nbac_schedule", dict.fromkeys(tried, "why"), "run-1", tried, is_one_set=True)
    marks = failures.marks()
    assert {mark.partition: mark.tried_with for mark in marks} == tried
    assert {mark.is_one_of_few for mark in marks} == {is_one_of_few}


def test_a_forced_attempt_at_a_date_that_is_current_bars_nothing(stored: Looking) -> None:
    """It failed, and what stands is as it is to be: a correction of the other table is made."""
    boxscores = ("nbac_player_boxscore", "nbac_team_boxscore")
    inputs = stored.home.survey().inputs(TABLES[boxscores[0]], [SECOND])
    rewritten(stored.landing / TEAM_LOG, one_rebound_more(SECOND))
    (request,) = stored.look()
    run_id = make_new_run_id()
    stored.failed(request, "ValueError", boxscores[0], run_id)
    made_from = with_code(TABLES[boxscores[0]], inputs)
    stored.lab.warehouse.failures.mark(boxscores[0], {SECOND: "a bug"}, run_id, made_from)
    survey = stored.home.survey()
    assert failed_partitions(survey, stored.instance) == FailedPartitions({}, {}, {})
    assert survey.failed(boxscores[0]) == {}


def test_a_cancel_is_forgotten_once_something_else_has_been_done(stored: Looking) -> None:
    """What was cancelled comes back after another correction that was made: its inputs changed."""
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    cancelled = (stored.landing / PLAYER_LOG).read_text()
    (request,) = stored.look()
    stored.run_of(request, dg.DagsterRunStatus.CANCELED)
    stored.restart()
    assert stored.look() == []
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    stored.restart()
    assert len(stored.settle(sensors.LANDING)) == 1
    (stored.landing / PLAYER_LOG).write_text(cancelled)
    stored.restart()
    (again,) = stored.look()
    assert days(again) == [SECOND]


def test_what_failed_or_was_cancelled_in_no_season_stops_nobody(stored: Looking) -> None:
    """Its season has turned out to end earlier."""
    boxscore, summer = "nbac_player_boxscore", date(2023, 8, 1)
    stored.lab.warehouse.failures.mark(boxscore, {summer: "its gate"}, "a run", {summer: "this"})
    note_cancelled(stored.home.engine, stored.home.survey())
    row = {"cancelled": "lease 9", "table_name": boxscore, "partition": "2023-08-01", "inputs": "x"}
    with begin(stored.home.engine) as connection:
        connection.execute(sa.insert(METADATA.tables["partitions_left_alone"]), row)
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    (request,) = stored.look()
    assert days(request) == [SECOND]
    assert stored.home.survey().failed(boxscore) == {}


def test_who_is_on_call_is_told_what_failed_once_for_every_reason(stored: Looking) -> None:
    """And the command that makes it after all, also where it was never stored; a model's is its own."""

    def told() -> set[str]:
        found = alerts(stored.home, stored.instance)
        return {alert.key for alert in found if alert.kind in ("run failed", "gate failed")}

    keys: set[str] = set()
    for run in ("one", "two"):
        why = {THIRD: f"nbac_player_boxscore {THIRD} failed: a line is wrong (run {run})"}
        stored.lab.warehouse.failures.mark("player_game_summary", why, run)
        stored.restart()
        keys |= told()
    (first,) = keys
    stored.lab.warehouse.failures.mark("player_game_summary", {THIRD: "another is"}, "three")
    stored.restart()
    assert told().isdisjoint({first})
    assert f"nba-pipeline backfill --from {THIRD} --to {THIRD}" in on_call(stored.home).next
    stored.lab.warehouse.failures.clear("player_game_summary", [THIRD])
    stored.lab.warehouse.failures.mark("points_model", {date(2023, 10, 1): "its gate"}, "four")
    assert "nba-pipeline train --month 2023-10" in on_call(stored.home).next


def test_the_report_says_what_is_cancelled_and_that_tonight_waits_for_it(stored: Looking) -> None:
    """Also of a run that was taken out of the queue, and for as long as it is left alone."""
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(THIRD))
    (request,) = stored.look()
    stored.run_of(request, dg.DagsterRunStatus.CANCELED)
    stored.restart()
    assert stored.look() == []
    report = on_call(stored.home)
    cancelled = {line["table"]: (line["first"], line["last"]) for line in report.cancelled}
    assert cancelled["nbac_player_boxscore"] == (THIRD, THIRD)
    assert "cancelled" in report.tonight["waits_for"]
    assert f"nba-pipeline backfill --from {THIRD} --to {THIRD}" in report.next
