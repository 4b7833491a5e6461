"""One table for some dates: read, transform, judge, write. The same path for every launcher.

Nothing here knows Dagster; the asset in kernel.asset is this, with events around it.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import replace as changed_copy
from datetime import UTC, date, datetime

import ibis
import ibis.expr.types as ir
import pandas as pd

from nba_pipeline.kernel import calendar, staleness, validation
from nba_pipeline.kernel.judgement import call, judge, require
from nba_pipeline.kernel.landing import Landing
from nba_pipeline.kernel.provenance import (
    QUALITY_COLUMNS,
    sources_of,
    tracking_columns,
    with_quality,
)
from nba_pipeline.kernel.table import Read, Table
from nba_pipeline.kernel.timeline import strictly_before
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline.warehouse.protocol import Replaced, Stamp, WriteRefused

QUALITY_TYPES = {
    "season": "string",
    "completeness": "float64",
    "gap_ids": "array<string>",
    "is_production_ready": "boolean",
    "not_ready_reason": "string",
    "bypass": "string",
}
# What a row says of itself, and no row made from it says.
_OWN = ("run_id", "code_version", "written_at", "bypass")
STAMP_TYPES = {"run_id": "string", "code_version": "int64", "written_at": "timestamp('UTC')"}


class UpstreamNotReady(Exception):
    """An upstream partition is missing or blocked; nothing was computed from it."""


class GapsLost(TypeError):
    """A transform returns rows whose gap_ids do not come from all of its inputs."""


@dataclass(frozen=True)
class Bypass:
    """A named, recorded permission to skip one precondition."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True)
class Computed:
    """What computing a table for some dates came to.

    current dates needed no work; lineage gives each column's source columns, and is empty when
    nothing was computed.
    """

    replaced: Replaced
    current: tuple[date, ...]
    refused: Mapping[date, str]
    lineage: Mapping[str, set[tuple[str, str]]]


@dataclass(frozen=True)
class Writer:
    """On whose behalf rows are written: the run, its fencing token and its fence."""

    run_id: str
    token: int
    fence: Callable[[], None]
    bypasses: tuple[Bypass, ...] = ()


@dataclass(frozen=True)
class Needs:
    """What has to be done for some partitions of a table, and what may not be done.

    bypassed are the dates that a bypass alone keeps from being refused.
    """

    inputs: Mapping[date, str]
    stale: Mapping[date, str]
    refused: Mapping[date, str]
    bypassed: frozenset[date]


def needs(
    table: Table,
    days: Iterable[date],
    warehouse: DeltaWarehouse,
    landing: Landing,
    *,
    bypasses: Sequence[Bypass] = (),
    force: bool = False,
) -> Needs:
    """Which of the days are stale and why, and which of those are refused and why."""
    days = sorted(days)
    upstream = {read.table: warehouse.stamps(read.table) for read in table.reads}
    failed = {read.table: warehouse.failures.of(read.table) for read in table.reads}
    inputs = staleness.input_fingerprints(table, days, upstream, landing)
    stale = (
        dict.fromkeys(days, "forced")
        if force
        else staleness.stale(table, inputs, warehouse.stamps(table.name))
    )
    strictly = staleness.refused(table, list(stale), upstream, failed, allowed=())
    refused = strictly
    if bypasses and strictly:
        allowed = [bypass.name for bypass in bypasses]
        refused = staleness.refused(table, list(strictly), upstream, failed, allowed)
    return Needs(inputs, stale, refused, frozenset(set(strictly) - set(refused)))


def compute(
    table: Table,
    days: Sequence[date],
    warehouse: DeltaWarehouse,
    landing: Landing,
    writer: Writer,
    *,
    force: bool = False,
) -> Computed:
    """Computes the table's stale partitions of the days as one set and replaces them.

    Days whose upstream is not ready are refused, with the reason; the others stand. What was
    refused or failed is marked, and downstream refuses it in turn until it succeeds.

    Args:
        table: the declaration.
        days: the partitions wanted.
        warehouse: where upstream tables are and the rows go.
        landing: where sources are.
        writer: on whose behalf.
        force: whether partitions that are current are computed all the same.

    Raises:
        SchemaViolated, AssertionFailed, GapsLost, WriteRefused: nothing was written.
    """
    need = needs(table, days, warehouse, landing, bypasses=writer.bypasses, force=force)
    current = tuple(day for day in sorted(days) if day not in need.stale)
    try:
        computed = _computed(table, need, current, warehouse, landing, writer)
    except WriteRefused:
        # Another's rows stand there, and they are no failure.
        raise
    except BaseException as error:
        reason = f"{type(error).__name__}: {error}"
        warehouse.failures.mark(table.name, dict.fromkeys(need.stale, reason), writer.run_id)
        raise
    warehouse.failures.clear(
        table.name, [*current, *computed.replaced.written, *computed.replaced.unchanged]
    )
    warehouse.failures.mark(table.name, computed.refused, writer.run_id)
    return computed


def _computed(
    table: Table,
    need: Needs,
    current: tuple[date, ...],
    warehouse: DeltaWarehouse,
    landing: Landing,
    writer: Writer,
) -> Computed:
    """What computing the stale days that are not refused came to."""
    ready = [day for day in need.stale if day not in need.refused]
    if not ready:
        return Computed(Replaced((), (), 0), current, need.refused, {})
    with ExitStack() as staged:
        inputs = _inputs(table, ready, warehouse, landing, staged)
        refused = dict(need.refused)
        if table.refusals:
            refused |= call(table.refusals, inputs, partitions=ready)
            ready = [day for day in ready if day not in refused]
            if not ready:
                return Computed(Replaced((), (), 0), current, refused, {})
        rows = call(table.transform, inputs, partitions=ready)
        lineage = _lineage(table, rows, inputs)
        mine = {day: {str(b) for b in writer.bypasses} for day in need.bypassed}
        bypassed = _bypasses(table, ready, warehouse, mine)
        rows = _stage(_finished(table, rows, writer, bypassed), warehouse, staged)
        validation.validate(rows, table.schema)
        require(table, rows, inputs)
        facts = judge(table, ready, rows, inputs)
        now = datetime.now(UTC)
        stamps = [
            Stamp(
                partition=day,
                code_version=table.version,
                content="",
                inputs=need.inputs[day],
                bypass=bypassed.get(day),
                run_id=writer.run_id,
                token=writer.token,
                written_at=now,
                **facts[day],
            )
            for day in ready
        ]
        replaced = warehouse.replace(table.storage, rows, stamps, writer.fence)
    return Computed(replaced, current, refused, lineage)


def judged_again(
    table: Table, days: Sequence[date], warehouse: DeltaWarehouse, landing: Landing
) -> dict[date, Stamp]:
    """The stamps of stored partitions with every fact told anew from the rows as they stand.

    Raises:
        SchemaViolated, AssertionFailed: the stored rows are not what may be stored.
    """
    stamps = warehouse.stamps(table.name)
    with ExitStack() as staged:
        inputs = _inputs(table, days, warehouse, landing, staged)
        stored = warehouse.table(table.name, min(days), max(days))
        rows = _stage(stored.filter(stored[table.date_column].isin(list(days))), warehouse, staged)
        validation.validate(rows, table.schema)
        require(table, rows, inputs)
        facts = judge(table, days, rows, inputs)
    return {day: changed_copy(stamps[day], **facts[day]) for day in days}


def gated(
    table: Table, days: Sequence[date], warehouse: DeltaWarehouse, landing: Landing
) -> Mapping[date, str]:
    """The partitions that the table's own gate refuses as things stand, and why."""
    if table.refusals is None:
        return {}
    with ExitStack() as staged:
        inputs = _inputs(table, days, warehouse, landing, staged)
        return call(table.refusals, inputs, partitions=list(days))


# --- what is read


def read_span(read: Read, days: Sequence[date]) -> tuple[date, date]:
    """First and last upstream date that a read of these days can touch."""
    first, last = min(days), max(days)
    if read.reach in ("same_date", "same_month"):
        return read.partition(first), read.partition(last)
    if read.reach == "ever":
        return calendar.SEASONS[0].first, last
    start = calendar.season_of(first)
    if read.reach == "two_seasons":
        start = calendar.season_before(start) or start
    return start.first, last


def _stage(rows: ir.Table, warehouse: DeltaWarehouse, staged: ExitStack) -> ir.Table:
    """The rows computed once, and dropped with the stack."""
    held = warehouse.stage(rows)
    staged.callback(warehouse.drop_staged, held)
    return held


def _inputs(
    table: Table,
    days: Sequence[date],
    warehouse: DeltaWarehouse,
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
        elif read.reach != "same_month":
            rows = strictly_before(rows, last)
        rows = rows.drop(*(name for name in _OWN if name in rows.columns))
        inputs[read.parameter] = _stage(rows, warehouse, staged)
    seasons = calendar.seasons_of(days) if table.sources else []
    for source in table.sources:
        parsed = landing.load(source, seasons)
        firsts = {name: calendar.season(name).first for name in seasons}
        undated = parsed.rejected.game_date.isna()
        filed = parsed.rejected.game_date.mask(undated, parsed.rejected.season.map(firsts))
        rejected = parsed.rejected.assign(game_date=filed)
        for name, frame in ((source.name, parsed.rows), (f"{source.name}_rejected", rejected)):
            inputs[name] = _stage(_dated(frame, days), warehouse, staged)
    return inputs


def _dated(frame: pd.DataFrame, days: Sequence[date]) -> ir.Table:
    """The frame's rows of the days, as a table."""
    frame = frame[frame.game_date.isin(set(days))]
    rows = ibis.memtable(frame.assign(game_date=pd.to_datetime(frame.game_date)))
    return rows.mutate(game_date=rows.game_date.cast("date"))


# --- what is made of it


def _lineage(
    table: Table, rows: ir.Table, inputs: Mapping[str, ir.Table]
) -> dict[str, set[tuple[str, str]]]:
    """Each column's sources.

    Raises:
        GapsLost: the gaps of a tracked input do not reach the output's.
    """
    names = {inputs[read.parameter].op().name: read.table for read in table.reads}
    lineage = {
        name: {(names.get(source, source), column) for source, column in sources_of(rows, name)}
        for name in rows.columns
    }
    if table.is_tracked:
        reached = {name for name, _ in lineage.get("gap_ids", set())}
        taken = inspect.signature(table.transform).parameters
        tracked = {
            read.table
            for read in table.reads
            if read.parameter in taken
            and (read.table == "data_gaps" or "gap_ids" in inputs[read.parameter].columns)
        }
        lost = tracked - reached
        if lost:
            raise GapsLost(
                f"{table.name}: the gaps of {', '.join(sorted(lost))} do not reach its rows; join "
                "with provenance.join and look back with windows.as_of"
            )
    return lineage


def _bypasses(
    table: Table, days: Sequence[date], warehouse: DeltaWarehouse, mine: Mapping[date, set[str]]
) -> dict[date, str]:
    """The bypasses that a day's rows are made under, here or upstream."""
    found = {day: set(mine.get(day, ())) for day in days}
    for read in table.reads:
        marked = {d: s.bypass for d, s in warehouse.stamps(read.table).items() if s.bypass}
        for day in days if marked else ():
            first, last = read_span(read, [day])
            is_own = read.reach in ("same_date", "same_month")
            found[day] |= {
                text for d, text in marked.items() if first <= d < last or (is_own and d == last)
            }
    return {day: "; ".join(sorted(texts)) for day, texts in found.items() if texts}


def _finished(
    table: Table, rows: ir.Table, writer: Writer, bypasses: Mapping[date, str]
) -> ir.Table:
    """Declared columns in order and type, then quality, season and stamp columns."""
    day = rows[table.date_column].cast("date")
    rows = rows.mutate(season=calendar.season_name(day))
    if table.is_tracked:
        rows = with_quality(rows, needs_minimum_games=table.needs_minimum_games)
    bypass = (
        ibis.cases(*((day == d, text) for d, text in bypasses.items())) if bypasses else ibis.null()
    )
    rows = rows.mutate(bypass=bypass.cast("string"))
    counts = {name: "int64" for name in tracking_columns(rows) if name != "gap_ids"}
    quality = {name: QUALITY_TYPES[name] for name in QUALITY_COLUMNS if table.is_tracked}
    extra = quality | counts | {"season": "string", "bypass": "string"}
    declared = set(table.columns)
    rows = validation.conformed(
        rows, table.schema, {name: kind for name, kind in extra.items() if name not in declared}
    )
    return rows.mutate(
        run_id=ibis.literal(writer.run_id),
        code_version=ibis.literal(table.version, "int64"),
        written_at=ibis.now().cast("timestamp('UTC')"),
    )
