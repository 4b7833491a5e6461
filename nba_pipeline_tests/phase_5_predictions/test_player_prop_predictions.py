"""Predictions, worked out by hand from the features of their row."""

from datetime import date

import pytest

from nba_pipeline import clock
from nba_pipeline.engine.landing import Landing
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import FIRST, Lab
from nba_pipeline_tests.phase_5_predictions.mornings import known_on, moment, next_day

DAY = date(2023, 11, 10)
BEFORE_TIP_OFF = [name for name in TABLES if name != "prediction_accuracy"]


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
        assert (row["p10"], row["model_version"]) == (None, None)


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


def test_a_final_score_changes_no_row(tmp_path, league_landing) -> None:
    """Computed again when the day's games are over, the rows are the same and none is written."""
    lab = Lab(tmp_path, known_on(league_landing, tmp_path, DAY))
    with clock.set_to(moment(DAY, 15)):
        lab.compute(BEFORE_TIP_OFF, FIRST, DAY)
    morning = lab.rows("player_prop_predictions", game_date=DAY)
    assert len(morning) > 20
    lab.landing = Landing(str(known_on(league_landing, tmp_path, next_day(DAY))))
    with clock.set_to(moment(next_day(DAY), 9)):
        done = lab.compute(BEFORE_TIP_OFF, FIRST, DAY)
    assert done["nbac_schedule"].replaced.written == (DAY,)
    assert done["player_prop_predictions"].replaced.written == ()
    assert lab.rows("player_prop_predictions", game_date=DAY) == morning
