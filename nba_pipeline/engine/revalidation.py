"""What is stored, judged once more as things stand: nothing is computed and nothing written."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace as changed_copy
from datetime import date

from nba_pipeline.engine.inputs import read_inputs, stage
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.queries import Queries, call
from nba_pipeline.engine.verdicts import judge, require
from nba_pipeline.kernel.table import Table
from nba_pipeline.warehouse.protocol import Stamp, Warehouse


def revalidated(
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
        of_days = stored.filter(stored[table.date_column].isin(list(days)))
        rows = stage(of_days, f"{table.name}__rows", warehouse, staged)
        questions = Queries(table, warehouse, inputs)
        require(table, rows, questions)
        facts = judge(table, days, rows, questions)
    return {day: changed_copy(stamps[day], **facts[day]) for day in days}


def gated(
    table: Table, days: Sequence[date], warehouse: Warehouse, landing: Landing
) -> Mapping[date, str]:
    """The partitions that the table's own gate refuses as things stand, and why."""
    if table.gate is None:
        return {}
    with ExitStack() as staged:
        inputs = read_inputs(table, days, warehouse, landing, staged)
        return call(table.gate, inputs, partitions=list(days))
