"""Systems that are formulas, worked out by hand."""

import ibis
import pytest

from nba_pipeline.model import systems

KINDS = {
    "points_avg_last_5": "float64",
    "points_avg_last_10": "float64",
    "points_avg_season": "float64",
    "points_avg_previous_season": "float64",
    "is_home": "boolean",
    "is_back_to_back": "boolean",
}


def predicted(**known: object) -> float | None:
    """What moving_average says of one row; what is not given is unknown."""
    row = dict.fromkeys(KINDS) | {"is_home": True, "is_back_to_back": False} | known
    rows = ibis.memtable([row], schema=KINDS)
    return rows.select(points=systems.moving_average(rows)).to_pyarrow()["points"][0].as_py()


def test_a_player_without_any_history_has_no_prediction() -> None:
    """Unknown, not zero points."""
    assert predicted() is None


def test_averages_home_court_and_a_back_to_back_by_hand() -> None:
    """0.5 * 20 + 0.3 * 18 + 0.2 * 15 = 18.4; at home 18.9; away on the second night 16.4."""
    known = {"points_avg_last_5": 20.0, "points_avg_last_10": 18.0, "points_avg_season": 15.0}
    assert predicted(**known) == pytest.approx(18.9)
    assert predicted(**known, is_home=False, is_back_to_back=True) == pytest.approx(16.4)


def test_unknown_averages_lend_their_weight_and_the_season_before_stands_in_for_all() -> None:
    """(0.5 * 20 + 0.2 * 15) / 0.7 = 18.571; of none 12 of last season; both half a point at home."""
    recent = predicted(points_avg_last_5=20.0, points_avg_season=15.0)
    assert recent == pytest.approx(13 / 0.7 + 0.5)
    assert predicted(points_avg_previous_season=12.0) == pytest.approx(12.5)


def test_a_prediction_is_within_zero_and_sixty() -> None:
    """Of minus one and a half, and of eighty."""
    assert predicted(points_avg_season=0.2, is_home=False, is_back_to_back=True) == 0.0
    assert predicted(points_avg_season=80.0) == 60.0
