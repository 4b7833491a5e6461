"""The game book: every player of both teams with his status.

The sample's PDF has lost its bytes above 127 and has no page that can be read; what it said of each
player is known from the JSON beside it, and is printed here again in the game book's layout.
"""

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba_pipeline.kernel.source import SourceFile, UnknownShape, UnreadableFile
from nba_pipeline.league.availability import GameStatus
from nba_pipeline.phase_1_sources.nba_gamebook import COUNTED, TYPES, parse
from nba_pipeline_tests.pdf_files import pdf

FILE = SourceFile("nba_gamebook/0022301158.pdf", "2023-24", date(2024, 4, 10), game_id="0022301158")
STATISTICS = {
    "fgm": "field_goals_made",
    "fga": "field_goals_attempted",
    "fg3m": "three_pointers_made",
    "fg3a": "three_pointers_attempted",
    "ftm": "free_throws_made",
    "fta": "free_throws_attempted",
    "oreb": "offensive_rebounds",
    "dreb": "defensive_rebounds",
    "reb": "total_rebounds",
    "ast": "assists",
    "pf": "personal_fouls",
    "stl": "steals",
    "tov": "turnovers",
    "blk": "blocks",
    "plus_minus": "plus_minus",
    "pts": "points",
}
HEADER = "POS MIN FG FGA 3P 3PA FT FTA OR DR TOT A PF ST TO BS +/- PTS"
TABBED = (30, 50, 200, 230)
"""Where jersey, name, position and minutes begin; the numbers follow every 28 points."""


def row(y: float, jersey: str, name: str, position: str, *numbers: str) -> list[tuple]:
    """A player's line of the box."""
    texts = [(30, y, jersey), (50, y, name), (200, y, position)]
    texts += [(230 + 28 * n, y, text) for n, text in enumerate(numbers)]
    return [text for text in texts if text[2]]


def book(*lines: list[tuple] | str, step: float = 11) -> bytes:
    """A page of lines: texts, or the cells of a row at any height."""
    texts = [(30, 40, "Official Scorer's Report"), (30, 52, "FINAL BOX")]
    for number, line in enumerate(lines):
        y = 70 + step * number
        cells = [(30, 0, line)] if isinstance(line, str) else line
        texts += [(x, y, text) for x, _y, text in cells]
    return pdf([texts], size=7)


def wrapped(text: str, width: int = 110) -> list[str]:
    """The text over several lines, as long lists are printed."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def of_sample(expected: dict) -> tuple[bytes, list[tuple]]:
    """The sample's page, and (team, name, status, reason, starter, minutes, numbers) of everybody."""
    lines: list[list[tuple] | str] = ["Officials: #24 Kevin Scott, #36 Brent Barnaky"]
    lines += ["Game Duration: 2:10", "Attendance: 19432 (Sellout)"]
    rows, teams = [], {"MEM": "Memphis Grizzlies", "CLE": "Cleveland Cavaliers"}
    for code, head in (("MEM", "VISITOR"), ("CLE", "HOME")):
        lines += [f"{head}: {teams[code]} (47-33)", HEADER]
        players = [p for p in expected["active_players"] if p["team"] == teams[code]]
        for number, player in enumerate(players):
            told = [player["stats"][name] for name in STATISTICS.values()]
            position = "FFCGG"[number] if number < 5 else ""
            minutes = player["stats"]["minutes"]
            lines.append(row(0, str(number), player["name"], position, minutes, *map(str, told)))
            clock = [int(part) for part in minutes.split(":")]
            rows.append(
                (code, player["name"], "active", None, number < 5, clock[0] + clock[1] / 60, told)
            )
        for player in (p for p in expected["dnp_players"] if p["team"] == teams[code]):
            lines.append(row(0, "00", player["name"], "", player["dnp_reason"]))
            rows.append(
                (code, player["name"], "dnp", player["dnp_reason"], False, None, [None] * 16)
            )
        lines += [row(0, "", "", "", "240:00", *["1"] * 16), row(0, "", "", "", "", "40.2%")]
        lines += ["TM REB: 9 TOT TO: 14 (24 PTS)"]
    lines += ["SCORE BY PERIOD 1 2 3 4 FINAL", "Grizzlies 24 24 24 26 98"]
    for code, nickname in (("MEM", "Grizzlies"), ("CLE", "Cavaliers")):
        listed = inactive(expected, nickname)
        told = ", ".join(f"{name} ({reason})" for name, reason in listed)
        lines += wrapped(f"Inactive: {nickname} - {told}")
        rows += [
            (code, name, "inactive", reason, False, None, [None] * 16) for name, reason in listed
        ]
    lines += ["Points in the Paint: Grizzlies 44", "Technical Fouls - Individual"]
    return book(*lines, "NONE", "Copyright (c) 2023-24 NBA Properties, Inc."), rows


def inactive(expected: dict, nickname: str) -> list[tuple[str, str]]:
    """Who was inactive, without what the expected file's own parser read over a line's end.

    It went on from the visitors' list into the home team's: one reason of the first holds the whole
    beginning of the second, whose other players it then has of both teams.
    """
    homes = {p["name"] for p in expected["inactive_players"] if p["team"] == "Cleveland Cavaliers"}
    return [
        (player["name"], player["reason"].split(") Inactive:")[0])
        for player in expected["inactive_players"]
        if player["team"].endswith(nickname)
        and (nickname == "Cavaliers" or player["name"] not in homes)
    ]


def test_the_sample_s_players_are_read_with_everything_that_is_expected(samples) -> None:
    """21 who played with all their numbers, 6 who did not and 12 inactive, each with the reason."""
    expected = json.loads((samples / "nba_gamebook_a.expected.json").read_text())
    content, rows = of_sample(expected)
    parsed = parse(content, FILE)
    assert parsed.rejected.empty
    found = parsed.rows.astype("object").where(parsed.rows.notna(), None)
    told = ["team_abbr", "player_name", "status", "dnp_reason", "starter"]
    assert list(found[told].itertuples(index=False, name=None)) == [line[:5] for line in rows]
    assert list(found.minutes) == [line[5] and pytest.approx(line[5], abs=0.005) for line in rows]
    assert found[list(STATISTICS)].to_numpy().tolist() == [line[6] for line in rows]
    counts = parsed.rows.status.value_counts().to_dict()
    assert counts == {"active": 21, "dnp": 6, "inactive": 12}
    assert set(parsed.rows.game_id) == {FILE.game_id}
    assert (set(parsed.rows.away_team), set(parsed.rows.home_team)) == ({"MEM"}, {"CLE"})


def test_the_sample_s_own_damaged_pdf_is_refused_with_why(samples) -> None:
    """Nobody is silently missing from a game whose book cannot be read."""
    content = (samples / "nba_gamebook_a.pdf").read_bytes()
    with pytest.raises(UnreadableFile, match=r"0022301158\.pdf: no word can be read on its 1 page"):
        parse(content, FILE)


NUMBERS = (
    "35:42",
    *["7", "21", "2", "10", "6", "6", "0", "2", "2", "2", "2", "2", "1", "1", "-13", "22"],
)
ONE = [
    "VISITOR: Memphis Grizzlies (27-53)",
    HEADER,
    row(0, "45", "GG Jackson", "F", *NUMBERS),
    row(0, "7", "Santi Aldama", "", "DND - Injury/Illness - Right Foot; Strain"),
    row(0, "", "", "", "240:00", "1"),
    "HOME: LA Clippers (1-1)",
    HEADER,
    row(0, "0", "Shai O'Neal-Smith III", "", "00:00", *["0"] * 16),
    row(0, "13", "Paul George", "", "DNP - Coach's Decision"),
    row(0, "", "", "", "240:00", "1"),
    "Inactive: Grizzlies - Bane (Injury/Illness - Lumbar; Disc Bulge), Williams Jr., Rose ()",
    "Inactive: Clippers - Leonard (Rest (Knee), Load), Mann",
    "Points in the Paint: 1",
]


def said(content: bytes) -> list[tuple]:
    """Team, name, status and reason of each row."""
    rows = parse(content, FILE).rows
    rows = rows.astype("object").where(rows.notna(), None)
    return list(
        rows[["team_abbr", "player_name", "status", "dnp_reason"]].itertuples(
            index=False, name=None
        )
    )


def test_every_way_of_not_playing_is_told() -> None:
    """DND, DNP, inactive with a reason, without one and with one in brackets within brackets."""
    assert said(book(*ONE)) == [
        ("MEM", "GG Jackson", "active", None),
        ("MEM", "Santi Aldama", "dnp", "DND - Injury/Illness - Right Foot; Strain"),
        ("LAC", "Shai O'Neal-Smith III", "active", None),
        ("LAC", "Paul George", "dnp", "DNP - Coach's Decision"),
        ("MEM", "Bane", "inactive", "Injury/Illness - Lumbar; Disc Bulge"),
        ("MEM", "Williams Jr.", "inactive", None),
        ("MEM", "Rose", "inactive", None),
        ("LAC", "Leonard", "inactive", "Rest (Knee), Load"),
        ("LAC", "Mann", "inactive", None),
    ]


def test_a_line_that_breaks_both_sums_is_rejected_once() -> None:
    """One rejection per row, field and rule: its key is no other's."""
    numbers = [*NUMBERS[:-1], "23"]
    numbers[1 + list(COUNTED).index("reb")] = "77"
    parsed = parse(book(*ONE[:2], row(0, "45", "GG Jackson", "F", *numbers), *ONE[3:]), FILE)
    assert list(parsed.rejected.rule) == ["contradicting_line"]


@pytest.mark.parametrize(
    ("place", "line", "rule", "value"),
    [
        (3, row(0, "7", "Santi Aldama", "", "Gone fishing"), "unknown_line", "7 Santi Aldama Gone"),
        (2, row(0, "45", "GG Jackson", "F", *NUMBERS[:-1], "23"), "contradicting_line", "45 GG"),
        (10, "Inactive: Grizzlies - Bane (Lumbar, Rose", "unknown_line", "Inactive: Grizzlies"),
        (10, "Inactive: Sonics - Payton (Rest)", "unknown_team", "Sonics"),
        (3, row(0, "45", "GG Jackson", "F", *NUMBERS), "repeated_player_lookup", "GG Jackson"),
    ],
)
def test_a_line_that_is_no_player_s_is_told_and_the_rest_stands(place, line, rule, value) -> None:
    """With its text; nobody else is lost, and nobody is guessed."""
    parsed = parse(book(*ONE[:place], line, *ONE[place + 1 :]), FILE)
    assert list(parsed.rejected.rule) == [rule]
    assert parsed.rejected.value[0].startswith(value)
    assert parsed.rejected.game_id[0] == FILE.game_id
    lost = {2: 1, 3: 1, 10: 3}[place]
    assert len(parsed.rows) == len(said(book(*ONE))) - lost


@pytest.mark.parametrize("dash", [" \u2013 ", "\u2014", " -", "- "])
def test_a_list_of_inactive_players_may_have_any_dash_and_is_told_without_one(dash) -> None:
    """Nobody of it is lost without a word."""
    lists = [f"Inactive: Grizzlies{sign}Bane, Rose" for sign in (" - ", dash, " ")]
    whole, other, none = (parse(book(*ONE[:10], told, *ONE[11:]), FILE) for told in lists)
    assert whole.rejected.empty
    assert other.rejected.empty
    assert list(other.rows.player_lookup) == list(whole.rows.player_lookup)
    assert {"bane", "rose"} <= set(whole.rows.player_lookup)
    assert {*none.rejected.rule} == {"unknown_line", "unknown_team"}
    assert len(none.rows) == len(whole.rows) - 2


@pytest.mark.parametrize(
    "document", [[], "text", 7, pdf([[(10, 10, "VISITOR: Memphis Grizzlies")]])]
)
def test_other_documents_are_of_another_shape(document) -> None:
    """They are refused whole, with the file's name."""
    with pytest.raises(UnknownShape, match="nba_gamebook"):
        parse(document, FILE)


def test_no_document_has_no_rows_of_the_same_types() -> None:
    """What a season without files gives."""
    rows = parse(None, FILE).rows
    assert len(rows) == 0
    assert {name: str(kind) for name, kind in rows.dtypes.items()} == TYPES


def fits(content: bytes) -> None:
    """The document is refused by an error of its class, or its rows are of the declared kind."""
    try:
        parsed = parse(content, FILE)
    except (UnknownShape, UnreadableFile):
        return
    rows = parsed.rows
    assert {name: str(kind) for name, kind in rows.dtypes.items()} == TYPES
    assert set(rows.status) <= set(GameStatus)
    assert rows.player_lookup.str.fullmatch("[a-z0-9]+").all()
    assert not rows.duplicated(["team_abbr", "player_lookup"]).any()
    active = rows[rows.status == GameStatus.ACTIVE]
    assert active[["minutes", *COUNTED]].notna().all(axis=None)
    assert (active.pts == 2 * active.fgm + active.fg3m + active.ftm).all()
    assert set(parsed.rejected.source_file) <= {FILE.path}


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_lines_that_are_cut_swapped_or_said_twice_never_break_the_parser(data) -> None:
    """Any lines in any order, among them words of any kind."""
    other = st.sampled_from(
        ["Inactive:", "Inactive: Heat -", "240:00", "VISITOR: (", "( ) ,", "7 A B"]
    )
    lines = data.draw(st.lists(st.sampled_from(ONE) | other, max_size=len(ONE) + 4))
    step = data.draw(st.floats(0, 20))
    fits(book(*ONE[:2], *lines, *ONE[5:7], *lines[::2], step=step))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_bytes_that_are_cut_or_changed_never_break_the_parser(data) -> None:
    """A span of the file left out, doubled or overwritten."""
    content = book(*ONE)
    first = data.draw(st.integers(8, len(content)))
    last = data.draw(st.integers(first, min(len(content), first + 200)))
    middle = data.draw(st.one_of(st.binary(max_size=40), st.just(content[first:last] * 2)))
    fits(content[:first] + middle + content[last:])
