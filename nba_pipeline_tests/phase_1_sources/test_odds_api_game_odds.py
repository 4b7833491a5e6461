"""Game lines as The Odds API answers them."""

import json
from datetime import date
from math import isnan

import pytest

from nba_pipeline.kernel.source import SourceFile
from nba_pipeline.phase_1_sources.odds_api_game_odds import TYPES, parse

FILE = SourceFile("odds_api/game_lines/2024-01-24/a.json", "2023-24", date(2024, 1, 24), 1)


def test_the_samples_are_of_the_evening_before(samples) -> None:
    """Atlanta at Golden State tipped off at 22:20 Eastern on the 24th; in UTC it was the 25th."""
    rows = [
        row
        for name in ("lines", "h2h")
        for row in parse(
            json.loads((samples / f"odds_api_event_odds_{name}_2024-01-25.json").read_text()), FILE
        ).rows.to_dict("records")
    ]
    assert {row["game_date"] for row in rows} == {date(2024, 1, 24)}
    told = [
        (row["market"], row["outcome"], row["price"])
        for row in rows
        if row["bookmaker"] == "fanduel"
    ]
    assert told == [
        ("spreads", "ATL", 1.88),
        ("spreads", "GSW", 1.88),
        ("totals", "over", 1.87),
        ("totals", "under", 1.88),
        ("h2h", "ATL", 3.8),
        ("h2h", "GSW", 1.26),
    ]
    points = [row["point"] for row in rows if row["bookmaker"] == "fanduel"]
    assert points[:4] == [7.5, -7.5, 247.5, 247.5]
    assert all(isnan(point) for point in points[4:])


@pytest.mark.parametrize(
    ("market", "outcome", "rule"),
    [
        ("spreads", {"name": "Boston Celtics", "price": 1.9, "point": 3.5}, "unknown_outcome"),
        ("spreads", {"name": "Over", "price": 1.9, "point": 3.5}, "unknown_outcome"),
        ("totals", {"name": "Utah Jazz", "price": 1.9, "point": 220.5}, "unknown_outcome"),
        ("totals", {"name": "Over", "price": 1.9}, "bad_line"),
        ("h2h", {"name": "Draw", "price": 9.0}, "unknown_outcome"),
        ("outrights", {"name": "Over", "price": 9.0, "point": 1.5}, "unknown_outcome"),
    ],
)
def test_an_outcome_that_is_none_of_its_market_is_rejected(market, outcome, rule) -> None:
    """A third team's spread, a team's total, a total without a number."""
    event = {
        "id": "e",
        "commence_time": "2024-01-25T03:00:00Z",
        "home_team": "Utah Jazz",
        "away_team": "LA Clippers",
        "bookmakers": [{"key": "b", "markets": [{"key": market, "outcomes": [outcome]}]}],
    }
    parsed = parse({"timestamp": "2024-01-25T01:00:00Z", "data": [event]}, FILE)
    assert rule in set(parsed.rejected.rule)
    assert parsed.rows.empty
    assert {name: str(kind) for name, kind in parsed.rows.dtypes.items()} == TYPES
