"""A model's page says what its row says, in words."""

import json
from datetime import date

from nba_pipeline.model.card import card

ROW = {
    "month": date(2024, 1, 1),
    "status": "trained",
    "model_version": "points_model_2024-01_abc",
    "booster": b"x",
    "refused_because": None,
    "trained_from": date(2021, 10, 19),
    "trained_to": date(2023, 12, 31),
    "training_games": 2930,
    "training_rows": 60587,
    "feature_coverage": json.dumps({"points_avg_last_5": 0.99, "is_home": 1.0}),
    "rows_with_gaps": 12,
    "clean_rows": 56000,
    "lacking": json.dumps(
        {
            "2021-22": {n: {"no source": 1.0} for n in ("pct_paint", "pct_three")}
            | {"points_avg_last_10": {"bootstrap": 0.02, "gap": 0.01}}
        }
    ),
    "partial_effects": json.dumps({"points_weighted_carried_30": [[2.0, 5.0], [20.0, 18.5]]}),
    "data_fingerprint": "f00d",
    "slices": json.dumps({"judge": {"first": "2023-12-04", "last": "2023-12-31", "rows": 4927}}),
    "rounds": 162,
    "importance": json.dumps({"points_weighted_carried_30": 0.4, "is_home": 0.1}),
    "judge_rows": 4927,
    "judge_mae": 4.5634,
    "judge_rmse": 6.027,
    "judge_bias": -0.598,
    "judge_band": 0.793,
    "judge_mae_history": 4.56,
    "judge_mae_last_10": 4.677,
    "judge_mae_season": 4.622,
    "judge_mae_carried": 4.6,
}


def test_a_trained_months_page() -> None:
    """Rows against what was wished for, the slices, errors beside the naive ones, and bars."""
    page = card(ROW)
    assert page.startswith("## Points model of 2024-01: trained\n`points_model_2024-01_abc` serves")
    assert "60,587 player-games of 2,930 games" in page
    assert "56,000 are clean: 112% of the 50,000 that are wanted" in page
    assert "and 80% of the 70,000 that its predecessor was to have" in page
    assert "| 2021-22 | 100.0% | no source | pct_paint, pct_three |" in page
    assert "| 2021-22 | 1.0% | gap | points_avg_last_10 |" in page
    assert "![points_weighted_carried_30](data:image/svg+xml;base64," in page
    assert "points_avg_last_5 99.0%." in page
    assert "| judge | 2023-12-04 | 2023-12-31 | 4,927 |" in page
    assert "| MAE, 4,927 rows | 4.563 |" in page
    assert "| the last-10 mean there | 4.677 |" in page
    assert "79.3% were inside" in page
    assert "below 4.27" in page
    bars = [line for line in page.splitlines() if "█" in line]
    assert [line.count("█") for line in bars] == [40, 10]


def test_a_refused_months_page_says_why_and_what_serves() -> None:
    """One reason per line; without a model, that none serves."""
    kept = ROW | {"status": "kept", "refused_because": json.dumps(["as_of: it has seen the game"])}
    kept |= {"month": date(2024, 1, 1), "model_month": date(2023, 12, 1), "rounds": 99}
    page = card(kept | {"judge_mae_history": None, "judge_mae_last_10": None})
    assert "\n- refused: as_of: it has seen the game\n" in page
    assert "serves, the model of 2023-12." in page
    assert "99 trees" not in page
    assert "the season mean there" in page
    assert "the last-10 mean there" not in page
    empty = dict.fromkeys(ROW) | {name: ROW[name] for name in ("month", "data_fingerprint")}
    empty |= {"status": "bootstrap", "training_rows": 0, "training_games": 0}
    empty |= {"rows_with_gaps": 0, "clean_rows": 0}
    assert "No trained model serves the month." in card(empty)
