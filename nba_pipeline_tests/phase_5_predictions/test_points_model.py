"""What each month's model was made of, and what decides whether it serves.

The gate, the promotion and the drift are tested with the model.
"""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd

from nba_pipeline.model import boosting, drift
from nba_pipeline.model.promotion import Candidate
from nba_pipeline.phase_5_predictions import points_model
from nba_pipeline.phase_5_predictions.ml_feature_store_v2 import FEATURE_VERSION, LEARNED
from nba_pipeline_tests.league_files import games

NOVEMBER, DECEMBER = date(2023, 11, 1), date(2023, 12, 1)
LAST_SEEN = date(2023, 10, 31)


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


def _trained_on(november: float) -> pd.DataFrame:
    """A year of 10 to 39 minutes in turn, and a hundred rows of November with so many."""
    minutes = [*(10.0 + n % 30 for n in range(3000)), *[november] * 100]
    days = [LAST_SEEN - timedelta(days=n % 300) for n in range(3000)]
    days += [NOVEMBER + timedelta(days=n % 10) for n in range(100)]
    rows = pd.DataFrame(dict.fromkeys(LEARNED, np.nan), index=range(len(days)))
    return rows.assign(game_date=days, minutes_avg_last_10=minutes, scored=10.0)


def _attempt(rows: pd.DataFrame) -> dict[str, object]:
    """What training on the rows came to: the gate found nothing, and the candidate is good enough."""
    errors = {"last_10": 5.0, "season": 5.0, "carried": 5.0, "blended": 4.8, "history": 4.6}
    found = Candidate(
        booster=boosting.train(rows, LEARNED, 1),
        rounds=1,
        spread="{}",
        slices_said={},
        judge=rows[-50:].assign(predicted=10.0),
        figures={f"mae_{name}": error for name, error in errors.items()},
    )
    facts = {"data_fingerprint": "f"}
    return {"is_bootstrap": False, "failed": [], "rows": rows, "candidate": found, "facts": facts}


def test_a_month_whose_rows_have_moved_away_is_kept(monkeypatch) -> None:
    """November's minutes are seconds: the gate and the promotion let them through, the drift does not.

    Where nothing serves yet, or under another version of the features, there is nothing to be near to.
    """
    monkeypatch.setitem(vars(drift.TRAINING_DRIFT_KNOWN_ROWS), "value", 3000)
    seen = _trained_on(20.0)
    serving = dict.fromkeys(points_model.PointsModel.to_schema().columns)
    serving |= {
        "month": NOVEMBER,
        "model_month": NOVEMBER,
        "booster": boosting.train(seen, LEARNED, 2),
        "feature_version": FEATURE_VERSION,
        "learned": drift.learned(seen[seen.game_date <= LAST_SEEN], LEARNED),
        "trained_to": LAST_SEEN,
    }
    like_them = points_model._line(DECEMBER, _attempt(seen), serving)
    assert (like_them["status"], like_them["refused_because"]) == ("trained", None)
    moved = _attempt(_trained_on(1200.0))
    kept = points_model._line(DECEMBER, moved, serving)
    (told,) = json.loads(kept["refused_because"])
    assert told.startswith("drift: minutes_avg_last_10 is 1200 at the median of 100 rows that are ")
    assert (kept["status"], kept["month"]) == ("kept", DECEMBER)
    assert (kept["model_month"], kept["booster"]) == (NOVEMBER, serving["booster"])
    older = serving | {"feature_version": FEATURE_VERSION - 1}
    for other in (older, None):
        line = points_model._line(DECEMBER, moved, other)
        assert (line["status"], line["model_month"]) == ("trained", DECEMBER)
        assert line["booster"] == moved["candidate"].booster
