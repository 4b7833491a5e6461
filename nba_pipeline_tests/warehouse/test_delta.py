"""replace changes exactly the given partitions, in one commit, or nothing."""

from datetime import UTC, date, datetime
from pathlib import Path

import ibis
import pytest

from nba_pipeline.coordination.database import connect
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline.warehouse.protocol import (
    DuplicateKeys,
    LostLease,
    OlderCode,
    OutOfRange,
    RowsLost,
    Stamp,
    Storage,
)

STORAGE = Storage("scores", ("game_id",))
ONE, TWO, THREE = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    """An empty one."""
    return DeltaWarehouse(tmp_path / "w", connect(f"sqlite:///{tmp_path / 'c.db'}"))


def _stamp(day: date, *, version: int = 1, token: int = 1, rows: int = 1) -> Stamp:
    return Stamp(
        partition=day,
        code_version=version,
        content="",
        inputs="same",
        row_count=rows,
        expected=rows,
        present=rows,
        missing=(),
        not_ready=0,
        completeness=1.0,
        least_completeness=1.0,
        gaps={},
        failed={},
        shares={},
        run_id=f"run-{token}",
        token=token,
        written_at=datetime(2024, 1, 4, token % 24, tzinfo=UTC),
    )


def _rows(warehouse: DeltaWarehouse, *rows: tuple[str, date, int], **more: object) -> ibis.Table:
    lines = [
        {"game_id": game, "game_date": day, "points": points, "season": "2023-24", **more}
        for game, day, points in rows
    ]
    schema = {"game_id": "string", "game_date": "date", "points": "int64", "season": "string"}
    schema |= dict.fromkeys(more, "string")
    return warehouse.stage(ibis.memtable(lines, schema=schema))


def _write(warehouse: DeltaWarehouse, rows, *stamps: Stamp, fence=lambda: None):
    return warehouse.replace(STORAGE, _rows(warehouse, *rows), stamps, fence)


def _stored(warehouse: DeltaWarehouse) -> dict[str, int]:
    rows = warehouse.table("scores").to_pyarrow().to_pylist()
    return {row["game_id"]: row["points"] for row in rows}


def test_exactly_the_given_dates_are_replaced(warehouse) -> None:
    """A date between two others is rewritten; one with no rows left is emptied."""
    _write(
        warehouse, [("a", ONE, 1), ("b", TWO, 2), ("c", THREE, 3)], *map(_stamp, (ONE, TWO, THREE))
    )
    done = _write(warehouse, [("d", TWO, 9)], _stamp(TWO), _stamp(THREE, rows=0))
    assert done.written == (TWO, THREE)
    assert _stored(warehouse) == {"a": 1, "d": 9}
    assert set(warehouse.stamps("scores")) == {ONE, TWO, THREE}
    assert warehouse.stamps("scores")[THREE].content == "empty"


def test_unchanged_dates_keep_their_rows_and_take_the_stamp(warehouse) -> None:
    """Early cutoff: what is said to be written is what differs, whatever the order of rows."""
    _write(warehouse, [("a", ONE, 1), ("b", ONE, 2), ("c", TWO, 3)], _stamp(ONE), _stamp(TWO))
    again = [("b", ONE, 2), ("a", ONE, 1), ("c", TWO, 4)]
    done = _write(warehouse, again, _stamp(ONE, token=2), _stamp(TWO, token=2))
    assert (done.written, done.unchanged) == ((TWO,), (ONE,))
    assert {stamp.token for stamp in warehouse.stamps("scores").values()} == {2}


def test_a_column_may_be_added(warehouse) -> None:
    """Older dates have NULL there."""
    _write(warehouse, [("a", ONE, 1)], _stamp(ONE))
    rows = _rows(warehouse, ("b", TWO, 2), note="new")
    warehouse.replace(STORAGE, rows, [_stamp(TWO)], lambda: None)
    found = {r["game_id"]: r["note"] for r in warehouse.table("scores").to_pyarrow().to_pylist()}
    assert found == {"a": None, "b": "new"}


@pytest.mark.parametrize(
    ("rows", "stamp", "error", "says"),
    [
        ([("b", ONE, 1), ("b", ONE, 2)], _stamp(ONE, version=2, token=9), DuplicateKeys, "'b'"),
        ([("b", TWO, 1)], _stamp(ONE, version=2, token=9), OutOfRange, "2024-01-02"),
        ([("b", ONE, 1)], _stamp(ONE, version=1, token=9), OlderCode, "code_version 2 .run run-5"),
        ([("b", ONE, 1)], _stamp(ONE, version=2, token=4), LostLease, "token 5 by run run-5"),
    ],
)
def test_refusals_leave_everything_as_it_was(warehouse, rows, stamp, error, says) -> None:
    """Duplicates, rows out of range, older code, an older token; the message says what stands."""
    _write(warehouse, [("a", ONE, 1)], _stamp(ONE, version=2, token=5))
    before = warehouse.stamps("scores")
    with pytest.raises(error, match=says):
        _write(warehouse, rows, stamp)
    assert _stored(warehouse) == {"a": 1}
    assert warehouse.stamps("scores") == before


def test_a_fence_that_refuses_stops_the_commit(warehouse) -> None:
    """It is asked against the version that the commit must follow."""

    def lost() -> None:
        raise LostLease("recovered")

    _write(warehouse, [("a", ONE, 1)], _stamp(ONE))
    with pytest.raises(LostLease, match="recovered"):
        _write(warehouse, [("a", ONE, 2)], _stamp(ONE, token=2), fence=lost)
    assert _stored(warehouse) == {"a": 1}


def test_a_commit_that_another_overtook_checks_again(warehouse, tmp_path) -> None:
    """Between fence and commit someone newer wrote the date: the older token is refused."""
    other = DeltaWarehouse(tmp_path / "w", connect(f"sqlite:///{tmp_path / 'c.db'}"))
    _write(warehouse, [("a", ONE, 1)], _stamp(ONE))
    asked = []

    def overtaken() -> None:
        if not asked:
            _write(other, [("a", ONE, 7)], _stamp(ONE, token=8))
        asked.append(1)

    with pytest.raises(LostLease, match="token 8"):
        _write(warehouse, [("a", ONE, 2)], _stamp(ONE, token=3), fence=overtaken)
    assert _stored(warehouse) == {"a": 7}


def test_advance_makes_those_who_checked_before_check_again(warehouse, tmp_path) -> None:
    """The rows stay, and a commit against the version before is tried anew."""
    other = DeltaWarehouse(tmp_path / "w", connect(f"sqlite:///{tmp_path / 'c.db'}"))
    _write(warehouse, [("a", ONE, 1)], _stamp(ONE))
    asked = []

    def passed_over() -> None:
        asked.append(1)
        if len(asked) == 1:
            other.advance("scores")
        else:
            raise LostLease("recovered meanwhile")

    with pytest.raises(LostLease, match="recovered meanwhile"):
        _write(warehouse, [("a", ONE, 2)], _stamp(ONE, token=2), fence=passed_over)
    assert len(asked) == 2
    assert _stored(warehouse) == {"a": 1}


def test_the_index_of_stamps_is_rebuilt_from_the_commits(warehouse, tmp_path) -> None:
    """A lost coordination database loses no stamp."""
    _write(warehouse, [("a", ONE, 1), ("b", TWO, 2)], _stamp(ONE), _stamp(TWO))
    _write(warehouse, [("b", TWO, 5)], _stamp(TWO, token=2))
    anew = DeltaWarehouse(tmp_path / "w", connect(f"sqlite:///{tmp_path / 'new.db'}"))
    assert anew.stamps("scores") == warehouse.stamps("scores")


def test_maintenance_keeps_rows_and_stamps(warehouse, tmp_path) -> None:
    """Ten commits become one file; nothing else is lost."""
    for number in range(10):
        _write(warehouse, [("a", ONE, number), ("b", TWO, 0)], _stamp(ONE), _stamp(TWO))
    stamps = warehouse.stamps("scores")
    assert warehouse.maintain("scores") > 0
    assert _stored(warehouse) == {"a": 9, "b": 0}
    assert warehouse.stamps("scores") == stamps
    assert len(list((tmp_path / "w/scores").glob("season=*/*.parquet"))) == 1


def test_rows_of_an_appending_table_are_added_and_never_lost(warehouse) -> None:
    """A replace names the stored rows and the new; without a stored one, or with it changed, none."""
    appending = Storage("said", ("game_id",), appends=True)

    def write(*rows: tuple[str, date, int], storage: Storage = appending):
        return warehouse.replace(storage, _rows(warehouse, *rows), [_stamp(ONE)], lambda: None)

    def stored() -> list[tuple[str, int]]:
        rows = warehouse.table("said").order_by("game_id").to_pyarrow().to_pylist()
        return [(row["game_id"], row["points"]) for row in rows]

    write(("a", ONE, 1))
    assert write(("a", ONE, 1), ("b", ONE, 2)).written == (ONE,)
    assert write(("b", ONE, 2), ("a", ONE, 1)).unchanged == (ONE,)
    assert stored() == [("a", 1), ("b", 2)]
    for storage in (appending, Storage("said", ("game_id",))):
        for wrong in ((), (("a", ONE, 1),), (("a", ONE, 1), ("b", ONE, 3))):
            with pytest.raises(RowsLost, match="'game_id': 'b'"):
                write(*wrong, storage=storage)
    assert stored() == [("a", 1), ("b", 2)]
    assert warehouse.version("said") == 3


def test_the_version_of_a_table_that_was_never_written_is_unknown(warehouse) -> None:
    """It is no version 0."""
    with pytest.raises(KeyError, match="no table said"):
        warehouse.version("said")
