"""A backfill of several runs: nobody gets in between them, and an interrupt ends all of them."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import NoReturn

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.test_utils import create_run_for_test
from dagster._core.utils import make_new_run_id

from nba_pipeline.backfill import audit
from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.backfill.leases import BackfillCancelled, LeaseRefused
from nba_pipeline.backfill.planner import Request
from nba_pipeline.cli.installation import Installation
from nba_pipeline.definitions import defs
from nba_pipeline.kernel.table import Table
from nba_pipeline.orchestration import runner, session
from nba_pipeline.orchestration.run_tags import BACKFILL_TAG
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import LAST as LEAGUE_LAST
from nba_pipeline_tests.stored import Changed

FIRST, LAST = date(2023, 10, 24), date(2023, 10, 27)
FEATURES, MODEL = TABLES["ml_feature_store_v2"], TABLES["points_model"]
TWO_RUNS = (FEATURES, MODEL)
"""Nothing that they read is stored: each run is quick, and red."""
ONE_RUN = (TABLES["nbac_schedule"], TABLES["nbac_player_list"])
MODELS = Claim("points_model", date(2023, 10, 1), date(2023, 10, 1))


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    """Whoever handled the signals before a test's runs does so after them, whoever that was."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def _run(home: Installation, request: Request) -> list[runner.Failed]:
    job = defs.resolve_implicit_global_asset_job_def
    return list(runner.run(request, home.session, job, lambda: home.instance))


def _runs(home: Installation, request: Request) -> list[dg.DagsterRun]:
    return home.instance.get_runs(dg.RunsFilter(tags={BACKFILL_TAG: request.backfill_id}))


def _take(home: Installation, run_id: str, claim: Claim) -> int:
    holder = Holder.here(run_id, run_id)
    return home.leases.acquire(holder, [claim], [], purpose="a test", wait=False).id


class _Taken:
    """Stands for a session all of whose dates another holds; keeps what was asked for."""

    def reservation(
        self,
        _backfill_id: str,
        runs: Sequence[tuple[Sequence[Table], Sequence[date], frozenset[str]]],
        **_how,
    ) -> NoReturn:
        """Refuses."""
        self.asked = {
            (table.name, day) for tables, days, _ in runs for table in tables for day in days
        }
        raise LeaseRefused("another holds it")


def test_what_a_backfill_takes_along_is_reserved_with_it(league) -> None:
    """The cache, which has changed, beside the store that was asked for."""
    survey, taken = Changed(TABLES, league.warehouse, league.landing), _Taken()
    survey.changed = {"player_daily_cache": [LEAGUE_LAST]}
    request = Request((FEATURES,), LEAGUE_LAST, LEAGUE_LAST)
    with pytest.raises(LeaseRefused):
        list(runner.run(request, taken, _never, _never, survey))
    names = ("player_daily_cache", "ml_feature_store_v2")
    assert taken.asked == {(name, LEAGUE_LAST) for name in names}


@pytest.mark.parametrize(
    ("is_more", "wait", "times"), [(True, True, 2), (False, True, 1), (True, False, 1)]
)
def test_what_there_is_to_do_after_a_wait_is_reserved_too(
    monkeypatch, *, is_more, wait, times
) -> None:
    """Whoever was waited for has written; who does not wait has just looked."""
    dates = {"before": [FIRST], "after": [FIRST, LAST] if is_more else [FIRST]}
    reserved: list[list[date]] = []

    class Waiting:
        """Stands for a session; what is stored is another thing after a wait."""

        def survey(self) -> str:
            """What is stored now."""
            return "after"

        @contextmanager
        def reservation(self, _backfill_id: str, runs: Sequence, **_how) -> Iterator[str]:
            """Keeps the dates."""
            ((_tables, days, _only),) = runs
            reserved.append(days)
            yield "verify"

    monkeypatch.setattr(runner, "_together", lambda _request, survey: [survey])
    tables = [TABLES["nbac_schedule"]]
    told = lambda _runs, survey: [(tables, dates[survey], frozenset())]  # noqa: E731
    monkeypatch.setattr(runner, "_reached", told)
    request = Request((FEATURES,), FIRST, LAST, wait=wait)
    with runner._reserved(request, Waiting(), _never, "before", None) as (runs, survey, verify):
        seen = "after" if wait else "before"
        assert (runs, survey, verify) == ([seen], seen, "verify")
    assert reserved == [dates["before"], dates["after"]][:times]


def _never() -> NoReturn:
    raise AssertionError("no run was to begin")


def test_nobody_gets_in_between_two_runs_of_a_backfill(installation, monkeypatch) -> None:
    """Between features and model the model's month is refused to another, by the backfill's name."""
    told: list[str] = []
    run_once = runner._run_once

    def then_ask(*arguments: object) -> runner.Failed | None:
        ended = run_once(*arguments)
        with pytest.raises(LeaseRefused) as refused:
            _take(installation, "second", MODELS)
        told.append(str(refused.value))
        return ended

    monkeypatch.setattr(runner, "_run_once", then_ask)
    request = Request(TWO_RUNS, FIRST, LAST)
    failed = _run(installation, request)
    assert [(run.tables, run.is_refused_lease) for run in failed] == [
        (("ml_feature_store_v2",), False),
        (("points_model",), False),
    ]
    name = f"backfill {request.backfill_id} (ml_feature_store_v2, points_model; pid "
    assert [text.startswith(name) for text in told] == [True, True]
    assert "1 of 1 tables done" in told[0]
    installation.leases.release(_take(installation, "afterwards", MODELS))


def test_a_run_whose_process_is_gone_is_booked_as_failed_by_who_comes_after(installation) -> None:
    """Though it is the reservation that finds its lease; its steps are over too."""
    dead = create_run_for_test(
        installation.instance, run_id=make_new_run_id(), status=dg.DagsterRunStatus.STARTED
    )
    gone = replace(Holder.here(dead.run_id, "dead"), process_started=1)
    installation.leases.acquire(gone, [MODELS], [], purpose="a test", wait=False)
    progress = installation.session.progress
    progress.queue("dead", dead.run_id, {"points_model": 3, "player_prop_predictions": 90})
    progress.start(dead.run_id, "points_model", 3)
    _run(installation, Request(TWO_RUNS, FIRST, LAST))
    ended = installation.instance.get_run_by_id(dead.run_id)
    assert ended.status == dg.DagsterRunStatus.FAILURE
    steps = [(step.table, step.state, step.detail) for step in progress.steps("dead")]
    assert steps == [
        ("points_model", "failed", "its process is gone"),
        ("player_prop_predictions", "left", None),
    ]


def test_who_is_refused_himself_books_the_dead_runs_that_he_finds(installation) -> None:
    """Beside the one who lives, and holds the same."""
    dead = create_run_for_test(
        installation.instance, run_id=make_new_run_id(), status=dg.DagsterRunStatus.STARTED
    )
    gone = replace(Holder.here(dead.run_id, "dead"), process_started=1)
    schedule = Claim("nbac_schedule", FIRST, LAST)
    lease_id = _take(installation, "first", MODELS)
    installation.leases.acquire(gone, [schedule], [], purpose="a test", wait=False)
    with pytest.raises(LeaseRefused, match=r"run first \(a test; pid "):
        _run(installation, Request(TWO_RUNS, FIRST, LAST))
    installation.leases.release(lease_id)
    ended = installation.instance.get_run_by_id(dead.run_id)
    assert ended.status == dg.DagsterRunStatus.FAILURE


def test_who_is_refused_the_last_of_its_runs_begins_none(installation) -> None:
    """Though nobody is in the way of the first."""
    lease_id = _take(installation, "first", MODELS)
    request = Request(TWO_RUNS, FIRST, LAST)
    with pytest.raises(LeaseRefused, match=r"run first \(a test; pid "):
        _run(installation, request)
    installation.leases.release(lease_id)
    assert _runs(installation, request) == []
    assert installation.leases.active() == []


def test_a_run_that_is_refused_what_nobody_foresaw_is_the_last(installation, monkeypatch) -> None:
    """The models are not trained on features that were not made."""
    elsewhere = [([TABLES["nbac_schedule"]], [FIRST], frozenset())]
    monkeypatch.setattr(runner, "_reached", lambda *_arguments: elsewhere)
    lease_id = _take(installation, "first", Claim("ml_feature_store_v2", FIRST, LAST))
    request = Request(TWO_RUNS, FIRST, LAST, wait=True)
    (failed,) = _run(installation, request)
    installation.leases.release(lease_id)
    assert failed.tables == ("ml_feature_store_v2",)
    assert failed.errors[0].startswith("run first (a test; pid ")
    assert failed.errors[-1] == "nothing after that was begun; the same command does the rest"


def _interrupted_query(number: int, monkeypatch) -> list[str]:
    """Has the first table's work end as DuckDB ends a query; gives the tables that were begun."""
    begun: list[str] = []

    def compute(table, *_arguments, **_options):
        begun.append(table.name)
        try:
            signal.raise_signal(number)
        except (KeyboardInterrupt, DagsterExecutionInterruptedError):
            raise RuntimeError("INTERRUPT Error: Interrupted!") from None

    monkeypatch.setattr(session, "compute", compute)
    return begun


def _assert_cancelled(home: Installation, request: Request) -> None:
    """No lease is left, nothing has failed, and the book of cancellations says why."""
    assert home.leases.active() == []
    assert not any(home.session.warehouse.failures.of(table.name) for table in request.tables)
    cancelled = [
        (line.backfill_id, line.detail["reason"])
        for line in audit.read(home.engine)
        if line.action == "cancelled" and line.backfill_id == request.backfill_id
    ]
    assert cancelled == [(request.backfill_id, "interrupted")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_query_ends_the_run_and_the_backfill(
    installation, monkeypatch, number
) -> None:
    """No further table is begun, Dagster books a canceled run, and the same request does it all."""
    with monkeypatch.context() as patch:
        begun = _interrupted_query(number, patch)
        request = Request(ONE_RUN, FIRST, LAST, force=True)
        with pytest.raises(BackfillCancelled, match="was interrupted; the same command") as told:
            _run(installation, request)
    assert told.value.exit_code == 130
    assert len(begun) == 1
    assert [run.status for run in _runs(installation, request)] == [dg.DagsterRunStatus.CANCELED]
    steps = installation.progress.steps(request.backfill_id)
    assert {step.table: step.detail for step in steps if step.detail} == {begun[0]: "interrupted"}
    _assert_cancelled(installation, request)
    assert _run(installation, Request(ONE_RUN, FIRST, LAST, force=True)) == []


def test_an_interrupt_between_two_runs_begins_no_further_one(installation, monkeypatch) -> None:
    """While it is looked at what is left to do."""
    stale_in, asked = runner.stale_in, []

    def interrupted(*arguments: object) -> list[date]:
        asked.append(arguments)
        if len(asked) == 2:
            signal.raise_signal(signal.SIGTERM)
        return stale_in(*arguments)

    monkeypatch.setattr(runner, "stale_in", interrupted)
    request = Request(TWO_RUNS, FIRST, LAST)
    with pytest.raises(BackfillCancelled, match="was interrupted"):
        _run(installation, request)
    assert len(_runs(installation, request)) == 1


def _soon(send: Callable[[], None]) -> None:
    threading.Timer(0.7, send).start()


def test_an_interrupt_while_another_is_waited_for_begins_nothing(installation) -> None:
    """The place in the queue is given up."""
    lease_id = _take(installation, "first", Claim("nbac_schedule", FIRST, LAST))
    request = Request(ONE_RUN, FIRST, LAST, wait=True, force=True)
    _soon(lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(BackfillCancelled, match="was interrupted"):
        _run(installation, request)
    assert [lease.run_id for lease in installation.leases.active()] == ["first"]
    installation.leases.release(lease_id)
    assert _runs(installation, request) == []
    _assert_cancelled(installation, request)


def test_what_another_has_cancelled_is_not_told_as_interrupted(installation, monkeypatch) -> None:
    """Its heartbeat interrupts the run as a key does; the book keeps the one reason."""
    request = Request(ONE_RUN, FIRST, LAST, force=True)

    def compute(*_arguments, **_options):
        installation.leases.cancel(request.backfill_id, "wrong dates")
        signal.pause()

    monkeypatch.setattr(session, "compute", compute)
    with pytest.raises(BackfillCancelled, match="was cancelled"):
        _run(installation, request)
    (line,) = [
        line
        for line in audit.read(installation.engine)
        if line.action == "cancelled" and line.backfill_id == request.backfill_id
    ]
    assert line.detail["reason"] == "wrong dates"
    assert [run.status for run in _runs(installation, request)] == [dg.DagsterRunStatus.CANCELED]
