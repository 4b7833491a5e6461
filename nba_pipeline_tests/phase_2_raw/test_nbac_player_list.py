"""The list of players that was in force."""

import json
from datetime import timedelta

from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.conftest import FIRST, Lab

HEADERS = [
    *("PERSON_ID", "PLAYER_FIRST_NAME", "PLAYER_LAST_NAME"),
    *("TEAM_ID", "TEAM_ABBREVIATION", "POSITION"),
]


def put(folder, day, *players) -> None:
    """Writes the list of a date."""
    path = folder / f"nba_stats/player_index/{day}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"resultSets": [{"headers": HEADERS, "rowSet": players}]}))


def test_a_date_has_the_last_list_before_it_and_none_before_the_first(tmp_path) -> None:
    """He is a guard from the second day on and a forward from the fourth; the first day knows none."""
    write_landing(tmp_path / "landing", League(teams=4, days=6, rest=0.0, seed=3))
    days = [FIRST + timedelta(days=offset) for offset in range(5)]
    put(tmp_path / "landing", days[1], [7, "A.", "One", 1, "LAL", "G"], [8, "B.", "Two", 0, "", ""])
    put(tmp_path / "landing", days[3], [7, "A.", "One", 1, "BOS", "F"])
    lab = Lab(tmp_path, tmp_path / "landing")
    lab.compute(["nbac_player_list"], days[0], days[4])
    columns = ("player_id", "game_date", "team_abbr", "position")
    assert {tuple(row[name] for name in columns) for row in lab.rows("nbac_player_list")} == {
        *((7, day, "LAL", "G") for day in days[1:3]),
        *((8, day, None, None) for day in days[1:3]),
        *((7, day, "BOS", "F") for day in days[3:]),
    }
