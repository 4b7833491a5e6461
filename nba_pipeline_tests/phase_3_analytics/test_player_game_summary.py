"""Usage and shooting, worked out from the file's lines in plain Python."""

import pytest

from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, lines


def test_every_player_game_by_an_independent_route(league, league_landing) -> None:
    """100 * plays * (240 / 5) / (minutes * the team's plays)."""
    teams = {(t["GAME_ID"], t["TEAM_ABBREVIATION"]): t for t in lines(league_landing, TEAM_LOG)}
    rows = {(r["game_id"], r["player_id"]): r for r in league.rows("player_game_summary")}
    said = [p for p in lines(league_landing, PLAYER_LOG) if p["MIN"] > 0]
    assert len(rows) == len(said)

    def plays(line) -> float:
        return line["FGA"] + 0.44 * line["FTA"] + line["TOV"]

    for line in said:
        row = rows[line["GAME_ID"], line["PLAYER_ID"]]
        team = teams[line["GAME_ID"], line["TEAM_ABBREVIATION"]]
        usage = 100 * plays(line) * 48 / (line["MIN"] * plays(team))
        assert row["usage_rate"] == pytest.approx(usage)
        assert row["points"] == line["PTS"]
        shots = 2 * (line["FGA"] + 0.44 * line["FTA"])
        assert row["ts_pct"] == (pytest.approx(line["PTS"] / shots) if shots else None)


def test_usage_of_a_team_game_averages_twenty(league) -> None:
    """Weighted by minutes, by identity."""
    sums: dict[tuple, list[float]] = {}
    for row in league.rows("player_game_summary"):
        both = sums.setdefault((row["game_id"], row["team_abbr"]), [0.0, 0.0])
        both[0] += row["usage_rate"] * row["minutes"]
        both[1] += row["minutes"]
    assert len(sums) > 100
    for used, minutes in sums.values():
        assert used / minutes == pytest.approx(20)
