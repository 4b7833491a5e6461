"""Leases on partitions: who may write which dates of which tables.

A lease holds all its claims or none. It lives as long as its holder's heartbeat, by the database's
clock; one whose holder is dead is recovered, and every newer lease has a larger fencing token than
any before it.

A backfill of several runs reserves what they write before the first of them begins: nobody gets in
between. Each run takes its own lease within what is reserved.

A holder that passed its fence just before it lost its lease may still be about to commit, onto the
version of the table that it has checked. So whenever a lease was recovered or cancelled, its tables
are advanced by a version before any lease is given to anyone: then that commit fails. Whoever asks
next does it, so it does not matter who dies in between.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from nba_pipeline.backfill import audit
from nba_pipeline.backfill import lease_changes as changes
from nba_pipeline.backfill.audit import METADATA
from nba_pipeline.backfill.lease_rows import (
    CLAIMS,
    HELD,
    LEASES,
    RESERVED,
    Claim,
    Holder,
    Lease,
    is_dead,
    stored,
    this_machine,
    why_lost,
)
from nba_pipeline.coordination.database import HICCUPS, NOW, begin, create_tables, lock
from nba_pipeline.errors import NbaPipelineError

_POLL_SECONDS = 0.25


class LeaseRefused(NbaPipelineError):
    """Dates are held by another; the message says by whom, since when, which and how far it is.

    gone are runs that were found to be dead on the way.
    """

    def __init__(self, told: str, gone: Sequence[str] = ()) -> None:
        super().__init__(told)
        self.gone = tuple(gone)


class LeaseLost(NbaPipelineError):
    """This holder's lease has ended: it expired and was recovered, or was cancelled."""


class BackfillCancelled(NbaPipelineError):
    """The backfill was cancelled and does not start again."""

    exit_code = 130


class UnknownBackfill(NbaPipelineError, KeyError):
    """An id that no backfill and no run has."""


class Grant(NamedTuple):
    """A lease that was given; gone are the runs found dead meanwhile."""

    id: int
    token: int
    gone: tuple[str, ...]


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
        given: str = HELD,
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
            given: whether it is held, to write under it, or reserved for runs of this process.

        Raises:
            LeaseRefused: another holds or awaits some of the dates to write, and wait is off.
            BackfillCancelled: while waiting, or before.
        """
        request = changes.Request(holder, writes, reads, purpose, given)
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

    def _ask(self, request: changes.Request, *, wait: bool) -> int | None:
        """The token when the lease is given, None when there is something to wait for."""
        while True:
            self.fence_off()
            with begin(self._engine) as connection:
                lock(connection)
                self._refuse_cancelled(connection, request.holder)
                lease_id = request.lease_id
                if lease_id is None or not changes.beat(connection, lease_id, self.seconds):
                    lease_id = changes.insert(connection, request, self.seconds)
                request.gone += changes.recover(connection)
                is_fenced = not connection.scalar(sa.select(sa.exists().where(changes.UNFENCED)))
                if is_fenced:
                    changes.find_blocking(connection, lease_id, request)
                is_granted = is_fenced and not request.blocking
                is_refused = is_fenced and request.is_contested and not wait
                if is_granted:
                    token = changes.grant(connection, lease_id, request, self.seconds)
                if is_refused:
                    changes.end(connection, lease_id, "refused")
                    changes.note(connection, "refused", request.holder, reason=request.holders)
            # An id of a transaction that failed would be given to another.
            request.lease_id = lease_id
            if is_granted:
                return token
            if is_refused:
                told = f"{request.holders}. Wait for it with --wait, or cancel it."
                raise LeaseRefused(told, request.gone)
            if is_fenced:
                return None

    def fence_off(self) -> None:
        """Makes sure that no lease that was taken from its holder can write any more."""
        with self._engine.connect() as connection:
            lost = list(connection.scalars(sa.select(LEASES.c.id).where(changes.UNFENCED)))
            if not lost:
                return
            theirs = CLAIMS.c.lease_id.in_(lost) & (CLAIMS.c.access == "write")
            wanted = sa.select(CLAIMS.c.table_name).where(theirs).distinct()
            tables = sorted(connection.scalars(wanted))
        for table in tables:
            self._advance(table)
        with begin(self._engine) as connection:
            connection.execute(sa.update(LEASES).where(LEASES.c.id.in_(lost)).values(fenced_at=NOW))

    def _refuse_cancelled(self, connection: sa.Connection, holder: Holder) -> None:
        found = audit.cancellation(connection, holder.backfill_id, holder.run_id)
        if found:
            raise BackfillCancelled(
                f"backfill {found.backfill_id} was cancelled by {found.actor} at {found.at}"
            )

    # --- keeping

    def heartbeat(self, lease_id: int) -> None:
        """Prolongs the lease.

        Raises:
            LeaseLost: it is no longer held.
        """
        with begin(self._engine) as connection:
            if not changes.beat(connection, lease_id, self.seconds):
                raise LeaseLost(why_lost(connection, lease_id))

    def verify(self, lease_id: int) -> None:
        """Raises LeaseLost unless the lease is held or reserved and has not expired."""
        with self._engine.connect() as connection:
            is_held = LEASES.c.state.in_((HELD, RESERVED)) & (LEASES.c.expires_at >= NOW)
            if not connection.scalar(sa.select(is_held).where(LEASES.c.id == lease_id)):
                raise LeaseLost(why_lost(connection, lease_id))

    def release(self, lease_id: int) -> None:
        """Ends the lease; one that was lost stays lost."""
        with begin(self._engine) as connection:
            row = connection.execute(sa.select(LEASES).where(LEASES.c.id == lease_id)).one()
            if changes.end(connection, lease_id, "released"):
                changes.note(connection, "released", row)

    def cancel(
        self, backfill_id: str, reason: str = "asked for", *, is_known: bool = False
    ) -> list[Lease]:
        """Ends a backfill's or run's leases and forbids it to start again; returns what it held.

        Args:
            backfill_id: the backfill's or run's id.
            reason: for the audit.
            is_known: whether it exists though no lease was asked for under that id yet.

        Raises:
            UnknownBackfill: it does not exist.
        """
        with begin(self._engine) as connection:
            lock(connection)
            of_it = sa.or_(LEASES.c.backfill_id == backfill_id, LEASES.c.run_id == backfill_id)
            if not (is_known or connection.scalar(sa.select(sa.exists().where(of_it)))):
                raise UnknownBackfill(f"no backfill or run {backfill_id}")
            active = stored(connection, of_it & LEASES.c.state.in_(changes.ACTIVE))
            held = [lease for lease in active if changes.end(connection, lease.id, "cancelled")]
            audit.write(
                connection,
                audit.CANCELLED,
                backfill_id=backfill_id,
                reason=reason,
                runs=sorted({lease.run_id for lease in held}),
            )
        self.fence_off()
        return held

    def is_cancelled(self, *ids: str) -> bool:
        """Whether any of the backfills or runs was cancelled."""
        with self._engine.connect() as connection:
            return audit.cancellation(connection, *ids) is not None

    # --- reading

    def living(self) -> list[Lease]:
        """Those of the active ones that have not expired, oldest first."""
        with self._engine.connect() as connection:
            alive = LEASES.c.state.in_(changes.ACTIVE) & (LEASES.c.expires_at >= NOW)
            return [
                lease
                for lease in stored(connection, alive)
                if not self._is_dead(connection, lease.id)
            ]

    @staticmethod
    def _is_dead(connection: sa.Connection, lease_id: int) -> bool:
        """Whether the holder's process is known to be gone."""
        row = connection.execute(sa.select(LEASES).where(LEASES.c.id == lease_id)).one()
        return is_dead(row.machine, row.pid, row.process_started)

    def is_gone(self, run_id: str) -> bool | None:
        """Whether the run's process is known to be gone, or its lease has expired; None if it asked for none.

        One that is over says nothing of a process of this machine, which may have more to do.
        """
        with self._engine.connect() as connection:
            is_expired = (LEASES.c.expires_at < NOW).label("is_expired")
            of_it = sa.select(LEASES, is_expired).where(LEASES.c.run_id == run_id)
            row = connection.execute(of_it.order_by(LEASES.c.id.desc())).first()
        if row is None:
            return None
        is_over = row.state not in (*changes.ACTIVE, changes.RECOVERED)
        may_go_on = is_over and row.machine is not None and row.machine == this_machine()
        was_lost = bool(row.is_expired) and not may_go_on
        return was_lost or is_dead(row.machine, row.pid, row.process_started)

    def active(self) -> list[Lease]:
        """The leases that are held or waited for, oldest first."""
        with self._engine.connect() as connection:
            return stored(connection, LEASES.c.state.in_(changes.ACTIVE))
