"""Files parsed by processes of their own: the same copies, and nobody is left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from nba_pipeline.engine import file_reader, parse_ahead
from nba_pipeline.engine.landing import Landing
from nba_pipeline.kernel.source import Parsed, SourceFile
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import SOURCES, TABLES

FIRST, LAST = date(2023, 10, 24), date(2023, 10, 29)
DAYS = calendar.season_days(FIRST, LAST)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A landing zone of two seasons, of which every file is worth a process."""
    write_landing(tmp_path / "landing", League(teams=4, days=6, rest=0.0, seed=3))
    monkeypatch.setattr(parse_ahead, "_WORTH_SECONDS", 0.0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return tmp_path / "landing"


def ahead(landing: Landing, tables: list[Table]) -> int:
    """How many files were parsed ahead for the days."""
    return parse_ahead.parse_ahead(landing, tables, FIRST, LAST)


def test_what_is_parsed_ahead_is_not_parsed_again_and_says_the_same(folder, monkeypatch) -> None:
    """Of each source with a file there is one copy, with the contents that parsing here gives."""
    cache = folder.parent / "parsed"
    parsed = ahead(Landing(str(folder), cache), list(TABLES.values()))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert parsed == len(files) == len(list(cache.glob("*/*/*/facts.json"))) == 4
    alone = Landing(str(folder))
    expected = {name: alone.contents(source, DAYS) for name, source in SOURCES.items()}

    def again(*_given: object) -> Parsed:
        raise AssertionError("parsed again")

    monkeypatch.setattr(file_reader, "_read", again)
    later = Landing(str(folder), cache)
    told = {
        name: later.contents(source, DAYS)
        for name, source in SOURCES.items()
        if (folder / source.place).exists()
    }
    assert told == {name: expected[name] for name in told}
    assert len(told) == 4
    assert ahead(later, list(TABLES.values())) == 0


def test_the_season_before_is_parsed_for_the_names_it_tells(tmp_path, folder) -> None:
    """A table that reads who is known reads the season before too; the schedule does not."""
    write_landing(folder, League(teams=4, days=6, rest=0.0, seed=3), seasons=2)
    season = calendar.season_of(FIRST)
    before = calendar.season_before(season)
    assert before
    log = folder / "nba_stats/league_game_log/player"
    (log / f"{season.name}.json").rename(log / f"{before.name}.json")
    cache = tmp_path / "parsed"
    named = TABLES["bettingpros_player_points_props"]
    assert {source.name for source in named.players_from} >= {"nba_stats_league_game_log_player"}
    ahead(Landing(str(folder), cache), [replace(named, sources=())])
    assert len(list(cache.glob("nba_stats_league_game_log_player/*/*"))) == 1
    ahead(Landing(str(folder), cache), [TABLES["nbac_schedule"]])
    assert len(list(cache.glob("nba_stats_schedule/*/*"))) == 1


def test_what_takes_a_moment_starts_no_process(folder, monkeypatch) -> None:
    """Nor is any started where no copies are kept."""
    assert ahead(Landing(str(folder)), list(TABLES.values())) == 0
    monkeypatch.undo()
    assert ahead(Landing(str(folder), folder.parent / "parsed"), list(TABLES.values())) == 0


def dies(_document: object, _file: SourceFile) -> Parsed:
    """A parser that takes its process along."""
    os._exit(9)


def sleeps(_document: object, _file: SourceFile) -> Parsed:
    """A parser that says whose it is and does not end."""
    Path(os.environ["TOLD"]).write_text(str(os.getpid()))
    time.sleep(120)
    raise AssertionError


def only(parse: Callable[[object, SourceFile], Parsed]) -> list[Table]:
    """A table of the team log alone, with another parser."""
    source = replace(SOURCES["nba_stats_league_game_log_team"], parse=parse)
    return [replace(TABLES["nbac_schedule"], sources=(source,))]


def test_who_loses_a_process_goes_on(folder) -> None:
    """As when the system is out of memory: the file is left for who asks for it."""
    assert ahead(Landing(str(folder), folder.parent / "parsed"), only(dies)) == 1
    assert not list((folder.parent / "parsed").rglob("facts.json"))


def test_where_no_process_can_be_started_parsing_is_left_to_who_asks(folder, monkeypatch) -> None:
    """And so it is where a copy's folder may not be looked into."""

    def fails(*_given: object, **_named: object) -> bool:
        raise PermissionError(13, "not allowed")

    exists = Path.exists

    def exists_elsewhere(path: Path) -> bool:
        return fails() if path.name == "facts.json" else exists(path)

    landing = Landing(str(folder), folder.parent / "parsed")
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", fails)
        patched.setattr(Path, "exists", exists_elsewhere)
        assert ahead(landing, [TABLES["nbac_schedule"]]) == 1
    schedule = SOURCES["nba_stats_schedule"]
    assert landing.contents(schedule, DAYS) == Landing(str(folder)).contents(schedule, DAYS)


def test_processes_run_the_code_of_who_started_them(folder, monkeypatch) -> None:
    """And not what lies in the folder where the command is called."""
    elsewhere = folder.parent / "elsewhere"
    (elsewhere / "nba_pipeline").mkdir(parents=True)
    (elsewhere / "nba_pipeline/__init__.py").write_text("raise SystemExit('another project')")
    (elsewhere / "numpy.py").write_text("raise SystemExit('another file')")
    monkeypatch.chdir(elsewhere)
    cache = folder.parent / "parsed"
    assert ahead(Landing(str(folder), cache), [TABLES["nbac_schedule"]]) == 1
    assert len(list(cache.rglob("facts.json"))) == 1


def test_nothing_is_parsed_ahead_where_copies_cannot_be_kept(folder) -> None:
    """A file lies where their folder should be."""
    (folder.parent / "parsed").write_text("")
    for cache in (folder.parent / "parsed", folder.parent / "parsed" / "under"):
        assert ahead(Landing(str(folder), cache), [TABLES["nbac_schedule"]]) == 0


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_processes_at_once(folder, stop) -> None:
    """Whoever was parsing for it is gone as soon as it is, also when it is interrupted twice."""
    told, root = folder.parent / "pid", Path(__file__).parents[2]
    script = textwrap.dedent("""
        import signal, sys
        from datetime import date
        from nba_pipeline.engine import parse_ahead
        from nba_pipeline.engine.landing import Landing
        from nba_pipeline_tests.engine.test_parse_ahead import FIRST, LAST, Path, ahead, only, sleeps

        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        parse_ahead._WORTH_SECONDS = 0.0
        parse_ahead.os.cpu_count = lambda: 2
        ahead(Landing(sys.argv[1], Path(sys.argv[2])), only(sleeps))
        """)
    command = [sys.executable, "-c", script, str(folder), str(folder.parent / "parsed")]
    places = os.environ | {"TOLD": str(told), "PYTHONPATH": str(root)}
    parent = subprocess.Popen(command, env=places, cwd=root, stderr=subprocess.DEVNULL)
    try:
        until(lambda: told.exists() and told.read_text() != "", seconds=60)
        parent.send_signal(stop)
        parent.send_signal(stop)
        assert parent.wait(timeout=20) != 0
    finally:
        parent.kill()
    until(lambda: not is_at_work(int(told.read_text())), seconds=5)


def is_at_work(pid: int) -> bool:
    """Whether the process runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(is_so: Callable[[], bool], seconds: float) -> None:
    """Waits until it is so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)
