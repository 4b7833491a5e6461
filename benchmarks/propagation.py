"""What it costs that gaps and completeness travel: the same tables with and without it.

    python benchmarks/propagation.py --landing ../shared/data/landing
    python benchmarks/propagation.py --first 2018-10-16 --last 2022-04-10

Computes the seasons up to the features by turns as it is, and with the kernel's joins, windows
and holes replaced by plain ones, whose lists of gaps are empty. Prints what each tracked table takes from
reading to the commit in both, and the ratio; the fastest of the rounds counts, in which nothing has
to be compiled any more. Then how many gaps the rows of each table name, and how long the names are.
"""

import argparse
import gc
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from unittest.mock import patch

import ibis
import ibis.expr.types as ir

from nba_pipeline.coordination.database import connect
from nba_pipeline.engine import compute
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.lookback import provenance, timeline, windows
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.delta import DeltaWarehouse

ROUNDS = 2
LENGTHS: dict[str, str] = {}
STORE = "ml_feature_store_v2"
TO_FEATURES = list(TABLES)[: list(TABLES).index(STORE) + 1]
MEASURED = [name for name in TO_FEATURES if TABLES[name].is_tracked]


def plain_join(left: ir.Table, right: ir.Table, on: list[str], *, how: str = "left") -> ir.Table:
    """A join that carries nothing."""
    right = right.drop(*(n for n in right.columns if n in left.columns and n not in on))
    theirs = right.rename({f"{key}__key": key for key in on})
    both = left.join(theirs, [left[key] == theirs[f"{key}__key"] for key in on], how=how)
    return both.drop(*(f"{key}__key" for key in on))


def without_gaps(units: ir.Table, _gaps: ir.Table, unit: str) -> ir.Table:
    """The units, all there."""
    family = provenance.FAMILIES[unit]
    counts = (provenance.expected_column(family), provenance.present_column(family))
    return units.mutate(
        gap_ids=provenance.no_gaps(),
        **{name: ibis.literal(1, "int64") for name in counts},
    )


def plain_gathered(rows: ir.Table, on: list[str], **statistics: ir.Value) -> ir.Table:
    """Sums that carry nothing."""
    return rows.group_by(on).agg(**statistics).mutate(gap_ids=provenance.no_gaps())


def plain_timeline(
    rows: ir.Table, *_gaps: ir.Table, of: str, needs: Sequence[timeline.Need] = ()
) -> timeline.Timeline:
    """Entries without holes, which count the games of the families that they need."""
    needed = {provenance.FAMILIES[need.unit] for need in needs}
    others = [family for family in provenance.families_of(rows) if family not in needed]
    counts = (provenance.expected_column, provenance.present_column)
    rows = rows.drop(*(column(family) for family in others for column in counts))
    rows = rows.mutate(is_hole=False, gap_ids=provenance.no_gaps())
    return timeline.Timeline(timeline._in_order(rows, [of]), of)


def no_touching(
    found: ir.Table, _entries: ir.Table, keys: Sequence[str], asked: Sequence[windows.Window]
) -> ir.Table:
    """No window touches a gap."""
    # Nothing of this process's memory, or the query would be compiled in every round.
    none = found.filter(ibis.literal(False)).select(*keys)
    apart = [f"gap_ids{windows._suffix(window)}" for window in asked if window.is_told_apart]
    lists = dict.fromkeys(("gap_ids", *apart), provenance.no_gaps())
    return none.mutate(game_date=ibis.null().cast("date"), **lists)


@contextmanager
def unpropagated() -> Iterator[None]:
    """The kernel without provenance."""
    with ExitStack() as patches:
        for target, name, plain in (
            (provenance, "join", plain_join),
            (provenance, "gathered", plain_gathered),
            (provenance, "with_holes", without_gaps),
            (windows, "join", plain_join),
            (windows, "_touching_gaps", no_touching),
            (compute, "lineage_of", lambda *_asked: {}),
        ):
            patches.enter_context(patch.object(target, name, plain))
        for name in MEASURED:
            module = __import__(f"nba_pipeline.{TABLES[name].group}.{name}", fromlist=["timeline"])
            if hasattr(module, "timeline"):
                patches.enter_context(patch.object(module, "timeline", plain_timeline))
        yield


@cache
def bare(*, tracked: bool) -> dict[str, Table]:  # noqa: ARG001  queries are compiled for each of the two
    """The tables without what judges the quality columns, or only one side could have it."""
    return {name: replace(table, assertions=(), shares=()) for name, table in TABLES.items()}


def seconds(folder: Path, days: list[date], landing: Landing, *, tracked: bool) -> dict[str, float]:
    """How long each table takes from reading to the commit, in an empty warehouse."""
    warehouse = DeltaWarehouse(folder, connect(f"sqlite:///{folder}.db"))
    writer = compute.Writer("benchmark", 1, lambda: None)
    tables = bare(tracked=tracked)
    survey = Survey(tables, warehouse, landing)
    found = {}
    for name, table in tables.items():
        if name not in TO_FEATURES:
            continue
        with ExitStack() as patches:
            if not tracked and name in MEASURED:
                patches.enter_context(unpropagated())
            started = time.perf_counter()
            compute.compute(table, days, survey, writer)
            found[name] = time.perf_counter() - started
    if tracked:
        LENGTHS.update({name: lengths(warehouse, name) for name in MEASURED})
    return {name: found[name] for name in MEASURED}


def lengths(warehouse: DeltaWarehouse, name: str) -> str:
    """Of the table's rows: how many gaps one names at most and on average, and the longest name."""
    gaps = warehouse.table(name).gap_ids.to_pyarrow().to_pylist()
    counts = [len(of_row) for of_row in gaps]
    longest = max((len(gap) for of_row in gaps for gap in of_row), default=0)
    mean = sum(counts) / len(counts)
    return f"{name:<30} {max(counts):4d} at most {mean:8.3f} on average, a name {longest} at most"


def main() -> None:
    """Both, in one run on one machine, by turns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landing", type=Path, default=Path("../shared/data/landing"))
    parser.add_argument("--first", type=date.fromisoformat, default=date(2021, 10, 19))
    parser.add_argument("--last", type=date.fromisoformat, default=date(2024, 4, 14))
    asked = parser.parse_args()
    landing = Landing(str(asked.landing.absolute()))
    days = calendar.season_days(asked.first, asked.last)
    gc.set_threshold(100_000)  # as the program does
    best: dict[tuple[str, bool], float] = {}
    for number in range(ROUNDS):
        for tracked in (True, False):
            with tempfile.TemporaryDirectory() as folder:
                taken = seconds(Path(folder) / str(number), days, landing, tracked=tracked)
            for name, value in taken.items():
                best[name, tracked] = min(value, best.get((name, tracked), value))
    for name in MEASURED:
        print(line(name, best[name, True], best[name, False]))
    sums = [sum(best[name, tracked] for name in MEASURED) for tracked in (True, False)]
    print(line("together", *sums))
    for told in LENGTHS.values():
        print(told)


def line(name: str, carried: float, plain: float) -> str:
    """A table's two figures and their ratio."""
    return f"{name:<30} {carried:5.2f} s  without {plain:5.2f} s  {carried / plain:5.2f}"


if __name__ == "__main__":
    main()
