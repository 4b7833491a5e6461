"""Leases on partitions: who may write which dates of which tables.

A lease holds all its claims or none. It lives as long as its holder's heartbeat, by the database's
clock; one whose holder is dead is recovered, and every newer lease has a larger fencing token than
any before it.

A holder that passed its fence just before it lost its lease may still be about to commit, onto the
version of the table that it has checked. So whenever a lease was recovered or cancelled, its tables
are advanced by a version before any lease is given to anyone: then that commit fails. Whoever asks
next does it, so it does not matter who dies in between.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from nba_pipeline.backfill import audit
from nba_pipeline.backfill.audit import METADATA
from nba_pipeline.backfill.lease_rows import (
    CANCELLED,
    CLAIMS,
    LEASES,
    Claim,
    Holder,
    Lease,
    holder_description,
    is_dead,
    stored,
    utc,
    why_lost,
)
from nba_pipeline.coordination.database import HICCUPS, NOW, begin, create_tables, lock
from nba_pipeline.errors import NbaPipelineError

_ACTIVE = ("held", "waiting")
_UNFENCED = (
    LEASES.c.state.in_(("recovered", "cancelled"))
    & LEASES.c.token.is_not(None)
    & LEASES.c.fenced_at.is_(None)
)
_POLL_SECONDS = 0.25


class LeaseRefused(NbaPipelineError):
    """Dates are held by another; the message says by whom, since when, which and how far it is."""


class LeaseLost(NbaPipelineError):
    """This holder's lease has ended: it expired and was recovered, or was cancelled."""


class BackfillCancelled(NbaPipelineError):
    """The backfill was cancelled and does not start again."""


class Grant(NamedTuple):
    """A lease that was given; gone are the runs found dead meanwhile."""

    id: int
    token: int
    gone: tuple[str, ...]


class _Request:
    """What someone asks for, and how far the asking is.

    blocking are the leases in its way and holders the sentence on them; it is contested where one
    of them writes what is to be written.
    """

    def __init__(
        self, holder: Holder, writes: Sequence[Claim], reads: Sequence[Claim], purpose: str
    ) -> None:
        self.holder, self.writes, self.reads, self.purpose = holder, writes, reads, purpose
        self.lease_id: int | None = None
        self.gone: list[str] = []
        self.blocking: list[int] = []
        self.holders = ""
        self.is_contested = False


class Leases:
    """The leases of one coordination database."""

    def __init__(self, engine: sa.Engine, seconds: float, advance: Callable[[str], None]) -> None:
        """Opens the store.

        Args:
            engine: the coordination database.
            seconds: how long a lease lives without a heartbeat.
            advance: makes a new version of the named table; see Warehouse.advance.
        """
        self._engine = engine
        self._advance = advance
        self.seconds = seconds
        create_tables(engine, METADATA)

    # --- taking

    def acquire(
        self,
        holder: Holder,
        writes: Sequence[Claim],
        reads: Sequence[Claim],
        *,
        purpose: str,
        wait: bool,
        say: Callable[[str], None] | None = None,
    ) -> Grant:
        """The lease, once no other stands in its way.

        Writes exclude every other's writes of the same dates. Reads wait for the writes under way
        of what they read: it is being repaired. Those who wait are served in the order in which
        they came.

        Args:
            holder: who asks.
            writes: what is to be written.
            reads: what is to stay unchanged.
            purpose: for whoever is refused because of it.
            wait: whether to wait for who writes the same dates.
            say: is told whom it waits for, whenever that changes.

        Raises:
            LeaseRefused: another holds or awaits some of the dates to write, and wait is off.
            BackfillCancelled: while waiting, or before.
        """
        request = _Request(holder, writes, reads, purpose)
        told: list[int] = []
        answered: float | None = None
        while True:
            asked = time.monotonic()
            try:
                token = self._ask(request, wait=wait)
            except HICCUPS:
                # Who has waited long does not lose his place while it has not expired.
                if answered is None or asked - answered > self.seconds:
                    raise
            else:
                answered = asked
                if token is not None:
                    return Grant(request.lease_id or 0, token, tuple(request.gone))
                if say and request.blocking != told:
                    say(f"waiting: {request.holders}")
                    told = request.blocking
            time.sleep(_POLL_SECONDS)

    def _ask(self, request: _Request, *, wait: bool) -> int | None:
        """The token when the lease is given, None when there is something to wait for."""
        while True:
            self.fence_off()
            with begin(self._engine) as connection:
                lock(connection)
                self._refuse_cancelled(connection, request.holder)
                lease_id = request.lease_id
                if lease_id is None or not self._beat(connection, lease_id):
                    lease_id = self._insert(connection, request)
                request.gone += self._recover(connection)
                is_fenced = not connection.scalar(sa.select(sa.exists().where(_UNFENCED)))
                if is_fenced:
                    self._find_blocking(connection, lease_id, request)
                is_granted = is_fenced and not request.blocking
                is_refused = is_fenced and request.is_contested and not wait
                if is_granted:
                    token = self._grant(connection, lease_id, request)
                if is_refused:
                    self._end(connection, lease_id, "refused")
                    _note(connection, "refused", request.holder, reason=request.holders)
            # An id of a transaction that failed would be given to another.
            request.lease_id = lease_id
            if is_granted:
                return token
            if is_refused:
                raise LeaseRefused(f"{request.holders}. Wait for it with --wait, or cancel it.")
            if is_fenced:
                return None

    def fence_off(self) -> None:
        """Makes sure that no lease that was taken from its holder can write any more."""
        with self._engine.connect() as connection:
            lost = list(connection.scalars(sa.select(LEASES.c.id).where(_UNFENCED)))
            written = sa.select(CLAIMS.c.table_name).distinct()
            tables = list(
                connection.scalars(
                    written.where(CLAIMS.c.lease_id.in_(lost), CLAIMS.c.access == "write")
                )
            )
        if not lost:
            return
        for table in tables:
            self._advance(table)
        with begin(self._engine) as connection:
            connection.execute(sa.update(LEASES).where(LEASES.c.id.in_(lost)).values(fenced_at=NOW))

    def _refuse_cancelled(self, connection: sa.Connection, holder: Holder) -> None:
        wanted = sa.select(CANCELLED).where(
            CANCELLED.c.backfill_id.in_([holder.backfill_id, holder.run_id])
        )
        found = connection.execute(wanted).first()
        if found:
            raise BackfillCancelled(
                f"backfill {found.backfill_id} was cancelled by {found.actor} at {utc(found.at)}"
            )

    def _insert(self, connection: sa.Connection, request: _Request) -> int:
        holder = request.holder
        result = connection.execute(
            sa.insert(LEASES).values(
                **vars(holder),
                purpose=request.purpose,
                state="waiting",
                requested_at=NOW,
                heartbeat_at=NOW,
                expires_at=NOW + self.seconds,
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
            }
            for access, claims in (("write", request.writes), ("read", request.reads))
            for claim in claims
        ]
        connection.execute(sa.insert(CLAIMS), lines)
        return lease_id

    def _find_blocking(self, connection: sa.Connection, lease_id: int, request: _Request) -> None:
        """Notes which leases are in the request's way, and what there is to say of them."""
        contested = self._conflicts(connection, lease_id, request.writes)
        under_repair = self._conflicts(connection, lease_id, request.reads)
        request.is_contested = bool(contested)
        request.blocking = sorted({*contested, *under_repair})
        request.holders = "; ".join(
            holder_description(connection, other) for other in request.blocking[:3]
        )

    def _conflicts(
        self, connection: sa.Connection, lease_id: int, claims: Sequence[Claim]
    ) -> list[int]:
        """The leases that write what is claimed: held ones, and those that waited longer."""
        theirs = (
            sa.select(CLAIMS, LEASES.c.state)
            .join(LEASES, LEASES.c.id == CLAIMS.c.lease_id)
            .where(LEASES.c.state.in_(_ACTIVE), LEASES.c.id != lease_id)
            .where(CLAIMS.c.access == "write")
            .where(sa.or_(LEASES.c.state == "held", LEASES.c.id < lease_id))
        )
        found = {
            row.lease_id
            for row in connection.execute(theirs)
            for claim in claims
            if claim.table == row.table_name
            and claim.first.isoformat() <= row.last_date
            and row.first_date <= claim.last.isoformat()
        }
        return sorted(found)

    def _grant(self, connection: sa.Connection, lease_id: int, request: _Request) -> int:
        newest = connection.scalar(sa.select(sa.func.max(LEASES.c.token))) or 0
        # From the clock where the database is new: stored partitions may carry tokens of a lost one.
        now = connection.scalars(sa.select(NOW)).one()
        token = max(int(newest) + 1, int(now * 1000))
        connection.execute(
            sa.update(LEASES)
            .where(LEASES.c.id == lease_id)
            .values(
                state="held",
                token=token,
                acquired_at=NOW,
                heartbeat_at=NOW,
                expires_at=NOW + self.seconds,
            )
        )
        claims = [str(claim) for claim in request.writes]
        _note(connection, "acquired", request.holder, token=token, claims=claims)
        return token

    # --- keeping

    def heartbeat(self, lease_id: int) -> None:
        """Prolongs the lease.

        Raises:
            LeaseLost: it is no longer held.
        """
        with begin(self._engine) as connection:
            if not self._beat(connection, lease_id):
                raise LeaseLost(why_lost(connection, lease_id))

    def verify(self, lease_id: int) -> None:
        """Raises LeaseLost unless the lease is held and has not expired."""
        with self._engine.connect() as connection:
            is_held = (LEASES.c.state == "held") & (LEASES.c.expires_at >= NOW)
            if not connection.scalar(sa.select(is_held).where(LEASES.c.id == lease_id)):
                raise LeaseLost(why_lost(connection, lease_id))

    def release(self, lease_id: int) -> None:
        """Ends the lease; one that was lost stays lost."""
        with begin(self._engine) as connection:
            row = connection.execute(sa.select(LEASES).where(LEASES.c.id == lease_id)).one()
            if row.state in _ACTIVE:
                self._end(connection, lease_id, "released")
                _note(connection, "released", row)

    def cancel(
        self, backfill_id: str, reason: str = "asked for", *, is_known: bool = False
    ) -> list[Lease]:
        """Ends a backfill's or run's leases and forbids it to start again; returns what it held.

        Args:
            backfill_id: the backfill's or run's id.
            reason: for the audit.
            is_known: whether it exists though no lease was asked for under that id yet.

        Raises:
            KeyError: it does not exist.
        """
        with begin(self._engine) as connection:
            lock(connection)
            of_it = sa.or_(LEASES.c.backfill_id == backfill_id, LEASES.c.run_id == backfill_id)
            if not (is_known or connection.scalar(sa.select(sa.exists().where(of_it)))):
                raise KeyError(f"no backfill or run {backfill_id}")
            held = stored(connection, of_it & LEASES.c.state.in_(_ACTIVE))
            known = connection.scalar(
                sa.select(sa.func.count()).where(CANCELLED.c.backfill_id == backfill_id)
            )
            if not known:
                connection.execute(
                    sa.insert(CANCELLED).values(
                        backfill_id=backfill_id, at=NOW, actor=audit.actor()
                    )
                )
            for lease in held:
                self._end(connection, lease.id, "cancelled")
            audit.write(
                connection,
                "cancelled",
                backfill_id=backfill_id,
                reason=reason,
                runs=sorted({lease.run_id for lease in held}),
            )
        self.fence_off()
        return held

    def is_cancelled(self, *ids: str) -> bool:
        """Whether any of the backfills or runs was cancelled."""
        wanted = sa.select(sa.func.count()).where(CANCELLED.c.backfill_id.in_(ids))
        with self._engine.connect() as connection:
            return bool(connection.scalar(wanted))

    # --- reading

    def active(self) -> list[Lease]:
        """The leases that are held or waited for, oldest first."""
        with self._engine.connect() as connection:
            return stored(connection, LEASES.c.state.in_(_ACTIVE))

    # --- within a transaction

    def _beat(self, connection: sa.Connection, lease_id: int) -> bool:
        result = connection.execute(
            sa.update(LEASES)
            .where(LEASES.c.id == lease_id, LEASES.c.state.in_(_ACTIVE))
            .values(heartbeat_at=NOW, expires_at=NOW + self.seconds)
        )
        return result.rowcount > 0

    def _recover(self, connection: sa.Connection) -> list[str]:
        """Ends the leases of the dead and the expired; returns the runs seen to be dead."""
        dead: list[str] = []
        is_expired = (LEASES.c.expires_at < NOW).label("is_expired")
        active = sa.select(LEASES, is_expired).where(LEASES.c.state.in_(_ACTIVE))
        for row in connection.execute(active).all():
            gone = is_dead(row.machine, row.pid, row.process_started)
            if not gone and not row.is_expired:
                continue
            if gone:
                dead.append(row.run_id)
            self._end(connection, row.id, "recovered")
            reason = "its process is gone" if gone else "its heartbeat expired"
            _note(connection, "recovered", row, reason=reason, token=row.token)
        return dead

    def _end(self, connection: sa.Connection, lease_id: int, state: str) -> None:
        connection.execute(
            sa.update(LEASES).where(LEASES.c.id == lease_id).values(state=state, ended_at=NOW)
        )


def _note(
    connection: sa.Connection, action: str, whose: Holder | sa.Row[Any], **detail: object
) -> None:
    """An audit line of the holder's run."""
    audit.write(connection, action, run_id=whose.run_id, backfill_id=whose.backfill_id, **detail)
