"""The roles of deploy/postgres_roles.sql: one that runs the pipeline, one that only reads."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from nba_pipeline.backfill import audit
from nba_pipeline.backfill.leases import Leases
from nba_pipeline.cli.main import app
from nba_pipeline.coordination.database import begin, connect
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline_tests.warehouse.scores import ONE, TWO, stamp, stored, write

ROLES = Path(__file__).parents[2] / "deploy/postgres_roles.sql"


class Urls(NamedTuple):
    """The database as each role opens it."""

    writer: str
    reader: str


@pytest.fixture(scope="module")
def urls(postgres) -> Urls:
    """A database on which the file was run."""
    url = sa.make_url(postgres.database())
    text = ROLES.read_text()
    for name in ("writer_password", "reader_password"):
        text = text.replace(f":'{name}'", "'not asked for'")
    with sa.create_engine(url).begin() as connection:
        connection.exec_driver_sql(text)
    return Urls(
        *(
            url.set(username=role).render_as_string(hide_password=False)
            for role in ("nba_pipeline", "nba_pipeline_reader")
        )
    )


def test_who_reads_sees_what_who_writes_has_written(urls, tmp_path, monkeypatch) -> None:
    """Also what was written since the stamps were indexed; from the command line too."""
    writer = DeltaWarehouse(tmp_path / "warehouse", connect(urls.writer))
    write(writer, [("1", ONE, 10)], stamp(ONE))
    assert set(writer.stamps("scores")) == {ONE}
    reader = DeltaWarehouse(tmp_path / "warehouse", connect(urls.reader))
    assert set(reader.stamps("scores")) == {ONE}
    write(writer, [("2", TWO, 20)], stamp(TWO, token=2))
    assert set(reader.stamps("scores")) == {ONE, TWO}
    assert stored(reader) == {"1": 10, "2": 20}
    Leases(connect(urls.writer), 60, lambda _table: None)
    assert Leases(connect(urls.reader), 60, lambda _table: None).active() == []
    assert audit.read(connect(urls.reader)) == []
    monkeypatch.setenv("NBA_PIPELINE_HOME", str(tmp_path))
    monkeypatch.setenv("NBA_PIPELINE_COORDINATION", urls.reader)
    query = "SELECT sum(points)::INT AS points FROM scores"
    told = CliRunner().invoke(app, ["sql", query, "--format", "json"])
    assert json.loads(told.stdout) == [{"points": 30}]


@pytest.mark.parametrize("words", ["", "SET default_transaction_read_only = off"])
def test_who_reads_can_write_nothing(urls, words) -> None:
    """Not even after asking for a transaction that writes."""
    Leases(connect(urls.writer), 60, lambda _table: None)
    engine = connect(urls.reader)
    if words:
        with engine.connect() as connection:
            connection.exec_driver_sql(words)
            connection.commit()
    refused = pytest.raises(sa.exc.DBAPIError, match=r"read-only transaction|permission denied")
    with refused, begin(engine) as connection:
        audit.write(connection, audit.CANCELLED, backfill_id="any")
