"""An installation of a tiny league, for tests of runs."""

from pathlib import Path

import pytest

from nba_pipeline.cli.installation import Installation, open_installation
from nba_pipeline.simulation.league import League, write_landing


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A tiny league's installation, nothing computed."""
    home = tmp_path_factory.mktemp("home")
    write_landing(home / "landing", League(teams=4, days=12, rest=0.0, seed=3))
    return home


@pytest.fixture
def installation(home, monkeypatch) -> Installation:
    """It, opened."""
    monkeypatch.setenv("NBA_PIPELINE_HOME", str(home))
    monkeypatch.setenv("NBA_PIPELINE_LANDING", str(home / "landing"))
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    return open_installation()
