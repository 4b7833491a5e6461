"""What happens to leases within a transaction that their caller has begun, and locked."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from nba_pipeline.backfill import audit, progress
from nba_pipeline.backfill.lease_rows import (
    CLAIMS,
    HELD,
    LEASES,
    RESERVED,
    Claim,
    Holder,
    holder_description,
    is_dead,
)
from nba_pipeline.coordination.database import NOW

ACTIVE = (HELD, RESERVED, "waiting")
RECOVERED = "recovered"
"""States of leases that have not ended."""
UNFENCED = (
    LEASES.c.state.in_(("recovered", "cancelled"))
    & LEASES.c.token.is_not(None)
    & LEASES.c.fenced_at.is_(None)
)
"""Leases that were taken from their holder, of whose commits one may still be on its way."""

_GIVEN = {HELD: "acquired", RESERVED: "reserved"}


class Request:
    """What someone asks for, and how far the asking is.

    blocking are the leases in its way and holders the sentence on them; it is contested where one
    of them writes what is to be written. What is given is held by a run, or reserved for a backfill.
    """

    def __init__(
        self,
        holder: Holder,
        writes: Sequence[Claim],
        reads: Sequence[Claim],
        purpose: str,
        given: str = HELD,
    ) -> None:
        self.holder, self.writes, self.reads, self.purpose = holder, writes, reads, purpose
        self.given = given
        self.lease_id: int | None = None
        self.gone: list[str] = []
        self.blocking: list[int] = []
        self.holders = ""
        self.is_contested = False


def insert(connection: sa.Connection, request: Request, seconds: float) -> int:
    """A lease that is waited for; returns its id."""
    holder = request.holder
    result = connection.execute(
        sa.insert(LEASES).values(
            **vars(holder),
            purpose=request.purpose,
            state="waiting",
            requested_at=NOW,
            heartbeat_at=NOW,
            expires_at=NOW + seconds,
        )
    )
    lease_id = int(result.inserted_primary_key[0])  # type: ignore[index]
    lines = [
        {
            "lease_id": lease_id,
            "table_name": claim.table,
            "access": access,
            "first_date": claim.first.isoformat(),
            "last_date": claim.last.isoformat(),
            "only_stored": claim.only_stored,
        }
        for access, claims in (("write", request.writes), ("read", request.reads))
        for claim in claims
    ]
    connection.execute(sa.insert(CLAIMS), lines)
    return lease_id


def find_blocking(connection: sa.Connection, lease_id: int, request: Request) -> None:
    """Notes which leases are in the request's way, and what there is to say of them.

    In the way of writes are the leases that were given and those that were asked for earlier; in
    the way of reads those that are written under now, and whatever was asked for earlier. A run of
    a backfill that has reserved what it writes comes where its backfill came. So those who wait for
    one another never form a ring: who writes waits for nobody, and all others for who came earlier.
    """
    own = _reservation(connection, request.holder)
    place = lease_id if own is None else own
    others = LEASES.c.id.not_in([lease_id, place])
    is_earlier = LEASES.c.id < place
    is_given = LEASES.c.state.in_((HELD, RESERVED))
    is_held = LEASES.c.state == HELD
    contested = _conflicts(connection, request.writes, others & (is_given | is_earlier))
    under_repair = _conflicts(connection, request.reads, others & (is_held | is_earlier))
    request.is_contested = bool(contested)
    in_the_way = contested | under_repair
    reserved = {backfill for _, backfill, state in in_the_way if state == RESERVED}
    # What a backfill has reserved is named once, without its run of the moment.
    request.blocking = sorted(
        other
        for other, backfill, state in in_the_way
        if state == RESERVED or backfill not in reserved
    )
    request.holders = "; ".join(
        holder_description(connection, other) for other in request.blocking[:3]
    )


def _reservation(connection: sa.Connection, holder: Holder) -> int | None:
    """The lease that the holder's process has reserved for its backfill; None where it has not."""
    is_own = [LEASES.c[name] == value for name, value in vars(holder).items() if name != "run_id"]
    return connection.scalar(sa.select(LEASES.c.id).where(LEASES.c.state == RESERVED, *is_own))


def _conflicts(
    connection: sa.Connection, claims: Sequence[Claim], which: sa.ColumnElement[bool]
) -> set[tuple[int, str, str]]:
    """Those of the active leases that write what is claimed: id, backfill and state."""
    theirs = (
        sa.select(CLAIMS, LEASES.c.state, LEASES.c.backfill_id)
        .join(LEASES, LEASES.c.id == CLAIMS.c.lease_id)
        .where(LEASES.c.state.in_(ACTIVE), CLAIMS.c.access == "write", which)
    )
    return {
        (row.lease_id, row.backfill_id, row.state)
        for row in connection.execute(theirs)
        for claim in claims
        if claim.table == row.table_name
        and claim.first.isoformat() <= row.last_date
        and row.first_date <= claim.last.isoformat()
    }


def grant(connection: sa.Connection, lease_id: int, request: Request, seconds: float) -> int:
    """Gives the lease; returns its token."""
    newest = connection.scalar(sa.select(sa.func.max(LEASES.c.token))) or 0
    # From the clock where the database is new: stored partitions may carry tokens of a lost one.
    now = connection.scalars(sa.select(NOW)).one()
    token = max(int(newest) + 1, int(now * 1000))
    connection.execute(
        sa.update(LEASES)
        .where(LEASES.c.id == lease_id)
        .values(
            state=request.given,
            token=token,
            acquired_at=NOW,
            heartbeat_at=NOW,
            expires_at=NOW + seconds,
        )
    )
    claims = [str(claim) for claim in request.writes]
    note(connection, _GIVEN[request.given], request.holder, token=token, claims=claims)
    return token


def beat(connection: sa.Connection, lease_id: int, seconds: float) -> bool:
    """Prolongs the lease; whether it is held or waited for."""
    result = connection.execute(
        sa.update(LEASES)
        .where(LEASES.c.id == lease_id, LEASES.c.state.in_(ACTIVE))
        .values(heartbeat_at=NOW, expires_at=NOW + seconds)
    )
    return result.rowcount > 0


def recover(connection: sa.Connection) -> list[str]:
    """Ends the leases of the dead and the expired; returns the runs seen to be dead."""
    dead: list[str] = []
    is_expired = (LEASES.c.expires_at < NOW).label("is_expired")
    active = sa.select(LEASES, is_expired).where(LEASES.c.state.in_(ACTIVE))
    for row in connection.execute(active).all():
        gone = is_dead(row.machine, row.pid, row.process_started)
        if not gone and not row.is_expired:
            continue
        # Its holder's heartbeat may have come meanwhile, where the database locks rows and not files.
        is_still = sa.true() if gone else LEASES.c.expires_at < NOW
        if not end(connection, row.id, RECOVERED, is_still):
            continue
        if gone:
            dead.append(row.run_id)
        reason = "its process is gone" if gone else "its heartbeat expired"
        note(connection, "recovered", row, reason=reason, token=row.token)
        progress.lose(connection, row.run_id, row.heartbeat_at, reason)
    return dead


def end(
    connection: sa.Connection,
    lease_id: int,
    state: str,
    where: sa.ColumnElement[bool] | None = None,
) -> bool:
    """Ends an active lease in that state; whether there was one, and the condition held."""
    is_active = LEASES.c.state.in_(ACTIVE) & (sa.true() if where is None else where)
    result = connection.execute(
        sa.update(LEASES)
        .where(LEASES.c.id == lease_id, is_active)
        .values(state=state, ended_at=NOW)
    )
    return result.rowcount > 0


def note(
    connection: sa.Connection, action: str, whose: Holder | sa.Row[Any], **detail: object
) -> None:
    """An audit line of the holder's run."""
    audit.write(connection, action, run_id=whose.run_id, backfill_id=whose.backfill_id, **detail)
