"""Whether work is asked for now: nobody is at it, nobody cancelled it, and it has not failed for good.

Dagster keeps the books: a run carries the identity of its work, and a request the attempt before it,
so that neither a restart nor two who look at once ask for the same twice.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

import dagster as dg

from nba_pipeline.automation.attempts import attempts, pause_after, verdict
from nba_pipeline.automation.dead_runs import TAKING_LEASE_SECONDS, book_dead_runs
from nba_pipeline.automation.installation import OpenInstallation
from nba_pipeline.automation.priority import is_correction
from nba_pipeline.automation.work import Cells, Work
from nba_pipeline.backfill.lease_rows import Claim
from nba_pipeline.backfill.planner import Request
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.errors import WrongRequest
from nba_pipeline.kernel.table import Table
from nba_pipeline.orchestration.run_tags import WORK_TAG, days_of, only_stored_of
from nba_pipeline.orchestration.runner import tags_of
from nba_pipeline.orchestration.session import claims

ASSET_JOB = "__ASSET_JOB"
"""Dagster's job of all assets; a job of one's own may hold one kind of partition only."""
PRIORITY_TAG = "dagster/priority"
_QUEUED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
]
_STARTED = [dg.DagsterRunStatus.STARTED]
_SUBMITTING_SECONDS = 60
_SHOWN = 3
_just_asked: dict[str, tuple[float, list[Claim]]] = {}


@dataclass(frozen=True)
class Decision:
    """What is asked for, why the rest waits, and what is given up until its inputs change."""

    asked: tuple[dg.RunRequest, ...] = ()
    waiting: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """The decision in a sentence."""
        parts = [*self.waiting, *self.given_up]
        return "; ".join(parts[:_SHOWN]) or "nothing to do"


def decide(
    works: Sequence[Work],
    survey: Survey,
    name: str,
    home: OpenInstallation,
    instance: dg.DagsterInstance,
    *,
    priority: int = 0,
    deadline: datetime | None = None,
    in_passing: Cells = MappingProxyType({}),
) -> Decision:
    """Which of the works are asked for.

    Args:
        works: runs that can be done now.
        survey: by which they were found.
        name: who asks, for the backfills' names.
        home: the installation.
        instance: whose books are looked at.
        priority: among the runs that wait in Dagster's queue; the highest begins first.
        deadline: when corrections begin no further table.
        in_passing: per table, partitions that failed in passing, each with the run that did.
    """
    book_dead_runs(home, instance)
    asked: list[dg.RunRequest] = []
    waiting: list[str] = []
    given_up: list[str] = []
    for work in works:
        own, read = claims(work.request.tables, work.days)
        if holder := _in_the_way([*own, *read], work.identity, home, instance):
            waiting.append(f"waiting for {holder}")
            continue
        backfill_id = f"{name}-{work.identity}"
        before = attempts(work.identity, instance)
        says, text = verdict(before, home, backfill_id)
        if says == "ask" and (pause := _pause(work, in_passing, home, instance)):
            says, text = "wait", pause
        # Only once nobody is at it: who has ended since the survey began has written what it saw.
        if says == "ask" and _is_written_since(work, survey, home):
            says, text = "wait", f"{backfill_id}: its tables were written meanwhile"
        if says == "wait":
            waiting.append(text)
        elif says == "give up":
            given_up.append(text)
        else:
            by = deadline if is_correction(work) else None
            request = replace(work.request, backfill_id=backfill_id, deadline=by)
            last = before[-1].run_id if before else "first"
            asked.append(_request(request, work, last, priority))
            _just_asked[work.identity] = (time.monotonic(), own)
    return Decision(tuple(asked), tuple(waiting), tuple(given_up))


def _request(request: Request, work: Work, last: str, priority: int) -> dg.RunRequest:
    """The request, under a key that the attempt after the last one alone has, whoever deletes runs."""
    tables = request.tables
    return dg.RunRequest(
        run_key=f"{work.identity}:{last}",
        asset_selection=[dg.AssetKey(table.name) for table in tables],
        tags={
            **tags_of(request, tables, work.days),
            WORK_TAG: work.identity,
            PRIORITY_TAG: str(priority),
        },
    )


def _pause(
    work: Work, in_passing: Cells, home: OpenInstallation, instance: dg.DagsterInstance
) -> str | None:
    """What the work waits for since another that has some of its partitions failed in passing."""
    runs = {
        run_id
        for name, cells in work.stale.items()
        for day, run_id in in_passing.get(name, {}).items()
        if day in cells
    }
    pauses = (pause_after(run_id, home, instance) for run_id in sorted(runs))
    return next((pause for pause in pauses if pause), None)


def _is_written_since(work: Work, survey: Survey, home: OpenInstallation) -> bool:
    """Whether what the work writes or reads is no longer as it was when the work was found."""
    names = {name for table in work.request.tables for name in (table.name, *table.upstream)}
    now = home.survey()
    return any(now.stamps(name) != survey.stamps(name) for name in names)


# --- who else is at it


def _in_the_way(
    wanted: Sequence[Claim], identity: str, home: OpenInstallation, instance: dg.DagsterInstance
) -> str | None:
    """Who writes what the work writes or reads, or is about to; None where nobody is."""
    for lease in home.leases.living():
        if _overlaps(wanted, lease.claims):
            return f"run {lease.run_id} ({lease.purpose})"
    since = time.time() - TAKING_LEASE_SECONDS
    records = instance.get_run_records(dg.RunsFilter(statuses=[*_QUEUED, *_STARTED]))
    for record in records:
        run = record.dagster_run
        is_old = run.status in _STARTED and (record.start_time or 0) < since
        if not is_old and _overlaps(wanted, claims_of(run, home.tables)):
            return f"run {run.run_id}"
    for other, (when, theirs) in list(_just_asked.items()):
        is_long_ago = time.monotonic() - when > _SUBMITTING_SECONDS
        if is_long_ago or instance.get_runs(dg.RunsFilter(tags={WORK_TAG: other}), limit=1):
            del _just_asked[other]
        elif other != identity and _overlaps(wanted, theirs):
            return "a run that was just asked for"
    return None


def claims_of(run: dg.DagsterRun, declared: Mapping[str, Table]) -> Sequence[Claim]:
    """What a run writes; nothing of one that asks for what makes no sense, since it fails before."""
    keys = run.asset_selection or ()
    names = {key.to_user_string() for key in keys}
    tables = [table for name, table in declared.items() if name in names]
    try:
        only_stored = only_stored_of(run.tags)
        return claims(tables, days_of(run), only_stored)[0] if tables else ()
    except WrongRequest:
        return ()


def _overlaps(wanted: Sequence[Claim], theirs: Sequence[Claim]) -> bool:
    return any(
        mine.table == other.table and mine.first <= other.last and other.first <= mine.last
        for mine in wanted
        for other in theirs
    )
