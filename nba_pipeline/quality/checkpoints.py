"""Named checkpoints: what is stored is judged again, from the rows as they stand."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from nba_pipeline.engine.compute import gated, judged_again
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.schema import SchemaViolated
from nba_pipeline.engine.verdicts import AssertionFailed, Check, check_names, checks
from nba_pipeline.kernel.table import Table
from nba_pipeline.warehouse.protocol import Stamp, Warehouse

TRAINING_GATE = "training_gate"
CHECKPOINTS: Mapping[str, tuple[str, ...]] = {
    "schema": ("schema", "unique_grain"),
    "expected_keys": ("expected_keys",),
    "completeness": ("completeness",),
    "usage_rate": ("usage_rate_coverage", "team_usage_not_twenty"),
    "join_coverage": ("teams_without_team_line", "team_lines_without_players"),
    "phase4_coverage": ("phase4_coverage",),
    "as_of": ("as_of_sample",),
    "gaps": ("open_gaps",),
    "grading": ("predictions_not_copied",),
    TRAINING_GATE: (TRAINING_GATE,),
}
"""Checkpoints by name, with the checks that each asks."""


def validate(
    names: Sequence[str],
    tables: Mapping[str, Table],
    first: date,
    last: date,
    warehouse: Warehouse,
    landing: Landing,
) -> list[dict[str, object]]:
    """One line per checkpoint's check and table, over the stored partitions from first to last.

    Returns:
        checkpoint, check, table, partitions, passed, warned, failed, and of the first that failed
        (or warned) when and why.

    Raises:
        KeyError: a name is no checkpoint's.
    """
    unknown = [name for name in names if name not in CHECKPOINTS]
    if unknown:
        raise KeyError(f"no checkpoint {unknown[0]}; there are {', '.join(CHECKPOINTS)}")
    wanted = {check for name in names or CHECKPOINTS for check in CHECKPOINTS[name]}
    found: dict[tuple[str, str], list[Check]] = {}
    for table in tables.values():
        stamps = warehouse.stamps(table.name)
        days = [day for day in sorted(stamps) if first <= day <= last]
        if not days:
            continue
        if table.refusals and TRAINING_GATE in wanted:
            found[TRAINING_GATE, table.name] = list(_gate(table, days, warehouse, landing))
        for check in _checks(table, days, stamps, wanted, warehouse, landing):
            found.setdefault((check.name, table.name), []).append(check)
    of_check = {check: name for name, asked in CHECKPOINTS.items() for check in asked}
    return [_line(of_check[check], check, table, told) for (check, table), told in found.items()]


def _checks(
    table: Table,
    days: Sequence[date],
    stamps: Mapping[date, Stamp],
    wanted: set[str],
    warehouse: Warehouse,
    landing: Landing,
) -> Iterator[Check]:
    """The wanted checks of the table's stored rows."""
    asked = set(check_names(table)) & wanted
    if not asked:
        return
    try:
        again = {**stamps, **judged_again(table, days, warehouse, landing)}
    except (SchemaViolated, AssertionFailed) as error:
        broken = "schema" if isinstance(error, SchemaViolated) else error.assertion
        yield Check(broken, days[0], passed=False, metadata={"error": str(error)})
        return
    yield from (check for check in checks(table, days, again) if check.name in asked)


def _gate(
    table: Table, days: Sequence[date], warehouse: Warehouse, landing: Landing
) -> Iterator[Check]:
    refused = gated(table, days, warehouse, landing)
    for day in days:
        why = {"error": refused[day]} if day in refused else {}
        yield Check(TRAINING_GATE, day, day not in refused, why)


def _line(checkpoint: str, check: str, table: str, told: Sequence[Check]) -> dict[str, object]:
    failed = [one for one in told if not one.passed and not one.is_warning]
    warned = [one for one in told if not one.passed and one.is_warning]
    first = next(iter(failed or warned), None)
    return {
        "checkpoint": checkpoint,
        "check": check,
        "table": table,
        "partitions": len(told),
        "passed": len(told) - len(failed) - len(warned),
        "warned": len(warned),
        "failed": len(failed),
        "first": first and first.day,
        "why": first and ", ".join(f"{k}: {v}" for k, v in first.metadata.items() if v),
    }
