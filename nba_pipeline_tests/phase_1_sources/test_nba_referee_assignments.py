"""The referees of a day's games."""

import json
from datetime import date

import pytest

from nba_pipeline.engine.landing import Landing
from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.nba_referee_assignments import nba_referee_assignments, parse

DAY = date(2025, 1, 8)
FILE = SourceFile(f"nba_referee_assignments/{DAY}.json", "2024-25", DAY)


def game(**changed: object) -> dict[str, object]:
    """A game with its three officials."""
    return {
        "game_id": "0022400509",
        "game_date": "01/08/2025",
        "home_team_abbr": "CLE",
        "away_team_abbr": "OKC",
        "official1": "John Goble",
        "official1_code": 101284,
        "official1_JNum": "10",
        "official2": "Ray Acosta",
        "official2_code": 1626300,
        "official2_JNum": "54",
        "official3": "Robert Hussey",
        "official3_code": 1628480,
        "official3_JNum": "85",
        "official4": None,
        "official4_code": None,
        "official4_JNum": None,
    } | changed


def document(*games: object) -> dict[str, object]:
    """The answer with those games."""
    return {"nba": {"Table": {"rows": list(games)}}}


def test_the_sample_names_three_officials_a_game(samples) -> None:
    """Ten games of the eighth of January; the chief of the first is John Goble, number ten."""
    told = json.loads((samples / "nba_referee_assignments.json").read_text())
    parsed = parse(told, FILE)
    assert parsed.rejected.empty
    counts = parsed.rows.groupby("game_id").official_id.nunique()
    assert set(counts) == {3}
    assert len(counts) == len(told["nba"]["Table"]["rows"])
    chief = parsed.rows.iloc[0]
    assert (chief.official_name, chief.official_id, chief.jersey_number) == (
        "John Goble",
        101284,
        "10",
    )
    assert (chief.away_team, chief.home_team, chief.game_date) == ("OKC", "CLE", DAY)


def test_officials_are_numbered_by_their_place_and_an_alternate_is_one() -> None:
    """The fourth place of a game is a row where somebody has it."""
    fourth = {"official4": "Al Ternate", "official4_code": 9, "official4_JNum": None}
    rows = parse(document(game(**fourth), game(game_id="0022400510")), FILE).rows
    assert list(rows.official_position) == [1, 2, 3, 4, 1, 2, 3]
    assert list(rows.row_number) == [0, 1, 2, 3, 4, 5, 6]
    assert rows.jersey_number.isna().tolist() == [False] * 3 + [True] + [False] * 3


@pytest.mark.parametrize(
    ("changed", "rules"),
    [
        ({"game_id": "22400509"}, ["bad_game_id"] * 3),
        ({"game_date": "2025-01-08"}, ["bad_date"] * 3),
        ({"home_team_abbr": "QQQ"}, ["unknown_team"] * 3),
        ({"official2_code": "x"}, ["bad_official"]),
        ({"official2": None}, ["bad_official"]),
        ({"official2_code": 101284}, ["repeated_official_id"]),
    ],
)
def test_what_is_not_understood_is_rejected_and_the_rest_stands(changed, rules) -> None:
    """The game beside it keeps its crew."""
    parsed = parse(document(game(game_id="0022400510"), game(**changed)), FILE)
    assert list(parsed.rejected.rule) == rules
    assert set(parsed.rejected.row_number) <= {4, 5, 6}
    assert len(parsed.rows) == 6 - len(rules)


@pytest.mark.parametrize(
    "told", [{}, [], 7, {"nba": {"Table": {"rows": 3}}}, document(3), document({"game_id": "1"})]
)
def test_other_documents_are_of_another_shape(told) -> None:
    """They are refused whole, with the file's name."""
    with pytest.raises(UnknownShape, match="nba_referee_assignments/2025-01-08"):
        parse(told, FILE)


def test_the_crew_of_the_last_file_of_a_date_stands(tmp_path) -> None:
    """At noon the chief was another; a game that only the morning's file has keeps its crew."""
    folder = tmp_path / f"nba_referee_assignments/{DAY}"
    folder.mkdir(parents=True)
    noon = game(official1="New Chief", official1_code=5)
    morning = document(game(), game(game_id="0022400510"))
    (folder / "0900.json").write_text(json.dumps(morning))
    (folder / "1200.json").write_text(json.dumps(document(noon)))
    rows = Landing(str(tmp_path)).load(nba_referee_assignments, [DAY]).rows
    chiefs = rows[rows.official_position == 1].set_index("game_id").official_name
    assert dict(chiefs) == {"0022400509": "New Chief", "0022400510": "John Goble"}
    assert len(rows) == 6
