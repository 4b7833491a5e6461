"""Team lines, against the file's own words."""

import ibis

from nba_pipeline.phase_2_raw.nbac_team_boxscore import plus_minus_not_mirrored
from nba_pipeline_tests.league_files import TEAM_LOG, games, lines


def test_every_line_of_the_file_is_a_row(league, league_landing) -> None:
    """Counts are the log's, side and opponent the schedule's."""
    rows = {(r["game_id"], r["team_abbr"]): r for r in league.rows("nbac_team_boxscore")}
    home = {g["gameId"]: g["homeTeam"]["teamTricode"] for g in games(league_landing)}
    said = lines(league_landing, TEAM_LOG)
    assert len(rows) == len(said) == 2 * len(home)
    for line in said:
        row = rows[line["GAME_ID"], line["TEAM_ABBREVIATION"]]
        assert row["is_home"] == (home[line["GAME_ID"]] == line["TEAM_ABBREVIATION"])
        assert {row["team_abbr"], row["opponent_abbr"]} == set(line["MATCHUP"].split(" @ "))
        assert row["won"] == (line["WL"] == "W")
        for name in ("pts", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "tov"):
            assert row[name] == line[name.upper()]


def test_plus_minus_of_the_sides_mirror_each_other() -> None:
    """A game whose two do not sum to zero is named; one with a single side is not."""
    rows = ibis.memtable(
        {"game_id": ["1", "1", "2", "2", "3"], "plus_minus": [5.0, -5.0, 5.0, -4.8, 7.0]}
    )
    assert set(plus_minus_not_mirrored(rows).execute().game_id) == {"2"}
