"""What a run changed: rows, readiness and predictions, told from the versions before and after it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.kernel.columns import STAMP
from nba_pipeline.kernel.table import Table
from nba_pipeline.warehouse.protocol import VersionGone, Warehouse

_READY = "is_production_ready"
_PREDICTED = "predicted_points"
_LATER = "__later"


class NothingWritten(NbaPipelineError, LookupError):
    """A run that has written nothing, or none of that id."""


@dataclass(frozen=True)
class Changes:
    """What became of the rows of some dates of a table from one version to another.

    changed counts keys of both whose values differ, apart from who wrote them when; moved the
    predictions among them that differ, moved_mean and moved_most by how many points. What a table
    does not have is None.
    """

    table: str
    dates: int
    first: date
    last: date
    rows: int
    added: int
    removed: int
    changed: int
    became_ready: int | None = None
    ceased_ready: int | None = None
    moved: int | None = None
    moved_mean: float | None = None
    moved_most: float | None = None

    def as_dict(self) -> dict[str, object]:
        """The facts that there are."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def changes(
    table: Table, days: Sequence[date], before: int | None, after: int, warehouse: Warehouse
) -> Changes:
    """What changed on the days from the version before to the one after.

    Args:
        table: the declaration.
        days: the partitions that were written, at least one.
        before: the table's version then; None where there was no table.
        after: the version that the write made.
        warehouse: where both are.

    Raises:
        VersionGone: maintenance has removed one of the versions.
    """
    later = _rows(table, days, after, warehouse)
    spans = {"dates": len(days), "first": min(days), "last": max(days)}
    if before is None:
        earlier = later.filter(ibis.literal(False))
    else:
        earlier = _rows(table, days, before, warehouse)
    facts = _compared(table, earlier, later).to_pyarrow().to_pylist()[0]
    return Changes(table.name, **spans, **facts)  # type: ignore[arg-type]


def changes_of_run(
    run_ids: Collection[str], tables: Iterable[Table], warehouse: Warehouse
) -> list[Changes]:
    """What runs changed, a line per table and commit, in the graph's order.

    Raises:
        NothingWritten: they have changed nothing.
        VersionGone: maintenance has removed what it wrote or replaced.
    """
    found = []
    for table in tables:
        for written in warehouse.written_by(run_ids, table.name):
            try:
                found.append(
                    changes(table, written.dates, written.before, written.after, warehouse)
                )
            except VersionGone as error:
                raise VersionGone(f"{table.name}: {error}; maintenance has been here") from error
    if not found:
        raise NothingWritten(
            f"no rows were changed by {', '.join(sorted(run_ids))}: nba-pipeline audit lists the runs"
        )
    return found


def _rows(table: Table, days: Sequence[date], version: int, warehouse: Warehouse) -> ir.Table:
    rows = warehouse.table(table.name, version=version)
    return rows.filter(rows[table.date_column].isin(list(days)))


def _compared(table: Table, earlier: ir.Table, later: ir.Table) -> ir.Table:
    """One row of counts."""
    grain = list(table.grain)
    untold = {*STAMP, *table.volatile, *grain}
    shared = [c for c in later.columns if c in earlier.columns and c not in untold]
    kept = [*grain, *shared]
    was = earlier.select(*kept).mutate(is_earlier=True)
    now = later.select(*kept).mutate(is_later=True)
    # A part of the key may be unknown, and is the same key then; BigQuery joins by an equality.
    columns = table.schema.to_schema().columns
    same = [
        was[name].identical_to(now[name]) if columns[name].nullable else was[name] == now[name]
        for name in grain
    ]
    both = was.outer_join(now, same, rname=f"{{name}}{_LATER}")
    is_new, is_gone = _.is_earlier.isnull(), _.is_later.isnull()
    differs = [~both[name].identical_to(both[f"{name}{_LATER}"]) for name in shared]
    is_changed = ~is_new & ~is_gone & ibis.or_(ibis.literal(False), *differs)
    counts = {
        "rows": (~is_gone).sum(),
        "added": is_new.sum(),
        "removed": is_gone.sum(),
        "changed": is_changed.sum(),
    }
    if _READY in shared:
        was_ready = both[_READY].fill_null(False)
        is_ready = both[f"{_READY}{_LATER}"].fill_null(False)
        counts["became_ready"] = (is_ready & ~was_ready).sum()
        counts["ceased_ready"] = (was_ready & ~is_ready).sum()
    if _PREDICTED in shared:
        move = (both[f"{_PREDICTED}{_LATER}"] - both[_PREDICTED]).abs()
        counts["moved"] = (move > 0).sum()
        counts["moved_mean"] = move.mean(where=move > 0)
        counts["moved_most"] = move.max(where=move > 0)
    numbers = {
        name: c if name.startswith("moved_") else c.fill_null(0) for name, c in counts.items()
    }
    return both.agg(**numbers)
