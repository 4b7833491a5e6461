"""Who started, stopped, refused or bypassed what, when and why; written by the code that did it.

The one book of cancellations, and of how runs failed: no line is ever changed or removed. Which
partitions are failed now is in coordination.failures.
"""

import getpass
import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from nba_pipeline.coordination.database import NOW

CANCELLED, FAILED = "cancelled", "failed"
METADATA = sa.MetaData()
_AUDIT = sa.Table(
    "backfill_audit",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("actor", sa.String(128), nullable=False),
    sa.Column("run_id", sa.String(64)),
    sa.Column("backfill_id", sa.String(64), index=True),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class AuditLine:
    """One thing that was done."""

    at: datetime
    actor: str
    run_id: str | None
    backfill_id: str | None
    action: str
    detail: dict[str, object]


def actor() -> str:
    """The user and machine on whose behalf this process acts."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def write(
    connection: sa.Connection,
    action: str,
    *,
    run_id: str | None = None,
    backfill_id: str | None = None,
    **detail: object,
) -> None:
    """Adds a line, in the transaction of what it tells of."""
    connection.execute(
        sa.insert(_AUDIT).values(
            at=NOW,
            actor=actor(),
            run_id=run_id,
            backfill_id=backfill_id,
            action=action,
            detail=json.dumps(detail, default=str),
        )
    )


def cancellation(connection: sa.Connection, *ids: str) -> AuditLine | None:
    """The line on the cancelling of one of the backfills or runs; None where none was."""
    wanted = sa.select(_AUDIT).where(_AUDIT.c.backfill_id.in_(ids), _AUDIT.c.action == CANCELLED)
    row = connection.execute(wanted.order_by(_AUDIT.c.id).limit(1)).first()
    return None if row is None else _line(row)


def failure(connection: sa.Connection, backfill_id: str, run_id: str, table: str) -> str | None:
    """Why the table's part of a run failed, or who cancelled it; None where there is no line on it."""
    wanted = sa.select(_AUDIT).where(
        _AUDIT.c.backfill_id == backfill_id, _AUDIT.c.run_id == run_id, _AUDIT.c.action == FAILED
    )
    for line in map(_line, connection.execute(wanted)):
        if line.detail["table"] == table:
            return str(line.detail["reason"])
    cancelled = cancellation(connection, backfill_id, run_id)
    return f"cancelled by {cancelled.actor}: {cancelled.detail['reason']}" if cancelled else None


def given(engine: sa.Engine, ids: Sequence[str]) -> list[str]:
    """Those of the backfills that somebody gave as a command, in order of their giving."""
    wanted = sa.select(_AUDIT.c.backfill_id).where(
        _AUDIT.c.backfill_id.in_(ids), _AUDIT.c.action == "backfill"
    )
    with engine.connect() as connection:
        return list(dict.fromkeys(connection.scalars(wanted.order_by(_AUDIT.c.id))))


def read(engine: sa.Engine, limit: int = 100) -> list[AuditLine]:
    """The newest lines, newest first."""
    with engine.connect() as connection:
        rows = connection.execute(sa.select(_AUDIT).order_by(_AUDIT.c.id.desc()).limit(limit))
        return [_line(row) for row in rows]


def _line(row: sa.Row[Any]) -> AuditLine:
    when = datetime.fromtimestamp(row.at, UTC)
    return AuditLine(
        when, row.actor, row.run_id, row.backfill_id, row.action, json.loads(row.detail)
    )
