"""Predictions, worked out by hand from the features of their row."""

import pytest


def test_moving_average_of_every_row(league) -> None:
    """0.5, 0.3 and 0.2 of last five, last ten and season; half a point of home; 1.5 of fatigue."""
    features = {(r["game_id"], r["player_id"]): r for r in league.rows("ml_feature_store_v2")}
    rows = league.rows("player_prop_predictions", system="moving_average")
    assert len(rows) == len(features) > 500
    for row in rows:
        f = features[row["game_id"], row["player_id"]]
        if f["points_avg_last_5"] is None:
            assert row["predicted_points"] is None
            continue
        recent = [f["points_avg_last_5"], f["points_avg_last_10"], f["points_avg_season"]]
        wanted = 0.5 * recent[0] + 0.3 * recent[1] + 0.2 * recent[2]
        wanted += (0.5 if f["is_home"] else -0.5) - (1.5 if f["is_back_to_back"] else 0)
        assert row["predicted_points"] == pytest.approx(max(0.0, min(60.0, wanted)))
        assert (row["p10"], row["model_version"], row["mode"]) == (None, None, "backtest")


def test_rows_that_are_not_ready_are_predicted_and_never_recommended(league) -> None:
    """Below five games of the season a row passes; above, it only lacks a line."""
    features = {(r["game_id"], r["player_id"]): r for r in league.rows("ml_feature_store_v2")}
    reasons = set()
    for row in league.rows("player_prop_predictions"):
        is_ready = features[row["game_id"], row["player_id"]]["games_played_season"] >= 5
        assert row["is_production_ready"] == is_ready
        assert row["recommendation"] == ("NO_LINE" if is_ready else "PASS")
        reasons.add(row["recommendation_reason"])
    assert reasons == {"no_line", "incomplete"}
