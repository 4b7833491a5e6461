"""Writers interleaved at random: nobody commits after he lost his lease, and nobody waits for ever."""

from collections import Counter

import pytest

from nba_pipeline.backfill import heartbeat, lease_changes
from nba_pipeline.backfill.lease_rows import RESERVED
from nba_pipeline.backfill.leases import Leases
from nba_pipeline.coordination.database import HICCUPS
from nba_pipeline_tests.backfill.simulated_writers import Stage, Wrong

TROUBLES = (
    "granted",
    "reserved",
    "written",
    "hiccup",
    "kill",
    "cancel",
    "restore",
    "interrupted",
    "sleep before its commit",
    "jump",
    "jump back",
    "LeaseRefused",
    "LostLease",
    "OlderCode",
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Stage:
    """One home, set back before each schedule."""
    return Stage(tmp_path_factory.mktemp("stage"))


@pytest.fixture(scope="module")
def stage_on_postgres(tmp_path_factory, postgres) -> Stage:
    """The same with its coordination database on Postgres."""
    return Stage(tmp_path_factory.mktemp("stage"), postgres.database())


def _play(stage: Stage, first: int, schedules: int) -> Counter[str]:
    """What occurred in the schedules of as many seeds from the first on."""
    seen: Counter[str] = Counter()
    for seed in range(first, first + schedules):
        seen += stage.play(seed).seen
    return seen


@pytest.mark.parametrize(
    ("first", "schedules"),
    [
        (1, 300),
        *(pytest.param(n, 1000, marks=pytest.mark.slow) for n in range(301, 20_301, 1000)),
    ],
)
def test_every_invariant_holds_after_every_step(stage, first, schedules) -> None:
    """In hundreds of schedules, in which every kind of trouble occurs; a failure prints its own."""
    seen = _play(stage, first, schedules)
    assert [trouble for trouble in TROUBLES if not seen[trouble]] == []


@pytest.mark.parametrize(
    ("first", "schedules"), [(1, 20), pytest.param(21, 980, marks=pytest.mark.slow)]
)
def test_every_invariant_holds_on_postgres(stage_on_postgres, first, schedules) -> None:
    """The same schedules; the fewer ones lack some of the rarer troubles."""
    seen = _play(stage_on_postgres, first, schedules)
    wanted = TROUBLES if schedules > 20 else ("written", "hiccup", "kill", "LostLease")
    assert [trouble for trouble in wanted if not seen[trouble]] == []


def _advance_nothing(monkeypatch) -> None:
    monkeypatch.setattr("nba_pipeline.warehouse.delta.DeltaWarehouse.advance", lambda *_: None)


def _advance_own_tables(monkeypatch) -> None:
    ask = Leases._ask

    def ask_for(self, request, *, wait):
        advance, own = self._advance, {claim.table for claim in request.writes}
        self._advance = lambda table: advance(table) if table in own else None
        try:
            return ask(self, request, wait=wait)
        finally:
            self._advance = advance

    monkeypatch.setattr(Leases, "_ask", ask_for)


def _end_the_heartbeat_at_an_error(monkeypatch) -> None:
    look = heartbeat.Heartbeat.look

    def look_once(self) -> bool:
        try:
            return look(self)
        except HICCUPS:
            return False

    monkeypatch.setattr(heartbeat, "HICCUPS", ())
    monkeypatch.setattr(heartbeat.Heartbeat, "look", look_once)


def _reserve_nothing(monkeypatch) -> None:
    conflicts = lease_changes._conflicts

    def but_of_reserved(*arguments):
        return {other for other in conflicts(*arguments) if other[2] != RESERVED}

    monkeypatch.setattr(lease_changes, "_conflicts", but_of_reserved)


@pytest.mark.parametrize(
    ("break_rule", "first", "told"),
    [
        (_reserve_nothing, 151, "has committed under run-[0-9]"),
        (_advance_nothing, 1, "has committed after it lost its lease"),
        (_advance_own_tables, 1, "has committed after it lost its lease"),
        (_end_the_heartbeat_at_an_error, 1, "the heart of run-[0-9] stopped"),
    ],
)
def test_a_rule_that_is_broken_is_found(stage, monkeypatch, break_rule, first, told) -> None:
    """Within the schedules that pass when it is kept."""
    break_rule(monkeypatch)
    with pytest.raises(Wrong, match=told):
        _play(stage, first, 100)


def test_a_seed_gives_the_same_schedule_every_time(stage) -> None:
    """Line by line, so a failure can be replayed."""
    once, again = stage.play(8).told, stage.play(8).told
    assert len(once) > 100
    assert once == again
