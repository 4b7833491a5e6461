"""What a run changed, from the versions before and after it."""

from datetime import date
from pathlib import Path

import ibis
import pytest

from nba_pipeline.quality.changes import Changes, NothingWritten, _compared, changes_of_run
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import Lab, with_upstream
from nba_pipeline_tests.league_files import TEAM_LOG, damaged

FIRST, LAST = date(2023, 10, 24), date(2023, 10, 26)
TEAMS = TABLES["nbac_team_boxscore"]
RAW = with_upstream(TEAMS.name)


@pytest.fixture(scope="module")
def corrected(tmp_path_factory) -> Lab:
    """Three days stored; then on the second one line has another count of rebounds, one is gone."""
    folder = tmp_path_factory.mktemp("corrected")
    source: Path = folder / "source"
    write_landing(source, League(teams=4, days=3, rest=0.0, seed=3))
    lab = Lab(folder, source)
    lab.compute(RAW, FIRST, LAST)

    def change(lines) -> None:
        second = [line for line in lines if line["GAME_DATE"] == "2023-10-25"]
        second[0]["DREB"] += 1
        second[0]["REB"] += 1
        lines.remove(second[1])

    landing = damaged(source, folder, TEAM_LOG, change)
    later = Lab(folder, landing, token=1)
    later.compute(RAW, FIRST, LAST)
    return later


def test_a_first_write_adds_all_its_rows(corrected) -> None:
    """Two games a day on three days: twelve lines of teams, six games."""
    changes = changes_of_run(["run-1"], TABLES.values(), corrected.warehouse)
    told = {change.table: change for change in changes}
    schedule, teams = told["nbac_schedule"], told[TEAMS.name]
    assert (schedule.table, schedule.rows, schedule.added) == ("nbac_schedule", 6, 6)
    assert (teams.dates, teams.first, teams.last) == (3, FIRST, LAST)
    assert (teams.rows, teams.added, teams.removed, teams.changed) == (12, 12, 0, 0)


def test_a_correction_changes_what_it_corrects_and_no_other_date_is_told(corrected) -> None:
    """One line of the second day has changed and one is gone; the schedule has no line at all."""
    (teams,) = changes_of_run(["run-2"], TABLES.values(), corrected.warehouse)
    day = date(2023, 10, 25)
    assert (teams.table, teams.dates, teams.first, teams.last) == (TEAMS.name, 1, day, day)
    assert (teams.rows, teams.added, teams.removed, teams.changed) == (3, 0, 1, 1)


def test_a_run_that_changed_nothing_is_told_as_such(corrected) -> None:
    """Its id is named, and where runs are listed."""
    with pytest.raises(NothingWritten, match="no rows were changed by run-9: nba-pipeline audit"):
        changes_of_run(["run-9"], TABLES.values(), corrected.warehouse)


def test_readiness_and_moves_of_predictions_are_counted() -> None:
    """Of three players kept one becomes ready, one ceases to be; two move, by 1.5 and 0.5 points."""
    table = TABLES["player_prop_predictions"]

    def rows(players: dict[int, tuple[float, bool]]) -> ibis.Table:
        lines = [
            dict.fromkeys(table.grain, "x")
            | {"player_id": player, "predicted_points": points, "is_production_ready": is_ready}
            for player, (points, is_ready) in players.items()
        ]
        return ibis.memtable(lines)

    earlier = rows({1: (20.0, False), 2: (10.0, True), 3: (5.0, True), 4: (8.0, True)})
    later = rows({1: (21.5, True), 2: (9.5, False), 3: (5.0, True), 5: (7.0, True)})
    facts = _compared(table, earlier, later).to_pyarrow().to_pylist()[0]
    assert facts == {
        "rows": 4,
        "added": 1,
        "removed": 1,
        "changed": 2,
        "became_ready": 2,
        "ceased_ready": 2,
        "moved": 2,
        "moved_mean": 1.0,
        "moved_most": 1.5,
    }
    told = Changes(table.name, 1, FIRST, FIRST, **facts).as_dict()
    assert told["moved_most"] == 1.5


def test_a_key_of_which_a_part_is_unknown_is_the_same_key() -> None:
    """Of two rejections of whole files one stays and one comes; a first write makes rows ready too."""
    table = TABLES["rejected_rows"]
    schema = dict.fromkeys((*table.grain, "why"), "string")
    columns = table.schema.to_schema().columns
    key = {name: None if columns[name].nullable else "known" for name in table.grain}
    assert None in key.values()

    def rows(*files: str) -> ibis.Table:
        lines = [key | {"source_file": file, "why": "cut"} for file in files]
        return ibis.memtable(lines, schema=schema)

    facts = _compared(table, rows("a"), rows("a", "b")).to_pyarrow().to_pylist()[0]
    assert facts == {"rows": 2, "added": 1, "removed": 0, "changed": 0}
