"""BettingPros' consensus lines."""

from datetime import date

import pytest

from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.bettingpros_player_points import (
    TYPES,
    bettingpros_player_points,
    parse,
)
from nba_pipeline_tests.csv_files import csv_of

FILE = SourceFile("bettingpros/player_points/2021-22.csv", "2021-22")


def parsed(text: str):
    """The text as the landing zone has it, parsed."""
    content = f"date,player_slug,points_line,over_odds\n{text}".encode()
    return parse(bettingpros_player_points.decoded(content, FILE.path), FILE)


def test_a_line_is_of_its_date_and_player() -> None:
    """Over at -108 pays back 1.926, at +100 twice the stake; a line may be without odds."""
    said = parsed(
        "2021-10-19,andrewwiggins,16.5,-108\n2021-10-19,p-j-tucker,7,+100\n2021-10-20,a,9.5,\n"
    )
    assert said.rejected.empty
    rows = said.rows
    assert list(rows.game_date) == [date(2021, 10, 19), date(2021, 10, 19), date(2021, 10, 20)]
    assert list(rows.player_lookup) == ["andrewwiggins", "pjtucker", "a"]
    assert list(rows.points_line) == [16.5, 7.0, 9.5]
    assert list(rows.over_price[:2]) == pytest.approx([1 + 100 / 108, 2.0])
    assert rows.over_price.isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("line", "rule", "field"),
    [
        ("10/19/2021,a,16.5,-108", "bad_date", "date"),
        ("2021-10-19,--,16.5,-108", "bad_player", "player_slug"),
        ("2021-10-19,a,many,-108", "bad_line", "points_line"),
        ("2021-10-19,a,-1.5,-108", "bad_line", "points_line"),
        ("2021-10-19,a,16.5,-50", "bad_price", "over_odds"),
    ],
)
def test_what_is_not_understood_is_rejected_and_the_rest_stands(line, rule, field) -> None:
    """One bad line between two good ones, of which the second says a player again."""
    said = parsed(f"2021-10-19,b,16.5,-108\n{line}\n2021-10-19,b,17.5,-108\n")
    assert list(said.rows.points_line) == [16.5]
    told = zip(said.rejected.row_number, said.rejected.rule, said.rejected.field, strict=True)
    assert sorted(told) == [(1, rule, field), (2, "repeated_player_lookup", "player_slug")]


def test_a_list_without_the_columns_is_of_another_shape() -> None:
    """A file without a line is none: it lists nobody."""
    with pytest.raises(UnknownShape, match="over_odds"):
        parse(csv_of([{"date": "2021-10-19", "player_slug": "a", "points_line": "1"}]), FILE)
    rows = parsed("").rows
    assert {name: str(kind) for name, kind in rows.dtypes.items()} == TYPES
