"""What a partition's fingerprint is of, and which dates are known to be open, from stamps alone."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from nba_pipeline import clock
from nba_pipeline.engine import preconditions
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.meaning import meaning
from nba_pipeline.engine.needs import needs
from nba_pipeline.engine.staleness import RowsOffSeason, Survey
from nba_pipeline.engine.verdicts import checks
from nba_pipeline.kernel.reads import from_season
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.stored import StampsAlone
from nba_pipeline_tests.warehouse.scores import stamp

DAY = date(2024, 1, 10)


def test_a_newly_known_player_changes_the_inputs_of_who_matches_names_from_that_day(
    tmp_path,
) -> None:
    """A list of the tenth names one more: the ninth is as it was, and so is who matches no names."""
    days = [DAY - timedelta(days=1), DAY]
    path = tmp_path / "nba_stats/player_index" / f"{DAY}.json"
    path.parent.mkdir(parents=True)
    names = ("PERSON_ID", "DISPLAY_FIRST_LAST", "TEAM_ID", "TEAM_ABBREVIATION")
    team = (1610612752, "NYK")
    players = [(1628973, "Jalen Brunson", *team), (1628384, "OG Anunoby", *team)]

    def inputs(name: str, known: int) -> dict[date, str]:
        result = {"headers": names, "rowSet": players[:known]}
        path.write_text(json.dumps({"resultSets": [result]}))
        survey = Survey(TABLES, StampsAlone({}), Landing(str(tmp_path)))
        return survey.inputs(TABLES[name], days)

    one, both = inputs("injury_transactions", 1), inputs("injury_transactions", 2)
    assert [day for day in days if one[day] != both[day]] == [DAY]
    assert inputs("nbac_schedule", 1) == inputs("nbac_schedule", 2)


def test_a_date_is_open_for_all_that_is_made_of_it_and_not_for_what_looks_back_on_it(
    tmp_path,
) -> None:
    """The schedule of the tenth has an open game: the store's row of the tenth is not settled."""
    days = [DAY, DAY + timedelta(days=1)]
    stored = {name: {day: stamp(day) for day in days} for name in TABLES}
    stored["nbac_schedule"][DAY] = replace(stamp(DAY), unsettled=("0022300500",))
    looks_back = replace(TABLES["player_similar_games"], reads=from_season("nbac_schedule"))
    tables = TABLES | {looks_back.name: looks_back}
    survey = Survey(tables, StampsAlone(stored), Landing(str(tmp_path)))
    with clock.set_to(datetime(2024, 1, 11, 15, tzinfo=UTC)):
        # The summary reads the schedule itself, the store what was made of it.
        for name in ("player_game_summary", "ml_feature_store_v2"):
            assert survey.unsettled(name) == {DAY: "nbac_schedule has 1 open, such as 0022300500"}
        assert survey.unsettled(looks_back.name) == {}


NOVEMBER, DECEMBER = date(2023, 11, 1), date(2023, 12, 1)


def test_a_month_is_stale_when_another_earlier_model_stands_than_it_was_made_from(
    monkeypatch,
) -> None:
    """One trained before there was one, and one trained beside one that was made again since."""
    table = TABLES["points_model"]
    monkeypatch.setattr(preconditions, "refused", lambda *_: {})

    def survey(**made_from: str) -> Survey:
        months = {"november": NOVEMBER, "december": DECEMBER}
        stamps = {
            months[name]: replace(
                stamp(months[name]),
                code_version=table.version,
                meaning=meaning(table),
                inputs=inputs,
            )
            for name, inputs in made_from.items()
        }
        return Survey(TABLES, StampsAlone({table.name: stamps}), Landing("nowhere"))

    both = [NOVEMBER, DECEMBER]
    alone = survey().inputs(table, [DECEMBER])[DECEMBER]
    together = survey().inputs(table, both, made=both)
    last = together[DECEMBER]
    assert survey(november=together[NOVEMBER], december=last).stale(table, both) == {}
    late = survey(november=together[NOVEMBER], december=alone)
    assert late.stale(table, both) == {DECEMBER: "inputs changed"}
    older = survey(november="older").inputs(table, [DECEMBER])[DECEMBER]
    beside = survey(november="older", december=older)
    # It is as it was made, of what is out of date; who makes the one makes the other.
    assert beside.stale(table, both) == {NOVEMBER: "inputs changed"}
    assert beside.outdated(table.name) == {
        NOVEMBER: "inputs changed",
        DECEMBER: "points_model 2023-11-01: inputs changed",
    }
    assert needs(table, both, beside).stale == {
        NOVEMBER: "inputs changed",
        DECEMBER: "points_model 2023-11-01 would change",
    }
    assert needs(table, [DECEMBER], beside).stale == {}
    assert list(needs(table, both, beside, is_request=False).stale) == [NOVEMBER]
    missing = survey(december=alone)
    assert missing.outdated(table.name) == {}
    assert [*needs(table, both, missing).stale] == both
    anew = survey(november=together[NOVEMBER], december=older)
    assert anew.stale(table, [DECEMBER]) == {DECEMBER: "inputs changed"}
    # A later one is nothing to an earlier one.
    assert survey(december=last).inputs(table, [NOVEMBER])[NOVEMBER] == together[NOVEMBER]
    assert survey(december=last).first_behind(table, [NOVEMBER], [DECEMBER]) == {}


LAST = date(2024, 6, 17)
AFTER = LAST + timedelta(days=1)


@pytest.mark.parametrize(
    ("name", "rows"), [("player_game_summary", 0), ("nbac_schedule", 0), ("injury_transactions", 3)]
)
def test_a_stored_date_after_the_season_s_end_is_left_out(tmp_path, name, rows) -> None:
    """The season turns out to end on June 17: the day after has no game, whatever else is told of it."""
    shares = {share.__name__: (1, 1) for share in TABLES[name].shares}
    days = [LAST, AFTER, date(2024, 10, 22)]
    told = {day: replace(stamp(day, rows=0), shares=shares) for day in days}
    told[AFTER] = replace(told[AFTER], row_count=rows)
    survey = Survey(TABLES, StampsAlone({name: told}), Landing(str(tmp_path)))
    assert [*survey.stamps(name)] == [LAST, date(2024, 10, 22)]
    assert AFTER not in survey.outdated("player_daily_cache")
    verdicts = checks(TABLES[name], [LAST], told)
    assert {check.day for check in verdicts} == {LAST}


def test_a_game_that_is_stored_after_the_season_s_end_is_named(tmp_path) -> None:
    """Left out it would be missing without a word: the error has table, date and the setting."""
    told = {day: stamp(day) for day in (LAST, AFTER, AFTER + timedelta(days=2))}
    survey = Survey(TABLES, StampsAlone({"nbac_schedule": told}), Landing(str(tmp_path)))
    says = r"nbac_schedule has 1 rows on 2024-06-18, .* NBA_PIPELINE_SEASONS=.* to 2024-06-20"
    with pytest.raises(RowsOffSeason, match=says):
        survey.outdated("player_game_summary")


def test_a_zone_that_is_away_changes_nothing_that_anybody_can_tell(tmp_path) -> None:
    """What is stored of its files is out of date since it is away, and not since they changed."""
    table, away = TABLES["nbac_player_list"], tmp_path / "away"
    of_then = replace(stamp(DAY, version=table.version), meaning=meaning(table))
    stored = StampsAlone({table.name: {DAY: of_then}})
    survey = Survey(TABLES, stored, Landing(str(away)))
    assert survey.outdated(table.name) == {DAY: f"there is no landing zone at {away}"}
    away.mkdir()
    (away / "notes.txt").write_text("of no source")
    survey = Survey(TABLES, stored, Landing(str(away)))
    assert survey.outdated(table.name) == {DAY: "inputs changed"}
