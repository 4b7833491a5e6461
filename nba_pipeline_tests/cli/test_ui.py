"""Dagster's UI, started as a user starts it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
_START = "from nba_pipeline.cli.main import app; app()"
_TABLES = '{"query": "{ assetNodes { assetKey { path } } }"}'


def _tables(port: int) -> list[str]:
    """The assets that it shows; none before it answers."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", _TABLES.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            told = json.load(answer)
    except (urllib.error.URLError, ConnectionError):
        return []
    return [node["assetKey"]["path"][0] for node in told["data"]["assetNodes"]]


def test_it_starts_without_a_warning(tmp_path: Path) -> None:
    """From the project's folder too, where a dagster.yaml lies that is not the instance's."""
    assert (ROOT / "dagster.yaml").exists()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = os.environ | {"NBA_PIPELINE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    places.pop("DAGSTER_HOME", None)
    log = tmp_path / "ui.log"
    process = subprocess.Popen(
        [sys.executable, "-c", _START, "ui", "--port", str(port)],
        env=places,
        cwd=ROOT,
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 180
        while not (shown := _tables(port)) and time.monotonic() < end:
            time.sleep(0.5)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    assert "nbac_schedule" in shown
    told = log.read_text()
    assert "arning" not in told, told
    assert "dagster.yaml" not in told, told
