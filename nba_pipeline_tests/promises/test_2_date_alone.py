"""A date computed alone equals, bit for bit, the same date of the full backfill."""

from nba_pipeline_tests.conftest import DAILY, FIRST, LAST, Lab
from nba_pipeline_tests.league_files import games


def test_dates_one_by_one_equal_the_whole(tmp_path, league, league_landing) -> None:
    """The last two dates are each computed in a run of their own."""
    dates = sorted({game["date"] for game in games(league_landing) if game["date"] <= str(LAST)})
    days = [type(LAST).fromisoformat(text) for text in dates[-3:]]
    lab = Lab(tmp_path, league_landing)
    lab.compute([*DAILY, "points_model"], FIRST, days[0])
    for day in days[1:]:
        lab.compute([*DAILY, "points_model"], day, day)
    for table in DAILY:
        for day in days:
            assert lab.rows(table, game_date=day) == league.rows(table, game_date=day), table
