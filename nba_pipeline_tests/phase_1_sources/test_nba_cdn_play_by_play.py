"""The league's play by play: shots with distance, assist and block, and free throws alone."""

import gzip
import json
from datetime import date

import pytest

from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.nba_cdn_play_by_play import parse

DAY = date(2025, 1, 15)
GAME = "0022400561"
FILE = SourceFile(f"nba_cdn/play_by_play/{GAME}.json", "2024-25", DAY, game_id=GAME)
SHOT = {
    "actionNumber": 17,
    "clock": "PT10M55.00S",
    "period": 1,
    "teamTricode": "NYK",
    "actionType": "3pt",
    "subType": "Jump Shot",
    "personId": 1628969,
    "shotDistance": 27.94,
    "isFieldGoal": 1,
    "shotResult": "Made",
    "assistPersonId": 1628404,
    "description": "M. Bridges 27' 3PT running (3 PTS) (J. Hart 1 AST)",
}
FREE = SHOT | {"actionType": "freethrow", "subType": "1 of 1"}
FREE = {k: v for k, v in FREE.items() if k not in ("shotDistance", "assistPersonId")}


def parsed(*events, game_id=GAME):
    """The parse of a game of the events, numbered from 0."""
    events = [event | {"actionNumber": number} for number, event in enumerate(events)]
    return parse({"game": {"gameId": game_id, "actions": events}}, FILE)


def test_a_shot_tells_who_assisted_and_who_blocked_it() -> None:
    """10:55 is 655 seconds; a rebound has nothing of a shot."""
    rebound = {"actionType": "rebound", "subType": "defensive", "personId": 0, "shotResult": None}
    missed = {
        "shotResult": "Missed",
        "actionType": "2pt",
        "shotDistance": 8,
        "assistPersonId": None,
    }
    found = parsed(SHOT, SHOT | missed | {"blockPersonId": 5}, SHOT | rebound)
    assert len(found.rejected) == 0
    three, blocked, other = (
        found.rows.astype(object).where(found.rows.notna(), None).to_dict("records")
    )
    assert (three["is_three"], three["is_made"], three["shot_distance"]) == (True, True, 27.94)
    assert (three["assist_player_id"], three["seconds_remaining"]) == (1628404, 655)
    assert (blocked["is_three"], blocked["is_made"]) == (False, False)
    assert (blocked["block_player_id"], blocked["assist_player_id"]) == (5, None)
    assert not other["is_field_goal"]
    assert [other[name] for name in ("is_three", "is_made", "shot_distance", "player_id")] == [
        None
    ] * 4


@pytest.mark.parametrize("field", ["assistPersonId", "personId", "blockPersonId"])
@pytest.mark.parametrize("said", ["n/a", True, -7, 1.5, {"id": 1628404}])
def test_a_player_that_is_said_and_cannot_be_read_is_no_nobody(field, said) -> None:
    """A shot would be unassisted; a rebound's player is read like a shot's."""
    rebound = SHOT | {"actionType": "rebound"}
    found = parsed(SHOT, SHOT | {field: said}, rebound | {field: said}, rebound | {field: 0})
    assert found.rows.event_id.tolist() == [0, 3]
    assert found.rejected.field.tolist() == [field] * 2
    assert found.rejected.rule.tolist() == ["bad_player"] * 2


def test_a_technical_free_throw_is_no_and_one() -> None:
    """One of one, without a descriptor: of two, or for a technical foul, it is another thing."""
    others = [FREE | {"subType": "1 of 2"}, FREE | {"descriptor": "technical"}]
    rows = parsed(FREE, *others, FREE | {"descriptor": ""}).rows
    assert rows.is_and_one_free_throw.tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"clock": "soon"}, "bad_clock", "clock"),
        ({"period": None}, "bad_period", "period"),
        ({"teamTricode": "XYZ"}, "unknown_team", "teamTricode"),
        ({"teamTricode": None}, "unknown_team", "teamTricode"),
        ({"personId": 0}, "bad_player", "personId"),
        ({"shotResult": "Maybe"}, "bad_outcome", "shotResult"),
        ({"shotDistance": None}, "bad_distance", "shotDistance"),
        ({"actionType": ""}, "bad_event_type", "actionType"),
        ({"subType": ["1 of 1"]}, "bad_event_type", "subType"),
        ({"descriptor": True}, "bad_event_type", "descriptor"),
    ],
)
def test_a_bad_cell_rejects_its_event_and_no_other(change, rule, field) -> None:
    """By file, row and field."""
    found = parsed(SHOT, SHOT | change, SHOT)
    (told,) = found.rejected.to_dict("records")
    assert (told["rule"], told["field"], told["row_number"]) == (rule, field, 1)
    assert (told["game_id"], told["game_date"]) == (GAME, DAY)
    assert found.rows.event_id.tolist() == [0, 2]


def test_a_file_of_another_game_is_told_row_by_row() -> None:
    """Its name says one game, its content another."""
    assert list(parsed(SHOT, game_id="0022400500").rejected.rule) == ["other_game"]


def test_a_rejected_row_is_of_its_game_however_the_id_is_spelled() -> None:
    """As a number it has no leading zeros."""
    found = parsed(SHOT, SHOT | {"clock": "?", "teamTricode": None}, game_id=int(GAME))
    assert {*found.rows.game_id, *found.rejected.game_id} == {GAME}
    assert set(found.rejected.row_number) == {1}


def test_another_document_is_refused() -> None:
    """Without the game's actions it is no play by play."""
    with pytest.raises(UnknownShape, match="no play by play"):
        parse({"game": {"gameId": GAME}}, FILE)


def test_the_sample_s_shots_are_those_of_the_document(samples) -> None:
    """Field goals and threes by the document's own flags; four and-ones by hand."""
    document = json.loads(gzip.decompress((samples / "nba_cdn_playbyplay_b.json.gz").read_bytes()))
    found = parse(document, FILE)
    actions = document["game"]["actions"]
    assert len(found.rejected) == 0
    assert len(found.rows) == len(actions) == 506
    assert found.rows.is_field_goal.sum() == sum(a["isFieldGoal"] for a in actions) == 178
    assert found.rows.is_three.sum() == 72
    assert found.rows.assist_player_id.notna().sum() == 55
    assert found.rows.is_and_one_free_throw.sum() == 4
