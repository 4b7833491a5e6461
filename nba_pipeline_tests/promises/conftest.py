"""A small league that several files of promises damage, and an end to the writers of each test."""

import multiprocessing
from collections.abc import Iterator
from datetime import date

import pytest

from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.simulation.sources import Sources
from nba_pipeline_tests.conftest import Lab, made_once, with_upstream

SMALL = League(teams=4, days=24, rest=0.2, seed=11)
SPAN = date(2023, 10, 24), date(2023, 11, 16)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The small league, whole, up to its predictions; never written to by a test."""
    landing = made_once(
        tmp_path_factory,
        "small",
        lambda folder: write_landing(folder, SMALL, also=Sources(consensus=True)),
    )
    home = made_once(
        tmp_path_factory,
        "small_computed",
        lambda folder: Lab(folder, landing).compute(
            with_upstream("player_prop_predictions"), *SPAN
        ),
    )
    return Lab(home, landing)


@pytest.fixture(autouse=True)
def no_writer_outlives_its_test() -> Iterator[None]:
    """One that a failed test left stopped would keep the test run from ending."""
    yield
    for writer in multiprocessing.active_children():
        writer.kill()
