"""Where each column's values come from, and whether the gaps of every input reach the output."""

import inspect
from collections.abc import Mapping
from types import MappingProxyType

import ibis.expr.types as ir

from nba_pipeline.engine.compiled import Lineage
from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.kernel.table import Table
from nba_pipeline.lookback.provenance import sources_of


class GapsLost(NbaPipelineError, TypeError):
    """A transform returns rows whose gap_ids do not come from all of its inputs."""


_NO_PARTS: Mapping[str, Lineage] = MappingProxyType({})


def columns_of(
    table: Table,
    rows: ir.Table,
    inputs: Mapping[str, ir.Table],
    parts: Mapping[str, Lineage] = _NO_PARTS,
) -> dict[str, set[tuple[str, str]]]:
    """Each column's sources; of a part, by what it is staged under, those that it is made from."""
    names = {inputs[read.parameter].op().name: read.table for read in table.reads}

    def origins(source: str, column: str) -> set[tuple[str, str]]:
        if source in parts:
            return parts[source][column]
        return {(names.get(source, source), column)}

    return {
        name: set().union(*(origins(*each) for each in sources_of(rows, name)))
        for name in rows.columns
    }


def lineage_of(
    table: Table,
    rows: ir.Table,
    inputs: Mapping[str, ir.Table],
    parts: Mapping[str, Lineage] = _NO_PARTS,
) -> dict[str, set[tuple[str, str]]]:
    """Each column's sources.

    Raises:
        GapsLost: the gaps of a tracked input do not reach the output's.
    """
    lineage = columns_of(table, rows, inputs, parts)
    if table.is_tracked:
        reached = {name for name, _ in lineage.get("gap_ids", set())}
        through = [table.in_python.asked, table.in_python.told] if table.in_python else []
        through += table.parts.values()
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
