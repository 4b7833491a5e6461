"""Windows of every player of a date, by sorting the files' lines in plain Python."""

import statistics
from datetime import date

import pytest

from nba_pipeline_tests.conftest import LAST
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, games, lines


def test_windows_of_the_last_date_with_games(league, league_landing) -> None:
    """Last five, last ten, season, and the team's share of wins."""
    day = max(g["date"] for g in games(league_landing) if g["date"] <= LAST.isoformat())
    rows = league.rows("player_daily_cache", game_date=date.fromisoformat(day))
    assert len(rows) > 20
    for row in rows:
        own = [
            p
            for p in lines_of(league_landing, PLAYER_LOG)
            if p["PLAYER_ID"] == row["player_id"] and p["GAME_DATE"] < day and p["MIN"] > 0
        ]
        own.sort(key=lambda p: p["GAME_DATE"])
        points = [p["PTS"] for p in own]
        assert row["points_avg_last_5"] == pytest.approx(statistics.mean(points[-5:]))
        assert row["points_avg_last_10"] == pytest.approx(statistics.mean(points[-10:]))
        assert row["points_avg_season"] == pytest.approx(statistics.mean(points))
        assert row["points_std_last_10"] == pytest.approx(statistics.stdev(points[-10:]))
        assert row["minutes_avg_season"] == pytest.approx(statistics.mean(p["MIN"] for p in own))
        assert row["games_played_season"] == len(own)
        shots = sum(2 * (p["FGA"] + 0.44 * p["FTA"]) for p in own[-10:])
        assert row["ts_pct_last_10"] == pytest.approx(sum(points[-10:]) / shots)
        won = [
            t["WL"] == "W"
            for t in lines_of(league_landing, TEAM_LOG)
            if t["TEAM_ABBREVIATION"] == row["team_abbr"] and t["GAME_DATE"] < day
        ]
        assert row["team_win_pct_season"] == pytest.approx(statistics.mean(won))
        assert row["points_avg_previous_season"] is None


_READ: dict = {}


def lines_of(landing, log):
    """The log's lines, read once."""
    if (landing, log) not in _READ:
        _READ[landing, log] = lines(landing, log)
    return _READ[landing, log]
