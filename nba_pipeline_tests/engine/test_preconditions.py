"""What must hold upstream, of dates that are asked together and of each alone."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from nba_pipeline.engine.bypass import Bypass, outlived
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.needs import needs
from nba_pipeline.engine.preconditions import UPSTREAM_MISSING, refused
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.league import calendar
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.stored import StampsAlone
from nba_pipeline_tests.warehouse.scores import stamp

TABLE = TABLES["upcoming_player_game_context"]
BEFORE, SEASON = calendar.season("2022-23"), calendar.season("2023-24")
STORED = SEASON.days()[:20]
DAY = STORED[10]
FAILED = {"points_model": {DAY.replace(day=1): "training gate: readiness"}}
BYPASS = Bypass(UPSTREAM_MISSING, "the first season that there is")


@pytest.fixture
def survey(monkeypatch) -> Survey:
    """All that the table reads, of one season's first days; of the season before there is nothing."""
    monkeypatch.setattr(Survey, "outdated", lambda *_: {})
    names = {read.table for read in TABLE.reads}
    stored = {
        name: {day: replace(stamp(day), code_version=TABLES[name].version) for day in STORED}
        for name in names
    }
    own = {
        day: replace(stamp(day), code_version=TABLE.version, bypass=str(BYPASS)) for day in STORED
    }
    return Survey(TABLES, StampsAlone(stored | {TABLE.name: own}), Landing("nowhere"))


def test_a_date_of_a_season_that_is_not_there_refuses_no_date_of_the_next(survey) -> None:
    """A range that begins on the season before's last day: that day alone is refused."""
    assert refused(TABLE, [DAY], survey) == {}
    assert list(refused(TABLE, [BEFORE.last, DAY], survey)) == [BEFORE.last]


def test_a_season_between_two_that_are_there_is_missed(survey) -> None:
    """Nothing of it was ever made; the one before it was begun."""
    first = calendar.season("2021-22").last
    survey.warehouse.stamps("player_game_summary")[first] = stamp(first)
    told = refused(TABLES["upcoming_player_game_context"], [DAY], survey)[DAY]
    assert told.startswith(f"player_game_summary has no partition {BEFORE.first} nor 237 others")


def test_a_date_that_waits_for_a_refused_one_is_told_why_that_was_refused(survey) -> None:
    """The command that fills it would be refused for the same until that is mended."""
    name = "player_game_summary"
    missing = STORED[5]
    del survey.warehouse.stamps(name)[missing]
    told = refused(TABLE, [DAY], survey)[DAY]
    assert f"backfill --from {missing} --to {missing} computes what is missing" in told
    survey.warehouse.failures = SimpleNamespace(of=lambda _name: {missing: "usage is blocked"})
    survey.forget(name)
    told = refused(TABLE, [DAY], survey)[DAY]
    assert f"has no partition {missing}; it was refused or failed: usage is blocked" in told
    assert f"when that is mended, nba-pipeline backfill --from {missing} --to {missing}" in told


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_model_that_was_retrained_in_vain_serves_on(survey, is_stored) -> None:
    """As a stale one does; where there is none the month's dates are refused."""
    table, month = TABLES["player_prop_predictions"], DAY.replace(day=1)
    stamps = {
        read.table: {day: stamp(day) for day in STORED}
        for read in table.reads
        if survey.tables[read.table].partitions == "daily"
    }
    if is_stored:
        stamps["points_model"] = {month: stamp(month)}
    warehouse = StampsAlone(stamps)
    warehouse.failures = SimpleNamespace(of=lambda name: FAILED.get(name, {}), marks=list)
    found = refused(table, [DAY], Survey(TABLES, warehouse, Landing("nowhere")))
    assert list(found) == ([] if is_stored else [DAY])


def test_no_date_is_bypassed_for_another_one(survey) -> None:
    """Nor is what a bypass let through still in need of it, since others are."""
    found = needs(TABLE, [BEFORE.last, DAY], survey, bypasses=[BYPASS], force=True)
    assert found.bypassed == {BEFORE.last}
    assert outlived(TABLE, [DAY], survey) == outlived(TABLE, STORED, survey)[10:11] == [DAY]


def test_a_season_that_is_begun_is_missed_whole_by_the_next(survey) -> None:
    """Once a date of it is stored, every later date wants the others."""
    stamps = survey.warehouse.stamps("player_game_summary")
    stamps[BEFORE.last] = replace(stamp(BEFORE.last), code_version=99)
    told = refused(TABLE, [DAY], survey)[DAY]
    assert told.startswith(f"player_game_summary has no partition {BEFORE.first} nor 236 others")
