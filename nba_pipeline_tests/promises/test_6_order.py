"""Nothing is computed from an upstream that is missing, failed or blocked, but by a named bypass."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from nba_pipeline.backfill.planner import repairs
from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import USAGE_RATE_COVERAGE
from nba_pipeline_tests.conftest import RAW, Lab, with_upstream
from nba_pipeline_tests.league_files import SCHEDULE, TEAM_LOG, damaged, lines

FIRST = date(2023, 10, 24)
AFTER = ["upcoming_player_game_context", "player_daily_cache", "ml_feature_store_v2"]
SUMMARIES = [name for name in with_upstream(AFTER[-1]) if name not in (*RAW, *AFTER)]


def day(number: int) -> date:
    """The season's day of that number, from 0."""
    return FIRST + timedelta(days=number)


@pytest.fixture
def lab(tmp_path) -> Lab:
    """A tiny league, nothing computed."""
    landing = tmp_path / "source"
    write_landing(landing, League(teams=4, days=12, rest=0.0, seed=3))
    return Lab(tmp_path, landing)


@pytest.fixture(scope="module")
def three_days(tmp_path_factory) -> Path:
    """The same with the summaries of days 0 to 2; no test changes it."""
    folder = tmp_path_factory.mktemp("three_days")
    write_landing(folder / "source", League(teams=4, days=12, rest=0.0, seed=3))
    Lab(folder, folder / "source").compute([*RAW, *SUMMARIES], day(0), day(2))
    return folder


@pytest.fixture
def stored(three_days, tmp_path) -> Lab:
    """A copy of it."""
    shutil.copytree(three_days, tmp_path, dirs_exist_ok=True)
    return Lab(tmp_path, tmp_path / "source", token=10)


def test_a_missing_date_upstream_refuses_what_reads_it(stored) -> None:
    """Day 3 was never computed: its own summary and every later window are refused, by name."""
    stored.compute(RAW, day(4), day(5))
    done = stored.compute([*SUMMARIES, *AFTER], day(3), day(5))
    assert set(done["team_offense_game_summary"].refused) == {day(3)}
    assert done["team_offense_game_summary"].replaced.written == (day(4), day(5))
    context = done["upcoming_team_game_context"].refused
    assert set(context) == {day(3), day(4), day(5)}
    assert context[day(4)] == (
        f"nbac_schedule has no partition {day(3)}; nba-pipeline backfill "
        f"--from {day(3)} --to {day(3)} computes what is missing; what will never be there is done "
        "without by --bypass upstream_missing --reason"
    )
    assert set(done["upcoming_player_game_context"].refused) == {day(3), day(4), day(5)}
    assert set(done["player_daily_cache"].refused) == {day(3), day(4), day(5)}


def test_a_bypass_by_name_lets_it_pass_and_stays_on_every_row_made_from_it(stored) -> None:
    """The reason is on the rows, and on those that are made from them later without a bypass."""
    lab = stored
    lab.compute([*RAW, *SUMMARIES], day(4), day(5))
    lab.compute([*RAW, "upcoming_team_game_context"], day(3), day(5))
    allowed = (Bypass("upstream_missing", "the arena burnt down"),)
    done = lab.compute([AFTER[0]], day(5), day(5), bypasses=allowed)
    assert done[AFTER[0]].refused == {}
    rows = lab.rows(AFTER[0], game_date=day(5))
    assert {row["bypass"] for row in rows} == {"upstream_missing: the arena burnt down"}
    other = (Bypass("usage_rate_coverage", "does not help"),)
    assert set(lab.compute([AFTER[0]], day(4), day(4), bypasses=other)[AFTER[0]].refused) == {
        day(4)
    }
    # Day 3 comes after all; what was made under the bypass still says so until it is made again.
    lab.compute([*RAW, *SUMMARIES], day(3), day(3))
    lab.compute([AFTER[0]], day(0), day(4))
    stale = lab.compute([AFTER[1]], day(5), day(5))[AFTER[1]].refused[day(5)]
    assert stale == f"{AFTER[0]} {day(5)} is out of date: inputs changed"
    seen = (Bypass("upstream_stale", "the rows of this morning"),)
    lab.compute([AFTER[1]], day(5), day(5), bypasses=seen)
    inherited = lab.rows(AFTER[1], game_date=day(5))
    assert {row["bypass"] for row in inherited} == {
        "upstream_missing: the arena burnt down; upstream_stale: the rows of this morning"
    }
    lab.compute(AFTER[:2], day(5), day(5))
    assert {row["bypass"] for row in lab.rows(AFTER[1], game_date=day(5))} == {None}


def test_a_bypass_goes_with_what_was_bypassed_and_takes_what_inherited_it_along(tmp_path) -> None:
    """Day 1, without a game, comes after all: no value changes, and repair clears what still says so.

    Day 2 is without a game too: its bypass is on its stamp alone.
    """
    landing = tmp_path / "source"
    write_landing(landing, League(teams=4, days=12, rest=0.0, seed=3, off_days=(1, 2)))
    tables = [*RAW, *SUMMARIES, AFTER[0]]
    lab = Lab(tmp_path, landing)
    lab.compute(tables, day(0), day(0))
    allowed = (Bypass("upstream_missing", "no game; nobody has asked"),)
    lab.compute(tables, day(2), day(3), bypasses=allowed)

    def marked() -> set[tuple[str, date]]:
        return {(n, d) for n in tables for d, s in lab.warehouse.stamps(n).items() if s.bypass}

    def out_of_date() -> set[tuple[str, date]]:
        survey = Survey(TABLES, lab.warehouse, lab.landing)
        return {(name, d) for name in tables for d in survey.outdated(name)}

    assert {(AFTER[0], day(2)), (AFTER[0], day(3))} <= marked()
    assert out_of_date() == set()
    lab.compute(tables, day(1), day(1))
    assert out_of_date() == marked()
    survey = Survey(TABLES, lab.warehouse, lab.landing)
    request = repairs([TABLES[name] for name in tables], survey, retrain=False)
    assert request is not None
    done = lab.compute(tables, request.first, request.last, only_stored=request.only_stored)
    assert not any(computed.refused for computed in done.values())
    assert marked() == out_of_date() == set()
    (tmp_path / "never").mkdir()
    never = Lab(tmp_path / "never", landing)
    never.compute(tables, day(0), day(3))
    for name in tables:
        assert lab.rows(name) == never.rows(name)


def test_a_failed_date_upstream_refuses_until_it_succeeds(stored) -> None:
    """A broken schedule refuses its dates; the rows of before do not pass for today's."""
    lab = stored
    path = lab.landing_folder / SCHEDULE
    whole = path.read_text()
    path.write_text(whole[:5000])
    done = lab.compute(["nbac_schedule"], day(1), day(2))
    assert set(done["nbac_schedule"].refused) == {day(1), day(2)}
    done = lab.compute(["team_offense_game_summary"], day(0), day(2), force=True)
    refused = done["team_offense_game_summary"].refused
    # Day 0 did not fail: its file is another one than it was stored from.
    assert set(refused) == {day(0), day(1), day(2)}
    assert refused[day(0)] == f"nbac_schedule {day(0)} is out of date: inputs changed"
    assert refused[day(1)].startswith(f"nbac_schedule {day(1)} failed: unreadable_file: {SCHEDULE}")
    allowed = tuple(
        Bypass(name, "the schedule of then will do")
        for name in ("upstream_failed", "upstream_stale")
    )
    done = lab.compute(["team_offense_game_summary"], day(1), day(1), force=True, bypasses=allowed)
    assert done["team_offense_game_summary"].refused == {}
    # Put back as it was, what is stored is current again: an attempt that failed meanwhile is moot.
    path.write_text(whole)
    done = lab.compute(["team_offense_game_summary"], day(0), day(2), force=True)
    assert done["team_offense_game_summary"].refused == {}


def test_what_is_refused_stops_what_comes_after_though_older_rows_are_there(lab) -> None:
    """A context that may not be made again is not read as it was."""
    lab.compute([*RAW, *SUMMARIES, *AFTER], day(0), day(6))

    def halve(rows) -> None:
        rows[:] = [row for row in rows if row["GAME_DATE"] > str(day(1))]

    hurt = Lab(lab.folder, damaged(lab.landing_folder, lab.folder, TEAM_LOG, halve), token=50)
    done = hurt.compute([*RAW, *SUMMARIES, *AFTER], day(0), day(6))
    assert day(3) in done[AFTER[0]].refused
    told = done[AFTER[1]].refused[day(3)]
    assert told.startswith(f"{AFTER[0]} {day(3)} failed: player_game_summary is blocked")


def test_usage_below_its_share_stops_all_that_follows_and_says_everything(lab) -> None:
    """Half of the team lines of the first days are gone: the check, share, threshold, gaps."""
    lost = [r for r in lines(lab.landing_folder, TEAM_LOG) if r["GAME_DATE"] <= str(day(3))][::2]
    keys = {(r["GAME_ID"], r["TEAM_ABBREVIATION"]) for r in lost}

    def cut(rows) -> None:
        rows[:] = [r for r in rows if (r["GAME_ID"], r["TEAM_ABBREVIATION"]) not in keys]

    hurt = Lab(lab.folder, damaged(lab.landing_folder, lab.folder, TEAM_LOG, cut))
    done = hurt.compute([*RAW, *SUMMARIES, *AFTER], day(0), day(6))
    rows = [r for r in hurt.rows("player_game_summary") if r["minutes"] >= 1]
    until = [r for r in rows if r["game_date"] <= day(3)]
    known = sum(r["usage_rate"] is not None for r in until)
    refused = done[AFTER[0]].refused
    assert set(refused) == {day(number) for number in range(1, 7)}
    told = refused[day(4)]
    assert f"usage_rate_coverage is {known / len(until):.1%} ({known} of {len(until)})" in told
    assert f"the least is 95%: {USAGE_RATE_COVERAGE.reason}" in told
    assert "root gaps: " + min(r["gap_id"] for r in hurt.rows("data_gaps")) in told
    allowed = (Bypass("usage_rate_coverage", "seen and accepted"),)
    passed = hurt.compute([*SUMMARIES, *AFTER], day(0), day(6), bypasses=allowed)
    assert {name: computed.refused for name, computed in passed.items() if computed.refused} == {}
    made = hurt.rows("ml_feature_store_v2", game_date=day(6))
    assert len(made) > 0
    assert {row["bypass"] for row in made} == {"usage_rate_coverage: seen and accepted"}
    assert json.dumps([row["gap_ids"] for row in made]).count("nbac_team_boxscore") > len(made)
