"""Partitions of cancelled backfills: nobody's to start again until what they are made from changes.

What was stale of a backfill's partitions when it was cancelled is noted with the inputs that it then
had. It is left alone as long as it has those: a person may compute it, a sensor or schedule does not.
"""

from datetime import date

import sqlalchemy as sa

from nba_pipeline.backfill.audit import METADATA
from nba_pipeline.backfill.lease_rows import LEASES, stored
from nba_pipeline.coordination.database import begin, create_tables
from nba_pipeline.engine.staleness import Survey

_SET_ASIDE = sa.Table(
    "partitions_set_aside",
    METADATA,
    sa.Column("lease_id", sa.Integer, primary_key=True),
    sa.Column("table_name", sa.String(128), primary_key=True),
    sa.Column("partition", sa.String(10), primary_key=True),
    sa.Column("inputs", sa.String(64), nullable=False),
)
# Notes that a lease has been looked at, of which nothing may have been left.
_LOOKED_AT = ""


def cancelled_partitions(engine: sa.Engine, survey: Survey) -> dict[str, set[date]]:
    """Per table, the partitions that are left alone; notes those of what was newly cancelled."""
    create_tables(engine, METADATA)
    _note_cancelled(engine, survey)
    kept: dict[str, dict[date, set[str]]] = {}
    wanted = sa.select(_SET_ASIDE).where(_SET_ASIDE.c.table_name != _LOOKED_AT)
    with engine.connect() as connection:
        for row in connection.execute(wanted):
            if row.table_name in survey.tables:
                day = date.fromisoformat(row.partition)
                kept.setdefault(row.table_name, {}).setdefault(day, set()).add(row.inputs)
    found: dict[str, set[date]] = {}
    for name, days in kept.items():
        table = survey.tables[name]
        stale = survey.stale(table, list(days))
        now = survey.inputs(table, list(stale))
        if same := {day for day in stale if now[day] in days[day]}:
            found[name] = same
    return found


def _note_cancelled(engine: sa.Engine, survey: Survey) -> None:
    with engine.connect() as connection:
        known = sa.select(_SET_ASIDE.c.lease_id)
        is_new = (LEASES.c.state == "cancelled") & LEASES.c.id.not_in(known)
        cancelled = stored(connection, is_new)
    rows = []
    for lease in cancelled:
        blank = {"table_name": _LOOKED_AT, "partition": "", "inputs": ""}
        rows.append({"lease_id": lease.id, **blank})
        for claim in lease.claims:
            # Maintenance claims every date there is, and computes none.
            if claim.table not in survey.tables or claim.first == date.min:
                continue
            table = survey.tables[claim.table]
            stale = survey.stale(table, table.partitions_between(claim.first, claim.last))
            rows += [
                {
                    "lease_id": lease.id,
                    "table_name": claim.table,
                    "partition": day.isoformat(),
                    "inputs": inputs,
                }
                for day, inputs in survey.inputs(table, list(stale)).items()
            ]
    if rows:
        with begin(engine) as connection:
            connection.execute(sa.insert(_SET_ASIDE), rows)
