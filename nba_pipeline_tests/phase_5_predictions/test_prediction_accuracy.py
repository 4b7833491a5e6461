"""Grades, by hand from literal predictions and box scores, and against the file's points."""

from datetime import date, datetime

import ibis

from nba_pipeline.phase_5_predictions.prediction_accuracy import (
    predictions_not_copied,
    transform,
)
from nba_pipeline_tests.league_files import PLAYER_LOG, lines
from nba_pipeline_tests.window_rows import GAPS, answers, table

DAY = date(2024, 1, 15)
GAME, OPEN_GAME = "0022300581", "0022300582"
BEHIND = "nbac_team_boxscore:2024-01-13:0022300570:LAL"
LOST = f"nbac_player_boxscore:{DAY}:{GAME}:BOS"
_COUNTS = {
    f"{family}_games_{what}": "int64"
    for family in ("box", "team", "zone")
    for what in ("expected", "present")
}
PREDICTED = {
    **dict.fromkeys(
        ("game_id", "player_lookup", "team_abbr", "system", "recommendation", "line_source"),
        "string",
    ),
    **dict.fromkeys(("features_fingerprint", "model_version"), "string"),
    **dict.fromkeys(("predicted_points", "p10", "p90", "prob_over", "points_line"), "float64"),
    **dict.fromkeys(("over_price", "under_price"), "float64"),
    "game_date": "date",
    "player_id": "int64",
    "gap_ids": "array<string>",
    "made_at": "timestamp",
    **_COUNTS,
}
SAID = PREDICTED | {"tipoff_at": "timestamp"}
SCHEDULE = {
    **dict.fromkeys(("game_id", "season", "season_type", "status"), "string"),
    "home_team": "string",
    "away_team": "string",
    "home_score": "int64",
    "away_score": "int64",
    "game_date": "date",
    "tipoff_at": "timestamp",
}
BOX = {
    "game_id": "string",
    "team_abbr": "string",
    "player_id": "int64",
    "minutes": "float64",
    "pts": "int64",
}


def moment(hour: int) -> datetime:
    """An hour of the UTC day of the game; it begins at 20."""
    return datetime(2024, 1, 15, hour)  # noqa: DTZ001  stored without a zone


def predicted(player: int, recommendation: str, line: float | None, **more: object) -> dict:
    """A Laker is predicted 20 points from ten whole games, one team line of which is a gap."""
    row = {
        "game_id": GAME,
        "game_date": DAY,
        "player_id": player,
        "player_lookup": "a",
        "team_abbr": "LAL",
        "system": "xgboost",
        "features_fingerprint": "f",
        "predicted_points": 20.0,
        "p10": 12.0,
        "p90": 28.0,
        "prob_over": 0.5,
        "points_line": line,
        "recommendation": recommendation,
        "gap_ids": [BEHIND],
        "made_at": moment(22),
        **dict.fromkeys(_COUNTS, 10),
    }
    return row | more


def box(player: int, minutes: float, points: int, team: str = "LAL") -> dict:
    """A line of the game's box score."""
    return {
        "game_id": GAME,
        "team_abbr": team,
        "player_id": player,
        "minutes": minutes,
        "pts": points,
    }


def graded(
    predictions: list[dict],
    box_scores: list[dict],
    *,
    said: tuple[dict, ...] = (),
    gaps: tuple[dict, ...] = (),
) -> dict[tuple[int, str], dict]:
    """The grades by player and basis: Boston in Los Angeles is over, Denver in Utah is not."""
    game = {"game_date": DAY, "season": "2023-24", "season_type": "regular"}
    game |= {"tipoff_at": moment(20), "home_score": 110, "away_score": 100}
    over = {"game_id": GAME, "status": "final", "home_team": "LAL", "away_team": "BOS"}
    open_ = {"game_id": OPEN_GAME, "status": "scheduled", "home_team": "UTA", "away_team": "DEN"}
    rows = transform(
        ibis.memtable([dict.fromkeys(PREDICTED) | row for row in predictions], schema=PREDICTED),
        ibis.memtable([dict.fromkeys(SAID) | row for row in said], schema=SAID),
        ibis.memtable([game | over, game | open_], schema=SCHEDULE),
        ibis.memtable(box_scores, schema=BOX),
        table([*gaps], GAPS),
    )
    found = answers(rows)
    by_key = {(row["player_id"], row["basis"]): row for row in found}
    assert len(by_key) == len(found)
    return by_key


CASES = [
    ("OVER", 18.5, 30.0, 19, "win"),
    ("OVER", 18.5, 30.0, 18, "loss"),
    ("UNDER", 21.5, 30.0, 21, "win"),
    ("UNDER", 21.5, 30.0, 22, "loss"),
    ("OVER", 18.0, 30.0, 18, "push"),
    ("UNDER", 22.0, 30.0, 22, "push"),
    ("PASS", 18.5, 30.0, 19, "pass"),
    ("PASS", 18.0, 30.0, 18, "pass"),
    ("NO_LINE", None, 30.0, 19, "no_line"),
    ("OVER", 18.5, 0.0, 0, "void"),
    ("UNDER", 21.5, 0.0, 0, "void"),
    ("PASS", 18.5, 0.0, 0, "void"),
    ("NO_LINE", None, 0.0, 0, "void"),
]
"""What is recommended at which line, minutes and points, and what becomes of it."""


def test_a_recommendation_comes_out_as_the_points_beside_the_line() -> None:
    """Over an over wins, under it an under; at the line nobody does; without a line all is void."""
    rows = graded(
        [predicted(player, said, line) for player, (said, line, *_) in enumerate(CASES, 1)],
        [box(p, minutes, pts) for p, (_, _, minutes, pts, _) in enumerate(CASES, 1) if minutes],
    )
    outcomes = [rows[player, "recomputed"]["outcome"] for player in range(1, len(CASES) + 1)]
    told = [(*case[:-1], outcome) for case, outcome in zip(CASES, outcomes, strict=True)]
    assert told == CASES
    assert [row["actual_points"] is None for row in rows.values()] == [
        row["outcome"] == "void" for row in rows.values()
    ]


def test_who_is_not_in_a_complete_roster_did_not_play() -> None:
    """Void, with no minutes and no points: nobody scores zero on the bench."""
    row = graded([predicted(7, "OVER", 18.5)], [box(8, 30.0, 19)])[7, "recomputed"]
    assert (row["outcome"], row["minutes"], row["actual_points"]) == ("void", 0.0, None)
    assert (row["signed_error"], row["absolute_error"]) == (None, None)


def test_an_error_is_the_prediction_minus_the_points() -> None:
    """20 said and 26 scored is 6 too few; who has no prediction has no error."""
    rows = graded(
        [predicted(7, "PASS", 18.5), predicted(8, "PASS", 18.5, predicted_points=None)],
        [box(7, 30.0, 26), box(8, 12.5, 3)],
    )
    row, unpredicted = rows[7, "recomputed"], rows[8, "recomputed"]
    assert (row["actual_points"], row["minutes"]) == (26, 30.0)
    assert (row["signed_error"], row["absolute_error"]) == (-6.0, 6.0)
    assert (unpredicted["actual_points"], unpredicted["minutes"]) == (3, 12.5)
    assert (unpredicted["signed_error"], unpredicted["absolute_error"]) == (None, None)


def test_of_a_lost_roster_nothing_is_known_and_the_row_names_its_gap() -> None:
    """Neither of whom a line is left nor of whom none is: no outcome, which is not void.

    The other team is graded as if nothing were lost, and names what its features were made from alone.
    """
    lost = {
        "gap_id": LOST,
        "table_name": "nbac_player_boxscore",
        "game_date": DAY,
        "game_id": GAME,
        "team_abbr": "BOS",
    }
    boston = [predicted(n, "OVER", 18.5, team_abbr="BOS") for n in (8, 9)]
    rows = graded(
        [predicted(7, "OVER", 18.5), *boston],
        [box(7, 30.0, 19), box(8, 30.0, 19, "BOS")],
        gaps=(lost,),
    )
    for player in (8, 9):
        row = rows[player, "recomputed"]
        unknown = ("outcome", "actual_points", "minutes", "signed_error", "absolute_error")
        assert {name: row[name] for name in unknown} == dict.fromkeys(unknown)
        assert row["gap_ids"] == sorted([LOST, BEHIND])
        assert (row["box_games_present"], row["box_games_expected"]) == (0, 1)
        assert (row["team_games_present"], row["team_games_expected"]) == (10, 10)
    laker = rows[7, "recomputed"]
    assert (laker["outcome"], laker["gap_ids"]) == ("win", [BEHIND])
    assert (laker["box_games_present"], laker["box_games_expected"]) == (10, 10)


def test_who_came_to_the_other_team_is_graded_by_its_roster_or_not_at_all() -> None:
    """Said for the Lakers, 7 and 8 may have played for Boston, whose roster is whole, or a gap.

    A gap's line is not believed, and of who is in neither roster nothing is known; of his own team's
    roster, where that is the gap, nothing hangs on that he is in the other.
    """
    said = [predicted(7, "OVER", 18.5), predicted(8, "OVER", 18.5), predicted(9, "OVER", 18.5)]
    lines = [box(7, 33.0, 31, team="BOS"), box(9, 20.0, 12)]

    def found(*gaps: dict) -> dict[int, tuple]:
        rows = graded(said, lines, gaps=gaps)
        return {
            player: (row["minutes"], row["actual_points"], row["outcome"], row["gap_ids"])
            for (player, _basis), row in rows.items()
        }

    def gap(team: str) -> dict:
        row = {"gap_id": f"gap {team}", "table_name": "nbac_player_boxscore", "game_id": GAME}
        return row | {"team_abbr": team, "game_date": DAY}

    nine = (20.0, 12, "loss", [BEHIND])
    assert found() == {
        7: (33.0, 31, "win", [BEHIND]),
        8: (0.0, None, "void", [BEHIND]),
        9: nine,
    }
    unknown = (None, None, None, sorted([BEHIND, "gap BOS"]))
    assert found(gap("BOS")) == {7: unknown, 8: unknown, 9: nine}
    nobody = (None, None, None, sorted([BEHIND, "gap LAL"]))
    assert found(gap("LAL")) == {7: (33.0, 31, "win", [BEHIND]), 8: nobody, 9: nobody}
    of_neither = (None, None, None, sorted([BEHIND, "gap BOS", "gap LAL"]))
    assert found(gap("LAL"), gap("BOS")) == dict.fromkeys((7, 8, 9), of_neither)


def test_who_played_for_seconds_alone_has_played() -> None:
    """The log's minutes are whole: his points count."""
    rows = graded([predicted(7, "UNDER", 8.5)], [box(7, 0.0, 2)])
    row = rows[7, "recomputed"]
    assert (row["minutes"], row["actual_points"], row["outcome"]) == (0.0, 2, "win")


def test_what_was_said_last_before_tip_off_is_graded_beside_what_is_said_now() -> None:
    """At 10 under and at 15 over; at 20 the game had begun, and of another date nothing was played."""
    early = {"made_at": moment(10), "tipoff_at": moment(20), "recommendation": "UNDER"}
    last = early | {"made_at": moment(15), "recommendation": "OVER", "predicted_points": 22.0}
    late = early | {"made_at": moment(20), "predicted_points": 40.0}
    elsewhere = early | {"made_at": moment(16), "game_date": date(2024, 1, 14)}
    said = [predicted(7, "PASS", 18.5) | more for more in (early, last, late, elsewhere)]
    rows = graded([predicted(7, "PASS", 18.5)], [box(7, 30.0, 19)], said=tuple(said))
    assert set(rows) == {(7, "recomputed"), (7, "made")}
    now, then = rows[7, "recomputed"], rows[7, "made"]
    assert (then["made_at"], then["outcome"], then["signed_error"]) == (moment(15), "win", 3.0)
    assert (now["made_at"], now["outcome"], now["signed_error"]) == (None, "pass", 1.0)
    assert (now["inputs_changed"], then["inputs_changed"]) == (None, True)


def test_what_is_predicted_of_a_game_under_a_date_that_it_has_left_is_not_graded() -> None:
    """Beside that of the date on which it was played."""
    left = predicted(7, "UNDER", 18.5, game_date=date(2024, 1, 14))
    rows = graded([left, predicted(7, "OVER", 18.5)], [box(7, 30.0, 19)])
    assert {key: (row["game_date"], row["outcome"]) for key, row in rows.items()} == {
        (7, "recomputed"): (DAY, "win")
    }


def test_a_game_that_is_not_over_is_not_graded() -> None:
    """Nor is it void."""
    assert graded([predicted(7, "OVER", 18.5, game_id=OPEN_GAME, team_abbr="UTA")], []) == {}


def test_a_grade_of_what_nobody_said_is_told() -> None:
    """20 is said now; 22 was said at 15 and 21 at 10; of player 8 nothing is predicted."""
    now = [predicted(7, "PASS", 18.5), predicted(8, "PASS", 18.5, predicted_points=None)]
    said = [
        now[0] | {"made_at": moment(hour), "predicted_points": points}
        for hour, points in ((10, 21.0), (15, 22.0))
    ]
    grades = [
        (7, "recomputed", None, 20.0, False),
        (8, "recomputed", None, None, False),
        (7, "recomputed", None, 22.0, True),
        (8, "recomputed", None, 0.0, True),
        (7, "made", moment(15), 22.0, False),
        (7, "made", moment(15), 21.0, True),
        (7, "made", moment(10), 21.0, False),
        (7, "made", None, 20.0, True),
        (9, "recomputed", None, 20.0, True),
    ]
    names = ("player_id", "basis", "made_at", "predicted_points", "is_told")
    kinds = ("int64", "string", "timestamp", "float64", "boolean")
    lines = [dict(zip(names, grade, strict=True)) for grade in grades]
    rows = ibis.memtable(lines, schema=dict(zip(names, kinds, strict=True)))
    found = predictions_not_copied(
        rows.mutate(game_id=ibis.literal(GAME), system=ibis.literal("xgboost")),
        ibis.memtable([dict.fromkeys(PREDICTED) | row for row in now], schema=PREDICTED),
        ibis.memtable([dict.fromkeys(SAID) | row for row in said], schema=SAID),
    )
    told = answers(found)
    assert [row["is_told"] for row in told] == [True] * 5


def test_every_grade_by_an_independent_route(league, league_landing) -> None:
    """Error against the box score's points; who has no line there did not play and is void."""
    points = {
        (p["GAME_ID"], p["PLAYER_ID"]): p["PTS"]
        for p in lines(league_landing, PLAYER_LOG)
        if p["MIN"] > 0
    }
    rows = league.rows("prediction_accuracy")
    assert len(rows) == len(league.rows("player_prop_predictions"))
    voids = 0
    for row in rows:
        actual = points.get((row["game_id"], row["player_id"]))
        assert row["actual_points"] == actual
        if actual is None:
            voids += 1
            assert (row["outcome"], row["minutes"], row["signed_error"]) == ("void", 0.0, None)
        elif row["predicted_points"] is not None:
            assert row["signed_error"] == row["predicted_points"] - actual
            assert row["absolute_error"] == abs(row["predicted_points"] - actual)
    assert 0 < voids < len(rows) / 4
