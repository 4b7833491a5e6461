"""Simulated days of files, with and without some of them stored, and who looks at them."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from nba_pipeline import clock
from nba_pipeline.automation import sensors
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.automation.first_day import FIRST_DAY, at
from nba_pipeline_tests.automation.looking import Looking
from nba_pipeline_tests.conftest import Lab, made_once, with_upstream

THIRD_EVENING = datetime(2023, 10, 26, 22, tzinfo=clock.EASTERN)


@pytest.fixture
def third_evening(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It is the evening of the third of four days, and reading takes as long as it takes."""
    monkeypatch.setattr(sensors, "_READING_SECONDS", 1000)
    with clock.set_to(THIRD_EVENING):
        yield


@pytest.fixture(scope="module")
def landing(tmp_path_factory) -> Path:
    """Four days of files, which no test changes."""
    folder = tmp_path_factory.mktemp("four_days") / "landing"
    write_landing(folder, League(teams=4, days=4, rest=0.0, seed=3))
    return folder


@pytest.fixture(scope="module")
def whole(landing, tmp_path_factory) -> Looking:
    """The same, once what the sensor asked for was done; no test changes it."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(landing, folder / "landing")
    looking = Looking(folder, folder / "landing")
    with clock.set_to(THIRD_EVENING), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensors, "_READING_SECONDS", 1000)
        (request,) = looking.look()
        looking.carry_out(request)
        assert looking.look() == []
    return looking


@pytest.fixture
def looking(landing: Path, tmp_path: Path) -> Looking:
    """Four days of files, of which nothing is stored."""
    shutil.copytree(landing, tmp_path / "landing")
    return Looking(tmp_path, tmp_path / "landing")


@pytest.fixture
def stored(whole: Looking, tmp_path: Path) -> Looking:
    """The same, of which the days up to the third are stored."""
    shutil.copytree(whole.folder, tmp_path, dirs_exist_ok=True)
    looking = Looking(tmp_path, tmp_path / "landing")
    looking.lab._token = whole.lab._token
    looking.cursors = dict(whole.cursors)
    return looking


@pytest.fixture(scope="session")
def first_day_stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of `first_day`, which no test changes."""

    def make(folder: Path) -> None:
        write_landing(folder / "landing", League(teams=4, days=3, rest=0.0, seed=3))
        with at(9):
            Lab(folder, folder / "landing").compute(
                with_upstream("nbac_team_boxscore"), FIRST_DAY, FIRST_DAY
            )

    return made_once(tmp_path_factory, "first_day", make)


@pytest.fixture
def first_day(first_day_stored: Path, tmp_path: Path) -> Looking:
    """The schedule and the team box scores of the season's first day, stored."""
    shutil.copytree(first_day_stored, tmp_path, dirs_exist_ok=True)
    return Looking(tmp_path, tmp_path / "landing")
