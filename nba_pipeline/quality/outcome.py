"""What a run came to beyond its dates: the gaps that it found, and what its checks found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from nba_pipeline.kernel.table import Table
from nba_pipeline.quality.gaps import GAPS, accepted_gaps
from nba_pipeline.warehouse.protocol import Stamp, Warehouse


@dataclass(frozen=True)
class Offence:
    """What one check found: on how many dates, with the first rows' keys."""

    table: str
    check: str
    dates: int
    examples: tuple[str, ...]
    is_warning: bool
    is_loss: bool


@dataclass(frozen=True)
class Outcome:
    """What a run's partitions say of themselves.

    computed counts partitions; gaps the rows that name each, most first, accepted ones apart.
    """

    computed: int
    gaps: Mapping[str, int]
    accepted: int
    offences: tuple[Offence, ...]


def outcome(tables: Iterable[Table], run_ids: set[str], warehouse: Warehouse) -> Outcome:
    """The outcome of runs, from the stamps of the partitions that they computed."""
    computed = 0
    gaps: dict[str, int] = {}
    offences: list[Offence] = []
    for table in tables:
        stamps = _of_runs(table, run_ids, warehouse)
        computed += len(stamps)
        for stamp in stamps.values():
            for gap_id, rows in stamp.gaps.items():
                gaps[gap_id] = gaps.get(gap_id, 0) + rows
        if table.name == GAPS and stamps:
            listed = warehouse.table(GAPS, min(stamps), max(stamps)).select("gap_id", "game_date")
            days = set(stamps)
            for gap in listed.order_by("gap_id").to_pyarrow().to_pylist():
                if gap["game_date"] in days:
                    gaps.setdefault(gap["gap_id"], 0)
        offences += _offences(table, stamps)
    accepted = accepted_gaps(warehouse) & set(gaps)
    widest = sorted(gaps.keys() - accepted, key=lambda gap_id: (-gaps[gap_id], gap_id))
    return Outcome(
        computed,
        {gap_id: gaps[gap_id] for gap_id in widest},
        len(accepted),
        tuple(offences),
    )


def _of_runs(table: Table, run_ids: set[str], warehouse: Warehouse) -> Mapping[date, Stamp]:
    """The stamps that the runs left."""
    stamps = warehouse.stamps(table.name)
    return {day: stamps[day] for day in sorted(stamps) if stamps[day].run_id in run_ids}


def _offences(table: Table, stamps: Mapping[date, Stamp]) -> list[Offence]:
    """What the table's checks found, one line per check; gaps are told of by themselves."""
    warnings = {warning.__name__ for warning in table.warnings}
    losses = {check for point in table.checkpoints if point.is_loss for check in point.checks}
    apart = {check for point in table.checkpoints if point.name == "gaps" for check in point.checks}
    keys: dict[str, list[str]] = {}
    dates: dict[str, int] = {}
    for stamp in stamps.values():
        for check in stamp.failed.keys() - apart:
            keys.setdefault(check, []).extend(stamp.failed[check])
            dates[check] = dates.get(check, 0) + 1
    return [
        Offence(table.name, check, dates[check], tuple(rows), check in warnings, check in losses)
        for check, rows in sorted(keys.items())
    ]
