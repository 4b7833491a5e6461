"""The warehouses that the suite of the protocol runs on: Delta, and BigQuery where an emulator is."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nba_pipeline.coordination.database import connect
from nba_pipeline.warehouse.protocol import Warehouse
from nba_pipeline_tests.warehouse.scores import opened

PHASES = {"scores": 3, "leaders": 3, "others": 2, "new": 4, "said": 5}
_TERABYTE = 10**12


@pytest.fixture(scope="session")
def bigquery_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an emulated BigQuery; skips where there is none."""
    pytest.importorskip("google.cloud.bigquery", reason="needs pip install 'nba-pipeline[gcp]'")
    from nba_pipeline_tests.warehouse import emulator  # noqa: PLC0415  needs the extra gcp

    with emulator.running(tmp_path_factory.mktemp("bigquery") / "log") as address:
        yield address


@pytest.fixture(params=["delta", "bigquery"])
def another(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Warehouse]:
    """Opens the test's tables, as one more process would."""
    if request.param == "delta":
        return lambda: opened(tmp_path)
    return request.getfixturevalue("bigquery")


@pytest.fixture
def bigquery(bigquery_address: str, tmp_path: Path) -> Callable[[], Warehouse]:
    """Opens the test's tables in an emulated BigQuery, as one more process would."""
    from nba_pipeline.warehouse.bigquery import BigQueryWarehouse  # noqa: PLC0415
    from nba_pipeline_tests.warehouse import emulator  # noqa: PLC0415

    client = emulator.client(bigquery_address)
    engine = connect(f"sqlite:///{tmp_path / 'c.db'}")
    return lambda: BigQueryWarehouse(client, engine, PHASES, _TERABYTE)


@pytest.fixture
def warehouse(another: Callable[[], Warehouse]) -> Warehouse:
    """One without tables."""
    return another()
