"""An asset says where its rows are."""

import pytest

from nba_pipeline.orchestration.asset import table_definition
from nba_pipeline.tables import TABLES


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
    (spec,) = table_definition(TABLES["nbac_schedule"]).specs
    assert spec.kinds == kinds
