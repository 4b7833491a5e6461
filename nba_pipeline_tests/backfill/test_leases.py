"""Who may write what, and who waits, is refused or recovered."""

import sqlite3
import threading
import time
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from nba_pipeline.backfill import audit
from nba_pipeline.backfill.heartbeat import Heartbeat
from nba_pipeline.backfill.lease_rows import (
    CLAIMS,
    LEASES,
    RESERVED,
    Claim,
    Holder,
    start_ticks,
    this_machine,
)
from nba_pipeline.backfill.leases import BackfillCancelled, LeaseLost, LeaseRefused, Leases
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.coordination.database import begin, connect
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline.warehouse.protocol import LostLease
from nba_pipeline_tests.backfill.simulated_writers import Run
from nba_pipeline_tests.backfill.simulated_writers import replace as write_rows

JANUARY = Claim("scores", date(2024, 1, 1), date(2024, 1, 31))
LATE_JANUARY = Claim("scores", date(2024, 1, 31), date(2024, 2, 3))
FEBRUARY = Claim("scores", date(2024, 2, 1), date(2024, 2, 29))
OTHER_TABLE = Claim("shots", date(2024, 1, 1), date(2024, 1, 31))


def _store(url: str, seconds: float = 60, advanced: list[str] | None = None) -> Leases:
    """The database's store; advanced takes the tables that are advanced."""
    names = [] if advanced is None else advanced
    return Leases(connect(url, seconds), seconds, names.append)


@pytest.fixture
def leases(coordination: str) -> Leases:
    """An empty store whose leases live long."""
    return _store(coordination)


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


def test_a_database_that_has_lost_its_leases_gives_no_lower_token(leases) -> None:
    """What is stored carries tokens of before: who writes now must not be older than they are."""
    _id, before, _gone = _take(leases, "before", JANUARY)
    with begin(leases._engine) as connection:
        for lost in (CLAIMS, LEASES):
            connection.execute(sa.delete(lost))
    _id, after, _gone = _take(leases, "after", JANUARY)
    assert after > before


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


def _reserve(leases: Leases, backfill: str, *claims: Claim) -> int:
    holder = Holder.here(backfill, backfill)
    return leases.acquire(holder, claims, [], purpose="a test", wait=False, given=RESERVED).id


def test_what_a_backfill_has_reserved_is_given_to_its_own_runs_alone(leases) -> None:
    """Another is refused before, between and after them, and told the backfill's name once."""
    reserved = _reserve(leases, "backfill", JANUARY, OTHER_TABLE)
    for run, claim in (("run-1", JANUARY), ("run-2", OTHER_TABLE)):
        holder = Holder.here(run, "backfill")
        lease_id = leases.acquire(holder, [claim], [], purpose="a test", wait=False).id
        for other in (JANUARY, OTHER_TABLE):
            with pytest.raises(LeaseRefused, match=r"^backfill backfill \(a test; pid [^;]*$"):
                _take(leases, "other", other)
        leases.verify(lease_id)
        leases.release(lease_id)
    elsewhere = replace(Holder.here("run-3", "backfill"), pid=0, machine=None)
    with pytest.raises(LeaseRefused, match=r"^backfill backfill"):
        leases.acquire(elsewhere, [JANUARY], [], purpose="a test", wait=False)
    leases.verify(reserved)
    leases.release(reserved)
    _take(leases, "other", JANUARY, OTHER_TABLE)


def test_a_backfill_s_run_comes_before_who_came_after_the_backfill(leases) -> None:
    """He waits for what it has reserved, and writes what its run reads: neither waits for ever."""
    reserved = _reserve(leases, "backfill", JANUARY)
    served = []

    def come_later() -> None:
        taken = _take(leases, "later", JANUARY, OTHER_TABLE, wait=True)
        served.append("later")
        leases.release(taken[0])

    thread = threading.Thread(target=come_later)
    thread.start()
    time.sleep(0.3)
    holder = Holder.here("run-1", "backfill")
    grant = leases.acquire(holder, [JANUARY], [OTHER_TABLE], purpose="a test", wait=False)
    assert served == []
    leases.release(grant.id)
    leases.release(reserved)
    thread.join(10)
    assert served == ["later"]


def test_two_backfills_that_read_what_the_other_has_reserved_both_end(leases) -> None:
    """The run of the earlier one goes first, and that of the later one waits for it."""
    earlier = _reserve(leases, "earlier", JANUARY)
    later = _reserve(leases, "later", OTHER_TABLE)
    first = leases.acquire(
        Holder.here("run-1", "earlier"), [JANUARY], [OTHER_TABLE], purpose="a test", wait=False
    )
    leases.release(first.id)
    threading.Timer(0.6, lambda: leases.release(earlier)).start()
    started = time.monotonic()
    leases.acquire(
        Holder.here("run-2", "later"), [OTHER_TABLE], [JANUARY], purpose="a test", wait=False
    )
    assert time.monotonic() - started > 0.5
    leases.verify(later)


def test_what_a_dead_backfill_had_reserved_is_free(leases) -> None:
    """As its lease is."""
    gone = replace(Holder.here("backfill", "backfill"), pid=2**22 + 1)
    leases.acquire(gone, [JANUARY], [], purpose="a test", wait=False, given=RESERVED)
    assert _take(leases, "next", JANUARY)[2] == ("backfill",)
    assert [lease.run_id for lease in leases.active()] == ["next"]


def test_an_expired_lease_is_recovered_with_a_higher_token(coordination) -> None:
    """Its holder is alive, but no longer holds: it is holder_description when it asks."""
    leases = _store(coordination, 0.2)
    old_id, old_token, *_ = _take(leases, "sleeper", JANUARY)
    time.sleep(0.3)
    with pytest.raises(LeaseLost, match="of run sleeper expired at"):
        leases.verify(old_id)
    _id, token, gone = _take(leases, "next", JANUARY)
    assert gone == ()
    assert token > old_token
    with pytest.raises(LeaseLost, match=r"of run sleeper \(token \d+\) was recovered at"):
        leases.verify(old_id)
    with pytest.raises(LeaseLost):
        leases.heartbeat(old_id)


def test_the_steps_of_a_run_end_with_the_lease_that_is_taken_from_it(coordination) -> None:
    """When it was last heard of; one that lives on all the same says how its table ended."""
    leases = _store(coordination, 0.2)
    progress = Progress(leases._engine)
    _take(leases, "sleeper", JANUARY)
    progress.queue("sleeper", "sleeper", {"scores": 31, "shots": 31})
    progress.start("sleeper", "scores", 31)
    time.sleep(0.3)
    _take(leases, "next", JANUARY)
    ended = progress.steps("sleeper")
    assert [(step.state, step.detail) for step in ended] == [
        ("failed", "its heartbeat expired"),
        ("left", None),
    ]
    assert ended[0].seconds < 0.2
    progress.finish("sleeper", "scores", 7.0, progress.counts(31, 0, 0, 0))
    assert [step.state for step in progress.steps("sleeper")] == ["done", "left"]


def test_a_heartbeat_keeps_the_lease(coordination) -> None:
    """Past its first expiry it is still held."""
    leases = _store(coordination, 0.5)
    lease_id = _take(leases, "steady", JANUARY)[0]
    for _ in range(4):
        time.sleep(0.2)
        leases.heartbeat(lease_id)
    leases.verify(lease_id)
    with pytest.raises(LeaseRefused):
        _take(leases, "other", JANUARY)


def test_the_lease_of_a_process_that_is_gone_is_recovered_at_once(leases) -> None:
    """No heartbeat has to expire."""
    gone = replace(Holder.here("gone", "gone"), pid=2**22 - 3)
    leases.acquire(gone, [JANUARY], [], purpose="a test", wait=False)
    given = _take(leases, "next", JANUARY)
    assert given.gone == ("gone",)
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


# --- what was begun under a lost lease


def test_whatever_is_recovered_is_advanced_before_any_lease_is_given(coordination) -> None:
    """An unrelated writer recovers two tables; it is refused nothing, and both are advanced once."""
    advanced: list[str] = []
    leases = _store(coordination, 0.2, advanced)
    _take(leases, "sleeper", JANUARY, OTHER_TABLE)
    time.sleep(0.3)
    _take(leases, "unrelated", Claim("rebounds", date(2024, 1, 1), date(2024, 1, 1)))
    assert sorted(advanced) == ["scores", "shots"]
    leases.release(_take(leases, "third", FEBRUARY).id)
    assert sorted(advanced) == ["scores", "shots"]


def test_who_dies_between_recovering_and_advancing_leaves_it_to_the_next(coordination) -> None:
    """The lease is marked recovered, and still nobody is given one before the table is advanced."""
    _take(_store(coordination, 0.2), "sleeper", JANUARY)
    time.sleep(0.3)

    def die(name: str) -> None:
        raise KeyboardInterrupt(name)

    killed = Leases(connect(coordination), 60, die)
    with pytest.raises(KeyboardInterrupt, match="scores"):
        _take(killed, "killed", OTHER_TABLE)
    assert not any(lease.state == "held" for lease in killed.active())
    advanced: list[str] = []
    _take(_store(coordination, 60, advanced), "next", FEBRUARY)
    assert advanced == ["scores"]


def test_a_cancelled_lease_is_advanced_and_one_that_was_released_is_not(coordination) -> None:
    """Its holder may be about to commit; who releases has ended his work."""
    advanced: list[str] = []
    leases = _store(coordination, 60, advanced)
    leases.release(_take(leases, "done", JANUARY).id)
    _take(leases, "unwanted", OTHER_TABLE)
    leases.cancel("unwanted", "wrong dates")
    assert advanced == ["shots"]
    assert audit.read(leases._engine, 1)[0].detail["reason"] == "wrong dates"


def test_a_version_made_by_the_writer_s_own_process_stops_its_commit_too(
    tmp_path, coordination
) -> None:
    """The heartbeat's thread finds the run cancelled and advances between fence and commit."""
    engine = connect(coordination)
    warehouse = DeltaWarehouse(tmp_path / "warehouse", engine)
    day = date(2024, 1, 1)
    asked: list[int] = []

    def fence() -> None:
        if len(asked) == 2:
            raise LostLease("cancelled")
        asked.append(1)
        if len(asked) == 2:
            thread = threading.Thread(target=lambda: warehouse.advance("scores"))
            thread.start()
            thread.join()

    def write(mark: int) -> None:
        run = Run(mark, "write", SimpleNamespace(warehouse=warehouse), 1, True, True, (), ())
        run.writes, run.token = (Claim("scores", day, day),), mark
        write_rows(run, "scores", fence)

    write(1)
    with pytest.raises(LostLease):
        write(2)
    assert warehouse.table("scores").mark.execute().tolist() == [1, 1]


# --- hiccups, clocks, processes


class _Hiccups:
    """A database that does not answer while told so."""

    def __init__(self, leases: Leases) -> None:
        self.left = 0
        sa.event.listen(leases._engine, "before_cursor_execute", self._raise)

    def _raise(self, *_arguments: object) -> None:
        if self.left:
            self.left -= 1
            raise sa.exc.OperationalError("SELECT 1", None, sqlite3.OperationalError("locked"))


def _heartbeat(leases: Leases, lease_id: int, clock: list[float], stops=()) -> Heartbeat:
    reasons = iter(stops)
    return Heartbeat(
        leases,
        lease_id,
        ("steady", "steady"),
        stopped=lambda: next(reasons, None),
        interrupt=lambda: None,
        clock=lambda: clock[0],
    )


def test_a_hiccup_does_not_end_the_heartbeat_while_the_lease_lives(leases) -> None:
    """It goes on through 59 seconds without an answer, and gives up in the sixtieth."""
    lease_id = _take(leases, "steady", JANUARY).id
    clock = [0.0]
    heartbeat = _heartbeat(leases, lease_id, clock)
    hiccups = _Hiccups(leases)
    before = leases.active()[0].heartbeat_at
    for clock[0] in (19.0, 21.0, 40.0, 59.0):
        hiccups.left = 1
        assert heartbeat.look()
    assert leases.active()[0].heartbeat_at == before
    clock[0] = 59.5
    assert heartbeat.look()
    assert leases.active()[0].heartbeat_at > before
    clock[0] = 119.5
    hiccups.left = 1
    assert not heartbeat.look()


def test_who_waits_keeps_waiting_through_a_hiccup(leases) -> None:
    """And has the lease once the first is done."""
    first = _take(leases, "first", JANUARY).id
    hiccups = _Hiccups(leases)
    served = []
    waiter = threading.Thread(
        target=lambda: served.append(_take(leases, "second", JANUARY, wait=True))
    )
    waiter.start()
    time.sleep(0.3)
    hiccups.left = 1
    time.sleep(0.3)
    leases.release(first)
    waiter.join(10)
    assert len(served) == 1


def test_a_stop_in_the_launcher_is_kept_in_the_audit_with_its_reason(leases) -> None:
    """The heartbeat notes it once, ends the lease and looks no more."""
    lease_id = _take(leases, "steady", JANUARY).id
    assert not _heartbeat(leases, lease_id, [0.0], ["stopped in Dagster: wrong month"]).look()
    line = audit.read(leases._engine, 1)[0]
    assert (line.action, line.detail["reason"]) == ("cancelled", "stopped in Dagster: wrong month")
    assert leases.active() == []


def test_a_step_of_the_clock_declares_nobody_dead(leases, monkeypatch) -> None:
    """This host's clock jumps by a day after the lease was taken; its holder lives, and holds."""
    _take(leases, "alive", JANUARY)
    later = time.time() + 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(LeaseRefused, match="run alive"):
        _take(leases, "second", JANUARY)


@pytest.mark.parametrize("machine", ["another boot pid:[1]", None])
def test_nothing_is_known_of_another_namespace_boot_or_machine(leases, machine) -> None:
    """The pid means nothing there: the lease stands until its heartbeat expires."""
    away = replace(Holder.here("away", "away"), pid=2**22 - 3, machine=machine)
    leases.acquire(away, [JANUARY], [], purpose="a test", wait=False)
    with pytest.raises(LeaseRefused, match="run away"):
        _take(leases, "second", JANUARY)


def test_a_process_that_took_over_the_number_of_another_is_not_it(leases) -> None:
    """Same boot, same pid, started later: the holder is gone."""
    here = Holder.here("old", "old")
    assert here.machine == this_machine()
    assert start_ticks(here.pid) == here.process_started
    old = replace(here, process_started=here.process_started - 1)
    leases.acquire(old, [JANUARY], [], purpose="a test", wait=False)
    assert _take(leases, "next", JANUARY).gone == ("old",)


def test_a_store_of_before_is_opened_and_its_leases_are_kept(coordination) -> None:
    """Columns that came later are added; of an old row's process nothing is known."""
    kept = _store(coordination)
    _take(kept, "old", JANUARY)
    with kept._engine.begin() as connection:
        for column in ("machine", "fenced_at"):
            connection.execute(sa.text(f"ALTER TABLE partition_leases DROP COLUMN {column}"))
    kept._engine.dispose()
    leases = _store(coordination)
    with pytest.raises(LeaseRefused, match="run old"):
        _take(leases, "second", JANUARY)
    columns = {c["name"] for c in sa.inspect(leases._engine).get_columns("partition_leases")}
    assert columns == set(LEASES.c.keys())


# --- what is told


def test_a_refusal_says_how_far_the_holder_is_and_how_long_it_will_take(leases) -> None:
    """Two tables of ten dates, never timed before: 1.1 s is the guess for each; one is done."""
    progress = Progress(leases._engine)
    _take(leases, "first", JANUARY)
    progress.queue("first", "first", {"scores": 10, "shots": 10})
    progress.start("first", "scores", 10)
    progress.finish("first", "scores", 2.0, "done")
    with pytest.raises(LeaseRefused, match=r"UTC, 1 of 2 tables done, about 1 s left\. Wait"):
        _take(leases, "second", JANUARY)


def test_an_estimate_is_of_dates_that_were_computed(leases) -> None:
    """Half a minute for 50 dates; what found all current is no measure, nor 49 of 50 current ones.

    100 dates take twice as long as 50, and one date what one date took.
    """
    progress = Progress(leases._engine)
    for run, seconds, counts in (
        ("real", 30.0, (45, 5, 0, 0)),
        ("one", 2.0, (1, 0, 49, 0)),
        ("nothing", 0.2, (0, 0, 50, 0)),
        ("refused", 0.1, (0, 0, 0, 50)),
    ):
        progress.queue(run, run, {"scores": 50})
        progress.finish(run, "scores", seconds, progress.counts(*counts))
    assert [progress.expected({"scores": n}) for n in (50, 100, 1)] == [30.0, 60.0, 2.0]


def test_why_a_step_failed_is_read_from_the_audit_and_stands_nowhere_else(leases) -> None:
    """The line of its own run and table; of one that lost its lease, who cancelled it and why."""
    progress = Progress(leases._engine)
    for run in ("first", "second"):
        _take(leases, run, JANUARY if run == "first" else FEBRUARY)
        progress.queue(run, run, {"scores": 10, "shots": 10})
    with begin(leases._engine) as connection:
        ids = {"run_id": "first", "backfill_id": "first"}
        audit.write(connection, audit.FAILED, **ids, table="shots", reason="a file is cut short")
        audit.write(connection, audit.FAILED, **ids, table="scores", reason="two rows share a key")
    progress.fail("first", "scores", 1.0)
    leases.cancel("second", "wrong dates")
    progress.fail("second", "shots", 1.0)
    assert [(s.state, s.detail) for s in progress.steps("first")] == [
        ("failed", "two rows share a key"),
        ("queued", None),
    ]
    cancelled = [(s.state, s.detail) for s in progress.steps("second")]
    assert cancelled == [("queued", None), ("failed", f"cancelled by {audit.actor()}: wrong dates")]


def test_who_waits_says_for_whom_once_and_again_when_that_changes(leases) -> None:
    """The first holds, the second waits before the third."""
    first = _take(leases, "first", JANUARY).id
    said: list[str] = []
    given: list[int] = []

    def third() -> None:
        holder = Holder.here("third", "third")
        taken = leases.acquire(holder, [JANUARY], [], purpose="x", wait=True, say=said.append)
        given.append(taken.id)

    def second() -> None:
        taken = _take(
            leases, "second", Claim("scores", date(2024, 1, 5), date(2024, 1, 5)), wait=True
        )
        time.sleep(0.6)
        leases.release(taken.id)

    threads = [threading.Thread(target=target) for target in (second, third)]
    for thread in threads:
        thread.start()
        time.sleep(0.6)
    leases.release(first)
    for thread in threads:
        thread.join(10)
    assert len(given) == 1
    assert said[0].startswith("waiting: run first (a test; pid ")
    assert "; run second (a test; pid " in said[0]
    assert said[1].startswith("waiting: run second ")
    assert len(said) == 2
