"""An asset says where its rows are, and whether what it is refused may be put right."""

from datetime import date

import dagster as dg
import pytest

from nba_pipeline.engine.compute import Computed
from nba_pipeline.orchestration.asset import RefusedMeanwhile, _refusal, kinds_of, table_definition
from nba_pipeline.settings import Settings
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.protocol import Replaced


@pytest.mark.parametrize(
    ("warehouse", "kinds"),
    [
        ("", {"delta", "duckdb"}),
        ("delta:/tables", {"delta", "duckdb"}),
        ("bigquery:p", {"bigquery"}),
    ],
)
def test_its_kinds_are_those_of_the_warehouse_that_is_set(monkeypatch, warehouse, kinds) -> None:
    """Read where definitions load."""
    monkeypatch.setenv("NBA_PIPELINE_WAREHOUSE", warehouse)
    (spec,) = table_definition(TABLES["nbac_schedule"], kinds_of(Settings())).specs
    assert spec.kinds == kinds


@pytest.mark.parametrize(("gated", "kind"), [({2}, dg.Failure), (set(), RefusedMeanwhile)])
def test_what_its_own_gate_refuses_is_not_refused_meanwhile(gated, kind) -> None:
    """Beside a date that waits for another too: the same would be refused again."""
    november, december = date(2023, 11, 1), date(2023, 12, 1)
    refused = {november: "nbac_schedule has no partition", december: "coverage 71%"}
    months = frozenset({december} if gated else ())
    computed = Computed(Replaced((), (), 0), (), refused, {}, months)
    error = _refusal(TABLES["points_model"], computed)
    assert type(error) is kind
    assert "points_model: 2 dates from 2023-11-01 to 2023-12-01 are refused" in error.description
