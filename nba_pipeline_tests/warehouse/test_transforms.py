"""Every table comes out of BigQuery as it comes out of DuckDB, from the same rows."""

import math
from contextlib import ExitStack
from datetime import date

import pytest

from nba_pipeline.coordination.database import connect
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.queries import call, told_in_python
from nba_pipeline.kernel.columns import OWN
from nba_pipeline.model import promotion, systems
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import TRAINING_MINIMUM_GAMES
from nba_pipeline.warehouse.copying import copy
from nba_pipeline.warehouse.protocol import Warehouse
from nba_pipeline_tests.conftest import FIRST, LAST, Lab
from nba_pipeline_tests.warehouse.scores import opened

_TERABYTE = 10**12
_FEW = 20
NOVEMBER, DECEMBER = date(2023, 11, 1), date(2023, 12, 1)
Row = dict[str, object]
_BY_RUN = {"run_id", "written_at", "made_at"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def emulated(tmp_path_factory, bigquery_address, landed, league: Lab) -> Lab:
    """The same league landed in an emulated Cloud Storage, on an emulated BigQuery without a table."""
    from nba_pipeline.warehouse.bigquery import BigQueryWarehouse  # noqa: PLC0415
    from nba_pipeline_tests.warehouse import emulator  # noqa: PLC0415

    lab = Lab(tmp_path_factory.mktemp("emulated"), league.landing_folder)
    lab.landing = Landing(landed, lab.folder / "parsed")
    engine = connect(f"sqlite:///{lab.folder / 'books.db'}")
    phases = {name: table.phase for name, table in TABLES.items()}
    client = emulator.client(bigquery_address)
    lab.warehouse = BigQueryWarehouse(client, engine, phases, _TERABYTE)
    return lab


def _differences(expected: list[Row], found: list[Row]) -> list[tuple[str, object, object]]:
    """The values that are not the same, with their columns."""
    return [
        (column, row[column], other[column])
        for row, other in zip(expected, found, strict=True)
        for column in row
        if column not in _BY_RUN and _differs(row[column], other[column])
    ]


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
    assert _differences(league.rows(name), emulated.rows(name)) == []


def _made(league: Lab, warehouse: Warehouse) -> tuple[list[Row], list[Row]]:
    """The models of two months and what they say, made in the warehouse of the league's rows."""
    model, predictions = TABLES["points_model"], TABLES["player_prop_predictions"]
    inputs = {}
    for read in (*model.reads, *predictions.reads):
        rows = league.warehouse.table(read.table)
        inputs[read.parameter] = warehouse.stage(rows.drop(*OWN).to_pyarrow())
    none = inputs["points_model"].to_pyarrow().slice(0, 0)
    behind = {read.parameter: inputs[read.parameter] for read in model.reads}
    behind["earlier"] = warehouse.stage(none)
    models = warehouse.stage(call(model.transform, behind, partitions=[NOVEMBER, DECEMBER]))
    asked = {read.parameter: inputs[read.parameter] for read in predictions.reads}
    asked["points_model"] = models
    with ExitStack() as staged:
        asked |= told_in_python(predictions, asked, warehouse, staged)
        said = warehouse.stage(call(predictions.transform, asked))
    keys = [*predictions.grain]
    return (
        models.order_by("month").to_pyarrow().to_pylist(),
        said.drop("made_at").order_by(keys).to_pyarrow().to_pylist(),
    )


def test_models_are_trained_and_asked_alike(league, bigquery, tmp_path, monkeypatch) -> None:
    """Of the same rows: bytes of the trees, figures, and what every system says with them.

    The league has too few games for a model, on any warehouse, so that fewer are enough here.
    """
    monkeypatch.setitem(vars(TRAINING_MINIMUM_GAMES), "value", _FEW)
    monkeypatch.setattr(promotion, "refusals", lambda *_: [])
    delta, emulated = (_made(league, each) for each in (opened(tmp_path), bigquery()))
    models, said = delta
    assert [row["status"] for row in models] == ["bootstrap", "trained"]
    assert {row["system"] for row in said} > {*systems.FORMULAS}
    for expected, found in zip(delta, emulated, strict=True):
        assert _differences(expected, found) == []
