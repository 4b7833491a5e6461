"""What a repair reaches."""

from dataclasses import replace

from nba_pipeline.backfill.planner import repairs
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import LAST

MODEL = "points_model"


def test_a_model_trained_again_takes_every_date_along_that_it_serves(league) -> None:
    """Newer code of the model alone: to the last predicted date, not to its month's first."""
    newer = replace(TABLES[MODEL], version=TABLES[MODEL].version + 1)
    survey = Survey({**TABLES, MODEL: newer}, league.warehouse, league.landing)
    tables = list(survey.tables.values())
    request = repairs(tables, survey, retrain=True)
    assert request is not None
    assert max(survey.outdated(MODEL)) < LAST == request.last
    assert repairs(tables, survey, retrain=False) is None
