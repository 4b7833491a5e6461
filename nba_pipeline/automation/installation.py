"""What sensors and schedules look at, opened once per process and used by one of them at a time."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from nba_pipeline.backfill.leases import Leases
from nba_pipeline.coordination.database import connect
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.source import Source
from nba_pipeline.kernel.table import Table
from nba_pipeline.settings import Settings
from nba_pipeline.warehouse.opening import open_warehouse
from nba_pipeline.warehouse.protocol import Warehouse

_KEPT: dict[tuple[str, ...], "OpenInstallation"] = {}
# The connection to DuckDB is for one thread at a time, and Dagster evaluates in several.
_TURN = threading.Lock()


@dataclass(frozen=True)
class OpenInstallation:
    """An installation as it is looked at between runs."""

    settings: Settings
    tables: Mapping[str, Table]
    engine: sa.Engine
    warehouse: Warehouse
    landing: Landing
    leases: Leases

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Every source that a table reads."""
        every = (s for table in self.tables.values() for s in (*table.sources, *table.players_from))
        return tuple(dict.fromkeys(every))

    def survey(self) -> Survey:
        """What is stored now."""
        return Survey(self.tables, self.warehouse, self.landing)


@contextmanager
def open_installation(tables: Mapping[str, Table]) -> Iterator[OpenInstallation]:
    """The installation that the environment names, for this thread alone until left."""
    settings = Settings()
    key = (
        settings.landing_root,
        settings.warehouse_place,
        settings.coordination_url,
        str(id(tables)),
    )
    with _TURN:
        if key not in _KEPT:
            _KEPT[key] = _open(settings, tables)
        yield _KEPT[key]


def _open(settings: Settings, tables: Mapping[str, Table]) -> OpenInstallation:
    engine = connect(settings.coordination_url, settings.lease_seconds)
    warehouse = open_warehouse(settings, engine, lambda: tables)
    landing = Landing(settings.landing_root, settings.parsed_folder)
    leases = Leases(engine, settings.lease_seconds, warehouse.advance)
    return OpenInstallation(settings, tables, engine, warehouse, landing, leases)
