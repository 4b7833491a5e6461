"""BigDataBall's files: players with and without ids, games under every kind of id."""

from datetime import date

import pytest

from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.bigdataball import bigdataball, parse
from nba_pipeline_tests.csv_files import csv_of

DAY = date(2025, 6, 22)
FILE = SourceFile("bigdataball/2025-06-22/game.csv", "2024-25", DAY)
SHOT = {
    "game_id": "0042400407",
    "date": "2025-06-22",
    "period": "1",
    "remaining_time": "0:10:45",
    "play_id": "10",
    "team": "IND",
    "event_type": "shot",
    "assist": "Andrew Nembhard",
    "block": "",
    "player": "Pascal Siakam",
    "points": "3",
    "result": "made",
    "type": "3pt jump shot",
    "shot_distance": "26",
    "description": "Siakam 25' 3PT Jump Shot (3 PTS) (Nembhard 1 AST)",
}
FREE = {"event_type": "free throw", "type": "free throw 1/1", "shot_distance": ""}


def parsed(*changes):
    """The parse of one line per change, numbered from 1."""
    lines = [SHOT | {"play_id": str(n + 1)} | c for n, c in enumerate(changes)]
    return parse(csv_of(lines), FILE)


def test_a_name_with_an_id_in_front_is_the_name_and_the_id() -> None:
    """The suffix is kept; a name that has no id has none."""
    glued = {"player": "1630552jalenjohnson", "assist": "1629651nicclaxtoniii"}
    rows = parsed(glued, {"player": "Jalen Johnson"}, {"player": "Jaren Jackson Jr."}).rows
    assert rows.player_lookup.tolist() == ["jalenjohnson", "jalenjohnson", "jarenjacksonjr"]
    assert rows.player_told_id.fillna(0).tolist() == [1630552, 0, 0]
    assert rows.assist_lookup[0] == "nicclaxtoniii"


@pytest.mark.parametrize(
    ("text", "game_id", "teams"),
    [
        ("0042400407", "0042400407", None),
        ("42400407", "0042400407", None),
        ("20250622_IND_OKC", None, "IND_OKC"),
        ("20250622_OKC_IND", None, "IND_OKC"),
        ("20250622_INDOKC", None, "IND_OKC"),
        ("20250622_GS_NO", None, "GSW_NOP"),
    ],
)
def test_every_kind_of_game_id_is_read(text, game_id, teams) -> None:
    """Ten digits, those without leading zeros, and codes in either order."""
    rows = parsed({"game_id": text}).rows[["game_id", "game_teams"]].fillna("")
    assert rows.to_numpy().tolist() == [[game_id or "", teams or ""]]


@pytest.mark.parametrize(
    "text", ["", "424004070", "0072400407", "20250621_INDOKC", "20250622_INDIND", "20250622_INDXYZ"]
)
def test_what_is_no_game_of_the_day_is_told(text) -> None:
    """Other digits, another day's code, one team twice, a team that is none."""
    (told,) = parsed({"game_id": text}).rejected.to_dict("records")
    assert (told["rule"], told["field"]) == ("bad_game_id", "game_id")


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"date": "2025-06-21"}, "other_date", "date"),
        ({"date": "soon"}, "bad_date", "date"),
        ({"date": ""}, "bad_date", "date"),
        ({"play_id": ""}, "bad_event_id", "play_id"),
        ({"play_id": "1"}, "repeated_event_id", "play_id"),
        ({"period": "x"}, "bad_period", "period"),
        ({"remaining_time": "0:10:75"}, "bad_clock", "remaining_time"),
        ({"team": "XYZ"}, "unknown_team", "team"),
        ({"team": ""}, "unknown_team", "team"),
        ({"player": ""}, "bad_player", "player"),
        ({"assist": "??"}, "bad_player", "assist"),
        ({"result": "perhaps"}, "bad_outcome", "result"),
        ({"shot_distance": ""}, "bad_distance", "shot_distance"),
    ],
)
def test_a_bad_cell_rejects_its_event_and_no_other(change, rule, field) -> None:
    """By file, row and field, under the ten-digit id."""
    found = parsed({"game_id": "42400407"}, change | {"game_id": "42400407"}, {})
    (told,) = found.rejected.to_dict("records")
    assert (told["rule"], told["field"], told["row_number"]) == (rule, field, 1)
    assert told["game_id"] == "0042400407"
    assert found.rows.row_number.tolist() == [0, 2]


@pytest.mark.parametrize("text", ["42400407", "20250622_INDOKC"])
def test_of_a_file_of_no_known_date_each_row_says_its_own(text) -> None:
    """What is no date is told all the same."""
    lines = [SHOT | {"game_id": text}, SHOT | {"game_id": text, "date": "soon", "play_id": "2"}]
    found = parse(csv_of(lines), SourceFile("game.csv", ""))
    assert list(found.rows.game_date) == [DAY]
    assert list(found.rejected.rule) == ["bad_date"]


def test_shots_and_free_throws_are_told_apart() -> None:
    """A missed shot may be an event of its own kind; only one of one may be an and-one."""
    missed = {"event_type": "miss", "result": "missed", "type": "driving layup"}
    missed |= {"description": "MISS Johnson 2' Driving Layup"}
    rows = parsed({}, missed, FREE, FREE | {"type": "free throw 1/2"}).rows
    assert rows.is_field_goal.tolist() == [True, True, False, False]
    assert rows.is_three.fillna(value=False).tolist() == [True, False, False, False]
    assert rows.is_made.tolist() == [True, False, True, True]
    assert rows.is_and_one_free_throw.tolist() == [False, False, True, False]
    assert rows.seconds_remaining.tolist() == [645.0] * 4


@pytest.mark.parametrize("kind", ["", "garbage", "driving layup", "3 pt jump shot"])
def test_a_shot_of_no_known_kind_or_of_another_than_its_words_is_rejected(kind) -> None:
    """What is not told to be a three would count as a two."""
    found = parsed({"type": kind, "description": "Johnson 25' 3PT Jump Shot (3 PTS)"}, {})
    assert list(found.rejected.rule) == ["bad_shot_type"]
    assert list(found.rows.event_id) == [2]


def test_an_american_date_is_the_day() -> None:
    """Older files write 06/22/2025."""
    assert len(parsed({"date": "06/22/2025"}, {"date": "6/22/2025"}).rows) == 2


def test_another_file_is_refused() -> None:
    """Without distances it is no play by play."""
    with pytest.raises(UnknownShape, match="no column"):
        parse(csv_of([{"game_id": "1"}]), FILE)


def test_the_sample_is_read_whole(samples) -> None:
    """510 events, 157 shots, 60 free throws, two of them alone."""
    name = "bigdataball_play_by_play_2025-06-22.csv.gz"
    found = parse(bigdataball.decoded((samples / name).read_bytes(), name), FILE)
    assert len(found.rejected) == 0
    assert (len(found.rows), found.rows.is_field_goal.sum()) == (510, 157)
    assert found.rows.is_made.notna().sum() == 157 + 60
    assert found.rows.is_and_one_free_throw.sum() == 2
    assert set(found.rows.game_id) == {"0042400407"}
