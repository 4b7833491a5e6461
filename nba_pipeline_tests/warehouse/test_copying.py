"""A table goes to another warehouse with its stamps, and comes back as it was."""

from dataclasses import replace

import pytest

from nba_pipeline.warehouse.copying import CopyDiffers, copy
from nba_pipeline.warehouse.protocol import OlderCode
from nba_pipeline_tests.warehouse.scores import ONE, STORAGE, TWO, opened, stamp, stored, write


@pytest.fixture
def source(tmp_path):
    """Two dates, one of them without rows."""
    made = opened(tmp_path / "source")
    write(made, [("a", ONE, 1), ("b", ONE, None)], stamp(ONE, rows=2), stamp(TWO, rows=0, token=3))
    return made


def test_a_copy_has_the_rows_and_the_stamps(source, warehouse) -> None:
    """Fingerprints included, so that nothing is stale there; a second copy changes nothing."""
    assert copy(STORAGE, source, warehouse, lambda: None).written == (ONE,)
    assert stored(warehouse) == {"a": 1, "b": None}
    assert warehouse.stamps("scores") == source.stamps("scores")
    again = copy(STORAGE, source, warehouse, lambda: None)
    assert (again.written, again.unchanged) == ((), (ONE, TWO))


def test_what_is_newer_there_stays(source, warehouse) -> None:
    """A copy is a writer like any other."""
    write(warehouse, [("a", ONE, 9)], stamp(ONE, version=2))
    with pytest.raises(OlderCode, match="code_version 2"):
        copy(STORAGE, source, warehouse, lambda: None)
    assert stored(warehouse) == {"a": 9}


def test_a_copy_of_nothing_is_nothing(source, warehouse) -> None:
    """A table that was never written is not made."""
    copy(replace(STORAGE, name="leaders"), source, warehouse, lambda: None)
    assert warehouse.names() == []


def test_a_copy_that_differs_is_told(source, tmp_path, monkeypatch) -> None:
    """By its dates."""
    target = opened(tmp_path / "target")
    wrong = {day: replace(s, content="another") for day, s in source.stamps("scores").items()}
    monkeypatch.setattr(source, "stamps", lambda _: wrong)
    with pytest.raises(CopyDiffers, match="2 partitions, the first 2024-01-01"):
        copy(STORAGE, source, target, lambda: None)
