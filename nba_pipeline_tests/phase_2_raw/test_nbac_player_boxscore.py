"""Player lines, against the file's own words."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pytest

from nba_pipeline.kernel.source import REJECTED_TYPES
from nba_pipeline.kernel.units import broken_units
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import COUNTED
from nba_pipeline.phase_2_raw import nbac_player_boxscore
from nba_pipeline.phase_2_raw.nbac_player_boxscore import INVARIANTS, expected, measured
from nba_pipeline_tests.compiled_once import compiled_once
from nba_pipeline_tests.league_files import PLAYER_LOG, games, lines
from nba_pipeline_tests.shot_rows import DAY, GAME, schedule


def test_every_line_of_the_file_is_a_row(league, league_landing) -> None:
    """Counts are the log's, side and opponent the schedule's."""
    rows = {(r["game_id"], r["player_id"]): r for r in league.rows("nbac_player_boxscore")}
    sides = {
        g["gameId"]: (g["homeTeam"]["teamTricode"], g["awayTeam"]["teamTricode"])
        for g in games(league_landing)
    }
    said = lines(league_landing, PLAYER_LOG)
    assert len(rows) == len(said) > 1000
    for line in said:
        row = rows[line["GAME_ID"], line["PLAYER_ID"]]
        home, away = sides[line["GAME_ID"]]
        assert row["opponent_abbr"] == (away if line["TEAM_ABBREVIATION"] == home else home)
        assert row["minutes"] == line["MIN"]
        for name in ("pts", "fgm", "fga", "fg3m", "ftm", "fta", "reb", "ast", "tov", "plus_minus"):
            assert row[name] == line[name.upper()]


def test_names_are_normalised(league) -> None:
    """Player A00 is looked up as playera00."""
    rows = league.rows("nbac_player_boxscore", player_id=1000)
    assert {(r["player_name"], r["player_lookup"]) for r in rows} == {("Player A00", "playera00")}


LOG, DOCUMENT, FALLBACK = (
    *("nba_stats_league_game_log_player", "nba_stats_boxscore", "balldontlie_box_scores"),
)


def roster(team: str, *players: int, points: int) -> list[dict]:
    """The team's players, all of one minute, the first with all the points, from free throws."""
    counts = dict.fromkeys((*COUNTED, "row_number"), 0) | {"minutes": 1.0, "plus_minus": 0.0}
    texts = dict.fromkeys(("player_name", "player_lookup", "source_file"), "name")
    flags = {"is_of_team": False, "status": "active", "is_whole": True}
    place = {"game_id": GAME, "game_date": DAY, "team_abbr": team}
    return [
        counts
        | texts
        | flags
        | place
        | {"player_id": player}
        | dict.fromkeys(("pts", "ftm", "fta"), points * (number == 0))
        for number, player in enumerate(players)
    ]


def team_line(team: str, **counts: int) -> dict:
    """The team's own line; what is not said of it is 0."""
    return dict.fromkeys(COUNTED, 0) | {"game_id": GAME, "team_abbr": team} | counts


transform = compiled_once(nbac_player_boxscore.transform)


@compiled_once
def broken(rows: ir.Table, teams: ir.Table, games: ir.Table) -> ir.Table:
    """The units that break an invariant."""
    return broken_units("lines", measured(expected(games), rows, teams), *INVARIANTS)


def taken(
    teams: Sequence[dict] = (), **told: list[dict]
) -> tuple[dict[str, dict[str, set]], list[dict]]:
    """Per source and team the players that are taken of what each source tells, and the gaps."""
    (like, *_more) = roster("IND", 1, points=0)
    kinds = ibis.memtable([like]).schema()
    nothing = ibis.memtable([], schema=dict.fromkeys(REJECTED_TYPES, "string"))
    nothing = nothing.mutate(
        row_number=ibis._.row_number.cast("int64"), game_date=ibis.literal(DAY)
    )
    tables = {
        name: ibis.memtable(told.get(name, []), schema=kinds) for name in (LOG, DOCUMENT, FALLBACK)
    }
    rows = transform(tables[LOG], nothing, tables[DOCUMENT], nothing, tables[FALLBACK], schedule())
    kinds = ibis.memtable([team_line("IND")]).schema()
    gaps = broken(rows, ibis.memtable(list(teams), schema=kinds), schedule())
    found: dict[str, dict[str, set]] = {}
    for row in rows.to_pyarrow().to_pylist():
        found.setdefault(row["source_name"], {}).setdefault(row["team_abbr"], set()).add(
            row["player_id"]
        )
    return found, gaps.to_pyarrow().to_pylist()


@pytest.mark.parametrize(("first", "second"), [(LOG, DOCUMENT), (LOG, FALLBACK)])
def test_a_player_of_both_rosters_is_of_the_more_trusted_one(first, second) -> None:
    """The other team's roster is without him and a gap that names him; his own stands."""
    okc, ind = roster("OKC", 1, 2, 3, 4, 5, points=103), roster("IND", 6, 7, 8, 9, 10, 5, points=91)
    rows, gaps = taken(**{first: okc, second: ind})
    assert rows == {first: {"OKC": {1, 2, 3, 4, 5}}, second: {"IND": {6, 7, 8, 9, 10}}}
    (gap,) = gaps
    assert (gap["team_abbr"], gap["kind"], gap["rule"], gap["detail"]) == (
        *("IND", "invalid", "one_team_of_player"),
        f"player_id 5 is of OKC in game {GAME} of the date",
    )
    rows, gaps = taken(**{first: ind, second: okc})
    assert rows == {first: {"IND": {5, 6, 7, 8, 9, 10}}, second: {"OKC": {1, 2, 3, 4}}}
    assert [(gap["team_abbr"], gap["rule"]) for gap in gaps] == [("OKC", "one_team_of_player")]


@pytest.mark.parametrize(
    ("said", "rule", "detail"),
    [
        ({"fga": 5, "fgm": 1}, "points_identity", "name are not 2 * fgm + fg3m + ftm"),
        ({"reb": 3, "oreb": 1, "dreb": 1}, "rebounds_identity", "name are not oreb + dreb"),
        ({"fg3a": 1}, "made_within_attempted", "more threes than field goals"),
        ({"fta": 5}, "made_within_attempted", "more shots made than attempted"),
    ],
)
def test_a_roster_with_an_impossible_line_is_a_gap(said, rule, detail) -> None:
    """Though its points are the score, and the sum of its team's."""
    okc, ind = roster("OKC", 1, 2, 3, 4, 5, points=103), roster("IND", 6, 7, 8, 9, 10, points=91)
    teams = [
        team_line(team, **dict.fromkeys(("pts", "ftm", "fta"), points))
        for team, points in (("OKC", 103), ("IND", 91))
    ]
    assert taken(teams, **{LOG: okc + ind})[1] == []
    okc[0].update(said)
    (gap,) = taken(teams, **{LOG: okc + ind})[1]
    assert (gap["team_abbr"], gap["kind"], gap["rule"]) == ("OKC", "invalid", rule)
    assert detail in gap["detail"]


def test_points_of_one_player_on_anothers_line_are_a_gap() -> None:
    """The sum stays the team's, so only the lines themselves tell."""
    okc = roster("OKC", 1, 2, 3, 4, 5, points=103)
    okc[0]["pts"], okc[1]["pts"] = okc[1]["pts"], okc[0]["pts"]
    ind = roster("IND", 6, 7, 8, 9, 10, points=91)
    assert [gap["rule"] for gap in taken(**{LOG: okc + ind})[1]] == ["points_identity"]
