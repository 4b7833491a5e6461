"""Runs whose process is gone are booked as failed, and no others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.test_utils import create_run_for_test

from nba_pipeline.automation.dead_runs import TAKING_LEASE_SECONDS
from nba_pipeline.automation.sensors import REPAIR
from nba_pipeline.backfill.lease_rows import HELD, LEASES, RESERVED, Claim, Holder
from nba_pipeline_tests.automation.looking import Looking

CLAIM = Claim("nbac_schedule", date(2023, 11, 1), date(2023, 11, 1))
WORK = {"nba_pipeline/work": "some work"}


@pytest.fixture
def looking(tmp_path: Path) -> Looking:
    """Nothing has landed, and nothing is to be done: the look of an installation at rest."""
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "notes.txt").write_text("of no source")
    found = Looking(tmp_path, tmp_path / "landing")
    assert found.look(REPAIR) == found.look(REPAIR) == []
    assert found.says == "nothing has changed"
    return found


@pytest.fixture
def later(looking: Looking, monkeypatch: pytest.MonkeyPatch) -> Callable[[dg.DagsterRun], str]:
    """What a run has become after the look of two minutes after its start."""

    def status(run: dg.DagsterRun) -> str:
        begun = looking.instance.get_run_records(dg.RunsFilter(run_ids=[run.run_id]))[0].start_time
        assert begun is not None
        for seconds in (TAKING_LEASE_SECONDS - 1, TAKING_LEASE_SECONDS + 1):
            monkeypatch.setattr("time.time", lambda seconds=seconds: begun + seconds)
            looking.look(REPAIR)
            found = looking.instance.get_run_by_id(run.run_id)
            assert found is not None
            if seconds < TAKING_LEASE_SECONDS:
                assert found.status.value == "STARTED"
        return found.status.value

    return status


def begun(looking: Looking, tags: dict[str, str]) -> dg.DagsterRun:
    """A run that has started."""
    run = create_run_for_test(looking.instance, tags=tags, status=dg.DagsterRunStatus.NOT_STARTED)
    looking.instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", "job"), run.run_id)
    return run


@pytest.mark.parametrize(
    ("status", "became"),
    [("NOT_STARTED", "FAILURE"), ("STARTING", "STARTING")],
)
def test_a_run_that_was_made_and_never_begun_is_gone_with_its_maker(
    looking, monkeypatch, status, became
) -> None:
    """For a minute it may be about to begin; once launched, it is the launcher's."""
    run = create_run_for_test(looking.instance, status=dg.DagsterRunStatus[status])
    made = looking.instance.get_run_records()[0].create_timestamp.timestamp()
    for seconds, then in ((TAKING_LEASE_SECONDS - 1, status), (TAKING_LEASE_SECONDS + 1, became)):
        monkeypatch.setattr("time.time", lambda seconds=seconds: made + seconds)
        looking.look(REPAIR)
        assert looking.instance.get_run_by_id(run.run_id).status.value == then


def test_a_run_that_was_made_is_as_alive_as_who_reserves_for_its_backfill(
    looking, monkeypatch
) -> None:
    """The command that has made it holds what its runs will write, until it is killed."""
    run = create_run_for_test(looking.instance, tags={"nba_pipeline/backfill": "a backfill"})
    made = looking.instance.get_run_records()[0].create_timestamp.timestamp()
    monkeypatch.setattr("time.time", lambda: made + TAKING_LEASE_SECONDS + 1)
    here = Holder.here("a backfill", "a backfill")
    for holder, became in (
        (here, "NOT_STARTED"),
        (replace(here, process_started=here.process_started - 1), "FAILURE"),
    ):
        lease = acquired(looking, holder, RESERVED)
        looking.look(REPAIR)
        assert looking.instance.get_run_by_id(run.run_id).status.value == became
        looking.home.leases.release(lease)


def acquired(looking: Looking, holder: Holder, given: str = HELD) -> int:
    """A lease of its own."""
    leases = looking.home.leases
    return leases.acquire(holder, [CLAIM], [], purpose="a test", wait=False, given=given).id


def expired(looking: Looking, lease: int) -> None:
    """No heartbeat came for long."""
    with looking.home.engine.begin() as connection:
        connection.execute(sa.update(LEASES).where(LEASES.c.id == lease).values(expires_at=0))


def test_who_was_asked_for_and_took_no_lease_is_gone(looking, later) -> None:
    """Killed before it had one; nobody asks for that work again, which has changed meanwhile."""
    assert later(begun(looking, WORK)) == "FAILURE"


def test_of_a_run_that_somebody_started_without_a_lease_nothing_is_known(looking, later) -> None:
    """It may be one that computes no table."""
    assert later(begun(looking, {})) == "STARTED"


@pytest.mark.parametrize("tags", [WORK, {}])
def test_a_run_is_as_alive_as_the_process_that_holds_its_lease(looking, later, tags) -> None:
    """Whoever has started it; one that has given its lease back is about to end by itself."""
    run = begun(looking, tags)
    lease = acquired(looking, Holder.here(run.run_id, "a backfill"))
    assert later(run) == "STARTED"
    looking.home.leases.release(lease)
    assert later(run) == "STARTED"
    here = Holder.here(run.run_id, "a backfill")
    acquired(looking, replace(here, process_started=here.process_started - 1))
    assert later(run) == "FAILURE"


@pytest.mark.parametrize("became", ["held", "recovered", "cancelled", "released"])
def test_whose_lease_has_expired_on_another_machine_is_gone(looking, later, became) -> None:
    """Whether the next who asked for the dates has recovered it, nobody has yet, or it had ended."""
    run, machine = begun(looking, {}), "another machine"
    lease = acquired(looking, replace(Holder.here(run.run_id, run.run_id), machine=machine))
    assert later(run) == "STARTED"
    if became == "cancelled":
        looking.home.leases.cancel(run.run_id)
    elif became == "released":
        looking.home.leases.release(lease)
    expired(looking, lease)
    if became == "recovered":
        acquired(looking, Holder.here("another", "another"))
    assert later(run) == "FAILURE"
