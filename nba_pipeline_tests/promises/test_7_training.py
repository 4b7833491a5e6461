"""No model is trained on data that fails the gate, and one too good to be true is refused."""

from datetime import date

import numpy as np
import pytest

from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.model import boosting, training_gate
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import TRAINING_FEATURE_COVERAGE, TRAINING_MINIMUM_GAMES
from nba_pipeline_tests.conftest import FIRST, LAST, Lab
from nba_pipeline_tests.league_files import TEAM_LOG, damaged

DECEMBER = date(2023, 12, 1)
FEW = 20
ALLOWED = (Bypass("usage_rate_coverage", "to reach the gate"),)


@pytest.fixture(autouse=True)
def few_games(monkeypatch) -> None:
    """Twenty games are enough to train on here."""
    monkeypatch.setitem(vars(TRAINING_MINIMUM_GAMES), "value", FEW)


def test_december_is_not_trained_on_a_november_of_gaps(tmp_path, league_landing) -> None:
    """Every second team line of November is lost: refused with month, share and reason."""

    def halve(rows) -> None:
        november = [row for row in rows if row["GAME_DATE"].startswith("2023-11")][::2]
        rows[:] = [row for row in rows if row not in november]

    lab = Lab(tmp_path, damaged(league_landing, tmp_path, TEAM_LOG, halve))
    done = lab.compute([*TABLES], FIRST, LAST, bypasses=ALLOWED)
    rows = [
        row
        for row in lab.rows("ml_feature_store_v2")
        if row["game_date"].month == 11 and row["not_ready_reason"] != "bootstrap"
    ]
    played = {(r["game_id"], r["player_id"]) for r in lab.rows("player_game_summary")}
    rows = [row for row in rows if (row["game_id"], row["player_id"]) in played]
    share = sum(row["is_production_ready"] for row in rows) / len(rows)
    assert share < TRAINING_FEATURE_COVERAGE.value
    told = done["points_model"].refused[DECEMBER]
    assert f"training gate: month 2023-11: {share:.1%} of {len(rows)} rows" in told
    assert TRAINING_FEATURE_COVERAGE.reason in told
    assert DECEMBER not in {row["month"] for row in lab.rows("points_model")}
    refused = done["player_prop_predictions"].refused
    assert min(refused) == DECEMBER
    assert "points_model has no partition 2023-12-01" in refused[DECEMBER]


def test_a_model_that_knows_the_answers_is_not_stored(
    tmp_path, league_landing, monkeypatch
) -> None:
    """Its error on its own rows is nothing: leakage until shown otherwise."""
    lab = Lab(tmp_path, league_landing)
    monkeypatch.setattr(
        boosting,
        "predict",
        lambda _booster, rows, _features: np.tile(rows.scored.to_numpy(), (3, 1)).T,
    )
    before = [name for name in TABLES if name not in ("points_model", *TABLES_AFTER)]
    lab.compute(before, FIRST, LAST)
    with pytest.raises(training_gate.ImplausibleModel, match=r"MAE on the training rows is 0\.00"):
        lab.compute(["points_model"], DECEMBER, LAST)
    assert lab.warehouse.stamps("points_model") == {}
    done = lab.compute(["player_prop_predictions"], DECEMBER, DECEMBER)
    assert "points_model" in done["player_prop_predictions"].refused[DECEMBER]


TABLES_AFTER = ("player_prop_predictions", "prediction_accuracy")
