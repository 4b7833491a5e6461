"""Partitions of cancelled backfills: nobody's to start again until what they are made from changes.

What was stale of a backfill's partitions when it was cancelled is noted with the inputs that it then
had: by the command that cancels, and of what is cancelled elsewhere at the sensors' next look. It is
left alone as long as it has those: a person may compute it, a sensor or schedule does not. So is what a
run was to compute that somebody took out of Dagster's queue, before it had a lease.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import sqlalchemy as sa

from nba_pipeline.automation.run_requests import claims_of
from nba_pipeline.backfill.audit import METADATA
from nba_pipeline.backfill.lease_rows import LEASES, Claim, stored
from nba_pipeline.coordination.database import begin, create_tables, lock
from nba_pipeline.engine import preconditions
from nba_pipeline.engine.needs import stored_or_due
from nba_pipeline.engine.staleness import Survey

_SET_ASIDE = sa.Table(
    "partitions_left_alone",
    METADATA,
    # Of a lease, or of a run that never had one.
    sa.Column("cancelled", sa.String(64), primary_key=True),
    sa.Column("table_name", sa.String(128), primary_key=True),
    sa.Column("partition", sa.String(10), primary_key=True),
    sa.Column("inputs", sa.String(64), nullable=False),
)
# Notes that what was cancelled has been looked at, of which nothing may have been left.
_LOOKED_AT = ""
_LEASE = "lease "
_DAYS = 14


def cancelled_partitions(
    engine: sa.Engine, survey: Survey, instance: dg.DagsterInstance | None = None
) -> dict[str, set[date]]:
    """Per table, the partitions that are left alone; notes those of what was newly cancelled.

    What has been done after all, or is as it was again, is forgotten, so that the same may come back.

    Args:
        engine: the coordination store.
        survey: what is stored.
        instance: Dagster's books, where they are at hand.
    """
    note_cancelled(engine, survey, instance)
    kept: dict[str, dict[date, set[str]]] = {}
    seen: set[str] = set()
    wanted = sa.select(_SET_ASIDE).where(_SET_ASIDE.c.table_name != _LOOKED_AT)
    with engine.connect() as connection:
        for row in connection.execute(wanted):
            seen.add(row.cancelled)
            day = date.fromisoformat(row.partition)
            table = survey.tables.get(row.table_name)
            # A season may have turned out to end earlier.
            if table and table.partitions_between(day, day):
                kept.setdefault(row.table_name, {}).setdefault(day, set()).add(row.inputs)
    found: dict[str, set[date]] = {}
    for name, days in kept.items():
        table = survey.tables[name]
        stale = survey.stale(table, list(days))
        now = survey.inputs(table, list(stale))
        if same := {day for day in stale if now[day] in days[day]}:
            found[name] = same
        if current := days.keys() - stale.keys():
            # Not what another has noted since.
            _forget(engine, name, current, seen)
    return found


def _forget(
    engine: sa.Engine, name: str, days: Collection[date], cancelled: Collection[str]
) -> None:
    texts = [day.isoformat() for day in days]
    of_days = _SET_ASIDE.c.partition.in_(texts) & _SET_ASIDE.c.cancelled.in_(cancelled)
    with begin(engine) as connection:
        connection.execute(sa.delete(_SET_ASIDE).where(_SET_ASIDE.c.table_name == name, of_days))


def note_cancelled(
    engine: sa.Engine, survey: Survey, instance: dg.DagsterInstance | None = None
) -> None:
    """Notes what was newly cancelled, with the inputs of now; cheap where nothing was.

    While the landing zone is out of reach nothing is: its inputs would be those of no files.

    Args: as of cancelled_partitions.
    """
    create_tables(engine, METADATA)
    if survey.landing.out_of_reach():
        return
    with engine.connect() as connection:
        known = sa.select(_SET_ASIDE.c.cancelled)
        name = sa.literal(_LEASE) + sa.cast(LEASES.c.id, sa.String)
        leases = stored(connection, (LEASES.c.state == "cancelled") & name.not_in(known))
        seen = set(connection.scalars(known.distinct()))
    cancelled: dict[str, Sequence[Claim]] = {f"{_LEASE}{each.id}": each.claims for each in leases}
    for run in _taken_out_of_the_queue(instance) if instance else ():
        if run.run_id not in seen:
            cancelled[run.run_id] = claims_of(run, survey.tables)
    rows = []
    order = {name: place for place, name in enumerate(survey.tables)}
    for what, claims in cancelled.items():
        noted = {(_LOOKED_AT, ""): ""}
        coming: dict[str, set[date]] = {}
        # Maintenance claims every date there is, and computes none.
        computing = [c for c in claims if c.table in order and c.first != date.min]
        for claim in sorted(computing, key=lambda each: order[each.table]):
            table = survey.tables[claim.table]
            days = table.partitions_between(claim.first, claim.last)
            if claim.only_stored:
                days = stored_or_due(table, days, survey, coming)
            stale = survey.stale(table, days)
            # What would have been made: also what is out of date by what comes before it.
            made = {*stale, *(survey.outdated(claim.table).keys() & set(days))}
            possible = preconditions.possible(table, made, survey, coming)
            coming.setdefault(claim.table, set()).update(possible)
            inputs = survey.inputs(table, list(stale))
            noted |= {(claim.table, day.isoformat()): now for day, now in inputs.items()}
        rows += [
            {"cancelled": what, "table_name": name, "partition": day, "inputs": inputs}
            for (name, day), inputs in noted.items()
        ]
    if not rows:
        return
    with begin(engine) as connection:
        # Another may have noted the same meanwhile, and came first.
        lock(connection)
        noted_since = set(connection.scalars(sa.select(_SET_ASIDE.c.cancelled).distinct()))
        if new := [row for row in rows if row["cancelled"] not in noted_since]:
            connection.execute(sa.insert(_SET_ASIDE), new)


def _taken_out_of_the_queue(instance: dg.DagsterInstance) -> Iterator[dg.DagsterRun]:
    """Runs that were cancelled before they had begun, of the last days."""
    since = datetime.now(UTC) - timedelta(days=_DAYS)
    cancelled = dg.RunsFilter(statuses=[dg.DagsterRunStatus.CANCELED], updated_after=since)
    for record in instance.get_run_records(cancelled):
        if record.start_time is None:
            yield record.dagster_run
