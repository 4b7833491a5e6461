"""Bad input is named with its file and row, and everything else stands."""

import gzip
import json
import shutil
from datetime import UTC, datetime, time

from nba_pipeline import clock
from nba_pipeline.phase_2_raw.rejected_rows import SOURCES, rejected_rows
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import FIRST, LAST, Lab, with_upstream
from nba_pipeline_tests.conftest import RAW as UP_TO_GAPS
from nba_pipeline_tests.league_files import PLAYER_LOG, SCHEDULE, TEAM_LOG, damaged, lines

RAW = with_upstream("nbac_team_boxscore", "nbac_player_boxscore", "rejected_rows")


def test_whole_input_rejects_nothing(league) -> None:
    """No rejection of the simulated league."""
    assert league.rows("rejected_rows") == []


def test_bad_fields_name_file_row_and_field(tmp_path, league_landing) -> None:
    """Minutes "abc", an unknown team, an unknown game, a line said twice; each is one row."""

    def players(rows) -> None:
        rows[3]["MIN"] = "abc"
        rows[7]["GAME_ID"] = "0022399999"
        rows.append(dict(rows[11]))

    def teams(rows) -> None:
        rows[5]["TEAM_ABBREVIATION"] = "XYZ"

    landing = damaged(league_landing, tmp_path, PLAYER_LOG, players)
    damaged(league_landing, tmp_path, TEAM_LOG, teams)
    count = len(lines(landing, PLAYER_LOG))
    lab = Lab(tmp_path, landing)
    lab.compute(RAW, FIRST, LAST)
    found = {(r["source_file"], r["row_number"]): r for r in lab.rows("rejected_rows")}
    assert {key: row["rule"] for key, row in found.items()} == {
        (PLAYER_LOG, 3): "bad_minutes",
        (PLAYER_LOG, 7): "unknown_game",
        (PLAYER_LOG, count - 1): "repeated_player_id",
        (TEAM_LOG, 5): "unknown_team",
    }
    minutes = found[PLAYER_LOG, 3]
    assert (minutes["field"], minutes["value"]) == ("MIN", "abc")
    assert f"{PLAYER_LOG} row 3" in minutes["detail"]
    assert len(lab.rows("nbac_player_boxscore")) == count - 3
    assert len(lab.rows("nbac_team_boxscore")) == len(lines(landing, TEAM_LOG)) - 1


def _with_an_unknown_game(rows) -> None:
    rows[7]["GAME_ID"] = "0022399999"


def _places(lab: Lab) -> set[tuple[object, object]]:
    return {(row["source_file"], row["row_number"]) for row in lab.rows("rejected_rows")}


def test_a_row_that_has_moved_within_its_file_is_told_where_it_is(tmp_path, league_landing) -> None:
    """Three lines of another date come before it; nothing else of its date has changed."""
    landing = damaged(league_landing, tmp_path, PLAYER_LOG, _with_an_unknown_game)
    lab = Lab(tmp_path, landing)
    lab.compute(RAW, FIRST, LAST)
    assert _places(lab) == {(PLAYER_LOG, 7)}

    def last_lines_first(rows) -> None:
        rows[:] = [*rows[-3:], *rows[:-3]]

    damaged(league_landing, tmp_path, PLAYER_LOG, last_lines_first)
    done = lab.compute(RAW, FIRST, LAST)
    assert _places(lab) == {(PLAYER_LOG, 10)}
    assert not done["nbac_player_boxscore"].replaced.written


def test_a_season_s_file_replaced_by_files_of_its_dates_is_named_no_more(
    tmp_path, league_landing
) -> None:
    """The row is told where it is now, though not a word of its date has changed."""
    landing = damaged(league_landing, tmp_path, PLAYER_LOG, _with_an_unknown_game)
    lab = Lab(tmp_path, landing)
    lab.compute(RAW, FIRST, LAST)
    said = lines(landing, PLAYER_LOG)
    document = json.loads((landing / PLAYER_LOG).read_text())
    result = document["resultSets"][0]
    whole, folder = result["rowSet"], (landing / PLAYER_LOG).with_suffix("")
    folder.mkdir()
    for day in {line["GAME_DATE"] for line in said}:
        result["rowSet"] = [
            row for row, line in zip(whole, said, strict=True) if line["GAME_DATE"] == day
        ]
        (folder / f"{day}.json").write_text(json.dumps(document))
    (landing / PLAYER_LOG).unlink()
    done = lab.compute(RAW, FIRST, LAST)
    before = sum(line["GAME_DATE"] == said[7]["GAME_DATE"] for line in said[:7])
    file = f"{PLAYER_LOG.removesuffix('.json')}/{said[7]['GAME_DATE']}.json"
    assert _places(lab) == {(file, before)}
    assert not done["nbac_player_boxscore"].replaced.written


def test_unreadable_files_are_rejected_and_the_other_source_stands(
    tmp_path, league_landing
) -> None:
    """A gzip cut short, and a document of another shape, are one rejection each."""
    landing = damaged(league_landing, tmp_path, PLAYER_LOG, lambda _: None)
    whole = gzip.compress((landing / PLAYER_LOG).read_bytes())
    (landing / PLAYER_LOG).unlink()
    (landing / (PLAYER_LOG + ".gz")).write_bytes(whole[: len(whole) // 2])
    (landing / TEAM_LOG).write_text('{"resultSets": [{"headers": ["A"], "rowSet": []}]}')
    lab = Lab(tmp_path, landing)
    lab.compute(RAW, FIRST, LAST)
    found = {row["source_file"]: row for row in lab.rows("rejected_rows")}
    assert {name: row["rule"] for name, row in found.items()} == {
        PLAYER_LOG + ".gz": "unreadable_file",
        TEAM_LOG: "unknown_shape",
    }
    assert all(name in row["detail"] for name, row in found.items())
    assert set(lab.warehouse.stamps("rejected_rows")[FIRST].failed) == {"unreadable_files"}
    assert len(lab.rows("nbac_schedule")) > 50


def test_a_file_in_the_place_of_a_folder_of_two_sources_is_one_line(
    tmp_path, league_landing
) -> None:
    """Both sources find it there."""
    landing = damaged(league_landing, tmp_path, PLAYER_LOG, lambda _: None)
    places = ["balldontlie", "nba_stats/league_game_log", "odds_api"]
    for place in places:
        shutil.rmtree(landing / place, ignore_errors=True)
        (landing / place).write_text("{}")
    lab = Lab(tmp_path, landing)
    lab.compute(with_upstream("rejected_rows"), FIRST, FIRST)
    found = sorted(lab.rows("rejected_rows"), key=lambda row: row["source_file"])
    assert [(row["source_file"], row["rule"], row["detail"]) for row in found] == [
        (place, "unreadable_file", f"{place} cannot be opened: Not a directory") for place in places
    ]


def test_every_source_of_a_raw_table_has_its_rejections_read() -> None:
    """None is named by hand, so none is forgotten."""
    raw = [table for table in TABLES.values() if table.phase == 2]
    assert {source.name for table in raw for source in table.sources} == set(SOURCES)
    assert {source.name for source in rejected_rows.sources} == set(SOURCES)


def test_rows_of_a_game_under_way_are_neither_stored_nor_rejected(tmp_path, league_landing) -> None:
    """Until the schedule calls it final; its unit is not expected, and so no gap."""
    landing = damaged(league_landing, tmp_path, TEAM_LOG, lambda _: None)
    path = landing / SCHEDULE
    document = json.loads(path.read_text())
    live = document["leagueSchedule"]["gameDates"][2]["games"][0]
    live["gameStatus"] = 2
    path.write_text(json.dumps(document))
    lab = Lab(tmp_path, landing)
    with clock.set_to(datetime.combine(FIRST, time(23), UTC)):
        lab.compute(UP_TO_GAPS, FIRST, LAST)
    for table, log in (("nbac_team_boxscore", TEAM_LOG), ("nbac_player_boxscore", PLAYER_LOG)):
        assert lab.rows(table, game_id=live["gameId"]) == []
        others = [line for line in lines(landing, log) if line["GAME_ID"] != live["gameId"]]
        assert len(lab.rows(table)) == len(others)
    assert lab.rows("rejected_rows") == lab.rows("data_gaps") == []
    document["leagueSchedule"]["gameDates"][2]["games"][0]["gameStatus"] = 3
    path.write_text(json.dumps(document))
    lab.compute(RAW, FIRST, LAST)
    assert len(lab.rows("nbac_team_boxscore", game_id=live["gameId"])) == 2
