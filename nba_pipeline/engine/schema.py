"""Rows against their declared schema, in one query instead of one per column."""

from collections.abc import Callable, Mapping

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa

from nba_pipeline.errors import NbaPipelineError

RULES: dict[str, Callable[..., ir.BooleanValue]] = {
    "greater_than_or_equal_to": lambda column, min_value: column >= min_value,
    "greater_than": lambda column, min_value: column > min_value,
    "less_than_or_equal_to": lambda column, max_value: column <= max_value,
    "less_than": lambda column, max_value: column < max_value,
    "isin": lambda column, allowed_values: column.isin(list(allowed_values)),
    "str_matches": lambda column, pattern: column.re_search(f"^(?:{pattern})"),
}
"""pandera's check names and what they ask of a column; NULL is left to nullable."""


class SchemaViolated(NbaPipelineError, ValueError):
    """Rows that are not what their schema says; nothing of them is stored."""


def conformed(
    rows: ir.Table, schema: type[pa.DataFrameModel], extra: Mapping[str, str]
) -> ir.Table:
    """The declared columns in their declared types, then the extra ones that are there.

    Args:
        rows: what a transform returned.
        schema: the declared columns.
        extra: column name to ibis type of those that the kernel adds.

    Raises:
        SchemaViolated: a declared column is missing.
    """
    declared = schema.to_schema().columns
    missing = [name for name in declared if name not in rows.columns]
    if missing:
        raise SchemaViolated(f"{schema.__name__}: the transform gives no {', '.join(missing)}")
    typed = {name: rows[name].cast(str(column.dtype)) for name, column in declared.items()}
    added = {name: rows[name].cast(kind) for name, kind in extra.items() if name in rows.columns}
    return rows.select(**typed, **added)


def offences(rows: ir.Table, schema: type[pa.DataFrameModel]) -> dict[str, ir.IntegerScalar]:
    """For each rule of the schema, its name and an expression that counts the rows against it.

    Raises:
        KeyError: the schema uses a check that is not in RULES.
        SchemaViolated: a declared column is missing, as in rows of older code.
    """
    counts: dict[str, ir.IntegerScalar] = {}
    if missing := [name for name in schema.to_schema().columns if name not in rows.columns]:
        raise SchemaViolated(f"{schema.__name__}: the rows have no {', '.join(missing)}")
    for name, column in schema.to_schema().columns.items():
        if not column.nullable:
            counts[f"{name} is NULL"] = rows[name].isnull().sum()
        for check in column.checks:
            holds = RULES[check.name](rows[name], **check.statistics)
            counts[f"{name}: not {check.error}"] = (~holds).sum()
    return counts


def offenders(rows: ir.Table, schema: type[pa.DataFrameModel]) -> ir.Table:
    """One row: how many rows break each rule, in the order of offences."""
    counts = offences(rows, schema) or {"none": ibis.literal(0)}
    return rows.aggregate(**{f"offence_{n}": count for n, count in enumerate(counts.values())})


def require_rules(
    counts: Mapping[str, int], rows: ir.Table, schema: type[pa.DataFrameModel]
) -> None:
    """Judges what offenders counted.

    Raises:
        SchemaViolated: some rows break a rule; the message gives each rule and how many rows.
    """
    named = zip(offences(rows, schema), counts.values(), strict=False)
    broken = {rule: count for rule, count in named if count}
    if broken:
        listed = "; ".join(f"{rule} ({count} rows)" for rule, count in broken.items())
        raise SchemaViolated(f"{schema.__name__}: {listed}")
