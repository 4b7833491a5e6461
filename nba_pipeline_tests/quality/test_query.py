"""A query reads the tables, all of SQL's SELECT, and nothing else."""

import pytest

from nba_pipeline.quality.query import QueryRefused, run_query
from nba_pipeline_tests.league_files import games


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
        ("SELECT * FROM nowhere", "no table nowhere; there are data_gaps"),
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
