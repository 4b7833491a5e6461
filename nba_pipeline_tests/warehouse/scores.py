"""A small table of points per game, for tests that write and read it."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import ibis

from nba_pipeline.coordination.database import connect
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline.warehouse.protocol import Replaced, Stamp, Storage, Warehouse

STORAGE = Storage("scores", ("game_id",))
ONE, TWO, THREE = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)
KINDS = {"game_id": "string", "game_date": "date", "points": "int64", "season": "string"}

Row = tuple[str, date, object]


def opened(folder: Path, database: str = "c.db") -> DeltaWarehouse:
    """The warehouse in the folder, as another process would open it."""
    return DeltaWarehouse(folder / "w", connect(f"sqlite:///{folder / database}"))


def stamp(day: date, *, version: int = 1, token: int = 1, rows: int = 1) -> Stamp:
    """A stamp of the day by run-<token>, everything expected present."""
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


def staged(warehouse: Warehouse, lines: list[Row], kinds: Mapping[str, str] = KINDS) -> ibis.Table:
    """Rows of the game, its date and its points, under the third column's name."""
    *_, value, _season = kinds
    records = [
        {"game_id": game, "game_date": day, value: points, "season": "2023-24"}
        for game, day, points in lines
    ]
    return warehouse.stage(ibis.memtable(records, schema=kinds))


def write(
    warehouse: Warehouse,
    lines: list[Row],
    *stamps: Stamp,
    fence: Callable[[], None] = lambda: None,
    kinds: Mapping[str, str] = KINDS,
    storage: Storage = STORAGE,
) -> Replaced:
    """Replaces the stamped dates with the rows."""
    return warehouse.replace(storage, staged(warehouse, lines, kinds), stamps, fence)


def stored(warehouse: Warehouse, name: str = "scores") -> dict[str, object]:
    """Points by game, as read."""
    rows = warehouse.table(name).to_pyarrow().to_pylist()
    return {row["game_id"]: row["points"] for row in rows}
