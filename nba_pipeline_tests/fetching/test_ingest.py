"""Files at hand come to their places, and never cost the landing zone what it has."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from nba_pipeline.engine.landing import Landing
from nba_pipeline.errors import WrongRequest
from nba_pipeline.fetching.fetch import refuse_away
from nba_pipeline.phase_1_sources.balldontlie_box_scores import balldontlie_box_scores
from nba_pipeline.phase_1_sources.balldontlie_injuries import balldontlie_injuries
from nba_pipeline.phase_1_sources.nba_referee_assignments import nba_referee_assignments
from nba_pipeline.simulation.fallback import box_scores
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.simulation.scoreboard import crews
from nba_pipeline.tables import SOURCES
from nba_pipeline_tests.box_score_files import as_v3, box_score
from nba_pipeline_tests.conftest import FIRST
from nba_pipeline_tests.league_files import PLAYER_LOG, SCHEDULE, TEAM_LOG, games, lines
from nba_pipeline_tests.phase_1_sources.test_nba_gamebook import of_sample
from nba_pipeline_tests.program import Program

INDEX = {
    "resultSets": [
        {
            "headers": [
                *("PERSON_ID", "PLAYER_FIRST_NAME", "PLAYER_LAST_NAME"),
                *("TEAM_ID", "TEAM_ABBREVIATION", "POSITION"),
            ],
            "rowSet": [[7, "A.", "One", 1, "LAL", "G"]],
        }
    ]
}


@pytest.fixture
def truth(tmp_path) -> Path:
    """The files of a simulated league."""
    write_landing(tmp_path / "truth", League(teams=4, days=4, rest=0.0, seed=3))
    return tmp_path / "truth"


def of_date(truth: Path, log: str, day: date, *, without: int = 0) -> dict[str, object]:
    """The log's answer for one date, less so many of its last lines."""
    document = json.loads((truth / log).read_text())
    result = document["resultSets"][0]
    place = result["headers"].index("GAME_DATE")
    own = [row for row in result["rowSet"] if row[place][:10] == str(day)]
    result["rowSet"] = own[: len(own) - without]
    return document


def test_files_of_any_name_come_to_the_place_that_their_content_says(truth, zone) -> None:
    """Season files, a date of a log, box scores of either version: packed or not, under any name."""
    (first, second, *_) = games(truth)
    hand = [
        zone.laid("a.json", box_score(truth, first["gameId"])),
        zone.laid("b.txt", as_v3(box_score(truth, second["gameId"]))),
        zone.laid("c.json.gz", json.loads((truth / SCHEDULE).read_text())),
        zone.laid("d", json.loads((truth / TEAM_LOG).read_text())),
        zone.laid("e.json", of_date(truth, PLAYER_LOG, FIRST)),
        zone.laid("2023-10-20 players.json", INDEX),
    ]
    done = zone.ingest(zone.hand)
    assert done.refused == []
    assert {Path(each.file).name: each.path for each in done.new} == dict(
        zip(
            (path.name for path in hand),
            (
                f"nba_stats/boxscore/{first['gameId']}.json",
                f"nba_stats/boxscore/{second['gameId']}.json",
                SCHEDULE,
                TEAM_LOG,
                f"nba_stats/league_game_log/player/2023-24/{FIRST}.json",
                "nba_stats/player_index/2023-10-20.json",
            ),
            strict=True,
        )
    )
    days = [FIRST + timedelta(days=offset) for offset in range(4)]
    landing, wanted = Landing(str(zone.root)), Landing(str(truth))
    for name in ("nba_stats_schedule", "nba_stats_league_game_log_team"):
        assert landing.contents(SOURCES[name], days) == wanted.contents(SOURCES[name], days)
    box = landing.load(SOURCES["nba_stats_boxscore"], days)
    assert box.rejected.empty
    assert set(box.rows.game_id) == {first["gameId"], second["gameId"]}


def test_beside_a_file_that_is_there_packed_and_unpacked_none_is_put(truth, zone) -> None:
    """Neither of the two is read, and to replace one would leave it so."""
    zone.ingest(truth / TEAM_LOG)
    (zone.root / TEAM_LOG).write_bytes(b"{}")
    document = json.loads((truth / TEAM_LOG).read_text()) | {"parameters": {}}
    ((_, told),) = zone.ingest(zone.laid("newer.json", document)).refused
    assert told.startswith(f"both {TEAM_LOG} and {TEAM_LOG}.gz are there")
    assert zone.files()[TEAM_LOG] == b"{}"


def test_a_name_that_is_no_text_is_refused_where_it_would_be_the_file_s_own(truth, zone) -> None:
    """As one that an archive from elsewhere has."""
    path = zone.hand / "Joki\udce6.json"
    path.write_text(json.dumps(of_date(truth, TEAM_LOG, FIRST)))
    assert zone.ingest(path, day=FIRST).refused == []
    player = {"first_name": "Jayson", "last_name": "Tatum", "team_id": 2}
    path.write_text(json.dumps({"data": [{"player": player, "status": "Out"}]}))
    ((_, told),) = zone.ingest(path, day=FIRST).refused
    assert told == "its name is no text in UTF-8: rename it"


def test_a_landing_zone_ingested_from_another_is_the_same(truth, zone) -> None:
    """Every source's content is equal, and a second time nothing is written."""
    zone.ingest(truth)
    days = [FIRST + timedelta(days=offset) for offset in range(4)]
    for source in SOURCES.values():
        told = [Landing(str(root)).contents(source, days) for root in (zone.root, truth)]
        assert told[0] == told[1]
    before = zone.files()
    done = zone.ingest(truth)
    assert (done.new, done.changed, done.refused) == ([], [], [])
    assert zone.files() == before


def test_an_equal_document_in_other_words_changes_nothing(truth, zone) -> None:
    """Nor does the same injury list under another name of the same date."""
    shutil.copytree(truth, zone.root)
    before = zone.files()
    document = json.loads((truth / TEAM_LOG).read_text())
    again = zone.hand / "log.json"
    again.write_text(json.dumps(document, indent=2))
    assert [each.path for each in zone.ingest(again).unchanged] == [TEAM_LOG]
    assert zone.files() == before
    player = {"first_name": "Jayson", "last_name": "Tatum", "team_id": 2}
    hurt = {"data": [{"player": player, "status": "Out", "description": "Hurt."}]}
    assert len(zone.ingest(zone.laid("one.json", hurt), day=FIRST).new) == 1
    assert len(zone.ingest(zone.laid("two.json", hurt), day=FIRST).unchanged) == 1


@pytest.mark.parametrize("stored", ["date", "season"])
def test_a_file_that_has_less_never_replaces_one_that_has_more(truth, zone, stored) -> None:
    """A date without one of its games is refused beside the date's file and beside the season's."""
    whole = of_date(truth, TEAM_LOG, FIRST)
    if stored == "date":
        zone.ingest(zone.laid("whole.json", whole))
    else:
        shutil.copytree(truth, zone.root)
    before = zone.files()
    less = zone.laid("less.json", of_date(truth, TEAM_LOG, FIRST, without=2))
    ((file, reason),) = zone.ingest(less).refused
    assert file == str(less)
    assert "is kept: it has 00223" in reason
    assert zone.files() == before


@pytest.mark.parametrize("stored", ["date", "season", "season alone"])
def test_a_file_with_fewer_rows_of_a_game_replaces_nothing_unless_asked_to(
    truth, zone, stored
) -> None:
    """One of two lines of a game is gone: compared with what stands, in whichever file it is."""
    rows = of_date(truth, TEAM_LOG, FIRST)
    if stored == "date":
        zone.ingest(zone.laid("whole.json", rows))
    else:
        shutil.copytree(truth, zone.root)
    less = zone.laid("less.json", of_date(truth, TEAM_LOG, FIRST, without=1))
    if stored == "season alone":
        document = json.loads((truth / TEAM_LOG).read_text())
        document["resultSets"][0]["rowSet"].pop()
        less = zone.laid("less.json", document)
    before = zone.files()
    ((_file, reason),) = zone.ingest(less).refused
    assert "is kept: it has 00223" in reason
    assert "(2 rows, 1 now); --accept-fewer" in reason
    assert zone.files() == before
    done = zone.ingest(less, accept_fewer=True)
    assert (done.refused, len(done.new) + len(done.changed)) == ([], 1)


def test_a_second_file_of_a_date_takes_no_line_from_the_first(truth, zone) -> None:
    """The fallback's lines of a game: a part of them, and a correction that would not stand."""
    game = next(game for game in games(truth) if game["date"] == str(FIRST))
    told = box_scores(game, [x for x in lines(truth, PLAYER_LOG) if x["GAME_ID"] == game["gameId"]])
    corrected = {"data": [told[0] | {"pf": told[0]["pf"] + 1}, *told[1:]]}
    assert zone.ingest(zone.laid("night.json", {"data": told})).refused == []
    ((_file, fewer),) = zone.ingest(zone.laid("page2.json", {"data": told[:5]})).refused
    assert f"it has {int(game['gameId'])} ({len(told)} rows, 5 now)" in fewer
    ((_file, earlier),) = zone.ingest(zone.laid("again.json", corrected)).refused
    assert (
        "night.json.gz stands for its games and says otherwise: bring it under a later" in earlier
    )
    assert zone.ingest(zone.laid("the day after.json", corrected)).refused == []
    rows = Landing(str(zone.root)).load(balldontlie_box_scores, [FIRST]).rows
    assert (len(rows), rows.pf.sum()) == (len(told), sum(line["pf"] for line in told) + 1)


def test_what_stands_is_told_game_by_game(truth, zone) -> None:
    """A game that a file cuts is not made up for by another, nor taken by one of the same name."""
    logged = lines(truth, PLAYER_LOG)
    one, other = (
        box_scores(game, [line for line in logged if line["GAME_ID"] == game["gameId"]])
        for game in games(truth)
        if game["date"] == str(FIRST)
    )
    name = f"{one[0]['game']['id']} ({len(one)} rows, "
    assert zone.ingest(zone.laid("night.json", {"data": one})).refused == []
    for data, left in (([*one[:5], *other], 5), (other, 0)):
        ((_file, reason),) = zone.ingest(zone.laid("night.json", {"data": data})).refused
        assert f"night.json.gz is kept: it has {name}{left} now)" in reason


CREWS = f"nba_referee_assignments/{FIRST}"


def chiefs(zone) -> set[str]:
    """The crew chiefs that stand."""
    rows = Landing(str(zone.root)).load(nba_referee_assignments, [FIRST]).rows
    return set(rows.official_name[rows.official_position == 1])


def test_a_crew_that_is_as_it_was_before_is_a_change(truth, zone) -> None:
    """The same document as an older file's, of which nothing stands any more; then it changes nothing."""
    game = games(truth)[0]
    for name, chief in (("09h", "Ann"), ("12h", "Bob"), ("15h", "Ann")):
        done = zone.ingest(zone.laid(f"{name}.json", crews(game, chief=chief)))
        assert [each.path for each in done.new] == [f"{CREWS}/{name}.json"]
        assert chiefs(zone) == {chief}
    again = zone.ingest(zone.laid("18h.json", crews(game, chief="Ann")))
    assert (len(again.unchanged), again.new) == (1, [])


def test_of_an_eves_injury_lists_the_last_one_brought_is_in_force(zone) -> None:
    """One that says again what an older one said, and a shorter one; not one of an earlier name."""
    players = [{"first_name": "Jayson", "last_name": name, "team_id": 2} for name in ("A", "B")]
    both, one = (
        {"data": [{"player": each, "status": "Out", "description": "."} for each in who]}
        for who in (players, players[:1])
    )
    for name, told in (("10h.json", both), ("14h.json", one), ("18h.json", both)):
        assert len(zone.ingest(zone.laid(name, told), day=FIRST).new) == 1
        rows = Landing(str(zone.root)).load(balldontlie_injuries, [FIRST + timedelta(days=1)]).rows
        assert len(rows) == len(told["data"])
    assert len(zone.ingest(zone.laid("20h.json", both), day=FIRST).unchanged) == 1
    ((_file, reason),) = zone.ingest(zone.laid("12h.json", one), day=FIRST).refused
    assert "18h.json.gz stands for its games and says otherwise: bring it under a later" in reason


def test_a_file_of_which_a_part_would_not_stand_is_refused(truth, zone) -> None:
    """The date's own file stands for the one game, whichever other one comes with it."""
    one, other = (game for game in games(truth) if game["date"] == str(FIRST))
    zone.ingest(zone.laid(f"{FIRST}.json", crews(one, chief="Old")))
    both = crews(one, other, chief="New")
    ((_file, reason),) = zone.ingest(zone.laid("zz.json", both)).refused
    assert reason.endswith(f"stands for its games and says otherwise: bring it as {FIRST}.json")
    assert zone.ingest(zone.laid(f"{FIRST}.json", both)).refused == []
    assert chiefs(zone) == {"New"}


def test_a_date_of_a_season_file_that_a_file_of_its_own_overrules_is_told(truth, zone) -> None:
    """A log that is brought each morning is a file of its date on the first one, and stays that."""
    first = of_date(truth, TEAM_LOG, FIRST)
    told: list[str] = []
    document = json.loads((truth / TEAM_LOG).read_text())
    zone.ingest(zone.laid("log.json", first))
    (same,) = zone.ingest(zone.laid("log.json", document)).new
    assert same.overruled == ()
    (result,) = document["resultSets"]
    row = next(row for row in result["rowSet"] if str(FIRST) in row)
    row[result["headers"].index("AST")] += 1
    (corrected,) = zone.ingest(zone.laid("log.json", document), say=told.append).changed
    assert corrected.overruled == (FIRST,)
    assert f"; what it says of {FIRST} does not stand: a file of that date does" in told[0]


def test_a_name_that_nothing_reads_is_refused(truth, zone) -> None:
    """One that begins with a dot; one with a date of the summer is that of its rows."""
    game = games(truth)[0]
    ((_file, reason),) = zone.ingest(zone.laid(".crews.json", crews(game))).refused
    assert "begins with a dot" in reason
    (placed,) = zone.ingest(zone.laid("had 2024-08-01.json", crews(game))).new
    assert placed.path == f"{CREWS}/had 2024-08-01.json"
    assert chiefs(zone)


@pytest.mark.parametrize("stood", ["scheduled", "final"])
def test_a_schedule_with_a_game_that_it_cannot_say_refuses_its_date_alone(
    truth, zone, stood
) -> None:
    """A game of the last day comes back as postponed and not; a final one is not given for it."""
    document = json.loads((truth / SCHEDULE).read_text())
    last = document["leagueSchedule"]["gameDates"][-1]["games"]
    if stood == "scheduled":
        for game in last:
            game["gameStatus"] = 1
    zone.ingest(zone.laid("before.json", document))
    for game in last:
        game["gameStatus"] = 3
    last[0]["gameStatusText"] = "PPD"
    done = zone.ingest(zone.laid("now.json", document))
    if stood == "final":
        ((_file, reason),) = done.refused
        assert f"as final {last[0]['gameId']}; it rejects itself unknown_status: " in reason
        return
    assert [(each.path, each.rejected) for each in done.changed] == [(SCHEDULE, 1)]
    days = [FIRST + timedelta(days=offset) for offset in range(4)]
    refused = Landing(str(zone.root)).refusals(SOURCES["nba_stats_schedule"], days)
    assert list(refused) == [days[-1]]
    assert "unknown_status" in refused[days[-1]]


@pytest.mark.parametrize("is_dry", [False, True])
def test_of_two_files_for_one_place_the_second_is_refused_by_name(zone, is_dry) -> None:
    """In one command nobody knows which is the later; of equal ones nothing is lost."""
    (zone.hand / "old").mkdir()
    other = json.loads(json.dumps(INDEX).replace("One", "Two"))
    first, second = zone.laid("2023-10-20.json", INDEX), zone.laid("old/2023-10-20.json", other)
    equal = zone.laid("list 2023-10-20.json.gz", INDEX)
    done = zone.ingest(first, second, equal, is_dry=is_dry)
    ((file, reason),) = done.refused
    assert (file, str(first) in reason) == (str(second), True)
    assert [each.file for each in done.new] == [str(first)]
    assert [each.file for each in done.unchanged] == [str(equal)]
    if not is_dry:
        assert [each.file for each in zone.ingest(second).changed] == [str(second)]


@pytest.mark.parametrize("content", [b"{", b"\x1f\x8b\x08half"])
def test_a_damaged_stored_file_is_replaced(truth, zone, content) -> None:
    """What nobody can read has nothing to lose."""
    shutil.copytree(truth, zone.root)
    (zone.root / TEAM_LOG).write_bytes(content)
    assert [each.path for each in zone.ingest(truth / TEAM_LOG).changed] == [TEAM_LOG]
    assert json.loads((zone.root / TEAM_LOG).read_text())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>Access Denied</html>", "no source takes it"),
        (b"", "no source takes it"),
        (b'{"resultSets": []}', "no source takes it"),
        (b"\x1f\x8b\x08broken", "it is not a whole gzip file"),
        (b"%PDF-1.4 broken", "no whole PDF"),
        (json.dumps(INDEX).encode(), "it says not of when it is"),
    ],
)
def test_what_is_no_file_of_any_source_is_refused_and_the_others_come_in(
    truth, zone, content, reason
) -> None:
    """By name and with why; the one beside it is placed."""
    bad = zone.hand / "bad.json"
    bad.write_bytes(content)
    done = zone.ingest(bad, truth / TEAM_LOG)
    ((file, told),) = done.refused
    assert (file, reason in told) == (str(bad), True)
    assert [each.path for each in done.new] == [TEAM_LOG]


LISTED = "Date,Team,Acquired,Relinquished,Notes\n2023-10-24,Suns,,Damion Lee,knee\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no source takes it"),
        ("<html>Access Denied</html>\n", "no source takes it"),
        (LISTED.splitlines()[0] + "\n", "it has no row"),
        (LISTED + "2023-10-25,Suns,,Josh", "not a whole file: prosportstransactions/2023-24"),
        (LISTED + "2023-10-25,Suns,,Josh Okogie,h", "row 1"),
        (LISTED + "2023-10-25,Suns,,Josh Okogie,hip, out\n", "fields is '6 of 5'"),
    ],
)
def test_a_list_that_is_empty_a_page_or_cut_is_refused(zone, text, reason) -> None:
    """By name and with why: what is lost of it nobody knows."""
    path = zone.hand / "list.csv"
    path.write_text(text)
    ((file, told),) = zone.ingest(path).refused
    assert (file, reason in told) == (str(path), True), told
    path.write_text(LISTED)
    assert len(zone.ingest(path).new) == 1


def test_a_file_whose_rows_are_all_rejected_is_refused(truth, zone) -> None:
    """With the first of its rejections."""
    document = of_date(truth, TEAM_LOG, FIRST)
    result = document["resultSets"][0]
    place = result["headers"].index("WL")
    for row in result["rowSet"]:
        row[place] = "X"
    ((_file, reason),) = zone.ingest(zone.laid("bad.json", document)).refused
    assert "none of its rows can be taken" in reason
    assert "WL is 'X'" in reason


def bought(*lines: tuple[str, str]) -> str:
    """A file of BigDataBall: a rebound per game and day."""
    head = "game_id,date,period,remaining_time,play_id,team,event_type,player,assist,block,result,"
    rows = (
        f"{game},{day},1,0:10:00,{number},,rebound,,,,,,,\n"
        for number, (game, day) in enumerate(lines, 1)
    )
    return f"{head}type,shot_distance,description\n" + "".join(rows)


@pytest.mark.parametrize("game", ["20231024_LALDEN", "22300061"])
def test_bought_plays_say_their_date_themselves(zone, game) -> None:
    """Whatever kind of id their games have; a file of two dates would lose one of them."""
    path = zone.hand / "plays.csv"
    path.write_text(bought((game, "10/24/2023"), (game, "10/24/2023")))
    assert [each.path for each in zone.ingest(path).new] == ["bigdataball/2023-10-24/plays.csv"]
    unread = zone.hand / "unread.csv"
    unread.write_text(bought((game, "10/24/2023"), (game, "")))
    assert [each.rejected for each in zone.ingest(unread).new] == [1]
    both = zone.hand / "both.csv"
    both.write_text(bought((game, "10/24/2023"), ("22300062", "10/25/2023")))
    ((_file, reason),) = zone.ingest(both).refused
    assert "is of 2023-10-24, and 1 of its rows are of other dates" in reason


@pytest.mark.parametrize("days", [["2023-10-24", "2023-10-25"], ["2023-10-24"]])
def test_a_log_of_two_seasons_is_refused(truth, zone, days) -> None:
    """Of either it would lose the other one's rows: to a season's file, or to that of its one date."""
    document = json.loads((truth / TEAM_LOG).read_text())
    result = document["resultSets"][0]
    day, game = (result["headers"].index(name) for name in ("GAME_DATE", "GAME_ID"))
    rows = [row for row in result["rowSet"] if row[day][:10] in days]
    older = [*rows[0]]
    older[day], older[game] = "2022-10-19", "0022200001"
    result["rowSet"] = [*rows, older]
    ((_file, reason),) = zone.ingest(zone.laid("log.json", document)).refused
    assert "1 of its rows are of other" in reason
    assert "dated 2022-10-19" in reason
    assert zone.files() == {}


def test_links_in_a_folder_are_taken_or_refused_by_name(truth, zone) -> None:
    """One to a file is taken as the file is; what leads nowhere, or to a folder, is none."""
    (zone.hand / "log.json").symlink_to(truth / TEAM_LOG)
    (zone.hand / "gone.json").symlink_to(truth / "gone.json")
    (zone.hand / "more").symlink_to(truth)
    done = zone.ingest(zone.hand)
    assert [each.path for each in done.new] == [TEAM_LOG]
    assert done.refused == [
        (str(zone.hand / "gone.json"), "it cannot be read (No such file or directory)"),
        (str(zone.hand / "more"), "it cannot be read (Is a directory)"),
    ]


@pytest.mark.parametrize("beside", ["a folder", "a link that leads nowhere"])
def test_what_is_no_file_beside_the_others_of_a_date_keeps_none_out(zone, beside) -> None:
    """It says nothing that the new one might say again."""
    player = {"first_name": "Jayson", "last_name": "Tatum", "team_id": 2}
    hurt = {"data": [{"player": player, "status": "Out", "description": "Hurt."}]}
    place = zone.root / f"balldontlie/injuries/{FIRST}/old"
    place.parent.mkdir(parents=True)
    place.mkdir() if beside == "a folder" else place.symlink_to(zone.hand / "gone.json")
    (placed,) = zone.ingest(zone.laid("noon.json", hurt), day=FIRST).new
    assert placed.path == f"balldontlie/injuries/{FIRST}/noon.json"


def test_a_file_of_a_date_in_no_season_is_refused_and_one_of_its_eve_is_taken(zone) -> None:
    """Nobody would ever read it; what is known on the eve is of the first day's games."""
    player = {"first_name": "Jayson", "last_name": "Tatum", "team_id": 2}
    hurt = {"data": [{"player": player, "status": "Out", "description": "Hurt."}]}
    ((_file, reason),) = zone.ingest(zone.laid("2023-08-01.json", hurt)).refused
    assert "2023-08-01 is in no season of the calendar" in reason
    assert zone.files() == {}
    (placed,) = zone.ingest(zone.laid("2023-10-23.json", hurt)).new
    assert placed.path == "balldontlie/injuries/2023-10-23.json"
    assert len(Landing(str(zone.root)).load(SOURCES[placed.source], [FIRST]).rows) == 1


def test_a_box_score_without_its_schedule_waits_for_it(truth, zone) -> None:
    """Alone it is refused by what is missing; the date of a game is what the schedule says."""
    (game, *_) = games(truth)
    path = zone.laid("box.json", box_score(truth, game["gameId"]))
    ((_file, reason),) = zone.ingest(path).refused
    assert f"of game {game['gameId']}, which no schedule of 2023-24" in reason


def test_a_game_book_of_two_other_teams_than_its_game_s_is_refused(truth, zone, samples) -> None:
    """Memphis at Cleveland under the id of a game of neither: no row of it would be that game's."""
    zone.ingest(truth / SCHEDULE)
    game_id = games(truth)[0]["gameId"]
    content, _rows = of_sample(json.loads((samples / "nba_gamebook_a.expected.json").read_text()))
    path = zone.hand / f"{game_id}.pdf"
    path.write_bytes(content)
    ((_file, reason),) = zone.ingest(path).refused
    assert f"it is of game {game_id}, which is of " in reason
    assert reason.endswith(", and its rows are of CLE and MEM")


@pytest.mark.parametrize("host", ["CLE", "MEM"])
def test_a_game_book_of_another_meeting_of_its_game_s_teams_is_refused(
    truth, zone, samples, host
) -> None:
    """Memphis at Cleveland under the id of a game that is that one, or Cleveland at Memphis."""
    document = json.loads((truth / SCHEDULE).read_text())
    game = document["leagueSchedule"]["gameDates"][0]["games"][0]
    game["homeTeam"]["teamTricode"] = host
    game["awayTeam"]["teamTricode"] = {"CLE": "MEM", "MEM": "CLE"}[host]
    zone.ingest(zone.laid("schedule.json", document))
    content, rows = of_sample(json.loads((samples / "nba_gamebook_a.expected.json").read_text()))
    path = zone.hand / f"{game['gameId']}.pdf"
    path.write_bytes(content)
    done = zone.ingest(path)
    if host == "CLE":
        assert [each.rows for each in done.new] == [len(rows)]
        return
    ((_file, reason),) = done.refused
    assert reason.endswith("which is CLE@MEM, and it is of MEM@CLE: another meeting of the two")


def test_a_file_of_another_source_than_is_said_is_refused(truth, zone) -> None:
    """Of the players' log the teams' parser takes a line per team, and the players' all."""
    zone.ingest(truth)
    before = zone.files()
    path = zone.laid("log.json", of_date(truth, PLAYER_LOG, FIRST))
    for log in ("team", "player"):
        asked = SOURCES[f"nba_stats_league_game_log_{log}"]
        done = zone.ingest(path, asked=asked)
        if log == "team":
            ((_path, why),) = done.refused
            told = f"nba_stats_league_game_log_player takes more of its rows than {asked.name} does"
            assert why == told
            assert zone.files() == before
        else:
            assert len(done.new) == 1


def test_nothing_is_put_where_a_zone_should_be_that_tables_were_made_of(truth, tmp_path) -> None:
    """The one file would stand for all; a home without tables begins with it."""
    program = Program(tmp_path / "home", tmp_path / "landing")
    words = ("ingest", str(truth / SCHEDULE))
    assert program.call(*words, "--dry-run").exit_code == 0
    warehouse = SimpleNamespace(names=lambda: ["nbac_schedule"])
    with pytest.raises(
        WrongRequest, match=r"there is no landing zone at .*: nothing is put there. Mount"
    ):
        refuse_away(Landing(str(tmp_path / "landing")), warehouse)
    refuse_away(Landing(str(truth)), warehouse)


def test_the_program_says_what_would_be_done_and_ends_with_1_for_a_refusal(truth, tmp_path) -> None:
    """--dry-run writes nothing; --source and --date say what the file does not."""
    program = Program(tmp_path / "home", tmp_path / "landing")
    index = tmp_path / "list.json"
    index.write_text(json.dumps(INDEX))
    dry = program.call("ingest", str(truth), "--dry-run")
    assert (dry.exit_code, (tmp_path / "landing").exists()) == (0, False)
    count = sum(path.is_file() for path in truth.rglob("*"))
    assert f"would be: {count} new, 0 changed, 0 unchanged, 0 refused" in dry.output
    refused = program.call("ingest", str(truth), str(index))
    assert refused.exit_code == 1
    assert f"refused: {index}" in refused.output.replace("\n", "")
    told = ["--source", "nba_stats_player_index", "--date", "2023-10-20"]
    done = program.told("ingest", str(index), *told)
    assert [each["path"] for each in done["new"]] == ["nba_stats/player_index/2023-10-20.json"]
    wrong = program.call("ingest", str(index), "--source", "nba_gamebook")
    assert wrong.exit_code == 1
    assert program.call("ingest", str(index), "--source", "nobody").exit_code == 2
