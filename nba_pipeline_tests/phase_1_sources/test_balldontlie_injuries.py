"""The fallback's list of who is hurt."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba_pipeline.engine.landing import Landing
from nba_pipeline.fetching.ingest import ingest
from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.league.availability import InjuryStatus
from nba_pipeline.phase_1_sources.balldontlie_injuries import (
    TEAM_OF_ID,
    TYPES,
    balldontlie_injuries,
    parse,
)

FILE = SourceFile("balldontlie/injuries/2025-10-30.json", "2025-26", date(2025, 10, 30), 1)
DAY, NEXT_DAY = date(2023, 10, 30), date(2023, 10, 31)


def test_the_sample_is_known_when_its_day_is_over(samples) -> None:
    """Two Celtics; midnight Eastern after the thirtieth of October is four in the morning in UTC."""
    document = json.loads((samples / "balldontlie_injuries.json").read_text())
    parsed = parse(document, FILE)
    assert parsed.rejected.empty
    columns = ["team_abbr", "player_name", "player_lookup", "status", "game_date", "report_at"]
    at = datetime(2025, 10, 31, 4, tzinfo=UTC)
    assert list(parsed.rows[columns].itertuples(index=False, name=None)) == [
        ("BOS", "Jaylen Brown", "jaylenbrown", "day_to_day", date(2025, 10, 31), at),
        ("BOS", "Jayson Tatum", "jaysontatum", "out", date(2025, 10, 31), at),
    ]
    assert parsed.rows.reason.str.startswith(("Jun 24: Brown", "May 13: Tatum")).all()


def test_team_ids_are_those_of_the_source_s_own_box_scores(samples) -> None:
    """Every team that a box score names with id and tricode."""
    document = json.loads((samples / "balldontlie_player_box_scores.json").read_text())
    rows = document["data"] if isinstance(document, dict) else document
    teams = {row["team"]["id"]: row["team"]["abbreviation"] for row in rows}
    assert len(teams) > 1
    assert {number: TEAM_OF_ID[number] for number in teams} == teams
    assert len(set(TEAM_OF_ID.values())) == 30


def entry(**changed: object) -> dict[str, object]:
    """One entry of the list."""
    player = {"first_name": "Jayson", "last_name": "Tatum", "team_id": 2}
    told = {"player": player, "status": "Out", "description": "Hurt."}
    own = {name: changed.pop(name) for name in [*changed] if name in player}
    return told | {"player": player | own} | changed


def test_of_two_lists_of_a_day_the_last_one_stands_and_may_be_shorter(tmp_path) -> None:
    """Who is on the morning's and not on the evening's is well again."""
    lists = {"am": [entry(), entry(last_name="White")], "pm": [entry(status="Questionable")]}
    for name, entries in lists.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"data": entries}))
        landing, sources = Landing(str(tmp_path / "landing")), [balldontlie_injuries]
        assert ingest([tmp_path / f"{name}.json"], landing, sources, day=DAY).refused == []
    rows = Landing(str(tmp_path / "landing")).load(balldontlie_injuries, [NEXT_DAY]).rows
    assert list(zip(rows.player_lookup, rows.status, strict=True)) == [
        ("jaysontatum", "questionable")
    ]


@pytest.mark.parametrize(
    ("changed", "rule", "value"),
    [
        ({"team_id": 99}, "unknown_team", "99"),
        ({"first_name": "", "last_name": "?!"}, "bad_player", "?!"),
        ({"first_name": None, "last_name": "Brown"}, "bad_player", "None"),
        ({"status": "Limping"}, "unknown_status", "Limping"),
    ],
)
def test_what_is_not_understood_is_rejected_and_the_rest_stands(changed, rule, value) -> None:
    """One bad entry between two good ones of which one is said twice."""
    good = entry(last_name="White")
    parsed = parse({"data": [good, entry(**changed), good]}, FILE)
    assert list(parsed.rows.player_lookup) == ["jaysonwhite"]
    told = zip(parsed.rejected.row_number, parsed.rejected.rule, parsed.rejected.value, strict=True)
    assert sorted(told) == [(1, rule, value), (2, "repeated_player_lookup", "Jayson White")]


@pytest.mark.parametrize(
    "document", [{}, {"data": 3}, {"data": [3]}, {"data": [{}]}, {"data": []}, "text", 7]
)
def test_other_documents_are_of_another_shape(document) -> None:
    """They are refused whole, with the file's name."""
    with pytest.raises(UnknownShape, match="balldontlie/injuries"):
        parse(document, FILE)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
NAMES = ("first_name", "last_name", "team_id", "status", "description", "player")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES).map(lambda c: entry(**c)) | VALUES)
    | VALUES
)
def test_any_values_are_refused_or_give_rows_of_the_declared_kind(document) -> None:
    """Wrong types, missing fields, entries twice."""
    try:
        parsed = parse(document, FILE)
    except UnknownShape:
        return
    rows = parsed.rows
    assert {name: str(kind) for name, kind in rows.dtypes.items()} == TYPES
    assert set(rows.status) <= set(InjuryStatus)
    assert rows.player_lookup.str.fullmatch("[a-z0-9]+").all()
    assert rows.drop(columns="reason").notna().all(axis=None)
    assert len(rows) <= (len(document) if isinstance(document, list) else 0)
