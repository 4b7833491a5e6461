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
        assert row["minutes_avg_previous_season"] is None
        minutes = [p["MIN"] for p in own]
        assert row["minutes_avg_last_5"] == pytest.approx(statistics.mean(minutes[-5:]))
        assert row["minutes_avg_last_10"] == pytest.approx(statistics.mean(minutes[-10:]))
        usage = [_usage(p, league_landing) for p in own]
        assert row["usage_rate_last_10"] == pytest.approx(statistics.mean(usage[-10:]))
        assert row["usage_rate_season"] == pytest.approx(statistics.mean(usage))
        ago = [(date.fromisoformat(day) - date.fromisoformat(p["GAME_DATE"])).days for p in own]
        assert row["games_in_last_7_days"] == sum(days <= 7 for days in ago)
        assert row["games_in_last_14_days"] == sum(days <= 14 for days in ago)
        recent = [p["MIN"] for p, days in zip(own, ago, strict=True) if days <= 7]
        assert row["minutes_in_last_7_days"] == pytest.approx(sum(recent))
        after_another = [days for days in ago if days + 1 in ago]
        assert row["back_to_backs_last_14_days"] == sum(days <= 14 for days in after_another)


def test_windows_that_are_carried_over_and_latest_games(league, league_landing) -> None:
    """Weights of 10 to 1 and 30 to 1, ratios of sums; the league has but one season."""
    day = max(g["date"] for g in games(league_landing) if g["date"] <= LAST.isoformat())
    rows = league.rows("player_daily_cache", game_date=date.fromisoformat(day))
    assert len(rows) > 20
    for row in rows:
        own = [
            p
            for p in lines_of(league_landing, PLAYER_LOG)
            if p["PLAYER_ID"] == row["player_id"] and p["GAME_DATE"] < day and p["MIN"] > 0
        ]
        own.sort(key=lambda p: p["GAME_DATE"], reverse=True)
        assert row["points_avg_last_1"] == own[0]["PTS"]
        assert row["minutes_avg_last_1"] == own[0]["MIN"]
        assert row["minutes_avg_last_2"] == statistics.mean(p["MIN"] for p in own[:2])
        mine = [p for p in own if p["TEAM_ABBREVIATION"] == row["team_abbr"]]
        assert row["games_played_for_team_season"] == len(mine)
        for name, (column, count) in WEIGHTED.items():
            assert row[name] == pytest.approx(_weighted([p[column] for p in own], count))
        usage = _weighted([_usage(p, league_landing) for p in own], 30)
        assert row["usage_rate_weighted_carried_30"] == pytest.approx(usage)
        attempts, minutes = (sum(p[name] for p in own[:20]) for name in ("FGA", "MIN"))
        assert row["fga_per_minute_carried_20"] == pytest.approx(attempts / minutes)
        points, minutes = (sum(p[name] for p in own[:60]) for name in ("PTS", "MIN"))
        assert row["points_per_minute_carried_60"] == pytest.approx(points / minutes)


WEIGHTED = {
    "points_weighted_carried_10": ("PTS", 10),
    "minutes_weighted_carried_10": ("MIN", 10),
    "points_weighted_carried_30": ("PTS", 30),
    "minutes_weighted_carried_30": ("MIN", 30),
    "fga_weighted_carried_30": ("FGA", 30),
    "fta_weighted_carried_30": ("FTA", 30),
}


def _weighted(latest_first: list[float], games: int) -> float:
    """The mean of which the latest weighs as many as there are games, the one before one less."""
    pairs = list(zip(latest_first, range(games, 0, -1), strict=False))
    return sum(value * weight for value, weight in pairs) / sum(weight for _, weight in pairs)


def _plays(line) -> float:
    return line["FGA"] + 0.44 * line["FTA"] + line["TOV"]


def _usage(line, landing) -> float:
    """Percent of the team's plays while on the floor, over 48 minutes: nobody plays overtime here."""
    (team,) = [
        t
        for t in lines_of(landing, TEAM_LOG)
        if (t["GAME_ID"], t["TEAM_ABBREVIATION"]) == (line["GAME_ID"], line["TEAM_ABBREVIATION"])
    ]
    return 100 * _plays(line) * 48 / (line["MIN"] * _plays(team))


def test_the_teams_pace_and_rating_are_means_over_its_last_ten_games(
    league, league_landing
) -> None:
    """Possessions are the mean of both sides', over 48 minutes; the rating is per hundred of them."""
    day = max(g["date"] for g in games(league_landing) if g["date"] <= LAST.isoformat())
    by_game: dict[str, list] = {}
    for line in lines_of(league_landing, TEAM_LOG):
        if line["GAME_DATE"] < day:
            by_game.setdefault(line["GAME_ID"], []).append(line)
    paces: dict[str, list[tuple[float, float]]] = {}
    for sides in sorted(by_game.values(), key=lambda s: s[0]["GAME_DATE"]):
        possessions = sum(_plays(side) - side["OREB"] for side in sides) / 2
        for side in sides:
            pace = (possessions, 100 * side["PTS"] / possessions)
            paces.setdefault(side["TEAM_ABBREVIATION"], []).append(pace)
    for row in league.rows("player_daily_cache", game_date=date.fromisoformat(day)):
        last_ten = paces[row["team_abbr"]][-10:]
        pace, rating = (statistics.mean(values) for values in zip(*last_ten, strict=True))
        assert row["team_pace_last_10"] == pytest.approx(pace)
        assert row["team_off_rating_last_10"] == pytest.approx(rating)


_READ: dict = {}


def lines_of(landing, log):
    """The log's lines, read once."""
    if (landing, log) not in _READ:
        _READ[landing, log] = lines(landing, log)
    return _READ[landing, log]
