"""Player lines, against the file's own words."""

from nba_pipeline_tests.league_files import PLAYER_LOG, games, lines


def test_every_line_of_the_file_is_a_row(league, league_landing) -> None:
    """Counts are the log's, side and opponent the schedule's."""
    rows = {(r["game_id"], r["player_id"]): r for r in league.rows("nbac_player_boxscore")}
    sides = {
        g["gameId"]: (g["homeTeam"]["teamTricode"], g["awayTeam"]["teamTricode"])
        for g in games(league_landing)
    }
    said = lines(league_landing, PLAYER_LOG)
    assert len(rows) == len(said) > 1000
    for line in said:
        row = rows[line["GAME_ID"], line["PLAYER_ID"]]
        home, away = sides[line["GAME_ID"]]
        assert row["opponent_abbr"] == (away if line["TEAM_ABBREVIATION"] == home else home)
        assert row["minutes"] == line["MIN"]
        for name in ("pts", "fgm", "fga", "fg3m", "ftm", "fta", "reb", "ast", "tov", "plus_minus"):
            assert row[name] == line[name.upper()]


def test_names_are_normalised(league) -> None:
    """Player A00 is looked up as playera00."""
    rows = league.rows("nbac_player_boxscore", player_id=1000)
    assert {(r["player_name"], r["player_lookup"]) for r in rows} == {("Player A00", "playera00")}
