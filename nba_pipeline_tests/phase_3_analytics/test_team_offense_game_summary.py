"""Possessions, pace and ratings, worked out from the file's lines in plain Python."""

import pytest

from nba_pipeline_tests.league_files import TEAM_LOG, lines


def test_every_team_game_by_an_independent_route(league, league_landing) -> None:
    """Mean of both sides' FGA + 0.44 FTA + TOV - OREB; the league has no overtime."""
    rows = {(r["game_id"], r["team_abbr"]): r for r in league.rows("team_offense_game_summary")}
    games: dict[str, list] = {}
    for line in lines(league_landing, TEAM_LOG):
        games.setdefault(line["GAME_ID"], []).append(line)
    assert len(rows) == 2 * len(games)
    for sides in games.values():
        used = [s["FGA"] + 0.44 * s["FTA"] + s["TOV"] - s["OREB"] for s in sides]
        for own, other in (sides, sides[::-1]):
            row = rows[own["GAME_ID"], own["TEAM_ABBREVIATION"]]
            assert row["possessions"] == pytest.approx(sum(used) / 2)
            assert row["pace"] == pytest.approx(sum(used) / 2)
            assert row["offensive_rating"] == pytest.approx(100 * own["PTS"] / (sum(used) / 2))
            assert row["margin"] == own["PTS"] - other["PTS"]
            assert row["ts_pct"] == pytest.approx(
                own["PTS"] / (2 * (own["FGA"] + 0.44 * own["FTA"]))
            )
            assert row["efg_pct"] == pytest.approx((own["FGM"] + 0.5 * own["FG3M"]) / own["FGA"])
            assert (row["completeness"], row["is_production_ready"]) == (1.0, True)
