"""The shot chart's parser: a shot is taken whole, or told with its field."""

import gzip
import json
from datetime import date

import pytest

from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.nba_stats_shot_chart_detail import parse

FILE = SourceFile("nba_stats/shot_chart_detail/2022-23.json", "2022-23")
LINE = {
    "GAME_ID": "0022200001",
    "PLAYER_ID": 203954,
    "PLAYER_NAME": "Joel Embiid",
    "TEAM_ID": 1610612755,
    "TEAM_NAME": "Philadelphia 76ers",
    "PERIOD": 1,
    "MINUTES_REMAINING": 11,
    "SECONDS_REMAINING": 38,
    "EVENT_TYPE": "Missed Shot",
    "ACTION_TYPE": "Turnaround Fadeaway shot",
    "SHOT_TYPE": "2PT Field Goal",
    "SHOT_ZONE_BASIC": "Mid-Range",
    "SHOT_DISTANCE": 12,
    "SHOT_ATTEMPTED_FLAG": 1,
    "SHOT_MADE_FLAG": 0,
    "GAME_DATE": "20221018",
    "HTM": "BOS",
    "VTM": "PHI",
}


def parsed(*changes, **more):
    """The parse of one line per change."""
    lines = [LINE | more | change for change in changes]
    result = {"headers": list(lines[0]), "rowSet": [list(line.values()) for line in lines]}
    return parse({"resultSets": [result]}, FILE)


def test_a_shot_without_coordinates_has_all_that_is_needed() -> None:
    """11:38 is 698 seconds; what the file does not have is NULL; shots are counted by game."""
    other = {"GAME_ID": "0022200002"}
    three = {"SHOT_TYPE": "3PT Field Goal", "SHOT_MADE_FLAG": 1, "EVENT_TYPE": "Made Shot"}
    rows = parsed({}, three, other).rows
    assert rows.shot_number.tolist() == [1, 2, 1]
    assert rows.is_three.tolist() == [False, True, False]
    assert rows.is_made.tolist() == [False, True, False]
    first = rows.iloc[0]
    assert (first.game_id, first.team_abbr, first.player_id) == ("0022200001", "PHI", 203954)
    assert (first.game_date, first.seconds_remaining) == (date(2022, 10, 18), 698)
    assert (first.shot_distance, first.player_lookup) == (12, "joelembiid")
    assert rows[["event_id", "loc_x", "loc_y"]].isna().all().all()


def test_a_native_answer_has_its_events_and_coordinates() -> None:
    """A second shot under one event's number is told."""
    found = parsed({}, {}, GAME_EVENT_ID=9, LOC_X=-30, LOC_Y=120)
    (row,) = found.rows.to_dict("records")
    assert (row["event_id"], row["loc_x"], row["loc_y"]) == (9, -30, 120)
    assert list(found.rejected.rule) == ["repeated_event_id"]


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"LOC_X": "east"}, "bad_location", "LOC_X"),
        ({"LOC_Y": True}, "bad_location", "LOC_Y"),
        ({"GAME_EVENT_ID": "first"}, "bad_event_id", "GAME_EVENT_ID"),
    ],
)
def test_what_a_file_may_lack_is_read_where_it_is_said(change, rule, field) -> None:
    """It is no NULL then; nothing, and the middle of the floor, are read."""
    none = {"GAME_EVENT_ID": None, "LOC_X": None, "LOC_Y": None}
    found = parsed({}, change, none, GAME_EVENT_ID=9, LOC_X=0, LOC_Y=0)
    assert found.rows.row_number.tolist() == [0, 2]
    assert {(line.rule, line.field) for line in found.rejected.itertuples()} >= {(rule, field)}


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"GAME_ID": "22200x01"}, "bad_game_id", "GAME_ID"),
        ({"TEAM_NAME": "Seattle SuperSonics"}, "unknown_team", "TEAM_NAME"),
        ({"GAME_DATE": "20221318"}, "bad_date", "GAME_DATE"),
        ({"PLAYER_ID": 0}, "bad_player", "PLAYER_ID"),
        ({"PLAYER_NAME": None}, "bad_player", "PLAYER_NAME"),
        ({"PERIOD": 0}, "bad_period", "PERIOD"),
        ({"SECONDS_REMAINING": None}, "bad_clock", "SECONDS_REMAINING"),
        ({"SHOT_TYPE": "Free Throw"}, "bad_shot_type", "SHOT_TYPE"),
        ({"SHOT_MADE_FLAG": 1}, "bad_outcome", "SHOT_MADE_FLAG"),
        ({"SHOT_DISTANCE": None}, "bad_distance", "SHOT_DISTANCE"),
        ({"SHOT_DISTANCE": -1}, "bad_distance", "SHOT_DISTANCE"),
        ({"SHOT_ATTEMPTED_FLAG": 0}, "no_attempt", "SHOT_ATTEMPTED_FLAG"),
    ],
)
def test_a_bad_cell_rejects_its_shot_and_no_other(change, rule, field) -> None:
    """By file, row and field."""
    found = parsed({}, change, {})
    (told,) = found.rejected.to_dict("records")
    assert (told["rule"], told["field"], told["row_number"]) == (rule, field, 1)
    assert f"{FILE.path} row 1" in told["detail"]
    assert found.rows.row_number.tolist() == [0, 2]


def test_an_id_without_its_leading_zeros_is_the_ten_digits() -> None:
    """22200001 is 0022200001, of a row that is rejected too."""
    found = parsed({"GAME_ID": "22200001"}, {"GAME_ID": "22200001", "TEAM_NAME": "?"})
    assert list(found.rows.game_id) == list(found.rejected.game_id) == ["0022200001"]


def test_shots_of_a_game_under_two_spellings_of_its_id_are_counted_together() -> None:
    """Two shots of one game are its first and its second."""
    rows = parsed({"GAME_ID": "22200001"}, {"GAME_ID": "0022200001"}).rows
    assert list(rows.shot_number) == [1, 2]


def test_another_answer_is_refused() -> None:
    """A document without distances is no shot chart."""
    lines = {"headers": ["GAME_ID"], "rowSet": []}
    with pytest.raises(UnknownShape, match="no shot chart of this kind"):
        parse({"resultSets": [lines]}, FILE)


def test_a_real_season_has_no_bad_row(real_landing) -> None:
    """Every row of 2023-24 is a shot: as many as the file has."""
    path = real_landing / "nba_stats/shot_chart_detail/2023-24.json.gz"
    document = json.loads(gzip.decompress(path.read_bytes()))
    found = parse(document, FILE)
    assert len(found.rejected) == 0
    assert len(found.rows) == len(document["resultSets"][0]["rowSet"]) == 218701
