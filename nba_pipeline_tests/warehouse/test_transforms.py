"""Every table comes out of BigQuery as it comes out of DuckDB, from the same rows."""

import math

import pytest

from nba_pipeline.coordination.database import connect
from nba_pipeline.engine.landing import Landing
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.copying import copy
from nba_pipeline_tests.conftest import FIRST, LAST, Lab

_TERABYTE = 10**12
_BY_RUN = {"run_id", "written_at", "made_at"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def emulated(tmp_path_factory, bigquery_address, bucket, league: Lab) -> Lab:
    """The same league landed in an emulated Cloud Storage, on an emulated BigQuery without a table."""
    from nba_pipeline.warehouse.bigquery import BigQueryWarehouse  # noqa: PLC0415
    from nba_pipeline_tests.warehouse import emulator  # noqa: PLC0415

    lab = Lab(tmp_path_factory.mktemp("emulated"), league.landing_folder)
    lab.landing = Landing(f"{bucket}/landing", lab.folder / "parsed")
    root = lab.landing.root
    root.fs.put(f"{league.landing_folder}/", f"{root.path}/", recursive=True)
    engine = connect(f"sqlite:///{lab.folder / 'books.db'}")
    phases = {name: table.phase for name, table in TABLES.items()}
    client = emulator.client(bigquery_address)
    lab.warehouse = BigQueryWarehouse(client, engine, phases, _TERABYTE)
    return lab


def _differs(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return not math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one != other


@pytest.mark.parametrize("name", [*TABLES])
def test_a_table_is_the_same_on_both(league, emulated, name) -> None:
    """Keys, texts and whole numbers exactly, floats to a billionth, of every date and month.

    Run in order, each is computed from what was computed there before it; one that is run alone, from
    copies of DuckDB's rows.
    """
    for above in TABLES[name].upstream:
        if above not in emulated.warehouse.names():
            copy(TABLES[above].storage, league.warehouse, emulated.warehouse, lambda: None)
    done = emulated.compute([name], FIRST, LAST, force=True)[name]
    assert done.refused == {}
    assert emulated.warehouse.stamps(name).keys() == league.warehouse.stamps(name).keys()
    expected, found = league.rows(name), emulated.rows(name)
    assert len(found) == len(expected)
    different = [
        (column, row[column], other[column])
        for row, other in zip(expected, found, strict=True)
        for column in row
        if column not in _BY_RUN and _differs(row[column], other[column])
    ]
    assert different == []
