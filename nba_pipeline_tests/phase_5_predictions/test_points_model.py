"""What each month's model was made of, and the gate before it."""

from datetime import date

import pandas as pd
import pytest

from nba_pipeline.model import training_gate
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


def _training_rows(
    ready: int, not_ready: int, reason: str | None = "incomplete_box"
) -> pd.DataFrame:
    flags = [True] * ready + [False] * not_ready
    return pd.DataFrame(
        {
            "game_id": [str(n) for n in range(len(flags))],
            "player_id": 1,
            "game_date": date(2024, 1, 10),
            "season": "2023-24",
            "month": "2024-01",
            "is_production_ready": flags,
            "not_ready_reason": [None if flag else reason for flag in flags],
        }
    )


def test_the_gate_names_the_thin_month_and_the_threshold() -> None:
    """94 of 100 is below 95%, 95 is not, and rows of the bootstrap do not count."""
    found = training_gate.failures(_training_rows(94, 6), date(2024, 2, 1))
    assert [text.split(":")[0] for text in found] == ["month 2024-01", "season 2023-24"]
    assert "94.0% of 100" in found[0]
    assert training_gate.failures(_training_rows(95, 5), date(2024, 2, 1)) == []
    assert training_gate.failures(_training_rows(5, 95, "bootstrap"), date(2024, 2, 1)) == []


def test_the_gate_refuses_the_future_and_repeated_rows() -> None:
    """A row of the month itself, and a player-game said twice."""
    rows = _training_rows(10, 0)
    assert "not before 2024-01-01" in training_gate.failures(rows, date(2024, 1, 1))[0]
    twice = pd.concat([rows, rows[:1]])
    assert training_gate.failures(twice, date(2024, 2, 1)) == ["1 rows repeat a player and game"]


def test_a_model_too_good_to_be_true_is_refused() -> None:
    """Below 4 points on its own rows it has seen what it predicts."""
    training_gate.require_plausible(4.0)
    with pytest.raises(training_gate.ImplausibleModel, match=r"3\.20"):
        training_gate.require_plausible(3.2)
