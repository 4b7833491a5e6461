"""The program, called in this process on an installation of its own."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from nba_pipeline.cli.main import app


class Program:
    """The program where home and landing zone are these folders."""

    def __init__(self, home: Path, landing: Path) -> None:
        self._places = {
            "NBA_PIPELINE_HOME": str(home),
            "NBA_PIPELINE_LANDING": str(landing),
            "DAGSTER_HOME": str(home / "dagster"),
        }

    def call(self, *words: str) -> Result:
        """What came of the words."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._places.items():
                patch.setenv(name, value)
            return CliRunner().invoke(app, list(words))

    def told(self, *words: str) -> Any:
        """What it prints as JSON, whatever its exit code."""
        return json.loads(self.call(*words, "--json").stdout)
