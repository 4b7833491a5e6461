"""What the processes that are started get to know of the settings."""

import configparser
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nba_pipeline.cli.serve import Part, _places, _run
from nba_pipeline.settings import Settings

UNITS = Path(__file__).parents[2] / "docs/systemd"


def test_settings_of_a_file_reach_processes_that_start_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Places are absolute, secrets are not starred out, and what is not set stays unset."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "NBA_PIPELINE_HOME=kept\n"
        "NBA_PIPELINE_ALERT_WEBHOOK=https://chat.example.org/hook\n"
        "NBA_PIPELINE_ODDS_API_KEY=secret\n"
    )
    monkeypatch.delenv("NBA_PIPELINE_HOME", raising=False)
    places = _places(Settings())
    assert places["NBA_PIPELINE_HOME"] == str(tmp_path / "kept")
    assert places["NBA_PIPELINE_LANDING"] == str(tmp_path / "kept/landing")
    assert places["NBA_PIPELINE_ALERT_WEBHOOK"] == "https://chat.example.org/hook"
    assert places["NBA_PIPELINE_ODDS_API_KEY"] == "secret"
    assert "NBA_PIPELINE_ALERT_SMTP" not in places


@pytest.mark.parametrize("part", [Part.daemon, Part.webserver])
def test_each_part_has_a_unit_that_restarts_it_and_interrupts_its_runs(part: Part) -> None:
    """An interrupted run gives its lease back."""
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(UNITS / f"nba-pipeline-{part}.service")
    service = unit["Service"]
    assert f"nba-pipeline ui --only {part}" in service["ExecStart"]
    assert (service["Restart"], service["KillSignal"]) == ("always", "SIGINT")


def test_where_one_program_ends_the_other_is_ended_and_its_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A webserver whose port is taken leaves no daemon behind."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    (tmp_path / "fails.py").write_text(_FAILS)
    (tmp_path / "waits.py").write_text(_WAITS)
    places = {**os.environ, "PYTHONPATH": str(tmp_path)}
    assert _run([["fails"], ["waits"]], str(tmp_path), places) == 3
    assert (tmp_path / "told").exists()


def test_who_is_told_to_end_ends_what_it_started(tmp_path: Path) -> None:
    """A service manager ends the one process that it knows."""
    (tmp_path / "waits.py").write_text(_WAITS)
    call = f"from nba_pipeline.cli.serve import _run; _run([['waits']], {str(tmp_path)!r}, {{}})"
    started = subprocess.Popen([sys.executable, "-c", call])
    deadline = time.monotonic() + 30
    while not (tmp_path / "waiting").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    started.terminate()
    assert started.wait(timeout=30) == 0
    assert (tmp_path / "told").exists()


_FAILS = """
import pathlib, sys, time
while not pathlib.Path("waiting").exists():
    time.sleep(0.1)
sys.exit(3)
"""
_WAITS = """
import pathlib, signal, sys, time
def end(*_):
    pathlib.Path("told").touch()
    sys.exit()
signal.signal(signal.SIGTERM, end)
pathlib.Path("waiting").touch()
time.sleep(60)
"""
