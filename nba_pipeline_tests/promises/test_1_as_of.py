"""Nothing dated D or later changes what is known as of D."""

from nba_pipeline_tests.conftest import FIRST, LAST, Lab
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, damaged, games

AS_OF = ["upcoming_player_game_context", "player_daily_cache", "ml_feature_store_v2"]
BEHIND = [
    *("nbac_schedule", "nbac_team_boxscore", "nbac_player_boxscore", "rejected_rows", "data_gaps"),
    *("team_offense_game_summary", "player_game_summary"),
]


def test_deleting_what_is_dated_the_day_or_later_changes_nothing(
    tmp_path, league, league_landing
) -> None:
    """Box scores of D and after are cut away; context, cache and features of D are the same."""
    dates = sorted({game["date"] for game in games(league_landing) if game["date"] <= str(LAST)})
    cut = dates[len(dates) * 2 // 3]

    def before(rows) -> None:
        rows[:] = [row for row in rows if row["GAME_DATE"] < cut]

    landing = damaged(league_landing, tmp_path, PLAYER_LOG, before)
    damaged(league_landing, tmp_path, TEAM_LOG, before)
    lab = Lab(tmp_path, landing)
    day = type(LAST).fromisoformat(cut)
    lab.compute(BEHIND, FIRST, day)
    lab.compute(AS_OF, day, day)
    for table in AS_OF:
        alone = lab.rows(table, game_date=day)
        assert len(alone) > 20
        assert alone == league.rows(table, game_date=day)
