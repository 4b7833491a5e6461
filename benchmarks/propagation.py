"""What it costs that gaps and completeness travel: the same tables with and without it.

    python benchmarks/propagation.py --landing ../shared/data/landing

Computes three seasons up to the features, then times each tracked table's transform over all dates
twice: as it is, and with the kernel's joins, windows and holes replaced by plain ones. Prints both
and the ratio; the faster of the rounds counts.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from unittest.mock import patch

import ibis
import ibis.expr.types as ir

from nba_pipeline.coordination import connect
from nba_pipeline.definitions import TABLES
from nba_pipeline.kernel import calendar, compute, provenance, timeline, windows
from nba_pipeline.kernel.judgement import call
from nba_pipeline.kernel.landing import Landing
from nba_pipeline.warehouse.delta import DeltaWarehouse

FIRST, LAST = date(2021, 10, 19), date(2024, 4, 14)
ROUNDS = 3
MEASURED = [
    *("team_offense_game_summary", "player_game_summary", "upcoming_player_game_context"),
    *("player_daily_cache", "ml_feature_store_v2"),
]


def plain_join(left: ir.Table, right: ir.Table, on: list[str], *, how: str = "left") -> ir.Table:
    """A join that carries nothing."""
    right = right.drop(*(n for n in right.columns if n in left.columns and n not in on))
    theirs = right.rename({f"{key}__key": key for key in on})
    both = left.join(theirs, [left[key] == theirs[f"{key}__key"] for key in on], how=how)
    return both.drop(*(f"{key}__key" for key in on))


def plain_timeline(
    rows: ir.Table, *_gaps: ir.Table, of: str, **_needs: object
) -> timeline.Timeline:
    """Entries without holes."""
    return timeline._in_order(rows.mutate(is_hole=False, gap_ids=provenance.no_gaps()), of)


def no_touching(found: ir.Table, *_rest: object) -> ir.Table:
    """No window touches a gap."""
    of = _rest[1]
    schema = {of: found.schema()[of], "game_date": "date", "gap_ids": "array<string>"}
    return ibis.memtable([], schema=schema)


@contextmanager
def unpropagated() -> Iterator[None]:
    """The kernel without provenance."""
    with ExitStack() as patches:
        for target, name, plain in (
            (provenance, "join", plain_join),
            (provenance, "with_holes", lambda units, _gaps, _unit: units),
            (provenance, "tracking_columns", lambda _table: []),
            (windows, "join", plain_join),
            (windows, "tracking_columns", lambda _table: []),
            (windows, "_touching_gaps", no_touching),
            (compute, "with_quality", lambda rows, **_options: rows),
            (compute, "tracking_columns", lambda _table: []),
        ):
            patches.enter_context(patch.object(target, name, plain))
        for name in MEASURED:
            module = __import__(f"nba_pipeline.{TABLES[name].group}.{name}", fromlist=["timeline"])
            if hasattr(module, "timeline"):
                patches.enter_context(patch.object(module, "timeline", plain_timeline))
        yield


def seconds(name: str, days: list[date], warehouse: DeltaWarehouse, landing: Landing) -> float:
    """How long the table's transform takes, inputs read and rows held."""
    table = TABLES[name]
    writer = compute.Writer("benchmark", 1, lambda: None)
    with ExitStack() as staged:
        inputs = compute._inputs(table, days, warehouse, landing, staged)
        started = time.perf_counter()
        rows = call(table.transform, inputs, partitions=days)
        warehouse.drop_staged(warehouse.stage(compute._finished(table, rows, writer, {})))
        return time.perf_counter() - started


def main() -> None:
    """Both, in one run on one machine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landing", type=Path, default=Path("../shared/data/landing"))
    landing = Landing(str(parser.parse_args().landing.absolute()))
    days = calendar.season_days(FIRST, LAST)
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/coordination.db")
        warehouse = DeltaWarehouse(Path(folder), engine)
        for name, table in TABLES.items():
            if name in MEASURED or table.phase == 2:
                writer = compute.Writer("benchmark", 1, lambda: None)
                compute.compute(table, days, warehouse, landing, writer)
        totals = [0.0, 0.0]
        for name in MEASURED:
            carried, plain = [], []
            for _round in range(ROUNDS):
                carried.append(seconds(name, days, warehouse, landing))
                with unpropagated():
                    plain.append(seconds(name, days, warehouse, landing))
            totals[0] += min(carried)
            totals[1] += min(plain)
            ratio = min(carried) / min(plain)
            print(f"{name:<30} {min(carried):5.2f} s  without {min(plain):5.2f} s  {ratio:5.2f}")
    print(
        f"{'together':<30} {totals[0]:5.2f} s  without {totals[1]:5.2f} s  {totals[0] / totals[1]:5.2f}"
    )


if __name__ == "__main__":
    main()
