"""What a table is computed from: slices of upstream tables and parsed sources, each read once."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date

import ibis
import ibis.expr.types as ir
import pandas as pd

from nba_pipeline.engine.landing import Landing
from nba_pipeline.kernel.columns import OWN
from nba_pipeline.kernel.table import Read, Table
from nba_pipeline.league import calendar
from nba_pipeline.lookback.timeline import strictly_before
from nba_pipeline.warehouse.protocol import Warehouse


def read_span(read: Read, days: Sequence[date]) -> tuple[date, date]:
    """First and last upstream date that a read of these partitions can touch."""
    first, last = min(days), max(days)
    if not read.looks_back:
        return read.partition(first), read.partition(last)
    return min((span.first for span in read.seasons(first)), default=first), last


def staged_rows(rows: ir.Table, warehouse: Warehouse, staged: ExitStack) -> ir.Table:
    """The rows computed once, and dropped with the stack."""
    held = warehouse.stage(rows)
    staged.callback(warehouse.drop_staged, held)
    return held


def read_inputs(
    table: Table,
    days: Sequence[date],
    warehouse: Warehouse,
    landing: Landing,
    staged: ExitStack,
) -> dict[str, ir.Table]:
    """The transform's arguments: upstream slices and parsed sources, each read once."""
    inputs: dict[str, ir.Table] = {}
    for read in table.reads:
        first, last = read_span(read, days)
        rows = warehouse.table(read.table, first, last)
        if read.reach == "same_date":
            rows = rows.filter(rows.game_date.isin(list(days)))
        elif read.looks_back:
            rows = strictly_before(rows, last)
        rows = rows.drop(*(name for name in OWN if name in rows.columns))
        inputs[read.parameter] = staged_rows(rows, warehouse, staged)
    seasons = calendar.seasons_of(days) if table.sources else []
    for source in table.sources:
        parsed = landing.load(source, seasons)
        firsts = {name: calendar.season(name).first for name in seasons}
        undated = parsed.rejected.game_date.isna()
        filed = parsed.rejected.game_date.mask(undated, parsed.rejected.season.map(firsts))
        rejected = parsed.rejected.assign(game_date=filed)
        for name, frame in ((source.name, parsed.rows), (f"{source.name}_rejected", rejected)):
            inputs[name] = staged_rows(_dated(frame, days), warehouse, staged)
    return inputs


def _dated(frame: pd.DataFrame, days: Sequence[date]) -> ir.Table:
    """The frame's rows of the days, as a table."""
    frame = frame[frame.game_date.isin(set(days))]
    rows = ibis.memtable(frame.assign(game_date=pd.to_datetime(frame.game_date)))
    return rows.mutate(game_date=rows.game_date.cast("date"))
