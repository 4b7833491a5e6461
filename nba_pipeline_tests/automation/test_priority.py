"""Tonight's predictions come first: what corrections may take, and by when they are out of the way."""

import json
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import ibis
import pytest

from nba_pipeline import clock
from nba_pipeline.automation import attempts, pending, sensors
from nba_pipeline.automation.pending import WITHOUT_CORRECTIONS, PendingWork, repaired
from nba_pipeline.automation.priority import is_correction, next_tip_off, without_corrections
from nba_pipeline.automation.schedules import AFTER_GAMES, BEFORE_GAMES
from nba_pipeline.automation.sensors import LANDING, REPAIR
from nba_pipeline.automation.work import Work, _brings_results, _untold, work_of
from nba_pipeline.backfill.planner import Request
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.engine.verdicts import AssertionFailed
from nba_pipeline.orchestration.run_tags import deadline_of
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.protocol import Warehouse
from nba_pipeline_tests.automation.looking import Looking, days, one_rebound_more, rewritten, tables
from nba_pipeline_tests.conftest import Lab
from nba_pipeline_tests.league_files import PLAYER_LOG, SCHEDULE, TEAM_LOG

TODAY = date(2024, 1, 10)
TOMORROW = TODAY + timedelta(days=1)
FIRST, SECOND, THIRD, FOURTH, FIFTH = (date(2023, 10, day) for day in range(24, 29))


def _games(*games: tuple[str, datetime | None]) -> SimpleNamespace:
    """A survey of today's games: status and tip-off."""
    rows = ibis.memtable(
        [{"status": status, "tipoff_at": at} for status, at in games],
        schema={"status": "string", "tipoff_at": "timestamp('UTC')"},
    )
    warehouse = SimpleNamespace(table=lambda *_: rows)
    return SimpleNamespace(stamps=lambda _name: {TODAY: None}, warehouse=warehouse)


def _eastern(hour: int, minute: int = 0, day: date = TODAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=clock.EASTERN)


def test_the_next_tip_off_is_of_a_game_that_is_still_to_come() -> None:
    """Not of the noon game, nor of one that is postponed; without tip-offs it is seven o'clock.

    After the last of today's it is tomorrow's, of which the schedule is not stored yet.
    """
    evening = [("scheduled", _eastern(22, 30)), ("scheduled", _eastern(20))]
    matinee = ("final", _eastern(12)), ("live", _eastern(18)), ("postponed", _eastern(19, 30))
    with clock.set_to(_eastern(18, 50)):
        assert next_tip_off(_games(*matinee, *evening)) == _eastern(20)
        assert next_tip_off(_games(*matinee)) == _eastern(19, day=TOMORROW)
        assert next_tip_off(_games(("scheduled", None))) == _eastern(19)
    with clock.set_to(_eastern(20, 5)):
        assert next_tip_off(_games(*matinee, *evening)) == _eastern(22, 30)
        assert next_tip_off(_games(("scheduled", None))) == _eastern(19, day=TOMORROW)


def test_between_seasons_there_is_no_tip_off() -> None:
    """Nothing hurries a correction in July."""
    with clock.set_to(_eastern(12, day=date(2024, 7, 10))):
        assert next_tip_off(_games()) is None


@pytest.fixture(scope="module")
def three_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three of five days computed in full, and sensors that have seen them. No test changes them."""
    folder = tmp_path_factory.mktemp("three_days")
    write_landing(folder / "landing", League(teams=4, days=5, rest=0.0, seed=3))
    with clock.set_to(_eastern(5, day=FOURTH)), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensors, "_READING_SECONDS", 1000)
        Lab(folder, folder / "landing").compute([*TABLES], FIRST, THIRD)
        looking = Looking(folder, folder / "landing")
        looking.lab._token = 10
        looking.settle(LANDING, REPAIR)
    (folder / "cursors.json").write_text(json.dumps(looking.cursors))
    return folder


@pytest.fixture(scope="module")
def before_results(three_days: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """They, and two mornings on which no result of the fourth day had landed. No test changes them."""
    folder = tmp_path_factory.mktemp("before_results")
    with pytest.MonkeyPatch.context() as patch:
        looking = _copied(three_days, folder, patch)
        _as_before(looking.landing, FOURTH)
        for morning in (FOURTH, FIFTH):
            with clock.set_to(_eastern(10, day=morning)):
                looking.settle(LANDING, REPAIR, BEFORE_GAMES)
    (folder / "cursors.json").write_text(json.dumps(looking.cursors))
    return folder


def _copied(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Looking:
    """A copy of the home, and what its sensors remember."""
    monkeypatch.setattr(sensors, "_READING_SECONDS", 1000)
    shutil.copytree(home, folder, dirs_exist_ok=True)
    found = Looking(folder, folder / "landing")
    # After the tokens of those who stored what is there.
    found.lab._token = 1000
    found.cursors = json.loads((home / "cursors.json").read_text())
    return found


@pytest.fixture
def looking(three_days: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Looking:
    """The three days, with sensors that have seen them."""
    return _copied(three_days, tmp_path, monkeypatch)


@pytest.fixture
def results_late(
    three_days: Path, before_results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Looking:
    """All of the fourth day is stored as it was before its games; its results have landed since."""
    found = _copied(before_results, tmp_path, monkeypatch)
    found.lab._token *= 2
    for path in (SCHEDULE, PLAYER_LOG, TEAM_LOG):
        (found.landing / path).write_text((three_days / "landing" / path).read_text())
    _as_before(found.landing, FIFTH)
    return found


def _takes(monkeypatch: pytest.MonkeyPatch, hours: float) -> None:
    monkeypatch.setattr(Progress, "expected", lambda _self, _tables: 3600 * hours)


def test_a_schedule_leaves_to_later_what_repair_was_put_off_for(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes up the night that it is for, without the correction, under a recorded bypass."""
    evening = _eastern(18, day=FOURTH + timedelta(days=1))
    with clock.set_to(evening):
        rewritten(looking.landing / PLAYER_LOG, one_rebound_more(SECOND))
        looking.settle(LANDING)
        _takes(monkeypatch, 6)
        assert looking.look(REPAIR) == []
        assert looking.says.startswith("tonight first: put off")
        ran = looking.settle(AFTER_GAMES)
        assert {day for _name, request, _done in ran for day in days(request)} == {FOURTH}
        assert {deadline_of(request.tags) for _name, request, _done in ran} == {None}
        (bypass,) = {r["bypass"] for r in looking.lab.rows("player_daily_cache", game_date=FOURTH)}
        assert str(bypass).startswith("upstream_failed: tonight first")
        assert looking.look(REPAIR) == []
    with clock.set_to(evening.replace(hour=23)):
        assert {name for name, _request, _done in looking.settle(REPAIR)} == {REPAIR}
        (bypass,) = {r["bypass"] for r in looking.lab.rows("player_daily_cache", game_date=FOURTH)}
        assert bypass is None


@pytest.mark.parametrize("is_made", [False, True])
def test_a_months_model_that_could_not_wait_for_a_correction_is_trained_again_after_it(
    monkeypatch: pytest.MonkeyPatch, *, is_made: bool
) -> None:
    """Once that is made, and alone; one under a bypass that somebody gave serves on."""
    october, november = date(2023, 10, 1), date(2023, 11, 1)
    stamps = {
        october: SimpleNamespace(bypass="upstream_stale: it was good enough"),
        november: SimpleNamespace(bypass=f"upstream_missing: a file; {WITHOUT_CORRECTIONS[0]}"),
    }
    survey = SimpleNamespace(
        tables=TABLES, stamps=lambda name: stamps if name == "points_model" else {}
    )
    monkeypatch.setattr(pending, "repairs", lambda *_, **__: None)
    monkeypatch.setattr(pending, "outlived", lambda _table, days, _survey: days if is_made else [])
    asked = [([t.name for t in r.tables], r.first, r.last) for r in repaired(survey).requests]
    assert asked == ([(["points_model"], november, november)] if is_made else [])


@pytest.mark.parametrize("name", [REPAIR, AFTER_GAMES, BEFORE_GAMES])
def test_a_correction_is_told_by_when_it_has_to_be_out_of_the_way_whoever_asks(
    looking: Looking, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The first game begins at 20:30: time is left for a look every ten minutes, and for its run."""
    today = FOURTH if name == BEFORE_GAMES else FOURTH + timedelta(days=1)
    with clock.set_to(_eastern(9, day=today)):
        rewritten(looking.landing / PLAYER_LOG, one_rebound_more(SECOND))
        looking.settle(LANDING)
        _takes(monkeypatch, 9)
        (request,) = looking.look(name)
        assert SECOND in days(request) or THIRD in days(request)
        assert deadline_of(request.tags) == _eastern(20, 5, day=today)


def test_a_correction_that_has_landed_is_put_off_like_any_other(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tonight's predictions are asked for without it; of a night that is not stored it is none."""
    with clock.set_to(_eastern(18, day=FOURTH)):
        rewritten(looking.landing / PLAYER_LOG, one_rebound_more(SECOND))
        _takes(monkeypatch, 6)
        assert looking.look(LANDING) == []
        assert looking.says.startswith("tonight first: put off")
        (request,) = looking.look(BEFORE_GAMES)
        assert days(request) == [FOURTH]
        assert request.tags["nba_pipeline/bypass"] == "upstream_stale,upstream_failed"
        looking.restart()
    with clock.set_to(_eastern(23, day=FOURTH)):
        (request,) = looking.look(LANDING)
        assert SECOND in days(request)
        assert deadline_of(request.tags) == _eastern(18, 35, day=FOURTH + timedelta(days=1))


@pytest.mark.parametrize(
    ("name", "of", "expected"),
    [
        ("nbac_schedule", [TODAY - timedelta(days=1)], True),
        ("player_daily_cache", [TODAY - timedelta(days=1), TODAY], True),
        ("player_daily_cache", [TODAY - timedelta(days=2), TODAY - timedelta(days=1)], False),
        ("nbac_schedule", [FIRST, TODAY - timedelta(days=1)], True),
        ("nbac_schedule", [FIRST, FIRST + timedelta(days=1)], False),
        ("points_model", [TODAY.replace(day=1)], False),
    ],
)
def test_results_are_of_last_night_or_of_a_night_that_is_still_open(
    monkeypatch: pytest.MonkeyPatch, name: str, of: list[date], *, expected: bool
) -> None:
    """Whenever its rows were stored: of the first night the schedule has an open game, of no other."""
    survey = Survey(TABLES, cast(Warehouse, None), cast(Landing, None))
    open_days = {"nbac_schedule": {FIRST: "a game is open"}}
    monkeypatch.setattr(survey, "unsettled", lambda name: open_days.get(name, {}))
    with clock.set_to(_eastern(17)):
        assert _brings_results({name: dict.fromkeys(of, "stale")}, survey) is expected


@pytest.mark.parametrize(
    ("first", "is_stored", "only_stored", "brings_results", "expected"),
    [
        (FIRST, True, set(), False, True),
        (FIRST, False, set(), False, False),
        (FIRST, False, {"nbac_schedule"}, False, True),
        (FIRST, True, set(), True, False),
        (FIRST, False, {"nbac_schedule"}, True, False),
        (TODAY, True, set(), False, False),
        (TODAY, True, {"nbac_schedule"}, False, False),
    ],
)
def test_a_correction_is_of_what_is_stored_and_begins_before_today(
    *, first: date, is_stored: bool, only_stored: set[str], brings_results: bool, expected: bool
) -> None:
    """Or of what stored rows are to be made from, as of a table that is new in the code.

    The results of nights of which rows were stored before their games are none.
    """
    table = TABLES["nbac_schedule"]
    request = Request((table,), first, TODAY, only_stored=frozenset(only_stored))
    stale = {table.name: {first: "inputs changed"}}
    work = Work(request, stale, "an identity", is_stored, brings_results)
    with clock.set_to(_eastern(12)):
        assert is_correction(work) is expected


def test_what_takes_longer_than_a_day_begins_after_the_last_tip_off(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is out of the way of the next evening's, with all that it has done until then."""
    _takes(monkeypatch, 30)
    tonight = FOURTH
    with clock.set_to(_eastern(6, day=tonight)):
        rewritten(looking.landing / PLAYER_LOG, one_rebound_more(SECOND))
        looking.settle(LANDING)
        assert looking.look(REPAIR) == []
    with clock.set_to(_eastern(23, day=tonight)):
        (request,) = looking.look(REPAIR)
        assert "player_game_summary" in tables(request)
        assert deadline_of(request.tags) == _eastern(18, 35, day=tonight + timedelta(days=1))


def test_tonight_is_made_without_a_correction_that_has_failed_in_passing(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quarter of an hour before the deadline, and its dates are marked as failed."""
    with clock.set_to(_eastern(19, 50, day=FOURTH)):
        rewritten(looking.landing / PLAYER_LOG, one_rebound_more(SECOND))
        looking.settle(LANDING)
        (request,) = looking.look(REPAIR)
        looking.breaks(request, "player_game_summary", OSError("connection lost"))
        looking.restart()
    _takes(monkeypatch, 0.2)
    with clock.set_to(_eastern(20, day=FOURTH)):
        assert looking.look(REPAIR) == []
        assert looking.says.startswith("tonight first: put off")
        ran = looking.settle(BEFORE_GAMES)
        assert {day for _name, one, _done in ran for day in days(one)} == {FOURTH}
        assert FOURTH in looking.lab.warehouse.stamps("player_prop_predictions")
        (bypass,) = {r["bypass"] for r in looking.lab.rows("player_daily_cache", game_date=FOURTH)}
    first, second = str(bypass).split("; upstream")
    assert first.startswith("upstream_failed: tonight first")
    assert second.startswith("_stale: tonight first")


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_tonight_is_made_without_a_correction_that_nobody_makes(
    looking: Looking, *, is_cancelled: bool
) -> None:
    """It failed for good at noon, or was cancelled; it is waited for until two hours before tip-off."""
    with clock.set_to(_eastern(12, day=FOURTH)):
        rewritten(looking.landing / PLAYER_LOG, one_rebound_more(SECOND))
        looking.settle(LANDING)
        (request,) = looking.look(REPAIR)
        if is_cancelled:
            looking.run_of(request, dg.DagsterRunStatus.CANCELED)
        else:
            looking.breaks(request, "player_game_summary", AssertionFailed("points", "it is wrong"))
        looking.restart()
    with clock.set_to(_eastern(18, 20, day=FOURTH)):
        looking.settle(LANDING, REPAIR, AFTER_GAMES, BEFORE_GAMES)
        assert looking.says.startswith("cancelled (" if is_cancelled else "failed: AssertionFailed")
        assert FOURTH not in looking.lab.warehouse.stamps("player_prop_predictions")
    with clock.set_to(_eastern(18, 30, day=FOURTH)):
        ran = looking.settle(LANDING, REPAIR, AFTER_GAMES, BEFORE_GAMES)
        assert {(name, day) for name, one, _done in ran for day in days(one)} == {
            (BEFORE_GAMES, FOURTH)
        }
        assert FOURTH in looking.lab.warehouse.stamps("player_prop_predictions")
        (bypass,) = {r["bypass"] for r in looking.lab.rows("player_daily_cache", game_date=FOURTH)}
    assert "upstream_stale: tonight first" in str(bypass).replace("; upstream_failed", "")


def test_what_nobody_makes_again_is_read_as_it_is_where_corrections_are_done_without(
    looking: Looking,
) -> None:
    """Where it is stored, and of before last night; otherwise, or without the bypass, nothing is made."""
    request = Request(tuple(TABLES.values()), FOURTH, FOURTH)
    summary, cache = "player_game_summary", "player_daily_cache"

    def tables_made(left_alone: date, *, is_bypassed: bool) -> set[str]:
        wish, survey = PendingWork((request,)), looking.home.survey()
        wish = without_corrections(wish, survey) if is_bypassed else wish
        left = {summary: {left_alone: "failed: a file is wrong"}}
        with clock.set_to(_eastern(12, day=FOURTH)):
            found = work_of(wish, survey, left)
        return {table.name for work in found.works for table in work.request.tables}

    assert cache not in tables_made(SECOND, is_bypassed=False)
    assert cache in tables_made(SECOND, is_bypassed=True)
    assert cache not in tables_made(THIRD, is_bypassed=True)
    assert summary not in tables_made(FOURTH, is_bypassed=True)


def test_a_model_that_nobody_trains_again_serves_where_it_is_stored(looking: Looking) -> None:
    """Its training failed for good or was cancelled; without one nothing is predicted."""
    model, made = "points_model", "player_prop_predictions"
    left = {model: {THIRD.replace(day=1): "failed: a file is wrong"}}
    wish = PendingWork((Request((TABLES[made],), THIRD, THIRD),))
    shutil.rmtree(looking.folder / "warehouse" / made)
    for is_stored in (True, False):
        looking.restart()
        with clock.set_to(_eastern(12, day=FOURTH)):
            found = work_of(wish, looking.home.survey(), left)
        assert bool(found.works) == is_stored
        assert any(why.startswith(model) for why in found.barred) != is_stored
        shutil.rmtree(looking.folder / "warehouse" / model, ignore_errors=True)


def test_only_of_last_night_is_brought_up_to_date_what_tells_of_it_alone(looking: Looking) -> None:
    """The rest of what a request takes along waits with the correction."""
    names = ("nbac_player_boxscore", "player_game_summary", "player_daily_cache")
    taken = tuple(TABLES[name] for name in names)
    before = Request(taken, FIRST, THIRD, only_stored=frozenset(names))
    own = Request((TABLES["player_daily_cache"],), FOURTH, FOURTH)
    older = replace(before, last=SECOND)
    with clock.set_to(_eastern(12, day=FOURTH)):
        wish = without_corrections(PendingWork((older, before, own)), looking.home.survey())
    asked = [([t.name for t in r.tables], r.first, r.last, r.bypasses) for r in wish.requests]
    assert asked == [
        ([*names[:2]], THIRD, THIRD, WITHOUT_CORRECTIONS),
        ([names[2]], FOURTH, FOURTH, WITHOUT_CORRECTIONS),
    ]


def test_grades_of_last_night_wait_for_no_correction_that_nobody_makes(looking: Looking) -> None:
    """They are made in the morning, and again after it; tonight waits as long as there is time."""
    tonight = FOURTH + timedelta(days=1)
    with clock.set_to(_eastern(23, 30, day=FOURTH)):
        rewritten(looking.landing / PLAYER_LOG, one_rebound_more(SECOND))
        looking.settle(LANDING)
        (request,) = looking.look(REPAIR)
        looking.breaks(request, "player_game_summary", AssertionFailed("points", "it is wrong"))
        looking.restart()
    with clock.set_to(_eastern(6, day=tonight)):
        looking.settle(LANDING, REPAIR, AFTER_GAMES, BEFORE_GAMES)
        assert FOURTH in looking.lab.warehouse.stamps("prediction_accuracy")
        assert tonight not in looking.lab.warehouse.stamps("player_prop_predictions")


@pytest.mark.parametrize("error", [AssertionFailed("points", "it is wrong"), OSError("disk full")])
def test_tonight_is_not_made_without_the_results_of_last_night(
    results_late: Looking, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """They failed for good, or so often that they are given up; the night stands as before its games."""
    looking, tonight = results_late, FIFTH
    asking, boxscore = (LANDING, REPAIR, BEFORE_GAMES, AFTER_GAMES), "nbac_player_boxscore"
    failed = 0
    for hour in (11, 20):
        with clock.set_to(_eastern(hour, day=tonight)):
            while requests := next(filter(None, map(looking.look, asking)), []):
                for request in requests:
                    if boxscore in tables(request) and FOURTH in days(request):
                        failed += 1
                        ended = looking.breaks(request, boxscore, error)
                        # The pause is over.
                        monkeypatch.setattr(attempts.time, "time", lambda ended=ended: ended + 301)
                    else:
                        looking.carry_out(request)
                looking.restart()
            assert tonight not in looking.lab.warehouse.stamps("player_daily_cache")
            assert looking.lab.rows("player_game_summary", game_date=FOURTH) == []
    assert failed >= (2 if isinstance(error, OSError) else 1)
    survey = looking.home.survey()
    assert _untold(boxscore, [FIRST, THIRD, FOURTH], survey) == {FOURTH}
    assert _untold("nbac_injury_report", [FOURTH], survey) == set()


def test_the_results_of_last_night_are_put_off_for_nothing(
    results_late: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They land after the deadline, and of the night all tables were stored before its games.

    So are those made from them: tonight needs them.
    """
    looking, tonight = results_late, FIFTH
    _takes(monkeypatch, 0.2)
    with clock.set_to(_eastern(20, 6, day=tonight)):
        ran = looking.settle(LANDING, REPAIR, BEFORE_GAMES)
    assert [(name, days(one)[0]) for name, one, _done in ran[:2]] == [
        (LANDING, FOURTH),
        (REPAIR, FOURTH),
    ]
    assert "nbac_player_boxscore" in tables(ran[0][1])
    assert "player_game_summary" in tables(ran[1][1])
    assert {deadline_of(one.tags) for _name, one, _done in ran} == {None}
    assert {one.tags.get("nba_pipeline/bypass") for _name, one, _done in ran} == {None}


def _as_before(landing: Path, day: date) -> None:
    """The files as they are before the day's games: none of them, nor any later one, is played."""

    def scheduled(document: Any) -> None:
        for of_day in document["leagueSchedule"]["gameDates"]:
            for game in of_day["games"]:
                if game["gameDateEst"][:10] >= str(day):
                    game["gameStatus"] = 1

    def unplayed(document: Any) -> None:
        result = document["resultSets"][0]
        place = result["headers"].index("GAME_DATE")
        result["rowSet"] = [line for line in result["rowSet"] if line[place][:10] < str(day)]

    for path, change in ((SCHEDULE, scheduled), (PLAYER_LOG, unplayed), (TEAM_LOG, unplayed)):
        rewritten(landing / path, change)
