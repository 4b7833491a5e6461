"""One table for some dates: read, transform, judge, write. The same path for every launcher.

Nothing here knows Dagster; orchestration.asset is this, with events around it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import replace as changed_copy
from datetime import date

import ibis
import ibis.expr.types as ir

from nba_pipeline import clock
from nba_pipeline.engine import preconditions, schema
from nba_pipeline.engine.inputs import read_inputs, staged_rows
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.lineage import lineage_of
from nba_pipeline.engine.meaning import meaning
from nba_pipeline.engine.staleness import Survey, spans
from nba_pipeline.engine.verdicts import call, judge, require
from nba_pipeline.kernel.columns import QUALITY, STAMP
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.lookback.provenance import bootstrap, tracking_columns, with_quality
from nba_pipeline.warehouse.protocol import Replaced, Stamp, Warehouse, WriteRefused


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
    partitions: Iterable[date],
    survey: Survey,
    *,
    bypasses: Sequence[Bypass] = (),
    force: bool = False,
    only_stored: bool = False,
) -> Needs:
    """Which of the partitions are stale and why, and which of those are refused and why.

    Args:
        table: the declaration.
        partitions: those wanted.
        survey: what is stored.
        bypasses: the preconditions that do not count.
        force: whether partitions that are current count as stale.
        only_stored: whether partitions that were never stored are left alone.
    """
    stored = survey.stamps(table.name)
    wanted = [day for day in sorted(partitions) if day in stored or not only_stored]
    stale = dict.fromkeys(wanted, "forced") if force else survey.stale(table, wanted)
    inputs = survey.inputs(table, list(stale))
    strictly = preconditions.refused(table, list(stale), survey)
    refused = strictly
    if bypasses and strictly:
        allowed = [bypass.name for bypass in bypasses]
        refused = preconditions.refused(table, list(strictly), survey, allowed)
    return Needs(inputs, stale, refused, frozenset(set(strictly) - set(refused)))


def compute(
    table: Table,
    days: Sequence[date],
    survey: Survey,
    writer: Writer,
    *,
    force: bool = False,
    only_stored: bool = False,
) -> Computed:
    """Computes the table's stale partitions of the days as one set and replaces them.

    Days whose upstream is not ready are refused, with the reason; the others stand. What was
    refused or failed is marked, and downstream refuses it in turn until it succeeds.

    Args:
        table: the declaration.
        days: the partitions wanted.
        survey: what is stored, where upstream tables are and the rows go, and where sources are.
        writer: on whose behalf.
        force: whether partitions that are current are computed all the same.
        only_stored: whether partitions that were never stored are left alone.

    Raises:
        SchemaViolated, AssertionFailed, GapsLost, WriteRefused: nothing was written.
    """
    warehouse = survey.warehouse
    need = needs(
        table,
        days,
        survey,
        bypasses=writer.bypasses,
        force=force,
        only_stored=only_stored,
    )
    current = tuple(day for day in sorted(days) if day not in need.stale)
    try:
        computed = _computed(table, need, current, survey, writer)
    except WriteRefused:
        # Another's rows stand there, and they are no failure.
        raise
    except BaseException as error:
        reason = f"{type(error).__name__}: {error}"
        warehouse.failures.mark(table.name, dict.fromkeys(need.stale, reason), writer.run_id)
        raise
    survey.forget(table.name)
    warehouse.failures.clear(
        table.name, [*current, *computed.replaced.written, *computed.replaced.unchanged]
    )
    warehouse.failures.mark(table.name, computed.refused, writer.run_id)
    return computed


def _computed(
    table: Table,
    need: Needs,
    current: tuple[date, ...],
    survey: Survey,
    writer: Writer,
) -> Computed:
    """What computing the stale days that are not refused came to."""
    warehouse, landing = survey.warehouse, survey.landing
    ready = [day for day in need.stale if day not in need.refused]
    if not ready:
        return Computed(Replaced((), (), 0), current, need.refused, {})
    with ExitStack() as staged:
        inputs = read_inputs(table, ready, warehouse, landing, staged)
        refused = dict(need.refused)
        if table.refusals:
            refused |= call(table.refusals, inputs, partitions=ready)
            ready = [day for day in ready if day not in refused]
            if not ready:
                return Computed(Replaced((), (), 0), current, refused, {})
        rows = call(table.transform, inputs, partitions=ready, today=clock.today())
        lineage = lineage_of(table, rows, inputs)
        mine = {day: {str(b) for b in writer.bypasses} for day in need.bypassed}
        bypassed = _bypasses(table, ready, survey, mine)
        rows = staged_rows(_finished(table, rows, writer, bypassed), warehouse, staged)
        if clashes := _held_elsewhere(table, rows, ready, warehouse):
            refused |= clashes
            ready = [day for day in ready if day not in clashes]
            if not ready:
                return Computed(Replaced((), (), 0), current, refused, {})
            day = rows[table.date_column]
            rows = staged_rows(rows.filter(day.isin(ready)), warehouse, staged)
        schema.validate(rows, table.schema)
        require(table, rows, inputs)
        facts = judge(table, ready, rows, inputs)
        now = clock.now()
        stamps = [
            Stamp(
                partition=day,
                code_version=table.version,
                content="",
                inputs=need.inputs[day],
                meaning=meaning(table),
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


def _held_elsewhere(
    table: Table, rows: ir.Table, ready: Sequence[date], warehouse: Warehouse
) -> dict[date, str]:
    """The partitions with a key that a stored partition beside them holds, where none may be twice."""
    if not table.is_unique_over_all or table.name not in warehouse.names():
        return {}
    stored = warehouse.table(table.name)
    day, keys = table.date_column, list(table.grain)
    others = stored.filter(~stored[day].isin(list(ready))).select(*keys, held_on=day)
    found = rows.select(*keys, day).inner_join(others, keys).order_by(day, *keys).to_pyarrow()
    reasons: dict[date, str] = {}
    for line in found.to_pylist():
        key = " / ".join(str(line[name]) for name in keys)
        reasons.setdefault(
            line[day],
            f"{key} is stored on {line['held_on']}, which has to be computed first or with it; "
            f"nba-pipeline backfill --from {min(line[day], line['held_on'])} "
            f"--to {max(line[day], line['held_on'])} does",
        )
    return reasons


def judged_again(
    table: Table, days: Sequence[date], warehouse: Warehouse, landing: Landing
) -> dict[date, Stamp]:
    """The stamps of stored partitions with every fact told anew from the rows as they stand.

    Raises:
        SchemaViolated, AssertionFailed: the stored rows are not what may be stored.
    """
    stamps = warehouse.stamps(table.name)
    with ExitStack() as staged:
        inputs = read_inputs(table, days, warehouse, landing, staged)
        stored = warehouse.table(table.name, min(days), max(days))
        rows = staged_rows(
            stored.filter(stored[table.date_column].isin(list(days))), warehouse, staged
        )
        schema.validate(rows, table.schema)
        require(table, rows, inputs)
        facts = judge(table, days, rows, inputs)
    return {day: changed_copy(stamps[day], **facts[day]) for day in days}


def gated(
    table: Table, days: Sequence[date], warehouse: Warehouse, landing: Landing
) -> Mapping[date, str]:
    """The partitions that the table's own gate refuses as things stand, and why."""
    if table.refusals is None:
        return {}
    with ExitStack() as staged:
        inputs = read_inputs(table, days, warehouse, landing, staged)
        return call(table.refusals, inputs, partitions=list(days))


def _bypasses(
    table: Table, days: Sequence[date], survey: Survey, mine: Mapping[date, set[str]]
) -> dict[date, str]:
    """The bypasses that a day's rows are made under, here or upstream."""
    found = {day: set(mine.get(day, ())) for day in days}
    for read in table.reads:
        marked = {d: s.bypass for d, s in survey.stamps(read.table).items() if s.bypass}
        for day in days if marked else ():
            stretches = spans(read, day)
            found[day] |= {
                text
                for d, text in marked.items()
                if any(first <= d <= last for first, last in stretches)
            }
    return {day: "; ".join(sorted(texts)) for day, texts in found.items() if texts}


def _finished(
    table: Table, rows: ir.Table, writer: Writer, bypasses: Mapping[date, str]
) -> ir.Table:
    """Declared columns in order and type, then quality, season and stamp columns."""
    day = rows[table.date_column].cast("date")
    rows = rows.mutate(season=calendar.season_name(day))
    if table.is_tracked:
        rows = with_quality(rows, bootstrap(rows) if table.needs_minimum_games else ())
    bypass = (
        ibis.cases(*((day == d, text) for d, text in bypasses.items())) if bypasses else ibis.null()
    )
    rows = rows.mutate(bypass=bypass.cast("string"))
    counts = {name: "int64" for name in tracking_columns(rows) if name != "gap_ids"}
    quality = {name: column.kind for name, column in QUALITY.items() if table.is_tracked}
    extra = quality | counts | {name: STAMP[name].kind for name in ("season", "bypass")}
    declared = set(table.columns)
    rows = schema.conformed(
        rows, table.schema, {name: kind for name, kind in extra.items() if name not in declared}
    )
    return rows.mutate(
        run_id=ibis.literal(writer.run_id),
        code_version=ibis.literal(table.version, "int64"),
        written_at=ibis.literal(clock.now(), "timestamp('UTC')"),
    )
