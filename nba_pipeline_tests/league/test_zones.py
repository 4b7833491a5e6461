"""A player's zone and a team's best and worst, at their limits."""

import ibis
import pytest

from nba_pipeline.league.zones import primary_scoring_zone, zone_of_least


@pytest.mark.parametrize(
    ("shares", "zone"),
    [
        ((0.40, 0.15, 0.45), "paint"),
        ((0.39, 0.21, 0.40), "three"),
        ((0.39, 0.35, 0.26), "mid_range"),
        ((0.34, 0.34, 0.32), "balanced"),
        ((None, None, None), None),
        ((0.5, None, 0.2), None),
    ],
)
def test_the_paint_is_asked_first_then_the_three_then_mid_range(shares, zone) -> None:
    """From .40, .40 and .35 of the attempts on; else balanced, and unknown where a share is."""
    names = ("paint_rate_last_10", "mid_range_rate_last_10", "three_rate_last_10")
    rows = ibis.memtable(
        [dict(zip(names, shares, strict=True))], schema=dict.fromkeys(names, "float64")
    )
    (found,) = rows.select(zone=primary_scoring_zone(rows)).to_pyarrow().to_pylist()
    assert found["zone"] == zone


@pytest.mark.parametrize(
    ("differences", "least", "greatest"),
    [
        ((-1.0, 0.0, 2.0), "paint", "three"),
        ((3.0, -0.5, 2.0), "mid_range", "paint"),
        ((0.0, 0.0, 0.0), "paint", "paint"),
        ((1.0, None, -5.0), None, None),
    ],
)
def test_the_least_zone_is_the_most_negative(differences, least, greatest) -> None:
    """Ties go to the first zone; with one unknown nothing can be said."""
    names = ("paint_vs", "mid_range_vs", "three_vs")
    rows = ibis.memtable(
        [dict(zip(names, differences, strict=True))], schema=dict.fromkeys(names, "float64")
    )
    zones = rows.select(
        least=zone_of_least(rows, "{zone}_vs"), greatest=zone_of_least(rows, "{zone}_vs", sign=-1)
    )
    assert zones.to_pyarrow().to_pylist() == [{"least": least, "greatest": greatest}]
