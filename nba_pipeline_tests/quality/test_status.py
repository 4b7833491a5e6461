"""Status is told from stamps, and tells missing, stale and incomplete apart."""

from nba_pipeline.engine.staleness import Survey
from nba_pipeline.quality.status import by_table, partition_status
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import FIRST, LAST, RAW, Lab
from nba_pipeline_tests.league_files import TEAM_LOG, damaged, games, lines


def _status(lab: Lab) -> dict[object, dict[str, object]]:
    tables = [TABLES[name] for name in RAW]
    found = partition_status(tables, FIRST, LAST, Survey(TABLES, lab.warehouse, lab.landing))
    return {row["table"]: row for row in by_table(found)}


def test_missing_stale_and_incomplete(tmp_path, league_landing) -> None:
    """Nothing stored; then one line of a team missing; then its file restored."""
    line = lines(league_landing, TEAM_LOG)[6]
    landing = damaged(league_landing, tmp_path, TEAM_LOG, lambda rows: rows.pop(6))
    lab = Lab(tmp_path, landing)
    days = (LAST - FIRST).days + 1
    assert _status(lab)["nbac_schedule"] == {
        "table": "nbac_schedule",
        "partitions": days,
        "stored": 0,
        "stale": days,
        "with_gaps": 0,
        "missing_keys": 0,
        "rows": 0,
        "rows_not_ready": 0,
        "why": [f"missing ({days})"],
    }
    lab.compute(RAW, FIRST, LAST)
    found = _status(lab)
    assert found["nbac_schedule"]["rows"] == len(games(league_landing))
    assert [found[name]["stale"] for name in RAW] == [0] * len(RAW)
    assert found["nbac_team_boxscore"]["missing_keys"] == 1
    each = partition_status(
        [TABLES["nbac_team_boxscore"]], FIRST, LAST, Survey(TABLES, lab.warehouse, lab.landing)
    )
    weak = [row for row in each if row["missing"]]
    assert [str(row["date"]) for row in weak] == [line["GAME_DATE"]]
    assert line["TEAM_ABBREVIATION"] in weak[0]["missing"][0]
    (landing / TEAM_LOG).write_text((league_landing / TEAM_LOG).read_text())
    restored = _status(Lab(tmp_path, landing))
    assert restored["nbac_team_boxscore"]["why"] == ["inputs changed (1)"]
    # What was made from it is no more current than it is.
    assert restored["data_gaps"]["stale"] > 0
