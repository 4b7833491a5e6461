"""Names of sources without ids: matched for certain, or told with the nearest names."""

from datetime import date

import ibis
import pytest

from nba_pipeline.league.identity import normalise_name
from nba_pipeline.league.player_names import (
    ALIASES,
    matched_names,
    nearest_names,
    unmatched_rows,
)

SEASON, BEFORE, DAY, AFTER = "2023-24", date(2024, 1, 4), date(2024, 1, 5), date(2024, 1, 6)
KNOWN = [
    (1, "Anthony Davis", "LAL", BEFORE),
    (2, "Jaren Jackson Jr.", "MEM", BEFORE),
    (3, "Nic Claxton", "BKN", BEFORE),
    (4, "Jalen Williams", "OKC", BEFORE),
    (5, "Jalen Williams", "MIA", BEFORE),
    (6, "Victor Wembanyama", "SAS", AFTER),
    (7, "Larry Nance Jr.", "NOP", BEFORE),
    (8, "Larry Nance II", "NOP", BEFORE),
    (9, "Gary Trent Jr.", "TOR", BEFORE),
    (9, "Gary Trent Jr.", "POR", BEFORE),
    (10, "Gary Payton", None, BEFORE),
    (11, "Gary Payton II", "POR", BEFORE),
    (12, "Wes Matthews", None, BEFORE),
    (13, "Wesley Matthews", "MIL", BEFORE),
]
ON = ["row_number"]


def known_players(*more):
    """Names known in the season."""
    return ibis.memtable(
        [
            {
                "season": SEASON,
                "player_id": player_id,
                "player_lookup": normalise_name(name),
                "team_abbr": team,
                "player_name": name,
                "known_from": known_from,
            }
            for player_id, name, team, known_from in (*KNOWN, *more)
        ]
    )


def tables(*said, day=DAY):
    """Names and evidence of (names of one player, teams), numbered from 0."""
    names = [
        {"row_number": n, "season": SEASON, "game_date": day, "player_lookup": normalise_name(name)}
        for n, (spellings, _teams) in enumerate(said)
        for name in spellings
    ]
    evidence = [
        {"row_number": n, "team_abbr": team} for n, (_, teams) in enumerate(said) for team in teams
    ]
    return ibis.memtable(names), ibis.memtable(
        evidence, schema={"row_number": "int64", "team_abbr": "string"}
    )


def matched(*said, day=DAY, known=None):
    """Row number to (player_id, how)."""
    names, evidence = tables(*said, day=day)
    rows = matched_names(names, known or known_players(), evidence, ON).to_pyarrow().to_pylist()
    found = {row["row_number"]: (row["player_id"], row["name_match"]) for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize(
    ("names", "teams", "meant"),
    [
        (["Anthony Davis"], [], (1, "exact")),
        (["Anthony Davis Jr."], ["LAL", "DEN"], (1, "suffix")),
        (["Anthony Davis Jr."], ["DEN"], None),
        (["jarenjackson"], ["MEM"], (2, "suffix")),
        (["jarenjackson"], [], None),
        (["Nicolas Claxton"], [], (3, "alias")),
        (["Jalen Williams"], ["OKC", "LAL"], (4, "exact")),
        (["Jalen Williams"], ["MIA"], (5, "exact")),
        (["Jalen Williams"], ["MIA", "OKC"], None),
        (["Jalen Williams"], ["LAL"], None),
        (["Larry Nance"], ["NOP"], None),
        (["Larry Nance Jr."], ["NOP"], (7, "exact")),
        (["Victor Wembanyama"], ["SAS"], None),
        (["Gary Trent"], ["TOR", "POR"], (9, "suffix")),
        (["Gary Payton"], ["POR"], (11, "suffix")),
        (["Gary Payton"], [], (10, "exact")),
        (["Wes Matthews"], ["MIL"], (13, "alias")),
        (["A. Nobody", "Anthony Davis"], [], (1, "exact")),
        (["Nic Claxton", "Anthony Davis"], ["BKN"], (3, "exact")),
        (["Nic Claxton", "Anthony Davis"], [], None),
    ],
)
def test_a_name_is_whom_it_fits_for_certain_or_nobody(names, teams, meant) -> None:
    """Exactly, by alias, or without its suffix and with a team; two of one name need a team.

    The son, who has one, comes before a father of exactly that name who has none.
    """
    assert matched((names, teams)).get(0) == meant


def test_a_name_is_known_on_its_first_day_and_not_before() -> None:
    """The date decides, and nothing that is seen later."""
    said = (["Victor Wembanyama"], [])
    assert matched(said, day=AFTER) == {0: (6, "exact")}
    assert matched(said, day=DAY) == {}


def test_many_names_are_matched_each_by_its_own_teams() -> None:
    """A team that is evidence for one row is none for another."""
    said = [(["jarenjackson"], ["MEM"]), (["jarenjackson"], ["LAL"]), (["anthonydavis"], ["MEM"])]
    assert matched(*said) == {0: (2, "suffix"), 2: (1, "exact")}


def test_the_date_may_be_among_the_columns_that_name_a_row() -> None:
    """As with a source of one line per player and date."""
    names, evidence = tables((["Anthony Davis"], ["LAL"]))
    evidence = evidence.mutate(game_date=ibis.literal(DAY))
    found = matched_names(names, known_players(), evidence, ["row_number", "game_date"])
    assert found.to_pyarrow().to_pylist() == [
        {"row_number": 0, "game_date": DAY, "player_id": 1, "name_match": "exact"}
    ]


def test_an_alias_stands_for_a_name_of_the_league() -> None:
    """No alias leads to another, and each is normalised on both sides."""
    assert set(ALIASES) & set(ALIASES.values()) == set()
    assert all(normalise_name(name) == name for pair in ALIASES.items() for name in pair)


def test_a_row_without_a_player_names_those_that_are_nearest() -> None:
    """One of LAL and MEM is letter off Davis; without a known name, that is said."""
    names, evidence = tables((["Anthony Davies"], ["LAL", "MEM"]), (["Anthony Davies"], ["UTA"]))
    nearest = nearest_names(names, known_players(), evidence, ON)
    rows = names.mutate(
        source_file=ibis.literal("a.csv"), player_name=ibis.literal("Anthony Davies")
    )
    told = unmatched_rows(rows, nearest, ON, "player").order_by("row_number")
    first, second = told.to_pyarrow().to_pylist()
    assert first["detail"] == (
        "a.csv row 0: Anthony Davies is no player for certain; nearest are "
        "Anthony Davis (LAL, 1), Jaren Jackson Jr. (MEM, 2)"
    )
    assert second["detail"].endswith("nobody of its teams is known yet")
    assert (first["rule"], first["field"], first["value"]) == (
        "unmatched_player",
        "player",
        "Anthony Davies",
    )


def test_matching_compiles_for_bigquery() -> None:
    """Edit distance and all."""
    names, evidence = (
        ibis.table(table.schema(), name=name)
        for table, name in zip(tables((["a"], ["LAL"])), ("names", "evidence"), strict=True)
    )
    known = ibis.table(known_players().schema(), name="known")
    assert "EDIT_DISTANCE" in ibis.to_sql(
        nearest_names(names, known, evidence, ON), dialect="bigquery"
    )
    assert ibis.to_sql(matched_names(names, known, evidence, ON), dialect="bigquery")
