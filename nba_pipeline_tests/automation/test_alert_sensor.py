"""What is amiss is told once, to everyone who is set, the worst first; the report says the rest."""

import shutil
import time as real_time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterEventType
from dagster._core.events import DagsterEvent
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.test_utils import create_run_for_test
from dagster._utils.error import SerializableErrorInfo
from pydantic import ValidationError

from nba_pipeline import clock
from nba_pipeline.automation import alert_sensor, alerts_of_tables
from nba_pipeline.automation.alert import P0, P1, Alert
from nba_pipeline.automation.alert_sensor import REPORT, tell
from nba_pipeline.automation.alerts import alerts
from nba_pipeline.automation.alerts_of_runs import _is_told
from nba_pipeline.automation.alerts_of_tables import (
    _checks,
    _dried_up,
    _drops,
    _failing,
    _late,
    _overdue,
)
from nba_pipeline.automation.alerts_told import forget_gone, make_sure, note_told, untold
from nba_pipeline.automation.channels import NobodyTold, send, subject_of
from nba_pipeline.automation.on_call import on_call
from nba_pipeline.automation.pending import WITHOUT_CORRECTIONS
from nba_pipeline.automation.sensors import LANDING, REPAIR
from nba_pipeline.automation.work import Found
from nba_pipeline.backfill import audit
from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.coordination.database import begin, connect
from nba_pipeline.orchestration.run_tags import RANGE_TAGS
from nba_pipeline.orchestration.session import DeadlinePassed
from nba_pipeline.settings import Settings
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import STALLED_SECONDS
from nba_pipeline.warehouse.protocol import OlderCode
from nba_pipeline_tests.automation.looking import Looking
from nba_pipeline_tests.automation.receivers import Received, receivers
from nba_pipeline_tests.conftest import Lab, with_upstream
from nba_pipeline_tests.league_files import SCHEDULE, TEAM_LOG

TODAY = date(2023, 10, 25)
FIRST_DAY = date(2023, 10, 24)
STARTED = dg.DagsterRunStatus.STARTED
PREDICTIONS = "player_prop_predictions"


def _at(hour: int, minute: int = 0, day: date = TODAY):
    return clock.set_to(datetime(day.year, day.month, day.day, hour, minute, tzinfo=clock.EASTERN))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The schedule and the team box scores of the season's first day."""
    folder = tmp_path_factory.mktemp("first_day")
    write_landing(folder / "landing", League(teams=4, days=3, rest=0.0, seed=3))
    with _at(9):
        Lab(folder, folder / "landing").compute(
            with_upstream("nbac_team_boxscore"), date(2023, 10, 24), date(2023, 10, 24)
        )
    return folder


@pytest.fixture
def looking(whole: Path, tmp_path: Path) -> Looking:
    """A home of its own with them."""
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    return Looking(tmp_path, tmp_path / "landing")


@pytest.fixture
def received() -> Iterator[Received]:
    """Servers that take alerts."""
    with receivers() as servers:
        yield servers


def _tell(looking: Looking, cursor: str | None) -> dg.SensorResult:
    return tell(lambda: nullcontext(looking.home), cursor, looking.instance)


def _set(looking: Looking, received: Received) -> None:
    vars(looking.home.settings).update(
        alert_webhook=received.url, alert_email_to="on-call@localhost", alert_smtp=received.smtp
    )


def test_predictions_of_today_are_overdue_from_five_in_the_afternoon_eastern(
    looking: Looking,
) -> None:
    """A minute before nothing is; the raw tables of yesterday that are not there are since noon."""
    with _at(16, 59):
        kinds = {alert.key for alert in alerts(looking.home, looking.instance)}
    assert f"overdue:{PREDICTIONS}:2023-10-25" not in kinds
    assert "overdue:nbac_player_boxscore:2023-10-24" in kinds
    assert "overdue:nbac_team_boxscore:2023-10-24" not in kinds
    with _at(17):
        found = {alert.key: alert for alert in alerts(looking.home, looking.instance)}
    assert found[f"overdue:{PREDICTIONS}:2023-10-25"].severity == P0
    with _at(11, 59):
        assert "overdue:nbac_player_boxscore:2023-10-24" not in {
            alert.key for alert in alerts(looking.home, looking.instance)
        }


def test_the_hour_is_eastern_on_both_sides_of_a_change_of_the_clocks(looking: Looking) -> None:
    """17:00 in the East is 21:00 UTC on 2023-11-04 and 22:00 UTC on 2023-11-05."""
    for day, hour in ((4, 21), (5, 22)):
        on_the_hour = datetime(2023, 11, day, hour, tzinfo=UTC)
        for moment in (on_the_hour - timedelta(minutes=1), on_the_hour):
            now = moment.astimezone(clock.EASTERN)
            found = [alert.key for alert in _overdue(looking.home.survey(), now, {})]
            is_overdue = f"overdue:{PREDICTIONS}:2023-11-0{day}" in found
            assert is_overdue is (moment == on_the_hour)


def test_an_alert_is_told_once_by_webhook_and_mail_and_again_after_hours(
    looking: Looking, received: Received
) -> None:
    """Grouped into one message each, the worst first, each with the command that shows more."""
    _set(looking, received)
    reason = {TODAY: "SchemaViolated: points below 0"}
    looking.lab.warehouse.failures.mark(PREDICTIONS, reason, "run-7")
    with _at(18):
        told = _tell(looking, None)
        again = _tell(looking, told.cursor)
        assert again.skip_reason == dg.SkipReason("nothing has changed")
        _tell(looking, None)
    (posted,), (mail,) = received.posted, received.mails
    assert posted["alerts"][0]["severity"] == P0
    failed = next(a for a in posted["alerts"] if a["kind"] == "run failed")
    assert failed["what"] == (
        f"{PREDICTIONS} 2023-10-25 to 2023-10-25 (1): SchemaViolated: points below 0 (run run-7)"
    )
    assert failed["command"].startswith("nba-pipeline status --from 2023-10-25")
    assert "Subject: nba-pipeline: P0 overdue" in mail
    assert "SchemaViolated: points below 0" in mail.replace("=\r\n", "")
    with _at(23, 59):
        _tell(looking, None)
    assert len(received.posted) == 1
    with _at(0, 1, TODAY + timedelta(days=1)):
        _tell(looking, None)
    assert len(received.posted) == 2


def test_what_reached_nobody_is_told_at_the_next_look(looking: Looking, received: Received) -> None:
    """The webhook is down and no mail server is there; when it is up it gets everything."""
    _set(looking, received)
    vars(looking.home.settings)["alert_smtp"] = "127.0.0.1:1"
    received.status = 503
    with _at(18):
        told = _tell(looking, None)
        assert told.skip_reason
        assert "reached nobody" in str(told.skip_reason.skip_message)
        received.status = 200
        _tell(looking, told.cursor)
    assert len(received.posted) == 1


def test_one_channel_that_fails_does_not_keep_the_other_from_telling(received: Received) -> None:
    """It is named; and where all fail, that is an error."""
    alert = Alert(P1, "run failed", "k", "what", "nba-pipeline report")
    settings = Settings(
        alert_webhook=received.url, alert_email_to="a@localhost", alert_smtp="127.0.0.1:1"
    )
    (failed,) = send([alert], settings)
    assert failed.startswith("e-mail: ")
    assert [post["count"] for post in received.posted] == [1]
    received.status = 500
    with pytest.raises(NobodyTold, match="webhook: "):
        send([alert], settings)


def test_a_subject_counts_alerts_of_a_kind() -> None:
    """Two of one kind are one part of it."""
    found = [Alert(P0, "overdue", str(n), "w", "c") for n in range(2)]
    found.append(Alert(P1, "check failed", "c", "w", "c"))
    assert subject_of(found) == "nba-pipeline: 2 x P0 overdue, P1 check failed"


def test_a_gate_that_failed_and_a_lease_that_was_recovered_are_told(looking: Looking) -> None:
    """The month's model by its gate's words; the lease by what its holder was."""
    month = date(2023, 11, 1)
    looking.lab.warehouse.failures.mark("points_model", {month: "12 games of 400"}, "run-8")
    leases = looking.home.leases
    holder = Holder("dead", "dead", "here", 1, -5, Holder.here("x", "x").machine)
    claim = Claim("nbac_schedule", TODAY, TODAY)
    leases.acquire(holder, [claim], [], purpose="a test", wait=False)
    alive = Holder.here("alive", "alive")
    leases.release(leases.acquire(alive, [claim], [], purpose="a test", wait=False).id)
    found = {alert.kind: alert for alert in alerts(looking.home, looking.instance)}
    assert "12 games of 400" in found["gate failed"].what
    assert found["lease recovered"].what.startswith("dead: its process is gone")


def test_a_backfill_that_somebody_gave_is_told_when_it_has_ended(looking: Looking) -> None:
    """Not while it holds a lease; what failed and what was not begun is counted.

    A run that a sensor asked for is not told.
    """
    progress = Progress(looking.home.engine)
    claim = Claim("nbac_schedule", TODAY, TODAY)
    holder = Holder.here("run-1", "mine")
    lease = looking.home.leases.acquire(holder, [claim], [], purpose="a test", wait=False)
    with begin(looking.home.engine) as connection:
        audit.write(connection, "backfill", backfill_id="mine")
    progress.queue("mine", "run-1", {"nbac_schedule": 3, "nbac_team_boxscore": 3, "data_gaps": 3})
    progress.queue("repair_sensor-1", "run-2", {"nbac_schedule": 3})
    progress.start("run-1", "nbac_schedule", 3)
    progress.finish("run-1", "nbac_schedule", 2.0, "3 written")
    progress.finish("run-2", "nbac_schedule", 2.0, "3 written")
    assert [
        a for a in alerts(looking.home, looking.instance) if a.kind == "backfill finished"
    ] == []
    progress.fail("run-1", "nbac_team_boxscore", 1.0)
    assert [
        a for a in alerts(looking.home, looking.instance) if a.kind == "backfill finished"
    ] == []
    looking.home.leases.release(lease.id)
    (alert,) = [a for a in alerts(looking.home, looking.instance) if a.kind == "backfill finished"]
    assert alert.what == "mine: 3 tables in 3 s, 1 failed, 1 not done"
    assert alert.command == "nba-pipeline diff mine"


def test_a_backfill_of_more_than_a_day_is_told_for_a_day_after_its_end(looking: Looking) -> None:
    """It began now and its table took 30 hours: it is told in hour 30 and 53, and no more in 55."""
    progress = Progress(looking.home.engine)
    with begin(looking.home.engine) as connection:
        audit.write(connection, "backfill", backfill_id="mine")
    progress.queue("mine", "run-1", {"nbac_schedule": 3})
    progress.start("run-1", "nbac_schedule", 3)
    progress.finish("run-1", "nbac_schedule", 30 * 3600.0, "3 written")
    began = clock.now()
    for hours, told in ((30, 1), (53, 1), (55, 0)):
        with clock.set_to(began + timedelta(hours=hours)):
            found = alerts(looking.home, looking.instance)
        assert [a.kind for a in found].count("backfill finished") == told


def test_a_table_that_takes_far_longer_than_before_is_told(looking: Looking, monkeypatch) -> None:
    """Three partitions took a second; now they have been at work for two minutes and more."""
    progress = Progress(looking.home.engine)
    progress.queue("before", "run-1", {"nbac_schedule": 3})
    progress.finish("run-1", "nbac_schedule", 1.0, "3 written")
    claim = Claim("nbac_schedule", TODAY, TODAY)
    holder = Holder.here("run-2", "slow")
    looking.home.leases.acquire(holder, [claim], [], purpose="a test", wait=False)
    progress.queue("slow", "run-2", {"nbac_schedule": 3})
    progress.start("run-2", "nbac_schedule", 3)
    assert "backfill stalled" not in {
        alert.kind for alert in alerts(looking.home, looking.instance)
    }
    monkeypatch.setitem(vars(STALLED_SECONDS), "value", -3)
    (alert,) = [a for a in alerts(looking.home, looking.instance) if a.kind == "backfill stalled"]
    assert alert.what.startswith("slow: nbac_schedule (3 partitions) takes ")
    assert alert.what.endswith("expected 1 s")


def _stored(name: str, stamps: dict[date, SimpleNamespace]) -> SimpleNamespace:
    """A survey of one table, and no gaps."""
    warehouse = SimpleNamespace(names=list)
    tables = {name: TABLES[name]}
    return SimpleNamespace(tables=tables, stamps=lambda _name: stamps, warehouse=warehouse)


def test_a_week_with_fewer_of_its_keys_than_before_is_a_drop() -> None:
    """100 of 100 in four weeks and 97 of 100 in the last week; 99 of 100 is within a fiftieth."""
    table = TABLES["nbac_team_boxscore"]

    def dropped(last_week: int) -> list[Alert]:
        def stamp(n: int) -> SimpleNamespace:
            lost = 100 - last_week if n == 34 else 0
            missing = tuple(f"key {k}" for k in range(lost))
            return SimpleNamespace(present=100 - lost, expected=100, missing=missing)

        first = date(2024, 1, 1)
        stamps = {first + timedelta(days=n): stamp(n) for n in (*range(28), 34)}
        survey = _stored(table.name, stamps)
        assert list(_drops(survey, date(2024, 2, 20))) == [], "it was told in its time"
        return list(_drops(survey, date(2024, 2, 5)))

    (alert,) = dropped(97)
    assert "97.0% of its expected keys, usually 100.0%; missing key 0, key 1, key 2" in alert.what
    assert dropped(99) == []


def test_nothing_is_amiss_in_the_off_season(looking: Looking) -> None:
    """Nothing is overdue in July, and the report says why nothing is predicted."""
    with _at(18, day=date(2023, 7, 15)):
        assert [a for a in alerts(looking.home, looking.instance) if a.kind == "overdue"] == []
        report = on_call(looking.home)
    assert report.tonight["is_season"] is False
    assert report.next == []


def test_the_report_names_who_runs_who_was_stopped_and_the_next_command(looking: Looking) -> None:
    """A backfill holds dates; another was cancelled with its reason; predictions are to be made."""
    leases = looking.home.leases
    claim = Claim("nbac_schedule", TODAY, TODAY)
    other = Claim("nbac_schedule", date(2023, 12, 1), date(2023, 12, 2))
    leases.acquire(Holder.here("one", "one"), [claim], [], purpose="schedule", wait=False)
    leases.acquire(Holder.here("two", "two"), [other], [], purpose="schedule", wait=False)
    leases.cancel("two", "wrong dates")
    with clock.set_to(clock.now()), _at(18):
        report = on_call(looking.home)
    assert [line["run"] for line in report.running] == ["one"]
    assert report.next[0] == "nba-pipeline progress one"
    assert f"nba-pipeline predict --date {TODAY}" in report.next
    shares = {(line["table"], line["checkpoint"]): line["share"] for line in report.checkpoints}
    assert shares["nbac_team_boxscore", "expected_keys"] == 1.0
    now = on_call(looking.home)
    stopped = [(line["action"], line["backfill"], line["why"]) for line in now.stopped]
    assert ("cancelled", "two", "wrong dates") in stopped


def test_the_report_is_an_asset_that_is_told_when_it_says_something_else(looking: Looking) -> None:
    """The same report is not told twice."""
    with _at(10):
        first = _tell(looking, None)
    with _at(10, 20):
        again = _tell(looking, first.cursor)
    (event,) = first.asset_events
    assert isinstance(event, dg.AssetMaterialization)
    assert event.asset_key == dg.AssetKey(REPORT)
    assert "nba-pipeline predict" in str(event.metadata["next"].value)
    assert list(again.asset_events) == []


def test_keys_whose_gaps_are_accepted_are_no_drop(monkeypatch: pytest.MonkeyPatch) -> None:
    """15 of 100 are lost for good and somebody has said so; of 10 others nobody has."""
    name, first = "nbac_team_boxscore", date(2024, 1, 1)
    lost = {f"game{n} / LAL": f"{name}:2024-02-04:game{n}:LAL" for n in range(25)}

    def stamp(n: int) -> SimpleNamespace:
        missing = tuple(lost) if n == 34 else ()
        return SimpleNamespace(present=100 - len(missing), expected=100, missing=missing)

    survey = _stored(name, {first + timedelta(days=n): stamp(n) for n in (*range(28), 34)})
    for accepted, told in ((25, []), (15, ["90.0%"])):
        gaps = {gap: n < accepted for n, gap in enumerate(lost.values())}
        monkeypatch.setattr(alerts_of_tables, "known_gaps", lambda _warehouse, gaps=gaps: gaps)
        found = [alert.what for alert in _drops(survey, date(2024, 2, 5))]
        assert [share in what for what, share in zip(found, told, strict=True)] == [True] * len(
            told
        )


def test_a_source_that_falls_silent_is_told() -> None:
    """Nothing in six dates with games and 28 rows in the weeks before; one row is no silence."""
    name, today = "odds_api_player_points_props", date(2024, 2, 5)
    days = [today - timedelta(days=n) for n in range(34)]

    def survey(in_last_week: int) -> SimpleNamespace:
        lines = {d: SimpleNamespace(row_count=1 if n > 5 else 0) for n, d in enumerate(days)}
        lines[days[3]] = SimpleNamespace(row_count=in_last_week)
        games = dict.fromkeys(days, SimpleNamespace(row_count=7))
        stamps = {name: lines, "nbac_schedule": games}
        tables = {one: TABLES[one] for one in stamps}
        return SimpleNamespace(tables=tables, stamps=lambda one: stamps[one])

    (alert,) = _dried_up(survey(0), today)
    assert f"{name} 2024-01-31 to 2024-02-05: no row on 6 dates with games, 28 in" in alert.what
    assert list(_dried_up(survey(1), today)) == []
    assert list(_dried_up(survey(0), today + timedelta(days=30))) == []


@pytest.mark.parametrize(
    ("today", "speaks_every", "told"),
    [
        (date(2024, 6, 13), 1, ["2024-06-06 to 2024-06-12: no row on 3 dates"]),
        (date(2024, 6, 18), 1, ["2024-06-09 to 2024-06-17: no row on 4 dates"]),
        (date(2024, 6, 10), 1, []),
        (date(2024, 6, 18), 2, []),
    ],
)
def test_a_source_that_falls_silent_in_the_finals_is_told(
    today: date, speaks_every: int, told: list[str]
) -> None:
    """Three of their dates are enough of what spoke on every date, and not of every other one."""
    name = "odds_api_player_points_props"
    played = [date(2024, 5, n) for n in range(8, 31)] + [date(2024, 6, n) for n in (6, 9, 12, 14)]
    played.append(date(2024, 6, 17))
    games = dict.fromkeys(played, SimpleNamespace(row_count=1))
    lines = {
        day: SimpleNamespace(row_count=int(day.month == 5 and day.day % speaks_every == 0))
        for day in played
    }
    stamps = {name: lines, "nbac_schedule": games}
    survey = SimpleNamespace(tables={n: TABLES[n] for n in stamps}, stamps=lambda n: stamps[n])
    found = [alert.what for alert in _dried_up(survey, today)]
    assert len(found) == len(told)
    assert all(text in what for text, what in zip(told, found, strict=True))


def _failed(
    looking: Looking, step: str | None, error: Exception | None, tags: dict[str, str]
) -> str:
    """Books a run of predictions that has failed, at a step with an error where there are; its id."""
    asked = {dg.AssetKey(PREDICTIONS)}
    run = create_run_for_test(looking.instance, tags=tags, asset_selection=asked, status=STARTED)
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


def test_a_failure_that_was_told_by_its_partition_is_not_told_again_once_that_is_mended(
    looking: Looking, received: Received
) -> None:
    """The good file is put back: nothing is computed, and of the run no partition tells any more."""
    _set(looking, received)
    failures = looking.lab.warehouse.failures
    run_id = _failed(
        looking, PREDICTIONS, ValueError("a line"), dict.fromkeys(RANGE_TAGS, str(TODAY))
    )
    failures.mark(PREDICTIONS, {TODAY: "ValueError: a line"}, run_id)
    with _at(10):
        _tell(looking, None)
    failures.clear(PREDICTIONS, [TODAY])
    with _at(10, 10):
        _tell(looking, None)
    told = [alert["what"] for post in received.posted for alert in post["alerts"]]
    assert [what for what in told if "a line" in what] == [
        f"{PREDICTIONS} {TODAY} to {TODAY} (1): ValueError: a line (run {run_id})"
    ]


def test_a_key_may_be_as_long_as_a_path(coordination: str) -> None:
    """In either database: it is noted as told."""
    engine = connect(coordination)
    make_sure(engine)
    found = [Alert(P1, "unknown season", f"season:{'folder/' * 60}2031-32.json", "w", "c")]
    note_told(engine, found)
    assert untold(engine, found, 6.0) == []


def test_a_run_that_fails_before_its_tables_is_told(looking: Looking) -> None:
    """Also one that died, or whose table's step marked nothing; one put off is none.

    Where a partition of the table that failed is marked, or was made since, the run is not told.
    """
    one, several = {"dagster/partition": str(TODAY)}, dict.fromkeys(RANGE_TAGS, str(TODAY))
    failures = looking.lab.warehouse.failures

    def failed(step: str | None, error: Exception | None, tags: dict[str, str] = several) -> str:
        return _failed(looking, step, error, tags)

    def runs_told() -> list[Alert]:
        with _at(10):
            found = alerts(looking.home, looking.instance)
        return [a for a in found if a.key.startswith("run:") and not a.is_told]

    told = {
        failed("nba_gamebook", MemoryError("no memory left")),
        failed(None, None),
        failed(None, None, one),
    }
    unmarked = failed(PREDICTIONS, OlderCode("the rows are of newer code"))
    failed(PREDICTIONS, DeadlinePassed("tonight first"))
    found = runs_told()
    assert {alert.key.removeprefix("run:") for alert in found} == {*told, unmarked}
    assert {(a.severity, a.kind, a.has_happened) for a in found} == {(P0, "run failed", True)}
    failures.mark(PREDICTIONS, {TODAY - timedelta(days=1): "another's"}, "run-6")
    assert {alert.key.removeprefix("run:") for alert in runs_told()} == {*told, unmarked}
    failures.mark(PREDICTIONS, {TODAY: "a table's own"}, "run-7")
    assert {alert.key.removeprefix("run:") for alert in runs_told()} == told
    assert any("no memory left" in alert.what for alert in found)


def test_what_was_made_since_a_run_failed_tells_of_it_no_more() -> None:
    """Two dates, of which one was written an hour later; a third is of no matter, nor a source."""
    days = [TODAY, TODAY + timedelta(days=1)]
    failed_at = datetime(2023, 10, 25, 12, tzinfo=UTC)
    how = SimpleNamespace(at=failed_at.timestamp())

    def is_told(step: str, day: date, hours: int) -> bool:
        stamps = {day: SimpleNamespace(written_at=failed_at + timedelta(hours=hours))}
        survey = SimpleNamespace(tables=TABLES, failed=lambda _: {}, stamps=lambda _: stamps)
        return _is_told(step, days, how, survey)

    assert is_told(PREDICTIONS, days[1], 1)
    assert not is_told(PREDICTIONS, days[1], -1)
    assert not is_told(PREDICTIONS, days[1] + timedelta(days=1), 1)
    assert not is_told("nba_gamebook", days[1], 1)


def test_a_backfill_of_the_ui_is_told_when_it_has_ended(looking: Looking) -> None:
    """With how; one that runs and one of the day before yesterday are not."""
    now = real_time.time()
    ends = {"ended": now - 60, "running": None, "old": now - 2 * 24 * 3600}
    for name, end in ends.items():
        looking.instance.add_backfill(
            PartitionBackfill(
                backfill_id=name,
                status=BulkActionStatus.COMPLETED_FAILED if end else BulkActionStatus.REQUESTED,
                from_failure=False,
                tags={},
                backfill_timestamp=now - 3 * 24 * 3600,
                asset_selection=[dg.AssetKey(PREDICTIONS)],
                serialized_asset_backfill_data="",
                backfill_end_timestamp=end,
            )
        )
    (alert,) = [a for a in alerts(looking.home, looking.instance) if a.kind == "backfill finished"]
    assert alert.what == "ended, given in the UI: completed_failed"


def test_what_was_mended_and_fails_again_is_told_again(
    looking: Looking, received: Received
) -> None:
    """Told at one, mended, and within the six hours of silence it fails once more."""
    _set(looking, received)
    failures = looking.lab.warehouse.failures
    for hour, minute, is_failing in (
        (13, 0, True),
        (13, 10, False),
        (14, 30, False),
        (18, 45, True),
    ):
        if is_failing:
            failures.mark(PREDICTIONS, {TODAY: "SchemaViolated: points below 0"}, "run-7")
        else:
            failures.clear(PREDICTIONS, [TODAY])
        with _at(hour, minute):
            _tell(looking, None)
    kinds = [[alert["kind"] for alert in post["alerts"]] for post in received.posted]
    assert sum("run failed" in of_post for of_post in kinds) == 2


def test_what_has_happened_is_told_once_and_what_lasts_every_six_hours(looking: Looking) -> None:
    """For a day both are found at each look."""
    found = [
        Alert(P1, "run failed", "run:1", "w", "c", has_happened=True),
        Alert(P1, "overdue", "overdue:x", "w", "c"),
    ]
    told: list[list[str]] = []
    engine = looking.home.engine
    for hour in range(24):
        with _at(hour):
            forget_gone(engine, found)
            new = untold(engine, found, 6.0)
            note_told(engine, new)
        told.append([alert.key for alert in new])
    assert told[0] == ["run:1", "overdue:x"]
    assert [told[hour] for hour in (6, 12, 18)] == [["overdue:x"]] * 3
    assert sum(map(len, told)) == 5


def test_an_alert_is_new_once_it_has_been_gone_for_an_hour(looking: Looking) -> None:
    """However long ago it was told; what is gone for a minute and comes back is not told."""
    engine, alert = looking.home.engine, Alert(P1, "overdue", "k", "w", "c")
    told = []
    for hour, minute, found in (
        (9, 0, [alert]),
        (11, 30, [alert]),
        (11, 31, []),
        (11, 32, [alert]),
        (11, 40, []),
        (12, 39, []),
        (12, 41, [alert]),
    ):
        with _at(hour, minute):
            forget_gone(engine, found)
            new = untold(engine, found, 6.0)
            note_told(engine, new)
        told += [(hour, minute)] * len(new)
    assert told == [(9, 0), (12, 41)]


def test_that_nobody_can_look_is_told(
    looking: Looking, received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once in six hours, though each look tries again; what was told before is not gone by that."""
    _set(looking, received)
    with _at(9):
        _tell(looking, None)
    before = len(received.posted)
    with monkeypatch.context() as broken:
        broken.setattr(alert_sensor, "on_call", lambda _home: 1 // 0)
        with _at(18):
            told = _tell(looking, None)
            _tell(looking, told.cursor)
    (posted,) = received.posted[before:]
    (alert,) = posted["alerts"]
    assert (alert["severity"], alert["kind"]) == (P0, "cannot look")
    assert alert["what"].startswith("cannot look: ZeroDivisionError: ")
    assert str(told.skip_reason.skip_message).startswith("cannot look: ZeroDivisionError")
    assert list(told.asset_events) == []


def test_a_landing_zone_out_of_reach_is_told_and_nothing_is_advised_that_needs_it(
    looking: Looking,
) -> None:
    """At once, and as one thing: what is late waits for it."""
    looking.landing.rename(looking.folder / "away")
    with _at(18):
        found = alerts(looking.home, looking.instance)
        report = on_call(looking.home)
    why = f"there is no landing zone at {looking.landing}"
    assert [(a.severity, a.what) for a in found if a.kind == "landing zone out of reach"] == [
        ("P0", why)
    ]
    assert "overdue" not in {alert.kind for alert in found}
    assert report.landing == why
    assert not {"repair", "predict", "backfill"} & {text.split()[1] for text in report.next}


def test_a_stray_file_of_the_landing_zone_stops_no_look(looking: Looking) -> None:
    """A schedule of a season that the calendar lacks is told; a link to nothing is a bad file."""
    shutil.copy(looking.landing / SCHEDULE, looking.landing / "nba_stats/schedule/2027-28.json")
    link = looking.landing / TEAM_LOG.replace(".json", "/2023-10-26.json")
    link.parent.mkdir()
    link.symlink_to("nowhere")
    with _at(18):
        for name in (LANDING, REPAIR):
            looking.look(name)
        on_call(looking.home)
        found = {alert.kind: alert for alert in alerts(looking.home, looking.instance)}
    alert = found["unknown season"]
    assert alert.severity == P1
    assert alert.what.startswith("nba_stats/schedule/2027-28.json: the calendar has no season")
    assert "NBA_PIPELINE_SEASONS=" in alert.what


def test_a_month_that_its_gate_refused_is_told_in_the_week_in_which_it_did() -> None:
    """Its partition is the first of the month, whenever it was trained."""
    month, trained = date(2023, 12, 1), datetime(2023, 12, 9, 4, 30, tzinfo=UTC)
    stamp = SimpleNamespace(failed={"kept_months": ("2023-12",)}, written_at=trained)
    survey = _stored("points_model", {month: stamp})
    for days, told in ((0, 1), (6, 1), (8, 0)):
        found = list(_checks(survey, trained + timedelta(days=days)))
        assert [alert.kind for alert in found] == ["gate failed"] * told


def test_a_failure_of_today_is_the_worst_where_tonights_predictions_need_it() -> None:
    """However far upstream; of yesterday, and of a table that they are not made from, it is not."""
    worst = {"nbac_schedule", "player_daily_cache", PREDICTIONS}
    others = {"prediction_accuracy", "predictions_made"}
    for day, told in ((TODAY, worst), (FIRST_DAY, set())):
        survey = SimpleNamespace(
            tables=TABLES,
            failed=lambda name, day=day: {day: "a schema"} if name in worst | others else {},
            warehouse=SimpleNamespace(failures=SimpleNamespace(marks=list)),
        )
        found = {a.what.split()[0]: a.severity for a in _failing(survey, TODAY)}
        assert found == dict.fromkeys(worst | others, P1) | dict.fromkeys(told, P0)


def test_a_check_that_fails_on_is_one_alert_as_its_week_moves() -> None:
    """Of three dates the first leaves the week at midnight; a fourth that fails is news."""
    days = [date(2024, 1, day) for day in (3, 4, 5)]
    written = datetime(2023, 10, 1, tzinfo=UTC)
    stamp = SimpleNamespace(failed={"expected_keys": ("a",)}, written_at=written)
    stamps = dict.fromkeys(days, stamp)

    def keys(day: int) -> list[str]:
        now = datetime(2024, 1, day, 12, tzinfo=clock.EASTERN)
        return [alert.key for alert in _checks(_stored("nbac_player_boxscore", stamps), now)]

    (key,) = keys(10)
    assert keys(11) == keys(12) == [key]
    stamps[date(2024, 1, 6)] = stamp
    assert keys(12) != [key]


def _due(
    late: dict[str, dict[date, str]], today: date, bypass: str | None = None
) -> SimpleNamespace:
    """A survey on which all tables are stored from the season's first day on, but for what is late."""
    stamp = SimpleNamespace(bypass=bypass)
    days = [date(2023, 10, 24) + timedelta(days=n) for n in range((today - FIRST_DAY).days + 1)]
    missing = {n: {d for d, why in of.items() if why == "missing"} for n, of in late.items()}
    return SimpleNamespace(
        tables=TABLES,
        stamps=lambda n: {d: stamp for d in days if d not in missing.get(n, ())},
        outdated=lambda n: {d: why for d, why in late.get(n, {}).items() if why != "missing"},
    )


def test_what_is_overdue_is_told_by_the_first_table_that_is_late() -> None:
    """Also of the days before yesterday, and of tables of every phase."""
    today = FIRST_DAY + timedelta(days=9)
    yesterday, before = today - timedelta(days=1), today - timedelta(days=3)
    cache = "player_daily_cache"
    late = {cache: {before: "missing", yesterday: "inputs changed"}}
    late["ml_feature_store_v2"] = {yesterday: "missing"}
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=clock.EASTERN)
    found = _late(_due(late, today), noon)
    assert found == {
        cache: {before: "is not there", yesterday: "inputs changed"},
        "ml_feature_store_v2": {yesterday: "is not there"},
    }
    early = _late(_due(late, today), noon - timedelta(minutes=1))
    assert early == {cache: {before: "is not there"}}


def test_predictions_that_are_there_are_overdue_only_where_nothing_can_be_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A change that the next look carries is no alarm; one that is barred is, with what bars it.

    But for what was made without a correction on purpose.
    """
    today = FIRST_DAY + timedelta(days=9)
    five = datetime(today.year, today.month, today.day, 17, tzinfo=clock.EASTERN)
    without = "; ".join(map(str, WITHOUT_CORRECTIONS))
    blocked = {"usage is blocked": 1}
    monkeypatch.setattr(alerts_of_tables, "before_games", lambda *_: None)
    for works, barred, bypass, told in (
        *(((1,), {}, None, 0), ((), {}, None, 0)),
        *(((), blocked, None, 1), ((), blocked, without, 0)),
    ):
        survey = _due({PREDICTIONS: {today: "inputs changed"}}, today, bypass)
        found = Found(works, barred)
        monkeypatch.setattr(alerts_of_tables, "work_of", lambda *_, found=found: found)
        alarms = list(_overdue(survey, five, {}))
        assert [a.severity for a in alarms] == [P0] * told
        assert all("usage is blocked" in a.what for a in alarms)


def test_others_may_look_while_a_slow_channel_is_told(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The installation is not held meanwhile."""
    held: list[bool] = []
    is_open = [False]

    @contextmanager
    def opened() -> Iterator[Any]:
        is_open[0] = True
        yield looking.home
        is_open[0] = False

    monkeypatch.setattr(alert_sensor, "send", lambda *_: held.append(is_open[0]) or [])
    with _at(18):
        tell(opened, None, looking.instance)
    assert held == [False]


@pytest.mark.parametrize(
    "setting", [{"alert_webhook": "http://hook:port/"}, {"alert_smtp": "mail:smtp"}]
)
def test_a_mistyped_channel_is_refused_with_the_settings(setting: dict[str, str]) -> None:
    """Not when something is to be told."""
    with pytest.raises(ValidationError):
        Settings(**setting)
