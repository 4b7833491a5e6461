"""Who may write what, and who waits, is refused or recovered."""

import threading
import time
from datetime import date
from pathlib import Path

import pytest

from nba_pipeline.backfill import audit
from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.backfill.leases import BackfillCancelled, LeaseLost, LeaseRefused, Leases
from nba_pipeline.coordination.database import connect

JANUARY = Claim("scores", date(2024, 1, 1), date(2024, 1, 31))
LATE_JANUARY = Claim("scores", date(2024, 1, 31), date(2024, 2, 3))
FEBRUARY = Claim("scores", date(2024, 2, 1), date(2024, 2, 29))
OTHER_TABLE = Claim("shots", date(2024, 1, 1), date(2024, 1, 31))


@pytest.fixture
def leases(tmp_path: Path) -> Leases:
    """An empty store."""
    return Leases(connect(f"sqlite:///{tmp_path / 'c.db'}"), 60)


def _take(leases: Leases, run: str, *claims: Claim, wait: bool = False, reads=()) -> tuple:
    return leases.acquire(Holder.here(run, run), claims, reads, purpose="a test", wait=wait)


def test_overlap_is_refused_and_says_by_whom_which_and_since_when(leases) -> None:
    """One day in common is enough."""
    _take(leases, "first", JANUARY, OTHER_TABLE)
    with pytest.raises(LeaseRefused) as refused:
        _take(leases, "second", LATE_JANUARY)
    holder_description = str(refused.value)
    assert holder_description.startswith("run first (a test; pid ")
    assert (
        "holds scores 2024-01-01 to 2024-01-31, shots 2024-01-01 to 2024-01-31 since 20"
        in holder_description
    )
    assert [line.action for line in audit.read(leases._engine)] == ["refused", "acquired"]


def test_disjoint_dates_and_other_tables_go_side_by_side(leases) -> None:
    """Three leases at once, with growing tokens."""
    tokens = [_take(leases, c.table + str(c.first), c)[1] for c in (JANUARY, FEBRUARY, OTHER_TABLE)]
    assert tokens == sorted(set(tokens))
    assert len(leases.active()) == 3


def test_all_or_none(leases) -> None:
    """A refused lease leaves nothing held."""
    _take(leases, "first", JANUARY)
    with pytest.raises(LeaseRefused):
        _take(leases, "second", FEBRUARY, JANUARY)
    _take(leases, "third", FEBRUARY)


def test_who_waits_is_served_in_the_order_of_coming(leases) -> None:
    """The second waits for the first, the third for the second though it could have gone."""
    lease_id = _take(leases, "first", JANUARY)[0]
    served = []

    def wait_for(run: str, *claims: Claim) -> None:
        taken = _take(leases, run, *claims, wait=True)
        served.append(run)
        time.sleep(0.3)
        leases.release(taken[0])

    threads = []
    for run, claims in (("second", (JANUARY, FEBRUARY)), ("third", (FEBRUARY,))):
        threads.append(threading.Thread(target=wait_for, args=(run, *claims)))
        threads[-1].start()
        time.sleep(0.3)
    assert served == []
    leases.release(lease_id)
    for thread in threads:
        thread.join(10)
    assert served == ["second", "third"]


def test_what_is_under_repair_is_waited_for_before_it_is_read(leases) -> None:
    """A reader waits for the writer even if it would not wait for another writer."""
    lease_id = _take(leases, "repair", JANUARY)[0]
    started = time.monotonic()
    threading.Timer(0.6, lambda: leases.release(lease_id)).start()
    _take(leases, "downstream", OTHER_TABLE, reads=(JANUARY,))
    assert time.monotonic() - started > 0.5


def test_an_expired_lease_is_recovered_with_a_higher_token(tmp_path) -> None:
    """Its holder is alive, but no longer holds: it is holder_description when it asks."""
    leases = Leases(connect(f"sqlite:///{tmp_path / 'c.db'}"), 0.2)
    old_id, old_token, *_ = _take(leases, "sleeper", JANUARY)
    time.sleep(0.3)
    with pytest.raises(LeaseLost, match="of run sleeper expired at"):
        leases.verify(old_id)
    _id, token, took_over, gone = _take(leases, "next", JANUARY)
    assert took_over
    assert gone == ()
    assert token > old_token
    with pytest.raises(LeaseLost, match=r"of run sleeper \(token \d+\) was recovered at"):
        leases.verify(old_id)
    with pytest.raises(LeaseLost):
        leases.heartbeat(old_id)


def test_a_heartbeat_keeps_the_lease(tmp_path) -> None:
    """Past its first expiry it is still held."""
    leases = Leases(connect(f"sqlite:///{tmp_path / 'c.db'}"), 0.5)
    lease_id = _take(leases, "steady", JANUARY)[0]
    for _ in range(4):
        time.sleep(0.2)
        leases.heartbeat(lease_id)
    leases.verify(lease_id)
    with pytest.raises(LeaseRefused):
        _take(leases, "other", JANUARY)


def test_the_lease_of_a_process_that_is_gone_is_recovered_at_once(leases) -> None:
    """No heartbeat has to expire."""
    gone = Holder("gone", "gone", Holder.here("x", "x").host, 2**22 - 3, 1.0)
    leases.acquire(gone, [JANUARY], [], purpose="a test", wait=False)
    given = _take(leases, "next", JANUARY)
    assert (given.took_over, given.gone) == (False, ("gone",))
    assert [lease.run_id for lease in leases.active()] == ["next"]
    assert "its process is gone" in str(audit.read(leases._engine)[1].detail)


def test_a_cancelled_backfill_loses_its_lease_and_gets_no_other(leases) -> None:
    """And the audit says that it was."""
    lease_id = _take(leases, "unwanted", JANUARY)[0]
    assert [lease.run_id for lease in leases.cancel("unwanted")] == ["unwanted"]
    with pytest.raises(LeaseLost, match="was cancelled at"):
        leases.verify(lease_id)
    with pytest.raises(BackfillCancelled, match="backfill unwanted was cancelled by"):
        _take(leases, "unwanted", JANUARY)
    _take(leases, "another", JANUARY)
    with pytest.raises(KeyError, match="no backfill or run nobody"):
        leases.cancel("nobody")
