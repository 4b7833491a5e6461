"""The landing zone: what is parsed when, and under which date each file's words are."""

import errno
import gzip
import json
import os
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from upath import UPath

from nba_pipeline.automation.landing_listing import EVERY_SEASON, listing
from nba_pipeline.engine import file_reader
from nba_pipeline.engine.file_dates import facts_of, filed
from nba_pipeline.engine.file_reader import FileReader
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.needs import needs
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.source import Parsed, SourceFile, rejected_frame
from nba_pipeline.league import calendar
from nba_pipeline.phase_1_sources.accepted_gaps import accepted_gaps
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import (
    nba_stats_league_game_log_player as players,
)
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import (
    nba_stats_league_game_log_team as teams,
)
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule as schedule
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.simulation.moves import dated
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import MOST_PLAYER_MINUTES
from nba_pipeline_tests.conftest import Lab, with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, SCHEDULE, TEAM_LOG, damaged, lines

FIRST, SECOND, LAST = date(2023, 10, 24), date(2023, 10, 25), date(2023, 10, 29)
DAYS = calendar.season_days(FIRST, LAST)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A landing zone of six days and four teams, to be damaged."""
    write_landing(tmp_path / "landing", League(teams=4, days=6, rest=0.0, seed=3))
    return tmp_path / "landing"


def change(folder: Path, log: str, how) -> None:
    """Changes the log's lines in place."""
    damaged(folder, folder.parent, log, how)


def differing(one: dict, other: dict) -> set[date]:
    """The dates whose contents are not the same."""
    return {day for day in one if one[day] != other[day]}


def single(folder: Path, log: str, name: str, keep) -> None:
    """Writes a file of a folder of single dates, with the log's lines that are kept."""
    document = json.loads((folder / log).read_text())
    result = document["resultSets"][0]
    kept = [dict(zip(result["headers"], row, strict=True)) for row in result["rowSet"]]
    result["rowSet"] = [list(line.values()) for line in kept if keep(line)]
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def test_a_correction_in_a_season_file_makes_its_date_stale_and_no_other(folder) -> None:
    """One player's assists of the second day; and a line more above the others changes nothing."""
    lab = Lab(folder.parent / "lab", folder)
    lab.compute(with_upstream("nbac_player_boxscore"), FIRST, LAST)
    before = lab.landing.contents(players, DAYS)

    def correct(rows) -> None:
        row = next(row for row in rows if row["GAME_DATE"] == str(SECOND))
        row["AST"] += 1
        rows.sort(key=lambda row: row["GAME_DATE"], reverse=True)

    change(folder, PLAYER_LOG, correct)
    assert differing(before, lab.landing.contents(players, DAYS)) == {SECOND}
    need = needs(TABLES["nbac_player_boxscore"], DAYS, Survey(TABLES, lab.warehouse, lab.landing))
    assert set(need.stale) == {SECOND}


def test_equal_rows_that_swap_a_cell_differ(folder) -> None:
    """Turnovers that move from one player to another are another content."""
    landing = Landing(str(folder))
    before = landing.contents(players, DAYS)

    def swap(rows) -> None:
        rows[0]["TOV"], rows[1]["TOV"] = rows[0]["TOV"] + 1, rows[1]["TOV"] - 1

    change(folder, PLAYER_LOG, lambda rows: rows[1].update(TOV=5))
    middle = landing.contents(players, DAYS)
    change(folder, PLAYER_LOG, swap)
    assert differing(before, middle) <= {FIRST}
    assert differing(middle, landing.contents(players, DAYS)) == {FIRST}


@pytest.mark.parametrize("text", ["<NA>", "None", "nan"])
def test_an_unknown_text_is_not_the_text_that_it_is_shown_as(text) -> None:
    """An injury's reason, first null and then such a word."""
    file, told = SourceFile("injuries.json", "2023-24", FIRST), []
    for reason in (None, text):
        rows = pd.DataFrame({"game_date": [FIRST], "reason": pd.array([reason], "string")})
        parsed = filed(Parsed(rows, rejected_frame([])), file)
        told.append(facts_of(players, parsed, file).dated)
    assert told[0] != told[1]


def counted(parses: list):
    """The players' source, which notes each parse of a document."""

    def parse(document, file):
        if document is not None:
            parses.append(file.path)
        return players.parse(document, file)

    return replace(players, parse=parse)


def test_a_file_is_parsed_once_per_content_over_processes(folder, tmp_path) -> None:
    """Another process reads the copy; a deleted copy is made again, a changed file parsed."""
    parses: list[str] = []
    source, cache = counted(parses), tmp_path / "parsed"
    first = Landing(str(folder), cache)
    said = first.contents(source, DAYS)
    rows = first.load(source, DAYS).rows
    again = Landing(str(folder), cache)
    assert again.contents(source, DAYS) == said
    assert again.load(source, DAYS).rows.equals(rows)
    assert parses == [PLAYER_LOG]
    shutil.rmtree(cache)
    assert Landing(str(folder), cache).contents(source, DAYS) == said
    change(folder, PLAYER_LOG, lambda rows: rows.pop())
    assert differing(said, Landing(str(folder), cache).contents(source, DAYS)) == {LAST}
    assert parses == [PLAYER_LOG] * 3
    assert len(list(cache.rglob("facts.json"))) == 1


def test_of_a_file_that_is_written_again_and_again_one_content_stays_in_memory(folder) -> None:
    """A process that looks for a season at a growing log holds its rows once."""
    landing = Landing(str(folder))
    for number in range(3):

        def correct(rows, number: int = number) -> None:
            rows[0]["AST"] += number

        change(folder, PLAYER_LOG, correct)
        landing.load(players, DAYS)
        landing.contents(players, DAYS)
    parsed = landing._parsed
    assert (len(parsed._frames), len(parsed._facts)) == (1, 1)
    landing.forget_rows()
    assert len(parsed._frames) == 1, "nothing has them but the memory"


def test_rows_that_are_on_disk_may_be_let_go(folder, tmp_path) -> None:
    """They are read again, the same."""
    landing = Landing(str(folder), tmp_path / "cache")
    rows = landing.load(players, DAYS).rows
    landing.forget_rows()
    assert len(landing._parsed._frames) == 0
    assert landing.load(players, DAYS).rows.equals(rows)


@pytest.mark.parametrize("text", [b"", b"{}", b"null", b'{"dated": 1}'])
def test_a_damaged_parsed_copy_is_made_again(folder, tmp_path, text) -> None:
    """A copy that a full disk has left in part answers nothing, and hinders nobody."""
    cache, plain = tmp_path / "parsed", Landing(str(folder))
    for question, asked in (("contents", DAYS), ("load", DAYS)):
        Landing(str(folder), cache).contents(schedule, DAYS)
        for path in cache.rglob("*.*"):
            if path.is_file():
                path.write_bytes(text)
        again = getattr(Landing(str(folder), cache), question)(schedule, asked)
        expected = getattr(plain, question)(schedule, asked)
        assert again.rows.equals(expected.rows) if question == "load" else again == expected


def test_a_folder_of_copies_that_cannot_be_written_to_hinders_nobody(folder, tmp_path) -> None:
    """A file in its place stands for it: the landing zone says what it says without one."""
    (tmp_path / "parsed").write_text("")
    without = Landing(str(folder), tmp_path / "parsed")
    plain = Landing(str(folder))
    assert without.contents(schedule, DAYS) == plain.contents(schedule, DAYS)
    assert without.load(schedule, DAYS).rows.equals(plain.load(schedule, DAYS).rows)


def test_one_dates_rows_are_read_from_files_that_say_something_of_it(
    folder, tmp_path, monkeypatch
) -> None:
    """Of five dates' files and the season's, which has a date more, one or two; the rows are the same."""
    for day in DAYS[:5]:
        name = f"{teams.place}/2023-24/{day}.json"
        single(folder, TEAM_LOG, name, lambda line, day=day: line["GAME_DATE"] == str(day))
    change(folder, TEAM_LOG, lambda rows: rows.__delitem__(slice(0, len(rows) // 2)))
    cache = tmp_path / "parsed"
    whole = Landing(str(folder), cache).load(teams, DAYS).rows
    read: list[str] = []
    read_parquet = pd.read_parquet

    def noted(path: Path) -> pd.DataFrame:
        read.append(path.parent.parent.name)
        return read_parquet(path)

    monkeypatch.setattr(pd, "read_parquet", noted)
    for day in DAYS:
        read.clear()
        rows = Landing(str(folder), cache).load(teams, [day]).rows
        of_day = whole[whole.game_date == day].reset_index(drop=True)
        assert len(of_day) > 0
        assert rows[rows.game_date == day].reset_index(drop=True).equals(of_day)
        assert len(set(read)) <= 2


@pytest.mark.parametrize("question", ["contents", "load"])
@pytest.mark.parametrize("is_kept", [True, False])
def test_a_file_that_changes_while_others_are_parsed_is_taken_for_what_was_read(
    folder, tmp_path, question, *, is_kept
) -> None:
    """A wrong one was there for a moment, or none: nobody finds its rows under the right one's name."""
    path = folder / f"{teams.place}/2023-24/{SECOND}.json"
    single(folder, TEAM_LOG, str(path), lambda _: False)
    wrong = path.read_text()
    single(folder, TEAM_LOG, str(path), lambda line: line["GAME_DATE"] == str(SECOND))
    right, cache = path.read_text(), tmp_path / "parsed" if is_kept else None
    for there in (wrong, None):
        path.write_text(right)

        def parse(document: object, file: SourceFile, there: str | None = there) -> Parsed:
            if file.game_date is None and there:
                path.write_text(there)
            elif file.game_date is None:
                path.unlink(missing_ok=True)
            return teams.parse(document, file)

        # Another version each time, so that all is parsed anew.
        source = replace(teams, parse=parse, version=teams.version + 1 + (there is None))
        found = getattr(Landing(str(folder), cache), question)(source, DAYS)
        if there is None and question == "load":
            assert list(found.rejected.rule) == ["unreadable_file"]
        path.write_text(right)
        plain, now = Landing(str(folder)), replace(teams, version=source.version)
        again = Landing(str(folder), cache)
        assert again.contents(now, DAYS) == plain.contents(now, DAYS)
        assert again.load(now, DAYS).rows.equals(plain.load(now, DAYS).rows)


def test_a_file_that_changed_under_its_old_size_and_time_is_read_again(folder, tmp_path) -> None:
    """A correction copied with its times, whether another process has read it meanwhile or not."""
    copies, path = tmp_path / "copies", folder / PLAYER_LOG
    alone = Landing(str(folder))
    said = alone.contents(players, DAYS)
    landing = Landing(str(folder), copies)
    (before,) = {*landing.load(players, [FIRST]).rows.player_name[:1]}
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_text(path.read_text().replace(before, before[::-1]))
    os.utime(path, ns=times)
    assert differing(said, alone.contents(players, DAYS))
    Landing(str(folder), copies).load(players, [FIRST])
    landing.forget_rows()
    assert before[::-1] in set(landing.load(players, [FIRST]).rows.player_name)


def test_another_version_of_the_parser_parses_anew(folder, tmp_path) -> None:
    """And every date is another content."""
    parses: list[str] = []
    source, cache = counted(parses), tmp_path / "parsed"
    said = Landing(str(folder), cache).contents(source, DAYS)
    newer = replace(source, version=source.version + 1)
    assert differing(said, Landing(str(folder), cache).contents(newer, DAYS)) == set(DAYS)
    assert parses == [PLAYER_LOG] * 2


def test_another_limit_of_the_parser_parses_anew(folder, tmp_path, monkeypatch) -> None:
    """And makes another content of the dates with a line that it lets through or not."""
    cache = tmp_path / "parsed"
    longest = dict.fromkeys(DAYS, 0.0)
    rows = Landing(str(folder), cache).load(players, DAYS).rows
    longest |= rows.groupby("game_date").minutes.max().to_dict()
    said = Landing(str(folder), cache).contents(players, DAYS)
    limit = sorted(longest.values())[len(DAYS) // 2]
    monkeypatch.setitem(vars(MOST_PLAYER_MINUTES), "value", limit)
    file_reader.made_with.cache_clear()
    now = Landing(str(folder), cache)
    assert differing(said, now.contents(players, DAYS)) == {
        day for day in DAYS if longest[day] > limit
    }
    assert now.load(players, DAYS).rows.minutes.max() == limit
    monkeypatch.undo()
    file_reader.made_with.cache_clear()
    assert Landing(str(folder), cache).contents(players, DAYS) == said


def test_a_dates_schedule_that_is_there_twice_refuses_nothing(folder) -> None:
    """As a season's: one of the two is read, and the other one named."""
    document = json.loads((folder / SCHEDULE).read_text())
    days = document["leagueSchedule"]["gameDates"]
    document["leagueSchedule"]["gameDates"] = [
        day for day in days if day["games"][0]["gameDateEst"][:10] == str(SECOND)
    ]
    path = folder / f"nba_stats/schedule/2023-24/{SECOND}.json"
    path.parent.mkdir()
    path.write_text(json.dumps(document))
    before = Landing(str(folder)).load(schedule, DAYS).rows
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    landing = Landing(str(folder))
    assert landing.refusals(schedule, DAYS) == {}
    assert landing.load(schedule, DAYS).rows.equals(before)
    assert [*landing.load(schedule, DAYS).rejected.rule] == ["repeated_file"]


def test_rows_of_another_date_in_a_dates_file_are_rejected(folder) -> None:
    """Under the file's date, each named; what the season file says of the other date stands."""
    single(folder, TEAM_LOG, f"{teams.place}/2023-24/{FIRST}.json", lambda _: True)
    parsed = Landing(str(folder)).load(teams, DAYS)
    assert len(parsed.rows) == len(lines(folder, TEAM_LOG))
    strays = parsed.rejected
    of_day = [line for line in lines(folder, TEAM_LOG) if line["GAME_DATE"] == str(FIRST)]
    assert len(strays) == len(parsed.rows) - len(of_day) > 0
    assert set(strays.rule) == {"other_date"}
    assert set(strays.game_date) == {FIRST}
    assert strays.detail.str.contains(f"{FIRST}.json row .* but the file is of date").all()


def test_a_dates_file_in_another_seasons_folder_is_rejected(folder) -> None:
    """It stands for no date, and is named under its folder's season."""
    name = f"{teams.place}/2022-23/{FIRST}.json"
    single(folder, TEAM_LOG, name, lambda _: False)
    parsed = Landing(str(folder)).load(teams, [date(2022, 10, 18), *DAYS])
    (told,) = parsed.rejected.to_dict("records")
    assert (told["source_file"], told["rule"]) == (name, "other_season")
    assert told["game_date"] == date(2022, 10, 18)
    assert len(parsed.rows) == len(lines(folder, TEAM_LOG))


def test_rows_outside_the_files_season_are_rejected_but_for_exhibitions(folder) -> None:
    """Under its first day; a preseason game before it is no offence."""

    def spoil(rows) -> None:
        rows[0]["GAME_DATE"] = "2023-07-04"
        rows[1]["GAME_DATE"], rows[1]["GAME_ID"] = "2023-10-10", "0012300001"

    change(folder, TEAM_LOG, spoil)
    parsed = Landing(str(folder)).load(teams, DAYS)
    (told,) = parsed.rejected.to_dict("records")
    assert (told["rule"], told["row_number"], told["game_date"]) == ("other_season", 0, FIRST)
    assert "dated 2023-07-04" in told["detail"]


@pytest.mark.parametrize("log", [TEAM_LOG, SCHEDULE])
def test_a_gzipped_copy_that_says_the_same_is_named_and_spoils_nothing(folder, log) -> None:
    """One of the two is read; which other copies there are makes no date another content."""
    source = teams if log == TEAM_LOG else schedule
    landing = Landing(str(folder))
    rows, before = landing.load(source, DAYS).rows, landing.contents(source, DAYS)
    (folder / f"{log}.gz").write_bytes(gzip.compress((folder / log).read_bytes()))
    after = Landing(str(folder))
    assert after.load(source, DAYS).rows.equals(rows)
    (told,) = after.load(source, DAYS).rejected.to_dict("records")
    assert (told["source_file"], told["rule"]) == (f"{log}.gz", "repeated_file")
    assert told["detail"] == f"{log}.gz says the same as {log}, which is read; keep one"
    assert after.refusals(source, DAYS) == {}
    assert differing(before, after.contents(source, DAYS)) == {FIRST}


@pytest.mark.parametrize("log", [TEAM_LOG, SCHEDULE])
def test_a_file_both_plain_and_gzipped_is_told_and_the_rest_stands(folder, log) -> None:
    """The logs of the other source and season; a schedule refuses its season's dates alone."""
    other = League(season="2022-23", teams=4, days=2, rest=0.0, seed=4)
    write_landing(folder, other)
    (folder / f"{log}.gz").write_bytes(gzip.compress((folder / log).read_bytes() + b"\n"))
    lab = Lab(folder.parent / "lab", folder)
    before = date(2022, 10, 18)
    done = lab.compute(
        with_upstream("nbac_player_boxscore", "nbac_team_boxscore", "rejected_rows"),
        before,
        LAST,
    )
    told = f"both {log} and {log}.gz are there; keep one"
    assert len(lab.rows("nbac_team_boxscore", game_date=before)) == 4
    if log == TEAM_LOG:
        assert len(lab.rows("nbac_player_boxscore")) > len(lines(folder, PLAYER_LOG))
        assert [row["detail"] for row in lab.rows("rejected_rows")] == [told]
        return
    refused = done["nbac_schedule"].refused
    assert set(refused) == set(calendar.season_days(FIRST, LAST))
    assert set(refused.values()) == {f"ambiguous_file: {told}; landing zone: {folder}"}


@pytest.mark.parametrize("trouble", ["cut", "page", "two"])
def test_a_dates_file_that_cannot_be_read_leaves_what_the_season_says(folder, trouble) -> None:
    """It is named, and what the season's file has of the date is no gap; an empty one empties it."""
    before = Landing(str(folder)).load(teams, DAYS).rows
    name = f"{teams.place}/2023-24/{SECOND}.json"
    single(folder, TEAM_LOG, name, lambda line: line["GAME_DATE"] == str(SECOND))
    text = (folder / name).read_bytes()
    changed = {"cut": text[:-40], "page": b'{"Message": "error"}', "two": text}
    (folder / name).write_bytes(changed[trouble])
    if trouble == "two":
        (folder / f"{name}.gz").write_bytes(gzip.compress(text + b" "))
    landing = Landing(str(folder))
    found = landing.load(teams, DAYS)
    assert found.rows.equals(before)
    (told,) = found.rejected.to_dict("records")
    assert (told["source_file"], told["game_date"]) == (name, SECOND)
    contents = landing.contents(teams, DAYS)
    single(folder, TEAM_LOG, name, lambda _: False)
    (folder / f"{name}.gz").unlink(missing_ok=True)
    emptied = Landing(str(folder))
    assert SECOND not in set(emptied.load(teams, DAYS).rows.game_date)
    assert differing(contents, emptied.contents(teams, DAYS)) == {SECOND}


def test_a_missing_schedule_refuses_its_season_by_name(folder) -> None:
    """The file that is expected is named."""
    (folder / SCHEDULE).unlink()
    refused = Landing(str(folder)).refusals(schedule, DAYS)
    assert set(refused) == set(DAYS)
    assert f"expected {SCHEDULE} or {SCHEDULE}.gz" in refused[FIRST]


def test_a_schedule_of_a_season_that_the_calendar_lacks_says_which_setting_adds_it(folder) -> None:
    """It is one rejected line, on the season's first day, and keeps nobody from the other season."""
    before = Landing(str(folder))
    contents, rows = before.contents(schedule, DAYS), before.load(schedule, DAYS).rows
    shutil.copy(folder / SCHEDULE, folder / schedule.place / "2031-32.json")
    landing = Landing(str(folder))
    assert differing(contents, landing.contents(schedule, DAYS)) == {FIRST}
    parsed = landing.load(schedule, DAYS)
    assert parsed.rows.equals(rows)
    assert list(parsed.rejected.rule) == ["no_season"]
    assert landing.refusals(schedule, DAYS) == {}
    ((path, why),) = landing.of_coming_seasons(schedule).items()
    assert path == f"{schedule.place}/2031-32.json"
    assert "no season 2031-32" in why
    assert "NBA_PIPELINE_SEASONS=" in why
    with pytest.raises(calendar.UnknownSeason, match="NBA_PIPELINE_SEASONS="):
        calendar.season("2031-32")


WHY = ("No such file", "Not a directory")
"""What is told of a link that leads nowhere, and of a file, where a folder belongs."""


@pytest.mark.parametrize("what", ["dangling link", "link to itself", "folder", "both forms"])
def test_what_cannot_be_opened_where_a_file_belongs_is_one_unreadable_file(folder, what) -> None:
    """Its date alone is spoilt; the season's file stands for what the date's cannot say."""
    place = folder / teams.place / "2023-24"
    place.mkdir()
    path = place / f"{SECOND}.json"
    before = Landing(str(folder))
    contents, rows = before.contents(teams, DAYS), before.load(teams, DAYS).rows
    if what == "folder":
        path.mkdir()
    else:
        path.symlink_to(path if what == "link to itself" else place / "nowhere.json")
    if what == "both forms":
        shutil.copy(folder / TEAM_LOG, f"{path}.gz")
    landing = Landing(str(folder))
    assert differing(contents, landing.contents(teams, DAYS)) == {SECOND}
    parsed = landing.load(teams, DAYS)
    assert parsed.rows.equals(rows)
    (told,) = parsed.rejected.to_dict("records")
    assert (told["rule"], told["game_date"]) == ("unreadable_file", SECOND)
    assert told["source_file"] == f"{teams.place}/2023-24/{SECOND}.json"
    assert "cannot be opened" in told["detail"]


@pytest.mark.parametrize(
    ("astray", "why"),
    [
        (f"{teams.place}/2023-24.json", "No such file"),
        *((place, why) for place in (teams.place, "nba_stats") for why in WHY),
    ],
)
def test_a_link_to_nothing_where_a_season_belongs_is_an_unreadable_file_and_not_none(
    folder, astray, why
) -> None:
    """The season's own file, the source's folder, and one above it: a disk that is not there.

    So is a file where a folder belongs.
    """
    shutil.rmtree(folder / "nba_stats")
    path = folder / astray
    path.parent.mkdir(parents=True, exist_ok=True)
    none = Landing(str(folder)).contents(teams, DAYS)
    path.symlink_to("/nowhere/else") if why == "No such file" else path.write_text("x")
    landing = Landing(str(folder))
    parsed = landing.load(teams, DAYS)
    (told,) = parsed.rejected.to_dict("records")
    where = (told["rule"], told["source_file"], told["game_date"])
    assert where == ("unreadable_file", astray, FIRST)
    assert f"{astray} cannot be opened: {why}" in told["detail"]
    assert landing.seasons_with_files(teams, ["2023-24"]) == ["2023-24"]
    assert differing(none, landing.contents(teams, DAYS)) == set(DAYS)
    assert ("unreadable_file" in landing.refusals(schedule, DAYS)[LAST]) == (astray == "nba_stats")


@pytest.mark.parametrize("why", WHY)
def test_a_folder_of_dates_that_is_none_is_told_beside_the_seasons_file(folder, why) -> None:
    """What the dates' files would replace is not known where it leads nowhere, or is a file."""
    path = folder / teams.place / "2023-24"
    path.symlink_to("nowhere") if why == "No such file" else path.write_text("x")
    parsed = Landing(str(folder)).load(teams, DAYS)
    assert len(parsed.rows) == len(lines(folder, TEAM_LOG))
    (told,) = parsed.rejected.to_dict("records")
    where = (told["rule"], told["source_file"])
    assert where == ("unreadable_file", f"{teams.place}/2023-24")
    assert f"cannot be opened: {why}" in told["detail"]


def test_a_machine_at_its_end_is_no_trouble_of_a_file(folder, monkeypatch) -> None:
    """Too many open files: what the files say is not known, and no date of theirs has changed."""

    def fail(_self: FileReader, _name: str, **_options: bool) -> str:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(FileReader, "fingerprint", fail)
    with pytest.raises(OSError, match="Too many open files"):
        Landing(str(folder)).contents(teams, DAYS)


def test_a_later_file_moves_a_game_within_the_season(folder) -> None:
    """A dates file that has a game which the season file has elsewhere: it is on its date only."""
    document = json.loads((folder / SCHEDULE).read_text())
    games = [game for day in document["leagueSchedule"]["gameDates"] for game in day["games"]]
    moved = dated(games[0], LAST)
    day = [game for game in games if game["gameDateEst"].startswith(str(LAST))]
    path = folder / schedule.place / "2023-24" / f"{LAST}.json"
    path.parent.mkdir()
    landing = Landing(str(folder))
    before = landing.contents(schedule, DAYS)
    path.write_text(json.dumps({"leagueSchedule": {"gameDates": [{"games": [moved, *day]}]}}))
    rows = landing.load(schedule, DAYS).rows
    assert rows[rows.game_id == moved["gameId"]].game_date.tolist() == [LAST]
    assert len(rows) == len(games)
    assert differing(before, landing.contents(schedule, DAYS)) == {FIRST, LAST}


def test_without_a_seasons_file_only_the_dates_that_have_one_are_known(folder) -> None:
    """The others are refused, and are no days without a game."""
    document = json.loads((folder / SCHEDULE).read_text())
    games = [game for day in document["leagueSchedule"]["gameDates"] for game in day["games"]]
    of_day = [game for game in games if game["gameDateEst"].startswith(str(SECOND))]
    lab = Lab(folder.parent / "lab", folder)
    lab.compute(["nbac_schedule"], FIRST, LAST)
    path = folder / schedule.place / "2023-24" / f"{SECOND}.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"leagueSchedule": {"gameDates": [{"games": of_day}]}}))
    (folder / SCHEDULE).unlink()
    done = lab.compute(["nbac_schedule"], FIRST, LAST)
    assert set(done["nbac_schedule"].refused) == set(DAYS) - {SECOND}
    assert f"expected {SCHEDULE} or {SCHEDULE}.gz" in done["nbac_schedule"].refused[FIRST]
    assert len(lab.rows("nbac_schedule")) == len(games)
    assert set(Landing(str(folder)).refusals(schedule, DAYS)) == set(DAYS) - {SECOND}


@pytest.mark.parametrize("forms", [["csv"], ["csv.gz"], ["csv", "csv.gz"]])
def test_the_one_file_of_a_source_is_read_as_it_is_or_gzipped(folder, forms) -> None:
    """Of the accepted gaps; both that say the same are read once."""
    gap = "shots:2023-10-24:0022300061"
    text = f"gap_id,reason,accepted_by,accepted_on\n{gap},never comes,ana,2023-11-01\n".encode()
    for form in forms:
        packed = gzip.compress(text) if form.endswith("gz") else text
        (folder / f"accepted_gaps.{form}").write_bytes(packed)
    landing = Landing(str(folder))
    rows = landing.load(accepted_gaps, DAYS).rows
    assert list(rows.gap_id) == [gap]
    (listed,) = listing(UPath(folder), [accepted_gaps]).digests
    assert listed == ("accepted_gaps", EVERY_SEASON)


def test_what_names_no_date_is_content_in_every_file(folder) -> None:
    """A row whose game and date are unreadable changes beside a file of an unknown name."""
    change(folder, PLAYER_LOG, lambda rows: rows[0].update(GAME_ID="?", GAME_DATE="soon"))
    (folder / players.place / "2023-24").mkdir()
    (folder / players.place / "2023-24" / "notes.txt").write_text("")
    before = Landing(str(folder)).contents(players, DAYS)
    change(folder, PLAYER_LOG, lambda rows: rows[0].update(GAME_DATE="later"))
    assert differing(before, Landing(str(folder)).contents(players, DAYS)) == {FIRST}


def test_a_final_game_is_on_its_date_whatever_an_older_file_of_a_later_date_says(folder) -> None:
    """It was moved ahead: the later date's file, fetched before that, still has it scheduled."""
    document = json.loads((folder / SCHEDULE).read_text())
    games = [game for day in document["leagueSchedule"]["gameDates"] for game in day["games"]]
    ahead = next(game for game in games if game["gameDateEst"].startswith(str(SECOND)))
    before = dated(ahead, LAST) | {"gameStatus": 1}
    path = folder / schedule.place / "2023-24" / f"{LAST}.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"leagueSchedule": {"gameDates": [{"games": [before]}]}}))
    rows = Landing(str(folder)).load(schedule, DAYS).rows
    (row,) = rows[rows.game_id == ahead["gameId"]].to_dict("records")
    assert (row["game_date"], row["status"]) == (SECOND, "final")


@pytest.mark.parametrize("there", ["lost+found/", "nba_stats/schedule/", ".DS_Store", ".trash/a"])
def test_a_mount_point_without_its_disk_is_out_of_reach(tmp_path, there) -> None:
    """Whatever folders and hidden files it has; a file anywhere below is a landing zone."""
    path = tmp_path / there
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir() if there.endswith("/") else path.write_text("")
    landing = Landing(str(tmp_path))
    assert landing.out_of_reach() == f"the landing zone {tmp_path} is empty"
    (tmp_path / "odds_api" / "player_points").mkdir(parents=True)
    (tmp_path / "odds_api" / "player_points" / "a.json").write_text("{}")
    assert landing.out_of_reach() is None
