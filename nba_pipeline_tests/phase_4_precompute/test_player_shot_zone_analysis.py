"""Where players shoot from, on lines small enough to add up by hand."""

from datetime import date

import pytest

from nba_pipeline.phase_4_precompute.player_shot_zone_analysis import shares_not_one, transform
from nba_pipeline_tests.window_rows import (
    answers,
    lost_shots,
    no_gaps,
    on,
    table,
    tracked,
    unknown_zones,
    zones,
)


def game(
    number: int, shots, *, assisted=None, day=None, team="LAL", gaps=(), minutes=30.0
) -> dict[str, object]:
    """A player's shots in the game of a day; assisted and unassisted makes where they are told."""
    made = (
        None
        if assisted is None
        else sum(shots[f"{z}_makes"] for z in ("paint", "mid_range", "three"))
    )
    is_known = shots["paint_attempts"] is not None
    return {
        "player_id": 1,
        "game_id": f"{number:010d}",
        "game_date": day or on(number),
        "team_abbr": team,
        "opponent_abbr": "BOS",
        "minutes": minutes,
        **shots,
        "assisted_makes": assisted,
        "unassisted_makes": None if assisted is None else made - assisted,
        **tracked("box", gaps=gaps),
        "zone_games_expected": 1,
        "zone_games_present": int(is_known),
    }


def known(games, *, at: int = 30, gaps=()) -> dict[str, object]:
    """The player's row as of a day."""
    day = on(at)
    universe = {
        "player_id": 1,
        "game_date": day,
        "player_lookup": "someone",
        "team_abbr": "LAL",
        "gap_ids": [],
    }
    lost = table(list(gaps)) if gaps else no_gaps()
    (row,) = answers(transform(table([universe]), table(list(games)), lost))
    return row


def test_shares_and_percentages_are_of_sums_over_the_games_before_the_day() -> None:
    """Two games of 10 and 6 attempts; that of the day itself, of threes alone, changes nothing."""
    found = known(
        [
            game(1, zones(paint=(4, 6), mid_range=(0, 2), three=(1, 2)), assisted=3),
            game(3, zones(paint=(1, 2), mid_range=(0, 0), three=(1, 4)), assisted=1),
            game(5, zones(three=(9, 20)), assisted=9),
        ],
        at=5,
    )
    # Of 16 attempts 8 are from the paint, 2 from mid range, 6 for three.
    assert found["paint_rate_last_10"] == 0.5
    assert found["mid_range_rate_last_10"] == 0.125
    assert found["three_rate_last_10"] == 0.375
    assert found["paint_pct_last_10"] == 0.625
    assert found["mid_range_pct_last_10"] == 0.0
    assert found["three_pct_last_10"] == pytest.approx(2 / 6)
    assert found["paint_attempts_avg_last_10"] == 4.0
    assert found["mid_range_attempts_avg_last_10"] == 1.0
    assert found["three_attempts_avg_last_10"] == 3.0
    # Who shot within no whole minute has not played.
    short = game(4, zones(three=(1, 1)), assisted=0, minutes=0.0)
    games = [game(1, zones(paint=(4, 6)), assisted=3), short]
    assert known(games, at=5)["paint_attempts_avg_last_10"] == 6.0
    # Seven makes, four of them assisted.
    assert found["assisted_rate_last_10"] == pytest.approx(4 / 7)
    assert found["primary_scoring_zone"] == "paint"
    assert found["paint_rate_last_20"] == 0.5


def test_ten_games_and_twenty_are_two_windows() -> None:
    """Ten games from the paint after ten for three: all of the last ten, half of the last twenty."""
    found = known(
        [game(n, zones(three=(1, 4))) for n in range(10)]
        + [game(n, zones(paint=(2, 4))) for n in range(10, 20)]
    )
    assert (found["paint_rate_last_10"], found["three_rate_last_10"]) == (1.0, 0.0)
    assert (found["paint_rate_last_20"], found["three_rate_last_20"]) == (0.5, 0.5)
    assert (found["paint_pct_last_20"], found["three_pct_last_20"]) == (0.5, 0.25)
    assert (found["mid_range_rate_last_20"], found["mid_range_pct_last_20"]) == (0.0, None)
    assert found["three_attempts_avg_last_20"] == found["paint_attempts_avg_last_20"] == 2.0
    assert found["mid_range_attempts_avg_last_20"] == 0.0
    assert (found["zone_games_expected"], found["zone_games_present"]) == (20, 20)


def test_a_player_with_only_free_throws_has_attempts_of_zero_and_no_shares() -> None:
    """Known zeros stay zeros; a share of nothing is nothing, and so is a zone of his own."""
    found = known([game(n, zones(), assisted=0) for n in range(3)])
    assert found["paint_attempts_avg_last_10"] == found["three_attempts_avg_last_10"] == 0.0
    shares = ("paint_rate_last_10", "paint_pct_last_10", "assisted_rate_last_10")
    assert [found[name] for name in (*shares, "primary_scoring_zone")] == [None] * 4
    assert found["zone_games_present"] == 3


def test_before_the_first_game_of_a_season_nothing_is_known() -> None:
    """The games of the season before are in no window."""
    found = known([game(n, zones(paint=(2, 4)), day=date(2023, 3, n + 1)) for n in range(5)])
    assert found["paint_rate_last_10"] is None
    assert found["primary_scoring_zone"] is None
    assert (found["zone_games_expected"], found["box_games_expected"]) == (0, 0)


def test_games_for_another_team_are_his_too() -> None:
    """A traded player takes his shots along."""
    found = known([game(1, zones(paint=(1, 1)), team="BOS"), game(2, zones(three=(0, 3)))])
    assert (found["paint_rate_last_10"], found["three_rate_last_10"]) == (0.25, 0.75)


def test_lost_shots_of_one_game_in_ten_are_named_and_those_of_two_leave_nothing() -> None:
    """Zones of nine games stand with the gap; of eight they are NULL, and no other family is less."""
    for lost, rate in ((1, 0.5), (2, None)):
        gaps = [lost_shots(n) for n in range(lost)]
        games = [
            game(n, unknown_zones(), gaps=(gaps[n]["gap_id"],))
            if n < lost
            else game(n, zones(paint=(1, 2), three=(1, 2)), assisted=1)
            for n in range(10)
        ]
        found = known(games, gaps=gaps)
        assert found["paint_rate_last_10"] == found["assisted_rate_last_10"] == rate
        assert (found["primary_scoring_zone"] is None) == (rate is None)
        assert found["gap_ids"] == [gap["gap_id"] for gap in gaps]
        assert (found["zone_games_expected"], found["zone_games_present"]) == (10, 10 - lost)
        assert (found["box_games_expected"], found["box_games_present"]) == (10, 10)


def test_a_gap_of_the_eleventh_last_game_is_none_of_the_last_ten() -> None:
    """Of twenty games the tenth lost its shots, and then the eleventh: only that is of the last ten."""
    lost = [lost_shots(9), lost_shots(10)]
    of_twenty = [gap["gap_id"] for gap in lost]
    for gaps, of_ten in ((lost[:1], []), (lost, of_twenty[1:])):
        games = [game(n, zones(paint=(1, 2))) for n in range(20)]
        for gap in gaps:
            n = int(gap["game_id"])
            games[n] = game(n, unknown_zones(), gaps=(gap["gap_id"],))
        found = known(games, gaps=gaps)
        assert found["gap_ids"] == of_twenty[: len(gaps)]
        assert found["gap_ids_last_10"] == of_ten
        assert found["zone_games_present"] == 20 - len(gaps)
        assert found["zone_games_expected_last_10"] == found["box_games_present_last_10"] == 10
        assert found["zone_games_present_last_10"] == 10 - len(of_ten)


def test_a_source_that_tells_no_assists_leaves_only_those_unknown() -> None:
    """A shot chart has zones and no assists."""
    found = known([game(n, zones(paint=(1, 2))) for n in range(3)])
    assert (found["paint_rate_last_10"], found["assisted_rate_last_10"]) == (1.0, None)
    assert found["assisted_rate_last_20"] is None


def test_a_lost_roster_is_a_hole_that_names_the_games_shots_too() -> None:
    """Whether he played, and from where he shot, are both unknown; a season's gap is of its dates."""
    roster = lost_shots(2) | {
        "gap_id": "roster",
        "table_name": "nbac_player_boxscore",
        "team_abbr": "LAL",
    }
    season = lost_shots(2) | {"gap_id": "shots:2023-24", "game_id": None}
    elsewhere = lost_shots(2) | {"gap_id": "shots:elsewhere", "game_id": "0000000099"}
    found = known([game(n, zones(paint=(1, 2))) for n in (1, 3)], gaps=[roster, season, elsewhere])
    assert found["gap_ids"] == ["roster", "shots:2023-24"]
    assert (found["zone_games_expected"], found["zone_games_present"]) == (3, 2)
    assert found["paint_rate_last_10"] is None


def test_shares_that_do_not_add_up_are_found() -> None:
    """0.5, 0.25 and 0.25 are whole; 0.5, 0.25 and 0.5 are not; unknown ones are nobody's offence."""
    names = [f"{z}_rate_last_{n}" for z in ("paint", "mid_range", "three") for n in (10, 20)]
    whole = dict(zip(names, (0.5, 0.5, 0.25, 0.25, 0.25, 0.25), strict=True))
    rows = [whole | {"player_id": 1}, whole | {"player_id": 2, "three_rate_last_20": 0.5}]
    rows.append(dict.fromkeys(whole) | {"player_id": 3})
    assert [row["player_id"] for row in answers(shares_not_one(table(rows)))] == [2]
