"""The resource that gives each Dagster run its session."""

import gc
from collections.abc import Iterator, Mapping

import dagster as dg

from nba_pipeline.errors import WrongRequest
from nba_pipeline.kernel.table import Table
from nba_pipeline.orchestration import interrupts, run_tags
from nba_pipeline.orchestration.dagster_run import LaunchedRun
from nba_pipeline.orchestration.session import RunSession
from nba_pipeline.settings import Settings

_OBJECTS_BETWEEN_COLLECTIONS = 100_000


def session_resource(tables: Mapping[str, Table]) -> dg.ResourceDefinition:
    """The resource that gives each run its session.

    Args:
        tables: every declared table by name, in the graph's order.
    """

    @dg.resource(description="Warehouse, landing zone and lease of one run")
    def session(context: dg.InitResourceContext) -> Iterator[RunSession]:
        run = context.run
        if run is None:
            raise WrongRequest("a session belongs to a run")
        keys = run.asset_selection
        names = {key.to_user_string() for key in keys} if keys else set(tables)
        selected = [table for name, table in tables.items() if name in names]
        tags = run.tags
        run_tags.refuse_unknown_tags(tags)
        backfill_id = tags.get(run_tags.BACKFILL_TAG) or tags.get("dagster/backfill") or run.run_id
        settings = Settings()
        launcher = RunSession.sharing(settings)
        opened = RunSession(
            settings,
            run.run_id,
            backfill_id,
            tables=tables,
            bypasses=run_tags.bypasses_of(tags),
            force=run_tags.is_on(tags, run_tags.FORCE_TAG),
            deadline=run_tags.deadline_of(tags),
            only_stored=run_tags.only_stored_of(tags),
            warehouse=launcher.warehouse if launcher else None,
            landing=launcher.landing if launcher else None,
        )
        # Expressions are trees of small objects that all live until the run ends: collecting among
        # them costs a third of compiling them, and among all that was imported as much again.
        if not gc.get_freeze_count():
            gc.freeze()
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
        launched = LaunchedRun(context.instance, run) if context.instance else None
        wait = run_tags.is_on(tags, run_tags.WAIT_TAG)
        say = context.log.info if context.log else None
        try:
            with opened.lease(
                selected, run_tags.days_of(run), wait=wait, launched=launched, say=say
            ):
                yield opened
        finally:
            if launched and interrupts.have_come():
                launched.book_stopping()
            opened.close()

    return session
