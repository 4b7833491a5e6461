"""What is amiss is told once, to everyone who is set, the worst first; the report says the rest."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from nba_pipeline import clock
from nba_pipeline.automation.alert_sensor import REPORT, tell
from nba_pipeline.automation.alerts import P0, P1, Alert, _drops, _overdue, alerts
from nba_pipeline.automation.channels import NobodyTold, send, subject_of
from nba_pipeline.automation.on_call import on_call
from nba_pipeline.backfill import audit
from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.coordination.database import begin
from nba_pipeline.settings import Settings
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import STALLED_SECONDS
from nba_pipeline_tests.automation.looking import Looking
from nba_pipeline_tests.automation.receivers import Received, receivers
from nba_pipeline_tests.conftest import Lab, with_upstream

TODAY = date(2023, 10, 25)
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
    import shutil  # noqa: PLC0415

    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    return Looking(tmp_path, tmp_path / "landing")


@pytest.fixture
def received() -> Iterator[Received]:
    """Servers that take alerts."""
    with receivers() as servers:
        yield servers


def _set(looking: Looking, received: Received) -> None:
    vars(looking.home.settings).update(
        alert_webhook=received.url, alert_email_to="on-call@localhost", alert_smtp=received.smtp
    )


def test_predictions_of_today_are_overdue_from_five_in_the_afternoon_eastern(
    looking: Looking,
) -> None:
    """A minute before nothing is; the raw tables of yesterday that are not there are since noon."""
    with _at(16, 59):
        kinds = {alert.key for alert in alerts(looking.home)}
    assert f"overdue:{PREDICTIONS}:2023-10-25" not in kinds
    assert "overdue:nbac_player_boxscore:2023-10-24" in kinds
    assert "overdue:nbac_team_boxscore:2023-10-24" not in kinds
    with _at(17):
        found = {alert.key: alert for alert in alerts(looking.home)}
    assert found[f"overdue:{PREDICTIONS}:2023-10-25"].severity == P0
    with _at(11, 59):
        assert "overdue:nbac_player_boxscore:2023-10-24" not in {
            alert.key for alert in alerts(looking.home)
        }


def test_the_hour_is_eastern_on_both_sides_of_a_change_of_the_clocks(looking: Looking) -> None:
    """17:00 in the East is 21:00 UTC on 2023-11-04 and 22:00 UTC on 2023-11-05."""
    for day, hour in ((4, 21), (5, 22)):
        on_the_hour = datetime(2023, 11, day, hour, tzinfo=UTC)
        for moment in (on_the_hour - timedelta(minutes=1), on_the_hour):
            now = moment.astimezone(clock.EASTERN)
            found = [alert.key for alert in _overdue(looking.home.survey(), now)]
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
        told = tell(looking.home, None)
        again = tell(looking.home, told.cursor)
        assert again.skip_reason == dg.SkipReason("nothing has changed")
        tell(looking.home, None)
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
        tell(looking.home, None)
    assert len(received.posted) == 1
    with _at(0, 1, TODAY + timedelta(days=1)):
        tell(looking.home, None)
    assert len(received.posted) == 2


def test_what_reached_nobody_is_told_at_the_next_look(looking: Looking, received: Received) -> None:
    """The webhook is down and no mail server is there; when it is up it gets everything."""
    _set(looking, received)
    vars(looking.home.settings)["alert_smtp"] = "127.0.0.1:1"
    received.status = 503
    with _at(18):
        told = tell(looking.home, None)
        assert told.skip_reason
        assert "reached nobody" in str(told.skip_reason.skip_message)
        received.status = 200
        tell(looking.home, told.cursor)
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
    found = {alert.kind: alert for alert in alerts(looking.home)}
    assert "12 games of 400" in found["gate failed"].what
    assert found["lease recovered"].what.startswith("dead: its process is gone")


def test_a_backfill_that_somebody_gave_is_told_when_it_has_ended(looking: Looking) -> None:
    """Not while a table of it is queued; a run that a sensor asked for is not told."""
    progress = Progress(looking.home.engine)
    with begin(looking.home.engine) as connection:
        audit.write(connection, "backfill", backfill_id="mine")
    progress.queue("mine", "run-1", {"nbac_schedule": 3, "nbac_team_boxscore": 3})
    progress.queue("repair_sensor-1", "run-2", {"nbac_schedule": 3})
    progress.start("run-1", "nbac_schedule", 3)
    progress.finish("run-1", "nbac_schedule", 2.0, "3 written")
    progress.finish("run-2", "nbac_schedule", 2.0, "3 written")
    assert [a for a in alerts(looking.home) if a.kind == "backfill finished"] == []
    progress.fail("run-1", "nbac_team_boxscore", 1.0)
    (alert,) = [a for a in alerts(looking.home) if a.kind == "backfill finished"]
    assert alert.what == "mine: 2 tables in 3 s, 1 failed"
    assert alert.command == "nba-pipeline diff mine"


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
    assert "backfill stalled" not in {alert.kind for alert in alerts(looking.home)}
    monkeypatch.setitem(vars(STALLED_SECONDS), "value", -3)
    (alert,) = [a for a in alerts(looking.home) if a.kind == "backfill stalled"]
    assert alert.what.startswith("slow: nbac_schedule (3 partitions) takes ")
    assert alert.what.endswith("expected 1 s")


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
        return list(_drops(SimpleNamespace(tables={table.name: table}, stamps=lambda _n: stamps)))

    (alert,) = dropped(97)
    assert "97.0% of its expected keys, usually 100.0%; missing key 0, key 1, key 2" in alert.what
    assert dropped(99) == []


def test_nothing_is_amiss_in_the_off_season(looking: Looking) -> None:
    """Nothing is overdue in July, and the report says why nothing is predicted."""
    with _at(18, day=date(2023, 7, 15)):
        assert [a for a in alerts(looking.home) if a.kind == "overdue"] == []
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
        first = tell(looking.home, None)
    with _at(10, 20):
        again = tell(looking.home, first.cursor)
    (event,) = first.asset_events
    assert isinstance(event, dg.AssetMaterialization)
    assert event.asset_key == dg.AssetKey(REPORT)
    assert "nba-pipeline predict" in str(event.metadata["next"].value)
    assert list(again.asset_events) == []
