"""Nothing dated D or later changes the features and predictions of D."""

from datetime import date
from pathlib import Path

from nba_pipeline_tests.conftest import FIRST, LAST, REAL_DAY, REAL_FIRST, Lab, with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, damaged, games

BEFORE_TIP_OFF = [
    *("upcoming_player_game_context", "player_daily_cache", "ml_feature_store_v2"),
    "player_prop_predictions",
]


def _without(landing: Path, folder: Path, cut: date) -> Lab:
    """A lab whose landing zone has no box score of the day or later."""

    def before(rows) -> None:
        rows[:] = [row for row in rows if row["GAME_DATE"] < str(cut)]

    changed = damaged(landing, folder, PLAYER_LOG, before)
    damaged(landing, folder, TEAM_LOG, before)
    return Lab(folder, changed)


def _assert_equal(cut: Lab, whole: Lab, day: date, players: int) -> None:
    for table in BEFORE_TIP_OFF:
        alone = cut.rows(table, game_date=day)
        assert len(alone) > players
        assert alone == whole.rows(table, game_date=day), table


def test_box_scores_of_the_day_and_after_change_nothing(tmp_path, league, league_landing) -> None:
    """A simulated league without them gives the same features and predictions."""
    dates = sorted({game["date"] for game in games(league_landing) if game["date"] <= str(LAST)})
    day = date.fromisoformat(dates[len(dates) * 2 // 3])
    cut = _without(league_landing, tmp_path, day)
    cut.compute(with_upstream(*BEFORE_TIP_OFF), FIRST, day)
    _assert_equal(cut, league, day, 20)


def test_the_same_on_real_games(tmp_path, real, real_landing) -> None:
    """The trained model's predictions too."""
    cut = _without(real_landing, tmp_path, REAL_DAY)
    cut.compute(with_upstream(*BEFORE_TIP_OFF), REAL_FIRST, REAL_DAY)
    _assert_equal(cut, real, REAL_DAY, 200)
    made = cut.rows("player_prop_predictions", game_date=REAL_DAY, system="xgboost")
    assert len(made) > 200
