"""Why rows lack a feature."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from nba_pipeline.model import known, training_gate
from nba_pipeline.model.training import Training

OPTIONAL = {
    "points_avg_previous_season": "previous_season",
    "pace_score": "league",
    "pct_paint": "shots",
    "shot_zone_mismatch_score": "league_shots",
    "assisted_rate_last_10": "assists",
    "teammates_out_usage": "availability",
    "injury_risk": "report",
}
FEATURES = ("points_avg_last_10", *OPTIONAL)
DAY = date(2023, 12, 1)


def row(**known: object) -> dict[str, object]:
    """A ready row of a veteran that has every feature."""
    labels = {"player_id": 1, "game_date": DAY, "season": "2023-24", "month": "2023-12"}
    flags = {"has_lost_games": False, "lacks_shots": False, "is_reported": True}
    flags |= {"is_day_to_day": False}
    ready = {"is_production_ready": True, "not_ready_reason": None}
    return {**labels, **flags, **ready, **dict.fromkeys(FEATURES, 1.0), **known}


def training(*rows: dict[str, object]) -> Training:
    """The rows, with a veteran's games of both seasons, one with an opponent, and a transaction."""
    games = pd.DataFrame(
        {
            "player_id": [1, 1, 8],
            "game_id": ["0022200001", "0022300001", "0022300001"],
            "season": ["2022-23", "2023-24", "2023-24"],
            "game_date": [date(2023, 4, 1), date(2023, 11, 20), date(2023, 11, 20)],
            "team_abbr": ["MEM", "MEM", "BKN"],
            "opponent_abbr": ["BKN", "BKN", "MEM"],
            "paint_attempts": [None, 3.0, 3.0],
            "assisted_makes": [None, None, None],
        }
    )
    entries = pd.DataFrame(
        {"player_id": [9], "event_date": [date(2023, 10, 20)], "season": ["2023-24"]}
    )
    return Training(
        DAY, pd.DataFrame(rows), games, FEATURES, OPTIONAL, transactions=entries.assign(event="out")
    )


@pytest.mark.parametrize(
    ("name", "of_row", "cause"),
    [
        ("points_avg_last_10", {"not_ready_reason": "bootstrap"}, "bootstrap"),
        ("points_avg_last_10", {"has_lost_games": True}, "gap"),
        ("points_avg_last_10", {"lacks_shots": True}, "unexplained"),
        ("points_avg_last_10", {}, "unexplained"),
        ("points_avg_previous_season", {"player_id": 2}, "not applicable"),
        ("points_avg_previous_season", {}, "unexplained"),
        ("points_avg_previous_season", {"season": "2022-23"}, "no source"),
        ("pace_score", {"game_date": date(2023, 12, 20)}, "unexplained"),
        ("pace_score", {"game_date": date(2023, 12, 21)}, "not applicable"),
        ("pct_paint", {"lacks_shots": True}, "gap"),
        ("pct_paint", {}, "unexplained"),
        ("pct_paint", {"season": "2022-23", "lacks_shots": True}, "no source"),
        ("shot_zone_mismatch_score", {"lacks_shots": True}, "gap"),
        ("shot_zone_mismatch_score", {}, "unexplained"),
        ("shot_zone_mismatch_score", {"game_date": date(2023, 12, 21)}, "not applicable"),
        ("shot_zone_mismatch_score", {"season": "2022-23"}, "no source"),
        ("assisted_rate_last_10", {}, "no source"),
        ("teammates_out_usage", {}, "unexplained"),
        (
            "teammates_out_usage",
            {"is_reported": False, "game_date": date(2023, 10, 20)},
            "no source",
        ),
        ("injury_risk", {"is_reported": False}, "no source"),
        ("injury_risk", {"is_day_to_day": True}, "not applicable"),
        ("injury_risk", {}, "unexplained"),
    ],
)
def test_what_a_feature_is_lacking_for(name, of_row, cause) -> None:
    """A rookie has no season before; the league's last game was 30 days ago, or 31; and so on."""
    found = known.causes(training(row(), row(**of_row, **{name: None})))
    assert set(found) == {name}
    assert pd.isna(found[name].iloc[0])
    assert found[name].iloc[1] == cause


def test_games_whose_source_tells_no_assists_are_a_cause_for_ten_games() -> None:
    """Of twelve games the first has shots without assists: the eleventh row is the last that lacks them."""
    days = [date(2023, 11, number) for number in range(1, 13)]
    rows = [row(game_date=day, assisted_rate_last_10=None) for day in days]
    games = pd.DataFrame(
        {
            "player_id": 1,
            "season": "2023-24",
            "game_date": days,
            "paint_attempts": 3.0,
            "assisted_makes": [None, *[1.0] * 11],
        }
    )
    found = known.causes(replace(training(*rows), games=games))["assisted_rate_last_10"]
    assert list(found) == ["unexplained", *["not applicable"] * 10, "unexplained"]


def test_a_league_of_which_more_than_one_game_in_twenty_lost_its_shots_is_a_cause() -> None:
    """Two of twenty games have none: for thirty days after the second of them, and only then."""
    days = pd.date_range("2023-11-01", periods=20).date
    rows = [
        row(game_date=day, shot_zone_mismatch_score=None)
        for day in (days[10], days[11], date(2023, 12, 10), date(2023, 12, 11), date(2023, 12, 12))
    ]
    games = pd.DataFrame(
        {
            "player_id": 1,
            "game_id": [f"00223000{number:02d}" for number in range(20)],
            "season": "2023-24",
            "game_date": days,
            "paint_attempts": [*[3.0] * 9, None, None, *[3.0] * 9],
        }
    )
    sides = [("MEM", "BKN"), ("BKN", "MEM")]
    games = pd.concat([games.assign(team_abbr=own, opponent_abbr=other) for own, other in sides])
    found = known.causes(replace(training(*rows), games=games))["shot_zone_mismatch_score"]
    # One of ten; two of eleven; two of eleven that are left; one of ten; none of nine.
    assert list(found) == [*["not applicable"] * 4, "unexplained"]


def test_a_side_that_is_lost_was_to_tell_its_shots_too() -> None:
    """One of ten games has no row of one side, and one of twenty sides is enough: two are too many."""
    days = pd.date_range("2023-11-01", periods=10).date
    sides = [("MEM", "BKN"), ("BKN", "MEM")]
    games = pd.DataFrame(
        [
            {"game_id": f"002230000{n}", "game_date": day, "team_abbr": own, "opponent_abbr": other}
            for n, day in enumerate(days)
            for own, other in sides
        ]
    ).assign(player_id=1, season="2023-24", paint_attempts=3.0)
    asked = training(row(game_date=date(2023, 11, 11), shot_zone_mismatch_score=None))
    for lost, cause in ((games[1:], "unexplained"), (games[3:].drop(5), "not applicable")):
        found = known.causes(replace(asked, games=lost))["shot_zone_mismatch_score"]
        assert list(found) == [cause]


def test_shares_are_told_per_season_by_cause() -> None:
    """Of four rows one is a rookie's, and one is lost without a cause."""
    lost = {"points_avg_previous_season": None}
    rows = (row(), row(), row(**lost), row(player_id=2, **lost))
    told = {"points_avg_previous_season": {"not applicable": 0.25, "unexplained": 0.25}}
    assert known.shares(training(*rows)) == {"2023-24": told}


def test_an_optional_feature_that_half_of_a_season_lacks_without_a_cause_is_told() -> None:
    """Transactions are there, and every second row has nothing of them."""
    half = [row(teammates_out_usage=None if n % 2 else 1.0) for n in range(40)]
    told = training_gate.feature_coverage(training(*half))
    assert len(told) == 2
    assert told[0].startswith(
        "teammates_out_usage is known or lacking for a cause in 50.0% of the ready rows of season "
        "2023-24 (unexplained 50.0%), the least is 95%"
    )
    without = [row(teammates_out_usage=None, is_reported=False, game_date=date(2023, 10, 20))] * 40
    assert training_gate.feature_coverage(training(*without)) == []


def test_rookies_and_lost_shots_are_causes() -> None:
    """Half of the rows are rookies', and of the others the shots are lost, as gaps tell."""
    rookies = [row(player_id=2, points_avg_previous_season=None)] * 20
    lost = [row(lacks_shots=True, pct_paint=None)] * 20
    assert training_gate.feature_coverage(training(*rookies, *lost)) == []
