"""What moved a prediction: the parts that the model itself counts."""

from datetime import date

import pytest

from nba_pipeline.quality.contributions import in_words, moved_by
from nba_pipeline.quality.explain import explain
from nba_pipeline.quality.predictions import predictions_of
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import REAL_DAY

FEATURES = TABLES["ml_feature_store_v2"].features


def test_all_parts_together_are_the_prediction(real, monkeypatch) -> None:
    """With what all begin with, which is the same for everybody of a date."""
    monkeypatch.setattr("nba_pipeline.quality.contributions._SHOWN", len(FEATURES))
    moved = moved_by(real.warehouse, REAL_DAY, FEATURES)
    made = real.rows("player_prop_predictions", game_date=REAL_DAY, system="xgboost")
    assert len(moved) == len(made) > 200
    bases = {
        round(
            row["p50"] - sum(line["points"] for line in moved[row["game_id"], row["player_id"]]), 0
        )
        for row in made
        if row["p50"] > 2
    }
    assert max(bases) - min(bases) <= 1


def test_explain_and_predict_tell_the_most_of_it(real) -> None:
    """The most first, each with the feature's value as the store has it."""
    row = real.rows("player_prop_predictions", game_date=REAL_DAY, system="xgboost")[0]
    told = explain(str(row["player_id"]), REAL_DAY, TABLES, real.warehouse)
    sizes = [abs(line["points"]) for line in told["moved"]]
    assert len(sizes) == 5
    assert sizes == sorted(sizes, reverse=True)
    for line in told["moved"]:
        stored = told["features"][line["feature"]]
        assert line["value"] == (None if stored is None else pytest.approx(stored, abs=1e-3))
    rows = predictions_of(real.warehouse, REAL_DAY, FEATURES)
    mine = [r for r in rows if r["player"] == row["player_lookup"] and r["system"] == "xgboost"]
    assert mine[0]["moved"] == in_words(told["moved"])
    assert {r["moved"] for r in rows if r["system"] != "xgboost"} == {None}


def test_nothing_moved_where_no_model_serves(real, league) -> None:
    """A date without features, and a league too young for a model."""
    assert moved_by(real.warehouse, date(2023, 7, 1), FEATURES) == {}
    assert moved_by(league.warehouse, date(2023, 12, 1), FEATURES) == {}
    assert in_words([]) == ""
