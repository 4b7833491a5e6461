"""What a process holds has the values that it was given, from wherever they come."""

from datetime import UTC, datetime

import ibis
import pyarrow as pa
import pytest

from nba_pipeline_tests.warehouse.scores import ONE, STORAGE, stamp

ROW = {
    "game_id": "0022300061",
    "game_date": ONE,
    "player": "Dončić; 'Luka'\n\\",
    "points": 2**53 + 1,
    "usage_rate": 0.1 + 0.2,
    "is_starter": False,
    "tipped_off_at": datetime(2024, 1, 1, 0, 30, 0, 1, tzinfo=UTC),
    "booster": b"\x00\xff",
    "gap_ids": ["a;", ""],
    "season": "2023-24",
}
KINDS = {
    "game_id": "string",
    "game_date": "date",
    "player": "string",
    "points": "int64",
    "usage_rate": "float64",
    "is_starter": "boolean",
    "tipped_off_at": "timestamp('UTC')",
    "booster": "binary",
    "gap_ids": "array<string>",
    "season": "string",
}
UNKNOWN = dict.fromkeys(ROW) | {
    "game_id": "0022300062",
    "game_date": ONE,
    "gap_ids": [],
    "season": "2023-24",
}
SCHEMA = ibis.schema(KINDS)
ROWS = pa.Table.from_pylist([ROW, UNKNOWN], schema=SCHEMA.to_pyarrow())


@pytest.mark.parametrize(
    "given",
    [
        lambda _: ROWS,
        lambda _: ibis.memtable(ROWS),
        lambda held: held,
        lambda held: held.order_by("points"),
    ],
    ids=["arrow", "memory", "held", "expression"],
)
def test_values_of_every_kind_stay_what_they_are(warehouse, given) -> None:
    """From Arrow, from memory, from what is held; held, stored and read; unknown ones stay so."""
    held = warehouse.stage(given(warehouse.stage(ROWS)))
    warehouse.replace(STORAGE, held, [stamp(ONE, rows=2)], lambda: None)
    for rows in (held, warehouse.table("scores")):
        found = sorted(rows.to_pyarrow().to_pylist(), key=lambda row: row["game_id"])
        assert found == [ROW, UNKNOWN]


def test_a_name_holds_what_was_held_last(warehouse) -> None:
    """No rows have columns too; what is dropped is gone."""
    warehouse.stage(ROWS, "lines")
    empty = warehouse.stage(ROWS.slice(0, 0), "lines")
    assert empty.columns == (*KINDS,)
    assert empty.to_pyarrow().num_rows == 0
    warehouse.drop_staged(empty)
    with pytest.raises(Exception, match="lines"):
        warehouse.answer("SELECT * FROM lines")
