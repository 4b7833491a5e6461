"""The settings alone choose the warehouse, and say what is missing for it."""

import builtins
from pathlib import Path

import pytest

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
    plain = builtins.__import__

    def without_google(name: str, *rest: object) -> object:
        if name.startswith("dagster_gcp"):
            raise ModuleNotFoundError(name)
        return plain(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_google)
    with pytest.raises(WrongRequest, match=r"pip install 'nba-pipeline\[gcp\]'"):
        _open(tmp_path, "bigquery:league")
