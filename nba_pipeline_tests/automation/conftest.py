"""Simulated days of files, with and without some of them stored, and who looks at them."""

import json
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

STORED_BY = 10
"""A token after those of the runs that stored what is there."""
THIRD_EVENING = datetime(2023, 10, 26, 22, tzinfo=clock.EASTERN)


@pytest.fixture
def third_evening(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It is the evening of the third of four days, and reading takes as long as it takes."""
    monkeypatch.setattr(sensors, "_READING_SECONDS", 1000)
    with clock.set_to(THIRD_EVENING):
        yield


@pytest.fixture(scope="session")
def four_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four days of files, of which what the sensor asked for was done; no test changes it."""

    def make(folder: Path) -> None:
        write_landing(folder / "landing", League(teams=4, days=4, rest=0.0, seed=3))
        looking = Looking(folder, folder / "landing")
        with clock.set_to(THIRD_EVENING), pytest.MonkeyPatch.context() as patch:
            patch.setattr(sensors, "_READING_SECONDS", 1000)
            (request,) = looking.look()
            looking.carry_out(request)
            assert looking.look() == []
        (folder / "cursors.json").write_text(json.dumps(looking.cursors))

    return made_once(tmp_path_factory, "four_days", make)


@pytest.fixture
def looking(four_days: Path, tmp_path: Path) -> Looking:
    """Four days of files, of which nothing is stored."""
    shutil.copytree(four_days / "landing", tmp_path / "landing")
    return Looking(tmp_path, tmp_path / "landing")


@pytest.fixture
def stored(four_days: Path, tmp_path: Path) -> Looking:
    """The same, of which the days up to the third are stored."""
    shutil.copytree(four_days, tmp_path, dirs_exist_ok=True)
    looking = Looking(tmp_path, tmp_path / "landing")
    looking.lab._token = STORED_BY
    looking.cursors = json.loads((four_days / "cursors.json").read_text())
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
