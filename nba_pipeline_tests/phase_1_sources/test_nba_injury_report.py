"""The official injury report: what a page says is what the rows say."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba_pipeline.kernel.source import SourceFile, UnknownShape, UnreadableFile
from nba_pipeline.league.availability import InjuryStatus
from nba_pipeline.phase_1_sources.nba_injury_report import TYPES, parse
from nba_pipeline_tests.pdf_files import Text, pdf

DAY = date(2024, 1, 4)
FILE = SourceFile("nba_injury_report/2024-01-04/report.pdf", "2023-24", DAY, 1)
AT = (24, 121, 201, 265, 426, 587, 667)
HEADERS = ("Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason")
TITLE = "Injury Report: 01/04/24 05:30 PM"
Cells = tuple[object, ...]


def page(number: int, count: int, *rows: tuple[float, Cells], header: bool = True) -> list[Text]:
    """A page of (height, cells under the headers); a cell of several lines stands about it."""
    texts: list[Text] = [(289, 60, TITLE), (400, 700, f"Page {number} of {count}")]
    for y, cells in ([(110, HEADERS)] if header else []) + list(rows):
        for x, cell in zip(AT, cells, strict=True):
            lines = [cell] if isinstance(cell, str) else list(cell or ())
            first = y - 6 * (len(lines) - 1)
            texts += [(x, first + 12 * n, line) for n, line in enumerate(lines)]
    return texts


def of(*pages: list[Text]) -> bytes:
    """The report's PDF."""
    return pdf(pages)


START = ("01/04/2024", "07:30 (ET)", "MIL@SAS", "Milwaukee Bucks")
NONE = (None, None, None, None)


def said(document: object) -> list[tuple[object, ...]]:
    """Date, team, player, status and reason of each row."""
    rows = parse(document, FILE).rows
    rows = rows.astype("object").where(rows.notna(), None)
    wanted = ["game_date", "team_abbr", "player_name", "status", "reason"]
    return list(rows[wanted].itertuples(index=False, name=None))


def test_the_sample_says_what_its_readers_found(samples) -> None:
    """All 14 players with date, time, matchup, team, status and reason; 29 teams are still silent."""
    content = (samples / "nba_injury_report_2024-01-04.pdf").read_bytes()
    expected = json.loads((samples / "nba_injury_report_2024-01-04.expected.json").read_text())
    parsed = parse(content, FILE)
    rows = parsed.rows[parsed.rows.has_submitted]
    found = [
        {
            "date": f"{row.game_date:%m/%d/%Y}",
            "gametime": row.game_time,
            "matchup": f"{row.away_team}@{row.home_team}",
            "team": row.team_abbr,
            "player": row.player_name,
            "status": row.status.capitalize(),
            "reason": row.reason,
        }
        for row in rows.itertuples()
    ]
    for line in expected["records"]:
        last, first = line["player"].split(", ")
        line["player"] = f"{first} {last}"
        del line["confidence"]
    assert found == expected["records"]
    assert set(parsed.rows.report_at) == {datetime(2024, 1, 4, 17, 30, tzinfo=UTC)}
    assert (~parsed.rows.has_submitted).sum() == 29
    assert parsed.rejected.empty


def test_a_report_parsed_by_others_gives_the_rows_of_its_pdf(samples) -> None:
    """The JSON beside the sample; it has no teams that are silent, and so fewer row numbers."""
    content = (samples / "nba_injury_report_2024-01-04.pdf").read_bytes()
    document = json.loads((samples / "nba_injury_report_2024-01-04.expected.json").read_text())
    of_pdf, of_json = parse(content, FILE).rows, parse(document, FILE)
    of_pdf = of_pdf[of_pdf.has_submitted].drop(columns="row_number").reset_index(drop=True)
    assert of_json.rejected.empty
    assert of_json.rows.drop(columns="row_number").equals(of_pdf)


def test_names_are_turned_and_keep_their_suffix() -> None:
    """On whichever side of the comma it stands; a name alone stays."""
    names = ["Hardaway Jr., Tim", "Jr., Tim Hardaway", "Payton II, Gary", "Nene"]
    rows = [(150 + 30 * n, (*NONE, name, "Out", "Rest")) for n, name in enumerate(names)]
    rows[0] = (150, (*START, *rows[0][1][4:]))
    found = [player for _, _, player, _, _ in said(of(page(1, 1, *rows[:1], *rows[2:])))]
    assert found == ["Tim Hardaway Jr.", "Gary Payton II", "Nene"]
    rows[1] = (150, (*START, *rows[1][1][4:]))
    assert [player for _, _, player, _, _ in said(of(page(1, 1, rows[1])))] == ["Tim Hardaway Jr."]


def test_a_reason_of_several_lines_is_of_the_row_that_it_stands_about() -> None:
    """Three lines above two lines above one; no word goes to the neighbour."""
    document = of(
        page(
            1,
            1,
            (
                150,
                (*START, "Beauchamp, MarJon", "Out", ("Injury/Illness -", "Lower Back;", "Sore")),
            ),
            (190, (*NONE, "Connaughton, Pat", "Doubtful", ("Right Ankle;", "Sprain"))),
            (220, (*NONE, "Lillard, Damian", "Probable", "Rest")),
        )
    )
    assert [reason for *_, reason in said(document)] == [
        "Injury/Illness - Lower Back; Sore",
        "Right Ankle; Sprain",
        "Rest",
    ]


def test_rows_go_on_over_a_page_with_what_was_printed_once() -> None:
    """With and without headers on the second page; a reason's end there is of the last row before."""
    for header in (True, False):
        first = (150, (*START, "Lillard, Damian", "Out", "Injury/Illness - Left"))
        second = (180, (*NONE, "Middleton, Khris", "Questionable", "Rest"))
        third = (210, (None, None, None, "San Antonio Spurs", None, None, "NOT YET SUBMITTED"))
        end = (150, (*NONE, None, None, "Adductor; Strain"))
        pages = page(1, 2, first), page(2, 2, end, second, third, header=header)
        assert said(of(*pages)) == [
            (DAY, "MIL", "Damian Lillard", "out", "Injury/Illness - Left Adductor; Strain"),
            (DAY, "MIL", "Khris Middleton", "questionable", "Rest"),
            (DAY, "SAS", None, None, None),
        ]


def test_a_word_that_is_no_status_rejects_its_row_and_no_other() -> None:
    """It is told with its row, team and player."""
    document = of(
        page(
            1,
            1,
            (150, (*START, "Lillard, Damian", "Maybe", "Rest")),
            (180, (*NONE, "Middleton, Khris", "Out", "Rest")),
        )
    )
    parsed = parse(document, FILE)
    assert list(parsed.rows.player_name) == ["Khris Middleton"]
    [line] = parsed.rejected.to_dict("records")
    assert (line["rule"], line["field"], line["value"]) == (
        "unknown_status",
        "Current Status",
        "Maybe",
    )
    assert (line["row_number"], line["team_abbr"], line["game_date"]) == (0, "MIL", DAY)
    assert FILE.path in line["detail"]


def test_what_stands_beside_no_row_is_told() -> None:
    """A player without a status, a team of another matchup, a player twice."""
    document = of(
        page(
            1,
            1,
            (150, (*START, "Lillard, Damian", "Out", "Rest")),
            (180, (*NONE, "Lillard, Damian", "Out", "Rest")),
            (210, (*NONE, "Middleton, Khris", None, None)),
            (240, (None, None, None, "Miami Heat", "Butler, Jimmy", "Out", "Rest")),
        )
    )
    parsed = parse(document, FILE)
    assert list(parsed.rows.player_name) == ["Damian Lillard"]
    assert dict(zip(parsed.rejected.rule, parsed.rejected.value, strict=True)) == {
        "stray_text": "Middleton, Khris",
        "unknown_team": "Miami Heat",
        "repeated_player_lookup": "Lillard, Damian",
    }


def test_a_report_without_its_last_page_is_not_taken() -> None:
    """Nobody is silently missing: the footer says how many pages there are."""
    row = (150, (*START, "Lillard, Damian", "Out", "Rest"))
    with pytest.raises(UnreadableFile, match="1 pages of 3"):
        parse(of(page(1, 3, row)), FILE)


LAST_NIGHT = {"gamedate": "99991231", "hour": "11", "period": "PM"}


@pytest.mark.parametrize(
    "document",
    [
        *([], {"records": []}, "text", 7, pdf([[(10, 10, "Menu")]])),
        {"metadata": LAST_NIGHT, "records": []},
    ],
)
def test_other_documents_are_of_another_shape(document: object) -> None:
    """They are refused whole, with the file's name."""
    with pytest.raises(UnknownShape, match="report"):
        parse(document, FILE)


def test_no_document_has_no_rows_of_the_same_types() -> None:
    """What a season without files gives."""
    rows = parse(None, FILE).rows
    assert len(rows) == 0
    assert {name: str(kind) for name, kind in rows.dtypes.items()} == TYPES


ROWS = [
    (150.0, (*START, "Lillard, Damian", "Out", "Rest")),
    (180.0, (*NONE, "Middleton, Khris", "Questionable", "Left Knee; Sprain")),
    (210.0, (None, None, None, "San Antonio Spurs", None, None, "NOT YET SUBMITTED")),
    (240.0, (None, "10:00 (ET)", "DEN@GSW", "Denver Nuggets", "Tyson, Hunter", "Out", "Rest")),
]
WHOLE = page(1, 1, *ROWS)


def fits(document: object) -> None:
    """The document is refused by an error of its class, or its rows are of the declared kind."""
    try:
        parsed = parse(document, FILE)
    except (UnknownShape, UnreadableFile):
        return
    rows = parsed.rows
    assert {name: str(kind) for name, kind in rows.dtypes.items()} == TYPES
    assert set(rows.status.dropna()) <= set(InjuryStatus)
    listed = rows[rows.has_submitted]
    assert listed[["player_lookup", "player_name", "status"]].notna().all(axis=None)
    assert listed.player_lookup.str.fullmatch("[a-z0-9]+").all()
    assert not rows.duplicated(["game_date", "team_abbr", "player_lookup"]).any()
    assert (rows.team_abbr.eq(rows.home_team) | rows.team_abbr.eq(rows.away_team)).all()
    assert set(parsed.rejected.source_file) <= {FILE.path}


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_texts_that_are_cut_moved_or_said_twice_never_break_the_parser(data) -> None:
    """Any texts of a page left out, doubled, moved or replaced by any words."""
    texts = data.draw(st.lists(st.sampled_from(WHOLE), max_size=len(WHOLE) + 5))
    move = st.tuples(
        st.floats(0, 800), st.floats(20, 780), st.sampled_from([t for *_, t in WHOLE] + ["x", ","])
    )
    fits(pdf([[*texts, *data.draw(st.lists(move, max_size=4))]]))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_bytes_that_are_cut_or_changed_never_break_the_parser(data) -> None:
    """A span of the file left out, doubled or overwritten."""
    content = pdf([WHOLE])
    first = data.draw(st.integers(8, len(content)))
    last = data.draw(st.integers(first, min(len(content), first + 200)))
    middle = data.draw(st.one_of(st.binary(max_size=40), st.just(content[first:last] * 2)))
    fits(content[:first] + middle + content[last:])


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["Out", "MIL@SAS", "MIL", "01/04/2024", "Lillard, Damian", "20240104"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_json_of_any_values_never_breaks_the_parser(data) -> None:
    """Wrong types, missing fields, records twice."""
    fields = ("date", "gametime", "matchup", "team", "player", "status", "reason")
    good = dict(
        zip(fields, ("01/04/2024", "07:30", "MIL@SAS", "MIL", "A, B", "Out", "R"), strict=True)
    )
    record = st.fixed_dictionaries({}, optional=dict.fromkeys(fields, VALUES))
    records = st.lists(st.just(good) | record.map(lambda r: good | r) | record | VALUES)
    about = {"gamedate": "20240104", "hour": "12", "period": "PM"}
    metadata = st.just(about) | st.fixed_dictionaries({}, optional=dict.fromkeys(about, VALUES))
    fits({"metadata": data.draw(metadata | VALUES), "records": data.draw(records | VALUES)})
