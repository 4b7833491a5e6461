"""Gaps are exactly the units that are missing or break an invariant."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from nba_pipeline.engine.known_gaps import known_gaps
from nba_pipeline.engine.verdicts import checks
from nba_pipeline.quality.gaps import root_gaps
from nba_pipeline.simulation.moves import dated
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import FIRST, LAST, RAW, Lab, with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, SCHEDULE, TEAM_LOG, damaged, lines
from nba_pipeline_tests.warehouse.scores import stamp

SUMMARIES = (
    "team_offense_game_summary",
    "team_defense_game_summary",
    "player_game_summary",
)
DAY = date(2023, 11, 20)


def test_whole_input_has_no_gap(league) -> None:
    """The simulated league is complete."""
    assert league.rows("data_gaps") == []


def test_each_damage_is_one_gap_with_its_rule(tmp_path, league_landing) -> None:
    """A row and a roster removed, rebounds that do not add up, points unlike the schedule's."""
    teams = lines(league_landing, TEAM_LOG)
    removed, broken, wrong, roster = teams[4], teams[9], teams[14], teams[20]

    def is_of(line, other) -> bool:
        names = ("GAME_ID", "TEAM_ABBREVIATION")
        return all(line[name] == other[name] for name in names)

    def change_teams(rows) -> None:
        rows[9]["REB"] += 1
        rows[14]["PTS"] += 1
        rows[14]["FTM"] += 1
        rows[14]["FTA"] += 1
        del rows[4]

    def change_players(rows) -> None:
        rows[:] = [row for row in rows if not is_of(row, roster)]

    landing = damaged(league_landing, tmp_path, TEAM_LOG, change_teams)
    damaged(league_landing, tmp_path, PLAYER_LOG, change_players)
    lab = Lab(tmp_path, landing)
    lab.compute(RAW, FIRST, LAST)

    def gap_id(table, line) -> str:
        return f"{table}:{line['GAME_DATE']}:{line['GAME_ID']}:{line['TEAM_ABBREVIATION']}"

    assert {r["gap_id"]: (r["kind"], r["rule"]) for r in lab.rows("data_gaps")} == {
        gap_id("nbac_team_boxscore", removed): ("missing", "two_rows_per_game"),
        gap_id("nbac_team_boxscore", broken): ("invalid", "rebounds_identity"),
        gap_id("nbac_team_boxscore", wrong): ("invalid", "points_of_schedule"),
        gap_id("nbac_player_boxscore", roster): ("missing", "roster_of_team"),
    }


def test_a_row_that_is_filed_under_the_first_day_is_no_word_on_that_day_s_games(
    tmp_path, league_landing
) -> None:
    """A line of last season, and a game's lines without a date or points: of that team, and others."""
    lost = next(each for each in lines(league_landing, TEAM_LOG) if each["GAME_DATE"] > str(FIRST))

    def change(rows) -> None:
        rows.append(rows[0] | {"GAME_ID": "0022200077", "GAME_DATE": "2023-01-12"})
        for row in rows:
            if row["GAME_ID"] == lost["GAME_ID"]:
                row |= {"GAME_DATE": "2023-13-27", "PTS": None}

    lab = Lab(tmp_path, damaged(league_landing, tmp_path, TEAM_LOG, change))
    lab.compute(RAW, FIRST, LAST)
    rejected = [(r["game_id"], r["game_date"], r["rule"]) for r in lab.rows("rejected_rows")]
    assert set(rejected) == {
        ("0022200077", FIRST, "other_season"),
        (lost["GAME_ID"], FIRST, "bad_date"),
        (lost["GAME_ID"], FIRST, "bad_count"),
    }
    assert {gap["game_id"] for gap in lab.rows("data_gaps")} == {lost["GAME_ID"]}


def test_who_is_in_two_games_of_a_date_is_in_the_first_and_the_other_roster_a_gap(
    tmp_path, league_landing
) -> None:
    """A wrong id in the log: the roster without him says so, and he has one game that day."""
    said = lines(league_landing, PLAYER_LOG)
    one = next(line for line in said if line["GAME_DATE"] == str(FIRST))
    two = next(
        line
        for line in said
        if line["GAME_DATE"] == str(FIRST) and line["GAME_ID"] != one["GAME_ID"]
    )
    first, second = sorted((one, two), key=lambda line: line["TEAM_ABBREVIATION"])

    def change(rows) -> None:
        (row,) = [row for row in rows if row == second]
        row |= {name: first[name] for name in ("PLAYER_ID", "PLAYER_NAME")}

    lab = Lab(tmp_path, damaged(league_landing, tmp_path, PLAYER_LOG, change))
    lab.compute(RAW, FIRST, FIRST)
    (gap,) = lab.rows("data_gaps")
    assert (gap["game_id"], gap["team_abbr"], gap["rule"]) == (
        *(second["GAME_ID"], second["TEAM_ABBREVIATION"]),
        "one_team_of_player",
    )
    told = f"is of {first['TEAM_ABBREVIATION']} in game {first['GAME_ID']} of the date"
    assert gap["detail"] == f"player_id {first['PLAYER_ID']} {told}"
    rows = lab.rows("nbac_player_boxscore", player_id=first["PLAYER_ID"])
    assert [row["game_id"] for row in rows] == [first["GAME_ID"]]


def change_games(landing, how) -> list:
    """Changes the schedule's games in place; returns them."""
    path = landing / SCHEDULE
    document = json.loads(path.read_text())
    games = [game for day in document["leagueSchedule"]["gameDates"] for game in day["games"]]
    how(games)
    path.write_text(json.dumps({"leagueSchedule": {"gameDates": [{"games": games}]}}))
    return games


def failing(lab, table, day) -> set:
    """Names of the table's checks that do not pass on the day."""
    stamps = lab.warehouse.stamps(table)
    found = checks(TABLES[table], [day], stamps, known_gaps(lab.warehouse))
    return {check.name for check in found if not check.passed}


def test_a_game_whose_date_cannot_be_read_is_a_gap_and_red(tmp_path, league_landing) -> None:
    """So is one dated in the summer: both under the season's first day, and nothing is refused."""
    landing = damaged(league_landing, tmp_path, TEAM_LOG, lambda _: None)

    def spoil(games) -> None:
        games[3]["gameDateEst"] = "soon"
        games[4] = dated(games[4], date(2023, 8, 1))
        games[5]["gameId"] = None
        games[5]["gameDateEst"] = None

    games = change_games(landing, spoil)
    lab = Lab(tmp_path, landing)
    done = lab.compute(RAW, FIRST, LAST)
    assert all(computed.refused == {} for computed in done.values())
    units = [gap for gap in lab.rows("data_gaps") if gap["table_name"] == "nbac_schedule"]
    assert {gap["gap_id"]: (gap["kind"], gap["rule"], gap["team_abbr"]) for gap in units} == {
        f"nbac_schedule:{FIRST}:{games[3]['gameId']}": ("invalid", "bad_game", None),
        f"nbac_schedule:{FIRST}:{games[4]['gameId']}": ("invalid", "other_season", None),
        f"nbac_schedule:{FIRST}:row-5": ("invalid", "bad_game", None),
    }
    assert "gameDateEst 'soon' is no date" in next(
        gap["detail"] for gap in units if gap["game_id"] == games[3]["gameId"]
    )
    assert "open_gaps" in failing(lab, "data_gaps", FIRST)
    assert "unreadable_games" in failing(lab, "rejected_rows", FIRST)


def test_a_game_that_cannot_be_read_refuses_its_date_and_no_other(tmp_path, league_landing) -> None:
    """By file, row and field; mended, it is computed."""
    landing = damaged(league_landing, tmp_path, TEAM_LOG, lambda _: None)

    def spoil(games) -> None:
        games[4]["homeTeam"]["score"] = [1]

    whole = (landing / SCHEDULE).read_text()
    games = change_games(landing, spoil)
    day = date.fromisoformat(games[4]["gameDateEst"][:10])
    lab = Lab(tmp_path, landing)
    done = lab.compute(RAW, FIRST, LAST)
    assert all(set(computed.refused) == {day} for computed in done.values())
    assert done["nbac_schedule"].refused[day] == (
        f"bad_game: {SCHEDULE} game 4 ({games[4]['gameId']}): homeTeam.score [1] is no number of "
        f"points; landing zone: {landing}"
    )
    (landing / SCHEDULE).write_text(whole)
    done = lab.compute(RAW, FIRST, LAST)
    assert done["nbac_schedule"].replaced.written == (day,)
    assert lab.rows("data_gaps") == []


def test_a_rejected_row_under_an_alias_makes_its_unit_a_gap(tmp_path, league_landing) -> None:
    """BRK is BKN."""
    landing = damaged(league_landing, tmp_path, PLAYER_LOG, lambda _: None)
    row = next(row for row in lines(landing, PLAYER_LOG) if row["TEAM_ABBREVIATION"] == "BKN")

    def spoil(rows) -> None:
        mine = rows[rows.index(row)]
        mine["TEAM_ABBREVIATION"], mine["MIN"] = "BRK", "abc"

    damaged(landing, tmp_path, PLAYER_LOG, spoil)
    lab = Lab(tmp_path, landing)
    lab.compute(RAW, FIRST, LAST)
    (gap,) = lab.rows("data_gaps")
    assert (gap["game_id"], gap["team_abbr"]) == (row["GAME_ID"], "BKN")
    assert gap["rule"] == "bad_minutes"


@pytest.mark.parametrize("text", ["soon", "2022-11-01", "2023-11-20"])
def test_a_line_without_a_date_of_its_own_spoils_its_units_date(
    tmp_path, league_landing, text
) -> None:
    """A player who scored nothing: no sum tells, and the date alone says what the range says."""
    rows = lines(league_landing, PLAYER_LOG)
    row = next(r for r in rows if r["PTS"] == 0 and r["GAME_DATE"] > str(FIRST + timedelta(days=9)))
    landing = damaged(
        league_landing, tmp_path, PLAYER_LOG, lambda r: r[rows.index(row)].update(GAME_DATE=text)
    )
    day = date.fromisoformat(row["GAME_DATE"])
    other = day + timedelta(days=1)
    (tmp_path / "alone").mkdir()
    alone, whole = Lab(tmp_path / "alone", landing), Lab(tmp_path, landing)
    for each in (day, other):
        alone.compute(RAW, each, each)
    whole.compute(RAW, FIRST, LAST)
    wanted = f"nbac_player_boxscore:{day}:{row['GAME_ID']}:{row['TEAM_ABBREVIATION']}"
    assert [gap["gap_id"] for gap in whole.rows("data_gaps")] == [wanted]
    assert whole.rows("data_gaps") == alone.rows("data_gaps")
    (told,) = whole.rows("rejected_rows")
    assert (told["game_date"], told["row_number"]) == (day, rows.index(row))


@pytest.mark.parametrize(
    ("field", "text", "sides"),
    [
        ("GAME_ID", "?", "own"),
        ("GAME_ID", "0022399999", "own"),
        ("TEAM_ABBREVIATION", "XYZ", "both"),
        ("TEAM_ABBREVIATION", "WAS", "both"),
    ],
)
def test_a_line_whose_unit_is_in_doubt_spoils_every_unit_that_it_may_be_of(
    tmp_path, league_landing, field, text, sides
) -> None:
    """A player who scored nothing, under no game or another, no team or one that does not play."""
    rows = lines(league_landing, PLAYER_LOG)
    row = next(r for r in rows if r["PTS"] == 0)
    landing = damaged(
        league_landing, tmp_path, PLAYER_LOG, lambda r: r[rows.index(row)].update({field: text})
    )
    lab = Lab(tmp_path, landing)
    lab.compute(RAW, FIRST, LAST)
    wanted = {r["TEAM_ABBREVIATION"] for r in rows if r["GAME_ID"] == row["GAME_ID"]}
    wanted = wanted if sides == "both" else {row["TEAM_ABBREVIATION"]}
    found = {(gap["game_id"], gap["team_abbr"]) for gap in lab.rows("data_gaps")}
    assert found == {(row["GAME_ID"], team) for team in wanted}


def test_an_accepted_gap_stays_a_hole_and_no_longer_fails(tmp_path, league_landing) -> None:
    """One of two gaps is accepted by its id: named with its reason, apart from the open one."""
    lost, other = lines(league_landing, TEAM_LOG)[60], lines(league_landing, TEAM_LOG)[90]

    def lose_both(rows) -> None:
        rows[:] = [row for row in rows if row not in (lost, other)]

    landing = damaged(league_landing, tmp_path, TEAM_LOG, lose_both)
    gap_ids = [
        f"nbac_team_boxscore:{r['GAME_DATE']}:{r['GAME_ID']}:{r['TEAM_ABBREVIATION']}"
        for r in (lost, other)
    ]
    header = "gap_id,reason,accepted_by,accepted_on"
    (landing / "accepted_gaps.csv").write_text(
        f"{header}\n{gap_ids[0]},never recorded,ana,2024-01-02\n{gap_ids[1]},,ana,2024-01-02\n"
    )
    lab = Lab(tmp_path, landing)
    lab.compute(with_upstream(*SUMMARIES), FIRST, LAST)
    gaps = {gap["gap_id"]: gap for gap in lab.rows("data_gaps")}
    reasons = [gaps[gap_id]["accepted_reason"] for gap_id in gap_ids]
    assert reasons == ["never recorded (accepted by ana on 2024-01-02)", None]
    assert [gaps[gap_id]["is_accepted"] for gap_id in gap_ids] == [True, False]
    accepted_on, open_on = (gaps[gap_id]["game_date"] for gap_id in gap_ids)
    failed = {
        "data_gaps": {"open_gaps"},
        "nbac_team_boxscore": {"expected_keys"},
        "team_offense_game_summary": {"expected_keys", "completeness"},
        "team_defense_game_summary": {"expected_keys", "completeness"},
        "player_game_summary": {"usage_rate_coverage", "completeness"},
    }
    for table, names in failed.items():
        assert failing(lab, table, accepted_on) == set()
        assert failing(lab, table, open_on) == names
    named = [row for row in lab.rows("team_offense_game_summary") if gap_ids[0] in row["gap_ids"]]
    assert len(named) == 1
    told = root_gaps(TABLES.values(), FIRST, LAST, lab.warehouse)
    assert {gap["gap_id"]: gap["state"] for gap in told} == dict(
        zip(gap_ids, ("accepted", "open"), strict=True)
    )
    (bad,) = lab.rows("rejected_rows")
    assert (bad["rule"], bad["field"], bad["row_number"]) == ("bad_acceptance", "reason", 1)


def test_a_missing_key_is_explained_only_where_all_gaps_of_its_game_are_accepted() -> None:
    """Beside it another key, another game, another table's gap, or more than are named: failed."""
    one, other = "0022300065 / CHI", "0022300066 / NYK"
    accepted = {"nbac_team_boxscore:2023-11-20:0022300065:CHI": True}

    def told(table, gaps, *missing, present=4) -> tuple[bool, object]:
        judged = replace(stamp(DAY), expected=6, present=present, missing=missing)
        found = checks(TABLES[table], [DAY], {DAY: judged}, gaps)
        (check,) = [check for check in found if check.name == "expected_keys"]
        return check.passed, check.metadata["missing_accepted"]

    for table in ("nbac_team_boxscore", "team_offense_game_summary"):
        assert told(table, accepted, one, present=5) == (True, [one])
        assert told(table, accepted, one, other) == (False, [one])
        assert told(table, accepted, one) == (False, [one])
        still_open = {"nbac_team_boxscore:2023-11-20:0022300065:NYK": False}
        assert told(table, accepted | still_open, one, present=5) == (False, [])
    assert told("nbac_player_boxscore", accepted, one, present=5) == (False, [])


def test_a_season_of_a_table_is_accepted_at_once(tmp_path, league_landing) -> None:
    """Every gap of the team table's season; a gap of the players' stays open."""
    gone = lines(league_landing, PLAYER_LOG)[0]

    def other_rosters(rows) -> None:
        keys = ("GAME_ID", "TEAM_ABBREVIATION")
        rows[:] = [row for row in rows if any(row[key] != gone[key] for key in keys)]

    landing = damaged(league_landing, tmp_path, PLAYER_LOG, other_rosters)
    (landing / TEAM_LOG).unlink()
    (landing / "accepted_gaps.csv").write_text(
        "gap_id,table,season,reason,accepted_by,accepted_on\n"
        ",nbac_team_boxscore,2023-24,lost in a fire,ana,2024-01-02\n"
    )
    lab = Lab(tmp_path, landing)
    lab.compute(RAW, FIRST, LAST)
    gaps = lab.rows("data_gaps")
    assert {gap["table_name"] for gap in gaps if gap["is_accepted"]} == {"nbac_team_boxscore"}
    (still,) = [gap for gap in gaps if not gap["is_accepted"]]
    assert still["table_name"] == "nbac_player_boxscore"
    assert sum(gap["is_accepted"] for gap in gaps) == len(lines(league_landing, TEAM_LOG))
    stamps = lab.warehouse.stamps("nbac_team_boxscore")
    assert {name for day in stamps for name in failing(lab, "nbac_team_boxscore", day)} == set()
