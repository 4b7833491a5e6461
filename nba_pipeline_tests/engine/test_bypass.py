"""Whose rows inherit a bypass, from stamps alone."""

from dataclasses import replace
from datetime import date

from nba_pipeline.engine.bypass import inherited
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.reads import from_previous_season, same_date
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.stored import StampsAlone
from nba_pipeline_tests.warehouse.scores import stamp


def test_a_day_inherits_the_bypasses_of_what_it_reads_and_no_others() -> None:
    """Looked back on are this season and the one before; of the schedule the day's own alone is read."""
    of_spring, of_fall, of_then = (
        *("upstream_missing: a flood", "upstream_stale: in a hurry; late"),
        "upstream_unsettled: a long night",
    )
    marked = {
        "player_game_summary": {
            date(2023, 4, 1): of_spring,
            date(2023, 11, 1): f"{of_spring}; {of_fall}",
        },
        "nbac_schedule": {date(2023, 11, 2): of_then},
    }
    stored = {
        name: {day: replace(stamp(day), bypass=text) for day, text in days.items()}
        for name, days in marked.items()
    }
    reads = (*from_previous_season("player_game_summary"), *same_date("nbac_schedule"))
    table = replace(TABLES["player_similar_games"], reads=reads)
    expected = {
        date(2023, 4, 1): set(),
        date(2023, 4, 2): {of_spring},
        date(2023, 11, 1): {of_spring},
        date(2023, 11, 2): {of_spring, of_fall, of_then},
        date(2023, 11, 3): {of_spring, of_fall},
        date(2024, 11, 1): {of_spring, of_fall},
        date(2025, 11, 1): set(),
    }
    survey = Survey(TABLES, StampsAlone(stored), Landing("nowhere"))
    assert inherited(table, list(expected), survey) == expected
