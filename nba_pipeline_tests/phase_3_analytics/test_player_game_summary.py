"""Usage and shooting, worked out from the file's lines in plain Python."""

import pytest

from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.conftest import Lab, with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, lines
from nba_pipeline_tests.line_files import before, day_of, known_game, write_consensus


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


def test_points_are_over_or_under_the_line_or_are_it(tmp_path) -> None:
    """Three players with lines half a point below, above, and at what they then scored."""
    folder = tmp_path / "landing"
    write_landing(folder, League(teams=4, days=6, rest=0.0, seed=3))
    game, _player = known_game(folder)
    played = [
        line
        for line in lines(folder, PLAYER_LOG)
        if line["GAME_ID"] == game["gameId"] and line["MIN"] > 0 and line["PTS"] > 0
    ]
    wanted = {}
    said = []
    for line, (result, off) in zip(
        played, (("OVER", -0.5), ("UNDER", 0.5), ("PUSH", 0)), strict=False
    ):
        slug = line["PLAYER_NAME"].replace(" ", "").lower()
        said.append(f"{game['date']},{slug},{line['PTS'] + off},-110")
        wanted[line["PLAYER_ID"]] = (line["PTS"] + off, "bettingpros", result)
    write_consensus(folder, *said)
    lab = Lab(tmp_path, folder)
    lab.compute(with_upstream("player_game_summary"), before(day_of(game)), day_of(game))
    rows = lab.rows("player_game_summary", game_id=game["gameId"])
    told = {
        row["player_id"]: (row["points_line"], row["line_source"], row["over_under_result"])
        for row in rows
    }
    assert {player: told[player] for player in wanted} == wanted
    others = {value for player, value in told.items() if player not in wanted}
    assert others == {(None, None, None)}
