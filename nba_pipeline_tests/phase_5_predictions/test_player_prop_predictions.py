"""Predictions, worked out by hand from the features of their row."""

import json
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from nba_pipeline import clock
from nba_pipeline.engine.landing import Landing
from nba_pipeline.model import boosting, spread
from nba_pipeline.model.features import fingerprints
from nba_pipeline.phase_5_predictions.ml_feature_store_v2 import FEATURES
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import FIRST, Lab
from nba_pipeline_tests.phase_5_predictions.mornings import known_on, moment, next_day, predicted
from nba_pipeline_tests.window_rows import answers

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


def test_the_fingerprint_of_a_prediction_is_that_of_the_stored_features(league) -> None:
    """Computed again from the feature store's rows; systems that look at similar games have theirs too."""
    store = league.warehouse.table("ml_feature_store_v2")
    similar = league.warehouse.table("player_similar_games")
    similar = similar.select("game_id", "player_id", "similar_games", "points_avg_similar")
    values = store.left_join(similar, ["game_id", "player_id"]).execute()
    keys = list(zip(values.game_id, values.player_id, strict=True))
    plain = dict(zip(keys, fingerprints(values, FEATURES), strict=True))
    more = fingerprints(values, [*FEATURES, "similar_games", "points_avg_similar"])
    beside = dict(zip(keys, more, strict=True))
    rows = league.rows("player_prop_predictions")
    assert len(rows) > 500
    for row in rows:
        wanted = beside if row["system"] == "similarity" else plain
        assert row["features_fingerprint"] == wanted[row["game_id"], row["player_id"]]


GAPS = {"plain": ["nbac_team_boxscore:2023-11-08:0022300001:LAL"], "met": ["shots:2023-11-01:0022"]}
_TEXTS = dict.fromkeys(("game_id", "player_lookup", "team_abbr", "opponent_abbr"), "string")
_COUNTS = {
    f"{family}_games_{what}": "int64"
    for family in ("box", "team", "zone")
    for what in ("expected", "present")
}
_TRACKED = {**_COUNTS, "gap_ids": "array<string>"}
_KEYS = {"game_id": "string", "player_id": "int64"}
KNOWN = {
    "points_avg_last_5": 10.0,
    "points_avg_last_10": 10.0,
    "points_avg_season": 10.0,
    "shot_zone_mismatch_score": 0.0,
    "is_home": True,
    "is_back_to_back": False,
}


def predictions(**learned: str | None) -> dict[tuple[str, int], dict[str, object]]:
    """What is predicted of player 7, who has a line of 11.5, and 8, of whom nothing is known.

    Of what is known the tree says 10 points; in five games like this one he scored 20.
    """
    counts = dict.fromkeys(_COUNTS, 10)
    row = {"game_date": DAY, "feature_version": 3, "player_lookup": "a", "team_abbr": "LAL"}
    row |= {"game_id": "0022300100", "opponent_abbr": "BOS", **counts, "gap_ids": GAPS["plain"]}
    store = [
        {**dict.fromkeys(FEATURES), "is_home": True, "is_back_to_back": False, **row},
        {**dict.fromkeys(FEATURES), **KNOWN, **row},
    ]
    kinds = dict.fromkeys(FEATURES, "float64") | {
        "is_home": "boolean",
        "is_back_to_back": "boolean",
    }
    kinds |= {**_TEXTS, **_TRACKED, "player_id": "int64", "game_date": "date"}
    kinds |= {"feature_version": "int64"}
    store = [line | {"player_id": 8 - place} for place, line in enumerate(store)]
    keys = [{"game_id": "0022300100", "player_id": player, **counts} for player in (7, 8)]
    games = [
        keys[0] | {"similar_games": 5, "points_avg_similar": 20.0, "gap_ids": GAPS["met"]},
        keys[1] | {"similar_games": 0, "points_avg_similar": None, "gap_ids": []},
    ]
    lines = [
        keys[0] | {"points_line": 11.5, "line_source": "a", "over_price": 1.9, "gap_ids": []},
        keys[1] | {"points_line": None, "line_source": None, "over_price": None, "gap_ids": []},
    ]
    seen = pd.DataFrame(dict.fromkeys(FEATURES, np.nan), index=range(200))
    seen = seen.assign(**KNOWN, scored=10.0)
    points = np.full(200, 10.0)
    model = {
        "month": date(2023, 11, 1),
        "status": "trained",
        "model_version": "m",
        "model_month": date(2023, 11, 1),
        "booster": boosting.train(seen, FEATURES, 50),
        "spread": spread.learned(points, points + np.tile([-2, -1, 1, 2], 50)).text(),
        **dict.fromkeys(("weights", "beside_line", "edge_record")),
        **learned,
    }
    of_model = {"month": "date", "model_month": "date", "booster": "binary"}
    of_model |= {name: "string" for name in model if name not in of_model}
    rows = predicted(
        ibis.memtable(store, schema=kinds),
        ibis.memtable(
            games,
            schema={**_KEYS, "similar_games": "int64", "points_avg_similar": "float64", **_TRACKED},
        ),
        ibis.memtable([model], schema=of_model),
        ibis.memtable(
            [line | {"under_price": line["over_price"]} for line in lines],
            schema={
                **_KEYS,
                "points_line": "float64",
                "line_source": "string",
                "over_price": "float64",
                "under_price": "float64",
                **_TRACKED,
            },
        ),
    )
    return {(str(row["system"]), int(str(row["player_id"]))): row for row in answers(rows)}


def test_a_month_that_has_learned_nothing_yet_has_no_ensemble_and_no_pull() -> None:
    """Four systems of either player; the band is of the trees alone, and every line is passed."""
    rows = predictions()
    names = {"moving_average", "zone_matchup", "similarity", "xgboost"}
    assert set(rows) == {(name, player) for name in names for player in (7, 8)}
    assert rows["similarity", 7]["predicted_points"] == pytest.approx(20.8)
    assert rows["similarity", 8]["predicted_points"] is None
    trees = rows["xgboost", 7]
    assert trees["predicted_points"] == pytest.approx(10, abs=0.05)
    assert (trees["p10"], trees["p90"]) == (pytest.approx(8, abs=0.1), pytest.approx(12, abs=0.1))
    assert (trees["model_version"], trees["model_status"]) == ("m", "trained")
    assert rows["similarity", 7]["p10"] is None
    assert (rows["similarity", 7]["model_version"], rows["xgboost", 8]["prob_over"]) == (None, None)
    assert {row["recommendation"] for row in rows.values()} == {"PASS", "NO_LINE"}
    assert rows["xgboost", 7]["recommendation_reason"] == "no_proven_edge"


def test_what_the_month_has_learned_makes_ensemble_and_pull_and_recommends() -> None:
    """0.5 * 20.8 + 0.5 * 10 = 15.4; 11.5 - 0.4 - 0.1 * 1.5 = 10.95, only where there is a line.

    Of the similar games' gaps the systems tell that look at them, and no other.
    """
    proven = [{"system": "xgboost", "side": "UNDER", "edge_from": 1.0, "hit_rate_low": 0.55}]
    rows = predictions(
        weights=json.dumps({"similarity": 0.5, "xgboost": 0.5}),
        beside_line="[-0.4, 0.1]",
        edge_record=json.dumps(proven),
    )
    assert rows["ensemble", 7]["predicted_points"] == pytest.approx(15.4, abs=0.05)
    assert rows["ensemble", 8]["predicted_points"] == rows["xgboost", 8]["predicted_points"]
    assert rows["xgboost_with_line", 7]["predicted_points"] == pytest.approx(10.95, abs=0.01)
    assert ("xgboost_with_line", 8) not in rows
    told = {key for key, row in rows.items() if row["recommendation"] == "UNDER"}
    assert told == {("xgboost", 7)}
    for (name, player), row in rows.items():
        looks = player == 7 and name in {"similarity", "ensemble"}
        assert set(row["gap_ids"]) == {*GAPS["plain"], *(GAPS["met"] if looks else [])}
