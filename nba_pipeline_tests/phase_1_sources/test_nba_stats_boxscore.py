"""A game's box score, in both versions."""

import copy
import json
from datetime import date
from typing import Any

import pandas as pd
import pytest

from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.nba_stats_boxscore import parse
from nba_pipeline_tests.box_score_files import as_v3

FILE = SourceFile(
    "nba_stats/boxscore/0022400561.json", "2024-25", date(2025, 1, 15), game_id="0022400561"
)
COLUMNS = [
    *("GAME_ID", "TEAM_ABBREVIATION", "PLAYER_ID", "PLAYER_NAME", "START_POSITION", "COMMENT"),
    *("MIN", "FGM", "FGA", "FG3M", "FG3A", "FTM", "FTA", "OREB", "DREB", "REB", "AST", "STL"),
    *("BLK", "TO", "PF", "PTS", "PLUS_MINUS"),
]
HART = [
    *("0022400561", "NYK", 1628404, "Josh Hart", "F", "", "49:25"),
    *(4, 9, 0, 3, 2, 3, 5, 12, 17, 12, 4, 0, 3, 3, 10, 10),
]
KOLEK = [
    *("0022400561", "NYK", 1642278, "Tyler Kolek", "", "DNP - Coach's Decision "),
    *[None] * 17,
]
DRUMMOND = [
    *("0022400561", "PHI", 203083, "Andre Drummond", "", "DND - Injury/Illness"),
    *[None] * 17,
]
AWAY = [
    *("0022400561", "NYK", "265:00"),
    *(46, 86, 16, 37, 17, 24, 15, 30, 45, 28, 10, 3, 13, 14, 125, 6),
]
HOME = [
    *("0022400561", "PHI", "265:00"),
    *(46, 92, 13, 35, 14, 14, 11, 24, 35, 27, 8, 2, 12, 19, 119, -6),
]


def document(*players: list[object]) -> dict[str, Any]:
    """A box score of the players' lines and both teams'."""
    team = COLUMNS[:2] + COLUMNS[6:]
    return {
        "resultSets": [
            {"name": "PlayerStats", "headers": COLUMNS, "rowSet": [list(line) for line in players]},
            {"name": "TeamStats", "headers": team, "rowSet": [HOME, AWAY]},
        ]
    }


def with_cell(line: list[object], field: str, value: object) -> list[object]:
    """The line with one cell changed."""
    return [value if name == field else old for name, old in zip(COLUMNS, line, strict=True)]


@pytest.mark.parametrize("shape", [lambda told: told, as_v3], ids=["v2", "v3"])
def test_both_versions_say_the_same(shape) -> None:
    """Hart's 49:25 are 49.42 minutes; Kolek and Drummond have a reason and no numbers."""
    found = parse(shape(document(HART, KOLEK, DRUMMOND)), FILE)
    assert found.rejected.empty
    rows = found.rows.set_index("player_id")
    hart = rows.loc[1628404]
    assert hart[["team_abbr", "player_lookup", "status", "is_starter", "minutes"]].tolist() == [
        *("NYK", "joshhart", "active", True, 49.42),
    ]
    assert hart[["fgm", "fga", "reb", "ast", "tov", "pts", "plus_minus"]].tolist() == [
        *(4, 9, 17, 12, 3, 10, 10),
    ]
    for player, reason in ((1642278, "DNP - Coach's Decision"), (203083, "DND - Injury/Illness")):
        assert rows.loc[player, ["status", "dnp_reason"]].tolist() == ["dnp", reason]
        assert rows.loc[player, ["minutes", "pts", "plus_minus"]].isna().all()
    teams = found.rows[found.rows.is_of_team].set_index("team_abbr")
    assert teams.loc["NYK", ["minutes", "fga", "reb", "tov", "pts", "plus_minus"]].tolist() == [
        *(265, 86, 45, 13, 125, 6),
    ]
    assert teams.loc["PHI"].pts == 119
    assert teams[["player_id", "status", "is_starter"]].isna().all(axis=None)


def test_the_whole_sample_adds_up_in_both_versions(samples) -> None:
    """17 players played and 8 did not; the players' counts are the teams', minutes to a hundredth."""
    told = json.loads((samples / "nba_stats_boxscore_0022400561.json").read_text())
    found, newer = parse(told, FILE), parse(as_v3(told), FILE)
    assert found.rejected.empty
    assert newer.rejected.empty
    played = found.rows[found.rows.status == "active"]
    assert (len(played), (found.rows.status == "dnp").sum()) == (17, 8)
    assert found.rows.is_starter.sum() == 10
    teams = found.rows[found.rows.is_of_team].set_index("team_abbr")
    names = ["minutes", "fgm", "fta", "oreb", "reb", "tov", "pf", "pts"]
    sums = played.groupby("team_abbr")[names].sum()
    assert (sums - teams.loc[sums.index, names]).abs().to_numpy().max() < 0.03
    order = ["is_of_team", "team_abbr", "player_id"]
    one, other = (
        part.rows.sort_values(order).drop(columns="row_number").reset_index(drop=True)
        for part in (found, newer)
    )
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("GAME_ID", "0022400562", "other_game"),
        ("GAME_ID", 22400561, "bad_game_id"),
        ("TEAM_ABBREVIATION", "QQQ", "unknown_team"),
        ("PLAYER_ID", 0, "bad_player"),
        ("PLAYER_NAME", None, "bad_player"),
        ("MIN", "99:00", "bad_minutes"),
        ("MIN", None, "bad_minutes"),
        ("COMMENT", "ejected", "unknown_comment"),
        ("START_POSITION", ["F"], "bad_position"),
        ("COMMENT", "DNP - Rest", "scored_though_absent"),
        ("FGA", -1, "bad_count"),
        ("PLUS_MINUS", "x", "bad_count"),
        ("PLAYER_ID", 1628404, "repeated_line"),
    ],
)
def test_a_bad_cell_rejects_its_line_and_no_other(field, value, rule) -> None:
    """It is told with its place, field and team; the four other lines are kept."""
    line = with_cell(with_cell(HART, "PLAYER_ID", 9), field, value)
    found = parse(document(HART, line, KOLEK), FILE)
    (told,) = found.rejected.to_dict("records")
    assert (told["rule"], told["field"], told["row_number"]) == (rule, field, 1)
    assert told["game_date"] == FILE.game_date
    assert f"{FILE.path} row 1" in told["detail"]
    assert found.rows.row_number.tolist() == [0, 2, 3, 4]


def test_a_player_of_the_newer_version_without_a_first_name_is_rejected() -> None:
    """No name is made of half of one."""
    told = as_v3(document(HART, DRUMMOND))
    told["boxScoreTraditional"]["homeTeam"]["players"][0]["firstName"] = None
    found = parse(told, FILE)
    assert found.rejected[["rule", "field"]].to_numpy().tolist() == [
        ["bad_player", "firstName familyName"]
    ]


@pytest.mark.parametrize(
    "damage",
    [
        lambda game: game.pop("gameId"),
        lambda game: game.update(homeTeam=None),
        lambda game: game["awayTeam"].update(players={"a": 1}),
        lambda game: game["awayTeam"]["players"].append("Josh Hart"),
        lambda game: game["awayTeam"]["players"][0].update(statistics=None),
        lambda game: game["awayTeam"]["players"][0]["statistics"].pop("points"),
        lambda game: game["homeTeam"].pop("statistics"),
    ],
)
def test_a_newer_document_of_another_shape_is_refused(damage) -> None:
    """By the file and what it lacks."""
    told = copy.deepcopy(as_v3(document(HART)))
    damage(told["boxScoreTraditional"])
    with pytest.raises(UnknownShape, match=f"{FILE.path}: no box score"):
        parse(told, FILE)


@pytest.mark.parametrize("told", [[], {}, {"resultSets": []}, {"boxScoreTraditional": 5}, 7])
def test_what_is_no_box_score_is_refused(told) -> None:
    """Whichever version it might be."""
    with pytest.raises(UnknownShape, match=f"{FILE.path}: no box score"):
        parse(told, FILE)


def test_no_document_has_no_line_of_the_same_types() -> None:
    """So that a season without box scores is like one with them."""
    nothing, something = parse(None, FILE).rows, parse(document(HART, KOLEK), FILE).rows
    assert nothing.empty
    assert nothing.dtypes.equals(something.dtypes)
