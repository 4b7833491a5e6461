"""The house holds together: one table is one file, one key, one function, one test."""

import ast
import hashlib
import importlib
from pathlib import Path

import dagster as dg
import pytest

import nba_pipeline
from nba_pipeline import thresholds
from nba_pipeline.definitions import defs
from nba_pipeline.engine.meaning import modules_of
from nba_pipeline.engine.verdicts import check_names
from nba_pipeline.kernel.table import Table
from nba_pipeline.model.features import FEATURE_VERSION, FEATURES
from nba_pipeline.tables import TABLES

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
MEANINGS = TESTS / "versions_snapshot.txt"


@pytest.mark.parametrize(("phase", "name"), FILES)
def test_file_key_group_and_function_share_one_name(phase: str, name: str) -> None:
    """The file's name is the asset's key, the function's name, and its folder the group."""
    module = importlib.import_module(f"nba_pipeline.{phase}.{name}")
    table = getattr(module, name)
    assert isinstance(table, Table)
    assert table.name == name
    assert table.group == phase
    definition = defs.get_assets_def(name)
    assert definition.key == dg.AssetKey(name)
    assert definition.group_names_by_key == {dg.AssetKey(name): phase}


@pytest.mark.parametrize(("phase", "name"), FILES)
def test_every_table_has_a_test_of_its_own(phase: str, name: str) -> None:
    """The tests mirror the tables."""
    assert (TESTS / phase / f"test_{name}.py").exists()


def test_every_table_file_is_in_the_definitions() -> None:
    """No table file is left out, and none is listed twice."""
    assert sorted(table.name for table in TABLES.values()) == sorted(name for _, name in FILES)


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


def snapshot() -> str:
    """What the declarations come to, as text."""
    lines = []
    for name, table in sorted(TABLES.items(), key=lambda item: (item[1].group, item[0])):
        reads = " ".join(f"{read.table}({read.reach})" for read in table.reads)
        lines.append(f"{name} v{table.version} {table.group} {table.partitions}")
        lines.append(f"  reads {reads or '-'}")
        lines.append(f"  sources {' '.join(s.name for s in table.sources) or '-'}")
        lines.append(f"  checks {' '.join(check_names(table))}")
        columns = table.schema.to_schema().columns
        lines += [f"  column {column} {spec.dtype}" for column, spec in columns.items()]
    lines.append(f"features v{FEATURE_VERSION}")
    lines += [f"  feature {name}" for name in FEATURES]
    return "\n".join(lines) + "\n"


def test_definitions_are_as_in_the_snapshot() -> None:
    """Assets, versions, dependencies, checks, columns and features change only on purpose.

    After a change on purpose: python -m nba_pipeline_tests.test_house
    """
    assert snapshot() == SNAPSHOT.read_text()


def _code_of(path: Path) -> str:
    """A fingerprint of what a file computes: its syntax without docstrings and descriptions."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            node.keywords = [k for k in node.keywords if k.arg != "description"]
        body = getattr(node, "body", None)
        if isinstance(body, list):
            texts = [
                n for n in body if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)
            ]
            node.body = [n for n in body if n not in texts] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:12]


def meanings() -> str:
    """Each versioned file with its version and the fingerprint of its code, as text."""
    versions: dict[str, int] = {}
    for name, table in TABLES.items():
        versions[f"{table.group}/{name}"] = table.version
        for source in table.sources:
            module = getattr(source.parse, "func", source.parse).__module__
            versions[module.removeprefix("nba_pipeline.").replace(".", "/")] = source.version
    for module in (m for table in TABLES.values() for m in modules_of(table)):
        name = module.removeprefix("nba_pipeline.").replace(".", "/")
        versions.setdefault(name, getattr(importlib.import_module(module), "VERSION", 0))
    versions["thresholds"] = thresholds.VERSION
    lines = [
        f"{name} v{version} {_code_of(ROOT / f'{name}.py')}"
        for name, version in sorted(versions.items())
    ]
    return "\n".join(lines) + "\n"


def test_what_computes_has_the_version_of_its_code() -> None:
    """A change of code is a new version, or was looked at and means the same.

    Count the file's version up where rows may come out differently; then, in either case:
    python -m nba_pipeline_tests.test_house
    """
    assert meanings() == MEANINGS.read_text()


def test_every_module_of_formulas_has_a_version() -> None:
    """Nothing that a table's rows are made with is without a version to count up."""
    assert [line for line in meanings().splitlines() if " v0 " in line] == []


def test_definitions_load() -> None:
    """Dagster accepts the whole graph."""
    dg.Definitions.validate_loadable(defs)


def test_importing_a_table_touches_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing does nothing: no folder appears where the process stands."""
    monkeypatch.chdir(tmp_path)
    importlib.reload(importlib.import_module("nba_pipeline.settings"))
    importlib.reload(importlib.import_module("nba_pipeline.phase_2_raw.nbac_schedule"))
    assert list(tmp_path.iterdir()) == []


if __name__ == "__main__":
    SNAPSHOT.write_text(snapshot())
    MEANINGS.write_text(meanings())
