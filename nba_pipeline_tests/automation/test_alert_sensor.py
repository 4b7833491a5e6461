"""What is amiss is told once, to everyone who is set, the worst first; the report says the rest."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from pydantic import ValidationError

from nba_pipeline import clock
from nba_pipeline.automation import alert_sensor
from nba_pipeline.automation.alert import P0, P1, Alert
from nba_pipeline.automation.alert_sensor import REPORT, tell
from nba_pipeline.automation.alerts import alerts
from nba_pipeline.automation.alerts_of_tables import _overdue
from nba_pipeline.automation.alerts_told import forget_gone, make_sure, note_told, untold
from nba_pipeline.automation.channels import NobodyTold, send, subject_of
from nba_pipeline.automation.on_call import on_call
from nba_pipeline.automation.sensors import LANDING, REPAIR
from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.coordination.database import connect
from nba_pipeline.orchestration.run_tags import RANGE_TAGS
from nba_pipeline.settings import Settings
from nba_pipeline_tests.automation.first_day import PREDICTIONS, TODAY, at, failed_run
from nba_pipeline_tests.automation.looking import Looking
from nba_pipeline_tests.automation.receivers import Received, receivers
from nba_pipeline_tests.league_files import SCHEDULE, TEAM_LOG


@pytest.fixture
def received() -> Iterator[Received]:
    """Servers that take alerts."""
    with receivers() as servers:
        yield servers


def _tell(first_day: Looking, cursor: str | None) -> dg.SensorResult:
    return tell(lambda: nullcontext(first_day.home), cursor, first_day.instance)


def _set(first_day: Looking, received: Received) -> None:
    vars(first_day.home.settings).update(
        alert_webhook=received.url, alert_email_to="on-call@localhost", alert_smtp=received.smtp
    )


def test_predictions_of_today_are_overdue_from_five_in_the_afternoon_eastern(
    first_day: Looking,
) -> None:
    """A minute before nothing is; the raw tables of yesterday that are not there are since noon."""
    with at(16, 59):
        kinds = {alert.key for alert in alerts(first_day.home, first_day.instance)}
    assert f"overdue:{PREDICTIONS}:2023-10-25" not in kinds
    assert "overdue:nbac_player_boxscore:2023-10-24" in kinds
    assert "overdue:nbac_team_boxscore:2023-10-24" not in kinds
    with at(17):
        found = {alert.key: alert for alert in alerts(first_day.home, first_day.instance)}
    assert found[f"overdue:{PREDICTIONS}:2023-10-25"].severity == P0
    with at(11, 59):
        assert "overdue:nbac_player_boxscore:2023-10-24" not in {
            alert.key for alert in alerts(first_day.home, first_day.instance)
        }


def test_the_hour_is_eastern_on_both_sides_of_a_change_of_the_clocks(first_day: Looking) -> None:
    """17:00 in the East is 21:00 UTC on 2023-11-04 and 22:00 UTC on 2023-11-05."""
    for day, hour in ((4, 21), (5, 22)):
        on_the_hour = datetime(2023, 11, day, hour, tzinfo=UTC)
        for moment in (on_the_hour - timedelta(minutes=1), on_the_hour):
            now = moment.astimezone(clock.EASTERN)
            found = [alert.key for alert in _overdue(first_day.home.survey(), now, {})]
            is_overdue = f"overdue:{PREDICTIONS}:2023-11-0{day}" in found
            assert is_overdue is (moment == on_the_hour)


def test_an_alert_is_told_once_by_webhook_and_mail_and_again_after_hours(
    first_day: Looking, received: Received
) -> None:
    """Grouped into one message each, the worst first, each with the command that shows more."""
    _set(first_day, received)
    reason = {TODAY: "SchemaViolated: points below 0"}
    first_day.lab.warehouse.failures.mark(PREDICTIONS, reason, "run-7")
    with at(18):
        told = _tell(first_day, None)
        again = _tell(first_day, told.cursor)
        assert again.skip_reason == dg.SkipReason("nothing has changed")
        _tell(first_day, None)
    (posted,), (mail,) = received.posted, received.mails
    assert posted["alerts"][0]["severity"] == P0
    failed = next(a for a in posted["alerts"] if a["kind"] == "run failed")
    assert failed["what"] == (
        f"{PREDICTIONS} 2023-10-25 to 2023-10-25 (1): SchemaViolated: points below 0 (run run-7)"
    )
    assert failed["command"].startswith("nba-pipeline status --from 2023-10-25")
    assert "Subject: nba-pipeline: P0 overdue" in mail
    assert "SchemaViolated: points below 0" in mail.replace("=\r\n", "")
    with at(23, 59):
        _tell(first_day, None)
    assert len(received.posted) == 1
    with at(0, 1, TODAY + timedelta(days=1)):
        _tell(first_day, None)
    assert len(received.posted) == 2


def test_what_reached_nobody_is_told_at_the_next_look(
    first_day: Looking, received: Received
) -> None:
    """The webhook is down and no mail server is there; when it is up it gets everything."""
    _set(first_day, received)
    vars(first_day.home.settings)["alert_smtp"] = "127.0.0.1:1"
    received.status = 503
    with at(18):
        told = _tell(first_day, None)
        assert told.skip_reason
        assert "reached nobody" in str(told.skip_reason.skip_message)
        received.status = 200
        _tell(first_day, told.cursor)
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


def test_nothing_is_amiss_in_the_off_season(first_day: Looking) -> None:
    """Nothing is overdue in July, and the report says why nothing is predicted."""
    with at(18, day=date(2023, 7, 15)):
        assert [a for a in alerts(first_day.home, first_day.instance) if a.kind == "overdue"] == []
        report = on_call(first_day.home)
    assert report.tonight["is_season"] is False
    assert report.next == []


def test_the_report_names_who_runs_who_was_stopped_and_the_next_command(first_day: Looking) -> None:
    """A backfill holds dates; another was cancelled with its reason; predictions are to be made."""
    leases = first_day.home.leases
    claim = Claim("nbac_schedule", TODAY, TODAY)
    other = Claim("nbac_schedule", date(2023, 12, 1), date(2023, 12, 2))
    leases.acquire(Holder.here("one", "one"), [claim], [], purpose="schedule", wait=False)
    leases.acquire(Holder.here("two", "two"), [other], [], purpose="schedule", wait=False)
    leases.cancel("two", "wrong dates")
    with clock.set_to(clock.now()), at(18):
        report = on_call(first_day.home)
    assert [line["run"] for line in report.running] == ["one"]
    assert report.next[0] == "nba-pipeline progress one"
    assert f"nba-pipeline predict --date {TODAY}" in report.next
    shares = {(line["table"], line["checkpoint"]): line["share"] for line in report.checkpoints}
    assert shares["nbac_team_boxscore", "expected_keys"] == 1.0
    now = on_call(first_day.home)
    stopped = [(line["action"], line["backfill"], line["why"]) for line in now.stopped]
    assert ("cancelled", "two", "wrong dates") in stopped


def test_the_report_is_an_asset_that_is_told_when_it_says_something_else(
    first_day: Looking,
) -> None:
    """The same report is not told twice."""
    with at(10):
        first = _tell(first_day, None)
    with at(10, 20):
        again = _tell(first_day, first.cursor)
    (event,) = first.asset_events
    assert isinstance(event, dg.AssetMaterialization)
    assert event.asset_key == dg.AssetKey(REPORT)
    assert "nba-pipeline predict" in str(event.metadata["next"].value)
    assert list(again.asset_events) == []


def test_a_failure_that_was_told_by_its_partition_is_not_told_again_once_that_is_mended(
    first_day: Looking, received: Received
) -> None:
    """The good file is put back: nothing is computed, and of the run no partition tells any more."""
    _set(first_day, received)
    failures = first_day.lab.warehouse.failures
    run_id = failed_run(
        first_day, PREDICTIONS, ValueError("a line"), dict.fromkeys(RANGE_TAGS, str(TODAY))
    )
    failures.mark(PREDICTIONS, {TODAY: "ValueError: a line"}, run_id)
    with at(10):
        _tell(first_day, None)
    failures.clear(PREDICTIONS, [TODAY])
    with at(10, 10):
        _tell(first_day, None)
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


def test_what_was_mended_and_fails_again_is_told_again(
    first_day: Looking, received: Received
) -> None:
    """Told at one, mended, and within the six hours of silence it fails once more."""
    _set(first_day, received)
    failures = first_day.lab.warehouse.failures
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
        with at(hour, minute):
            _tell(first_day, None)
    kinds = [[alert["kind"] for alert in post["alerts"]] for post in received.posted]
    assert sum("run failed" in of_post for of_post in kinds) == 2


def test_what_has_happened_is_told_once_and_what_lasts_every_six_hours(first_day: Looking) -> None:
    """For a day both are found at each look."""
    found = [
        Alert(P1, "run failed", "run:1", "w", "c", has_happened=True),
        Alert(P1, "overdue", "overdue:x", "w", "c"),
    ]
    told: list[list[str]] = []
    engine = first_day.home.engine
    for hour in range(24):
        with at(hour):
            forget_gone(engine, found)
            new = untold(engine, found, 6.0)
            note_told(engine, new)
        told.append([alert.key for alert in new])
    assert told[0] == ["run:1", "overdue:x"]
    assert [told[hour] for hour in (6, 12, 18)] == [["overdue:x"]] * 3
    assert sum(map(len, told)) == 5


def test_an_alert_is_new_once_it_has_been_gone_for_an_hour(first_day: Looking) -> None:
    """However long ago it was told; what is gone for a minute and comes back is not told."""
    engine, alert = first_day.home.engine, Alert(P1, "overdue", "k", "w", "c")
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
        with at(hour, minute):
            forget_gone(engine, found)
            new = untold(engine, found, 6.0)
            note_told(engine, new)
        told += [(hour, minute)] * len(new)
    assert told == [(9, 0), (12, 41)]


def test_that_nobody_can_look_is_told(
    first_day: Looking, received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once in six hours, though each look tries again; what was told before is not gone by that."""
    _set(first_day, received)
    with at(9):
        _tell(first_day, None)
    before = len(received.posted)
    with monkeypatch.context() as broken:
        broken.setattr(alert_sensor, "on_call", lambda _home: 1 // 0)
        with at(18):
            told = _tell(first_day, None)
            _tell(first_day, told.cursor)
    (posted,) = received.posted[before:]
    (alert,) = posted["alerts"]
    assert (alert["severity"], alert["kind"]) == (P0, "cannot look")
    assert alert["what"].startswith("cannot look: ZeroDivisionError: ")
    assert str(told.skip_reason.skip_message).startswith("cannot look: ZeroDivisionError")
    assert list(told.asset_events) == []


def test_a_landing_zone_out_of_reach_is_told_and_nothing_is_advised_that_needs_it(
    first_day: Looking,
) -> None:
    """At once, and as one thing: what is late waits for it."""
    first_day.landing.rename(first_day.folder / "away")
    with at(18):
        found = alerts(first_day.home, first_day.instance)
        report = on_call(first_day.home)
    why = f"there is no landing zone at {first_day.landing}"
    assert [(a.severity, a.what) for a in found if a.kind == "landing zone out of reach"] == [
        ("P0", why)
    ]
    assert "overdue" not in {alert.kind for alert in found}
    assert report.landing == why
    assert not {"repair", "predict", "backfill"} & {text.split()[1] for text in report.next}


def test_a_stray_file_of_the_landing_zone_stops_no_look(first_day: Looking) -> None:
    """A schedule of a season that the calendar lacks is told; a link to nothing is a bad file."""
    shutil.copy(first_day.landing / SCHEDULE, first_day.landing / "nba_stats/schedule/2027-28.json")
    link = first_day.landing / TEAM_LOG.replace(".json", "/2023-10-26.json")
    link.parent.mkdir()
    link.symlink_to("nowhere")
    with at(18):
        for name in (LANDING, REPAIR):
            first_day.look(name)
        on_call(first_day.home)
        found = {alert.kind: alert for alert in alerts(first_day.home, first_day.instance)}
    alert = found["unknown season"]
    assert alert.severity == P1
    assert alert.what.startswith("nba_stats/schedule/2027-28.json: the calendar has no season")
    assert "NBA_PIPELINE_SEASONS=" in alert.what


def test_others_may_look_while_a_slow_channel_is_told(
    first_day: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The installation is not held meanwhile."""
    held: list[bool] = []
    is_open = [False]

    @contextmanager
    def opened() -> Iterator[Any]:
        is_open[0] = True
        yield first_day.home
        is_open[0] = False

    monkeypatch.setattr(alert_sensor, "send", lambda *_: held.append(is_open[0]) or [])
    with at(18):
        tell(opened, None, first_day.instance)
    assert held == [False]


@pytest.mark.parametrize(
    "setting", [{"alert_webhook": "http://hook:port/"}, {"alert_smtp": "mail:smtp"}]
)
def test_a_mistyped_channel_is_refused_with_the_settings(setting: dict[str, str]) -> None:
    """Not when something is to be told."""
    with pytest.raises(ValidationError):
        Settings(**setting)
