"""Four simulated days of files, with and without the first three stored, and who looks at them."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from nba_pipeline import clock
from nba_pipeline.automation import sensors
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.automation.looking import Looking

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
