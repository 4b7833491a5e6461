"""The settings alone choose the warehouse, and say what is missing for it."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nba_pipeline.cli.main import app
from nba_pipeline.coordination.database import connect
from nba_pipeline.errors import WrongRequest
from nba_pipeline.settings import Settings
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline.warehouse.opening import open_warehouse


def _open(folder: Path, warehouse: str) -> object:
    settings = Settings(home=folder, warehouse=warehouse)
    return open_warehouse(settings, connect(f"sqlite:///{folder / 'c.db'}"), dict)


def test_delta_is_what_there_is_without_settings(tmp_path) -> None:
    """In the installation's folder, or in the one named."""
    assert isinstance(_open(tmp_path, ""), DeltaWarehouse)
    assert Settings(home=tmp_path).warehouse_place == f"delta:{tmp_path / 'warehouse'}"
    assert Settings(warehouse="delta:/a/b").warehouse_place == "delta:/a/b"
    assert Settings(warehouse="bigquery:league").warehouse_place == "bigquery:league"


@pytest.mark.parametrize("setting", ["bigquery:", "delta:", "snowflake:league", "bigquery"])
def test_a_warehouse_that_is_none_is_refused(tmp_path, setting) -> None:
    """With the two that there are."""
    with pytest.raises(WrongRequest, match=r"delta:<folder> or bigquery:<project>"):
        _open(tmp_path, setting)


def test_without_credentials_it_says_what_to_set(tmp_path, monkeypatch) -> None:
    """At once, since nothing is asked of Google."""
    pytest.importorskip("dagster_gcp", reason="needs the extra gcp")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    with pytest.raises(
        WrongRequest, match=r"bigquery:league: no credentials .*missing\.json.* Set GOOGLE_APPL"
    ):
        _open(tmp_path, "bigquery:league")


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch) -> None:
    """By name."""
    monkeypatch.setitem(sys.modules, "dagster_gcp", None)
    with pytest.raises(WrongRequest, match=r"pip install 'nba-pipeline\[gcp\]'"):
        _open(tmp_path, "bigquery:league")


@pytest.mark.parametrize(
    ("name", "place", "instead"),
    [
        ("NBA_PIPELINE_WAREHOUSE", "bigquery:league", "NBA_PIPELINE_WAREHOUSE=delta:<folder>"),
        ("NBA_PIPELINE_LANDING", "gs://league/landing", "it to a folder"),
    ],
)
def test_a_backfill_without_credentials_ends_before_it_begins(
    tmp_path, monkeypatch, name, place, instead
) -> None:
    """With code 2 and what to set, for tables and for the landing zone."""
    pytest.importorskip("dagster_gcp", reason="needs the extra gcp")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    monkeypatch.setenv("NBA_PIPELINE_HOME", str(tmp_path))
    monkeypatch.setenv(name, place)
    told = CliRunner().invoke(app, ["backfill", "--from", "2023-10-24", "--to", "2023-10-25"])
    said = " ".join(told.stderr.split())
    assert told.exit_code == 2, told.output
    assert f"{name}={place}: no credentials of Google Cloud" in said
    assert "Set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account's key" in said
    assert f"or set {instead} to work without it" in said
