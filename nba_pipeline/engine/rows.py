"""What becomes of a transform's rows before they are stored: columns, stamps, and clashing keys."""

from collections.abc import Mapping, Sequence
from datetime import date

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from nba_pipeline import clock
from nba_pipeline.engine import schema
from nba_pipeline.kernel.columns import QUALITY, STAMP
from nba_pipeline.kernel.table import ContradictoryDeclaration, Table
from nba_pipeline.league import calendar
from nba_pipeline.lookback.provenance import (
    REQUIRED_FAMILIES,
    bootstrap,
    families_of,
    tracking_columns,
    with_quality,
)
from nba_pipeline.warehouse.protocol import Warehouse

_WRITTEN = "written_partition"


def finished(table: Table, rows: ir.Table) -> ir.Table:
    """Declared columns in order and type, then quality columns and the season."""
    rows = rows.mutate(season=calendar.season_name(rows[table.date_column].cast("date")))
    if table.is_tracked:
        _require_families(table, rows)
        rows = with_quality(rows, bootstrap(rows) if table.needs_minimum_games else ())
    counts = {name: "int64" for name in tracking_columns(rows) if name != "gap_ids"}
    quality = {name: column.kind for name, column in QUALITY.items() if table.is_tracked}
    extra = quality | counts | {"season": STAMP["season"].kind}
    declared = set(table.columns)
    return schema.conformed(
        rows, table.schema, {name: kind for name, kind in extra.items() if name not in declared}
    )


def _require_families(table: Table, rows: ir.Table) -> None:
    """Raises ContradictoryDeclaration unless the rows count the families that the table declares."""
    counted = families_of(rows)
    required = [family for family in counted if family in REQUIRED_FAMILIES]
    declared = [family for family in table.families if family not in table.counts]
    if set(counted) != set(table.families) or set(required) != set(declared):
        raise ContradictoryDeclaration(
            f"{table.name}: its rows count the games of {', '.join(counted) or 'no family'}, and are "
            f"ready when {', '.join(required) or 'none'} of them is complete; it declares ready_when "
            f"{list(table.ready_when)} and counts {list(table.counts)}"
        )


def written_by(
    table: Table, days: Sequence[date], run_id: str, bypasses: Mapping[date, str]
) -> pa.Table:
    """One row per partition: who writes it, under which code and which bypass."""
    return pa.table(
        {
            _WRITTEN: pa.array(days, pa.date32()),
            "bypass": pa.array([bypasses.get(day) for day in days], pa.string()),
            "run_id": pa.array([run_id] * len(days), pa.string()),
            "code_version": pa.array([table.version] * len(days), pa.int64()),
            "written_at": pa.array([clock.now()] * len(days), pa.timestamp("us", "UTC")),
        }
    )


def stamped(table: Table, rows: ir.Table, writing: ir.Table) -> ir.Table:
    """The rows with what is said of their partition in writing, which is staged written_by."""
    day = rows[table.date_column].cast("date")
    # A row of another date has to stay, so that it can be refused.
    return rows.left_join(writing, day == writing[_WRITTEN]).drop(_WRITTEN)


def added(stored: ir.Table, rows: ir.Table) -> ir.Table:
    """The stored rows as they stand and the new ones; a column that one side lacks is NULL in it."""
    kinds = {**stored.schema(), **rows.schema()}
    sides = [
        side.select(
            **{
                name: side[name] if name in side.columns else ibis.null().cast(kind)
                for name, kind in kinds.items()
            }
        )
        for side in (stored, rows)
    ]
    return sides[0].union(sides[1])


def held_elsewhere(
    table: Table, rows: ir.Table, ready: Sequence[date], warehouse: Warehouse
) -> dict[date, str]:
    """The partitions with a key that a stored partition beside them holds, where none may be twice."""
    if not table.is_unique_over_all or table.name not in warehouse.names():
        return {}
    stored = warehouse.table(table.name)
    day, keys = table.date_column, list(table.grain)
    others = stored.filter(~stored[day].isin(list(ready))).select(*keys, held_on=day)
    clashes = rows.select(*keys, day).inner_join(others, keys).order_by(day, *keys).to_pyarrow()
    reasons: dict[date, str] = {}
    for line in clashes.to_pylist():
        key = " / ".join(str(line[name]) for name in keys)
        reasons.setdefault(
            line[day],
            f"{key} is stored on {line['held_on']}, which has to be computed first or with it; "
            f"nba-pipeline backfill --from {min(line[day], line['held_on'])} "
            f"--to {max(line[day], line['held_on'])} does",
        )
    return reasons
