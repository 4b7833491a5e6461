"""Windows computed again from the games strictly before: each that has the game itself is told."""

from datetime import date

import pandas as pd
import pytest

from nba_pipeline.model import recomputed

LAKER = 17
TODAY = date(2023, 11, 15)
PLAYED = [
    ("0022200001", date(2022, 11, 1), "2022-23", 5, 12.0),
    ("0022300001", date(2023, 11, 1), "2023-24", 2, 10.0),
    ("0022300002", date(2023, 11, 2), "2023-24", 4, 20.0),
    ("0022300003", date(2023, 11, 5), "2023-24", 6, 30.0),
    ("0022300004", date(2023, 11, 9), "2023-24", 8, 40.0),
    ("0022300005", TODAY, "2023-24", 10, 50.0),
]
# What the games before 15 November come to, and what those up to it would.
KNOWN = {
    "points_avg_last_1": (8, 10),
    "points_avg_last_5": (5, 6),
    "points_std_last_10": ((20 / 3) ** 0.5, 10**0.5),
    "games_played_season": (4, 5),
    "games_in_last_7_days": (1, 2),
    "games_in_last_14_days": (4, 5),
    "minutes_in_last_7_days": (40, 90),
    "back_to_backs_last_14_days": (1, 0),
    "days_rest": (6, 0),
    "is_back_to_back": (False, True),
    "points_avg_previous_season": (5, 6),
    "points_weighted_carried_10": (210 / 40, 285 / 45),
    "pct_paint": (0.5, 0.6),
    "team_pace_last_10": (101.5, 102),
    "team_win_pct_season": (0.5, 0.6),
    "opponent_def_rating": (115, 110),
    "opponent_pace": (101.5, 102),
    "team_days_rest": (6, 0),
    "rest_advantage": (1, -1),
    "games_played_for_team_season": (4, 5),
    "is_home": (True, False),
    "is_playoff_game": (False, True),
    "missed_last_team_game": (False, True),
}


def games() -> pd.DataFrame:
    """One Laker's games: half of his four attempts are from the paint, and all of the last."""
    columns = ["game_id", "game_date", "season", "points", "minutes"]
    rows = pd.DataFrame(PLAYED, columns=columns)
    ones = dict.fromkeys(("fga", "fta", "ftm", "usage_rate", "shots", "attempts"), 4.0)
    zones = dict.fromkeys(("mid_range_attempts", "three_attempts", "assisted_makes"), 1.0)
    return rows.assign(
        player_id=LAKER,
        team_abbr="LAL",
        opponent_abbr="BOS",
        paint_attempts=[2.0, 2.0, 2.0, 2.0, 2.0, 4.0],
        makes_told=2.0,
        **ones,
        **zones,
    )


def team_games() -> pd.DataFrame:
    """Both teams' games of the season: paces of 100 to 104, every second one won.

    Boston, at home in none of them, played its fourth a day later.
    """
    rows = games().iloc[1:].assign(pace=[100, 101, 102, 103, 104], won=[1, 0, 1, 0, 1])
    rows = rows.assign(
        offensive_rating=110.0,
        possessions=100.0,
        points_allowed=[115, 115, 115, 115, 90],
    )
    days = rows.game_date.where(rows.game_date != date(2023, 11, 9), date(2023, 11, 10))
    boston = rows.assign(team_abbr="BOS", is_home=False, game_date=days)
    return pd.concat([rows.assign(team_abbr="LAL", is_home=True), boston])


def row(**features: object) -> pd.DataFrame:
    """The training row of 15 November."""
    labels = {"game_id": "0022300005", "player_id": LAKER, "game_date": TODAY, "season": "2023-24"}
    labels["team_abbr"] = "LAL"
    values = {name: before for name, (before, _with_today) in KNOWN.items()}
    return pd.DataFrame([{**labels, "gap_ids": [], "has_lost_games": False, **values, **features}])


def test_windows_of_the_games_strictly_before_are_not_told() -> None:
    """Means, a deviation, sums over days, counts, rest, zones, both teams' games."""
    assert recomputed.unlike(row(), games(), team_games()) == {}


@pytest.mark.parametrize("name", KNOWN)
def test_a_window_with_the_game_itself_is_told(name) -> None:
    """Shifted one game into the future, each feature by its own name."""
    before, with_today = KNOWN[name]
    told = recomputed.unlike(row(**{name: with_today}), games(), team_games())
    assert told == {
        name: f"1 of 1 sampled rows, as {float(with_today):.3f} of player 17 on 2023-11-15 instead of "
        f"{float(before):.3f}"
    }


def test_who_was_traded_to_the_other_team_of_his_game_is_asked_for_with_the_team_of_before() -> (
    None
):
    """He was a Laker when the row was made and plays for Boston: its windows are the Lakers'."""
    traded = games()
    on_the_day = traded.game_date == TODAY
    traded.loc[on_the_day, ["team_abbr", "opponent_abbr"]] = ["BOS", "LAL"]
    assert recomputed.unlike(row(), traded, team_games()) == {}
    assert "is_home" in recomputed.unlike(row(is_home=False), traded, team_games())


def test_lost_shots_hide_zones_alone() -> None:
    """A season without shots is still asked for its points; a lost box score is not."""
    wrong = {"pct_paint": 0.9, "points_avg_last_1": 10}
    lost = row(**wrong, gap_ids=["shots:2023-11-05:0022300003"])
    assert set(recomputed.unlike(lost, games(), team_games())) == {"points_avg_last_1"}
    assert recomputed.unlike(row(**wrong, has_lost_games=True), games(), team_games()) == {}


def test_a_feature_that_follows_from_others_of_its_row_is_told() -> None:
    """The trend is that of the averages beside it."""
    trend = row(points_avg_last_10=5.5, recent_trend=0.5)
    told = recomputed.unlike(trend, games(), team_games())
    assert "recent_trend" in told
    assert told["recent_trend"].endswith("instead of -0.500")
