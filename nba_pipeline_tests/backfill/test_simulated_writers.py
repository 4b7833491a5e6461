"""Writers interleaved at random: nobody commits after he lost his lease, and nobody waits for ever."""

from collections import Counter

import pytest

from nba_pipeline_tests.backfill.simulated_writers import Stage

AT_ONCE = 100
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
    "first",
    [
        *range(0, 300, AT_ONCE),
        *(pytest.param(n, marks=pytest.mark.slow) for n in range(300, 20_000, AT_ONCE)),
    ],
)
def test_every_invariant_holds_after_every_step(stage, first) -> None:
    """In a hundred schedules, in which every kind of trouble occurs; a failure prints its own."""
    seen: Counter[str] = Counter()
    for seed in range(first + 1, first + 1 + AT_ONCE):
        seen += stage.play(seed).seen
    assert [trouble for trouble in TROUBLES if not seen[trouble]] == []


def test_a_seed_gives_the_same_schedule_every_time(stage) -> None:
    """Line by line, so a failure can be replayed."""
    once, again = stage.play(8).told, stage.play(8).told
    assert len(once) > 150
    assert once == again
