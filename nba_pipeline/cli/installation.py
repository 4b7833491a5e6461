"""What every command works with: settings, warehouse, leases, opened once per process."""

from functools import cached_property
from typing import TYPE_CHECKING

from nba_pipeline.errors import NbaPipelineError

if TYPE_CHECKING:
    import dagster as dg
    import sqlalchemy as sa

    from nba_pipeline.backfill.leases import Leases
    from nba_pipeline.backfill.progress import Progress
    from nba_pipeline.engine.landing import Landing
    from nba_pipeline.engine.staleness import Survey
    from nba_pipeline.kernel.table import Table
    from nba_pipeline.orchestration.session import RunSession
    from nba_pipeline.settings import Settings
    from nba_pipeline.warehouse.protocol import Warehouse

# Every part imports what it needs when it is first asked for: ibis and Dagster take a second, and
# few commands need both.


class NoDatabase(NbaPipelineError):
    """The coordination database does not answer; the message says which and why."""


class Installation:
    """This installation; parts are opened when first asked for."""

    def __init__(self, settings: "Settings") -> None:
        self.settings = settings

    @cached_property
    def engine(self) -> "sa.Engine":
        """The coordination database.

        Raises:
            NoDatabase: it cannot be opened.
        """
        from nba_pipeline.backfill.audit import METADATA  # noqa: PLC0415
        from nba_pipeline.coordination.database import (  # noqa: PLC0415
            HICCUPS,
            connect,
            create_tables,
        )

        engine = connect(self.settings.coordination_url, self.settings.lease_seconds)
        try:
            create_tables(engine, METADATA)
        except HICCUPS as error:
            reason = getattr(error, "orig", None) or error
            raise NoDatabase(
                f"the coordination database {engine.url!r} cannot be opened: {str(reason).strip()}"
            ) from error
        return engine

    @cached_property
    def warehouse(self) -> "Warehouse":
        """The tables, to look at."""
        from nba_pipeline.warehouse.opening import open_warehouse  # noqa: PLC0415

        return open_warehouse(self.settings, self.engine, lambda: self.tables)

    @cached_property
    def landing(self) -> "Landing":
        """The landing zone."""
        from nba_pipeline.engine.landing import Landing  # noqa: PLC0415

        return Landing(self.settings.landing_root, self.settings.parsed_folder)

    def survey(self) -> "Survey":
        """What is stored now."""
        from nba_pipeline.engine.staleness import Survey  # noqa: PLC0415

        return Survey(self.tables, self.warehouse, self.landing)

    @cached_property
    def session(self) -> "RunSession":
        """What a backfill in this process looks at between its runs."""
        from nba_pipeline.orchestration.session import RunSession  # noqa: PLC0415

        return RunSession(
            self.settings,
            run_id="",
            backfill_id="",
            tables=self.tables,
            warehouse=self.warehouse,
            landing=self.landing,
        )

    @cached_property
    def leases(self) -> "Leases":
        """The leases."""
        from nba_pipeline.backfill.leases import Leases  # noqa: PLC0415

        return Leases(self.engine, self.settings.lease_seconds, self._advance)

    def _advance(self, name: str) -> None:
        """A new version of the table; the warehouse is opened only where one is asked for."""
        self.warehouse.advance(name)

    @cached_property
    def progress(self) -> "Progress":
        """The progress of backfills."""
        from nba_pipeline.backfill.progress import Progress  # noqa: PLC0415

        return Progress(self.engine)

    @cached_property
    def instance(self) -> "dg.DagsterInstance":
        """Dagster's instance."""
        from nba_pipeline.orchestration.instance import open_instance  # noqa: PLC0415

        return open_instance(self.settings)

    @property
    def tables(self) -> "dict[str, Table]":
        """Every table by name."""
        from nba_pipeline.tables import TABLES  # noqa: PLC0415

        return TABLES


def open_installation() -> Installation:
    """The installation that the environment names.

    Raises:
        WrongRequest: the environment or the .env file has a setting that is none.
    """
    from pydantic import ValidationError  # noqa: PLC0415

    from nba_pipeline.errors import WrongRequest  # noqa: PLC0415
    from nba_pipeline.settings import Settings  # noqa: PLC0415

    try:
        return Installation(Settings())
    except ValidationError as error:
        wrong = error.errors()[0]
        name = "_".join(("NBA_PIPELINE", *(str(part).upper() for part in wrong["loc"])))
        raise WrongRequest(f"{name}={wrong['input']!r}: {wrong['msg']}") from error
