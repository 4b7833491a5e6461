"""A run reads one version of each table from start to end."""

import pytest

from nba_pipeline.warehouse.protocol import LostLease, Storage, VersionGone, Warehouse
from nba_pipeline_tests.warehouse.scores import (
    ONE,
    STORAGE,
    THREE,
    TWO,
    stamp,
    stored,
    write,
)

LEADERS = Storage("leaders", ("game_id",))


@pytest.fixture
def warehouse(another) -> Warehouse:
    """One date of two tables."""
    made = another()
    for storage in (STORAGE, LEADERS):
        write(made, [("a", ONE, 1)], stamp(ONE), storage=storage)
    return made


@pytest.fixture
def other(another) -> Warehouse:
    """The same in another process."""
    return another()


def test_what_others_commit_is_seen_only_after_it(warehouse, other) -> None:
    """Rows, stamps, version and names, first read before or after the others' commit."""
    with warehouse.snapshot():
        assert stored(warehouse) == {"a": 1}
        for storage in (STORAGE, LEADERS, Storage("others", ("game_id",))):
            write(other, [("a", ONE, 5)], stamp(ONE, token=2), storage=storage)
        for name in ("scores", "leaders"):
            assert stored(warehouse, name) == {"a": 1}
            assert warehouse.stamps(name)[ONE].token == 1
            assert warehouse.version(name) == 1
        assert warehouse.names() == ["leaders", "scores"]
        assert warehouse.version("others") is None
        assert warehouse.stamps("others") == {}
        with pytest.raises(KeyError, match="no table others"):
            warehouse.table("others")
    assert stored(warehouse) == {"a": 5}
    assert warehouse.stamps("leaders")[ONE].token == 2
    assert warehouse.names() == ["leaders", "others", "scores"]


def test_what_stands_now_is_seen_within_where_it_is_asked_for(warehouse, other) -> None:
    """The snapshot holds again afterwards."""
    with warehouse.snapshot():
        write(other, [("a", ONE, 5)], stamp(ONE, token=2))
        with warehouse.unpinned():
            assert stored(warehouse) == {"a": 5}
            assert warehouse.stamps("scores")[ONE].token == 2
        assert stored(warehouse) == {"a": 1}
        assert warehouse.stamps("scores")[ONE].token == 1


def test_its_own_writes_are_seen(warehouse, other) -> None:
    """A replace moves its table to the version that it made, and no other table."""
    with warehouse.snapshot():
        write(other, [("c", THREE, 3)], stamp(THREE))
        write(other, [("c", THREE, 3)], stamp(THREE), storage=LEADERS)
        write(warehouse, [("b", TWO, 2)], stamp(TWO))
        assert stored(warehouse) == {"a": 1, "b": 2, "c": 3}
        assert set(warehouse.stamps("scores")) == {ONE, TWO, THREE}
        write(other, [("c", THREE, 4)], stamp(THREE))
        assert stored(warehouse) == {"a": 1, "b": 2, "c": 3}
        assert warehouse.version("scores") == 3
        assert stored(warehouse, "leaders") == {"a": 1}


def test_what_was_there_before_its_own_write_can_still_be_read(warehouse) -> None:
    """By its number, though nobody had read it before."""
    with warehouse.snapshot():
        write(warehouse, [("a", ONE, 2)], stamp(ONE))
        assert stored(warehouse) == {"a": 2}
        before = warehouse.table("scores", version=1).to_pyarrow().to_pylist()
        assert before[0]["points"] == 1


def test_a_table_that_it_creates_is_seen(warehouse) -> None:
    """Though it was not there at the entry."""
    with warehouse.snapshot():
        write(warehouse, [("a", ONE, 9)], stamp(ONE), storage=Storage("new", ("game_id",)))
        assert stored(warehouse, "new") == {"a": 9}
        assert warehouse.stamps("new")[ONE].row_count == 1


def test_what_replace_checks_is_the_newest_version(warehouse, other) -> None:
    """A newer token that came after the entry refuses the older."""
    with warehouse.snapshot():
        write(other, [("a", ONE, 5)], stamp(ONE, token=8))
        with pytest.raises(LostLease, match="token 8"):
            write(warehouse, [("a", ONE, 2)], stamp(ONE, token=3))
        assert stored(warehouse) == {"a": 1}
        assert warehouse.stamps("scores")[ONE].token == 1
    assert stored(warehouse) == {"a": 5}


def test_an_expression_keeps_the_version_it_was_made_from(warehouse) -> None:
    """Also where it is executed after another commit, without a snapshot."""
    before = warehouse.table("scores")
    write(warehouse, [("a", ONE, 2)], stamp(ONE))
    assert before.to_pyarrow().to_pylist()[0]["points"] == 1
    assert stored(warehouse) == {"a": 2}


def test_an_inner_snapshot_is_the_outer_one(warehouse, other) -> None:
    """Leaving the inner one ends nothing."""
    with warehouse.snapshot():
        write(other, [("a", ONE, 5)], stamp(ONE))
        with warehouse.snapshot():
            assert stored(warehouse) == {"a": 1}
        assert stored(warehouse) == {"a": 1}


def test_it_ends_with_an_error_too(warehouse, other) -> None:
    """What raises in it leaves it."""

    def fail() -> None:
        with warehouse.snapshot():
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    write(other, [("a", ONE, 5)], stamp(ONE))
    assert stored(warehouse) == {"a": 5}


def test_an_older_version_can_be_read(warehouse) -> None:
    """By its number, each with the rows that it had."""
    for points in (2, 3):
        write(warehouse, [("a", ONE, points)], stamp(ONE))
    assert warehouse.version("scores") == 3
    assert [_points_of(warehouse, version) for version in (1, 2, 3)] == [1, 2, 3]
    assert warehouse.table("scores", version=0).count().execute() == 0
    with pytest.raises(VersionGone, match="scores has no version 4"):
        warehouse.table("scores", version=4)


def _points_of(warehouse: Warehouse, version: int) -> object:
    rows = warehouse.table("scores", ONE, ONE, version=version)
    return rows.to_pyarrow()["points"][0].as_py()


def test_no_table_has_no_version(warehouse) -> None:
    """None, and its rows cannot be asked for."""
    assert warehouse.version("nothing") is None
    with pytest.raises(KeyError, match="no table nothing"):
        warehouse.table("nothing", version=1)
