"""A source as a Dagster asset: one that is fetched date by date, or one whose files people bring.

A fetch takes no lease: it writes files, each whole at once, and no table; what is computed from them
meanwhile is of the old file or of the new one, and is told from the other by its fingerprint.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster._core.events import DagsterEvent

from nba_pipeline.fetching.client import Client
from nba_pipeline.fetching.fetch import Fetched, LandingAccess, fetch, refuse_away
from nba_pipeline.kernel.source import Source
from nba_pipeline.kernel.table import Table
from nba_pipeline.orchestration import partitions
from nba_pipeline.orchestration.events import log_failed, log_landed, output_event
from nba_pipeline.orchestration.run_tags import days_of
from nba_pipeline.orchestration.session import RunSession
from nba_pipeline.settings import Settings

_SHOWN = 5


def source_asset(source: Source, tables: Mapping[str, Table]) -> dg.AssetSpec | dg.AssetsDefinition:
    """The source's files in the landing zone.

    Args:
        source: the declaration.
        tables: every declared table by name, which may be made of the files.
    """
    text = f"Files at {source.place} in the landing zone, as the source gave them."
    spec = dg.AssetSpec(
        source.name, group_name="phase_1_sources", description=text, kinds=set(source.formats)
    )
    if source.fetch is None:
        return spec
    definition = partitions.daily()
    schedule = [source.dated_by.name] if source.dated_by else []
    spec = spec.replace_attributes(partitions_def=definition, deps=schedule)

    @dg.multi_asset(
        name=source.name,
        specs=[spec],
        partitions_def=definition,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def body(context: dg.AssetExecutionContext) -> Iterator[DagsterEvent]:
        days = days_of(context.run)
        settings = Settings()
        run_id = context.run.run_id
        session = RunSession(settings, run_id, run_id, tables=tables)
        refuse_away(session.landing, session.warehouse)
        client = Client(settings)
        access = LandingAccess(settings, client, session.landing)
        try:
            fetched = fetch(source, days, access, say=context.log.info)
        finally:
            client.close()
        failed = {lack.day for lack in fetched.failed} | fetched.without
        lacking = failed | {lack.day for lack in fetched.waiting}
        there = [
            day
            for day in days
            if day not in lacking and (fetched.stopped is None or day < fetched.stopped)
        ]
        log_landed(context, source, there, _facts(fetched))
        log_failed(context, source, sorted(failed))
        yield output_event(context, source)
        if failed:
            # After the output: what can be computed without these files goes on, and the run is red.
            raise dg.Failure(_told(fetched), metadata=_facts(fetched), allow_retries=False)

    return body


def _facts(fetched: Fetched) -> dict[str, Any]:
    """What became of the run's files, and what is left of each host's quota."""
    return {
        "files_new": len(fetched.new),
        "files_changed": len(fetched.changed),
        "files_unchanged": len(fetched.unchanged),
        "files_there": len(fetched.there),
        "files_failed": len(fetched.failed),
        "not_over": len(fetched.waiting),
        **{f"quota_left_{host}": left for host, left in fetched.quota.items()},
    }


def _told(fetched: Fetched) -> str:
    """The first failures, one by one."""
    lines = [f"{lack.day} {lack.kind}: {lack.reason}" for lack in fetched.failed[:_SHOWN]]
    more = f"\nand {len(fetched.failed) - _SHOWN} more" if fetched.failed[_SHOWN:] else ""
    return "\n".join(lines) + more
