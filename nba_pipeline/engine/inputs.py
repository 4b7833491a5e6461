"""What a table is computed from: slices of upstream tables and parsed sources, each read once."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from functools import cache
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from nba_pipeline import clock
from nba_pipeline.engine.known_players import known_players
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.upstream_versions import made_from
from nba_pipeline.kernel.columns import OWN
from nba_pipeline.kernel.reads import IDENTITY, Read
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.warehouse.protocol import Query, Rows, Warehouse

_TODAY = ibis.schema({"today": "date"})


def read_span(read: Read, days: Sequence[date]) -> tuple[date, date]:
    """First and last upstream date that a read of these partitions can touch."""
    first, last = min(days), max(days)
    if not read.looks_back:
        return read.partition(first), read.partition(last)
    return min((span.first for span in read.seasons(first)), default=first), last


def stage(rows: Rows, name: str, warehouse: Warehouse, staged: ExitStack) -> ir.Table:
    """The rows held under the name and dropped with the stack."""
    held = warehouse.stage(rows, name)
    staged.callback(warehouse.drop_staged, held)
    return held


class Inputs(dict[str, ir.Table]):
    """What a table's functions take, by name; silent sources have said nothing of the dates."""

    def __init__(self) -> None:
        super().__init__()
        self.silent: set[str] = set()


def read_inputs(
    table: Table,
    days: Sequence[date],
    warehouse: Warehouse,
    landing: Landing,
    staged: ExitStack,
) -> Inputs:
    """The transform's arguments: upstream slices and parsed sources, each read once.

    Each is staged under the same name in every run; they are dropped with the stack.
    """
    inputs = Inputs()

    def keep(name: str, rows: Rows) -> None:
        inputs[name] = stage(rows, f"{table.name}__{name}", warehouse, staged)

    for read in table.reads:
        keep(read.parameter, _selection(read, days, warehouse))
    for name, rows in _own_rows(table, days, warehouse).items():
        keep(name, rows)
    if table.knows_today:
        keep("today", Query(f"SELECT DATE '{clock.today()}' AS today", _TODAY))
    for source in table.sources:
        parsed = landing.load(source, days)
        rows, rejected = _dated(parsed.rows, days), _dated(parsed.rejected, days)
        keep(source.name, rows)
        keep(f"{source.name}_rejected", rejected)
        if not rows.num_rows and not rejected.num_rows:
            inputs.silent.add(source.name)
    if table.sources:
        keep("seasons_with_files", _seasons_with_files(table, days, landing))
    if table.players_from:
        names = known_players(landing, table.players_from, calendar.seasons_of(days))
        keep("known_players", _arrow(names))
    return inputs


def _selection(read: Read, days: Sequence[date], warehouse: Warehouse) -> Query:
    """The query for what is read of the upstream table."""
    first, last = read_span(read, days)
    if read.looks_back:
        last -= timedelta(days=1)
    only = days if read.reach == "same_date" else None
    without = OWN
    if read.is_for_rows:
        without = tuple(set(warehouse.table(read.table).columns) - IDENTITY)
    return warehouse.selection(read.table, first, last, only=only, without=without)


def _own_rows(table: Table, days: Sequence[date], warehouse: Warehouse) -> dict[str, Rows]:
    """What a table takes of its own: `stored`, of the dates, and `earlier`, of all before the last.

    What is stored is added to, and so `made_from` goes with it.
    """
    if not (table.appends or table.knows_earlier):
        return {}
    columns = table.schema.to_schema().columns
    own = ibis.memtable([], schema={name: str(c.dtype) for name, c in columns.items()})
    if warehouse.stamps(table.name):
        stored = warehouse.table(table.name)
        # Rows of older code have nothing in a column that was added since.
        lacking = {n: ibis.null().cast(str(c.dtype)) for n, c in columns.items()}
        own = stored.mutate(**{n: v for n, v in lacking.items() if n not in stored.columns})
    day = own[table.date_column]
    found: dict[str, Rows] = {}
    if table.appends:
        found["stored"] = own.filter(day.isin(list(days)))
        found["made_from"] = made_from(table, days, warehouse)
    if table.knows_earlier:
        found["earlier"] = own.filter(day < max(days))
    return found


def _seasons_with_files(table: Table, days: Sequence[date], landing: Landing) -> pa.Table:
    """The seasons of the days of which each of the table's sources has any file."""
    seasons = calendar.seasons_of(days)
    pairs = [
        {"source": source.name, "season": season}
        for source in table.sources
        for season in landing.seasons_with_files(source, seasons)
    ]
    schema = pa.schema({"source": pa.string(), "season": pa.string()})
    return pa.Table.from_pylist(pairs, schema)


def _dated(frame: pd.DataFrame, days: Sequence[date]) -> pa.Table:
    """The frame's rows of the days."""
    return _arrow(frame[frame.game_date.isin(set(days))])


def _arrow(frame: pd.DataFrame) -> pa.Table:
    """The frame, whose Python objects are dates, in the same types also where it is empty."""
    schema = _arrow_schema(tuple(frame.dtypes.items()))
    if frame.empty:
        return schema.empty_table()
    return pa.Table.from_pandas(frame, schema, preserve_index=False)


@cache
def _arrow_schema(kinds: tuple[tuple[str, Any], ...]) -> pa.Schema:
    """Arrow's columns for pandas' names and types."""
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds})
    fields = pa.Schema.from_pandas(empty, preserve_index=False)
    return pa.schema(
        field.with_type(pa.date32()) if kind == "object" else field
        for field, (_name, kind) in zip(fields, kinds, strict=True)
    )
