"""NBA_PIPELINE_COORDINATION: which databases it may name, and what is said where it cannot be opened."""

import sys

import pytest
from typer.testing import CliRunner

from nba_pipeline.cli.main import app
from nba_pipeline.coordination.database import connect
from nba_pipeline.errors import WrongRequest
from nba_pipeline.settings import Settings

PASSWORD = "not-to-be-told"  # noqa: S105  nobody's


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"]
)
def test_a_url_of_postgres_has_the_driver_that_dagster_needs(scheme) -> None:
    """Whatever it says; a file's URL stays as it is."""
    settings = Settings(coordination=f"{scheme}://me@host/books")
    assert settings.coordination_url == "postgresql+psycopg2://me@host/books"
    assert Settings(coordination="sqlite:////books.db").coordination_url == "sqlite:////books.db"


@pytest.mark.parametrize(
    ("url", "exit_code", "said"),
    [
        (f"mysql://me:{PASSWORD}@host/books", 2, "names mysql: expected sqlite:///<file> or"),
        (f"me:{PASSWORD}", 2, "is no SQLAlchemy URL"),
        (f"postgresql://me:{PASSWORD}@127.0.0.1:1/books", 1, "cannot be opened: connection to"),
    ],
)
def test_what_cannot_be_opened_is_told_in_a_sentence(
    tmp_path, monkeypatch, url, exit_code, said
) -> None:
    """Without the password."""
    if url.startswith("postgresql"):
        pytest.importorskip("psycopg2")
    monkeypatch.setenv("NBA_PIPELINE_HOME", str(tmp_path))
    monkeypatch.setenv("NBA_PIPELINE_COORDINATION", url)
    told = CliRunner().invoke(app, ["leases"])
    assert told.exit_code == exit_code
    assert said in " ".join(told.stderr.split())
    assert PASSWORD not in told.output


def test_a_driver_that_is_missing_is_named_with_what_to_install(monkeypatch) -> None:
    """The extra of this project."""
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(WrongRequest, match=r"pip install 'nba-pipeline\[postgres\]'"):
        connect("postgresql+psycopg2://me@host/books")
