"""The program itself on BigQuery and Cloud Storage, chosen by settings alone."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from nba_pipeline_tests.conftest import FIRST, with_upstream
from nba_pipeline_tests.program import Program

BOX_SCORE = "nbac_player_boxscore"
LAST = FIRST + timedelta(days=2)
SPAN = ("--from", str(FIRST), "--to", str(LAST))
WORDS = (*SPAN, *(word for name in with_upstream(BOX_SCORE) for word in ("--tables", name)))


@pytest.fixture
def program(tmp_path, monkeypatch, bigquery_address, landed) -> Program:
    """One whose credentials are an emulator's."""
    from dagster_gcp import BigQueryResource  # noqa: PLC0415  part of the extra gcp

    from nba_pipeline_tests.warehouse import emulator  # noqa: PLC0415

    client = emulator.client(bigquery_address)

    @contextmanager
    def get_client(resource: BigQueryResource) -> Iterator[Any]:
        assert resource.project == client.project
        yield client

    monkeypatch.setattr(BigQueryResource, "get_client", get_client)
    monkeypatch.setenv("NBA_PIPELINE_WAREHOUSE", f"bigquery:{client.project}")
    return Program(tmp_path / "home", landed)


def test_a_backfill_is_computed_there_once(program, league) -> None:
    """Under leases, with Dagster's events and Delta's rows; after it nothing is left to do."""
    done = program.call("backfill", *WORDS)
    assert done.exit_code == 0, done.output
    query = f"SELECT game_id, player_id, pts FROM {BOX_SCORE} ORDER BY game_id, player_id"
    asked = program.call("sql", query, "--format", "json")
    rows = league.warehouse.table(BOX_SCORE, FIRST, LAST).order_by("game_id", "player_id")
    expected = rows.select("game_id", "player_id", "pts").to_pyarrow().to_pylist()
    assert json.loads(asked.stdout) == expected
    again = program.call("backfill", *WORDS)
    assert again.output.startswith("nothing to do"), again.output
