"""Gaps are exactly the units that are missing or break an invariant."""

from nba_pipeline_tests.conftest import FIRST, LAST, Lab
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, damaged, lines

RAW = ["nbac_schedule", "nbac_team_boxscore", "nbac_player_boxscore", "rejected_rows", "data_gaps"]


def test_whole_input_has_no_gap(league) -> None:
    """The simulated league is complete."""
    assert league.rows("data_gaps") == []


def test_each_damage_is_one_gap_with_its_rule(tmp_path, league_landing) -> None:
    """A line and a block removed, rebounds that do not add up, points unlike the schedule's."""
    teams = lines(league_landing, TEAM_LOG)
    removed, broken, wrong, block = teams[4], teams[9], teams[14], teams[20]

    def is_of(line, other) -> bool:
        names = ("GAME_ID", "TEAM_ABBREVIATION")
        return all(line[name] == other[name] for name in names)

    def change_teams(rows) -> None:
        rows[9]["REB"] += 1
        rows[14]["PTS"] += 1
        rows[14]["FTM"] += 1
        rows[14]["FTA"] += 1
        del rows[4]

    def change_players(rows) -> None:
        rows[:] = [row for row in rows if not is_of(row, block)]

    landing = damaged(league_landing, tmp_path, TEAM_LOG, change_teams)
    damaged(league_landing, tmp_path, PLAYER_LOG, change_players)
    lab = Lab(tmp_path, landing)
    lab.compute(RAW, FIRST, LAST)

    def gap_id(table, line) -> str:
        return f"{table}:{line['GAME_DATE']}:{line['GAME_ID']}:{line['TEAM_ABBREVIATION']}"

    assert {r["gap_id"]: (r["kind"], r["rule"]) for r in lab.rows("data_gaps")} == {
        gap_id("nbac_team_boxscore", removed): ("missing", "two_rows_per_game"),
        gap_id("nbac_team_boxscore", broken): ("invalid", "rebounds_identity"),
        gap_id("nbac_team_boxscore", wrong): ("invalid", "points_of_schedule"),
        gap_id("nbac_player_boxscore", block): ("missing", "block_of_players"),
    }
