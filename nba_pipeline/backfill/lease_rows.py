"""Leases as they are stored: the database's tables, and what a row of them says."""

import os
import socket
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import sqlalchemy as sa

from nba_pipeline.backfill.audit import METADATA
from nba_pipeline.backfill.progress import run_description

HELD, RESERVED = "held", "reserved"
"""States of a lease that was given: to a run that writes under it, or to a backfill for its runs."""
LEASES = sa.Table(
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
    sa.Column("machine", sa.String(128)),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("requested_at", sa.Float, nullable=False),
    sa.Column("acquired_at", sa.Float),
    sa.Column("heartbeat_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("ended_at", sa.Float),
    # When nothing that its holder had begun could land any more, where it was taken from him.
    sa.Column("fenced_at", sa.Float),
)
CLAIMS = sa.Table(
    "lease_claims",
    METADATA,
    sa.Column("lease_id", sa.ForeignKey("partition_leases.id"), primary_key=True),
    sa.Column("table_name", sa.String(128), primary_key=True),
    sa.Column("access", sa.String(8), primary_key=True),
    sa.Column("first_date", sa.String(10), primary_key=True),
    sa.Column("last_date", sa.String(10), nullable=False),
    sa.Column("only_stored", sa.Boolean),
)


@dataclass(frozen=True)
class Claim:
    """A table's dates from first to last, to write them or to read them unchanged.

    only_stored where those are meant alone that are stored, or were to be; others are kept from
    everyone too.
    """

    table: str
    first: date
    last: date
    only_stored: bool = False

    def __str__(self) -> str:
        return f"{self.table} {self.first} to {self.last}"


@dataclass(frozen=True)
class Holder:
    """Who asks: a run and its process.

    machine names the boot and the namespace in which the pid means something, None where the
    system does not tell; process_started counts clock ticks since that boot.
    """

    run_id: str
    backfill_id: str
    host: str
    pid: int
    process_started: int
    machine: str | None

    @classmethod
    def here(cls, run_id: str, backfill_id: str) -> "Holder":
        """This process."""
        pid = os.getpid()
        host, started = socket.gethostname(), start_ticks(pid) or 0
        return cls(run_id, backfill_id, host, pid, started, this_machine())


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


def stored(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Lease]:
    """The leases that meet the condition, oldest first, with what they write."""
    rows = list(connection.execute(sa.select(LEASES).where(where).order_by(LEASES.c.id)))
    claims: dict[int, list[Claim]] = {}
    query = sa.select(CLAIMS).where(
        CLAIMS.c.lease_id.in_([row.id for row in rows]), CLAIMS.c.access == "write"
    )
    for row in connection.execute(query):
        first, last = date.fromisoformat(row.first_date), date.fromisoformat(row.last_date)
        claim = Claim(row.table_name, first, last, bool(row.only_stored))
        claims.setdefault(row.lease_id, []).append(claim)
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
            requested_at=utc(row.requested_at),
            acquired_at=utc(row.acquired_at) if row.acquired_at else None,
            heartbeat_at=utc(row.heartbeat_at),
            expires_at=utc(row.expires_at),
            claims=tuple(claims.get(row.id, ())),
        )
        for row in rows
    ]


def holder_description(connection: sa.Connection, lease_id: int) -> str:
    """Who holds what since when, in a sentence."""
    lease = stored(connection, LEASES.c.id == lease_id)[0]
    since = lease.acquired_at or lease.requested_at
    does = "waits for" if lease.state == "waiting" else "holds"
    whose = "backfill" if lease.state == RESERVED else "run"
    claims = ", ".join(str(claim) for claim in lease.claims[:3])
    more = f" and {len(lease.claims) - 3} more" if lease.claims[3:] else ""
    progress = run_description(connection, lease.run_id)
    return (
        f"{whose} {lease.run_id} ({lease.purpose}; pid {lease.pid} on {lease.host}) {does} "
        f"{claims}{more} since {since:%Y-%m-%d %H:%M:%S} UTC{f', {progress}' if progress else ''}"
    )


def why_lost(connection: sa.Connection, lease_id: int) -> str:
    """Why a lease no longer protects, in a sentence."""
    row = connection.execute(sa.select(LEASES).where(LEASES.c.id == lease_id)).one()
    if row.state in (HELD, RESERVED):
        return f"the lease of run {row.run_id} expired at {utc(row.expires_at):%H:%M:%S} UTC"
    ended = f"{utc(row.ended_at):%Y-%m-%d %H:%M:%S} UTC" if row.ended_at else "?"
    return f"the lease of run {row.run_id} (token {row.token}) was {row.state} at {ended}"


def utc(seconds: float) -> datetime:
    """The time of a stored number of seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def is_dead(machine: str | None, pid: int, started: float) -> bool:
    """Whether the process is known to be gone.

    Nothing is known of another machine's, nor of those before a boot or in another namespace.
    """
    return machine is not None and machine == this_machine() and start_ticks(pid) != started


def this_machine() -> str | None:
    """The boot and pid namespace that this process is in; None where the system has no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except FileNotFoundError:
        return None


def start_ticks(pid: int) -> int | None:
    """Clock ticks from the boot to the process's start; None where no such process runs."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in brackets may hold anything; what follows it is state, ..., start.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])
