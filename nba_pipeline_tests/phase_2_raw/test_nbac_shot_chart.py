"""The shot chart of final games, and what of it is off the schedule."""

from collections import Counter

from nba_pipeline_tests.conftest import FIRST, LAST, Lab, with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, SHOT_CHART, damaged, lines


def test_every_shot_of_the_file_is_a_row(league, league_landing) -> None:
    """With the distance and team of the file; a player's shots are his attempts."""
    rows = league.rows("nbac_shot_chart")
    said = lines(league_landing, SHOT_CHART)
    assert len(rows) == len(said)
    distances = Counter(
        (line["GAME_ID"], line["PLAYER_ID"], line["SHOT_DISTANCE"]) for line in said
    )
    assert distances == Counter((r["game_id"], r["player_id"], r["shot_distance"]) for r in rows)
    box = lines(league_landing, PLAYER_LOG)[0]
    his = [r for r in rows if (r["game_id"], r["player_id"]) == (box["GAME_ID"], box["PLAYER_ID"])]
    assert len(his) == box["FGA"]
    assert sum(r["is_made"] for r in his) == box["FGM"]


def test_a_shot_of_a_game_that_is_not_there_is_told(tmp_path, league_landing) -> None:
    """Under another game's id and with another team's name."""

    def spoil(rows) -> None:
        rows[3]["GAME_ID"] = "0022399999"
        rows[5]["TEAM_NAME"] = "Washington Wizards"

    landing = damaged(league_landing, tmp_path, SHOT_CHART, spoil)
    lab = Lab(tmp_path, landing)
    tables = with_upstream("nbac_shot_chart", "rejected_rows")
    day = FIRST
    assert day < LAST
    lab.compute(tables, day, day)
    told = {row["row_number"]: row["rule"] for row in lab.rows("rejected_rows")}
    assert told == {3: "unknown_game", 5: "unknown_game"}
