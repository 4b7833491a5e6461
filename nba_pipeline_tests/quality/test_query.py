"""A query reads the tables, all of SQL's SELECT, and nothing else."""

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import ibis
import pytest

from nba_pipeline.cli import report
from nba_pipeline.quality.query import QueryRefused, run_query
from nba_pipeline_tests.league_files import games
from nba_pipeline_tests.warehouse.scores import ONE, STORAGE, opened, staged, stamp, stored, write


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("SELECT count(*) AS n FROM nbac_schedule", "games"),
        ("SELECT count(*) AS n FROM main.NBAC_SCHEDULE", "games"),
        ("WITH g AS (FROM nbac_schedule) SELECT count(DISTINCT game_id) AS n FROM g", "games"),
        (
            """SELECT count(*) / 2 AS n FROM team_offense_game_summary t
               JOIN (SELECT DISTINCT game_id FROM player_game_summary) p USING (game_id)""",
            "games",
        ),
        ("SELECT sum(n) AS n FROM range(4) r(n)", 6),
        ("SELECT count(*) AS n FROM unnest([1, 2]) u", 2),
    ],
)
def test_selects(league, league_landing, query, answer) -> None:
    """Tables, common table expressions, joins and row functions."""
    expected = len(games(league_landing)) if answer == "games" else answer
    assert run_query(league.warehouse, query).to_pylist() == [{"n": expected}]


def test_types_are_kept(league) -> None:
    """Dates stay dates and an unknown integer stays unknown."""
    row = run_query(league.warehouse, "SELECT DATE '2024-01-15' AS d, NULL::INT AS i, [1] AS l")
    assert str(row.to_pylist()[0]["d"]) == "2024-01-15"
    assert row.to_pylist()[0]["i"] is None
    assert row.to_pylist()[0]["l"] == [1]


def test_tables_can_be_listed_and_described(league) -> None:
    """SHOW TABLES gives every table, DESCRIBE its columns."""
    shown = run_query(league.warehouse, "SHOW TABLES").column("name").to_pylist()
    assert shown == league.warehouse.names()
    described = run_query(league.warehouse, "DESCRIBE nbac_schedule").column("column_name")
    assert "tipoff_at" in described.to_pylist()


def test_answers_do_not_depend_on_the_machine_s_time_zone(tmp_path) -> None:
    """A day is cut off in UTC in Tokyo too."""
    program = f"""
from pathlib import Path
from nba_pipeline.quality.query import run_query
from nba_pipeline_tests.warehouse.scores import opened
query = "SELECT TIMESTAMPTZ '2024-01-15 23:30:00+00'::DATE AS d"
print(run_query(opened(Path({str(tmp_path)!r})), query).to_pylist()[0]["d"])
"""
    said = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"TZ": "Asia/Tokyo"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert said.stdout == "2024-01-15\n"


def test_columns_of_one_name_are_all_shown(league) -> None:
    """The later ones are numbered, past names that are taken."""
    query = "SELECT 1 AS n, 2 AS n, 3 AS n_1, 4 AS n"
    assert run_query(league.warehouse, query).to_pylist() == [
        {"n": 1, "n_2": 2, "n_1": 3, "n_3": 4}
    ]


def test_sums_are_numbers_in_json(league, capsys) -> None:
    """Also those that no machine word holds, and decimal fractions."""
    query = "SELECT sum(i) AS s, sum(9000000000000000000 + i) AS b, 1.25 AS f FROM range(5) r(i)"
    rows = run_query(league.warehouse, query).to_pylist()
    assert rows[0]["s"] == 10
    report.as_json(rows)
    assert json.loads(capsys.readouterr().out) == [{"s": 10, "b": 45000000000000000010, "f": 1.25}]


@pytest.mark.parametrize(
    "value",
    [
        "DATE '10000-01-01'",
        "DATE '0044-03-15 (BC)'",
        "DATE 'infinity'",
        "TIMESTAMP '12000-01-01 00:00:00'",
        "TIMESTAMPTZ '12000-01-01 00:00:00+00'",
        "[DATE '2024-01-15', DATE '10000-01-01']",
        "{'inner': [{'day': DATE '10000-01-01'}]}",
        "MAP {DATE '10000-01-01': 1}",
    ],
)
def test_a_date_that_only_duckdb_knows_is_refused_by_its_column(league, value) -> None:
    """Wherever in a value it is; the last and first days that there are pass, and so do unknowns."""
    with pytest.raises(QueryRefused, match="column late holds a date outside years 1 to 9999"):
        run_query(league.warehouse, f"SELECT 1 AS n, {value} AS late")
    query = """SELECT DATE '9999-12-31' AS last, [DATE '0001-01-01', NULL] AS first,
        NULL::DATE AS unknown, TIMESTAMP '9999-12-31 23:59:59'::TEXT AS told"""
    (row,) = run_query(league.warehouse, query).to_pylist()
    assert (row["last"], row["first"]) == (date.max, [date.min, None])
    assert (row["unknown"], row["told"]) == (None, "9999-12-31 23:59:59")


def test_a_day_s_query_reads_neither_other_days_nor_other_columns(tmp_path) -> None:
    """The other season's rows are unreadable, and nobody notices who does not ask for them."""
    warehouse = opened(tmp_path)
    days = [date(2023, 5, 1) + timedelta(days=365 * year) for year in range(2)]
    for day, season in zip(days, ("2022-23", "2023-24"), strict=True):
        rows = staged(warehouse, [("g", day, 7)]).mutate(season=ibis.literal(season))
        warehouse.replace(STORAGE, warehouse.stage(rows), [stamp(day)], lambda: None)
    file = next(Path(tmp_path, "w/scores/season=2022-23").glob("*.parquet"))
    content = bytearray(file.read_bytes())
    length = int.from_bytes(content[-8:-4], "little")
    content[4 : -8 - length] = bytes(len(content) - 12 - length)
    file.write_bytes(content)
    query = "SELECT sum(points) AS n FROM scores WHERE game_date = '{}'"
    assert run_query(warehouse, query.format(days[1])).to_pylist() == [{"n": 7}]
    with pytest.raises(QueryRefused):
        run_query(warehouse, query.format(days[0]))


def test_any_folder_can_be_read(tmp_path) -> None:
    """Also one whose name has quotes and spaces."""
    warehouse = opened(tmp_path / "it's a folder, é")
    write(warehouse, [("a", ONE, 4)], stamp(ONE))
    assert stored(warehouse) == {"a": 4}
    assert run_query(warehouse, "SELECT points FROM scores").to_pylist() == [{"points": 4}]


def test_a_table_without_rows_has_its_columns(tmp_path) -> None:
    """No file is there to read."""
    warehouse = opened(tmp_path)
    write(warehouse, [], stamp(ONE, rows=0))
    found = run_query(warehouse, "SELECT points, game_date FROM scores")
    assert (found.num_rows, [str(kind) for kind in found.schema.types]) == (
        0,
        ["int64", "date32[day]"],
    )


def test_only_the_named_tables_files_are_within_reach(league) -> None:
    """Not another table's, even by its exact path."""
    path = league.warehouse.files("nbac_team_boxscore").paths[0]
    for query in (f"SELECT * FROM '{path}'", f"SELECT * FROM nbac_schedule, '{path}'"):
        with pytest.raises(QueryRefused, match="no table"):
            run_query(league.warehouse, query)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("DROP TABLE nbac_schedule", "one SELECT"),
        ("COPY nbac_schedule TO 'x.csv'", "one SELECT"),
        ("INSTALL httpfs", "one SELECT"),
        ("SET threads = 1", "one SELECT"),
        ("ATTACH 'x.db'", "one SELECT"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM nowhere", "no table nowhere; there are balldontlie_player_boxscore"),
        ("SELECT * FROM 'README.md'", "no table README.md"),
        ("SELECT * FROM read_csv('/etc/hosts')", "read_csv"),
        ("SELECT * FROM read_text('/etc/hosts')", "read_text"),
        ("SELECT * FROM glob('/*')", "glob"),
        ("SELECT * FROM duckdb_settings()", "duckdb_settings"),
        ("SELECT * FROM information_schema.tables", "no table tables"),
        ("SELECT current_setting('temp_directory')", "current_setting"),
        ("SELECT (SELECT count(*) FROM glob('*')) FROM nbac_schedule", "glob"),
        ("SELECT missing FROM nbac_schedule", "missing"),
    ],
)
def test_refusals(league, query, why) -> None:
    """Writing, files, the network, settings and the catalog are out of reach."""
    with pytest.raises(QueryRefused, match=why):
        run_query(league.warehouse, query)
