"""Where Postgres lets go on those whom SQLite would have wait: who is stopped locks nobody out."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date

import pytest

from nba_pipeline.backfill import lease_changes
from nba_pipeline.backfill.heartbeat import Heartbeat
from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.backfill.leases import LeaseRefused, Leases
from nba_pipeline.coordination.database import connect

LEASE_SECONDS = 3.0
JANUARY = Claim("scores", date(2024, 1, 1), date(2024, 1, 31))
FEBRUARY = Claim("scores", date(2024, 2, 1), date(2024, 2, 29))
_STOPS = """
import os, signal, sys
import sqlalchemy as sa
from nba_pipeline.coordination.database import HICCUPS, begin, connect, lock
try:
    with begin(connect(sys.argv[1], float(sys.argv[2]))) as connection:
        lock(connection)
        os.kill(os.getpid(), signal.SIGSTOP)
        connection.execute(sa.text("SELECT 1"))
except HICCUPS:
    print("told that its session has ended")
"""


@pytest.fixture
def leases(postgres) -> Leases:
    """A store on Postgres whose leases live for three seconds."""
    return Leases(connect(postgres.database(), LEASE_SECONDS), LEASE_SECONDS, lambda _table: None)


@pytest.fixture
def stopped(leases) -> Iterator[subprocess.Popen]:
    """A process that holds the lock of all who ask for leases, and does not go on."""
    url = leases._engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-c", _STOPS, url, str(LEASE_SECONDS)], stdout=subprocess.PIPE, text=True
    )
    os.waitpid(process.pid, os.WUNTRACED)
    yield process
    process.kill()
    process.wait()


def _take(leases: Leases, run: str, claim: Claim) -> int:
    return leases.acquire(Holder.here(run, run), [claim], [], purpose="a test", wait=False).id


def test_who_asks_waits_no_longer_than_a_lease_for_the_stopped(leases, request) -> None:
    """Who has a lease keeps it meanwhile; who is stopped learns of it when it goes on."""
    alive = _take(leases, "alive", JANUARY)
    ids = ("alive", "alive")
    with Heartbeat(leases, alive, ids, stopped=lambda: None, interrupt=lambda: None):
        process = request.getfixturevalue("stopped")
        started = time.monotonic()
        _take(leases, "next", FEBRUARY)
        waited = time.monotonic() - started
        assert LEASE_SECONDS / 4 < waited < LEASE_SECONDS + 1
        process.send_signal(signal.SIGCONT)
        assert process.communicate(timeout=20)[0] == "told that its session has ended\n"
        leases.verify(alive)


def test_a_heartbeat_that_comes_while_the_expired_are_looked_for_counts(
    leases, monkeypatch
) -> None:
    """The lease had expired when it was read, and is held when it would be ended."""
    late = _take(leases, "late", JANUARY)
    time.sleep(LEASE_SECONDS + 0.2)
    looked_at: list[int] = []

    def is_dead(*_holder: object) -> bool:
        looked_at.append(1)
        leases.heartbeat(late)
        return False

    monkeypatch.setattr(lease_changes, "is_dead", is_dead)
    with pytest.raises(LeaseRefused, match="run late"):
        _take(leases, "next", JANUARY)
    assert looked_at
    leases.verify(late)
