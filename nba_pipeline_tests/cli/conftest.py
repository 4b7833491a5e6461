"""A home that several files of tests begin with, computed once."""

from pathlib import Path

import pytest

from nba_pipeline_tests.cli.home import OUTPUT, SPAN, Home
from nba_pipeline_tests.conftest import made_once


@pytest.fixture(scope="session")
def backfilled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a lost team line, backfilled, with what that printed; no test changes it."""

    def make(folder: Path) -> None:
        home = Home(folder)
        home.lose_a_team_line()
        result = home.call("backfill", *SPAN)
        assert result.exit_code == 0, result.output
        (folder / OUTPUT).write_text(result.output)

    return made_once(tmp_path_factory, "backfilled", make)
