"""How whole and how current each stored partition is, from stamps alone."""

from collections.abc import Iterable
from datetime import date

import pyarrow as pa

from nba_pipeline.engine.needs import needs
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.table import Table


def partition_status(
    tables: Iterable[Table], first: date, last: date, survey: Survey
) -> list[dict[str, object]]:
    """One line per table and partition from first to last, in the graph's order.

    `stale` says why a partition, or something that it was made from, is not current, `refused` why it
    may not be computed now, `failed` why its last attempt failed; each is None where there is nothing
    to say. Keys and rows are None for a partition never stored; completeness is the rows' mean.
    """
    lines = []
    for table in tables:
        days = table.partitions_between(first, last)
        stamps = survey.stamps(table.name)
        need = needs(table, days, survey, is_request=False)
        failed = survey.failed(table.name)
        stale = {**survey.outdated(table.name), **need.stale}
        for day in days:
            stamp = stamps.get(day)
            lines.append(
                {
                    "table": table.name,
                    "date": day,
                    "expected": stamp and stamp.expected,
                    "present": stamp and stamp.present,
                    "missing": list(stamp.missing) if stamp else None,
                    "rows": stamp and stamp.row_count,
                    "rows_not_ready": stamp and stamp.not_ready,
                    "completeness": stamp and stamp.completeness,
                    "gaps": dict(stamp.gaps) if stamp else None,
                    "code_version": stamp and stamp.code_version,
                    "run_id": stamp and stamp.run_id,
                    "bypass": stamp and stamp.bypass,
                    "failed": failed.get(day),
                    "stale": stale.get(day),
                    "refused": need.refused.get(day),
                }
            )
    return lines


_SCHEMA = pa.schema(
    [
        ("table", pa.string()),
        ("date", pa.date32()),
        ("expected", pa.int64()),
        ("present", pa.int64()),
        ("missing", pa.list_(pa.string())),
        ("rows", pa.int64()),
        ("rows_not_ready", pa.int64()),
        ("completeness", pa.float64()),
        ("gaps", pa.map_(pa.string(), pa.int64())),
        ("code_version", pa.int64()),
        ("run_id", pa.string()),
        ("bypass", pa.string()),
        ("failed", pa.string()),
        ("stale", pa.string()),
        ("refused", pa.string()),
    ]
)


def status_table(tables: Iterable[Table], survey: Survey) -> pa.Table:
    """partition_status of every date from the first to the last that is stored."""
    tables = list(tables)
    stored = [day for table in tables for day in survey.stamps(table.name)]
    if not stored:
        return _SCHEMA.empty_table()
    lines = partition_status(tables, min(stored), max(stored), survey)
    return pa.Table.from_pylist(lines, schema=_SCHEMA)


def by_table(lines: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    """The partitions of each table summed up: one line per table."""
    summed: dict[object, dict[str, object]] = {}
    reasons: dict[object, dict[object, int]] = {}
    for line in lines:
        name = line["table"]
        row = summed.setdefault(
            name,
            {"table": name} | dict.fromkeys(("partitions", "stored", "stale", "with_gaps"), 0),
        )
        facts = {
            "partitions": 1,
            "stored": line["rows"] is not None,
            "stale": line["stale"] is not None,
            "with_gaps": bool(line["gaps"]),
            "missing_keys": (line["expected"] or 0) - (line["present"] or 0),  # type: ignore[operator]
            "rows": line["rows"] or 0,
            "rows_not_ready": line["rows_not_ready"] or 0,
        }
        for key, value in facts.items():
            row[key] = int(row.get(key, 0)) + int(value)  # type: ignore[call-overload]
        if line["stale"]:
            counts = reasons.setdefault(name, {})
            counts[line["stale"]] = counts.get(line["stale"], 0) + 1
    return [
        row | {"why": [f"{why} ({n})" for why, n in reasons.get(name, {}).items()]}
        for name, row in summed.items()
    ]
