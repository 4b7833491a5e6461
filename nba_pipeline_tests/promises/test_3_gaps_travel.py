"""A missing raw unit is named by exactly the feature rows that depend on it."""

from datetime import date

from nba_pipeline_tests.conftest import FIRST, LAST, Lab, with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, damaged, games, lines

TABLES_TO_FEATURES = with_upstream("ml_feature_store_v2")


def test_a_team_line_is_named_by_exactly_the_rows_that_look_at_its_game(
    tmp_path, league, league_landing
) -> None:
    """Season windows of both teams hold the game from the day after it on.

    Own team's windows reach the whole season, so every later row of a player of either team names
    the gap; a row of neither names it while the game is among its opponent's last 15.
    """
    index = 60
    hurt = lines(league_landing, TEAM_LOG)[index]
    landing = damaged(league_landing, tmp_path, TEAM_LOG, lambda rows: rows.pop(index))
    lab = Lab(tmp_path, landing)
    lab.compute(TABLES_TO_FEATURES, FIRST, LAST)
    gap = f"nbac_team_boxscore:{hurt['GAME_DATE']}:{hurt['GAME_ID']}:{hurt['TEAM_ABBREVIATION']}"
    assert [row["gap_id"] for row in lab.rows("data_gaps")] == [gap]

    played: dict[str, list[str]] = {}
    for game in games(league_landing):
        for side in ("homeTeam", "awayTeam"):
            played.setdefault(game[side]["teamTricode"], []).append(game["gameId"])
    sides = {team for team, ids in played.items() if hurt["GAME_ID"] in ids}
    assert len(sides) == 2
    # The roster of the hurt team has usage against the missing line.
    touched_players = {
        line["PLAYER_ID"]
        for line in lines(league_landing, PLAYER_LOG)
        if line["GAME_ID"] == hurt["GAME_ID"]
        and line["TEAM_ABBREVIATION"] == hurt["TEAM_ABBREVIATION"]
        and line["MIN"] > 0
    }

    def depends(row) -> bool:
        if row["game_date"] <= date.fromisoformat(hurt["GAME_DATE"]):
            return False
        if row["team_abbr"] in sides or row["player_id"] in touched_players:
            return True
        opponent = row["opponent_abbr"]
        behind = [g for g in played[opponent] if g < row["game_id"]][-15:]
        return opponent in sides and hurt["GAME_ID"] in behind

    rows = lab.rows("ml_feature_store_v2")
    named = {(r["game_id"], r["player_id"]) for r in rows if gap in r["gap_ids"]}
    wanted = {(r["game_id"], r["player_id"]) for r in rows if depends(r)}
    assert named == wanted
    assert 100 < len(named) < len(rows) - 100
    assert all(row["gap_ids"] == [] for row in league.rows("ml_feature_store_v2"))


def test_one_hole_of_ten_leaves_the_mean_of_nine_and_two_leave_nothing(
    tmp_path, league_landing
) -> None:
    """usage_rate of a player whose team's line is missing once, and a game later twice, in his last ten."""
    logged = lines(league_landing, PLAYER_LOG)
    own = [p for p in logged if p["PLAYER_ID"] == 1000 and p["MIN"] > 0]
    assert len(own) > 12
    removed = {(own[n]["GAME_ID"], own[n]["TEAM_ABBREVIATION"]) for n in (5, 11)}

    def cut(rows) -> None:
        rows[:] = [r for r in rows if (r["GAME_ID"], r["TEAM_ABBREVIATION"]) not in removed]

    lab = Lab(tmp_path, damaged(league_landing, tmp_path, TEAM_LOG, cut))
    days = [date.fromisoformat(own[n]["GAME_DATE"]) for n in (11, 12)]
    lab.compute(with_upstream("player_daily_cache"), FIRST, days[-1])
    usage = {r["game_id"]: r["usage_rate"] for r in lab.rows("player_game_summary", player_id=1000)}
    for holes, day, window in zip((1, 2), days, (own[1:11], own[2:12]), strict=True):
        known = [usage[p["GAME_ID"]] for p in window if usage[p["GAME_ID"]] is not None]
        assert len(known) == 10 - holes
        row = next(r for r in lab.rows("player_daily_cache", player_id=1000, game_date=day))
        if holes == 1:
            assert abs(row["usage_rate_last_10"] - sum(known) / 9) < 1e-6
        else:
            assert row["usage_rate_last_10"] is None
        assert row["points_avg_last_10"] == sum(p["PTS"] for p in window) / 10
