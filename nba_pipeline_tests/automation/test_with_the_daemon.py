"""Real weeks day by day, with Dagster's daemon running, killed now and then, and nobody commanding.

The landing zone has no tip-off times: a day's games lie between ten in the morning and two at night,
US Eastern time. Training has its hours before the first morning of a month.
"""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time as real_time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from nba_pipeline import clock
from nba_pipeline.league import calendar
from nba_pipeline.orchestration.run_tags import WORK_TAG
from nba_pipeline.simulation.sources import ALL_SOURCES
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.automation.unattended import Unattended, lived_rows
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.dagster_client import free_port, until
from nba_pipeline_tests.replay.known import Known, Moment, real_season

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BEFORE, SEASON = "2021-22", "2022-23"
TRAINING, MORNING, NIGHT = time(5), time(10), time(2)
PREDICTIONS, MADE, GRADES = "player_prop_predictions", "predictions_made", "prediction_accuracy"
_WAITED = re.compile(
    r"^\S*(\d{4}-\d{2}-\d{2}) 1\d:.*pre_game skipped: .*(is unsettled|usage_rate_coverage)",
    re.MULTILINE,
)
"""A morning's look, US Eastern time, at which something was still to be waited for."""
_COMMAND = [sys.executable, "-c", "from nba_pipeline.cli.main import app; app()"]
_LOOKING_EVERY, _LOOKS = timedelta(minutes=10), 9
"""How far schedules' looks lie apart, and how many of them the time of a moment stands still for."""
_IDLE_LOOKS = 2
"""After how many looks without a run nothing more is waited for."""
_QUIET_SECONDS, _UNTIL_A_LOOK_SECONDS, _LONGEST_SECONDS = 12, 60, 600
SCHEDULES = {TRAINING: "monthly_training", MORNING: "pre_game", NIGHT: "post_game"}


@dataclass
class Weeks:
    """A home whose daemon runs on a clock that is moved from moment to moment."""

    folder: Path
    known: Known
    days: list[date]
    kills: int = 0
    landed: dict[date, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.landing = self.folder / "landing"
        self.unattended = Unattended(self.folder / "home", self.landing)
        self.places = {
            **{name: text for name, text in os.environ.items() if name != "DAGSTER_HOME"},
            "NBA_PIPELINE_HOME": str(self.folder / "home"),
            "NBA_PIPELINE_LANDING": str(self.landing),
            "NBA_PIPELINE_LANDING_QUIET_SECONDS": "0",
            "MOVED_CLOCK": str(self.folder / "clock"),
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent / "moved_clock"), str(ROOT)]),
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def set_clock(self, now: datetime) -> None:
        """Makes it that time for the daemon and for the runs that it launches."""
        draft = self.folder / "clock.draft"
        draft.write_text(str((now - datetime.now(UTC)).total_seconds()))
        draft.replace(self.folder / "clock")

    def command(self, *words: str, home: Path | None = None) -> None:
        """A command of the CLI."""
        places = self.places | ({"NBA_PIPELINE_HOME": str(home)} if home else {})
        done = subprocess.run(
            [*_COMMAND, *words], env=places, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Starts a code server, which needs no heartbeat that a moved clock could miss, and a daemon."""
        port = free_port()
        host = {"host": "127.0.0.1", "port": port, "location_name": "nba_pipeline.definitions"}
        workspace = self.folder / "workspace.yaml"
        # JSON is YAML.
        workspace.write_text(json.dumps({"load_from": [{"grpc_server": host}]}))
        serve = ["dagster", "api", "grpc", "-m", "nba_pipeline.definitions", "-p", str(port)]
        self._begin(*serve, "-h", "127.0.0.1")
        until(lambda: _answers(port), 120)
        self._begin("nba_pipeline_tests.automation.hurried_daemon", "run", "-w", str(workspace))

    def _begin(self, *words: str) -> None:
        self.running.append(
            subprocess.Popen(
                [sys.executable, "-m", *words],
                env=self.places | {"DAGSTER_HOME": str(self.folder / "home" / "dagster")},
                cwd=ROOT,
                stdout=(self.folder / "daemon.log").open("a"),
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        )

    def kill(self) -> None:
        """Kills the daemon and the code server, and with it the runs that were launched."""
        while self.running:
            process = self.running.pop()
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def live(self, now: datetime, moment: Moment | None, *, is_killed: bool) -> None:
        """The time comes, what has become known lands, and the daemon does what is to be done."""
        schedule, now = SCHEDULES[now.time()], now.astimezone(UTC)
        self.set_clock(now)
        for path in self.known.write(moment) if moment else ():
            os.utime(self.landing / path, (now.timestamp(), now.timestamp()))
        idle = 0
        for look in range(_LOOKS):
            runs, kills = self.unattended.instance.get_runs_count(), self.kills
            self._settle(now + look * _LOOKING_EVERY, schedule, is_killed=is_killed)
            is_killed &= kills == self.kills
            has_run = runs != self.unattended.instance.get_runs_count()
            idle = 0 if has_run else idle + 1
            if idle == _IDLE_LOOKS or (moment and self.is_done(moment, now)):
                return

    def _settle(self, now: datetime, schedule: str, *, is_killed: bool) -> None:
        """Sets the clock and waits until the schedule has looked, and nothing is under way for a while."""
        looked = self.last_look(schedule)
        self.set_clock(now)
        quiet_since = began = real_time.monotonic()
        while True:
            assert real_time.monotonic() - began < _LONGEST_SECONDS, f"{now}: {self.under_way()}"
            real_time.sleep(2)
            # A daemon's first look waits for the schedule's next time.
            is_looked = self.last_look(schedule) != looked
            is_looked |= real_time.monotonic() - began > _UNTIL_A_LOOK_SECONDS
            # A look that asks for a run is done just before the run is under way.
            active = self.under_way()
            if active or not is_looked:
                quiet_since = real_time.monotonic()
            if real_time.monotonic() - quiet_since > _QUIET_SECONDS:
                return
            if is_killed and dg.DagsterRunStatus.STARTED in active:
                real_time.sleep(random.Random(str(now)).uniform(1, 6))
                self.kill()
                self.kills, is_killed = self.kills + 1, False
                self.start()

    def last_look(self, schedule: str) -> float | None:
        """The time for which the schedule looked last, and is done; None while it never did."""
        instance = self.unattended.instance
        for state in instance.all_instigator_state():
            if state.instigator_name == schedule:
                ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=2)
                done = [t.timestamp for t in ticks if t.status.value != "STARTED"]
                return max(done, default=None)
        return None

    def under_way(self) -> list[dg.DagsterRunStatus]:
        """The states of the runs that have not ended."""
        runs = self.unattended.instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
        return [run.status for run in runs]

    def is_done(self, moment: Moment, now: datetime) -> bool:
        """Whether nothing that the day's part is for is missing, and nothing is out of date."""
        wanted = PREDICTIONS if moment.part == "morning" else GRADES
        with clock.set_to(now):
            survey = self.unattended.open_installation().survey()
            if moment.day not in survey.stamps(wanted):
                return False
            return not any(survey.outdated(n) for n, t in TABLES.items() if t.partitions == "daily")


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(
    scope="module",
    params=[pytest.param(3, id="three_days"), pytest.param(28, id="four_weeks")],
)
def weeks(request, tmp_path_factory, real_landing: Path) -> Iterator[Weeks]:
    """The season's first days after a season that was backfilled, and a morning on which all is known."""
    folder: Path = tmp_path_factory.mktemp("daemon")
    for path in real_landing.glob(f"nba_stats/**/{BEFORE}.json.gz"):
        copy = folder / "landing" / path.relative_to(real_landing)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        os.utime(copy, (0, 0))
    season = calendar.season(SEASON)
    days = season.days()[: request.param]
    truth = real_season(real_landing, SEASON, seed=23, postponed=8, moved=8)
    known = Known(
        truth, folder / "landing", dated="player", last=days[-1], seed=4, also=ALL_SOURCES
    )
    weeks = Weeks(folder, known, days)
    (folder / "home").mkdir()
    weeks.set_clock(datetime.combine(days[0] - timedelta(days=1), MORNING, clock.EASTERN))
    before = calendar.season(BEFORE)
    weeks.command("backfill", "--from", str(before.first), "--to", str(before.last))
    weeks.start()
    killed = random.Random(7).sample(days, max(1, len(days) // 5))
    try:
        for day in days:
            if day.day == 1:
                weeks.live(datetime.combine(day, TRAINING, clock.EASTERN), None, is_killed=False)
            morning = datetime.combine(day, MORNING, clock.EASTERN)
            weeks.live(morning, Moment(day, "morning"), is_killed=day in killed[::2])
            night = datetime.combine(day + timedelta(days=1), NIGHT, clock.EASTERN)
            weeks.landed[day] = night.astimezone(UTC)
            weeks.live(night, Moment(day, "night"), is_killed=day in killed[1::2])
        end = days[-1] + timedelta(days=1)
        now = datetime.combine(end, MORNING, clock.EASTERN)
        weeks.live(now, Moment(end + timedelta(days=9), "night"), is_killed=False)
        yield weeks
    finally:
        weeks.kill()


@pytest.fixture(scope="module")
def backfill(weeks: Weeks) -> Lab:
    """One backfill of the season before and of the days into an empty home, by the command."""
    home = weeks.folder / "empty"
    home.mkdir()
    first, last = str(calendar.season(BEFORE).first), str(weeks.days[-1])
    weeks.command("backfill", "--from", first, "--to", last, home=home)
    return Lab(home, weeks.landing)


@pytest.mark.parametrize(
    "table", [n for n, t in TABLES.items() if n != MADE and t.partitions == "daily"]
)
def test_every_table_equals_one_backfill(weeks: Weeks, backfill: Lab, table: str) -> None:
    """Row by row on the days lived, what says when and by whom a row was made apart."""
    first, last = weeks.days[0], weeks.days[-1]
    lived = Lab(weeks.folder / "home", weeks.landing)
    assert lived_rows(lived, table, last, first) == lived_rows(backfill, table, last, first)


def test_what_was_said_of_a_date_was_said_before_its_results_landed(weeks: Weeks) -> None:
    """Every date with a game was predicted on its own day, but for those that waited, as the daemon says."""
    warehouse = weeks.unattended.open_installation().warehouse
    made = warehouse.table(MADE).select("game_date", "made_at").to_pyarrow().to_pylist()
    said = {row["game_date"] for row in made}
    assert all(row["made_at"].astimezone(UTC) < weeks.landed[row["game_date"]] for row in made)
    waited = {
        date.fromisoformat(found[1])
        for found in _WAITED.finditer((weeks.folder / "daemon.log").read_text())
    }
    games = warehouse.table("nbac_schedule", weeks.days[0], weeks.days[-1])
    assert set(games.game_date.to_pyarrow().to_pylist()) - said <= waited
    assert len(said) > len(weeks.days) / 2


def test_no_run_was_wasted_and_what_a_kill_interrupted_was_asked_for_again(
    weeks: Weeks, capsys
) -> None:
    """Each that succeeded computed something; none failed but those that were killed; none twice."""
    instance = weeks.unattended.instance
    runs = instance.get_runs()
    ended = Counter(run.status.value for run in runs)
    succeeded = [run for run in runs if run.is_success]
    wasted = [
        run.run_id
        for run in succeeded
        if not instance.get_records_for_run(
            run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        ).records
    ]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(weeks.days)} days with the daemon: {len(runs)} runs, {dict(ended)}, "
            f"{weeks.kills} kills, {len(wasted)} wasted\n"
        )
    assert weeks.kills >= 1
    assert wasted == []
    works = Counter(run.tags.get(WORK_TAG) for run in succeeded if WORK_TAG in run.tags)
    assert [work for work, times in works.items() if times > 1] == []
    assert ended["FAILURE"] + ended["CANCELED"] <= 2 * weeks.kills
