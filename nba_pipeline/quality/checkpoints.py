"""Checkpoints: what is stored is judged again, from the rows as they stand.

Table files name their checkpoints; here is only how they are asked.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir

from nba_pipeline.engine.inputs import read_inputs
from nba_pipeline.engine.known_gaps import known_gaps
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.queries import call
from nba_pipeline.engine.revalidation import gated, revalidated
from nba_pipeline.engine.schema import SchemaViolated
from nba_pipeline.engine.verdicts import (
    AssertionFailed,
    Check,
    check_names,
    checks,
)
from nba_pipeline.errors import WrongRequest
from nba_pipeline.kernel.table import Table
from nba_pipeline.warehouse.protocol import Stamp, Warehouse

GATE = "refusals"
"""The check that a table's own gate is, beside those of check_names."""
_OF_EVERY_TABLE = {"unique_grain": "schema"}


@dataclass(frozen=True)
class Figures:
    """What is printed beside a checkpoint's verdicts: rows of a table, and what they say."""

    checkpoint: str
    table: str
    what: str
    rows: list[dict[str, object]]


class UnknownCheckpoint(WrongRequest, KeyError):
    """A name that is no checkpoint's."""


def checkpoint_of(table: Table) -> dict[str, str]:
    """Each check of the table and the checkpoint that it is in: one of its own where none is named."""
    gate = [GATE] if table.refusals else []
    names = {name: _OF_EVERY_TABLE.get(name, name) for name in (*check_names(table), *gate)}
    return names | {check: point.name for point in table.checkpoints for check in point.checks}


def validate(
    names: Sequence[str],
    tables: Mapping[str, Table],
    first: date,
    last: date,
    warehouse: Warehouse,
    landing: Landing,
) -> list[dict[str, object]]:
    """One line per checkpoint, check and table, over the stored partitions from first to last.

    Args:
        names: checkpoints; all where none is named.
        tables: every declared table by name.
        first: the first date.
        last: the last date.
        warehouse: where the tables are.
        landing: where the sources are.

    Returns:
        checkpoint, check, table, partitions, passed, warned, failed, and of the first that failed
        (or warned) when and why.

    Raises:
        UnknownCheckpoint: a name is no checkpoint's.
    """
    known = _known(names, tables)
    lines = []
    for table, days in _stored(tables, first, last, warehouse):
        checkpoints = checkpoint_of(table)
        asked = [c for c, checkpoint in checkpoints.items() if not names or checkpoint in names]
        verdicts: dict[str, list[Check]] = {}
        for check in _checks(table, days, asked, warehouse, landing):
            verdicts.setdefault(check.name, []).append(check)
        lines += [
            _line(checkpoints[check], table, of_check) for check, of_check in verdicts.items()
        ]
    return sorted(lines, key=lambda line: known.index(str(line["checkpoint"])))


def figures(
    names: Sequence[str],
    tables: Mapping[str, Table],
    first: date,
    last: date,
    warehouse: Warehouse,
    landing: Landing,
) -> list[Figures]:
    """The figures of the checkpoints that have some; the arguments are validate's.

    Raises:
        UnknownCheckpoint: a name is no checkpoint's.
    """
    _known(names, tables)
    return [
        Figures(
            point.name,
            table.name,
            inspect.getdoc(point.figures) or "",
            _rows(point.figures, table, days, warehouse, landing),
        )
        for table, days in _stored(tables, first, last, warehouse)
        for point in table.checkpoints
        if point.figures and (not names or point.name in names)
    ]


def _rows(
    question: Callable[..., ir.Table],
    table: Table,
    days: Sequence[date],
    warehouse: Warehouse,
    landing: Landing,
) -> list[dict[str, object]]:
    """The answer to the question, from the table's rows of the days."""
    with ExitStack() as staged:
        inputs = read_inputs(table, days, warehouse, landing, staged)
        rows = warehouse.table(table.name, min(days), max(days))
        return list(call(question, inputs, rows=rows).to_pyarrow().to_pylist())


def _known(names: Sequence[str], tables: Mapping[str, Table]) -> list[str]:
    """Every checkpoint; raises UnknownCheckpoint where a name is none's."""
    every = [name for table in tables.values() for name in checkpoint_of(table).values()]
    checkpoints = list(dict.fromkeys(every))
    for name in names:
        if name not in checkpoints:
            raise UnknownCheckpoint(f"no checkpoint {name}; there are {', '.join(checkpoints)}")
    return checkpoints


def _stored(
    tables: Mapping[str, Table], first: date, last: date, warehouse: Warehouse
) -> Iterator[tuple[Table, list[date]]]:
    """The tables that have partitions from first to last, or of their months, with those."""
    for table in tables.values():
        stored = warehouse.stamps(table.name)
        days = [day for day in table.partitions_between(first, last) if day in stored]
        if days:
            yield table, days


def _checks(
    table: Table,
    days: Sequence[date],
    asked: Sequence[str],
    warehouse: Warehouse,
    landing: Landing,
) -> Iterator[Check]:
    """The asked checks of the table's stored rows, and its gate if asked."""
    if GATE in asked:
        yield from _gate(table, days, warehouse, landing)
    if not set(asked) & set(check_names(table)):
        return
    stamps: Mapping[date, Stamp] = warehouse.stamps(table.name)
    try:
        again = {**stamps, **revalidated(table, days, warehouse, landing)}
    except (SchemaViolated, AssertionFailed) as error:
        broken = "schema" if isinstance(error, SchemaViolated) else error.assertion
        yield Check(broken, days[0], passed=False, metadata={"error": str(error)})
        return
    found = checks(table, days, again, known_gaps(warehouse))
    yield from (check for check in found if check.name in asked)


def _gate(
    table: Table, days: Sequence[date], warehouse: Warehouse, landing: Landing
) -> Iterator[Check]:
    refused = gated(table, days, warehouse, landing)
    for day in days:
        why = {"error": refused[day]} if day in refused else {}
        yield Check(GATE, day, day not in refused, why)


def _line(checkpoint: str, table: Table, verdicts: Sequence[Check]) -> dict[str, object]:
    failed = [one for one in verdicts if not one.passed and not one.is_warning]
    warned = [one for one in verdicts if not one.passed and one.is_warning]
    first = next(iter(failed or warned), None)
    return {
        "checkpoint": checkpoint,
        "check": verdicts[0].name,
        "table": table.name,
        "partitions": len(verdicts),
        "passed": len(verdicts) - len(failed) - len(warned),
        "warned": len(warned),
        "failed": len(failed),
        "first": first and first.day,
        "why": first and ", ".join(f"{k}: {v}" for k, v in first.metadata.items() if v),
    }
