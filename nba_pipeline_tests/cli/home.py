"""An installation of its own for a test, and the program on it."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nba_pipeline.cli.main import app
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.league_files import TEAM_LOG, damaged

FIRST, LAST = date(2023, 10, 24), date(2023, 11, 6)
DAYS = (LAST - FIRST).days + 1
SPAN = ["--from", str(FIRST), "--to", str(LAST)]
LOST = 60
OUTPUT = "output.txt"
"""What the backfill of a home printed, in its folder."""


class Home:
    """An installation of its own, and the program on it."""

    def __init__(self, folder: Path, copied_from: Path | None = None) -> None:
        self.folder = folder
        source = folder / "source"
        self.landing = folder / "landing"
        if copied_from:
            shutil.copytree(copied_from, folder, dirs_exist_ok=True)
        else:
            write_landing(source, League(teams=6, days=14, rest=0.0, seed=3))
            shutil.copytree(source, self.landing)
        self.whole = (source / TEAM_LOG).read_text()
        self.places = {
            "NBA_PIPELINE_HOME": str(folder / "home"),
            "NBA_PIPELINE_LANDING": str(self.landing),
            "DAGSTER_HOME": str(folder / "home/dagster"),
        }

    def lose_a_team_line(self) -> None:
        """Takes line number LOST out of the team log."""
        damaged(self.landing, self.folder, TEAM_LOG, lambda rows: rows.pop(LOST))

    def call(self, *words: str) -> Result:
        """Runs the program with the words."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.places.items():
                patch.setenv(name, value)
            return CliRunner().invoke(app, list(words))

    def told(self, *words: str):
        """What it prints as JSON."""
        result = self.call(*words)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)
