"""What each month's model was made of; the gate and the promotion are tested with the model."""

from nba_pipeline_tests.league_files import games


def test_months_see_only_what_was_before_them(league, league_landing) -> None:
    """Games with a player of the universe behind each month; too few of them is a bootstrap."""
    rows = {row["month"]: row for row in league.rows("points_model")}
    assert len(rows) >= 2
    features = {
        (r["game_id"], r["player_id"]): r["game_date"] for r in league.rows("ml_feature_store_v2")
    }
    played = {(r["game_id"], r["player_id"]) for r in league.rows("player_game_summary")}
    for month, row in rows.items():
        before = [key for key in features.keys() & played if features[key] < month]
        assert row["training_rows"] == len(before)
        assert row["training_games"] == len({game for game, _ in before})
        assert (row["status"], row["booster"]) == ("bootstrap", None)
        assert row["trained_to"] is None or row["trained_to"] < month
    assert max(rows.values(), key=lambda r: r["month"])["training_games"] < len(
        games(league_landing)
    )
