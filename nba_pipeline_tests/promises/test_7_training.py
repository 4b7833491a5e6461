"""No model is trained on data that fails the gate, and one too good to be true is refused."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.engine.compute import Writer, compute
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.model import boosting, promotion, training_gate, walk_forward
from nba_pipeline.quality import checkpoints
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import (
    TRAINING_FEATURE_COVERAGE,
    TRAINING_MINIMUM_GAMES,
    WEIGHTS_ROWS,
)
from nba_pipeline_tests.conftest import FIRST, LAST, Lab
from nba_pipeline_tests.league_files import TEAM_LOG, damaged

DECEMBER, JANUARY = date(2023, 12, 1), date(2024, 1, 1)
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
        if row["game_date"] < DECEMBER and row["not_ready_reason"] != "bootstrap"
    ]
    played = {(r["game_id"], r["player_id"]) for r in lab.rows("player_game_summary")}
    rows = [row for row in rows if (row["game_id"], row["player_id"]) in played]
    share = sum(row["is_production_ready"] for row in rows) / len(rows)
    assert share < TRAINING_FEATURE_COVERAGE.value
    told = done["points_model"].refused[DECEMBER]
    assert f"readiness: month 2023-11: {share:.1%} of {len(rows)} rows" in told
    assert told.startswith("training gate: ")
    assert done["points_model"].gated == set(done["points_model"].refused)
    assert done["player_prop_predictions"].gated == set()
    assert TRAINING_FEATURE_COVERAGE.reason in told
    assert DECEMBER not in {row["month"] for row in lab.rows("points_model")}
    refused = done["player_prop_predictions"].refused
    assert min(refused) == DECEMBER
    assert "points_model has no partition 2023-12-01" in refused[DECEMBER]


def test_a_model_that_knows_the_answers_does_not_serve(tmp_path, league, monkeypatch) -> None:
    """Its error on rows that it has not seen is nothing: leakage until shown otherwise."""
    lab = _without_models(tmp_path, league)
    monkeypatch.setattr(
        boosting, "predict", lambda _booster, rows, _features: rows.scored.to_numpy("float64")
    )
    lab.compute(["points_model"], DECEMBER, LAST)
    (row,) = lab.rows("points_model", month=DECEMBER)
    assert (row["status"], row["booster"], row["model_month"]) == ("kept", None, None)
    (told,) = json.loads(row["refused_because"])
    assert told.startswith("plausibility: MAE 0.000 on the judge slice is 0.0% of")
    lab.compute(["player_prop_predictions"], DECEMBER, DECEMBER)
    assert lab.rows("player_prop_predictions", game_date=DECEMBER, system="xgboost") == []


def test_a_refused_month_is_refused_alone_and_the_last_good_model_serves_on(
    tmp_path, league, league_landing, monkeypatch
) -> None:
    """The gate finds something in December alone: November's model serves it, and says so.

    What December's rows would teach beside the trees is not learned either.
    """
    monkeypatch.setitem(vars(WEIGHTS_ROWS), "value", 1)
    monkeypatch.setitem(vars(TRAINING_MINIMUM_GAMES), "value", 10)
    # Of ten games too little is known for the other checks.
    monkeypatch.setattr(training_gate, "CHECKS", {"planted": _finds_december})
    lab = _without_models(tmp_path, league)
    november = date(2023, 11, 1)
    months = [november, DECEMBER, JANUARY]
    before = [name for name in TABLES if name not in ("points_model", *TABLES_AFTER)]
    lab.compute(before, FIRST, months[-1])
    monkeypatch.setattr(promotion, "refusals", lambda *_: [])
    lab.compute(["points_model"], FIRST, months[-1])
    rows = {row["month"]: row for row in lab.rows("points_model")}
    assert [rows[month]["status"] for month in months] == ["trained", "kept", "trained"]
    kept, good = rows[DECEMBER], rows[november]
    assert json.loads(kept["refused_because"]) == ["planted: December"]
    for name in ("model_version", "model_month", "booster", "spread", *walk_forward.LEARNED):
        assert kept[name] == good[name], name
    assert rows[JANUARY]["weights"] != good["weights"] is None
    assert good["model_month"] == november
    told = lab.warehouse.stamps("points_model")[DECEMBER].failed
    assert told == {"kept_months": (str(DECEMBER),)}
    lab.compute(["player_prop_predictions"], DECEMBER, LAST)
    made = lab.rows("player_prop_predictions", system="xgboost")
    assert {(row["model_status"], row["model_month"]) for row in made} == {("kept", november)}
    # Each month alone, computed again from the rows of its fingerprint, comes to the same bits.
    for month, row in ((DECEMBER, kept), (november, good)):
        lab.compute(["points_model"], month, month, force=True)
        assert lab.rows("points_model", month=month) == [row]
    # A run of two months learns from the stored one between them.
    last = lab.rows("points_model", month=months[-1])
    survey, writer = Survey(TABLES, lab.warehouse, lab.landing), Writer("holes", 1500, lambda: None)
    compute(TABLES["points_model"], [november, months[-1]], survey, writer, force=True)
    assert lab.rows("points_model", month=months[-1]) == last
    asked = (["training_gate"], TABLES, FIRST, months[-1], lab.warehouse, lab.landing)
    lines = {line["check"]: line for line in checkpoints.validate(*asked)}
    assert {name: line["failed"] for name, line in lines.items()} == {
        "refusals": 1,
        "kept_months": 1,
    }
    assert lines["refusals"]["first"] == DECEMBER
    assert "planted: December" in lines["refusals"]["why"]
    (told,) = checkpoints.figures(*asked)
    assert [row["status"] for row in told.rows][-3:] == ["trained", "kept", "trained"]
    # The first good month is refused when it is made again: as it is stored it serves on, and teaches.
    monkeypatch.setattr(training_gate, "CHECKS", {"planted": _finds_any_before_january})
    later = Lab(tmp_path, league_landing, token=2000)
    again = later.compute(["points_model"], november, months[-1], force=True)["points_model"]
    assert list(again.refused) == [november]
    rows = {row["month"]: row for row in lab.rows("points_model")}
    assert (rows[november], rows[JANUARY]) == (good, *last)
    assert (rows[DECEMBER]["status"], rows[DECEMBER]["model_month"]) == ("kept", november)


def _without_models(folder: Path, league: Lab) -> Lab:
    """A copy of the league as it was computed, without models and what is made from them."""
    shutil.copytree(league.folder, folder, dirs_exist_ok=True)
    for name in ("points_model", *TABLES_AFTER, "predictions_made"):
        shutil.rmtree(folder / "warehouse" / name, ignore_errors=True)
    return Lab(folder, league.landing_folder, token=1000)


def _finds_any_before_january(training: training_gate.Training) -> list[str]:
    return ["too early"] if training.month < JANUARY else []


def _finds_december(training: training_gate.Training) -> list[str]:
    return ["December"] if training.month == DECEMBER else []


TABLES_AFTER = ("player_prop_predictions", "prediction_accuracy")
