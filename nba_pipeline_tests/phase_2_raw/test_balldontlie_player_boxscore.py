"""The fallback's box scores in the schedule's games."""

from datetime import date

import ibis
import pytest

from nba_pipeline.phase_1_sources.nba_stats_league_game_log import COUNTED
from nba_pipeline.phase_2_raw import balldontlie_player_boxscore as fallback
from nba_pipeline_tests.compiled_once import compiled_once

transform, rejections = compiled_once(fallback.transform), compiled_once(fallback.rejections)
DAY = date(2025, 1, 8)
GAME = "0022400509"
KNOWN = {101: ("CLE", "jarrettallen"), 102: ("CLE", "evanmobley"), 201: ("OKC", "luguentzdort")}
KNOWN |= {301: ("BOS", "jaysontatum")}


def line(number: int, team: str, name: str, points: int, **changed: object) -> dict[str, object]:
    """A line of OKC at CLE, which CLE won by 20 to 10."""
    told = {"event_id": 7, "game_date": DAY, "home_team": "CLE", "away_team": "OKC"}
    scores = (20, 10) if team == "CLE" else (10, 20)
    told |= {"team_abbr": team, "team_points": scores[0], "opponent_points": scores[1]}
    own = {"player_name": name, "player_lookup": name.replace(" ", "").lower(), "minutes": 30.0}
    place = {"source_file": "file", "row_number": number}
    return told | own | dict.fromkeys(COUNTED, 0) | {"pts": points} | place | changed


def inputs(*lines: dict[str, object], **lost: str | None) -> dict[str, ibis.Table]:
    """The inputs of the transform; lost is what a rejected line of the date tells of its place."""
    schedule = {"game_id": GAME, "game_date": DAY, "season": "2024-25", "season_type": "regular"}
    schedule |= {"home_team": "CLE", "away_team": "OKC", "status": "final"}
    schedule |= {"home_score": 20, "away_score": 10}
    other = {"game_id": "0022400510", "home_team": "BOS", "away_team": "NYK"}
    known = [
        {
            "season": "2024-25",
            "player_id": number,
            "player_lookup": lookup,
            "team_abbr": team,
            "player_name": lookup,
            "known_from": date(2024, 10, 23),
        }
        for number, (team, lookup) in KNOWN.items()
    ]
    bad = {"source_file": "file", "row_number": 9, "rule": "bad", "detail": "bad", "game_date": DAY}
    kinds = dict.fromkeys(("source_file", "rule", "detail", "game_id", "team_abbr"), "string")
    kinds |= {"row_number": "int64", "game_date": "date"}
    told = [bad | {"game_id": None, "team_abbr": None} | lost] if lost else []
    rejected = ibis.memtable(told, schema=kinds)
    return {
        "balldontlie_box_scores": ibis.memtable(list(lines)),
        "balldontlie_box_scores_rejected": rejected,
        "nbac_schedule": ibis.memtable([schedule, schedule | other]),
        "known_players": ibis.memtable(known),
    }


LINES = (
    line(0, "CLE", "Jarrett Allen", 15),
    line(1, "CLE", "Evan Mobley", 5),
    line(2, "OKC", "Luguentz Dort", 10),
    line(3, "OKC", "Nobody Knows", 0, minutes=0.0),
)


def whole(rows) -> dict[int, bool]:
    """Per player, whether his team is whole."""
    return dict(zip(rows.player_id, rows.is_whole, strict=True))


def test_players_are_found_by_name_and_the_game_by_its_teams() -> None:
    """The line of who did not play is of nobody and asks for nobody."""
    given = inputs(*LINES)
    rows = transform(**given).to_pandas()
    assert whole(rows) == {101: True, 102: True, 201: True}
    assert set(rows.game_id) == {GAME}
    given.pop("balldontlie_box_scores_rejected")
    assert rejections(**given).to_pandas().empty


def test_a_player_has_the_name_by_which_the_league_knows_him() -> None:
    """Nobody has two names for the night on which the fallback stands for his box score."""
    rows = transform(**inputs(line(0, "CLE", "Jarrett Allen Jr", 15), *LINES[1:])).to_pandas()
    (allen,) = rows[rows.player_id == 101].to_dict("records")
    assert (allen["player_lookup"], allen["player_name"]) == ("jarrettallen", "Jarrett Allen Jr")
    assert whole(rows) == {101: True, 102: True, 201: True}


@pytest.mark.parametrize("is_in_his_game", [True, False])
def test_a_newcomer_with_a_players_name_is_not_that_player(is_in_his_game) -> None:
    """Of both lines of a date the one of the player's own team is his; the other team is not whole."""
    away = {"home_team": "BOS", "away_team": "NYK", "event_id": 8}
    newcomer = line(2, "OKC", "Jarrett Allen", 10)
    other = newcomer if is_in_his_game else line(2, "BOS", "Jarrett Allen", 10, **away)
    rows = transform(**inputs(*LINES[:2], other)).to_pandas()
    assert whole(rows) == {101: True, 102: True}
    assert [*rows.team_abbr[rows.player_id == 101]] == ["CLE"]
    given = inputs(*LINES[:2], other)
    given.pop("balldontlie_box_scores_rejected")
    (told,) = rejections(**given).to_pandas().to_dict("records")
    assert (told["row_number"], told["rule"]) == (2, "unmatched_player")


def test_a_player_who_was_traded_is_found_for_his_new_team() -> None:
    """He is of one team of the date, though it is none that he was seen with."""
    rows = transform(**inputs(*LINES[:2], line(2, "OKC", "Jayson Tatum", 10))).to_pandas()
    assert whole(rows) == {101: True, 102: True, 301: True}


@pytest.mark.parametrize(
    ("changed", "lost"),
    [
        ((*LINES[:1], line(1, "CLE", "Evan Moby", 5), LINES[2]), {}),
        ((LINES[0], LINES[2]), {}),
        (LINES, {"team_abbr": "CLE", "game_id": "7"}),
        (LINES, {"team_abbr": "CLE"}),
        (LINES, {"team_abbr": "CLE", "game_id": "99"}),
    ],
    ids=[
        "a name of nobody",
        "points that are not the score",
        "a rejected line",
        "a rejected line of no game",
        "a rejected line of a game that no other line has",
    ],
)
def test_a_team_that_lacks_a_player_is_not_whole_and_the_other_one_is(changed, lost) -> None:
    """Cleveland is not, Oklahoma City is."""
    found = whole(transform(**inputs(*changed, **lost)).to_pandas())
    assert (found[101], found[201]) == (False, True)


@pytest.mark.parametrize(
    ("lost", "is_other_whole"),
    [
        ({"team_abbr": "XXX", "game_id": "7"}, True),
        ({"team_abbr": None, "game_id": "7"}, True),
        ({"team_abbr": "BOS", "game_id": "7"}, True),
        ({"team_abbr": "XXX", "game_id": "99"}, False),
        ({"team_abbr": None, "game_id": None}, False),
    ],
)
def test_a_rejected_line_of_no_known_team_may_be_of_either_side(lost, is_other_whole) -> None:
    """Of its game where its id tells which; of any game of the date where nothing does."""
    boston = {"event_id": 8, "home_team": "BOS", "away_team": "NYK", "team_points": 9}
    lines = (*LINES, line(4, "BOS", "Jayson Tatum", 9, **boston))
    found = whole(transform(**inputs(*lines, **lost)).to_pandas())
    assert found == {101: False, 102: False, 201: False, 301: is_other_whole}


@pytest.mark.parametrize(
    ("file", "is_whole"), [("file", False), ("a half", True), ("z half", True)]
)
def test_a_rejected_line_of_another_file_than_the_game_s_takes_nothing_from_it(
    file, is_whole
) -> None:
    """A file of mid-game is refused line by line; the final one stands, whichever name comes first."""
    told = {"team_abbr": "CLE", "game_id": "7", "source_file": file}
    assert whole(transform(**inputs(*LINES, **told)).to_pandas())[101] is is_whole


def test_what_is_nobody_or_twice_or_off_the_schedule_is_told() -> None:
    """With the names that are nearest; a game of other teams, and the second line of a player."""
    given = inputs(
        *LINES,
        line(4, "CLE", "Evan Moby", 2),
        line(5, "CLE", "Jarrett Allen Jr", 2),
        line(6, "BOS", "Jarrett Allen", 2, home_team="BOS"),
    )
    given.pop("balldontlie_box_scores_rejected")
    told = rejections(**given).to_pandas().sort_values("row_number")
    assert list(zip(told.row_number, told.rule, strict=True)) == [
        (4, "unmatched_player"),
        (5, "repeated_player"),
        (6, "unknown_game"),
    ]
    assert "evanmobley (CLE, 102)" in told.detail.iloc[0]
