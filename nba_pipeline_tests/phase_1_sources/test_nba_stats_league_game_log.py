"""The game log's parser: a bad cell costs its own row, and is told."""

from datetime import date

import pytest

from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import COUNTED, parse

FILE = SourceFile("nba_stats/league_game_log/player/2023-24.json", "2023-24")
LINE = {
    "PLAYER_ID": 7,
    "PLAYER_NAME": "A. One",
    "GAME_ID": "0022300061",
    "WL": "W",
    "MIN": 30,
    "GAME_DATE": "2023-10-24",
    "TEAM_ABBREVIATION": "LAL",
    "PLUS_MINUS": 3,
    **dict.fromkeys((name.upper() for name in COUNTED), 1),
}


def parsed(*changes):
    """The parse of one line per change, of a player each."""
    lines = [LINE | {"PLAYER_ID": n + 1} | change for n, change in enumerate(changes)]
    rows = [list(line.values()) for line in lines]
    document = {"resultSets": [{"headers": list(LINE), "rowSet": rows}]}
    return parse(document, FILE, of="player")


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"MIN": True}, "bad_minutes", "MIN"),
        ({"PTS": True}, "bad_count", "PTS"),
        ({"PTS": [10]}, "bad_count", "PTS"),
        ({"PTS": 10**30}, "bad_count", "PTS"),
        ({"PLUS_MINUS": "inf"}, "bad_count", "PLUS_MINUS"),
        ({"TEAM_ABBREVIATION": {"team": "LAL"}}, "unknown_team", "TEAM_ABBREVIATION"),
        ({"GAME_DATE": ["2023-10-24"]}, "bad_date", "GAME_DATE"),
        ({"GAME_DATE": "today"}, "bad_date", "GAME_DATE"),
        ({"GAME_DATE": "10"}, "bad_date", "GAME_DATE"),
        ({"PLAYER_NAME": "\u738b\u54f2\u6797"}, "bad_player", "PLAYER_NAME"),
        ({"PLAYER_NAME": ["A", "One"]}, "bad_player", "PLAYER_NAME"),
        ({"WL": "X"}, "bad_outcome", "WL"),
        ({"PLAYER_ID": 2}, "repeated_player_id", "PLAYER_ID"),
    ],
)
def test_a_bad_cell_rejects_its_row_and_no_other(change, rule, field) -> None:
    """Its neighbours, whose minutes are 1 and equal True in Python, are kept."""
    found = parsed({"MIN": 1}, {"MIN": 1}, change, {"MIN": 1})
    (told,) = found.rejected.to_dict("records")
    assert (told["rule"], told["field"], told["row_number"]) == (rule, field, 2)
    assert f"{FILE.path} row 2 (game 0022300061, " in told["detail"]
    assert field in told["detail"]
    assert found.rows.minutes.tolist() == [1.0, 1.0, 1.0]
    assert found.rows.row_number.tolist() == [0, 1, 3]


def test_a_rejected_row_is_under_the_tricode_that_its_alias_means() -> None:
    """BRK is BKN, so that the row is found with its unit; what is no team stays as it is."""
    found = parsed({"TEAM_ABBREVIATION": "BRK", "MIN": "x"}, {"TEAM_ABBREVIATION": "QQQ"})
    told = found.rejected.set_index("rule").to_dict("index")
    assert told["bad_minutes"]["team_abbr"] == "BKN"
    assert told["bad_minutes"]["game_date"] == date(2023, 10, 24)
    assert "BRK" in told["bad_minutes"]["detail"]
    assert told["unknown_team"]["team_abbr"] == "QQQ"


def test_a_game_without_a_winner_yet_has_none() -> None:
    """What is not said is NULL, and no rejection."""
    found = parsed({"WL": None}, {"WL": "L"})
    assert found.rejected.empty
    assert found.rows.won.isna().tolist() == [True, False]


def test_a_row_of_another_length_is_rejected_and_the_rest_stands() -> None:
    """One cell more, or fewer; or what is no row at all."""
    rows = [list((LINE | {"PLAYER_ID": n}).values()) for n in range(1, 6)]
    rows[1].pop()
    rows[2].append(7)
    rows[3] = 5
    found = parse({"resultSets": [{"headers": list(LINE), "rowSet": rows}]}, FILE, of="player")
    assert found.rows.player_id.tolist() == [1, 5]
    told = found.rejected[found.rejected.rule == "ragged_line"]
    width = len(LINE)
    said = [f"{width - 1} of {width}", f"{width + 1} of {width}", f"0 of {width}"]
    assert (told.row_number.tolist(), told.value.tolist()) == ([1, 2, 3], said)


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ({"headers": list(LINE), "rowSet": None}, "headers or rowSet is no list"),
        ({"headers": [*LINE, "PTS"], "rowSet": []}, r"not one \['PTS'\]"),
        ({"headers": ["A"], "rowSet": []}, "not one .*'PLAYER_ID'"),
    ],
)
def test_a_document_of_another_shape_is_refused(result, told) -> None:
    """By the file and what it lacks, so that no other file is stopped."""
    with pytest.raises(UnknownShape, match=f"{FILE.path}: .*{told}"):
        parse({"resultSets": [result]}, FILE, of="player")
