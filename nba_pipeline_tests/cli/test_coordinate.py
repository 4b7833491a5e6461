"""The commands on who does what, while somebody writes."""

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.cli.installation import open_installation
from nba_pipeline.cli.main import app

CLAIM = Claim("nbac_schedule", date(2024, 1, 1), date(2024, 1, 31))


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Runs the program with the words, on a home of its own."""
    monkeypatch.setenv("NBA_PIPELINE_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    return lambda *words: CliRunner().invoke(app, list(words))


def test_maintenance_is_refused_while_somebody_writes_and_the_cancel_keeps_its_reason(call) -> None:
    """The refusal names the run; once it is cancelled maintenance goes on, and audit tells why."""
    holder = Holder.here("writer", "writer")
    open_installation().leases.acquire(holder, [CLAIM], [], purpose="a test", wait=False)
    refused = call("maintain")
    assert refused.exit_code == 1
    assert "run writer (a test; pid " in refused.stderr
    assert call("cancel", "writer", "--reason", "wrong dates").exit_code == 0
    assert call("maintain").exit_code == 0
    lines = json.loads(call("audit", "--json").stdout)
    (cancelled,) = [line for line in lines if line["action"] == "cancelled"]
    assert (cancelled["backfill"], cancelled["detail"]["reason"]) == ("writer", "wrong dates")
