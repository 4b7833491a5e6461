"""How a table's rows are judged: once per date, into the facts that the date's stamp keeps.

A check's outcome is a function of the stamp, so that it can be told again at any time without
computing anything.
"""

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import ibis.expr.types as ir

from nba_pipeline.engine.known_gaps import NO_GAPS, accepted_gaps, explained_by, games_of
from nba_pipeline.engine.preconditions import shortfall
from nba_pipeline.engine.queries import Queries, call
from nba_pipeline.engine.schema import offenders, require_rules
from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.kernel.table import Table
from nba_pipeline.league.calendar import season_days, season_of
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


def stopping_checks(table: Table) -> list[str]:
    """The names of the checks that are asked before the write, which they stop."""
    return ["schema", "unique_grain", *(assertion.__name__ for assertion in table.assertions)]


def check_names(table: Table) -> list[str]:
    """The names of the table's checks, in the order in which they are told."""
    return [
        *stopping_checks(table),
        "expected_keys",
        *(["completeness"] if table.is_tracked else []),
        *(share.__name__ for share in table.shares),
        *(violation.__name__ for violation in (*table.violations, *table.warnings)),
    ]


def checks(
    table: Table,
    days: Iterable[date],
    stamps: Mapping[date, Stamp],
    gaps: Mapping[str, bool] = NO_GAPS,
) -> Iterator[Check]:
    """Every check's outcome on each of the stored days.

    What accepted gaps explain makes no check fail, and is told beside its outcome: a missing key
    where its game has gaps and all of them are accepted, a date's share where all that its rows
    name are. A share over the season that stops what comes after it does so all the same.

    Args:
        table: the declaration.
        days: dates that have a stamp.
        stamps: the table's stamps; shares are summed over the season up to each date.
        gaps: those that are known by their ids, and whether each is accepted.
    """
    to_date = _shares_to_date(stamps) if table.shares else {}
    accepted = accepted_gaps(gaps)
    games = games_of({table.name, *table.upstream}, gaps)
    for day in days:
        yield from _checks(table, day, stamps[day], to_date.get(day, {}), accepted, games)


def _checks(
    table: Table,
    day: date,
    stamp: Stamp,
    to_date: Mapping[str, tuple[int, int]],
    accepted: Collection[str],
    games: Mapping[str, bool],
) -> list[Check]:
    explained = explained_by(games, stamp.missing)
    found = [
        # What is stored has passed them.
        *(Check(name, day, passed=True) for name in stopping_checks(table)),
        Check(
            "expected_keys",
            day,
            # Of very many missing keys the stamp has some.
            len(explained) == min(stamp.expected - stamp.present, _SAMPLE),
            {
                "expected": stamp.expected,
                "present": stamp.present,
                "missing": list(stamp.missing),
                "missing_accepted": explained,
                "coverage": stamp.present / stamp.expected if stamp.missing else None,
            },
        ),
    ]
    if table.is_tracked:
        found.append(
            Check(
                "completeness",
                day,
                set(stamp.gaps) <= set(accepted),
                {
                    "mean": stamp.completeness,
                    "min": stamp.least_completeness,
                    "rows_not_ready": stamp.not_ready,
                    "root_gaps": dict(stamp.gaps),
                    "accepted_gaps": sorted(set(stamp.gaps) & set(accepted)),
                },
                is_warning=True,
            )
        )
    found += [_share(share.__name__, day, stamp, to_date, accepted) for share in table.shares]
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
    """Per day of a season, each share's counts summed over the season up to and with the day."""
    to_date: dict[date, dict[str, tuple[int, int]]] = {}
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    inside = season_days(min(stamps), max(stamps)) if stamps else []
    for day in (day for day in inside if day in stamps):
        season = season_of(day).name
        for name, (present, expected) in stamps[day].shares.items():
            before = sums.get((season, name), (0, 0))
            sums[season, name] = before[0] + present, before[1] + expected
        to_date[day] = {name: pair for (of, name), pair in sums.items() if of == season}
    return to_date


def _share(
    name: str,
    day: date,
    stamp: Stamp,
    to_date: Mapping[str, tuple[int, int]],
    accepted: Collection[str],
) -> Check:
    """The share over the season to date decides; the date's own alone is a warning.

    None where its rows name gaps and all of them are accepted.
    """
    present, expected = stamp.shares.get(name, (0, 0))
    sums = to_date.get(name, (0, 0))
    stops = shortfall(name, *sums)
    is_explained = bool(stamp.gaps) and set(stamp.gaps) <= set(accepted)
    weak = None if is_explained else shortfall(name, present, expected)
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
            "accepted_gaps": sorted(set(stamp.gaps) & set(accepted)),
        },
        is_warning=not stops,
    )


def require(table: Table, rows: ir.Table, questions: Queries) -> None:
    """Asks the table's schema and its assertions, which nothing bypasses.

    Raises:
        SchemaViolated: rows break a rule of the schema.
        AssertionFailed: rows break an assertion; names it, the partition and the rows' keys.
    """
    (counts,) = questions.answer(lambda rows: offenders(rows, table.schema), rows, "offenders")
    if any(counts.values()):
        require_rules(counts, rows, table.schema)
    for assertion in table.assertions:
        for day, keys in sorted(_offending(table, assertion, rows, questions).items()):
            raise AssertionFailed(
                assertion.__name__,
                f"{table.name} {day}: {assertion.__name__} finds {len(keys)} rows: "
                f"{', '.join(keys[:3])}. {inspect.getdoc(assertion)}",
            )


def judge(
    table: Table, days: Sequence[date], rows: ir.Table, questions: Queries
) -> dict[date, dict[str, Any]]:
    """Per day, the stamp's fields that say how whole and how valid its rows are."""
    counts = _row_counts(table, rows, questions)
    wanted, missing = _expected(table, rows, questions)
    failed: dict[date, dict[str, tuple[str, ...]]] = {}
    for offence in (*table.violations, *table.warnings):
        for day, keys in _offending(table, offence, rows, questions).items():
            failed.setdefault(day, {})[offence.__name__] = tuple(keys[:_SAMPLE])
    open_rows = _offending(table, table.unsettled, rows, questions) if table.unsettled else {}
    shares: dict[date, dict[str, tuple[int, int]]] = {}
    for share in table.shares:
        for line in questions.answer(share, rows):
            pair = int(line["present"]), int(line["expected"])
            shares.setdefault(line[table.date_column], {})[share.__name__] = pair
    facts: dict[date, dict[str, Any]] = {}
    for day in days:
        line = counts.get(day) or _NO_ROWS
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


_NO_ROWS: dict[str, Any] = {
    "row_count": 0,
    "not_ready": 0,
    "completeness": None,
    "least_completeness": None,
    "gaps": {},
}


def _row_counts(table: Table, rows: ir.Table, questions: Queries) -> dict[date, dict[str, Any]]:
    """Per day: rows, rows not ready, least and mean completeness, rows that each gap touches."""

    def counted(rows: ir.Table) -> ir.Table:
        measures = {"row_count": rows.count()}
        if table.is_tracked:
            measures |= {
                "not_ready": (~rows.is_production_ready).sum(),
                "completeness": rows.completeness.mean(),
                "least_completeness": rows.completeness.min(),
            }
        return rows.group_by(day=rows[table.date_column]).agg(**measures)

    def touched(rows: ir.Table) -> ir.Table:
        pairs = rows.filter(rows.gap_ids.length() > 0)
        pairs = pairs.select(day=pairs[table.date_column], gap_id=pairs.gap_ids).unnest("gap_id")
        return pairs.group_by("day", "gap_id").agg(rows=pairs.count()).order_by("gap_id")

    counts = {
        line.pop("day"): {**_NO_ROWS, **line, "gaps": {}}
        for line in questions.answer(counted, rows, "counted")
    }
    for line in questions.answer(touched, rows, "touched") if table.is_tracked else ():
        counts[line["day"]]["gaps"][line["gap_id"]] = line["rows"]
    return counts


def _keys(
    lines: Iterable[Mapping[str, Any]], keys: Sequence[str], day: str
) -> dict[date, list[str]]:
    """Per day, the lines' keys as "a / b" texts, in order."""
    keys_of: dict[date, list[str]] = {}
    texts = ((line[day], " / ".join(str(line[key]) for key in keys)) for line in lines)
    for when, text in sorted(texts):
        keys_of.setdefault(when, []).append(text)
    return keys_of


def _expected(
    table: Table, rows: ir.Table, questions: Queries
) -> tuple[dict[date, int], dict[date, list[str]]]:
    """Per day, how many keys the schedule demands and which of them have no row."""
    expected, day = table.expected, table.date_column
    if expected is None:
        return {}, {}

    def demanded(rows: ir.Table, **inputs: ir.Table) -> ir.Table:
        """The demanded keys, each with whether it has a row."""
        demand = call(expected, inputs, rows=rows)
        own = [k for k in demand.columns if k != day and (k in table.grain or k == "team_abbr")]
        demand = demand.select(day, *own).distinct()
        present = rows.select(day, *own).distinct().mutate(is_there=True)
        names = {name: f"{name}__there" for name in (day, *own)}
        present = present.rename({new: old for old, new in names.items()})
        joined = demand.left_join(
            present, [demand[old] == present[new] for old, new in names.items()]
        )
        return joined.select(day, *own, is_there=joined.is_there.notnull())

    lines = questions.answer(demanded, rows, "demanded")
    keys = [name for name in (lines[0] if lines else ()) if name not in (day, "is_there")]
    counts: dict[date, int] = {}
    for line in lines:
        counts[line[day]] = counts.get(line[day], 0) + 1
    absent = (line for line in lines if not line["is_there"])
    return counts, _keys(absent, keys or [day], day)


def _offending(
    table: Table, offence: Callable[..., ir.Table], rows: ir.Table, questions: Queries
) -> dict[date, list[str]]:
    """Per day, the keys of the rows that a violation query returns."""
    lines = questions.answer(offence, rows)
    keys = [key for key in table.grain if lines and key in lines[0]]
    return _keys(lines, keys, table.date_column)
