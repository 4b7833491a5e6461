"""What teams allowed is what the others did, read from the file's lines."""

from nba_pipeline_tests.league_files import TEAM_LOG, lines


def test_every_row_is_the_other_teams_line(league, league_landing) -> None:
    """Points, shots, rebounds, assists, turnovers, fouls; steals and blocks are the team's own."""
    rows = {(r["game_id"], r["team_abbr"]): r for r in league.rows("team_defense_game_summary")}
    offense = {(r["game_id"], r["team_abbr"]): r for r in league.rows("team_offense_game_summary")}
    games: dict[str, list] = {}
    for line in lines(league_landing, TEAM_LOG):
        games.setdefault(line["GAME_ID"], []).append(line)
    assert len(rows) == 2 * len(games) == len(offense)
    counted = ("FGM", "FGA", "FG3M", "FG3A", "FTM", "FTA", "OREB", "DREB", "AST", "TOV", "PF")
    for sides in games.values():
        for own, other in (sides, sides[::-1]):
            row = rows[own["GAME_ID"], own["TEAM_ABBREVIATION"]]
            theirs = offense[own["GAME_ID"], other["TEAM_ABBREVIATION"]]
            assert row["points_allowed"] == other["PTS"]
            assert [row[f"opponent_{n.lower()}"] for n in counted] == [other[n] for n in counted]
            assert (row["stl"], row["blk"]) == (own["STL"], own["BLK"])
            assert row["opponent_abbr"] == other["TEAM_ABBREVIATION"]
            assert row["defensive_rating"] == theirs["offensive_rating"]
            assert row["opponent_pace"] == theirs["pace"]
            assert row["is_home"] != theirs["is_home"]
            assert row["is_production_ready"]
