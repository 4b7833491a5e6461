"""Which warehouse the settings name."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from nba_pipeline.google_cloud import require_google_cloud
from nba_pipeline.settings import Settings
from nba_pipeline.warehouse.protocol import Warehouse

_GIGABYTE = 10**9


class OfPhase(Protocol):
    """A table, as far as a warehouse has to know it."""

    @property
    def phase(self) -> int:
        """The phase whose tables it is kept with."""


Tables = Callable[[], Mapping[str, OfPhase]]
"""Gives the tables by name; only some warehouses ask, and finding all tables takes half a second."""


def open_warehouse(settings: Settings, engine: sa.Engine, tables: Tables) -> Warehouse:
    """The warehouse of the installation.

    Args:
        settings: name it.
        engine: the coordination store.
        tables: gives all tables.

    Raises:
        WrongRequest: it cannot be opened; the message says what to set or install.
    """
    kind, _, place = settings.warehouse_place.partition(":")
    if kind == "bigquery":
        return _bigquery(settings, place, engine, tables)
    # One of the two is needed, and each takes a second to import.
    from nba_pipeline.warehouse.delta import DeltaWarehouse  # noqa: PLC0415

    return DeltaWarehouse(Path(place), engine, settings.duckdb_threads)


def _bigquery(settings: Settings, project: str, engine: sa.Engine, tables: Tables) -> Warehouse:
    require_google_cloud(
        f"NBA_PIPELINE_WAREHOUSE=bigquery:{project}", "NBA_PIPELINE_WAREHOUSE=delta:<folder>"
    )
    from dagster_gcp import BigQueryResource  # noqa: PLC0415  part of the extra gcp

    from nba_pipeline.warehouse.bigquery import BigQueryWarehouse  # noqa: PLC0415

    resource = BigQueryResource(project=project, location=settings.bigquery_location or None)
    with resource.get_client() as client:
        phases = {name: table.phase for name, table in tables().items()}
        maximum = int(settings.bigquery_maximum_gigabytes * _GIGABYTE)
        return BigQueryWarehouse(client, engine, phases, maximum)
