"""Box score units come from the game log, and from the game's box score where the log fails."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from nba_pipeline import tables
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.simulation.fallback import box_scores
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.box_score_files import as_v3, box_score, put
from nba_pipeline_tests.conftest import FIRST, RAW, Lab
from nba_pipeline_tests.fallback_files import put_fallback, put_fallback_of
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, damaged, games, lines

TEAMS, PLAYERS = "nbac_team_boxscore", "nbac_player_boxscore"
LAST = FIRST + timedelta(days=5)
LOG, DOCUMENT = "nba_stats_league_game_log", "nba_stats_boxscore"
FALLBACK, OF_FALLBACK = "balldontlie_box_scores", "balldontlie_player_boxscore"
CUP_DAY, CUP_FINAL = date(2024, 12, 17), "0062400001"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Lab:
    """The raw tables of a landing zone of six days and four teams; no test changes them."""
    landing = tmp_path_factory.mktemp("whole") / "landing"
    write_landing(landing, League(teams=4, days=6, rest=0.0, seed=3))
    return computed(landing)


@pytest.fixture
def landing(tmp_path, whole) -> Path:
    """A copy of its landing zone."""
    shutil.copytree(whole.landing_folder, tmp_path / "landing")
    return tmp_path / "landing"


def played(landing: Path) -> dict[str, Any]:
    """A game of the second day."""
    return next(game for game in games(landing) if game["date"] == str(FIRST + timedelta(days=1)))


def without_lines(landing: Path, game_id: str, *logs: str) -> None:
    """Takes a game's lines out of the logs."""
    for log in logs:
        damaged(
            landing,
            landing.parent,
            log,
            lambda rows: rows.__setitem__(
                slice(None), [row for row in rows if row["GAME_ID"] != game_id]
            ),
        )


def computed(landing: Path) -> Lab:
    """The raw tables of the landing zone."""
    lab = Lab(landing.parent / "computed", landing)
    lab.compute(RAW, FIRST, LAST)
    return lab


def from_where(lab: Lab, table: str, game_id: str) -> set[tuple[object, object]]:
    """Team and source of each row of the game."""
    rows = lab.rows(table, game_id=game_id)
    return {
        (row["team_abbr"], row["source_name"].removesuffix("_player").removesuffix("_team"))
        for row in rows
    }


def gaps(lab: Lab) -> set[tuple[object, ...]]:
    """Table, team and rule of each gap."""
    return {(r["table_name"], r["team_abbr"], r["rule"]) for r in lab.rows("data_gaps")}


@pytest.mark.parametrize("shape", [lambda told: told, as_v3], ids=["v2", "v3"])
def test_a_game_that_the_log_lacks_is_filled_when_its_box_score_comes(
    landing, whole, shape
) -> None:
    """The rows equal the log's of before but for their source; exactly its date is made anew."""
    game = played(landing)
    game_id, day = game["gameId"], date.fromisoformat(game["date"])
    document = box_score(landing, game_id)
    wanted = {table: whole.rows(table, game_id=game_id) for table in (TEAMS, PLAYERS)}
    without_lines(landing, game_id, TEAM_LOG, PLAYER_LOG)
    lab = computed(landing)
    sides = [game[side]["teamTricode"] for side in ("homeTeam", "awayTeam")]
    assert gaps(lab) == {
        *((TEAMS, team, "two_rows_per_game") for team in sides),
        *((PLAYERS, team, "roster_of_team") for team in sides),
    }
    put(landing, shape(document))
    done = lab.compute(RAW, FIRST, LAST)
    assert {
        name: done[name].replaced.written for name in (TEAMS, PLAYERS, "data_gaps")
    } == dict.fromkeys((TEAMS, PLAYERS, "data_gaps"), (day,))
    assert gaps(lab) == set()
    for table, rows in wanted.items():
        found = lab.rows(table, game_id=game_id)
        assert from_where(lab, table, game_id) == {(team, DOCUMENT) for team in sides}
        assert [r | {"source_name": ""} for r in found] == [r | {"source_name": ""} for r in rows]


def test_a_game_that_neither_log_nor_box_score_has_is_the_fallbacks_where_that_is_whole(
    landing, whole
) -> None:
    """All but plus_minus of a player equals the log; a side that lacks a scorer stays a gap.

    The date's other game is the log's to the last cell, though the fallback says other rebounds.
    """
    game = played(landing)
    of_date = (each for each in games(landing) if each["date"] == game["date"])
    other = next(each for each in of_date if each["gameId"] != game["gameId"])
    ours = {table: whole.rows(table, game_id=other["gameId"]) for table in (TEAMS, PLAYERS)}
    wanted = {table: whole.rows(table, game_id=game["gameId"]) for table in (TEAMS, PLAYERS)}
    rows = [row for row in lines(landing, PLAYER_LOG) if row["GAME_ID"] == game["gameId"]]
    spoiled = [
        row | {"REB": row["REB"] + 1, "DREB": row["DREB"] + 1}
        for row in lines(landing, PLAYER_LOG)
        if row["GAME_ID"] == other["gameId"]
    ]
    without_lines(landing, game["gameId"], TEAM_LOG, PLAYER_LOG)
    put_fallback(landing, game["date"], box_scores(game, rows), box_scores(other, spoiled))
    lab = computed(landing)
    assert gaps(lab) == set()
    assert {row["source_name"] for row in lab.rows(PLAYERS, game_id=game["gameId"])} == {FALLBACK}
    for table, skipped in ((TEAMS, {"source_name"}), (PLAYERS, {"source_name", "plus_minus"})):
        found = lab.rows(table, game_id=game["gameId"])
        assert [{k: v for k, v in row.items() if k not in skipped} for row in found] == [
            {k: v for k, v in row.items() if k not in skipped} for row in wanted[table]
        ]
    assert {r["plus_minus"] for r in lab.rows(PLAYERS, game_id=game["gameId"])} == {None}
    for table, kept in ours.items():
        assert lab.rows(table, game_id=other["gameId"]) == kept
    lost = max(rows, key=lambda row: row["PTS"])
    put_fallback(landing, game["date"], box_scores(game, [r for r in rows if r is not lost]))
    lab.compute(RAW, FIRST, LAST)
    team = lost["TEAM_ABBREVIATION"]
    assert gaps(lab) == {(TEAMS, team, "two_rows_per_game"), (PLAYERS, team, "roster_of_team")}


def test_another_file_of_a_date_that_stands_makes_the_date_stale(landing) -> None:
    """What a file rejects counts as long as it stands, and which one does is a matter of names."""
    game = played(landing)
    rows = [row for row in lines(landing, PLAYER_LOG) if row["GAME_ID"] == game["gameId"]]
    told = box_scores(game, rows)
    nameless = told[0] | {"player": {}}
    place = landing / f"balldontlie/box_scores/{game['date']}"
    place.mkdir(parents=True)
    (place / "b.json").write_text(json.dumps({"data": [*told, nameless]}))
    (place / "c.json").write_text(json.dumps({"data": told}))
    lab = computed(landing)
    assert {row["is_whole"] for row in lab.rows(OF_FALLBACK)} == {True}
    (place / "c.json").rename(place / "a.json")
    survey = Survey(tables.TABLES, lab.warehouse, Landing(str(landing)))
    assert [*survey.outdated(OF_FALLBACK)] == [FIRST + timedelta(days=1)]
    lab.landing = survey.landing
    lab.compute(RAW, FIRST, LAST)
    assert {row["is_whole"] for row in lab.rows(OF_FALLBACK)} == {True, False}


def test_a_date_that_the_fallback_alone_has_is_computed_alone_as_in_a_range(landing) -> None:
    """A night on which the league's own site gave nothing: all its games are the fallback's."""
    day = played(landing)["date"]
    of_date = [game for game in games(landing) if game["date"] == day]
    put_fallback_of(landing, day)
    for game in of_date:
        without_lines(landing, game["gameId"], TEAM_LOG, PLAYER_LOG)
    in_a_range = computed(landing)
    lab = Lab(landing.parent / "alone", landing)
    for one in (FIRST, date.fromisoformat(day)):
        lab.compute(RAW, one, one)
    for table in (TEAMS, PLAYERS):
        rows = lab.rows(table, game_date=date.fromisoformat(day))
        assert rows == in_a_range.rows(table, game_date=date.fromisoformat(day))
        assert {row["game_id"] for row in rows} == {game["gameId"] for game in of_date}


def test_a_unit_that_is_rejected_in_the_log_comes_whole_from_the_box_score(landing) -> None:
    """One bad cell of one team's player; the other team and all other games stay the log's."""
    game_id = played(landing)["gameId"]
    put(landing, box_score(landing, game_id))
    spoiled = []

    def spoil(rows) -> None:
        row = next(row for row in rows if row["GAME_ID"] == game_id)
        row["MIN"] = "abc"
        spoiled.append(row["TEAM_ABBREVIATION"])

    damaged(landing, landing.parent, PLAYER_LOG, spoil)
    lab = computed(landing)
    by_source = dict(from_where(lab, PLAYERS, game_id))
    assert by_source.pop(spoiled[0]) == DOCUMENT
    assert list(by_source.values()) == [LOG]
    assert {rule["rule"] for rule in lab.rows("rejected_rows")} == {"bad_minutes"}
    assert gaps(lab) == set()
    others = {row["source_name"] for row in lab.rows(PLAYERS) if row["game_id"] != game_id}
    assert others == {f"{LOG}_player"}


def test_a_line_that_the_box_score_has_badly_spoils_no_unit_of_the_log(landing) -> None:
    """It is rejected, and no gap; without the log's lines it is one of that team in both tables."""
    game = played(landing)
    game_id, sides = game["gameId"], {game[s]["teamTricode"] for s in ("homeTeam", "awayTeam")}

    def spoil(lines) -> None:
        lines["players"][0]["FGA"] = None

    document = box_score(landing, game_id, change=spoil)
    bad = document["resultSets"][0]["rowSet"][0][1]
    put(landing, document)
    lab = computed(landing)
    assert [row["rule"] for row in lab.rows("rejected_rows")] == ["bad_count"]
    assert from_where(lab, PLAYERS, game_id) == {(team, LOG) for team in sides}
    assert gaps(lab) == set()
    without_lines(landing, game_id, TEAM_LOG, PLAYER_LOG)
    lab.compute(RAW, FIRST, LAST)
    assert from_where(lab, PLAYERS, game_id) == {(team, DOCUMENT) for team in sides}
    assert gaps(lab) == {(TEAMS, bad, "bad_count"), (PLAYERS, bad, "bad_count")}


def _assist(lines) -> None:
    lines["players"][0]["AST"] += 1


def _minute(lines) -> None:
    line = lines["players"][0]
    line["MIN"] = f"{int(line['MIN'].removesuffix(':00')) + 1}:01"


def _missing(lines) -> None:
    del lines["players"][0]


def _foul(lines) -> None:
    lines["teams"][0]["PF"] += 1


@pytest.mark.parametrize(
    ("change", "table", "told"),
    [
        (_assist, PLAYERS, "ast {AST} here, {AST+1} there of {TEAM}, player_id {ID}"),
        (_minute, PLAYERS, "minutes "),
        (_missing, PLAYERS, "one source lacks the line of {TEAM}, player_id {ID}"),
        (_foul, TEAMS, "pf "),
    ],
)
def test_what_log_and_box_score_say_unlike_is_an_invalid_gap(landing, change, table, told) -> None:
    """The log's rows stay, and only the team of the line is a gap, with what is unlike."""
    game_id = played(landing)["gameId"]
    first = box_score(landing, game_id)["resultSets"][table == TEAMS]
    line = dict(zip(first["headers"], first["rowSet"][0], strict=True))
    put(landing, box_score(landing, game_id, change=change))
    lab = computed(landing)
    (gap,) = lab.rows("data_gaps")
    assert (gap["table_name"], gap["team_abbr"], gap["rule"], gap["kind"]) == (
        *(table, line["TEAM_ABBREVIATION"], "sources_agree", "invalid"),
    )
    words = {"{AST}": line["AST"], "{AST+1}": line["AST"] + 1}
    words |= {"{TEAM}": line["TEAM_ABBREVIATION"], "{ID}": line.get("PLAYER_ID")}
    for name, value in words.items():
        told = told.replace(name, str(value))
    assert gap["detail"].startswith(told)
    assert {source for _team, source in from_where(lab, table, game_id)} == {LOG}


def test_minutes_that_differ_by_rounding_alone_agree(landing) -> None:
    """The log's whole minutes against half a minute more, and a line of nobody who played."""

    def seconds(lines) -> None:
        for line in lines["players"]:
            line["MIN"] = line["MIN"].replace(":00", ":29")
        absent = dict.fromkeys(lines["players"][0]) | {"COMMENT": "NWT - Personal", "PLAYER_ID": 5}
        absent["PLAYER_NAME"] = "Sits Out"
        same = ("GAME_ID", "TEAM_ABBREVIATION", "START_POSITION")
        lines["players"].append(absent | {name: lines["players"][0][name] for name in same})

    put(landing, box_score(landing, played(landing)["gameId"], change=seconds))
    lab = computed(landing)
    assert lab.rows("rejected_rows") == []
    assert gaps(lab) == set()


def _free_throws(points: dict[str, list[int]]) -> dict[str, Any]:
    """A box score of teams whose players score by free throws only, 30 minutes each."""
    counts = dict.fromkeys(
        ("FGM", "FGA", "FG3M", "FG3A", "OREB", "DREB", "REB", "AST", "STL", "BLK", "TO", "PF"), 0
    )
    totals = {team: sum(each) for team, each in points.items()}
    margin = {team: 2 * total - sum(totals.values()) for team, total in totals.items()}

    def line(team: str, points: int, minutes: str) -> dict[str, Any]:
        scored = dict.fromkeys(("FTM", "FTA", "PTS"), points)
        place = {"GAME_ID": CUP_FINAL, "TEAM_ABBREVIATION": team, "MIN": minutes}
        return counts | scored | place | {"PLUS_MINUS": margin[team]}

    teams = [line(team, total, "240:00") for team, total in totals.items()]
    players = [
        line(team, points, "30:00")
        | {"PLAYER_ID": 1000 * side + n + 1, "PLAYER_NAME": f"Player {team}{n}"}
        | {"START_POSITION": "", "COMMENT": ""}
        for side, (team, each) in enumerate(points.items())
        for n, points in enumerate(each)
    ]
    return {
        "resultSets": [
            {"name": name, "headers": list(rows[0]), "rowSet": [list(row.values()) for row in rows]}
            for name, rows in (("PlayerStats", players), ("TeamStats", teams))
        ]
    }


def test_the_cup_final_is_expected_and_filled_by_its_box_score(tmp_path, samples) -> None:
    """Milwaukee 97, Oklahoma City 81 in no game log: four gaps, and but for shots none once there is a document."""
    landing = tmp_path / "landing"
    (landing / "nba_stats/schedule").mkdir(parents=True)
    shutil.copy(
        samples / "nba_stats_schedule_2024-25.json.gz",
        landing / "nba_stats/schedule/2024-25.json.gz",
    )
    lab = Lab(tmp_path, landing)
    lab.compute(RAW, CUP_DAY, CUP_DAY)
    (game,) = lab.rows("nbac_schedule")
    assert (game["game_id"], game["season_type"], game["is_neutral_site"]) == (
        *(CUP_FINAL, "cup_final", True),
    )
    assert len(gaps(lab)) == 4
    scored = {"OKC": [21, 20, 15, 10, 5, 5, 5, 0], "MIL": [26, 23, 15, 13, 10, 5, 5, 0]}
    put(landing, _free_throws(scored))
    lab.compute(RAW, CUP_DAY, CUP_DAY)
    assert gaps(lab) == {("shots", None, "shots_of_season")}
    assert {(r["team_abbr"], r["pts"], r["won"], r["is_home"]) for r in lab.rows(TEAMS)} == {
        *{("MIL", 97, True, False), ("OKC", 81, False, True)},
    }
    assert len(lab.rows(PLAYERS)) == 16
