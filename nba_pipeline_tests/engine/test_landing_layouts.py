"""Files of single dates, of games and of snapshots: which date each one's words are under."""

import gzip
import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from nba_pipeline.engine.file_reader import FileReader
from nba_pipeline.engine.known_players import contents_known, known_players
from nba_pipeline.engine.landing import Landing
from nba_pipeline.kernel.formats import json_document
from nba_pipeline.kernel.source import Parsed, Source, SourceFile, rejected_frame, rejection
from nba_pipeline.league import calendar
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import (
    nba_stats_league_game_log_player as players,
)
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule as schedule
from nba_pipeline.phase_1_sources.prosportstransactions import (
    prosportstransactions as transactions,
)
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.simulation.moves import dated
from nba_pipeline_tests.league_files import PLAYER_LOG, SCHEDULE, damaged, games, lines

FIRST = calendar.season("2023-24").first
DAYS = [FIRST + timedelta(days=offset) for offset in range(6)]
TYPES = {"source_file": "string", "row_number": "int64", "game_date": "object", "said": "string"}


def parse(document: object, file: SourceFile) -> Parsed:
    """Lines of (days after the file's date, text); the text "bad" is rejected."""
    rows, rejected = [], []
    for number, (after, text) in enumerate(document or []):
        day = file.game_date + timedelta(days=after)
        if text == "bad":
            rejected.append(rejection(file, "bad_text", f"{file.path} row {number}: bad"))
        else:
            rows.append((file.path, number, day, text))
    return Parsed(pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES), rejected_frame(rejected))


def source(layout: str, **more: object) -> Source:
    """A source of such files under sayings/."""
    return Source("sayings", "sayings", parse, version=1, layout=layout, **more)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A landing zone of six days and four teams."""
    write_landing(tmp_path / "landing", League(teams=4, days=6, rest=0.0, seed=3))
    return tmp_path / "landing"


def put(folder: Path, name: str, *said: tuple[int, str]) -> None:
    """Writes a file of the source."""
    path = folder / "sayings" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said))


def said(parsed: Parsed) -> list[tuple[date, str]]:
    """Date and text of every row, sorted."""
    return sorted(zip(parsed.rows.game_date, parsed.rows.said, strict=True))


def test_all_files_under_a_date_are_read_and_none_replaces_another(folder) -> None:
    """Two in the date's folder and one of its name."""
    put(folder, f"{DAYS[1]}/a.json", (0, "one"))
    put(folder, f"{DAYS[1]}/b.json", (0, "two"))
    put(folder, f"{DAYS[1]}.json", (0, "three"))
    landing, dates = Landing(str(folder)), source("dates")
    assert said(landing.load(dates, DAYS)) == [(DAYS[1], w) for w in ("one", "three", "two")]
    before = landing.contents(dates, DAYS)
    put(folder, f"{DAYS[2]}/c.json", (0, "four"))
    after = Landing(str(folder)).contents(dates, DAYS)
    assert [day for day in DAYS if before[day] != after[day]] == [DAYS[2]]


def test_rows_that_change_places_are_other_places_and_the_same_content(folder) -> None:
    """Within a file, and where two files change names; what tells of places is told anew."""
    dates = source("dates")
    put(folder, f"{DAYS[1]}/a.json", (0, "one"), (0, "two"))
    put(folder, f"{DAYS[1]}/b.json", (0, "three"), (0, "four"))
    first = Landing(str(folder)).said(dates, DAYS)
    put(folder, f"{DAYS[1]}/a.json", (0, "two"), (0, "one"))
    second = Landing(str(folder)).said(dates, DAYS)
    put(folder, f"{DAYS[1]}/a.json", (0, "three"), (0, "four"))
    put(folder, f"{DAYS[1]}/b.json", (0, "two"), (0, "one"))
    third = Landing(str(folder)).said(dates, DAYS)
    for before, after in ((first, second), (second, third)):
        (content, places), (same, others) = before[DAYS[1]], after[DAYS[1]]
        assert (content == same, places == others) == (True, False)
        assert {day: before[day] for day in DAYS[2:]} == {day: after[day] for day in DAYS[2:]}


def parse_from_first_day(document: object, file: SourceFile) -> Parsed:
    """The same of a season's file: days are counted from the season's first."""
    return parse(document, replace(file, game_date=FIRST))


@pytest.mark.parametrize("asked", [DAYS[1:2], DAYS])
@pytest.mark.parametrize("is_away", [True, False])
def test_rows_are_of_the_file_that_was_looked_at(
    folder, tmp_path, monkeypatch, *, asked, is_away
) -> None:
    """Where it is away for the one reading, or is another one for that long, it is looked at again."""
    wanted, cache = replace(source("seasons"), parse=parse_from_first_day), tmp_path / "parsed"
    path, plain = folder / "sayings/2023-24.json", FileReader._content
    lines = [(n, f"day {n}") for n in range(6)]
    put(folder, path.name, *lines)
    landing = Landing(str(folder), cache)
    content, read = landing.contents(wanted, asked), []
    landing.forget_rows()

    def late(reader: FileReader, file: SourceFile) -> object:
        text = path.read_text()
        if not read:
            path.unlink() if is_away else put(folder, path.name, (1, "other"))
        read.append(file.path)
        found = plain(reader, file)
        path.write_text(text)
        return found

    monkeypatch.setattr(FileReader, "_content", late)
    shutil.rmtree(cache)
    told = [(day, f"day {n}") for n, day in enumerate(DAYS) if day in asked]
    assert said(landing.load(wanted, asked)) == told
    assert len(read) > 1
    assert landing.contents(wanted, asked) == content


def test_of_a_file_of_many_dates_the_few_that_are_asked_for_are_read(folder, tmp_path) -> None:
    """From the copy on disk, from memory where the whole is there, and where the copy is damaged."""
    wanted, cache = source("seasons"), tmp_path / "parsed"
    wanted = replace(wanted, parse=parse_from_first_day)
    put(folder, "2023-24.json", *((n, f"day {n}") for n in range(6)), (2, "bad"))
    whole = Landing(str(folder), cache)
    assert len(whole.load(wanted, DAYS).rows) == 6
    told = [(DAYS[2], "day 2"), (DAYS[4], "day 4")]
    for landing in (whole, Landing(str(folder), cache)):
        for _ in range(2):
            assert said(landing.load(wanted, [DAYS[2], DAYS[4]])) == told
        assert said(landing.load(wanted, DAYS[5:])) == [(DAYS[5], "day 5")]
        assert landing.load(wanted, DAYS[5:]).rejected.empty
        assert list(landing.load(wanted, DAYS[:1]).rejected.rule) == ["bad_text"]
    for path in cache.rglob("rows.parquet"):
        path.write_bytes(b"")
    assert said(Landing(str(folder), cache).load(wanted, [DAYS[2], DAYS[4]])) == told


def test_texts_are_no_others_though_alike_up_to_a_nul(folder) -> None:
    """In one file, where both begin alike."""
    found = []
    for text in ("two", "three"):
        put(folder, f"{DAYS[1]}.json", (0, "\0one"), (0, f"\0{text}"))
        found.append(Landing(str(folder)).contents(source("dates"), DAYS)[DAYS[1]])
    assert found[0] != found[1]


def test_files_of_a_date_may_be_told_apart_by_their_ending(folder) -> None:
    """A report as a PDF and as what was parsed of it; packed and unpacked are still one."""
    both = source("dates", formats={"json": json_document, "txt": json_document})
    put(folder, f"{DAYS[1]}/a.json", (0, "one"))
    put(folder, f"{DAYS[1]}/a.txt", (0, "two"))
    assert said(Landing(str(folder)).load(both, DAYS)) == [(DAYS[1], w) for w in ("one", "two")]
    (folder / f"sayings/{DAYS[1]}/a.txt.gz").write_bytes(gzip.compress(b'[[0, "three"]]'))
    loaded = Landing(str(folder)).load(both, DAYS)
    assert said(loaded) == [(DAYS[1], "one")]
    assert [*loaded.rejected.rule] == ["ambiguous_file"]


def test_a_dates_own_file_and_one_of_its_name_in_its_folder_are_two(folder) -> None:
    """Of two of one name none is read; these have two."""
    put(folder, f"{DAYS[1]}/{DAYS[1]}.json", (0, "one"))
    put(folder, f"{DAYS[1]}.json", (0, "two"))
    loaded = Landing(str(folder)).load(source("dates"), DAYS)
    assert said(loaded) == [(DAYS[1], word) for word in ("one", "two")]


@pytest.mark.parametrize("is_link", [True, False])
def test_a_dates_folder_that_is_none_spoils_its_date_alone(folder, is_link) -> None:
    """A link that leads nowhere or a file: a name that is there, and no date without a file."""
    put(folder, f"{DAYS[1]}/a.json", (0, "one"))
    path = folder / "sayings" / str(DAYS[2])
    path.symlink_to("nowhere") if is_link else path.write_text("x")
    parsed = Landing(str(folder)).load(source("dates"), DAYS)
    assert said(parsed) == [(DAYS[1], "one")]
    (told,) = parsed.rejected.to_dict("records")
    where = (told["rule"], told["source_file"], told["game_date"])
    assert where == ("unreadable_file", f"sayings/{DAYS[2]}", DAYS[2])


@pytest.mark.parametrize("place", ["gaps/accepted.json", "accepted.json"])
@pytest.mark.parametrize("is_folder", [False, True])
def test_the_one_file_of_all_seasons_may_lead_nowhere(folder, place, is_folder) -> None:
    """Itself or its folder."""
    path = folder / place
    path = path.parent if is_folder and path.parent != folder else path
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("nowhere")
    one = replace(source("file"), place=place)
    assert set(Landing(str(folder)).load(one, DAYS).rejected.rule) == {"unreadable_file"}


def test_a_row_may_be_dated_as_far_after_its_folder_as_declared_and_no_farther(folder) -> None:
    """A report of the evening before is of its game's date; one of two days later is rejected."""
    put(folder, f"{DAYS[1]}/report.json", (0, "today"), (1, "tomorrow"), (2, "later"), (0, "bad"))
    parsed = Landing(str(folder)).load(source("dates", days_after=1), [DAYS[2]])
    assert said(parsed) == [(DAYS[1], "today"), (DAYS[2], "tomorrow")]
    assert list(zip(parsed.rejected.rule, parsed.rejected.game_date, strict=True)) == [
        ("bad_text", DAYS[1]),
        ("other_date", DAYS[1]),
    ]


def test_a_file_of_the_eve_of_a_season_is_of_its_first_day(folder) -> None:
    """Tomorrow's rows stand; one of the eve itself is of no season, and named on the first day."""
    eve = FIRST - timedelta(days=1)
    put(folder, f"{eve}/report.json", (0, "today"), (1, "tomorrow"), (0, "bad"))
    parsed = Landing(str(folder)).load(source("dates", days_after=1), DAYS)
    assert said(parsed) == [(FIRST, "tomorrow")]
    assert list(zip(parsed.rejected.rule, parsed.rejected.game_date, strict=True)) == [
        ("bad_text", FIRST),
        ("other_date", FIRST),
    ]
    put(folder, f"{eve}/report.json", (0, "today"))
    parsed = Landing(str(folder)).load(source("dates"), DAYS)
    assert list(parsed.rejected.rule) == ["no_season"]


@pytest.mark.parametrize(
    ("layout", "name", "rule"),
    [
        ("dates", "2023-08-01/report.json", "no_season"),
        ("dates", "2051-12-01.json", "no_season"),
        ("snapshots", "2051-12-01.json", "no_season"),
        ("games", "0025100001.json", "no_season"),
        ("seasons", "2051-52.json", "no_season"),
        ("seasons", "2051-52/2051-12-01.json", "no_season"),
        ("seasons", "2023-24 (1).json", "unknown_name"),
        ("seasons", "notes.txt", "unknown_name"),
        ("seasons", "Joki\udce6.json", "unknown_name"),
    ],
)
def test_a_file_of_no_season_is_named_and_spoils_nothing(folder, layout, name, rule) -> None:
    """Under the first day of every season, since nobody knows of which it is."""
    put(folder, name, (0, "?"))
    wanted = source(layout, dated_by=schedule, is_required=layout == "games")
    landing = Landing(str(folder))
    (told,) = landing.load(wanted, DAYS).rejected.to_dict("records")
    place = f"sayings/{name.split('/')[0]}" if layout == "seasons" else f"sayings/{name}"
    place = place.replace("/report.json", "").replace("\udce6", r"\udce6")
    assert (told["rule"], told["source_file"], told["game_date"]) == (rule, place, FIRST)
    assert landing.refusals(wanted, DAYS) == {}


def test_a_file_of_a_game_is_under_its_date_in_the_schedule_and_moves_with_it(folder) -> None:
    """The schedule's date, not the file's; a game that the schedule lacks is rejected."""
    game = games(folder)[3]
    day = date.fromisoformat(game["date"])
    put(folder, f"{game['gameId']}.json", (0, "played"))
    put(folder, "0022399999.json", (0, "nowhere"))
    of_games = source("games", dated_by=schedule)
    landing = Landing(str(folder))
    parsed = landing.load(of_games, DAYS)
    assert said(parsed) == [(day, "played")]
    assert list(parsed.rejected.rule) == ["unknown_game"]
    before = landing.contents(of_games, DAYS)
    document = json.loads((folder / SCHEDULE).read_text())
    for each in (g for d in document["leagueSchedule"]["gameDates"] for g in d["games"]):
        if each["gameId"] == game["gameId"]:
            each.update(dated(each, DAYS[5]))
    (folder / SCHEDULE).write_text(json.dumps(document))
    moved = Landing(str(folder))
    assert said(moved.load(of_games, DAYS)) == [(DAYS[5], "played")]
    after = moved.contents(of_games, DAYS)
    assert {d for d in DAYS if before[d] != after[d]} == {day, DAYS[5]}


def test_a_snapshot_holds_from_its_date_until_the_next_ones(folder) -> None:
    """The one of the summer on the first days, then the third day's; none is seen before its date."""
    put(folder, "2023-06-01.json", (0, "spring"))
    put(folder, "2023-08-01.json", (0, "summer"))
    put(folder, f"{DAYS[2]}.json", (0, "third"))
    landing, snapshots = Landing(str(folder)), source("snapshots")
    assert said(landing.load(snapshots, DAYS[:4])) == [
        (DAYS[0], "summer"),
        (DAYS[1], "summer"),
        (DAYS[2], "third"),
        (DAYS[3], "third"),
    ]
    before = landing.contents(snapshots, DAYS)
    assert len({before[day] for day in DAYS[:2]}) == len({before[day] for day in DAYS[2:]}) == 1
    put(folder, f"{DAYS[4]}.json", (0, "fifth"))
    after = Landing(str(folder)).contents(snapshots, DAYS)
    assert [day for day in DAYS if before[day] != after[day]] == DAYS[4:]


def test_each_season_s_days_have_one_snapshot_in_a_range_over_both(folder) -> None:
    """The spring's list is in force until the opening night's, and on no day beside it."""
    before = calendar.season("2022-23").last
    put(folder, "2023-02-01.json", (0, "spring"))
    put(folder, f"{DAYS[1]}.json", (0, "second"))
    days = [before, *DAYS[:3]]
    landing, snapshots = Landing(str(folder)), source("snapshots")
    told = ["spring", "spring", "second", "second"]
    assert said(landing.load(snapshots, days)) == list(zip(days, told, strict=True))
    together = landing.contents(snapshots, days)
    for day in days:
        assert landing.contents(snapshots, [day]) == {day: together[day]}


def test_a_snapshot_that_cannot_be_read_leaves_the_one_before_it_in_force(folder) -> None:
    """Before the season and in it: each is named under its day, which alone has another content."""
    put(folder, "2023-06-01.json", (0, "spring"))
    put(folder, "2023-08-01.json", (0, "summer"))
    put(folder, f"{DAYS[2]}.json", (0, "third"))
    snapshots = source("snapshots")
    before = Landing(str(folder)).contents(snapshots, DAYS)
    for name in ("2023-10-01", str(DAYS[0]), str(DAYS[4])):
        (folder / "sayings" / f"{name}.json").write_text('[[0, "cut')
    landing = Landing(str(folder))
    parsed = landing.load(snapshots, DAYS)
    assert said(parsed) == [
        *((day, "summer") for day in DAYS[:2]),
        *((day, "third") for day in DAYS[2:]),
    ]
    told = zip(parsed.rejected.game_date, parsed.rejected.source_file, strict=True)
    assert sorted(told) == [
        (DAYS[0], "sayings/2023-10-01.json"),
        (DAYS[0], f"sayings/{DAYS[0]}.json"),
        (DAYS[4], f"sayings/{DAYS[4]}.json"),
    ]
    after = landing.contents(snapshots, DAYS)
    assert [day for day in DAYS if before[day] != after[day]] == [DAYS[0], DAYS[4]]
    put(folder, f"{DAYS[0]}.json", (0, "opening"))
    assert said(Landing(str(folder)).load(snapshots, DAYS[:1])) == [(DAYS[0], "opening")]


def test_a_summer_s_snapshot_that_cannot_be_read_is_named_by_the_season_after_it(folder) -> None:
    """Also beside a later one that can be; one of a season is named by that alone."""
    put(folder, "2023-09-01.json", (0, "summer"))
    snapshots, later = source("snapshots"), [calendar.season("2024-25").first]
    before = Landing(str(folder)).contents(snapshots, [*DAYS, *later])
    spring = date(2023, 6, 1)
    for name in (spring, "2023-08-01"):
        (folder / "sayings" / f"{name}.json").write_text('[[0, "cut')
    landing = Landing(str(folder))
    assert said(landing.load(snapshots, DAYS[:1])) == [(DAYS[0], "summer")]
    named = {
        day: landing.load(snapshots, [day]).rejected.source_file.tolist()
        for day in (spring, *DAYS[:1], *later)
    }
    assert named == {
        spring: [f"sayings/{spring}.json"],
        DAYS[0]: ["sayings/2023-08-01.json"],
        later[0]: [],
    }
    after = landing.contents(snapshots, [*DAYS, *later])
    assert [day for day in after if before[day] != after[day]] == DAYS[:1]


def test_of_snapshots_of_which_none_can_be_read_none_is_in_force(folder) -> None:
    """Each is named."""
    put(folder, "placeholder.json")
    for name in ("2023-08-01", str(DAYS[1])):
        (folder / "sayings" / f"{name}.json").write_text("[")
    (folder / "sayings" / "placeholder.json").unlink()
    parsed = Landing(str(folder)).load(source("snapshots"), DAYS)
    assert said(parsed) == []
    assert sorted(parsed.rejected.game_date) == DAYS[:2]


def test_a_file_of_a_seasons_first_day_keeps_the_entries_before_it(folder) -> None:
    """Both are under that day; its own entries are the date's file's, and staleness follows both."""
    listed = [f"2023-10-01,Suns,,Damion Lee,a\n{FIRST},Suns,,Kevin Durant,b\n"]
    listed += [f"{FIRST},Suns,,Josh Okogie,c\n", "2023-10-02,Suns,,Damion Lee,d\n"]
    head, place = "Date,Team,Acquired,Relinquished,Notes\n", folder / transactions.place
    (place / "2023-24").mkdir(parents=True)
    (place / "2023-24.csv").write_text(head + listed[0])
    before = Landing(str(folder)).contents(transactions, DAYS)
    (place / "2023-24" / f"{FIRST}.csv").write_text(head + listed[1])
    landing = Landing(str(folder))
    rows = landing.load(transactions, DAYS).rows
    assert sorted(rows.note) == ["a", "c"]
    assert set(rows.game_date) == {FIRST}
    after = landing.contents(transactions, DAYS)
    assert [day for day in DAYS if before[day] != after[day]] == [FIRST]
    (place / "2023-24.csv").write_text(head + listed[0] + listed[2])
    last = Landing(str(folder)).contents(transactions, DAYS)
    assert [day for day in DAYS if last[day] != after[day]] == [FIRST]


@pytest.mark.parametrize("stray", [None, "README.txt", "2023-09-30/a.json"])
def test_a_season_without_any_file_is_another_content_than_one_without_rows(folder, stray) -> None:
    """An empty file of one date changes the content of every date of its season; no stray is one."""
    if stray:
        put(folder, stray, (0, "one"))
    landing, dates = Landing(str(folder)), source("dates")
    before = landing.contents(dates, DAYS)
    assert landing.seasons_with_files(dates, ["2023-24"]) == []
    put(folder, f"{DAYS[0]}.json")
    landing = Landing(str(folder))
    assert landing.seasons_with_files(dates, ["2022-23", "2023-24"]) == ["2023-24"]
    after = landing.contents(dates, DAYS)
    assert [day for day in DAYS if before[day] != after[day]] == DAYS


def test_a_name_is_known_from_the_day_after_its_first_game(folder) -> None:
    """Not on the day itself; a correction of points makes no name known anew."""
    debut = next(line for line in lines(folder, PLAYER_LOG) if line["GAME_DATE"] == str(DAYS[2]))

    def keep(rows) -> None:
        rows[:] = [
            row
            for row in rows
            if row["PLAYER_ID"] != debut["PLAYER_ID"] or row["GAME_DATE"] >= str(DAYS[2])
        ]

    damaged(folder, folder.parent, PLAYER_LOG, keep)
    known = known_players(Landing(str(folder)), [players], ["2023-24"])
    mine = known[known.player_id == debut["PLAYER_ID"]]
    assert list(mine.known_from) == [DAYS[3]]
    assert list(mine.player_name) == [debut["PLAYER_NAME"]]
    before = contents_known(Landing(str(folder)), [players], DAYS)
    damaged(folder, folder.parent, PLAYER_LOG, lambda rows: rows[0].update(TOV=99))
    assert contents_known(Landing(str(folder)), [players], DAYS) == before
    damaged(
        folder, folder.parent, PLAYER_LOG, lambda rows: [r.update(PLAYER_ID=5) for r in rows[:1]]
    )
    after = contents_known(Landing(str(folder)), [players], DAYS)
    assert [day for day in DAYS if before[day] != after[day]] == DAYS[1:]


def test_a_name_that_is_spelled_anew_is_another_name(folder) -> None:
    """Also where it is looked up as before: what is told of whom it may be is made of it."""
    before = contents_known(Landing(str(folder)), [players], DAYS)
    name = lines(folder, PLAYER_LOG)[0]["PLAYER_NAME"]

    def spelled(rows) -> None:
        for row in rows:
            row["PLAYER_NAME"] = (
                name.replace(" ", "-") if row["PLAYER_NAME"] == name else row["PLAYER_NAME"]
            )

    damaged(folder, folder.parent, PLAYER_LOG, spelled)
    after = contents_known(Landing(str(folder)), [players], DAYS)
    assert [day for day in DAYS if before[day] != after[day]] == DAYS[1:]


def test_names_are_kept_until_a_file_that_tells_them_changes(folder, tmp_path, monkeypatch) -> None:
    """A second landing zone over the same copies reads no file's rows for them; one file more, it does."""
    cache = tmp_path / "parsed"
    before = contents_known(Landing(str(folder), cache), [players], DAYS)
    with monkeypatch.context() as patched:
        patched.setattr(Landing, "load", None)
        assert contents_known(Landing(str(folder), cache), [players], DAYS) == before
    damaged(folder, folder.parent, PLAYER_LOG, lambda rows: rows[0].update(PLAYER_ID=5))
    damaged(folder, folder.parent, PLAYER_LOG, lambda rows: rows[0].update(PLAYER_NAME="A. Bee"))
    after = contents_known(Landing(str(folder), cache), [players], DAYS)
    assert after == contents_known(Landing(str(folder)), [players], DAYS)
    assert after != before
