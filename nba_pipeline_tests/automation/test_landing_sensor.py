"""What has landed is asked for once: exactly the dates of which files now say something else."""

import os
import re
import time
from datetime import date

import dagster as dg
import pytest

from nba_pipeline.automation import sensors
from nba_pipeline.automation.landing_listing import EVERY_SEASON, listing, season_named
from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.tables import SOURCES, TABLES
from nba_pipeline_tests.automation.looking import Looking, days, one_rebound_more, rewritten, tables
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG

pytestmark = pytest.mark.usefixtures("third_evening")
FIRST, SECOND, THIRD = (date(2023, 10, day) for day in (24, 25, 26))
RAW = [name for name, table in TABLES.items() if table.phase == 2]


def test_new_files_are_asked_for_in_one_run_up_to_today(looking: Looking) -> None:
    """Three season files have come: all raw tables, on the season's days so far."""
    (request,) = looking.look()
    assert tables(request) == RAW
    assert days(request) == [FIRST, SECOND, THIRD]


def test_what_was_done_is_not_asked_for_again_after_a_restart_nor_read(
    stored: Looking, monkeypatch
) -> None:
    """The cursor knows the files by their names, sizes and times, of which a copy has others."""
    assert stored.look() == []
    stored.restart()
    monkeypatch.setattr(stored.home.landing, "contents", lambda *_a, **_k: pytest.fail("read"))
    assert stored.look() == []
    assert stored.says == "nothing has landed"


def test_a_request_that_nobody_carried_out_is_made_again_under_the_same_name(
    looking: Looking,
) -> None:
    """The daemon died before it made the run; had it made it, Dagster would know the run's key."""
    (asked,) = looking.look()
    looking.restart()
    (again,) = looking.look()
    assert again.run_key == asked.run_key
    looking.run_of(again, dg.DagsterRunStatus.STARTING)
    looking.restart()
    assert looking.look() == []


def test_a_file_that_says_what_it_said_causes_no_run(stored: Looking) -> None:
    """Touched, and written anew with other spaces."""
    path = stored.landing / TEAM_LOG
    os.utime(path, (1, 1))
    assert stored.look() == []
    path.write_text(path.read_text().replace(", ", ",  "))
    assert stored.look() == []
    assert stored.says == "nothing to do"
    assert stored.look() == []
    assert stored.says == "nothing has landed"


def test_a_correction_in_a_season_file_asks_for_its_date_alone_and_the_same_again_for_none(
    stored: Looking,
) -> None:
    """Another rebound on the second day; the tables are those that it reaches."""
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(SECOND))
    (request,) = stored.look()
    assert days(request) == [SECOND]
    assert "nbac_player_boxscore" in tables(request)
    assert "nbac_team_boxscore" not in tables(request)
    done = stored.carry_out(request)
    assert done["nbac_player_boxscore"].replaced.written == (SECOND,)
    assert stored.look() == []
    os.utime(stored.landing / PLAYER_LOG, (2, 2))
    assert stored.look() == []


def test_a_correction_that_comes_with_the_old_size_and_time_is_asked_for(stored: Looking) -> None:
    """As a copy that keeps times brings it."""
    path = stored.landing / PLAYER_LOG
    before = path.stat()
    rewritten(path, one_rebound_more(SECOND))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    (request,) = stored.look()
    assert days(request) == [SECOND]


def test_a_burst_is_one_run_over_what_it_changes(stored: Looking) -> None:
    """The first day of one file and the third of another; the day between is current."""
    rewritten(stored.landing / PLAYER_LOG, one_rebound_more(FIRST))
    rewritten(stored.landing / TEAM_LOG, one_rebound_more(THIRD))
    (request,) = stored.look()
    done = stored.carry_out(request)
    assert done["nbac_player_boxscore"].replaced.written == (FIRST,)
    assert done["nbac_team_boxscore"].replaced.written == (THIRD,)
    assert stored.look() == []


def test_files_that_are_still_coming_are_waited_for(looking: Looking) -> None:
    """Nothing is asked for until no file is as new as the setting says."""
    vars(looking.home.settings)["landing_quiet_seconds"] = 60
    (looking.landing / "copying.log").write_text("of no source")
    os.utime(looking.landing / TEAM_LOG)
    assert looking.look() == []
    assert looking.says == "files are still landing"
    for path in looking.landing.rglob("*.json"):
        os.utime(path, (1, 1))
    assert len(looking.look()) == 1


def test_another_season_s_news_wait_for_its_schedule(looking: Looking) -> None:
    """What else is said of it makes nothing alone: the season would be there with holes."""
    path = looking.landing / "prosportstransactions/2022-23.csv"
    path.parent.mkdir()
    path.write_text(
        "Date,Team,Acquired,Relinquished,Notes\n2022-10-20,Suns,Damion Lee,,activated\n"
    )
    (request,) = looking.look()
    assert {day.year for day in days(request)} == {2023}
    looking.carry_out(request)
    assert looking.look() == []


def test_a_file_from_the_future_hides_no_other_that_is_still_coming(looking: Looking) -> None:
    """By another host's clock, an hour ahead; once nothing else is coming it is not waited for."""
    root, sources = looking.home.landing.root, looking.home.sources
    for path in looking.landing.rglob("*.json"):
        os.utime(path, (1, 1))
    ahead = time.time() + 3600
    os.utime(looking.landing / TEAM_LOG, (ahead, ahead))
    assert not listing(root, sources).is_settling(60)
    os.utime(looking.landing / PLAYER_LOG)
    assert listing(root, sources).is_settling(60)


def test_what_takes_long_to_read_is_read_over_several_looks(looking: Looking, monkeypatch) -> None:
    """At least one source and season with each, and nothing is asked for before all is read."""
    monkeypatch.setattr(sensors, "_READING_SECONDS", 0)
    said = []
    while not looking.look():
        said.append(looking.says)
    assert len(said) >= 2
    assert re.fullmatch(r"reading what has landed: \d of \d left", said[0])
    left = [int(text.split(": ")[1][0]) for text in said]
    assert left == sorted(left, reverse=True)
    assert left[-1] == 1


def test_what_a_lease_refused_is_asked_for_once_more_when_it_is_gone(looking: Looking) -> None:
    """While another holds the dates nothing is asked; the refused attempt counts as none."""
    (request,) = looking.look()
    looking.failed(request, "LeaseRefused")
    claim = Claim("nbac_schedule", SECOND, SECOND)
    holder = Holder.here("other", "other")
    grant = looking.home.leases.acquire(holder, [claim], [], purpose="a test", wait=False)
    looking.restart()
    assert looking.look() == []
    assert looking.says.startswith("waiting for run other")
    looking.home.leases.release(grant.id)
    (again,) = looking.look()
    assert again.run_key != request.run_key
    looking.carry_out(again)
    assert looking.look() == []


def test_a_passing_failure_is_tried_again_after_a_pause_and_then_given_up(
    looking: Looking, monkeypatch
) -> None:
    """One retry after five minutes is set; a lost connection is passing."""
    (request,) = looking.look()
    ended = looking.failed(request, "OperationalError")
    looking.restart()
    assert looking.look() == []
    assert "is tried again in" in looking.says
    monkeypatch.setattr("nba_pipeline.automation.run_requests.time.time", lambda: ended + 301)
    (again,) = looking.look()
    looking.failed(again, "OperationalError")
    looking.restart()
    assert looking.look() == []
    assert "failed 2 times" in looking.says


def test_what_cannot_succeed_is_not_tried_again_until_its_files_change(looking: Looking) -> None:
    """A broken rule stays broken; another content is other work."""
    (request,) = looking.look()
    looking.failed(request, "SchemaViolated")
    looking.restart()
    assert looking.look() == []
    assert "failed: SchemaViolated" in looking.says
    rewritten(looking.landing / PLAYER_LOG, one_rebound_more(SECOND))
    assert len(looking.look()) == 1


def test_an_attempt_has_a_key_of_its_own_also_when_an_earlier_one_is_deleted(
    looking: Looking,
) -> None:
    """Dagster makes no run for a key that another has."""
    keys = []
    for attempt in range(3):
        (request,) = looking.look()
        keys.append(request.run_key)
        ended = looking.failed(request, "LeaseRefused")
        looking.restart()
        if attempt == 1:
            first = looking.instance.get_run_records(ascending=True)[0].dagster_run
            looking.instance.delete_run(first.run_id)
    assert ended
    assert len({*keys}) == 3


def test_a_run_that_was_only_interrupted_is_tried_again(looking: Looking, monkeypatch) -> None:
    """As by a service that is started anew; nobody has cancelled it. One in the queue was."""
    (request,) = looking.look()
    run = looking.run_of(request, dg.DagsterRunStatus.NOT_STARTED)
    for kind in ("PIPELINE_START", "PIPELINE_CANCELED"):
        looking.instance.report_dagster_event(dg.DagsterEvent(kind, "job"), run.run_id)
    looking.restart()
    assert looking.look() == []
    assert "is tried again in" in looking.says
    now = looking.instance.get_run_records()[0].end_time or 0.0
    monkeypatch.setattr("nba_pipeline.automation.run_requests.time.time", lambda: now + 301)
    (again,) = looking.look()
    looking.run_of(again, dg.DagsterRunStatus.CANCELED)
    looking.restart()
    assert looking.look() == []
    assert looking.says.startswith("cancelled (")


def test_a_run_whose_process_was_killed_is_marked_and_tried_again(
    looking: Looking, monkeypatch
) -> None:
    """It has no lease that lives; for a minute it may be about to take one."""
    (request,) = looking.look()
    run = looking.run_of(request, dg.DagsterRunStatus.NOT_STARTED)
    looking.instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", "job"), run.run_id)
    looking.restart()
    assert looking.look() == []
    assert looking.says.startswith(f"waiting for run {run.run_id}")
    now = looking.instance.get_run_records()[0].start_time or 0.0
    monkeypatch.setattr("nba_pipeline.automation.run_requests.time.time", lambda: now + 61)
    assert looking.look() == []
    ended = looking.instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status == dg.DagsterRunStatus.FAILURE
    monkeypatch.setattr("nba_pipeline.automation.run_requests.time.time", lambda: now + 400)
    (again,) = looking.look()
    assert again.run_key != request.run_key


def test_a_failure_that_somebody_else_had_is_seen_at_rest(stored: Looking) -> None:
    """A command's disk was full; nothing that decides what is stale has changed by that."""
    assert stored.look(sensors.REPAIR) == stored.look(sensors.REPAIR) == []
    assert stored.says == "nothing has changed"
    reason = {THIRD: "OSError: disk full"}
    stored.lab.warehouse.failures.mark("player_game_shots", reason, "a command")
    (request,) = stored.look(sensors.REPAIR)
    assert (tables(request), days(request)) == (["player_game_shots"], [THIRD])


@pytest.mark.parametrize(
    ("source", "name", "season"),
    [
        ("nba_stats_schedule", "2023-24.json", "2023-24"),
        ("nba_stats_league_game_log_team", "2023-24/2024-01-05.json.gz", "2023-24"),
        ("nba_stats_league_game_log_team", "1999-00.json", EVERY_SEASON),
        ("nba_stats_league_game_log_team", "notes.txt", EVERY_SEASON),
    ],
)
def test_a_path_says_its_season_by_its_name(source: str, name: str, season: str) -> None:
    """A season that the calendar lacks, or a name that says none, may be of any."""
    declared = SOURCES[source]
    assert season_named(declared, f"{declared.place}/{name}") == season


def test_a_listing_changes_with_a_size_a_time_or_a_name_and_not_with_files_being_written(
    looking: Looking,
) -> None:
    """A file that begins with a dot is not there yet; one that has gone is a change."""
    root, sources = looking.home.landing.root, looking.home.sources
    before = listing(root, sources)
    key = ("nba_stats_league_game_log_team", "2023-24")
    (looking.landing / TEAM_LOG).with_name(".2023-24.json").write_text("half of it")
    assert listing(root, sources).changed_since(before.digests) == []
    os.utime(looking.landing / TEAM_LOG, (5, 5))
    assert listing(root, sources).changed_since(before.digests) == [key]
    (looking.landing / TEAM_LOG).unlink()
    assert listing(root, sources).changed_since(before.digests) == [key]
