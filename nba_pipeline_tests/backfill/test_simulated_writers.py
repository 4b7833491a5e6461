"""Writers interleaved at random: nobody commits after he lost his lease, and nobody waits for ever."""

from collections import Counter

import pytest

from nba_pipeline_tests.backfill.simulated_writers import Stage

TROUBLES = (
    "granted",
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


@pytest.mark.parametrize(
    ("first", "schedules"),
    [
        (1, 300),
        *(pytest.param(n, 1000, marks=pytest.mark.slow) for n in range(301, 20_301, 1000)),
    ],
)
def test_every_invariant_holds_after_every_step(stage, first, schedules) -> None:
    """In hundreds of schedules, in which every kind of trouble occurs; a failure prints its own."""
    seen: Counter[str] = Counter()
    for seed in range(first, first + schedules):
        seen += stage.play(seed).seen
    assert [trouble for trouble in TROUBLES if not seen[trouble]] == []


def test_a_seed_gives_the_same_schedule_every_time(stage) -> None:
    """Line by line, so a failure can be replayed."""
    once, again = stage.play(8).told, stage.play(8).told
    assert len(once) > 130
    assert once == again
