"""Each factor by hand, the way it moves, and that nothing stands in for an unknown."""

import ibis
import pytest

from nba_pipeline.league import composite_factors

FRESH = {
    "days_rest": 2,
    "games_in_last_7_days": 3,
    "minutes_in_last_7_days": 100.0,
    "back_to_backs_last_14_days": 0,
}
ZONES = {
    "primary_scoring_zone": "paint",
    "paint_rate_last_10": 0.5,
    "mid_range_rate_last_10": 0.1,
    "three_rate_last_10": 0.4,
    "paint_pct_allowed_vs_league": 4.0,
    "mid_range_pct_allowed_vs_league": -3.0,
    "three_pct_allowed_vs_league": 2.0,
}
USAGE = {"usage_rate_last_3": 22.0, "usage_rate_last_10": 20.0, "teammates_out_usage": 0.0}
PACE = {"pace_differential": 4.0}


def score(factor: str, whole: dict, **changed: object) -> float | None:
    """The factor of one row, which is the whole one but for what is changed."""
    row = whole | changed
    kinds = {n: "string" if n == "primary_scoring_zone" else "float64" for n in row}
    rows = ibis.memtable([row], schema=kinds)
    (found,) = rows.select(it=getattr(composite_factors, factor)(rows)).to_pyarrow().to_pylist()
    return found["it"]


@pytest.mark.parametrize(
    ("changed", "points"),
    [
        ({}, 100),
        ({"days_rest": 1}, 85),
        ({"days_rest": 3}, 100),
        ({"days_rest": 3, "games_in_last_7_days": 4}, 95),
        ({"back_to_backs_last_14_days": 1}, 95),
        ({"back_to_backs_last_14_days": 2}, 88),
        # 105 minutes in three games are 35 each; more is long.
        ({"minutes_in_last_7_days": 105.0}, 100),
        ({"minutes_in_last_7_days": 105.1}, 92),
        ({"games_in_last_7_days": 0, "minutes_in_last_7_days": 0.0}, 100),
        ({"games_in_last_7_days": 8, "minutes_in_last_7_days": 240.0}, 90),
        ({"games_in_last_7_days": 8, "minutes_in_last_7_days": 240.1}, 80),
        (
            {
                "days_rest": 1,
                "games_in_last_7_days": 4,
                "minutes_in_last_7_days": 241.0,
                "back_to_backs_last_14_days": 3,
            },
            45,
        ),
    ],
)
def test_fatigue_counts_down_from_a_hundred(changed, points) -> None:
    """15 for a back-to-back, 10 each for many games and minutes, 8 for long ones, 5 or 12 for doubles."""
    assert score("fatigue_score", FRESH, **changed) == points


@pytest.mark.parametrize(
    ("changed", "points"),
    [
        ({}, 4.0),
        ({"paint_rate_last_10": 0.4}, 3.2),
        ({"paint_rate_last_10": 0.9}, 4.0),
        ({"paint_pct_allowed_vs_league": 0.0}, 0.0),
        ({"paint_pct_allowed_vs_league": 6.0}, 7.2),
        ({"paint_pct_allowed_vs_league": 9.0}, 10.0),
        ({"paint_pct_allowed_vs_league": -9.0}, -10.0),
        ({"primary_scoring_zone": "three"}, 1.6),
        ({"primary_scoring_zone": "mid_range"}, -0.6),
        # 0.5 * 4 - 0.1 * 3 + 0.4 * 2
        ({"primary_scoring_zone": "balanced"}, 2.5),
    ],
)
def test_mismatch_is_the_opponents_weakness_where_the_player_shoots(changed, points) -> None:
    """Whole at half of the attempts, a fifth more above 5, at most 10; of a balanced player by share."""
    assert score("shot_zone_mismatch_score", ZONES, **changed) == pytest.approx(points)


@pytest.mark.parametrize(("faster", "points"), [(4.0, 2.0), (0.0, 0.0), (7.0, 3.0), (-9.0, -3.0)])
def test_pace_is_half_of_what_is_faster(faster, points) -> None:
    """Possessions per 48 minutes more than the league's, within 3."""
    assert score("pace_score", PACE, pace_differential=faster) == points


@pytest.mark.parametrize(
    ("changed", "points"),
    [
        ({}, 0.6),
        ({"usage_rate_last_3": 15.0}, -1.5),
        ({"usage_rate_last_3": 20.0}, 0.0),
        # 20 of the 80 percent that are left: he uses a quarter of his 20 more.
        ({"usage_rate_last_3": 20.0, "teammates_out_usage": 20.0}, 1.5),
        # Out together are averages of more than all plays: nothing is left but for the others.
        *(
            ({"usage_rate_last_3": 20.0, "teammates_out_usage": out}, 3.0)
            for out in (99.0, 100.0, 104.0)
        ),
        ({"usage_rate_last_3": 40.0}, 3.0),
        ({"usage_rate_last_3": 2.0}, -3.0),
    ],
)
def test_usage_is_what_is_new_and_what_others_leave(changed, points) -> None:
    """0.3 of the percentage points, within 3."""
    assert score("usage_spike_score", USAGE, **changed) == pytest.approx(points)


@pytest.mark.parametrize(
    ("factor", "whole", "name", "values"),
    [
        ("fatigue_score", FRESH, "days_rest", (1, 2)),
        ("fatigue_score", FRESH, "games_in_last_7_days", (4, 3)),
        ("fatigue_score", FRESH, "minutes_in_last_7_days", (250.0, 130.0, 80.0)),
        ("fatigue_score", FRESH, "back_to_backs_last_14_days", (2, 1, 0)),
        ("shot_zone_mismatch_score", ZONES, "paint_pct_allowed_vs_league", (-4.0, 1.0, 5.0, 6.0)),
        ("pace_score", PACE, "pace_differential", (-2.0, 0.0, 1.0)),
        ("usage_spike_score", USAGE, "usage_rate_last_3", (18.0, 20.0, 23.0)),
        ("usage_spike_score", USAGE, "teammates_out_usage", (0.0, 10.0, 25.0)),
    ],
)
def test_fresher_faster_more_used_and_a_weaker_opponent_are_higher(
    factor, whole, name, values
) -> None:
    """Each input alone moves its factor up, strictly."""
    scores = [score(factor, whole, **{name: value}) for value in values]
    assert scores == sorted(set(scores))


@pytest.mark.parametrize(
    ("factor", "whole", "names"),
    [
        ("fatigue_score", FRESH, list(FRESH)),
        (
            "shot_zone_mismatch_score",
            ZONES,
            ["primary_scoring_zone", "paint_rate_last_10", "paint_pct_allowed_vs_league"],
        ),
        ("shot_zone_mismatch_score", ZONES | {"primary_scoring_zone": "balanced"}, list(ZONES)),
        ("pace_score", PACE, list(PACE)),
        ("usage_spike_score", USAGE, list(USAGE)),
    ],
)
def test_what_is_unknown_leaves_its_factor_unknown(factor, whole, names) -> None:
    """No input has a value that it is taken to have."""
    assert [name for name in names if score(factor, whole, **{name: None}) is not None] == []


def test_a_fresh_player_loses_nothing_to_fatigue() -> None:
    """100 is none, 45 is 2.75 points, 0 is five."""
    rows = ibis.memtable({"it": [100.0, 45.0, 0.0]})
    found = rows.select(it=composite_factors.fatigue_adjustment(rows.it)).to_pyarrow().to_pylist()
    assert [row["it"] for row in found] == [0, -2.75, -5]
