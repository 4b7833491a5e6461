"""Games like tonight's, by hand from literal games and what was known before each."""

import ibis

from nba_pipeline.phase_5_predictions.player_similar_games import player_similar_games, transform
from nba_pipeline_tests.window_rows import GAPS, answers, as_read, lost_roster, on, table, tracked

TONIGHT = 40
_COUNTS = {
    f"{family}_games_{what}": "int64"
    for family in ("box", "team", "zone")
    for what in ("expected", "present")
}
FEATURES = {
    **dict.fromkeys(("game_id", "season", "player_lookup", "team_abbr"), "string"),
    "player_id": "int64",
    "game_date": "date",
    "is_home": "boolean",
    "days_rest": "int64",
    **dict.fromkeys(("opponent_def_rating", "points_avg_last_5", "points_avg_season"), "float64"),
    **_COUNTS,
    "gap_ids": "array<string>",
}


def known(number: int, **more: object) -> dict[str, object]:
    """What was known before the game of a day: at home, an average defence, a day between, as usual."""
    return {
        "game_id": f"{number:010d}",
        "season": "2023-24",
        "player_lookup": "lebronjames",
        "team_abbr": "LAL",
        "player_id": 7,
        "game_date": on(number),
        "is_home": True,
        "days_rest": 2,
        "opponent_def_rating": 112.0,
        "points_avg_last_5": 20.0,
        "points_avg_season": 20.0,
        **tracked("box", "team", "zone"),
        **more,
    }


def game(number: int, points: int) -> dict[str, object]:
    """A game that the player played."""
    return {
        "game_id": f"{number:010d}",
        "game_date": on(number),
        "player_id": 7,
        "team_abbr": "LAL",
        "minutes": 30.0,
        "points": points,
        **tracked("box", "team"),
    }


def tonight(
    games: list[dict[str, object]], before: list[dict[str, object]], *gaps: dict[str, object]
) -> dict[str, object]:
    """The row of the night's game."""
    inputs = as_read(
        player_similar_games,
        on(TONIGHT),
        ml_feature_store_v2=ibis.memtable([known(TONIGHT)], schema=FEATURES),
        features_before=ibis.memtable(before, schema=FEATURES),
        player_game_summary=table(games),
        data_gaps=table(list(gaps), GAPS),
    )
    (row,) = answers(transform(**inputs))
    return row


def test_games_like_tonights_are_weighed_by_how_like_they_are() -> None:
    """100 for the same but court, 85 away, and a weak defence after a back-to-back away, 50, is none.

    (100 * 30 + 85 * 10) / 185; tonight's own result, and a later one, are not behind it.
    """
    before = [
        known(1),
        known(2, is_home=False),
        known(3, is_home=False, days_rest=1, opponent_def_rating=120.0),
        known(TONIGHT),
        known(41),
    ]
    games = [game(1, 30), game(2, 10), game(3, 50), game(TONIGHT, 60), game(41, 60)]
    row = tonight(games, before)
    assert row["similar_games"] == 2
    assert row["points_avg_similar"] == (100 * 30 + 85 * 10) / 185


def test_the_last_thirty_games_count_and_no_earlier_one() -> None:
    """Of 31 the first, of 60 points, is too long ago."""
    numbers = range(1, 32)
    row = tonight([game(n, 60 if n == 1 else 10) for n in numbers], [known(n) for n in numbers])
    assert (row["similar_games"], row["points_avg_similar"]) == (30, 10.0)


def test_without_a_game_that_is_alike_there_is_no_mean() -> None:
    """None of one game; and one of which the feature store knows nothing is like no other but in court."""
    unlike = known(1, is_home=False, days_rest=1, opponent_def_rating=120.0)
    row = tonight([game(1, 30)], [unlike])
    assert (row["similar_games"], row["points_avg_similar"]) == (0, None)
    assert tonight([game(1, 30)], [known(2)])["similar_games"] == 0


def test_the_gaps_of_earlier_games_and_of_their_conditions_are_named() -> None:
    """One hole among ten leaves the nine; the opponent's gap of a game that is behind is the row's."""
    numbers = range(1, 10)
    opponents = "nbac_team_boxscore:2023-10-30:0022300001:BOS"
    before = [known(n, **({"gap_ids": [opponents]} if n == 4 else {})) for n in numbers]
    row = tonight([game(n, 10) for n in numbers], before, lost_roster(10))
    assert (row["similar_games"], row["points_avg_similar"]) == (9, 10.0)
    assert sorted(row["gap_ids"]) == sorted([opponents, lost_roster(10)["gap_id"]])


def test_two_holes_of_ten_leave_nothing() -> None:
    """Whether games were alike is then not known."""
    numbers = range(1, 9)
    row = tonight(
        [game(n, 10) for n in numbers],
        [known(n) for n in numbers],
        lost_roster(10),
        lost_roster(11),
    )
    assert (row["similar_games"], row["points_avg_similar"]) == (None, None)


def test_whose_player_he_is_before_his_first_game_his_season_before_decides() -> None:
    """He played for LAL in April: what its lost game of this season was like is not known."""
    row = tonight([game(-210, 30)], [known(1)], lost_roster(10))
    assert (row["similar_games"], row["points_avg_similar"]) == (None, None)
    assert row["gap_ids"] == [lost_roster(10)["gap_id"]]
