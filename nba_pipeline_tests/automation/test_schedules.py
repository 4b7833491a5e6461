"""Schedules ask for what is there to be done, and wait for what is not."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from nba_pipeline import clock
from nba_pipeline.automation import sensors
from nba_pipeline.automation.pending import PendingWork
from nba_pipeline.automation.schedules import AFTER_GAMES, BEFORE_GAMES, TRAINING
from nba_pipeline.automation.sensors import LANDING
from nba_pipeline.automation.work import work_of
from nba_pipeline.backfill.planner import Request
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.automation.looking import Looking, days, rewritten, tables
from nba_pipeline_tests.league_files import SCHEDULE

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
    (request,) = looking.look(AFTER_GAMES)
    assert days(request) == [FIRST]


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
    found = work_of(PendingWork((request,)), survey, {"nbac_schedule": {SECOND}})
    assert [work.days for work in found.works] == [[FIRST], [SECOND], [THIRD]]
    whole, part, _whole = ({t.name for t in work.request.tables} for work in found.works)
    kept_out = {t.name for t in RAW if {"nbac_schedule"} & {t.name, *t.upstream}}
    assert whole - part == kept_out
    assert found.barred["cancelled"] == 1


@pytest.mark.usefixtures("_morning")
def test_the_same_work_has_the_same_identity_and_other_content_another(looking: Looking) -> None:
    """Whoever looks, and whenever; what is wanted and what is stored decide."""
    wish = PendingWork((Request(RAW, FIRST, FIRST),))
    (one,) = work_of(wish, looking.home.survey()).works
    looking.restart()
    (same,) = work_of(wish, looking.home.survey()).works
    assert one.identity == same.identity
    rewritten(looking.landing / SCHEDULE, _first_game_is(LIVE))
    (other,) = work_of(wish, looking.home.survey()).works
    assert other.identity != one.identity
