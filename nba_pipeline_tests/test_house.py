"""The house holds together: one table is one file, one key, one function, one test."""

import ast
import hashlib
import importlib
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import dagster as dg
import pandera.ibis as pa
import pytest

import nba_pipeline
from nba_pipeline import thresholds
from nba_pipeline.definitions import defs
from nba_pipeline.engine.meaning import helpers_of, modules_of
from nba_pipeline.engine.verdicts import check_names
from nba_pipeline.kernel.columns import QUALITY, STAMP
from nba_pipeline.kernel.source import Source
from nba_pipeline.kernel.table import Table
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.lookback.provenance import REQUIRED_FAMILIES, families_of
from nba_pipeline.quality.checkpoints import checkpoint_of
from nba_pipeline.tables import SOURCES, TABLES, Undescribed, descriptions_upstream
from nba_pipeline.thresholds import STOPPING_SHARES
from nba_pipeline_tests.conftest import Lab

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
NAMES_OF_SEVERAL_THINGS = {
    "event_id": "a play of a game, and a bookmakers' event, which is a game",
    "opponent_pace": "a game's in the defense summary, a window's as a feature",
    "outcome": "what is bet on in a game, and what became of a prediction",
    "status": "a game's state, and whether a model is trained",
}

NO_FEATURES = {
    "free_throw_points_share_last_10": "the store's pct_free_throw",
    "minutes_in_last_14_days": "the store takes those of 7 days",
}


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


@pytest.mark.parametrize(("phase", "name"), FILES)
def test_an_asset_links_to_its_own_file(phase: str, name: str) -> None:
    """Dagster's UI opens the table's file at its transform."""
    key = dg.AssetKey(name)
    said = defs.get_assets_def(name).metadata_by_key[key]["dagster/code_references"]
    (reference,) = said.code_references
    assert Path(reference.file_path) == ROOT / phase / f"{name}.py"
    line = Path(reference.file_path).read_text().splitlines()[reference.line_number - 1]
    assert line.startswith("def transform(")


def test_what_the_cache_computes_is_a_feature() -> None:
    """A window that the store does not take is forgotten there, or says here why it is none."""
    cache, store = TABLES["player_daily_cache"], TABLES["ml_feature_store_v2"]
    assert set(cache.columns) - set(store.columns) == set(NO_FEATURES)


def test_every_source_is_read_by_a_table_and_has_a_test_of_its_own() -> None:
    """A source that no table reads is parsed by nobody, and nobody would say so."""
    declared = {}
    for path in (ROOT / "phase_1_sources").glob("*.py"):
        module = importlib.import_module(f"nba_pipeline.phase_1_sources.{path.stem}")
        sources = [value for value in vars(module).values() if isinstance(value, Source)]
        declared |= {source.name: path.stem for source in sources if _parser(source) == module}
    assert set(declared) == set(SOURCES)
    tests = {path.stem for path in (TESTS / "phase_1_sources").glob("test_*.py")}
    assert {f"test_{name}" for name in declared.values()} <= tests


def _parser(source: Source) -> ModuleType:
    """The module in which a source's parser is."""
    return sys.modules[getattr(source.parse, "func", source.parse).__module__]


def test_every_table_file_is_in_the_definitions() -> None:
    """No table file is left out, and none is listed twice."""
    assert sorted(table.name for table in TABLES.values()) == sorted(name for _, name in FILES)


@pytest.mark.parametrize("name", list(TABLES))
def test_every_column_is_described(name: str) -> None:
    """A column without a description says nothing to who reads the docs."""
    assert [column for column, text in TABLES[name].columns.items() if len(text) < 5] == []


@pytest.mark.parametrize("name", list(TABLES))
def test_no_column_repeats_what_is_said_upstream(name: str) -> None:
    """A description is written once, and travels with the column."""
    table = TABLES[name]
    upstream = [TABLES[up].columns for up in table.upstream] + [
        {column: added.description for column, added in STAMP.items()}
    ]
    repeated = [
        column
        for column, text in table.described.items()
        if column in table.schema.__annotations__
        and {columns[column] for columns in upstream if column in columns} == {text}
    ]
    assert repeated == []


def test_a_name_means_one_thing_in_every_table() -> None:
    """One description per name over the whole graph; those that may have several say why."""
    texts: dict[str, set[str]] = {}
    for table in TABLES.values():
        for column, text in table.columns.items():
            texts.setdefault(column, set()).add(text)
    for column, added in {**QUALITY, **STAMP}.items():
        texts.setdefault(column, set()).add(added.description)
    several = {column for column, found in texts.items() if len(found) > 1}
    assert several == set(NAMES_OF_SEVERAL_THINGS)


def test_a_column_that_nobody_describes_is_refused() -> None:
    """Neither its own table nor one upstream says what it is, or two upstream differ."""

    class Made(pa.DataFrameModel):
        points: int = pa.Field(ge=0)

    class Other(pa.DataFrameModel):
        points: int = pa.Field(ge=0, description="Something else")

    summary = TABLES["player_game_summary"]
    made = replace(summary, name="made", schema=Made)
    assert descriptions_upstream(made, [summary]) == {"points": "Points scored"}
    with pytest.raises(
        Undescribed, match="made: column points has no description, and upstream no"
    ):
        descriptions_upstream(made, [])
    other = replace(summary, name="other", schema=Other)
    with pytest.raises(Undescribed, match="'Something else' in other; say in the schema"):
        descriptions_upstream(made, [summary, other])


@pytest.mark.parametrize(
    "name", [name for name, table in TABLES.items() if "game_id" in table.columns]
)
def test_every_game_id_has_ten_digits(name: str) -> None:
    """Where the source's own text stands, which may be what is wrong with it, none is asked."""
    checks = TABLES[name].schema.to_schema().columns["game_id"].checks
    patterns = [c.statistics["pattern"] for c in checks if c.name == "str_matches"]
    assert patterns == ([] if name in ("rejected_rows", "data_gaps") else [f"{GAME_ID}$"])


@pytest.mark.parametrize("name", TABLES)
def test_a_table_file_says_which_columns_are_added(name: str) -> None:
    """Who reads its schema knows every column that its rows end up with."""
    told = " ".join((TABLES[name].schema.__doc__ or "").split())
    assert f"Every row also has {', '.join(TABLES[name].added)}." in told


@pytest.mark.parametrize("name", list(TABLES))
def test_every_check_is_described(name: str) -> None:
    """Checks say what they ask, and violations carry the sentence in their docstring."""
    table = TABLES[name]
    for function in (*table.assertions, *table.violations, *table.warnings, *table.shares):
        assert function.__doc__, function.__name__


@pytest.mark.parametrize("name", list(TABLES))
def test_every_check_is_in_a_checkpoint_that_its_own_file_names(name: str) -> None:
    """A bare validate reports every check; those of a table file stand beside their checkpoint."""
    table = TABLES[name]
    in_checkpoint = checkpoint_of(table)
    assert set(check_names(table)) <= set(in_checkpoint)
    declared = (*table.assertions, *table.violations, *table.warnings, *table.shares)
    named = {check for point in table.checkpoints for check in point.checks}
    gate = {table.refusals.__name__} if table.refusals else set()
    assert named == {check.__name__ for check in declared} | gate


@pytest.mark.parametrize("name", list(TABLES))
def test_a_table_says_what_makes_its_rows_ready_and_what_blocks_it(name: str, league: Lab) -> None:
    """Its declaration is what the stored rows carry, and what the tables that it reads stop."""
    table = TABLES[name]
    stored = league.warehouse.table(name)
    if table.is_tracked:
        assert set(families_of(stored)) == set(table.families)
        required = set(table.families) & set(REQUIRED_FAMILIES)
        assert set(table.families) - set(table.counts) == required
        # Of the simulated league nothing is said before its games: only there are no rows.
        reasons = {line["not_ready_reason"] for line in league.rows(name)}
        assert ("bootstrap" in reasons) == (table.needs_minimum_games and bool(reasons))
    assert set(stored.columns) == {*table.columns, *table.added}
    stops = [share.__name__ for read in table.reads for share in TABLES[read.table].shares]
    assert list(table.blocked_by) == [share for share in stops if share in STOPPING_SHARES]


def test_tables_are_in_the_graphs_order() -> None:
    """A table stands after every table that it reads."""
    seen: set[str] = set()
    for name, table in TABLES.items():
        assert {read.table for read in table.reads} <= seen, name
        seen.add(name)


def snapshot() -> str:
    """What the declarations come to, as text."""
    lines = []
    for name, table in sorted(TABLES.items(), key=lambda item: (item[1].group, item[0])):
        reads = " ".join(f"{read.table}({read.reach})" for read in table.reads)
        lines.append(f"{name} v{table.version} {table.group} {table.partitions}")
        lines.append(f"  reads {reads or '-'}")
        lines.append(f"  sources {' '.join(s.name for s in table.sources) or '-'}")
        lines.append(f"  ready when {' '.join(table.ready_when) or '-'}")
        lines.append(f"  blocked by {' '.join(table.blocked_by) or '-'}")
        lines.append(f"  checks {' '.join(check_names(table))}")
        lines += [f"  checkpoint {p.name}: {' '.join(p.checks)}" for p in table.checkpoints]
        columns = table.schema.to_schema().columns
        lines += [
            f"  {'feature' if column in table.features else 'column'} {column} "
            f"{columns[column].dtype}: {text}"
            for column, text in table.columns.items()
        ]
    return "\n".join(lines) + "\n"


def test_definitions_are_as_in_the_snapshot() -> None:
    """Assets, versions, dependencies, checks, columns and features change only on purpose.

    After a change on purpose: python -m nba_pipeline_tests.test_house
    """
    assert snapshot() == SNAPSHOT.read_text()


def uncounted(before: str, after: str) -> list[str]:
    """Tables of two snapshots whose columns differ under one version."""
    columns = []
    for text in (before, after):
        found: dict[str, list[str]] = {}
        for line in text.splitlines():
            if not line.startswith(" "):
                name, version = line.split()[:2]
                own = found.setdefault(f"{name} {version}", [])
            elif line.startswith(("  column ", "  feature ")):
                own.append(line.split(":")[0])
        columns.append(found)
    earlier, later = columns
    return [table for table in later if earlier.get(table, later[table]) != later[table]]


def test_other_columns_under_one_version_are_found() -> None:
    """A type, a name or a mark that changes is told by table and version; a description is not."""
    before = "a v1 phase\n  column x int64: text\nb v1 phase\n  column y int64: text\n"
    assert uncounted(before, before.replace("text", "other")) == []
    assert uncounted(before, before.replace("x int64", "x string")) == ["a v1"]
    assert uncounted(before, before.replace("column y", "feature y")) == ["b v1"]
    assert uncounted(before, before + "  column z int64: text\n") == ["b v1"]
    assert uncounted(before, before.replace("b v1", "b v2") + "  column z int64: t\n") == []
    assert uncounted(before, "c v1 phase\n  column z int64: t\n") == []


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
            module = _parser(source).__name__
            versions[module.removeprefix("nba_pipeline.").replace(".", "/")] = source.version
    modules = {m for table in TABLES.values() for m in modules_of(table)}
    modules |= {m for source in SOURCES.values() for m in helpers_of(source)}
    modules.add("nba_pipeline.engine.file_dates")
    for module in modules:
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


def test_no_expression_takes_the_least_or_greatest_of_what_may_be_unknown() -> None:
    """DuckDB leaves NULLs out of LEAST and GREATEST, BigQuery does not: bounds are clip's."""
    found = [
        path.relative_to(ROOT)
        for path in ROOT.rglob("*.py")
        if "ibis.least(" in (text := path.read_text()) or "ibis.greatest(" in text
    ]
    assert found == []


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
    if forgotten := uncounted(SNAPSHOT.read_text(), snapshot()):
        sys.exit(
            f"other columns under the version of the snapshot: {', '.join(forgotten)}; count the "
            "table's version up, and nothing stored under the old one passes for the new"
        )
    SNAPSHOT.write_text(snapshot())
    MEANINGS.write_text(meanings())
