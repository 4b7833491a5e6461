"""What no source says anything of is not asked for, and nothing is lost by it."""

import shutil
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
import pytest

from nba_pipeline.engine.inputs import read_inputs, stage
from nba_pipeline.engine.lineage import lineage_of
from nba_pipeline.engine.queries import call
from nba_pipeline.kernel.table import Table
from nba_pipeline.phase_1_sources.nba_gamebook import nba_gamebook as gamebook
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule as schedule
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.simulation.sources import ALL_SOURCES
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline_tests.conftest import FIRST, RAW, Lab
from nba_pipeline_tests.fallback_files import put_fallback_of

DAY = FIRST + timedelta(days=3)
REJECTED = TABLES["rejected_rows"]
OF_SOURCES = [name for name in TABLES if TABLES[name].sources and TABLES[name].needs_sources]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory) -> Lab:
    """Four days of which every source that is simulated speaks, and the fallback of the last."""
    folder = tmp_path_factory.mktemp("spoken")
    landing = folder / "landing"
    every_day = replace(ALL_SOURCES, plays_every=1, odds_every=1, reports_every=1)
    write_landing(landing, League(teams=4, days=4, rest=0.0, seed=3), also=every_day)
    put_fallback_of(landing, str(DAY))
    lab = Lab(folder, landing)
    lab.compute([name for name in TABLES if TABLES[name].phase == 2], FIRST, DAY)
    return lab


def without_sources(table: Table, lab: Lab, staged: ExitStack) -> dict[str, ir.Table]:
    """The table's inputs of the last day, with nothing of what its sources say."""
    inputs = read_inputs(table, [DAY], lab.warehouse, lab.landing, staged)
    for source in table.sources:
        for name in (source.name, f"{source.name}_rejected"):
            none = inputs[name].schema().to_pyarrow().empty_table()
            inputs[name] = stage(none, f"{table.name}__{name}", lab.warehouse, staged)
    return inputs


@pytest.mark.parametrize("name", OF_SOURCES)
def test_a_table_that_needs_its_sources_has_no_row_without_them(spoken: Lab, name: str) -> None:
    """Nor has any of its parts; whatever else it reads is of a whole day of games."""
    table = TABLES[name]
    with ExitStack() as staged:
        inputs = without_sources(table, spoken, staged)
        for part, function in table.parts.items():
            inputs[part] = call(function, inputs)
            assert inputs[part].count().to_pyarrow().as_py() == 0, part
        assert call(table.transform, inputs).count().to_pyarrow().as_py() == 0


@pytest.mark.parametrize("name", ["shot_sources", "nbac_player_boxscore", "nbac_team_boxscore"])
def test_a_table_that_does_not_need_them_has_rows_without(spoken: Lab, name: str) -> None:
    """Of the schedule's games, or of the fallback, which is a table and no source of theirs."""
    assert name not in OF_SOURCES
    with ExitStack() as staged:
        inputs = without_sources(TABLES[name], spoken, staged)
        assert call(TABLES[name].transform, inputs).count().to_pyarrow().as_py() > 0


@pytest.fixture
def asked(monkeypatch) -> dict[str, bool]:
    """Whether a query was asked for what is staged under each name, or none."""
    found: dict[str, bool] = {}
    plain = DeltaWarehouse.stage

    def noted(warehouse: DeltaWarehouse, rows, name: str | None = None) -> ir.Table:
        found[str(name)] = not isinstance(rows, pa.Table)
        return plain(warehouse, rows, name)

    monkeypatch.setattr(DeltaWarehouse, "stage", noted)
    return found


def test_only_what_a_source_speaks_of_is_asked(
    tmp_path: Path, league_landing: Path, asked: dict[str, bool]
) -> None:
    """Game books come on the second day alone, and one that cannot be read says so much."""
    landing = shutil.copytree(league_landing, tmp_path / "landing")
    lab = Lab(tmp_path, landing)
    tables = [*RAW, "nbac_gamebook_player_stats"]
    lab.compute(tables, FIRST, FIRST)
    assert asked["nbac_player_boxscore__rows"]
    assert asked["rejected_rows__rejected_by_nbac_schedule"]
    assert not asked["nbac_gamebook_player_stats__rows"]
    assert not asked["rejected_rows__rejected_by_nbac_gamebook_player_stats"]
    assert lab.warehouse.stamps("nbac_gamebook_player_stats")[FIRST].present == 0
    second = FIRST + timedelta(days=1)
    game, *_ = lab.landing.load(schedule, [second]).rows.query("game_date == @second").game_id
    book = landing / gamebook.place / f"{game}.pdf"
    book.parent.mkdir()
    book.write_bytes(b"no PDF")
    lab = Lab(tmp_path, landing)
    lab.compute(tables, second, second)
    assert asked["nbac_gamebook_player_stats__rows"]
    assert asked["rejected_rows__rejected_by_nbac_gamebook_player_stats"]
    assert not asked["rejected_rows__rejected_by_injury_transactions"]
    (told,) = lab.rows("rejected_rows")
    assert told["source_file"] == book.relative_to(landing).as_posix()


def test_the_lineage_of_a_table_in_parts_is_that_of_one_query(
    tmp_path: Path, league_landing: Path
) -> None:
    """Column by column, as if the parts were written out in its transform."""
    lab = Lab(tmp_path, league_landing)
    found = lab.compute(RAW, FIRST, FIRST)["rejected_rows"].lineage
    with ExitStack() as staged:
        inputs = read_inputs(REJECTED, [FIRST], lab.warehouse, lab.landing, staged)
        parts = {name: call(function, inputs) for name, function in REJECTED.parts.items()}
        whole = call(REJECTED.transform, {**inputs, **parts})
        assert found == lineage_of(REJECTED, whole, inputs)
    assert ("rejected_rows__nba_gamebook", "player_name") in found["value"]
