"""Features that the store adds to the cache, by plain Python."""

import re
from datetime import date
from pathlib import Path

import ibis
import pytest

from nba_pipeline.league.injury_status import injury_risk
from nba_pipeline.lookback.provenance import no_gaps
from nba_pipeline.model import recomputed, training_gate
from nba_pipeline.model.training import training_rows, trainings
from nba_pipeline.phase_5_predictions.ml_feature_store_v2 import FEATURES, LEARNED
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import LAST
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, games, lines
from nba_pipeline_tests.model.test_training import behind


def test_every_column_is_a_feature_or_says_which_row_it_is() -> None:
    """A column that nobody marked would be computed, and learned from by no model."""
    store = TABLES["ml_feature_store_v2"]
    others = [name for name in store.columns if name not in store.features]
    assert others == [
        *("game_id", "game_date", "player_id", "player_lookup", "team_abbr", "opponent_abbr"),
        *("season_type", "injury_status", "injury_source", "feature_version"),
    ]


def test_every_feature_is_named_in_a_test_of_a_table() -> None:
    """A feature that nobody has computed by another route is as good as its first mistake."""
    folders = list(Path(__file__).parents[1].glob("phase_[345]_*"))
    text = "\n".join(p.read_text() for folder in folders for p in folder.glob("test_*.py"))
    assert [
        n for n in TABLES["ml_feature_store_v2"].features if not re.search(rf"\b{n}\b", text)
    ] == []


def test_every_learned_feature_is_computed_again_by_the_gate_or_says_who_asks_for_it(
    monkeypatch,
) -> None:
    """A value that nobody can have is told of each, from what a month's model is trained on.

    A feature that is named there and is none of the store's would be asked for of nobody.
    """
    monkeypatch.setitem(vars(recomputed.SAMPLED_ONE_IN), "value", 1)
    tables = behind()
    absurd = tables["features"].mutate(gap_ids=no_gaps(), **dict.fromkeys(FEATURES, -1e6))
    tables |= {"features": absurd}
    november = date(2023, 11, 1)
    rows = training_rows(tables, FEATURES)
    training = trainings(rows, tables, [november], FEATURES, {})[november]
    told = {text.split(" ")[0] for text in training_gate.as_of(training)}
    assert set(LEARNED) - told == set(recomputed.NOT_FROM_GAMES)
    lists = (recomputed.WINDOWED, recomputed.OF_TEAM, recomputed.OF_OPPONENT)
    lists += (recomputed.IN_LAST_DAYS, recomputed.IN_PREVIOUS_SEASON)
    assert {name for names in lists for name in names} <= told


def test_derived_features_and_the_opponents_defence(league, league_landing) -> None:
    """Trend and change of minutes from their parts; the defence over the last 15 games."""
    text = max(g["date"] for g in games(league_landing) if g["date"] <= LAST.isoformat())
    day = date.fromisoformat(text)
    by_game: dict[str, list] = {}
    for line in lines(league_landing, TEAM_LOG):
        if line["GAME_DATE"] < text:
            by_game.setdefault(line["GAME_ID"], []).append(line)
    allowed: dict[str, list] = {}
    for sides in sorted(by_game.values(), key=lambda s: s[0]["GAME_DATE"]):
        used = sum(s["FGA"] + 0.44 * s["FTA"] + s["TOV"] - s["OREB"] for s in sides) / 2
        for own, other in (sides, sides[::-1]):
            allowed.setdefault(own["TEAM_ABBREVIATION"], []).append((other["PTS"], used))
    players = lines(league_landing, PLAYER_LOG)
    earlier = [g for g in games(league_landing) if g["date"] < text]
    cache = {r["player_id"]: r for r in league.rows("player_daily_cache", game_date=day)}
    rows = league.rows("ml_feature_store_v2", game_date=day)
    assert len(rows) == len(cache) > 20
    for row in rows:
        known = cache[row["player_id"]]
        games_allowed = allowed[row["opponent_abbr"]][-15:]
        rating = 100 * sum(p for p, _ in games_allowed) / sum(u for _, u in games_allowed)
        assert row["opponent_def_rating"] == pytest.approx(rating)
        pace = sum(u for _, u in games_allowed) / len(games_allowed)
        assert row["opponent_pace"] == pytest.approx(pace)
        trend = known["points_avg_last_5"] - known["points_avg_last_10"]
        assert row["recent_trend"] == pytest.approx(trend)
        change = known["minutes_avg_last_10"] / known["minutes_avg_season"] - 1
        assert row["minutes_change"] == pytest.approx(change)
        assert row["is_playoff_game"] is False
        own = [
            p
            for p in players
            if p["PLAYER_ID"] == row["player_id"] and p["GAME_DATE"] < text and p["MIN"] > 0
        ]
        latest = max(p["GAME_DATE"] for p in own)
        teams = max(g["date"] for g in earlier if row["team_abbr"] in _teams(g))
        assert row["missed_last_team_game"] is (latest < teams)
        recent = sorted(own, key=lambda p: p["GAME_DATE"])[-10:]
        share = sum(p["FTM"] for p in recent) / sum(p["PTS"] for p in recent)
        assert row["pct_free_throw"] == pytest.approx(share)
        rest, opponents_rest = (
            (day - date.fromisoformat(max(g["date"] for g in earlier if team in _teams(g)))).days
            for team in (row["team_abbr"], row["opponent_abbr"])
        )
        assert row["team_days_rest"] == rest
        assert row["rest_advantage"] == rest - opponents_rest


BASELINE = (
    *("points_avg_last_5", "points_avg_last_10", "points_avg_season", "points_std_last_10"),
    *("games_in_last_7_days", "fatigue_score", "shot_zone_mismatch_score", "pace_score"),
    *("usage_spike_score", "rest_advantage", "injury_risk", "recent_trend", "minutes_change"),
    *("opponent_def_rating", "opponent_pace", "is_home", "is_back_to_back", "is_playoff_game"),
    *("pct_paint", "pct_mid_range", "pct_three", "pct_free_throw", "team_pace_last_10"),
    *("team_off_rating_last_10", "team_win_pct_season"),
)
"""The 25 features that predictions were first made from, in their order."""


def test_the_first_twenty_five_features_and_usage_are_there() -> None:
    """And those of the season before, for a player's first games."""
    others = ("usage_rate_last_10", "minutes_avg_last_10")
    before = ("points_avg_previous_season", "minutes_avg_previous_season")
    assert len(BASELINE) == 25
    assert {*BASELINE, *others, *before} <= set(TABLES["ml_feature_store_v2"].features)


def test_factors_and_zones_are_those_of_their_tables(league) -> None:
    """Each column under the row's player, game and date; nothing is filled in on the way."""
    rows = league.rows("ml_feature_store_v2")
    factors = {(r["game_id"], r["player_id"]): r for r in league.rows("player_composite_factors")}
    zones = {(r["player_id"], r["game_date"]): r for r in league.rows("player_shot_zone_analysis")}
    for row in rows:
        known = factors[row["game_id"], row["player_id"]]
        for name in (
            *("fatigue_score", "shot_zone_mismatch_score", "pace_score", "usage_spike_score"),
            "teammates_out_usage",
        ):
            assert row[name] == known[name]
        shots = zones[row["player_id"], row["game_date"]]
        assert row["pct_paint"] == shots["paint_rate_last_10"]
        assert row["pct_mid_range"] == shots["mid_range_rate_last_10"]
        assert row["pct_three"] == shots["three_rate_last_10"]
        assert row["assisted_rate_last_10"] == shots["assisted_rate_last_10"]
    late = [row for row in rows if row["is_production_ready"]]
    for name in ("fatigue_score", "shot_zone_mismatch_score", "pace_score", "pct_paint"):
        assert len({row[name] for row in late if row[name] is not None}) > 3


@pytest.mark.parametrize(
    ("status", "source", "risk"),
    [
        ("available", "injury_report", 0),
        ("probable", "injury_report", 1),
        ("questionable", "injury_report", 2),
        ("doubtful", "injury_report", 3),
        ("out", "injury_report", 3),
        ("out", "transactions", 3),
        (None, "injury_report", 0),
        ("day_to_day", "injury_report", None),
        (None, "none", None),
    ],
)
def test_injury_risk_is_what_is_said(status, source, risk) -> None:
    """Whom a report does not list plays; of whom nobody says anything, nothing is known."""
    rows = ibis.memtable(
        [{"status": status, "source": source}], schema={"status": "string", "source": "string"}
    )
    found = rows.select(injury_risk=injury_risk(rows.status, rows.source)).to_pyarrow()
    assert found.to_pylist() == [{"injury_risk": risk}]


def _teams(game) -> tuple[str, str]:
    return game["homeTeam"]["teamTricode"], game["awayTeam"]["teamTricode"]
