"""Every line that comes in is stored as it says, or rejected with its file and row; none is mended."""

import pytest

from nba_pipeline_tests.conftest import FIRST, LAST, RAW, Lab
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, damaged, games, lines

BAD = [
    *((name, value) for name in ("PTS", "FGA", "REB") for value in (None, "", "many", -1, 2.5)),
    *(("MIN", value) for value in (None, "abc", -3, "12:99:1", 1e9, "nan", "inf")),
    *(("PLUS_MINUS", value) for value in (None, "x")),
    *(("GAME_ID", value) for value in (None, "22300001", "0022399999", "")),
    *(("GAME_DATE", value) for value in (None, "yesterday", "2023-13-45")),
    *(("TEAM_ABBREVIATION", value) for value in (None, "XYZ", "")),
]
OF_PLAYERS = [
    *(("PLAYER_ID", value) for value in (None, 0, "one", 3.5)),
    *(("PLAYER_NAME", value) for value in (None, "", " ")),
]


@pytest.mark.parametrize(
    ("log", "table", "bad"),
    [
        (TEAM_LOG, "nbac_team_boxscore", BAD),
        (PLAYER_LOG, "nbac_player_boxscore", [*BAD, *OF_PLAYERS]),
    ],
)
def test_bad_values_are_rejected_by_row_and_the_rest_is_kept(
    tmp_path, league_landing, log, table, bad
) -> None:
    """One bad value per line, every kind of it at once."""
    places = range(1, 2 * len(bad), 2)

    def spoil(rows) -> None:
        for place, (field, value) in zip(places, bad, strict=True):
            rows[place][field] = value

    lab = Lab(tmp_path, damaged(league_landing, tmp_path, log, spoil))
    lab.compute(RAW, FIRST, LAST)
    rejected = {row["row_number"]: row for row in lab.rows("rejected_rows")}
    assert set(rejected) == set(places)
    for place, (field, value) in zip(places, bad, strict=True):
        told = rejected[place]
        assert told["source_file"] == log
        assert f"{log} row {place}" in told["detail"]
        assert told["field"] == field or told["rule"] == "unknown_game", (field, value, told)
    whole = lines(league_landing, log)
    played = {game["gameId"] for game in games(league_landing)}
    kept = [line for n, line in enumerate(whole) if n not in rejected]
    assert all(line["GAME_ID"] in played for line in kept)
    stored = lab.rows(table)
    key = ("game_id", "player_id" if log == PLAYER_LOG else "team_abbr")
    source = ("GAME_ID", "PLAYER_ID" if log == PLAYER_LOG else "TEAM_ABBREVIATION")
    assert {tuple(row[k] for k in key): (row["pts"], row["fga"]) for row in stored} == {
        tuple(line[k] for k in source): (line["PTS"], line["FGA"]) for line in kept
    }


def test_every_rejected_line_of_a_game_makes_its_unit_a_gap(tmp_path, league_landing) -> None:
    """A player's bad minutes spoil his team's roster, named with the file and row."""

    def spoil(rows) -> None:
        rows[30]["MIN"] = "abc"

    hurt = lines(league_landing, PLAYER_LOG)[30]
    lab = Lab(tmp_path, damaged(league_landing, tmp_path, PLAYER_LOG, spoil))
    lab.compute(RAW, FIRST, LAST)
    (gap,) = lab.rows("data_gaps")
    assert (gap["game_id"], gap["team_abbr"]) == (hurt["GAME_ID"], hurt["TEAM_ABBREVIATION"])
    assert gap["rule"] == "bad_minutes"
    assert f"{PLAYER_LOG} row 30" in gap["detail"]
