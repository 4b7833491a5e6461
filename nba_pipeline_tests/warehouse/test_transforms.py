"""Every table comes out of BigQuery as it comes out of DuckDB, from the same rows."""

import math

import ibis
import pytest

from nba_pipeline.coordination.database import connect
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import FIRST, LAST, Lab

_TERABYTE = 10**12
_BY_RUN = {"run_id", "written_at", "made_at"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def emulated(tmp_path_factory, bigquery_address, league: Lab) -> Lab:
    """The same league on an emulated BigQuery, without a table yet."""
    from nba_pipeline.warehouse.bigquery import BigQueryWarehouse  # noqa: PLC0415
    from nba_pipeline_tests.warehouse import emulator  # noqa: PLC0415

    lab = Lab(tmp_path_factory.mktemp("emulated"), league.landing_folder)
    engine = connect(f"sqlite:///{lab.folder / 'books.db'}")
    phases = {name: table.phase for name, table in TABLES.items()}
    client = emulator.client(bigquery_address)
    lab.warehouse = BigQueryWarehouse(client, engine, phases, _TERABYTE)
    return lab


def _carry_over(league: Lab, emulated: Lab, name: str) -> None:
    """Stores the table as DuckDB computed it, with its stamps."""
    rows = league.warehouse.table(name)
    held = ibis.memtable(rows.to_pyarrow(), schema=rows.schema())
    staged = emulated.warehouse.stage(held, f"{name}__carried_over")
    stamps = [*league.warehouse.stamps(name).values()]
    emulated.warehouse.replace(TABLES[name].storage, staged, stamps, lambda: None)
    stored = {day: s.content for day, s in emulated.warehouse.stamps(name).items()}
    assert stored == {stamp.partition: stamp.content for stamp in stamps}


def _differs(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return not math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one != other


@pytest.mark.parametrize("name", [*TABLES])
def test_a_table_is_the_same_on_both(league, emulated, name) -> None:
    """Keys, texts and whole numbers exactly, floats to a billionth, each from DuckDB's inputs."""
    for above in TABLES[name].upstream:
        if above not in emulated.warehouse.names():
            _carry_over(league, emulated, above)
    emulated.compute([name], FIRST, LAST, force=True)
    expected, found = league.rows(name), emulated.rows(name)
    assert len(found) == len(expected)
    different = [
        (column, row[column], other[column])
        for row, other in zip(expected, found, strict=True)
        for column in row
        if column not in _BY_RUN and _differs(row[column], other[column])
    ]
    assert different == []
