"""What every command works with: settings, warehouse, leases, opened once per process."""

from dataclasses import dataclass
from functools import cached_property

import dagster as dg
import sqlalchemy as sa

from nba_pipeline.backfill.audit import METADATA
from nba_pipeline.backfill.leases import Leases
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.coordination.database import connect, create_tables
from nba_pipeline.kernel.table import Table
from nba_pipeline.orchestration.instance import open_instance
from nba_pipeline.orchestration.session import RunSession
from nba_pipeline.settings import Settings


@dataclass(frozen=True)
class Installation:
    """This installation; parts are opened when first asked for."""

    settings: Settings

    @cached_property
    def engine(self) -> sa.Engine:
        """The coordination database."""
        engine = connect(self.settings.coordination_url)
        create_tables(engine, METADATA)
        return engine

    @cached_property
    def session(self) -> RunSession:
        """The warehouse and landing zone, to look at."""
        return RunSession(self.settings, run_id="", backfill_id="", tables=self.tables)

    @cached_property
    def leases(self) -> Leases:
        """The leases."""
        return Leases(self.engine, self.settings.lease_seconds)

    @cached_property
    def progress(self) -> Progress:
        """The progress of backfills."""
        return Progress(self.engine)

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """Dagster's instance."""
        return open_instance(self.settings)

    @property
    def tables(self) -> dict[str, Table]:
        """Every table by name."""
        from nba_pipeline.tables import TABLES  # noqa: PLC0415  takes a second; not for --help

        return TABLES


def open_installation() -> Installation:
    """The installation that the environment names."""
    return Installation(Settings())
