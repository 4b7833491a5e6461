"""replace changes exactly the given partitions, in one commit, or nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import ibis
import pytest

from nba_pipeline.warehouse.protocol import (
    DuplicateKeys,
    LostLease,
    OlderCode,
    OutOfRange,
    RowsLost,
    Storage,
)
from nba_pipeline_tests.warehouse.scores import (
    ONE,
    STORAGE,
    THREE,
    TWO,
    staged,
    stamp,
    stored,
    write,
)


def test_exactly_the_given_dates_are_replaced(warehouse) -> None:
    """A date between two others is rewritten; one with no rows left is emptied."""
    write(
        warehouse, [("a", ONE, 1), ("b", TWO, 2), ("c", THREE, 3)], *map(stamp, (ONE, TWO, THREE))
    )
    done = write(warehouse, [("d", TWO, 9)], stamp(TWO), stamp(THREE, rows=0))
    assert done.written == (TWO, THREE)
    assert stored(warehouse) == {"a": 1, "d": 9}
    assert set(warehouse.stamps("scores")) == {ONE, TWO, THREE}
    assert warehouse.stamps("scores")[THREE].content == "empty"


def test_unchanged_dates_keep_their_rows_and_take_thestamp(warehouse) -> None:
    """Early cutoff: what is said to be written is what differs, whatever the order of rows."""
    write(warehouse, [("a", ONE, 1), ("b", ONE, 2), ("c", TWO, 3)], stamp(ONE), stamp(TWO))
    again = [("b", ONE, 2), ("a", ONE, 1), ("c", TWO, 4)]
    done = write(warehouse, again, stamp(ONE, token=2), stamp(TWO, token=2))
    assert (done.written, done.unchanged) == ((TWO,), (ONE,))
    assert {stamp.token for stamp in warehouse.stamps("scores").values()} == {2}


def test_a_column_may_be_added(warehouse) -> None:
    """Older dates have NULL there."""
    write(warehouse, [("a", ONE, 1)], stamp(ONE))
    rows = staged(warehouse, [("b", TWO, 2)]).mutate(note=ibis.literal("new"))
    warehouse.replace(STORAGE, warehouse.stage(rows), [stamp(TWO)], lambda: None)
    found = {r["game_id"]: r["note"] for r in warehouse.table("scores").to_pyarrow().to_pylist()}
    assert found == {"a": None, "b": "new"}


@pytest.mark.parametrize(
    ("rows", "by", "error", "says"),
    [
        ([("b", ONE, 1), ("b", ONE, 2)], stamp(ONE, version=2, token=9), DuplicateKeys, "'b'"),
        ([("b", TWO, 1)], stamp(ONE, version=2, token=9), OutOfRange, "2024-01-02"),
        ([("b", None, 1)], stamp(ONE, version=2, token=9), OutOfRange, "None"),
        ([("b", ONE, 1)], stamp(ONE, version=1, token=9), OlderCode, "code_version 2 .run run-5"),
        ([("b", ONE, 1)], stamp(ONE, version=2, token=4), LostLease, "token 5 by run run-5"),
    ],
)
def test_refusals_leave_everything_as_it_was(warehouse, rows, by, error, says) -> None:
    """Duplicates, rows out of range, older code, an older token; the message says what stands."""
    write(warehouse, [("a", ONE, 1)], stamp(ONE, version=2, token=5))
    before = warehouse.stamps("scores")
    with pytest.raises(error, match=says):
        write(warehouse, rows, by)
    assert stored(warehouse) == {"a": 1}
    assert warehouse.stamps("scores") == before


def test_a_fence_that_refuses_stops_the_commit(warehouse) -> None:
    """It is asked against the version that the commit must follow."""

    def lost() -> None:
        raise LostLease("recovered")

    write(warehouse, [("a", ONE, 1)], stamp(ONE))
    with pytest.raises(LostLease, match="recovered"):
        write(warehouse, [("a", ONE, 2)], stamp(ONE, token=2), fence=lost)
    assert stored(warehouse) == {"a": 1}


def test_a_commit_that_another_overtook_checks_again(warehouse, another) -> None:
    """Between fence and commit someone newer wrote the date: the older token is refused."""
    other = another()
    write(warehouse, [("a", ONE, 1)], stamp(ONE))
    asked = []

    def overtaken() -> None:
        if not asked:
            write(other, [("a", ONE, 7)], stamp(ONE, token=8))
        asked.append(1)

    with pytest.raises(LostLease, match="token 8"):
        write(warehouse, [("a", ONE, 2)], stamp(ONE, token=3), fence=overtaken)
    assert stored(warehouse) == {"a": 7}


def test_advance_makes_those_who_checked_before_check_again(warehouse, another) -> None:
    """The rows stay, and a commit against the version before is tried anew."""
    other = another()
    write(warehouse, [("a", ONE, 1)], stamp(ONE))
    asked = []

    def passed_over() -> None:
        asked.append(1)
        if len(asked) == 1:
            other.advance("scores")
        else:
            raise LostLease("recovered meanwhile")

    with pytest.raises(LostLease, match="recovered meanwhile"):
        write(warehouse, [("a", ONE, 2)], stamp(ONE, token=2), fence=passed_over)
    assert len(asked) == 2
    assert stored(warehouse) == {"a": 1}


def test_of_writers_at_once_none_is_lost(another) -> None:
    """Two processes write a date of their own, and one that both write: each commit is a version."""
    own = {"a": ONE, "b": TWO}

    def write_twice(game: str) -> None:
        warehouse = another()
        for points in (1, 2):
            write(warehouse, [(game, own[game], points)], stamp(own[game]))
            last = 10 * ord(game) + points
            write(warehouse, [("c", THREE, last)], stamp(THREE))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write_twice, own))
    found = stored(another())
    assert found.pop("c") in (10 * ord("a") + 2, 10 * ord("b") + 2)
    assert found == {"a": 2, "b": 2}
    assert another().version("scores") == 8


def test_rows_of_an_appending_table_are_added_and_never_lost(warehouse) -> None:
    """A replace names the stored rows and the new; without a stored one, or with it changed, none."""
    appending = Storage("said", ("game_id",), appends=True)

    def say(*rows: tuple[str, date, int], storage: Storage = appending):
        return warehouse.replace(storage, staged(warehouse, list(rows)), [stamp(ONE)], lambda: None)

    def said() -> list[tuple[str, int]]:
        rows = warehouse.table("said").order_by("game_id").to_pyarrow().to_pylist()
        return [(row["game_id"], row["points"]) for row in rows]

    say(("a", ONE, 1))
    assert say(("a", ONE, 1), ("b", ONE, 2)).written == (ONE,)
    assert say(("b", ONE, 2), ("a", ONE, 1)).unchanged == (ONE,)
    assert said() == [("a", 1), ("b", 2)]
    for storage in (appending, Storage("said", ("game_id",))):
        for wrong in ((), (("a", ONE, 1),), (("a", ONE, 1), ("b", ONE, 3))):
            with pytest.raises(RowsLost, match="'game_id': 'b'"):
                say(*wrong, storage=storage)
    assert said() == [("a", 1), ("b", 2)]
    assert warehouse.version("said") == 3
