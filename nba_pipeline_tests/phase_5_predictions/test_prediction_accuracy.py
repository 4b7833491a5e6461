"""Grades, against the file's points."""

from nba_pipeline_tests.league_files import PLAYER_LOG, lines


def test_every_grade_by_an_independent_route(league, league_landing) -> None:
    """Error against the box score's points; who has no line there did not play and is void."""
    points = {
        (p["GAME_ID"], p["PLAYER_ID"]): p["PTS"]
        for p in lines(league_landing, PLAYER_LOG)
        if p["MIN"] > 0
    }
    rows = league.rows("prediction_accuracy")
    assert len(rows) == len(league.rows("player_prop_predictions"))
    voids = 0
    for row in rows:
        actual = points.get((row["game_id"], row["player_id"]))
        assert row["actual_points"] == actual
        if actual is None:
            voids += 1
            assert (row["outcome"], row["minutes"], row["signed_error"]) == ("void", 0.0, None)
        elif row["predicted_points"] is not None:
            assert row["signed_error"] == row["predicted_points"] - actual
            assert row["absolute_error"] == abs(row["predicted_points"] - actual)
    assert 0 < voids < len(rows) / 4
