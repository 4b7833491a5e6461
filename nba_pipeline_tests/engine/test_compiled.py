"""Queries are compiled once, kept for the same code, and never taken for another's."""

import os
import time
from dataclasses import replace
from datetime import date

import ibis.expr.types as ir
import pyarrow as pa
import pytest

import nba_pipeline
from nba_pipeline.engine import compiled, queries
from nba_pipeline.engine.compute import Writer, compute
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline_tests.conftest import RAW, Lab

FIRST, LAST = date(2023, 10, 24), date(2023, 10, 27)
OFFENSE = "team_offense_game_summary"


@pytest.fixture
def lab(tmp_path, monkeypatch) -> Lab:
    """A tiny league with its raw tables, in a process that from here on knows no compiled query."""
    write_landing(tmp_path / "landing", League(teams=4, days=4, rest=0.0, seed=3))
    found = Lab(tmp_path, tmp_path / "landing")
    found.compute([*RAW, "player_game_shots"], FIRST, LAST)
    monkeypatch.setattr(queries, "_COMPILED", {})
    monkeypatch.setattr(compiled, "_FOLDER", [])
    compiled.keep_in(tmp_path / "compiled")
    return found


@pytest.fixture
def compilations(monkeypatch) -> list[ir.Table]:
    """Every expression that is compiled from here on."""
    found: list[ir.Table] = []
    plain = DeltaWarehouse.compile

    def counted(warehouse: DeltaWarehouse, rows: ir.Table) -> str:
        found.append(rows)
        return plain(warehouse, rows)

    monkeypatch.setattr(DeltaWarehouse, "compile", counted)
    return found


def test_a_process_that_is_older_than_some_of_the_code_keeps_and_takes_no_query(
    lab, compilations, monkeypatch
) -> None:
    """Of that it may have loaded what was there before, which is not what is there now."""
    lab.compute([OFFENSE], FIRST, LAST)
    kept = set(lab.folder.glob("compiled/*/*.json"))
    assert kept
    monkeypatch.setattr(nba_pipeline, "LOADED_AT", 0.0)
    monkeypatch.setattr(queries, "_COMPILED", {})
    compiled._code.cache_clear()
    try:
        compiled.keep_in(lab.folder / "compiled")
        compilations.clear()
        lab.compute([OFFENSE, "team_defense_game_summary"], FIRST, LAST, force=True)
    finally:
        compiled._code.cache_clear()
    assert len(compilations) > 1
    assert set(lab.folder.glob("compiled/*/*.json")) == kept


@pytest.mark.parametrize("text", ["", "{}", "null", '{"schema": "AAAA"}'])
def test_a_damaged_query_is_compiled_again(lab, compilations, monkeypatch, text) -> None:
    """One that a full disk has left in part answers nothing, and hinders nobody."""
    lab.compute([OFFENSE], FIRST, LAST)
    rows = lab.rows(OFFENSE)
    for path in lab.folder.glob("compiled/*/*.json"):
        path.write_text(text)
    compilations.clear()
    monkeypatch.setattr(queries, "_COMPILED", {})
    lab.compute([OFFENSE], FIRST, LAST, force=True)
    assert compilations
    assert lab.rows(OFFENSE) == rows


def test_another_process_compiles_nothing_and_gets_the_same(lab, compilations, monkeypatch) -> None:
    """Rows, checks and column lineage come from what the first has kept."""
    first = lab.compute([OFFENSE], FIRST, LAST)[OFFENSE]
    rows, stamps = lab.rows(OFFENSE), lab.warehouse.stamps(OFFENSE)
    assert len(compilations) > 3
    compilations.clear()
    monkeypatch.setattr(queries, "_COMPILED", {})
    again = lab.compute([OFFENSE], FIRST, LAST, force=True)[OFFENSE]
    assert compilations == []
    assert again.replaced.unchanged == tuple(sorted(stamps))
    assert lab.rows(OFFENSE) == rows
    assert again.lineage == first.lineage
    assert first.lineage["points"] == {("nbac_team_boxscore", "pts")}


def test_a_broken_copy_and_other_code_are_compiled_anew(lab, compilations, monkeypatch) -> None:
    """What cannot be read is as if it were not there; other code begins with an empty folder."""
    lab.compute([OFFENSE], FIRST, LAST)
    (folder,) = (lab.folder / "compiled").iterdir()
    for path in folder.iterdir():
        path.write_text(path.read_text()[:40])
    monkeypatch.setattr(queries, "_COMPILED", {})
    compilations.clear()
    assert lab.compute([OFFENSE], FIRST, LAST, force=True)[OFFENSE].replaced.written == ()
    assert len(compilations) > 3
    monkeypatch.setattr(compiled, "_code", lambda: "othercode")
    compiled.keep_in(lab.folder / "compiled")
    assert list((lab.folder / "compiled/othercode").iterdir()) == []


def test_a_shared_folder_keeps_all_that_is_not_of_code_long_unused(tmp_path, monkeypatch) -> None:
    """Other code's queries stay while it runs, and whatever else lies there always does."""
    shared, week_ago = tmp_path / "shared", time.time() - 8 * 24 * 3600
    monkeypatch.setattr(compiled, "_FOLDER", [])
    for name in ("landing", "0123456789abcdef", "fedcba9876543210"):
        (shared / name).mkdir(parents=True)
        (shared / name / "kept").write_text("")
    for name in ("landing", "0123456789abcdef"):
        os.utime(shared / name, (week_ago, week_ago))
    monkeypatch.setattr(compiled, "_code", lambda: "aaaaaaaaaaaaaaaa")
    compiled.keep_in(shared)
    kept = {path.relative_to(shared).as_posix() for path in shared.rglob("kept")}
    assert kept == {"landing/kept", "fedcba9876543210/kept"}


def test_a_folder_that_cannot_be_written_to_costs_time_alone(tmp_path, monkeypatch) -> None:
    """A file in its place stands for it: nothing is kept, and nothing is raised."""
    (tmp_path / "taken").write_text("")
    monkeypatch.setattr(compiled, "_FOLDER", [])
    compiled.keep_in(tmp_path / "taken")
    compiled.keep("key", compiled.Compiled("SELECT 1", pa.schema([]), {}))
    assert compiled.stored_query("key") is None


def test_a_table_with_a_function_from_elsewhere_is_not_taken_for_the_projects_own(lab) -> None:
    """A transform that is replaced is compiled for itself, in this process and the next."""
    lab.compute([OFFENSE], FIRST, LAST)
    own = TABLES[OFFENSE]

    def doubled(
        nbac_team_boxscore: ir.Table, player_game_shots: ir.Table, data_gaps: ir.Table
    ) -> ir.Table:
        rows = own.transform(nbac_team_boxscore, player_game_shots, data_gaps)
        return rows.mutate(pf=2 * rows.pf)

    other = replace(own, transform=doubled, assertions=(), violations=(), version=own.version + 1)
    before = {row["game_id"] + row["team_abbr"]: row["pf"] for row in lab.rows(OFFENSE)}
    kept = len(list((lab.folder / "compiled").rglob("*.json")))
    days = other.partitions_between(FIRST, LAST)
    tables = {**TABLES, OFFENSE: other}
    survey = Survey(tables, lab.warehouse, lab.landing)
    compute(other, days, survey, Writer("run-9", 99, lambda: None))
    after = {row["game_id"] + row["team_abbr"]: row["pf"] for row in lab.rows(OFFENSE)}
    assert after == {key: 2 * fouls for key, fouls in before.items()}
    assert len(list((lab.folder / "compiled").rglob("*.json"))) == kept
