"""One table for some dates: read, transform, judge, write. The same path for every launcher.

Nothing here knows Dagster; orchestration.asset is this, with events around it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir

from nba_pipeline import clock
from nba_pipeline.engine.bypass import Bypass, bypasses_of, inherited
from nba_pipeline.engine.inputs import read_inputs, stage
from nba_pipeline.engine.lineage import lineage_of
from nba_pipeline.engine.meaning import meaning, with_code
from nba_pipeline.engine.needs import Needs, needs
from nba_pipeline.engine.queries import CHANGING, Queries, call, parts_of, told_in_python
from nba_pipeline.engine.rows import added, finished, held_elsewhere, stamped, written_by
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.engine.verdicts import judge, require
from nba_pipeline.kernel.table import Table, parameters
from nba_pipeline.warehouse.labels import labelled
from nba_pipeline.warehouse.protocol import (
    LostLease,
    OlderCode,
    Replaced,
    RowsLost,
    SchemaChanged,
    Stamp,
)


@dataclass(frozen=True)
class Computed:
    """What computing a table for some dates came to.

    current dates needed no work; gated are those of the refused that the table's own gate refuses;
    lineage gives each column's source columns, and is empty when nothing was computed.
    """

    replaced: Replaced
    current: tuple[date, ...]
    refused: Mapping[date, str]
    lineage: Mapping[str, set[tuple[str, str]]]
    gated: frozenset[date] = frozenset()


@dataclass(frozen=True)
class Writer:
    """On whose behalf rows are written: the run, its fencing token and its fence."""

    run_id: str
    token: int
    fence: Callable[[], None]
    bypasses: tuple[Bypass, ...] = ()

    def may_write(self) -> bool:
        """Whether the dates are still this writer's to say anything of."""
        try:
            self.fence()
        except LostLease:
            return False
        return True


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
    refused or failed is marked, unless the writer lost its lease meanwhile, and downstream refuses
    it in turn until it succeeds.

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
    survey.look_again(table)
    need = needs(
        table,
        days,
        survey,
        bypasses=writer.bypasses,
        force=force,
        only_stored=only_stored,
    )
    stored = survey.stamps(table.name)
    current = tuple(day for day in sorted(days) if day in stored and day not in need.stale)
    try:
        with labelled(table=table.name):
            computed = _computed(table, need, current, survey, writer)
    except (OlderCode, LostLease):
        # Another's rows stand there, and they are no failure.
        raise
    except BaseException as error:
        if writer.may_write():
            reason = f"{type(error).__name__}: {error}"
            # Whether rows fit what is stored beside them changes without their inputs.
            is_of_the_rest = isinstance(error, RowsLost | SchemaChanged)
            tried = {} if is_of_the_rest else {day: need.inputs[day] for day in need.ready}
            warehouse.failures.mark(
                table.name,
                {**dict.fromkeys(need.stale, reason), **need.refused},
                writer.run_id,
                with_code(table, tried),
                is_one_set=True,
            )
        raise
    survey.forget(table.name)
    if writer.may_write():
        warehouse.failures.clear(
            table.name, [*current, *computed.replaced.written, *computed.replaced.unchanged]
        )
        # A gate judges each by itself, of a table that knows its earlier rows by what stands now.
        inputs = survey.inputs(table, [*computed.gated]) if table.knows_earlier else need.inputs
        gated = with_code(table, {day: inputs[day] for day in computed.gated})
        warehouse.failures.mark(table.name, computed.refused, writer.run_id, gated)
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
    ready = need.ready
    if not ready:
        return Computed(Replaced((), (), 0), current, need.refused, {})
    with ExitStack() as staged:
        read = ready
        inputs = read_inputs(table, read, warehouse, landing, staged)
        refused = dict(need.refused) | _changed_meanwhile(table, ready, need, survey)
        gated: frozenset[date] = frozenset()
        if table.refusals:
            found = call(table.refusals, inputs, partitions=ready)
            refused |= found
            gated = frozenset(found)
        ready = [day for day in ready if day not in refused]
        if not ready:
            return Computed(Replaced((), (), 0), current, refused, {}, gated)
        inputs |= told_in_python(table, inputs, warehouse, staged)
        parts, lineage_of_parts = parts_of(table, inputs, warehouse, staged)
        inputs |= parts
        questions = Queries(table, warehouse, inputs)
        own = {str(bypass) for bypass in writer.bypasses}
        bypassed = {
            day: "; ".join(sorted(texts))
            for day, upstream in inherited(table, ready, survey).items()
            if (texts := upstream | (own if day in need.bypassed else set()))
        }
        facts_of_run = written_by(table, ready, writer.run_id, bypassed)
        writing = stage(facts_of_run, f"{table.name}__writing", warehouse, staged)

        def made() -> tuple[ir.Table, Mapping[str, set[tuple[str, str]]]]:
            rows = call(table.transform, inputs, partitions=ready)
            made_from = lineage_of(table, rows, inputs, lineage_of_parts)
            return stamped(table, finished(table, rows), writing), made_from

        is_fixed = CHANGING not in parameters(table.transform, inputs)
        is_none = table.needs_sources and len(inputs.silent) == len(table.sources)
        rows, lineage = questions.rows(
            made, f"{table.name}__rows", is_fixed=is_fixed, is_none=is_none
        )
        staged.callback(warehouse.drop_staged, rows)
        refused |= held_elsewhere(table, rows, ready, warehouse)
        ready = [day for day in ready if day not in refused]
        if not ready:
            return Computed(Replaced((), (), 0), current, refused, {}, gated)
        if ready != read:
            day = rows[table.date_column]
            rows = stage(rows.filter(day.isin(ready)), f"{table.name}__kept", warehouse, staged)
        if table.appends:
            rows = added(inputs["stored"], rows)
            rows = stage(rows, f"{table.name}__all", warehouse, staged)
        require(table, rows, questions)
        facts = judge(table, ready, rows, questions)
        now = clock.now()
        if table.appends:
            # What was said under a bypass stands as it was said.
            bypassed = bypasses_of(rows, table.date_column)
        # What a gate refuses stays as it is stored, and later partitions are made from that.
        made_from = survey.inputs(table, ready, made=ready) if table.knows_earlier else need.inputs
        stamps = [
            Stamp(
                partition=day,
                code_version=table.version,
                content="",
                inputs=made_from[day],
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
    return Computed(replaced, current, refused, lineage, gated)


def _changed_meanwhile(
    table: Table, days: Sequence[date], need: Needs, survey: Survey
) -> dict[date, str]:
    """The days of which the sources say something else, now that they are read, than before.

    A landing zone that was away for a moment was read as an empty one, and stamped as what it is.
    """
    if not table.sources:
        return {}
    survey.look_again(table)
    after = survey.inputs(table, days)
    reason = "its files changed while they were read; run it again"
    return {day: reason for day in days if after[day] != need.inputs[day]}
