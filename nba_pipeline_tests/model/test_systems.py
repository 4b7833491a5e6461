"""Systems that are formulas, worked out by hand."""

import ibis
import pytest

from nba_pipeline.model import systems

KINDS = {
    "points_avg_last_5": "float64",
    "points_avg_last_10": "float64",
    "points_avg_season": "float64",
    "points_avg_previous_season": "float64",
    "shot_zone_mismatch_score": "float64",
    "pace_score": "float64",
    "fatigue_score": "float64",
    "usage_spike_score": "float64",
    "points_avg_similar": "float64",
    "similar_games": "int64",
    "is_home": "boolean",
    "is_back_to_back": "boolean",
}


def predicted(system: str = "moving_average", **known: object) -> float | None:
    """What the system says of one row; what is not given is unknown."""
    row = dict.fromkeys(KINDS) | {"is_home": True, "is_back_to_back": False} | known
    rows = ibis.memtable([row], schema=KINDS)
    return rows.select(points=systems.FORMULAS[system](rows)).to_pyarrow()["points"][0].as_py()


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


ZONES = {"points_avg_season": 20.0, "shot_zone_mismatch_score": 4.0, "pace_score": 2.0}


def test_zones_move_the_season_average_by_hand() -> None:
    """20 + 0.3 * 4 + 0.4 * 2 = 22; at home 22.8; away and tired, at 60 of 100, 20.4."""
    fresh = predicted("zone_matchup", **ZONES, fatigue_score=100.0)
    assert fresh == pytest.approx(22.8)
    tired = predicted("zone_matchup", **ZONES, fatigue_score=60.0, is_home=False)
    assert tired == pytest.approx(20.4)
    assert predicted("zone_matchup", **ZONES, fatigue_score=49.0) == pytest.approx(21.3)


def test_without_zones_there_is_no_zone_matchup() -> None:
    """An unknown pace or fatigue moves nothing; an unknown zone is no zone of average defence."""
    assert predicted("zone_matchup", points_avg_season=20.0) is None
    known = {"points_avg_previous_season": 12.0, "shot_zone_mismatch_score": 0.0}
    assert predicted("zone_matchup", **known) == pytest.approx(12.8)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("shot_zone_mismatch_score", (-4.0, 0.0, 4.0)),
        ("pace_score", (-2.0, 0.0, 2.0)),
        ("fatigue_score", (40.0, 60.0, 90.0)),
        ("is_home", (False, True)),
        ("points_avg_season", (10.0, 20.0)),
    ],
)
def test_zone_matchup_rises_with_what_should_raise_it(name, values) -> None:
    """A weaker defence, a faster pace, fresher legs, the own court, a better scorer."""
    row = ZONES | {"fatigue_score": 90.0}
    told = [predicted("zone_matchup", **row | {name: value}) for value in values]
    assert told == sorted(told)
    assert len(set(told)) == len(told)


SIMILAR = {"points_avg_similar": 20.0, "similar_games": 5}


def test_what_he_scored_in_similar_games_is_moved_by_hand() -> None:
    """20 + 0.4 * 2 + 0.8 * 1 - 0.8 * 1.5 + 0.015 * 20 + 0.8 at home; 0.5 less away."""
    factors = {"shot_zone_mismatch_score": 2.0, "pace_score": 1.0, "usage_spike_score": -1.5}
    home = predicted("similarity", **SIMILAR, **factors, fatigue_score=90.0)
    assert home == pytest.approx(21.5)
    away = predicted("similarity", **SIMILAR, **factors, fatigue_score=90.0, is_home=False)
    assert away == pytest.approx(20.2)


def test_similarity_needs_five_games_that_are_alike_and_no_factor() -> None:
    """Of four there is no prediction; an unknown factor moves nothing."""
    assert predicted("similarity", **SIMILAR | {"similar_games": 4}) is None
    assert predicted("similarity") is None
    assert predicted("similarity", **SIMILAR) == pytest.approx(20.8)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("shot_zone_mismatch_score", (-4.0, 0.0, 4.0)),
        ("pace_score", (-2.0, 0.0, 2.0)),
        ("usage_spike_score", (-2.0, 0.0, 2.0)),
        ("fatigue_score", (40.0, 60.0, 90.0)),
        ("is_home", (False, True)),
    ],
)
def test_similarity_rises_with_what_should_raise_it(name, values) -> None:
    """A weaker defence, a faster pace, more plays, fresher legs, the own court."""
    told = [predicted("similarity", **SIMILAR | {name: value}) for value in values]
    assert told == sorted(told)
    assert len(set(told)) == len(told)
