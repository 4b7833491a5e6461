"""The list of accepted gaps: each line is taken as it says, or named as what it is not."""

from datetime import date

import pytest

from nba_pipeline.kernel.formats import csv_lines
from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.accepted_gaps import TABLES
from nba_pipeline.phase_1_sources.accepted_gaps import parse as parse_lines
from nba_pipeline.phase_2_raw import data_gaps
from nba_pipeline_tests.csv_files import csv_of

FILE = SourceFile("accepted_gaps.csv", "")
GAP = "nbac_team_boxscore:2023-10-24:0022300061:LAL"
WHO = {"reason": "The log never has it", "accepted_by": "ana", "accepted_on": "2024-01-02"}


def parse(lines, file):
    """The parse of the lines."""
    return parse_lines(csv_of(lines), file)


def test_a_gap_is_accepted_on_its_date() -> None:
    """Its reason says by whom and when."""
    (row,) = parse([{"gap_id": GAP, **WHO}], FILE).rows.to_dict("records")
    assert (row["game_date"], row["gap_id"]) == (date(2023, 10, 24), GAP)
    assert row["reason"] == "The log never has it (accepted by ana on 2024-01-02)"


def test_a_season_of_a_table_is_accepted_on_each_of_its_days() -> None:
    """2022-23 has 238 days from 2022-10-18 to 2023-06-12."""
    line = {"gap_id": "", "table": "shots", "season": "2022-23", **WHO}
    rows = parse([line], FILE).rows
    assert len(rows) == rows.game_date.nunique() == 238
    assert set(rows.table_name) == {"shots"}
    assert rows.gap_id.isna().all()


def test_a_file_of_seasons_alone_needs_no_column_of_gaps() -> None:
    """A line has either."""
    found = parse([{"table": "shots", "season": "2022-23", **WHO}], FILE)
    assert (len(found.rows), len(found.rejected)) == (238, 0)


def test_gaps_are_of_the_tables_that_tell_them() -> None:
    """The required ones, what expects their units, and the shots of whichever table."""
    expecting = [table.name for table in data_gaps.EXPECTED_OF]
    assert {*TABLES} == {*data_gaps.REQUIRED, *expecting, data_gaps.SHOTS}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"accepted_by": ""}, "accepted_by"),
        ({"accepted_on": "soon"}, "accepted_on"),
        ({"gap_id": "0022300061"}, "gap_id"),
        ({"gap_id": "nbac_team_boxscore:2023-13-45:0022300061:LAL"}, "gap_id"),
        ({"gap_id": ""}, "gap_id"),
        ({"season": "2022-23"}, "gap_id"),
        ({"gap_id": "", "table": "shots", "season": "2099-00"}, "season"),
        ({"gap_id": "", "table": "nbac_shot_chart", "season": "2022-23"}, "table"),
        ({"gap_id": "nbac_shot_chart:2022-23"}, "gap_id"),
    ],
)
def test_a_line_that_accepts_nothing_is_rejected_by_field(change, field) -> None:
    """The next one stands."""
    line = {"gap_id": GAP, "table": "", "season": "", **WHO}
    found = parse([line | change, line], FILE)
    (told,) = found.rejected.to_dict("records")
    assert (told["rule"], told["field"], told["row_number"]) == ("bad_acceptance", field, 0)
    assert told["detail"].startswith("accepted_gaps.csv row 0: ")
    assert found.rows.row_number.tolist() == [1]


def test_a_line_that_was_cut_accepts_nothing() -> None:
    """Whoever accepted it on which day is not known whole."""
    text = f"gap_id,reason,accepted_by,accepted_on\n{GAP},x,ana,2024-01-02\n{GAP},x,ana,2024-01-0"
    found = parse_lines(csv_lines(text.encode()), FILE)
    (told,) = found.rejected.to_dict("records")
    assert (told["rule"], told["field"], told["row_number"]) == ("ragged_line", "fields", 1)
    assert found.rows.row_number.tolist() == [0]


def test_a_file_of_other_columns_is_refused() -> None:
    """The missing ones are named."""
    with pytest.raises(UnknownShape, match=r"no column .*'accepted_by'"):
        parse([{"gap_id": GAP, "reason": "x", "accepted_on": "2024-01-02"}], FILE)
