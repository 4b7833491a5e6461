"""A date computed alone equals, bit for bit, the same date of the full backfill."""

import shutil
from datetime import date

from nba_pipeline_tests.conftest import DAILY, FIRST, LAST, REAL_DAY, Lab
from nba_pipeline_tests.league_files import games


def test_dates_one_by_one_equal_the_whole(tmp_path, league, league_landing) -> None:
    """The last date is computed in a run of its own."""
    dates = sorted({game["date"] for game in games(league_landing) if game["date"] <= str(LAST)})
    days = [date.fromisoformat(text) for text in dates[-2:]]
    lab = Lab(tmp_path, league_landing)
    lab.compute([*DAILY, "points_model"], FIRST, days[0])
    for day in days[1:]:
        lab.compute([*DAILY, "points_model"], day, day)
    for table in DAILY:
        for day in days:
            assert lab.rows(table, game_date=day) == league.rows(table, game_date=day), table


def test_a_real_date_computed_again_alone_is_the_same(tmp_path, real, real_landing) -> None:
    """Every table finds its content unchanged, and the rows are equal."""
    shutil.copytree(real.folder, tmp_path, dirs_exist_ok=True)
    lab = Lab(tmp_path, real_landing, token=1000)
    for name, computed in lab.compute(DAILY, REAL_DAY, REAL_DAY, force=True).items():
        assert computed.replaced.written == (), name
        assert computed.replaced.unchanged == (REAL_DAY,), name
        assert lab.rows(name, game_date=REAL_DAY) == real.rows(name, game_date=REAL_DAY)
