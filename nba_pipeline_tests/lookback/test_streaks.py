"""Runs of equal values, counted by hand."""

from datetime import date, timedelta

import ibis
import pytest

from nba_pipeline.lookback.streaks import with_recent_streaks
from nba_pipeline.lookback.timeline import timeline

YES, NO = True, False


@pytest.mark.parametrize(
    ("values", "runs"),
    [
        ([YES, YES, NO, YES], [(1, 0), (2, 0), (0, 1), (1, 0)]),
        ([YES, YES, YES, YES], [(1, 0), (2, 0), (3, 0), (3, 0)]),
        ([NO, None, NO, YES, None], [(0, 1), (0, 1), (0, 2), (1, 0), (1, 0)]),
        ([None, YES, None, None, None], [(None, None), (1, 0), (1, 0), (1, 0), (None, None)]),
    ],
)
def test_a_recent_streak_goes_back_over_so_many_games(values, runs) -> None:
    """Over three: the fourth in a row is not counted, and what is unknown ends nothing."""
    rows = [
        {
            "team_abbr": "LAL",
            "game_id": str(number),
            "game_date": date(2024, 1, 1) + timedelta(days=number),
            "value": value,
        }
        for number, value in enumerate(values)
    ]
    schema = {"team_abbr": "string", "game_id": "string", "game_date": "date", "value": "boolean"}
    past = timeline(ibis.memtable(rows, schema=schema), of="team_abbr")
    past = with_recent_streaks(past, "value", 3, while_true="over", while_false="under")
    found = past.entries.order_by("n").to_pyarrow().to_pylist()
    assert [(row["over"], row["under"]) for row in found] == runs
