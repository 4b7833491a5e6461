"""What a plan foresees and what a repair reaches."""

from dataclasses import replace
from datetime import date, timedelta

from nba_pipeline.backfill.planner import (
    PlannedTable,
    Request,
    grading,
    groups,
    parts,
    plan,
    repairs,
)
from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.needs import needs
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import LAST, RAW
from nba_pipeline_tests.stored import Changed, StampsAlone
from nba_pipeline_tests.warehouse.scores import stamp

MODEL = "points_model"


def test_tables_of_days_and_of_months_that_do_not_read_one_another_run_apart() -> None:
    """Or the days would begin with the month; all tables together are three runs."""

    def named(*names: str) -> list[list[str]]:
        return [[table.name for table in g] for g in groups([TABLES[name] for name in names])]

    assert sorted(named("player_daily_cache", MODEL)) == [["player_daily_cache"], [MODEL]]
    assert [group[-1] for group in named(*TABLES)] == [
        "player_similar_games",
        MODEL,
        "prediction_accuracy",
        "system_performance",
    ]


def test_the_first_month_of_all_may_begin_before_its_season(league) -> None:
    """In October 2015, of which nothing is stored."""
    day = date(2015, 10, 28)
    found = _planned(league, day, day)[MODEL]
    assert set(found.stale) == {date(2015, 10, 1)}


def test_a_model_trained_again_takes_every_date_along_that_it_serves(league) -> None:
    """Newer code of the model alone: to the last predicted date, not to its month's first."""
    newer = replace(TABLES[MODEL], version=TABLES[MODEL].version + 1)
    survey = Survey({**TABLES, MODEL: newer}, league.warehouse, league.landing)
    tables = list(survey.tables.values())
    request = repairs(tables, survey, retrain=True)
    assert request is not None
    assert max(survey.outdated(MODEL)) < LAST == request.last
    assert repairs(tables, survey, retrain=False) is None


def _planned(league, first, last) -> dict[str, PlannedTable]:
    survey = Survey(TABLES, league.warehouse, league.landing)
    return {
        line.table.name: line for line in plan(Request(tuple(TABLES.values()), first, last), survey)
    }


def test_a_date_behind_a_hole_is_planned_as_it_will_be_refused(league) -> None:
    """The day after the first that is not stored: its raw tables alone can be computed."""
    hole, day = LAST + timedelta(days=1), LAST + timedelta(days=2)
    found = _planned(league, day, day)
    assert [name for name in RAW if found[name].refused] == []
    why = found["upcoming_team_game_context"].refused[day]
    assert f"has no partition {hole}" in why
    assert found["player_daily_cache"].refused == {
        day: f"upcoming_player_game_context has no partition {day}"
    }
    whole = _planned(league, hole, day)
    assert {name for name, line in whole.items() if line.refused} == set()
    assert whole["ml_feature_store_v2"].stale.keys() == {hole, day}


class _Tried(Survey):
    """What is stored, and one date that was tried behind a hole."""

    day = LAST + timedelta(days=2)

    def failed(self, name: str) -> dict[date, str]:
        """As a run leaves it that asked for the date alone."""
        return {self.day: "refused"} if name in self.tried else {}

    def refused(self, name: str) -> set[date]:
        """It was."""
        return {*self.failed(name)} - self.begun

    tried: frozenset[str] = frozenset()
    begun: frozenset[date] = frozenset()


def test_a_date_that_waits_for_what_was_never_computed_is_not_repaired(league) -> None:
    """One that can be computed now is."""
    survey = _Tried(TABLES, league.warehouse, league.landing)
    tables = list(TABLES.values())
    survey.tried = frozenset({"player_daily_cache", "ml_feature_store_v2"})
    assert repairs(tables, survey, retrain=False) is None
    survey.tried = frozenset({"nbac_schedule"})
    request = repairs(tables, survey, retrain=False)
    assert request is not None
    assert (request.first, request.last) == (survey.day, survey.day)


def test_a_date_that_was_refused_and_can_be_computed_now_comes_with_a_later_one(league) -> None:
    """One that waits for what was never computed does not, nor one that was begun.

    What is before all that is stored comes within its season alone.
    """
    survey = _Tried(TABLES, league.warehouse, league.landing)
    later = survey.day + timedelta(days=1)
    request = Request((TABLES["ml_feature_store_v2"],), later, later)
    survey.tried = frozenset({"player_daily_cache"})
    assert [(part.first, part.last) for part in parts(request, survey)] == [(later, later)]
    survey.tried = frozenset({"nbac_schedule", "player_daily_cache"})
    first, own = parts(request, survey)
    assert [table.name for table in first.tables] == ["nbac_schedule"]
    assert (first.first, first.last, own.first) == (survey.day, survey.day, later)
    survey.begun = frozenset({survey.day})
    assert [(part.first, part.last) for part in parts(request, survey)] == [(later, later)]
    survey.begun, survey.day = frozenset(), date(2022, 11, 1)
    assert [(part.first, part.last) for part in parts(request, survey)] == [(later, later)]


def test_the_first_morning_of_all_was_refused_and_comes_with_the_next(league) -> None:
    """Nothing is stored of its tables, or what came after it."""
    first, second = date(2023, 10, 24), date(2023, 10, 25)
    request = Request((TABLES["player_daily_cache"],), second, second)
    for stored in ({}, {"nbac_schedule": {second: stamp(second)}}):
        survey = _Tried(TABLES, StampsAlone(stored), league.landing)
        survey.day, survey.tried = first, frozenset({"nbac_schedule"})
        made_up, own = parts(request, survey)
        assert [table.name for table in made_up.tables] == ["nbac_schedule"]
        assert (made_up.first, made_up.last, own.first) == (first, first, second)


def test_a_date_whose_file_is_still_not_there_is_neither_repaired_nor_taken_along(tmp_path) -> None:
    """As of a year that was mistyped: it would be refused again for the same."""
    day = date(2023, 10, 24)
    survey = _Tried(TABLES, StampsAlone({}), Landing(str(tmp_path)))
    survey.day, survey.tried = day, frozenset({"nbac_schedule"})
    assert repairs(list(TABLES.values()), survey, retrain=False) is None
    later = day + timedelta(days=1)
    request = Request((TABLES["player_daily_cache"],), later, later)
    assert [(part.first, part.last) for part in parts(request, survey)] == [(later, later)]


def test_a_bypass_makes_no_other_date_than_what_it_was_given_for(league) -> None:
    """Of dates that come along those that were refused stay so; it is for what was asked for."""
    survey = _Tried(TABLES, league.warehouse, league.landing)
    table, hole = TABLES["ml_feature_store_v2"], LAST + timedelta(days=1)
    survey.tried = frozenset({table.name})
    bypasses = (Bypass("upstream_missing", "for another date"),)
    along = needs(
        table, [LAST, survey.day], survey, bypasses=bypasses, only_stored=True, force=True
    )
    assert along.stale.keys() == {LAST}
    assert hole not in survey.stamps(table.name)
    asked = needs(table, [survey.day], survey, bypasses=bypasses)
    assert (asked.ready, asked.bypassed) == ([survey.day], {survey.day})


def test_what_is_out_of_date_on_the_date_itself_is_taken_along_and_the_plan_says_so(league) -> None:
    """The store of a date whose cache has changed: first the cache, then the store, none refused."""
    survey = Changed(TABLES, league.warehouse, league.landing)
    survey.changed = {"player_daily_cache": [LAST]}
    request = Request((TABLES["ml_feature_store_v2"],), LAST, LAST)
    (part,) = parts(request, survey)
    assert [table.name for table in part.tables] == ["player_daily_cache", "ml_feature_store_v2"]
    assert (part.first, part.last, part.only_stored) == (LAST, LAST, {"player_daily_cache"})
    told = [
        (line.table.name, line.is_taken_along, dict(line.stale), dict(line.refused))
        for line in plan(request, survey)
    ]
    assert told == [
        ("player_daily_cache", True, {LAST: "inputs changed"}, {}),
        ("ml_feature_store_v2", False, {LAST: "player_daily_cache would change"}, {}),
    ]


def test_grades_take_along_what_was_said_where_a_run_ended_before_it_was_kept(league) -> None:
    """Of a date that is predicted; of one that is not there is nothing to keep."""
    survey, book = _New(TABLES, league.warehouse, league.landing), "predictions_made"
    assert book not in grading(survey, LAST)
    survey.new = frozenset({book})
    assert book in grading(survey, LAST)
    survey.new = frozenset({book, "player_prop_predictions"})
    assert book not in grading(survey, LAST)


def test_an_older_date_that_is_looked_back_on_comes_first(league) -> None:
    """The offence of two days before, and the defence made of it; on LAST itself what is made of them."""
    survey, before = Changed(TABLES, league.warehouse, league.landing), LAST - timedelta(days=2)
    survey.changed = {"team_offense_game_summary": [before]}
    first, own = parts(Request((TABLES["ml_feature_store_v2"],), LAST, LAST), survey)
    assert (first.first, first.last, own.first, own.last) == (before, before, LAST, LAST)
    assert first.only_stored == {"team_offense_game_summary", "team_defense_game_summary"}
    assert own.only_stored == {
        *("player_daily_cache", "team_defense_zone_analysis", "player_composite_factors"),
    }


class _New(Changed):
    """What is stored, but for tables that are new in the code."""

    new: frozenset[str] = frozenset()

    def stamps(self, name: str):
        """None of a new table."""
        return {} if name in self.new else super().stamps(name)


def test_a_table_that_is_new_in_the_code_is_filled_where_a_date_looks_back_on_what_is_made_of_it(
    league,
) -> None:
    """Every stored date that is made from it is out of date, and it is owed on each of them."""
    survey, name = _New(TABLES, league.warehouse, league.landing), "shot_sources"
    survey.new = frozenset({name})
    daily = tuple(table for table in survey.tables.values() if table.partitions == "daily")
    told = plan(Request(daily, LAST, LAST), survey)
    assert {line.table.name: line.refused for line in told if line.refused} == {}
    along, own = (line for line in told if line.table.name == name)
    owed = {day: "missing" for day in survey.stamps("data_gaps") if day < LAST}
    assert (dict(along.stale), dict(own.stale)) == (owed, {LAST: "missing"})
