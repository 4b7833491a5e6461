"""A simulated season of which every source speaks, and its files."""

from pathlib import Path

import pytest

from nba_pipeline.simulation.league import League, Simulated, simulate, write_landing
from nba_pipeline.simulation.sources import ALL_SOURCES
from nba_pipeline.simulation.told import Told

LEAGUE = League(teams=6, days=40, seed=6, trades=2, overtime=0.1, injuries=0.03, spoken_names=True)


@pytest.fixture(scope="module")
def played() -> Simulated:
    """A season of people with names, some of whom are injured."""
    return simulate(LEAGUE)


@pytest.fixture(scope="module")
def told(played) -> Told:
    """All that is said of it."""
    return Told(played, ALL_SOURCES, seed=LEAGUE.seed)


@pytest.fixture(scope="module")
def landing(tmp_path_factory) -> Path:
    """Its files."""
    folder = tmp_path_factory.mktemp("landing")
    write_landing(folder, LEAGUE, also=ALL_SOURCES)
    return folder
