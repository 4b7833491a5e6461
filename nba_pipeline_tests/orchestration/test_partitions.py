"""How Dagster's partitions hang together: what a backfill comprises and in which order."""

import time

import dagster as dg
import pytest
from dagster._core.execution.asset_backfill import AssetBackfillData

from nba_pipeline.definitions import defs
from nba_pipeline.orchestration import partitions
from nba_pipeline.tables import TABLES

GRAPH = defs.resolve_asset_graph()
MODEL, FEATURES = dg.AssetKey("points_model"), dg.AssetKey("ml_feature_store_v2")
RESULTS, PREDICTIONS = dg.AssetKey("player_game_summary"), dg.AssetKey("player_prop_predictions")


def _upstream(child: dg.AssetKey, parent: dg.AssetKey, key: str) -> list[str]:
    """The parent's partitions on which the child's depends."""
    definition = GRAPH.get(child).partitions_def
    found = GRAPH.get_partition_mapping(
        child, parent
    ).get_upstream_mapped_partitions_result_for_partitions(
        definition.subset_with_partition_keys([key]), definition, GRAPH.get(parent).partitions_def
    )
    return sorted(found.partitions_subset.get_partition_keys())


@pytest.mark.parametrize("parent", [FEATURES, RESULTS])
def test_a_months_model_depends_on_what_was_before_the_month(parent: dg.AssetKey) -> None:
    """January's on December's days, and on none of its own."""
    days = _upstream(MODEL, parent, "2024-01-01")
    assert days == [f"2023-12-{day:02}" for day in range(1, 32)]
    # The month with games before October is June.
    june = [f"2023-06-{day:02}" for day in range(1, 13)]
    assert _upstream(MODEL, parent, "2023-10-01") == june


def test_predictions_depend_on_their_own_months_model() -> None:
    """Whatever the day of the month."""
    assert _upstream(PREDICTIONS, MODEL, "2024-01-31") == ["2024-01-01"]
    assert _upstream(PREDICTIONS, FEATURES, "2024-01-31") == ["2024-01-31"]


@pytest.mark.parametrize(
    ("days", "months"),
    [
        ([f"2023-11-{day:02}" for day in range(5, 15)], ["2023-11-01", "2023-12-01"]),
        ([f"2023-06-{day:02}" for day in range(1, 13)], ["2023-06-01", "2023-10-01"]),
        (["2023-12-31", "2024-01-01"], ["2023-12-01", "2024-01-01", "2024-02-01"]),
    ],
)
def test_a_backfill_of_some_dates_is_those_dates_their_months_and_the_next(
    days: list[str], months: list[str]
) -> None:
    """Their months' models predict them, and the next is made from them; no later date or month."""
    with dg.DagsterInstance.ephemeral() as instance:
        planned = AssetBackfillData.from_asset_partitions(
            GRAPH, days, [dg.AssetKey(n) for n in TABLES], instance, time.time(), False
        )
    for name, table in TABLES.items():
        subset = planned.target_subset.get_partitions_subset(dg.AssetKey(name))
        wanted = days if table.partitions == "daily" else months
        assert sorted(subset.get_partition_keys()) == wanted, name


def test_every_day_is_in_a_month() -> None:
    """No date's predictions wait for a month that is no partition."""
    months = set(partitions.monthly().get_partition_keys())
    assert {f"{day[:7]}-01" for day in partitions.daily().get_partition_keys()} <= months
