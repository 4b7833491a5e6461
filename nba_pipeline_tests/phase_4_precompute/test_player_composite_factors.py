"""The factors of a player before a game, from rows of every table that they are made of."""

import pytest

from nba_pipeline.phase_4_precompute.player_composite_factors import (
    player_composite_factors,
    total_unlike_its_factors,
    transform,
)
from nba_pipeline_tests.window_rows import GAPS, answers, as_read, lost_roster, on, table, tracked

GAME, DAY = "0022300999", 10
USAGES = {2: 10.0, 4: 16.0, 6: 20.0, 7: 24.0, 9: 28.0}
"""The player's games: the day of each and his usage. The last five average 19.6, the last three 24."""


def context(**changed: object) -> dict[str, object]:
    """The player's row of the universe: he played yesterday, and three more games in the week."""
    return {
        "game_id": GAME,
        "player_id": 1,
        "game_date": on(DAY),
        "player_lookup": "someone",
        "team_abbr": "LAL",
        "opponent_abbr": "BOS",
        "days_rest": 1,
        "games_in_last_7_days": 4,
        "minutes_in_last_7_days": 120.0,
        "teammates_out_usage": 0.0,
        **tracked("box", "team"),
        **changed,
    }


def summary(number: int, usage: float | None) -> dict[str, object]:
    """The player's game of a day."""
    return {
        "player_id": 1,
        "game_id": f"{number:010d}",
        "game_date": on(number),
        "team_abbr": "LAL",
        "minutes": 30.0,
        "usage_rate": usage,
        **tracked("box", "team"),
    }


ZONES = {
    "player_id": 1,
    "game_date": on(DAY),
    "primary_scoring_zone": "paint",
    "paint_rate_last_10": 0.5,
    "mid_range_rate_last_10": 0.1,
    "three_rate_last_10": 0.4,
    **tracked("box", "zone", gaps=("older shots of his", "shots of his")),
    **{f"{n}_last_10": v for n, v in tracked("box", "zone", gaps=("shots of his",)).items()},
}
DEFENSE = {
    "game_date": on(DAY),
    "team_abbr": "BOS",
    "pace_last_15": 104.0,
    "league_pace_last_30_days": 99.0,
    "league_pace_coverage": 1.0,
    "league_zone_coverage": 0.97,
    "paint_pct_allowed_vs_league": 3.0,
    "mid_range_pct_allowed_vs_league": -1.0,
    "three_pct_allowed_vs_league": 0.0,
    **tracked("team", "zone", gaps=("shots of theirs",)),
}
OWN_DEFENSE = DEFENSE | {
    "team_abbr": "LAL",
    "pace_last_15": 1.0,
    "gap_ids": ["shots against his team"],
}
PACES = [
    {
        "team_abbr": "LAL",
        "game_id": f"{n:010d}",
        "game_date": on(n),
        "pace": pace,
        **tracked("team"),
    }
    for n, pace in ((2, 98.0), (9, 102.0), (10, 500.0))
]


def factors(
    contexts=(), *, usages=USAGES, zones=ZONES, defense=DEFENSE, paces=PACES, gaps=()
) -> dict[str, object]:
    """The row of player 1."""
    inputs = as_read(
        player_composite_factors,
        on(DAY),
        upcoming_player_game_context=table(list(contexts) or [context()]),
        player_shot_zone_analysis=table([zones]),
        team_defense_zone_analysis=table([defense, OWN_DEFENSE]),
        player_game_summary=table([summary(day, usage) for day, usage in usages.items()]),
        team_offense_game_summary=table(paces),
        data_gaps=table(list(gaps), GAPS),
    )
    (found,) = answers(transform(**inputs))
    return found


def test_every_factor_and_their_sum() -> None:
    """A back-to-back of the fourth game in a week, beside an opponent who is fast and weak inside."""
    found = factors()
    # 15 for yesterday, 10 for four games, 5 for the one back-to-back of the sixth and seventh day.
    assert found["fatigue_score"] == 70
    assert found["shot_zone_mismatch_score"] == 3
    # The means of 98 and 102, and 104, are 102 together: three more than the league's.
    assert found["pace_differential"] == 3
    assert found["pace_score"] == 1.5
    assert (found["league_pace_coverage"], found["league_zone_coverage"]) == (1, 0.97)
    assert found["usage_rate_last_3"] == 24
    assert found["teammates_out_usage"] == 0
    assert found["usage_spike_score"] == pytest.approx((24 - 19.6) * 0.3)
    assert found["total_composite_adjustment"] == pytest.approx(-1.5 + 3 + 1.5 + 1.32)


def test_a_row_names_the_gaps_of_what_it_is_made_of_and_no_others() -> None:
    """His own last ten games' shots and those against the opponent; not those against his own team."""
    found = factors([context(gap_ids=["his"])])
    assert found["gap_ids"] == ["his", "shots of his", "shots of theirs"]


def test_a_hole_of_the_day_before_a_game_is_of_the_last_days_alone() -> None:
    """Whether the tenth-last game was a back-to-back is asked of nobody: it is 15 days ago."""
    usages = dict.fromkeys((-5, -3, -1, 0, 1, 2, 4, 6, 8, 9), 20.0)
    for hole, named in ((DAY - 16, False), (DAY - 7, True)):
        found = factors(usages=usages, gaps=[lost_roster(hole) | {"gap_id": "roster"}])
        assert ("roster" in found["gap_ids"]) is named


def test_a_teammate_who_is_out_leaves_his_plays() -> None:
    """12.5 of the 100: of the 87.5 that are left he uses 19.6."""
    found = factors([context(teammates_out_usage=12.5)])
    assert found["usage_spike_score"] == pytest.approx(0.3 * (24 - 19.6 + 19.6 * 12.5 / 87.5))


def test_before_his_first_game_of_the_season_no_rest_and_no_usage_is_known() -> None:
    """And no factor that is made of them, nor the sum; his opponent is as fast as before."""
    first = context(days_rest=None, games_in_last_7_days=0, minutes_in_last_7_days=0.0)
    nothing = dict.fromkeys(
        name for name in ZONES if name.endswith("_10") or name == "primary_scoring_zone"
    )
    # His only row is of the day itself.
    found = factors([first], usages={DAY: 30.0}, zones=ZONES | nothing)
    names = ("fatigue_score", "shot_zone_mismatch_score", "usage_spike_score", "usage_rate_last_3")
    assert [found[name] for name in names] == [None] * 4
    assert found["total_composite_adjustment"] is None
    assert found["pace_score"] == 1.5


def test_whose_player_he_is_before_his_first_game_his_season_before_decides() -> None:
    """He played for LAL in April: its roster of the day before, which is lost, may have had him."""
    found = factors(usages={-210: 20.0}, gaps=[lost_roster(9)])
    assert lost_roster(9)["gap_id"] in found["gap_ids"]
    # Whether the two days were back to back is then not known.
    assert found["fatigue_score"] is None


def test_forty_eight_seconds_tell_no_usage() -> None:
    """One of the last three games without usage: the last three have none, by the rule of windows."""
    found = factors(usages=USAGES | {9: None})
    assert (found["usage_rate_last_3"], found["usage_spike_score"]) == (None, None)
    assert found["fatigue_score"] == 70


@pytest.mark.parametrize(
    ("lost", "unknown"),
    [
        ({"zones": ZONES | {"primary_scoring_zone": None}}, "shot_zone_mismatch_score"),
        ({"defense": DEFENSE | {"paint_pct_allowed_vs_league": None}}, "shot_zone_mismatch_score"),
        ({"defense": DEFENSE | {"league_pace_last_30_days": None}}, "pace_score"),
        ({"defense": DEFENSE | {"pace_last_15": None}}, "pace_score"),
        ({"paces": [PACES[2]]}, "pace_score"),
        ({"contexts": [context(minutes_in_last_7_days=None)]}, "fatigue_score"),
        ({"contexts": [context(teammates_out_usage=None)]}, "usage_spike_score"),
    ],
)
def test_an_unknown_input_leaves_its_factor_and_the_sum_unknown(lost, unknown) -> None:
    """The other factors stand."""
    found = factors(**lost)
    names = ("fatigue_score", "shot_zone_mismatch_score", "pace_score", "usage_spike_score")
    assert [name for name in names if found[name] is None] == [unknown]
    assert found["total_composite_adjustment"] is None


def test_a_sum_that_is_not_of_its_factors_is_found() -> None:
    """80 is one point less; a sum beside an unknown factor is as wrong as a wrong one."""
    names = ("fatigue_score", "shot_zone_mismatch_score", "pace_score", "usage_spike_score")
    right = dict(zip(names, (80, 2, 1, 0.5), strict=True))
    rows = [
        right | {"player_id": 1, "total_composite_adjustment": 2.5},
        right | {"player_id": 2, "total_composite_adjustment": 3.5},
        right | {"player_id": 3, "total_composite_adjustment": 2.5, "pace_score": None},
        right | {"player_id": 4, "total_composite_adjustment": None},
        right | {"player_id": 5, "total_composite_adjustment": None, "pace_score": None},
    ]
    found = answers(total_unlike_its_factors(table(rows)))
    assert sorted(row["player_id"] for row in found) == [2, 3, 4]
