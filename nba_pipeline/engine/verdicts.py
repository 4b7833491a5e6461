"""How a table's rows are judged: once per date, into the facts that the date's stamp keeps.

A check's outcome is a function of the stamp, so that it can be told again at any time without
computing anything.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import ibis.expr.types as ir
import pandas as pd

from nba_pipeline.engine.preconditions import shortfall
from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.kernel.table import Table
from nba_pipeline.league.calendar import season_of
from nba_pipeline.thresholds import SHARES, VERSION
from nba_pipeline.warehouse.protocol import Stamp

_SAMPLE = 20
Answer = TypeVar("Answer")


class AssertionFailed(NbaPipelineError, ValueError):
    """Rows that an assertion found wrong; nothing of them is stored."""

    def __init__(self, assertion: str, message: str) -> None:
        super().__init__(message)
        self.assertion = assertion


@dataclass(frozen=True)
class Check:
    """The outcome of one check on one date, with what a person needs to act on it."""

    name: str
    day: date
    passed: bool
    metadata: Mapping[str, object] = field(default_factory=dict)
    is_warning: bool = False


def check_names(table: Table) -> list[str]:
    """The names of the table's checks, in the order in which they are told."""
    return [
        "schema",
        "unique_grain",
        *(assertion.__name__ for assertion in table.assertions),
        "expected_keys",
        *(["completeness"] if table.is_tracked else []),
        *(share.__name__ for share in table.shares),
        *(violation.__name__ for violation in (*table.violations, *table.warnings)),
    ]


def checks(table: Table, days: Iterable[date], stamps: Mapping[date, Stamp]) -> Iterator[Check]:
    """Every check's outcome on each of the stored days.

    Args:
        table: the declaration.
        days: dates that have a stamp.
        stamps: the table's stamps; shares are summed over the season up to each date.
    """
    to_date = _shares_to_date(stamps) if table.shares else {}
    for day in days:
        yield from _checks(table, day, stamps[day], to_date.get(day, {}))


def _checks(
    table: Table, day: date, stamp: Stamp, to_date: Mapping[str, tuple[int, int]]
) -> list[Check]:
    found = [
        # Asked before the write, which they stop: what is stored has passed them.
        Check("schema", day, passed=True),
        Check("unique_grain", day, passed=True),
        *(Check(assertion.__name__, day, passed=True) for assertion in table.assertions),
        Check(
            "expected_keys",
            day,
            stamp.present == stamp.expected,
            {
                "expected": stamp.expected,
                "present": stamp.present,
                "missing": list(stamp.missing),
                "coverage": stamp.present / stamp.expected if stamp.expected else None,
            },
        ),
    ]
    if table.is_tracked:
        found.append(
            Check(
                "completeness",
                day,
                not stamp.gaps,
                {
                    "mean": stamp.completeness,
                    "min": stamp.least_completeness,
                    "rows_not_ready": stamp.not_ready,
                    "root_gaps": dict(stamp.gaps),
                },
                is_warning=True,
            )
        )
    found += [_share(share.__name__, day, stamp, to_date) for share in table.shares]
    for offence in (*table.violations, *table.warnings):
        keys = stamp.failed.get(offence.__name__, ())
        found.append(
            Check(
                offence.__name__,
                day,
                not keys,
                {"examples": list(keys)},
                is_warning=offence in table.warnings,
            )
        )
    return found


def _shares_to_date(stamps: Mapping[date, Stamp]) -> dict[date, dict[str, tuple[int, int]]]:
    """Per day, each share's counts summed over the day's season up to and with the day."""
    found: dict[date, dict[str, tuple[int, int]]] = {}
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for day in sorted(stamps):
        season = season_of(day).name
        for name, (present, expected) in stamps[day].shares.items():
            before = sums.get((season, name), (0, 0))
            sums[season, name] = before[0] + present, before[1] + expected
        found[day] = {name: pair for (of, name), pair in sums.items() if of == season}
    return found


def _share(name: str, day: date, stamp: Stamp, to_date: Mapping[str, tuple[int, int]]) -> Check:
    """The share over the season to date decides; the date's own alone is a warning."""
    present, expected = stamp.shares.get(name, (0, 0))
    sums = to_date.get(name, (0, 0))
    stops = shortfall(name, *sums)
    weak = shortfall(name, present, expected)
    return Check(
        name,
        day,
        not (stops or weak),
        {
            "present": present,
            "expected": expected,
            "season_to_date": sums[0] / sums[1] if sums[1] else None,
            "threshold": SHARES[name].value,
            "threshold_reason": SHARES[name].reason,
            "thresholds_version": VERSION,
            "stops_downstream": stops,
            "root_gaps": dict(stamp.gaps),
        },
        is_warning=not stops,
    )


def call(function: Callable[..., Answer], inputs: Mapping[str, object], **more: object) -> Answer:
    """The function on the inputs that it names."""
    offered = {**inputs, **more}
    return function(**{name: offered[name] for name in inspect.signature(function).parameters})


def require(table: Table, rows: ir.Table, inputs: Mapping[str, ir.Table]) -> None:
    """Asks the table's assertions, which nothing bypasses.

    Raises:
        AssertionFailed: rows break one; names it, the partition and the rows' keys.
    """
    for assertion in table.assertions:
        for day, keys in sorted(_offending(table, assertion, rows, inputs).items()):
            raise AssertionFailed(
                assertion.__name__,
                f"{table.name} {day}: {assertion.__name__} finds {len(keys)} rows: "
                f"{', '.join(keys[:3])}. {inspect.getdoc(assertion)}",
            )


def judge(
    table: Table, days: Sequence[date], rows: ir.Table, inputs: Mapping[str, ir.Table]
) -> dict[date, dict[str, Any]]:
    """Per day, the stamp's fields that say how whole and how valid its rows are."""
    counts = _row_counts(table, rows)
    wanted, missing = _expected(table, rows, inputs)
    failed: dict[date, dict[str, tuple[str, ...]]] = {}
    for offence in (*table.violations, *table.warnings):
        for day, keys in _offending(table, offence, rows, inputs).items():
            failed.setdefault(day, {})[offence.__name__] = tuple(keys[:_SAMPLE])
    open_rows = _offending(table, table.unsettled, rows, inputs) if table.unsettled else {}
    shares: dict[date, dict[str, tuple[int, int]]] = {}
    for share in table.shares:
        for line in call(share, inputs, rows=rows).execute().to_dict("records"):
            day = pd.Timestamp(line[table.date_column]).date()
            shares.setdefault(day, {})[share.__name__] = int(line["present"]), int(line["expected"])
    facts: dict[date, dict[str, Any]] = {}
    for day in days:
        line = counts.get(day, _NO_ROWS)
        absent = missing.get(day, [])
        expected = wanted.get(day, 0) if table.expected else line["row_count"]
        facts[day] = {
            **line,
            "expected": expected,
            "present": expected - len(absent),
            "missing": tuple(absent[:_SAMPLE]),
            "failed": failed.get(day, {}),
            "shares": shares.get(day, {}),
            "unsettled": tuple(open_rows.get(day, [])[:_SAMPLE]),
        }
    return facts


_NO_ROWS: Mapping[str, Any] = {
    "row_count": 0,
    "not_ready": 0,
    "completeness": None,
    "least_completeness": None,
    "gaps": {},
}


def _row_counts(table: Table, rows: ir.Table) -> dict[date, dict[str, Any]]:
    """Per day: rows, rows not ready, least and mean completeness, rows that each gap touches."""
    day = rows[table.date_column]
    measures = {"row_count": rows.count()}
    if table.is_tracked:
        measures |= {
            "not_ready": (~rows.is_production_ready).sum(),
            "completeness": rows.completeness.mean(),
            "least_completeness": rows.completeness.min(),
        }
    counted = rows.group_by(day=day).agg(**measures).execute()
    found = {
        pd.Timestamp(line.pop("day")).date(): {
            **_NO_ROWS,
            **{name: None if pd.isna(value) else value for name, value in line.items()},
            "gaps": {},
        }
        for line in counted.to_dict("records")
    }
    if table.is_tracked:
        touched = rows.filter(rows.gap_ids.length() > 0)
        touched = touched.select(day=touched[table.date_column], gap_id=touched.gap_ids)
        touched = touched.unnest("gap_id")
        pairs = (
            touched.group_by("day", "gap_id").agg(rows=touched.count()).order_by("gap_id").execute()
        )
        for line in pairs.to_dict("records"):
            found[pd.Timestamp(line["day"]).date()]["gaps"][line["gap_id"]] = line["rows"]
    return found


def _dates(values: pd.Series) -> list[date]:
    return [value.date() for value in pd.to_datetime(values)]


def _keys(frame: pd.DataFrame, keys: Sequence[str], day: str) -> dict[date, list[str]]:
    """Per day, the frame's keys as "a / b" texts, in order."""
    found: dict[date, list[str]] = {}
    if frame.empty:
        return found
    texts = frame[list(keys)].astype(str).agg(" / ".join, axis=1)
    for when, text in sorted(zip(_dates(frame[day]), texts, strict=True)):
        found.setdefault(when, []).append(text)
    return found


def _expected(
    table: Table, rows: ir.Table, inputs: Mapping[str, ir.Table]
) -> tuple[dict[date, int], dict[date, list[str]]]:
    """Per day, how many keys the schedule demands and which of them have no row."""
    if table.expected is None:
        return {}, {}
    demanded = call(table.expected, inputs, rows=rows)
    day = table.date_column
    keys = [k for k in demanded.columns if k != day and (k in table.grain or k == "team_abbr")]
    demanded = demanded.select(day, *keys).distinct()
    counted = demanded.group_by(day).agg(expected=demanded.count()).execute()
    present = rows.select(day, *keys).distinct()
    absent = demanded.anti_join(present, [day, *keys]).execute()
    wanted = dict(zip(_dates(counted[day]), (int(n) for n in counted.expected), strict=True))
    return wanted, _keys(absent, keys or [day], day)


def _offending(
    table: Table, offence: Callable[..., ir.Table], rows: ir.Table, inputs: Mapping[str, ir.Table]
) -> dict[date, list[str]]:
    """Per day, the keys of the rows that a violation query returns."""
    frame = call(offence, inputs, rows=rows).execute()
    keys = [key for key in table.grain if key in frame.columns]
    return _keys(frame, keys, table.date_column)
