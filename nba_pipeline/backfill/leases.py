"""Leases on partitions: who may write which dates of which tables.

A lease holds all its claims or none. It lives as long as its holder's heartbeat; one whose holder
is dead is recovered, and every newer lease has a larger fencing token than any before it.
"""

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import psutil
import sqlalchemy as sa

from nba_pipeline.backfill import audit
from nba_pipeline.backfill.audit import METADATA
from nba_pipeline.coordination import lock

_LEASES = sa.Table(
    "partition_leases",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("token", sa.BigInteger, index=True),
    sa.Column("run_id", sa.String(64), nullable=False, index=True),
    sa.Column("backfill_id", sa.String(64), nullable=False, index=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("process_started", sa.Float, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("requested_at", sa.Float, nullable=False),
    sa.Column("acquired_at", sa.Float),
    sa.Column("heartbeat_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("ended_at", sa.Float),
)
_CLAIMS = sa.Table(
    "lease_claims",
    METADATA,
    sa.Column("lease_id", sa.ForeignKey("partition_leases.id"), primary_key=True),
    sa.Column("table_name", sa.String(128), primary_key=True),
    sa.Column("access", sa.String(8), primary_key=True),
    sa.Column("first_date", sa.String(10), nullable=False),
    sa.Column("last_date", sa.String(10), nullable=False),
)
_CANCELLED = sa.Table(
    "cancelled_backfills",
    METADATA,
    sa.Column("backfill_id", sa.String(64), primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("actor", sa.String(128), nullable=False),
)
_ACTIVE = ("held", "waiting")
_POLL_SECONDS = 0.25


class LeaseRefused(Exception):
    """Dates are held by another; the message says by whom, since when and which."""


class LeaseLost(Exception):
    """This holder's lease has ended: it expired and was recovered, or was cancelled."""


class BackfillCancelled(Exception):
    """The backfill was cancelled and does not start again."""


@dataclass(frozen=True)
class Claim:
    """A table's dates from first to last, to write them or to read them unchanged."""

    table: str
    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.table} {self.first} to {self.last}"


@dataclass(frozen=True)
class Holder:
    """Who asks: a run and its process."""

    run_id: str
    backfill_id: str
    host: str
    pid: int
    process_started: float

    @classmethod
    def here(cls, run_id: str, backfill_id: str) -> "Holder":
        """This process."""
        pid = os.getpid()
        started = psutil.Process(pid).create_time()
        return cls(run_id, backfill_id, socket.gethostname(), pid, started)


@dataclass(frozen=True)
class Lease:
    """A lease as stored; times are UTC."""

    id: int
    token: int | None
    run_id: str
    backfill_id: str
    purpose: str
    host: str
    pid: int
    state: str
    requested_at: datetime
    acquired_at: datetime | None
    heartbeat_at: datetime
    expires_at: datetime
    claims: tuple[Claim, ...]


class Leases:
    """The leases of one coordination database."""

    def __init__(self, engine: sa.Engine, seconds: float) -> None:
        """Args: engine; seconds: how long a lease lives without a heartbeat."""
        self._engine = engine
        self.seconds = seconds
        METADATA.create_all(engine)

    # --- taking

    def acquire(
        self,
        holder: Holder,
        writes: Sequence[Claim],
        reads: Sequence[Claim],
        *,
        purpose: str,
        wait: bool,
    ) -> tuple[int, int, bool]:
        """The lease's id, its token, and whether an expired holder was passed over for it.

        Writes exclude every other's writes of the same dates; reads wait for writes under way.
        Those who wait are served in the order in which they came.

        Raises:
            LeaseRefused: another holds or awaits some of the dates, and wait is off.
            BackfillCancelled: while waiting, or before.
        """
        lease_id: int | None = None
        took_over = False
        while True:
            with self._engine.begin() as connection:
                lock(connection, _LEASES)
                self._refuse_cancelled(connection, holder)
                took_over |= self._recover(connection)
                if lease_id is None:
                    lease_id = self._insert(connection, holder, writes, reads, purpose)
                else:
                    self._beat(connection, lease_id)
                others = self._conflicts(connection, lease_id, writes, reads)
                if not others:
                    token = self._grant(connection, lease_id, holder, writes)
                    return lease_id, token, took_over
                told = "; ".join(self._told(connection, other) for other in others[:3])
                if not wait:
                    self._end(connection, lease_id, "refused")
                    audit.write(
                        connection,
                        "refused",
                        run_id=holder.run_id,
                        backfill_id=holder.backfill_id,
                        reason=told,
                    )
            if not wait:
                raise LeaseRefused(f"{told}. Wait for it with --wait, or cancel it.")
            time.sleep(_POLL_SECONDS)

    def _refuse_cancelled(self, connection: sa.Connection, holder: Holder) -> None:
        wanted = sa.select(_CANCELLED).where(
            _CANCELLED.c.backfill_id.in_([holder.backfill_id, holder.run_id])
        )
        found = connection.execute(wanted).first()
        if found:
            raise BackfillCancelled(
                f"backfill {found.backfill_id} was cancelled by {found.actor} at {_time(found.at)}"
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
            sa.insert(_LEASES).values(
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
        connection.execute(sa.insert(_CLAIMS), lines)
        return lease_id

    def _conflicts(
        self,
        connection: sa.Connection,
        lease_id: int,
        writes: Sequence[Claim],
        reads: Sequence[Claim],
    ) -> list[int]:
        """The leases that stand in the way: held ones, and those that waited longer."""
        theirs = (
            sa.select(_CLAIMS, _LEASES.c.state)
            .join(_LEASES, _LEASES.c.id == _CLAIMS.c.lease_id)
            .where(_LEASES.c.state.in_(_ACTIVE), _LEASES.c.id != lease_id)
            .where(_CLAIMS.c.access == "write")
            .where(sa.or_(_LEASES.c.state == "held", _LEASES.c.id < lease_id))
        )
        found = {
            row.lease_id
            for row in connection.execute(theirs)
            for claim in (*writes, *reads)
            if claim.table == row.table_name
            and claim.first.isoformat() <= row.last_date
            and row.first_date <= claim.last.isoformat()
        }
        return sorted(found)

    def _grant(
        self, connection: sa.Connection, lease_id: int, holder: Holder, writes: Sequence[Claim]
    ) -> int:
        newest = connection.scalar(sa.select(sa.func.max(_LEASES.c.token))) or 0
        now = time.time()
        # From the clock where the database is new: stored partitions may carry tokens of a lost one.
        token = max(int(newest) + 1, int(now * 1000))
        connection.execute(
            sa.update(_LEASES)
            .where(_LEASES.c.id == lease_id)
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
        with self._engine.begin() as connection:
            if not self._beat(connection, lease_id):
                raise LeaseLost(self._why_lost(connection, lease_id))

    def verify(self, lease_id: int) -> None:
        """Raises LeaseLost unless the lease is held and has not expired."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(_LEASES).where(_LEASES.c.id == lease_id)).one()
            if row.state != "held" or row.expires_at < time.time():
                raise LeaseLost(self._why_lost(connection, lease_id))

    def release(self, lease_id: int) -> None:
        """Ends the lease; one that was lost stays lost."""
        with self._engine.begin() as connection:
            row = connection.execute(sa.select(_LEASES).where(_LEASES.c.id == lease_id)).one()
            if row.state in _ACTIVE:
                self._end(connection, lease_id, "released")
                audit.write(connection, "released", run_id=row.run_id, backfill_id=row.backfill_id)

    def cancel(self, backfill_id: str) -> list[Lease]:
        """Ends a backfill's or run's leases and forbids it to start again; returns what it held.

        Raises:
            KeyError: no lease was ever asked for under that id.
        """
        with self._engine.begin() as connection:
            lock(connection, _LEASES)
            of_it = sa.or_(_LEASES.c.backfill_id == backfill_id, _LEASES.c.run_id == backfill_id)
            if connection.scalar(sa.select(sa.func.count()).where(of_it)) == 0:
                raise KeyError(f"no backfill or run {backfill_id}")
            held = self._leases(connection, of_it & _LEASES.c.state.in_(_ACTIVE))
            known = connection.scalar(
                sa.select(sa.func.count()).where(_CANCELLED.c.backfill_id == backfill_id)
            )
            if not known:
                connection.execute(
                    sa.insert(_CANCELLED).values(
                        backfill_id=backfill_id, at=time.time(), actor=audit.actor()
                    )
                )
            for lease in held:
                self._end(connection, lease.id, "cancelled")
            audit.write(
                connection,
                "cancelled",
                backfill_id=backfill_id,
                runs=sorted({lease.run_id for lease in held}),
            )
        return held

    def is_cancelled(self, *ids: str) -> bool:
        """Whether any of the backfills or runs was cancelled."""
        wanted = sa.select(sa.func.count()).where(_CANCELLED.c.backfill_id.in_(ids))
        with self._engine.connect() as connection:
            return bool(connection.scalar(wanted))

    # --- reading

    def active(self) -> list[Lease]:
        """The leases that are held or waited for, oldest first."""
        with self._engine.connect() as connection:
            return self._leases(connection, _LEASES.c.state.in_(_ACTIVE))

    # --- within a transaction

    def _beat(self, connection: sa.Connection, lease_id: int) -> bool:
        now = time.time()
        result = connection.execute(
            sa.update(_LEASES)
            .where(_LEASES.c.id == lease_id, _LEASES.c.state.in_(_ACTIVE))
            .values(heartbeat_at=now, expires_at=now + self.seconds)
        )
        return result.rowcount > 0

    def _recover(self, connection: sa.Connection) -> bool:
        """Ends the leases of the dead; true when one of them expired without being seen to die."""
        passed_over = False
        now = time.time()
        for row in connection.execute(sa.select(_LEASES).where(_LEASES.c.state.in_(_ACTIVE))):
            is_dead = _is_dead(row.host, row.pid, row.process_started)
            if not is_dead and row.expires_at >= now:
                continue
            passed_over |= not is_dead
            self._end(connection, row.id, "recovered")
            reason = "its process is gone" if is_dead else "its heartbeat expired"
            audit.write(
                connection,
                "recovered",
                run_id=row.run_id,
                backfill_id=row.backfill_id,
                reason=reason,
                token=row.token,
            )
        return passed_over

    def _end(self, connection: sa.Connection, lease_id: int, state: str) -> None:
        connection.execute(
            sa.update(_LEASES)
            .where(_LEASES.c.id == lease_id)
            .values(state=state, ended_at=time.time())
        )

    def _leases(self, connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Lease]:
        rows = list(connection.execute(sa.select(_LEASES).where(where).order_by(_LEASES.c.id)))
        claims: dict[int, list[Claim]] = {}
        wanted = sa.select(_CLAIMS).where(
            _CLAIMS.c.lease_id.in_([row.id for row in rows]), _CLAIMS.c.access == "write"
        )
        for row in connection.execute(wanted):
            first, last = date.fromisoformat(row.first_date), date.fromisoformat(row.last_date)
            claims.setdefault(row.lease_id, []).append(Claim(row.table_name, first, last))
        return [
            Lease(
                id=row.id,
                token=row.token,
                run_id=row.run_id,
                backfill_id=row.backfill_id,
                purpose=row.purpose,
                host=row.host,
                pid=row.pid,
                state=row.state,
                requested_at=_time(row.requested_at),
                acquired_at=_time(row.acquired_at) if row.acquired_at else None,
                heartbeat_at=_time(row.heartbeat_at),
                expires_at=_time(row.expires_at),
                claims=tuple(claims.get(row.id, ())),
            )
            for row in rows
        ]

    def _told(self, connection: sa.Connection, lease_id: int) -> str:
        """Who holds what since when, in a sentence."""
        lease = self._leases(connection, _LEASES.c.id == lease_id)[0]
        since = lease.acquired_at or lease.requested_at
        does = "holds" if lease.state == "held" else "waits for"
        claims = ", ".join(str(claim) for claim in lease.claims[:3])
        more = f" and {len(lease.claims) - 3} more" if lease.claims[3:] else ""
        return (
            f"run {lease.run_id} ({lease.purpose}; pid {lease.pid} on {lease.host}) {does} "
            f"{claims}{more} since {since:%Y-%m-%d %H:%M:%S} UTC"
        )

    def _why_lost(self, connection: sa.Connection, lease_id: int) -> str:
        row = connection.execute(sa.select(_LEASES).where(_LEASES.c.id == lease_id)).one()
        if row.state == "held":
            return f"the lease of run {row.run_id} expired at {_time(row.expires_at):%H:%M:%S} UTC"
        ended = f"{_time(row.ended_at):%Y-%m-%d %H:%M:%S} UTC" if row.ended_at else "?"
        return f"the lease of run {row.run_id} (token {row.token}) was {row.state} at {ended}"


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _is_dead(host: str, pid: int, started: float) -> bool:
    """Whether the process is known to be gone; of another machine's nothing is known."""
    if host != socket.gethostname():
        return False
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) > 1 or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
