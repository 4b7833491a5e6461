"""Leases on partitions: who may write which dates of which tables.

A lease holds all its claims or none. It lives as long as its holder's heartbeat; one whose holder
is dead is recovered, and every newer lease has a larger fencing token than any before it.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

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
from nba_pipeline.coordination.database import begin, create_tables, lock
from nba_pipeline.errors import NbaPipelineError

_ACTIVE = ("held", "waiting")
_POLL_SECONDS = 0.25


class LeaseRefused(NbaPipelineError):
    """Dates are held by another; the message says by whom, since when and which."""


class LeaseLost(NbaPipelineError):
    """This holder's lease has ended: it expired and was recovered, or was cancelled."""


class BackfillCancelled(NbaPipelineError):
    """The backfill was cancelled and does not start again."""


class Grant(NamedTuple):
    """A lease that was given, and what had to be recovered for it.

    took_over says that a holder expired that may still be alive; gone are the runs whose process
    is dead.
    """

    id: int
    token: int
    took_over: bool
    gone: tuple[str, ...]


class Leases:
    """The leases of one coordination database."""

    def __init__(self, engine: sa.Engine, seconds: float) -> None:
        """Args: engine; seconds: how long a lease lives without a heartbeat."""
        self._engine = engine
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
    ) -> Grant:
        """The lease, once no other stands in its way.

        Writes exclude every other's writes of the same dates. Reads wait for the writes under way
        of what they read: it is being repaired. Those who wait are served in the order in which
        they came.

        Raises:
            LeaseRefused: another holds or awaits some of the dates to write, and wait is off.
            BackfillCancelled: while waiting, or before.
        """
        lease_id: int | None = None
        took_over = False
        gone: list[str] = []
        while True:
            with begin(self._engine) as connection:
                lock(connection)
                self._refuse_cancelled(connection, holder)
                expired, dead = self._recover(connection)
                took_over |= expired
                gone += dead
                if lease_id is None:
                    lease_id = self._insert(connection, holder, writes, reads, purpose)
                else:
                    self._beat(connection, lease_id)
                others = self._conflicts(connection, lease_id, writes)
                if not others and not self._conflicts(connection, lease_id, reads):
                    token = self._grant(connection, lease_id, holder, writes)
                    return Grant(lease_id, token, took_over, tuple(gone))
                is_refused = bool(others) and not wait
                if is_refused:
                    holders = "; ".join(
                        holder_description(connection, other) for other in others[:3]
                    )
                    self._end(connection, lease_id, "refused")
                    audit.write(
                        connection,
                        "refused",
                        run_id=holder.run_id,
                        backfill_id=holder.backfill_id,
                        reason=holders,
                    )
            if is_refused:
                raise LeaseRefused(f"{holders}. Wait for it with --wait, or cancel it.")
            time.sleep(_POLL_SECONDS)

    def _refuse_cancelled(self, connection: sa.Connection, holder: Holder) -> None:
        wanted = sa.select(CANCELLED).where(
            CANCELLED.c.backfill_id.in_([holder.backfill_id, holder.run_id])
        )
        found = connection.execute(wanted).first()
        if found:
            raise BackfillCancelled(
                f"backfill {found.backfill_id} was cancelled by {found.actor} at {utc(found.at)}"
            )

    def _insert(
        self,
        connection: sa.Connection,
        holder: Holder,
        writes: Sequence[Claim],
        reads: Sequence[Claim],
        purpose: str,
    ) -> int:
        now = time.time()
        result = connection.execute(
            sa.insert(LEASES).values(
                run_id=holder.run_id,
                backfill_id=holder.backfill_id,
                purpose=purpose,
                host=holder.host,
                pid=holder.pid,
                process_started=holder.process_started,
                state="waiting",
                requested_at=now,
                heartbeat_at=now,
                expires_at=now + self.seconds,
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
            for access, claims in (("write", writes), ("read", reads))
            for claim in claims
        ]
        connection.execute(sa.insert(CLAIMS), lines)
        return lease_id

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

    def _grant(
        self, connection: sa.Connection, lease_id: int, holder: Holder, writes: Sequence[Claim]
    ) -> int:
        newest = connection.scalar(sa.select(sa.func.max(LEASES.c.token))) or 0
        now = time.time()
        # From the clock where the database is new: stored partitions may carry tokens of a lost one.
        token = max(int(newest) + 1, int(now * 1000))
        connection.execute(
            sa.update(LEASES)
            .where(LEASES.c.id == lease_id)
            .values(
                state="held",
                token=token,
                acquired_at=now,
                heartbeat_at=now,
                expires_at=now + self.seconds,
            )
        )
        audit.write(
            connection,
            "acquired",
            run_id=holder.run_id,
            backfill_id=holder.backfill_id,
            token=token,
            claims=[str(claim) for claim in writes],
        )
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
            row = connection.execute(sa.select(LEASES).where(LEASES.c.id == lease_id)).one()
            if row.state != "held" or row.expires_at < time.time():
                raise LeaseLost(why_lost(connection, lease_id))

    def release(self, lease_id: int) -> None:
        """Ends the lease; one that was lost stays lost."""
        with begin(self._engine) as connection:
            row = connection.execute(sa.select(LEASES).where(LEASES.c.id == lease_id)).one()
            if row.state in _ACTIVE:
                self._end(connection, lease_id, "released")
                audit.write(connection, "released", run_id=row.run_id, backfill_id=row.backfill_id)

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
                        backfill_id=backfill_id, at=time.time(), actor=audit.actor()
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
        now = time.time()
        result = connection.execute(
            sa.update(LEASES)
            .where(LEASES.c.id == lease_id, LEASES.c.state.in_(_ACTIVE))
            .values(heartbeat_at=now, expires_at=now + self.seconds)
        )
        return result.rowcount > 0

    def _recover(self, connection: sa.Connection) -> tuple[bool, list[str]]:
        """Ends the leases of the dead and the expired.

        Returns whether one expired without being seen to die, and the runs seen to be dead.
        """
        passed_over = False
        dead: list[str] = []
        now = time.time()
        for row in connection.execute(sa.select(LEASES).where(LEASES.c.state.in_(_ACTIVE))):
            gone = is_dead(row.host, row.pid, row.process_started)
            if not gone and row.expires_at >= now:
                continue
            passed_over |= not gone
            if gone:
                dead.append(row.run_id)
            self._end(connection, row.id, "recovered")
            reason = "its process is gone" if gone else "its heartbeat expired"
            audit.write(
                connection,
                "recovered",
                run_id=row.run_id,
                backfill_id=row.backfill_id,
                reason=reason,
                token=row.token,
            )
        return passed_over, dead

    def _end(self, connection: sa.Connection, lease_id: int, state: str) -> None:
        connection.execute(
            sa.update(LEASES)
            .where(LEASES.c.id == lease_id)
            .values(state=state, ended_at=time.time())
        )
