"""Who went out and who came back, as Pro Sports Transactions lists it."""

from datetime import date

import pytest

from nba_pipeline.kernel.source import SourceFile, UnknownShape, UnreadableFile
from nba_pipeline.phase_1_sources.prosportstransactions import (
    TYPES,
    parse,
    prosportstransactions,
)
from nba_pipeline_tests.csv_files import csv_of

FILE = SourceFile("prosportstransactions/2023-24.csv", "2023-24")


def parsed(text: str, file: SourceFile = FILE):
    """The text as the landing zone has it, parsed."""
    content = f"Date,Team,Acquired,Relinquished,Notes\n{text}".encode()
    return parse(prosportstransactions.decoded(content, file.path), file)


def test_who_is_acquired_is_back_and_who_is_relinquished_is_out() -> None:
    """Teams by nickname; a note with a comma in quotes."""
    said = parsed(
        '2023-12-05,Blazers,,Shaedon Sharpe,"sore left knee, out indefinitely"\n'
        "2023-12-07,76ers,P.J. Tucker,,activated from IL\n"
    )
    assert said.rejected.empty
    columns = ["event_date", "team_abbr", "player_lookup", "event", "note"]
    rows = said.rows.assign(event_date=said.rows.event_date.dt.date)
    assert rows[columns].to_numpy().tolist() == [
        [date(2023, 12, 5), "POR", "shaedonsharpe", "out", "sore left knee, out indefinitely"],
        [date(2023, 12, 7), "PHI", "pjtucker", "back", "activated from IL"],
    ]


def test_a_second_spelling_and_a_note_are_told_from_the_name() -> None:
    """Both spellings can be looked up; what is in brackets is none; equal ones count once."""
    said = parsed(
        "2023-12-05,Heat,,Bam Adebayo / Edrice Femi Adebayo (a),\n"
        "2023-12-06,Nuggets,,Jokić (Nikola) / Jokic,rest\n"
    )
    assert list(said.rows.player_lookups) == ["bamadebayo/edricefemiadebayo", "jokic"]
    assert list(said.rows.player_lookup) == ["bamadebayo", "jokic"]
    assert list(said.rows.note) == ["", "rest"]


@pytest.mark.parametrize("order", [1, -1])
def test_entries_that_differ_behind_a_nul_are_two(order) -> None:
    """And of three, of which two say the same, one is told; whichever comes first."""
    notes = ["sore\0 back", "sore\0 knee", "sore\0 knee"][::order]
    said = parsed("".join(f"2023-12-05,Lakers,,LeBron James,{note}\n" for note in notes))
    assert sorted(said.rows.note) == ["sore\0 back", "sore\0 knee"]
    assert list(said.rejected.rule) == ["repeated_player_lookup"]


def test_what_is_before_the_season_is_filed_under_its_first_day() -> None:
    """Who begins it hurt is known on its second day; the entry's own date stays."""
    said = parsed("2023-10-01,Suns,,Damion Lee,placed on IL\n2023-10-25,Suns,,Yuta Watanabe,x\n")
    assert list(said.rows.game_date) == [date(2023, 10, 24), date(2023, 10, 25)]
    assert list(said.rows.event_date.dt.date) == [date(2023, 10, 1), date(2023, 10, 25)]


def test_what_is_of_the_season_before_keeps_its_date() -> None:
    """The finals ended on 2023-06-12: the day itself is of them, the next one leads to 2023-24."""
    days = ["2022-11-01", "2023-06-12", "2023-06-13", "2023-10-23"]
    said = parsed("".join(f"{day},Suns,,Damion Lee,knee\n" for day in days))
    first = date(2023, 10, 24)
    assert list(said.rows.game_date) == [date(2022, 11, 1), date(2023, 6, 12), first, first]


@pytest.mark.parametrize(
    ("line", "rule", "field"),
    [
        ("12/05/2023,Suns,,Damion Lee,x", "bad_date", "Date"),
        ("2023-12-05,Sonics,,Damion Lee,x", "unknown_team", "Team"),
        ("2023-12-05,Suns,,(tba),x", "bad_player", "Name"),
        ("2023-12-05,Suns,,,x", "not_one_player", "Name"),
        ("2023-12-05,Suns,Damion Lee,Josh Okogie,x", "not_one_player", "Name"),
    ],
)
def test_what_is_not_understood_is_rejected_and_the_rest_stands(line, rule, field) -> None:
    """One bad line between two good ones of which one is said twice."""
    good = "2023-12-05,Suns,Kevin Durant,,activated from IL"
    said = parsed(f"{good}\n{line}\n{good}\n")
    assert list(said.rows.player_lookup) == ["kevindurant"]
    told = zip(said.rejected.row_number, said.rejected.rule, said.rejected.field, strict=True)
    assert sorted(told) == [(1, rule, field), (2, "repeated_player_lookup", "Name")]


def test_a_line_of_more_or_fewer_fields_and_one_that_nothing_ends_is_rejected() -> None:
    """An unquoted comma, a line cut in the middle, and a file that was: the whole lines stand."""
    said = parsed(
        "2023-12-05,Suns,,Damion Lee,knee\n"
        "2023-12-05,Suns,,Josh Okogie,hip, out\n"
        "2023-12-06,Suns,Josh Ok\n"
        "2023-12-07,Suns,,Kevin Durant,an"
    )
    assert list(said.rows.player_lookup) == ["damionlee"]
    told = said.rejected[said.rejected.rule == "ragged_line"]
    assert list(zip(told.row_number, told.field, told.value, strict=True)) == [
        (1, "fields", "6 of 5"),
        (2, "fields", "3 of 5"),
        (3, "fields", "5 of 5, and no line break after them"),
    ]
    assert told.detail.str.startswith(f"{FILE.path} row ").all()


@pytest.mark.parametrize("content", [b"", b"\n", b"<html>Access Denied</html>", b"not found\n"])
def test_a_file_without_the_header_is_no_list_without_an_entry(content) -> None:
    """Nothing, a page of one line, and a text are refused by name; a header alone lists nobody."""
    with pytest.raises((UnknownShape, UnreadableFile), match=FILE.path):
        parse(prosportstransactions.decoded(content, FILE.path), FILE)
    assert parsed("").rows.empty


def test_a_list_without_the_columns_is_of_another_shape() -> None:
    """A file without a line is none."""
    with pytest.raises(UnknownShape, match="Relinquished"):
        parse(csv_of([{"Date": "2021-10-19", "Team": "Suns"}]), FILE)
    assert {name: str(kind) for name, kind in parsed("").rows.dtypes.items()} == TYPES
