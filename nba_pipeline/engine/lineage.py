"""Where each column's values come from, and whether the gaps of every input reach the output."""

import inspect
from collections.abc import Mapping

import ibis.expr.types as ir

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.kernel.table import Table
from nba_pipeline.lookback.provenance import sources_of


class GapsLost(NbaPipelineError, TypeError):
    """A transform returns rows whose gap_ids do not come from all of its inputs."""


def lineage_of(
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
        through = [table.in_python.asked, table.in_python.told] if table.in_python else []
        taken = {p for f in (table.transform, *through) for p in inspect.signature(f).parameters}
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
