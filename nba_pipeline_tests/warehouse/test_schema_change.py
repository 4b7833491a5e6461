"""A column's type or name changes for all stored partitions or for none."""

from datetime import date

import pytest

from nba_pipeline.warehouse.protocol import SchemaChanged, Warehouse, WriteRefused
from nba_pipeline_tests.warehouse.scores import KINDS, ONE, THREE, TWO, stamp, stored, write

FLOATS = KINDS | {"points": "float64"}
RENAMED = {"game_id": "string", "game_date": "date", "score": "int64", "season": "string"}


@pytest.fixture
def warehouse(another) -> Warehouse:
    """Two dates of whole points, and a third that is empty."""
    made = another()
    days = (stamp(ONE), stamp(TWO), stamp(THREE, rows=0))
    write(made, [("a", ONE, 1), ("b", TWO, 2)], *days)
    return made


@pytest.mark.parametrize(
    ("kinds", "points", "says"),
    [
        (
            FLOATS,
            2.5,
            "scores: column points is stored as (long|int64), this write has (double|float64). 1 stored partitions ",
        ),
        (
            RENAMED,
            2,
            "column points is stored as (long|int64), this write lacks it; new in this write: score",
        ),
        (KINDS | {"points": "string"}, "2", "stored as (long|int64), this write has string"),
    ],
)
def test_a_change_for_some_partitions_is_refused(warehouse, kinds, points, says) -> None:
    """The message names table, column and both types; nothing is written."""
    before = warehouse.stamps("scores")
    with pytest.raises(SchemaChanged, match=says):
        write(warehouse, [("b", TWO, points)], stamp(TWO, version=2, token=2), kinds=kinds)
    assert stored(warehouse) == {"a": 1, "b": 2}
    assert warehouse.stamps("scores") == before
    assert issubclass(SchemaChanged, WriteRefused)


def test_a_write_of_every_stored_partition_brings_its_own_columns(warehouse) -> None:
    """Halves stay halves; a date without rows needs no replacing."""
    rows = [("a", ONE, 1.5), ("b", TWO, 2.5)]
    done = write(warehouse, rows, stamp(ONE, token=2), stamp(TWO, token=2), kinds=FLOATS)
    assert done.written == (ONE, TWO)
    assert stored(warehouse) == {"a": 1.5, "b": 2.5}
    assert {day: s.row_count for day, s in warehouse.stamps("scores").items()} == {
        ONE: 1,
        TWO: 1,
        THREE: 0,
    }


def test_a_renamed_column_leaves_no_trace_of_the_old(warehouse, another) -> None:
    """The table has the new columns, also for who opens it anew."""
    write(warehouse, [("a", ONE, 7), ("b", TWO, 8)], stamp(ONE), stamp(TWO), kinds=RENAMED)
    for reader in (warehouse, another()):
        rows = reader.table("scores").order_by("game_id").to_pyarrow().to_pylist()
        assert [row["score"] for row in rows] == [7, 8]
        assert "points" not in rows[0]


def test_a_type_changes_where_no_value_is_known(warehouse) -> None:
    """A column of NULLs has the same content under both types, and its rows are written anew."""
    unknown = [("a", ONE, None), ("b", TWO, None)]
    write(warehouse, unknown, stamp(ONE), stamp(TWO))
    write(warehouse, unknown, stamp(ONE), stamp(TWO), kinds=FLOATS)
    assert stored(warehouse) == {"a": None, "b": None}
    write(warehouse, [("b", TWO, 0.5)], stamp(TWO), kinds=FLOATS)
    assert stored(warehouse) == {"a": None, "b": 0.5}


def test_a_new_column_comes_with_a_date_that_stays_empty(warehouse) -> None:
    """Nothing is replaced, the table has the column, and it is unknown of the rows that were there."""
    done = write(warehouse, [], stamp(THREE, rows=0, token=2), kinds=KINDS | {"steals": "int64"})
    assert done.unchanged == (THREE,)
    assert stored(warehouse) == {"a": 1, "b": 2}
    rows = warehouse.table("scores").to_pyarrow().to_pylist()
    assert [row["steals"] for row in rows] == [None, None]


def test_a_new_column_stays_when_the_rows_that_brought_it_go(warehouse, another) -> None:
    """What is left in the table is read on, by who wrote it and by who opens it anew."""
    wider = KINDS | {"steals": "int64"}
    write(warehouse, [("c", THREE, 3)], stamp(THREE, token=2), kinds=wider)
    write(warehouse, [], stamp(THREE, rows=0, token=3), kinds=wider)
    for reader in (warehouse, another()):
        assert stored(reader) == {"a": 1, "b": 2}
        assert reader.table("scores").steals.count().execute() == 0


def test_what_another_writer_stored_meanwhile_is_not_replaced_by_other_columns(
    warehouse, another
) -> None:
    """A date that came after the check is found by the check before the commit."""
    other, later = another(), date(2024, 1, 4)
    asked = []

    def overtaken() -> None:
        if not asked:
            asked.append(1)
            write(other, [("d", later, 4)], stamp(later))

    rows = [("a", ONE, 1.5), ("b", TWO, 2.5)]
    with pytest.raises(SchemaChanged, match="2024-01-04 to 2024-01-04"):
        write(warehouse, rows, stamp(ONE), stamp(TWO), kinds=FLOATS, fence=overtaken)
    assert stored(warehouse) == {"a": 1, "b": 2, "d": 4}
