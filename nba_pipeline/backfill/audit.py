"""Who started, stopped, refused or bypassed what, when and why; written by the code that did it."""

import getpass
import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from nba_pipeline.coordination.database import NOW

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


def read(engine: sa.Engine, limit: int = 100) -> list[AuditLine]:
    """The newest lines, newest first."""
    with engine.connect() as connection:
        rows = connection.execute(sa.select(_AUDIT).order_by(_AUDIT.c.id.desc()).limit(limit))
        return [
            AuditLine(
                datetime.fromtimestamp(row.at, UTC),
                row.actor,
                row.run_id,
                row.backfill_id,
                row.action,
                json.loads(row.detail),
            )
            for row in rows
        ]
