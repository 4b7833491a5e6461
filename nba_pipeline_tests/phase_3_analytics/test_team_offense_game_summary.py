"""Possessions, pace and ratings, worked out from the file's lines in plain Python."""

from datetime import timedelta

import pytest

from nba_pipeline_tests.conftest import FIRST, Lab, with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, SHOT_CHART, TEAM_LOG, damaged, lines

PAINT_FEET = 8
ZONES = [
    f"{zone}_{what}" for zone in ("paint", "mid_range", "three") for what in ("attempts", "makes")
]


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


def test_zones_are_the_shots_of_the_chart_counted_one_by_one(league, league_landing) -> None:
    """Every team-game's attempts and makes from the paint, from mid range and for three."""
    counted: dict[tuple[str, str], dict[str, int]] = {}
    teams = {
        (line["GAME_ID"], line["PLAYER_ID"]): line["TEAM_ABBREVIATION"]
        for line in lines(league_landing, PLAYER_LOG)
    }
    for shot in lines(league_landing, SHOT_CHART):
        team = teams[shot["GAME_ID"], shot["PLAYER_ID"]]
        sums = counted.setdefault((shot["GAME_ID"], team), dict.fromkeys(ZONES, 0))
        if shot["SHOT_TYPE"].startswith("3PT"):
            zone = "three"
        else:
            zone = "paint" if shot["SHOT_DISTANCE"] <= PAINT_FEET else "mid_range"
        sums[f"{zone}_attempts"] += 1
        sums[f"{zone}_makes"] += shot["SHOT_MADE_FLAG"]
    rows = league.rows("team_offense_game_summary")
    assert {(r["game_id"], r["team_abbr"]): {z: r[z] for z in ZONES} for r in rows} == counted


def test_lost_shots_are_named_by_what_reads_zones_and_by_nothing_else(
    tmp_path, league_landing
) -> None:
    """A game without shots leaves both its teams' zones unknown, here and on the other side.

    Possessions, points and minutes look back over the same rows and name nothing of it.
    """
    lost = lines(league_landing, SHOT_CHART)[0]["GAME_ID"]

    def cut(shots) -> None:
        shots[:] = [shot for shot in shots if shot["GAME_ID"] != lost]

    lab = Lab(tmp_path, damaged(league_landing, tmp_path, SHOT_CHART, cut))
    days = FIRST, FIRST + timedelta(days=3)
    lab.compute(with_upstream("player_daily_cache", "team_defense_zone_analysis"), *days)
    (gap,) = lab.rows("data_gaps")
    assert gap["gap_id"] == f"shots:{gap['game_date']}:{lost}"
    for table, zones in (
        ("team_offense_game_summary", ZONES),
        ("team_defense_game_summary", [f"opponent_{zone}" for zone in ZONES]),
    ):
        rows = lab.rows(table, game_id=lost)
        assert [[row[zone] for zone in zones] for row in rows] == [[None] * len(ZONES)] * 2
        assert [row["gap_ids"] for row in rows] == [[gap["gap_id"]]] * 2
        assert [(row["zone_games_present"], row["is_production_ready"]) for row in rows] == [
            (0, True)
        ] * 2
    teams = {row["team_abbr"] for row in lab.rows("team_offense_game_summary", game_id=lost)}
    later = [r for r in lab.rows("team_defense_zone_analysis") if r["game_date"] > gap["game_date"]]
    named = {row["team_abbr"] for row in later if gap["gap_id"] in row["gap_ids"]}
    assert named == teams & {row["team_abbr"] for row in later} != set()
    assert {tuple(row["gap_ids"]) for row in lab.rows("player_daily_cache")} == {()}
