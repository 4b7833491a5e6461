"""A game of an overtime, by hand: its pace is of 48 minutes, its possessions are of all 53."""

import pytest

from nba_pipeline.phase_3_analytics.team_offense_game_summary import transform
from nba_pipeline_tests.window_rows import answers, no_gaps, on, table

_WHAT = ("attempts", "makes")
LINE = {
    "game_id": "0022300001",
    "game_date": on(1),
    "minutes": 264.0,
    "pts": 120.0,
    **dict.fromkeys(("fgm", "fg3m", "fg3a", "ftm", "dreb", "ast", "pf"), 0.0),
}


def test_pace_and_ratings_of_a_game_with_an_overtime() -> None:
    """90 + 0.44 * 25 + 14 - 9 and 88 + 0.44 * 30 + 16 - 12.2 are 106 and 105: 105.5 each."""
    home = LINE | {
        "team_abbr": "LAL",
        "opponent_abbr": "BOS",
        "fga": 90.0,
        "fta": 25.0,
        "tov": 14.0,
        "oreb": 9.0,
    }
    away = LINE | {
        "team_abbr": "BOS",
        "opponent_abbr": "LAL",
        "minutes": 266.0,
        "pts": 117.0,
        "fga": 88.0,
        "fta": 30.0,
        "tov": 16.0,
        "oreb": 12.2,
    }
    counts = [f"{zone}_{what}" for zone in ("paint", "mid_range", "three") for what in _WHAT]
    shots = table([], ("game_id", "team_abbr", "gap_ids", *counts))
    made = answers(transform(table([home, away]), shots, no_gaps()))
    rows = {row["team_abbr"]: row for row in made}
    for row in rows.values():
        assert row["overtime_periods"] == 1
        assert row["possessions"] == pytest.approx(105.5)
        assert row["pace"] == pytest.approx(105.5 * 48 / 53)
    assert rows["LAL"]["offensive_rating"] == pytest.approx(100 * 120 / 105.5)
    assert (rows["LAL"]["margin"], rows["BOS"]["margin"]) == (3, -3)
