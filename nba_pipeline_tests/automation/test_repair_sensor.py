"""What a change has made stale is computed again, that and nothing else."""

import gzip
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from nba_pipeline import clock
from nba_pipeline.automation import run_requests, sensors
from nba_pipeline.automation.schedules import BEFORE_GAMES
from nba_pipeline.automation.sensors import LANDING, REPAIR
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.automation.looking import Looking, days, one_rebound_more, rewritten, tables
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.league_files import PLAYER_LOG, SCHEDULE

FIRST, SECOND, LAST = (date(2023, 10, day) for day in (24, 25, 28))
NOW = datetime(2023, 10, 29, 5, tzinfo=clock.EASTERN)
CONTEXT = "upcoming_player_game_context"
Cells = set[tuple[str, date]]


@pytest.fixture(autouse=True)
def _morning_after(monkeypatch) -> Iterator[None]:
    """It is the morning after the last of five days, and reading takes as long as it takes."""
    monkeypatch.setattr(sensors, "_READING_SECONDS", 1000)
    with clock.set_to(NOW):
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """Five days computed in full, and sensors that have seen them; no test changes them."""
    folder = tmp_path_factory.mktemp("five_days")
    write_landing(folder / "landing", League(teams=4, days=5, rest=0.0, seed=3))
    with clock.set_to(NOW), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensors, "_READING_SECONDS", 1000)
        Lab(folder, folder / "landing").compute([*TABLES], FIRST, LAST)
        looking = Looking(folder, folder / "landing")
        assert looking.settle(LANDING, REPAIR) == []
    (folder / "cursors.json").write_text(json.dumps(looking.cursors))
    return folder


@pytest.fixture
def looking(whole: Path, tmp_path: Path) -> Looking:
    """A copy of them, and what the sensors remember."""
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    found = Looking(tmp_path, tmp_path / "landing")
    found.lab._token = 10
    found.cursors = json.loads((whole / "cursors.json").read_text())
    return found


def _inputs(lab: Lab) -> dict[tuple[str, date], str]:
    return {(n, d): s.inputs for n in TABLES for d, s in lab.warehouse.stamps(n).items()}


def test_a_correction_is_carried_as_far_as_its_inputs_changed_and_no_further(
    looking: Looking, tmp_path: Path
) -> None:
    """The day's first line has another rebound; the days before it are left alone."""
    computed = _carried_exactly(looking, tmp_path / "other", SECOND)
    assert ("player_daily_cache", LAST) in computed
    assert ("player_game_summary", FIRST) not in computed


@pytest.mark.slow
def test_a_correction_of_one_real_game_is_carried_exactly(
    real_landing: Path, tmp_path: Path
) -> None:
    """2023-12-05, corrected a week later."""
    for name in ("schedule", "league_game_log/team", "league_game_log/player"):
        path = tmp_path / "landing/nba_stats" / name / "2023-24.json"
        path.parent.mkdir(parents=True)
        found = real_landing / "nba_stats" / name / "2023-24.json.gz"
        path.write_bytes(gzip.decompress(found.read_bytes()))
    first, last = date(2023, 10, 24), date(2023, 12, 12)
    with clock.set_to(datetime(2023, 12, 12, 23, tzinfo=clock.EASTERN)):
        Lab(tmp_path, tmp_path / "landing").compute([*TABLES], first, last)
        looking = Looking(tmp_path, tmp_path / "landing")
        looking.lab._token = 10
        looking.settle(LANDING, REPAIR)
        computed = _carried_exactly(looking, tmp_path / "other", date(2023, 12, 5))
    assert {day for name, day in computed if TABLES[name].phase == 2} == {date(2023, 12, 5)}
    assert ("player_daily_cache", date(2023, 12, 4)) not in computed


def _carried_exactly(looking: Looking, folder: Path, day: date) -> Cells:
    """The partitions that landing and repair compute after the day's first line has changed.

    Brute force: what a home computed from the corrected files was made from something else. Models
    are left as they are. Everything is then as in that home, and nothing is asked for any more.
    """
    before = _inputs(looking.lab)
    stored = sorted({day for _name, day in before})
    rewritten(looking.landing / PLAYER_LOG, one_rebound_more(day))
    folder.mkdir()
    brute = Lab(folder, looking.landing)
    brute.compute([*TABLES], max(stored[0], FIRST), stored[-1])
    wanted = {cell for cell, inputs in _inputs(brute).items() if inputs != before.get(cell)}
    wanted = {(name, day) for name, day in wanted if TABLES[name].partitions == "daily"}
    ran = looking.settle(LANDING, REPAIR)
    assert [name for name, _request, _done in ran] == [LANDING, REPAIR]
    computed: Cells = {
        (name, day)
        for _name, _request, done in ran
        for name, of_table in done.items()
        for day in (*of_table.replaced.written, *of_table.replaced.unchanged)
    }
    assert computed == wanted
    for name, table in TABLES.items():
        if table.partitions == "daily" and name != "predictions_made":
            assert _rows(looking.lab, name) == _rows(brute, name), name
    assert looking.settle(LANDING, REPAIR) == []
    return computed


def _rows(lab: Lab, name: str) -> list[dict[str, object]]:
    volatile = TABLES[name].volatile
    return [{n: v for n, v in row.items() if n not in volatile} for row in lab.rows(name)]


def test_newer_code_of_a_table_makes_it_and_what_reads_it_stale(whole: Path) -> None:
    """All its dates, in one run; a model is left as it is."""
    name = "player_daily_cache"
    newer = {**TABLES, name: replace(TABLES[name], version=TABLES[name].version + 1)}
    looking = Looking(whole, whole / "landing", newer)
    (request,) = looking.look(REPAIR)
    assert days(request) == [date(2023, 10, day) for day in range(24, 29)]
    asked = tables(request)
    assert asked[0] == name
    assert set(asked) <= {n for n, table in TABLES.items() if name in (n, *table.upstream)}
    assert "points_model" not in asked


def test_what_the_dry_run_of_repair_names_is_what_the_sensor_asks_for(looking: Looking) -> None:
    """Both ask the same planner."""
    from nba_pipeline.backfill.planner import plan, repairs  # noqa: PLC0415

    rewritten(looking.landing / PLAYER_LOG, one_rebound_more(SECOND))
    survey = looking.home.survey()
    request = repairs(list(TABLES.values()), survey, retrain=False)
    assert request is not None
    named = {line.table.name: set(line.stale) for line in plan(request, survey) if line.stale}
    (asked,) = looking.look(REPAIR)
    assert tables(asked) == list(named)
    assert (days(asked)[0], days(asked)[-1]) == (
        min(min(stale) for stale in named.values()),
        max(max(stale) for stale in named.values()),
    )


def test_a_correction_that_takes_too_long_comes_after_the_first_tip_off(
    looking: Looking, monkeypatch
) -> None:
    """Tonight's predictions are made without it, and say so; they are made again when it came.

    The first game begins at 20:30 in the East, and everything seems to take an hour.
    """
    monkeypatch.setattr(Progress, "expected", lambda _self, _tables: 3600.0)
    rewritten(looking.landing / PLAYER_LOG, one_rebound_more(SECOND))
    rewritten(looking.landing / SCHEDULE, _first_game_is_neutral)
    with clock.set_to(datetime(2023, 10, 28, 19, 30, tzinfo=clock.EASTERN)):
        ran = looking.settle(LANDING, REPAIR, BEFORE_GAMES)
        assert {name for name, _request, _done in ran} == {BEFORE_GAMES}
        for sensor in (LANDING, REPAIR):
            assert looking.look(sensor) == []
            assert looking.says.startswith("tonight first: put off")
        done = {name: of for _n, _r, one in ran for name, of in one.items()}
        assert LAST in done["upcoming_player_game_context"].replaced.written
        (bypass,) = {row["bypass"] for row in looking.lab.rows(CONTEXT, game_date=LAST)}
        assert str(bypass).startswith("upstream_failed: tonight first")
    with clock.set_to(datetime(2023, 10, 28, 20, 31, tzinfo=clock.EASTERN)):
        assert {name for name, _r, _d in looking.settle(LANDING, REPAIR)} == {LANDING, REPAIR}
        assert {row["bypass"] for row in looking.lab.rows(CONTEXT, game_date=LAST)} == {None}


def _first_game_is_neutral(document: Any) -> None:
    for day in document["leagueSchedule"]["gameDates"]:
        for game in day["games"]:
            if game["gameDateEst"].startswith(str(LAST)):
                game["isNeutral"] = True
                return


def test_what_another_run_writes_while_it_is_looked_for_is_not_asked_for_again(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends between the survey and the look at who is under way; the rest is found at the next look."""
    rewritten(looking.landing / PLAYER_LOG, one_rebound_more(SECOND))
    (raw,) = looking.look(LANDING)
    looking.restart()

    def has_ended(*_: Any) -> None:
        monkeypatch.undo()
        monkeypatch.setattr(sensors, "_READING_SECONDS", 1000)
        looking.carry_out(raw)

    monkeypatch.setattr(run_requests, "_in_the_way", has_ended)
    assert looking.look(REPAIR) == []
    assert looking.says.endswith("its tables were written meanwhile")
    (rest,) = looking.look(REPAIR)
    assert "player_game_summary" in tables(rest)
    assert "nbac_player_boxscore" not in tables(rest)
