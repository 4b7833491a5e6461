"""The league's list of players, in both of its shapes."""

import gzip
import json
from datetime import date

import pytest

from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.nba_stats_player_index import parse

FILE = SourceFile("nba_stats/player_index/2025-10-21.json", "2025-26", date(2025, 10, 21))
LINE = {
    "PERSON_ID": 1628973,
    "PLAYER_LAST_NAME": "Brunson",
    "PLAYER_FIRST_NAME": "Jalen",
    "TEAM_ID": 1610612752,
    "IS_DEFUNCT": 0,
    "TEAM_ABBREVIATION": "NYK",
    "POSITION": "G",
}


def parsed(*lines):
    """The parse of the lines."""
    rows = [list(line.values()) for line in lines]
    return parse({"resultSets": [{"headers": list(lines[0]), "rowSet": rows}]}, FILE)


def test_the_whole_list_is_read(samples) -> None:
    """594 players; Achiuwa is a forward of New York, Bagley keeps his III; eight have no position."""
    document = json.loads(gzip.decompress((samples / "nba_stats_player_list.json.gz").read_bytes()))
    found = parse(document, FILE)
    assert found.rejected.empty
    assert len(found.rows) == 594
    by_id = found.rows.set_index("player_id")
    columns = ["player_name", "player_lookup", "team_abbr", "position"]
    assert by_id.loc[1630173, columns].tolist() == [
        *("Precious Achiuwa", "preciousachiuwa", "NYK", "F"),
    ]
    assert by_id.loc[1628963, columns].tolist() == [
        *("Marvin Bagley III", "marvinbagleyiii", "WAS", "F"),
    ]
    assert by_id.loc[1628389].position == "C-F"
    assert found.rows.position.isna().sum() == 8
    assert found.rows.team_abbr.nunique() == 30
    assert set(found.rows.game_date) == {FILE.game_date}


def test_the_older_list_has_whole_names_and_no_positions() -> None:
    """Who has no team has a NULL one, and is no rejection."""
    brunson = {
        "PERSON_ID": 1628973,
        "DISPLAY_LAST_COMMA_FIRST": "Brunson, Jalen",
        "DISPLAY_FIRST_LAST": "Jalen Brunson",
        "TEAM_ID": 1610612752,
        "TEAM_ABBREVIATION": "NYK",
    }
    nene = {"PERSON_ID": 2403, "DISPLAY_FIRST_LAST": "Nene", "TEAM_ID": 0, "TEAM_ABBREVIATION": ""}
    found = parsed(brunson, brunson | nene)
    assert found.rejected.empty
    assert found.rows.player_lookup.tolist() == ["jalenbrunson", "nene"]
    assert found.rows.team_abbr.isna().tolist() == [False, True]
    assert found.rows.position.isna().all()


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"PERSON_ID": 0}, "bad_player", "PERSON_ID"),
        ({"PLAYER_LAST_NAME": None, "PLAYER_FIRST_NAME": 3}, "bad_player", "PLAYER_NAME"),
        ({"PLAYER_FIRST_NAME": None}, "bad_player", "PLAYER_NAME"),
        ({"PLAYER_LAST_NAME": ["Brunson"]}, "bad_player", "PLAYER_NAME"),
        ({"TEAM_ABBREVIATION": "QQQ"}, "unknown_team", "TEAM_ABBREVIATION"),
        ({"POSITION": "QB"}, "unknown_position", "POSITION"),
        ({"POSITION": ["G"]}, "unknown_position", "POSITION"),
        ({"PERSON_ID": 1}, "repeated_player_id", "PERSON_ID"),
    ],
)
def test_a_bad_cell_rejects_its_player_and_no_other(change, rule, field) -> None:
    """The one before him is kept."""
    found = parsed(LINE | {"PERSON_ID": 1}, LINE | change)
    (told,) = found.rejected.to_dict("records")
    assert (told["rule"], told["field"], told["row_number"]) == (rule, field, 1)
    assert found.rows.player_id.tolist() == [1]


def test_who_was_last_with_a_team_that_is_no_more_has_none() -> None:
    """Seattle is no team of today's league, and no misspelling of one."""
    found = parsed(LINE | {"TEAM_ABBREVIATION": "SEA", "IS_DEFUNCT": 1})
    assert found.rejected.empty
    assert found.rows.team_abbr.isna().all()


def test_which_list_it_is_its_headers_say_whatever_is_in_it() -> None:
    """One without a player is a list, and so is one of a player of whom half the name is missing."""
    result = {"headers": list(LINE), "rowSet": []}
    empty = parse({"resultSets": [result]}, FILE)
    assert (len(empty.rows), len(empty.rejected)) == (0, 0)
    assert list(parsed(LINE | {"PLAYER_FIRST_NAME": None}).rejected.rule) == ["bad_player"]


def test_what_is_no_list_of_players_is_refused() -> None:
    """By what it lacks."""
    with pytest.raises(UnknownShape, match="no list of players of this kind"):
        parsed({"PERSON_ID": 1})
