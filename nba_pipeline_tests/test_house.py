"""The house holds together: one table is one file, one key, one function, one test."""

import importlib
from pathlib import Path

import dagster as dg
import pytest

import nba_pipeline
from nba_pipeline.definitions import TABLE_ASSETS, TABLES, defs
from nba_pipeline.kernel.asset import TableAsset
from nba_pipeline.kernel.judgement import check_names
from nba_pipeline.model.features import FEATURES

ROOT = Path(nba_pipeline.__file__).parent
TESTS = Path(__file__).parent
PHASES = sorted(p.name for p in ROOT.glob("phase_*") if p.name != "phase_1_sources")
FILES = sorted(
    (phase, path.stem)
    for phase in PHASES
    for path in (ROOT / phase).glob("*.py")
    if path.stem != "__init__"
)
SNAPSHOT = TESTS / "definitions_snapshot.txt"


@pytest.mark.parametrize(("phase", "name"), FILES)
def test_file_key_group_and_function_share_one_name(phase: str, name: str) -> None:
    """The file's name is the asset's key, the function's name, and its folder the group."""
    module = importlib.import_module(f"nba_pipeline.{phase}.{name}")
    asset = getattr(module, name)
    assert isinstance(asset, TableAsset)
    assert asset.table.name == name
    assert asset.table.group == phase
    assert asset.definition.key == dg.AssetKey(name)
    assert asset.definition.group_names_by_key == {dg.AssetKey(name): phase}


@pytest.mark.parametrize(("phase", "name"), FILES)
def test_every_table_has_a_test_of_its_own(phase: str, name: str) -> None:
    """The tests mirror the tables."""
    assert (TESTS / phase / f"test_{name}.py").exists()


def test_every_table_file_is_in_the_definitions() -> None:
    """No table file is left out, and none is listed twice."""
    assert sorted(table.name for table in TABLES.values()) == sorted(name for _, name in FILES)
    assert len(TABLE_ASSETS) == len(FILES)


@pytest.mark.parametrize("name", list(TABLES))
def test_every_column_is_described(name: str) -> None:
    """A column without a description says nothing to who reads the docs."""
    assert [column for column, text in TABLES[name].columns.items() if len(text) < 5] == []


@pytest.mark.parametrize("name", list(TABLES))
def test_every_check_is_described(name: str) -> None:
    """Checks say what they ask, and violations carry the sentence in their docstring."""
    table = TABLES[name]
    for function in (*table.assertions, *table.violations, *table.warnings, *table.shares):
        assert function.__doc__, function.__name__


def test_tables_are_in_the_graphs_order() -> None:
    """A table stands after every table that it reads."""
    seen: set[str] = set()
    for name, table in TABLES.items():
        assert {read.table for read in table.reads} <= seen, name
        seen.add(name)


def test_features_are_columns_of_the_store() -> None:
    """The list of features names columns of ml_feature_store_v2 and nothing else."""
    columns = list(TABLES["ml_feature_store_v2"].columns)
    assert [name for name in columns if name in FEATURES] == [
        f for f in columns if f in set(FEATURES)
    ]
    assert set(FEATURES) <= set(columns)


def test_definitions_are_as_in_the_snapshot() -> None:
    """Assets, versions, dependencies and checks change only on purpose.

    After a change on purpose, write the text that the failure shows to the snapshot.
    """
    lines = []
    for name, table in TABLES.items():
        reads = " ".join(f"{read.table}({read.reach})" for read in table.reads)
        lines.append(f"{name} v{table.version} {table.group} {table.partitions}")
        lines.append(f"  reads {reads or '-'}")
        lines.append(f"  sources {' '.join(s.name for s in table.sources) or '-'}")
        lines.append(f"  checks {' '.join(check_names(table))}")
    assert "\n".join(lines) + "\n" == SNAPSHOT.read_text()


def test_definitions_load() -> None:
    """Dagster accepts the whole graph."""
    dg.Definitions.validate_loadable(defs)


def test_importing_a_table_touches_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing does nothing: no folder appears where the process stands."""
    monkeypatch.chdir(tmp_path)
    importlib.reload(importlib.import_module("nba_pipeline.kernel.settings"))
    importlib.reload(importlib.import_module("nba_pipeline.phase_2_raw.nbac_schedule"))
    assert list(tmp_path.iterdir()) == []
