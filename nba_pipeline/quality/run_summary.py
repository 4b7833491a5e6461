"""What a run came to beyond its dates: the gaps that it found, and what its checks found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from nba_pipeline.engine.known_gaps import GAPS, accepted_gaps, known_gaps
from nba_pipeline.kernel.table import Table
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

    @property
    def has_loss(self) -> bool:
        """Whether data turned out lost."""
        return any(offence.is_loss for offence in self.offences)


def outcome(tables: Iterable[Table], run_ids: set[str], warehouse: Warehouse) -> Outcome:
    """The outcome of runs, from the stamps of the partitions that they computed."""
    computed = {table.name: (table, _of_runs(table, run_ids, warehouse)) for table in tables}
    listed = _listed_gaps(warehouse)
    _table, days_of_gaps = computed[GAPS]
    gaps = {gap_id: 0 for gap_id, day in listed.items() if day in days_of_gaps}
    for _table, stamps in computed.values():
        for stamp in stamps.values():
            for gap_id, rows in stamp.gaps.items():
                gaps[gap_id] = gaps.get(gap_id, 0) + rows
    accepted = accepted_gaps(known_gaps(warehouse)) & gaps.keys()
    widest = sorted(gaps.keys() - accepted, key=lambda gap_id: (-gaps[gap_id], gap_id))
    return Outcome(
        sum(len(stamps) for _table, stamps in computed.values()),
        {gap_id: gaps[gap_id] for gap_id in widest},
        len(accepted),
        tuple(
            offence
            for table, stamps in computed.values()
            for offence in _offences(table, stamps, set(listed.values()))
        ),
    )


def _of_runs(table: Table, run_ids: set[str], warehouse: Warehouse) -> Mapping[date, Stamp]:
    """The stamps that the runs left."""
    stamps = warehouse.stamps(table.name)
    return {day: stamps[day] for day in sorted(stamps) if stamps[day].run_id in run_ids}


def _listed_gaps(warehouse: Warehouse) -> Mapping[str, date]:
    """Every gap that there is, and its date."""
    if GAPS not in warehouse.names():
        return {}
    rows = warehouse.table(GAPS).select("gap_id", "game_date").to_pyarrow().to_pylist()
    return {row["gap_id"]: row["game_date"] for row in rows}


def _offences(table: Table, stamps: Mapping[date, Stamp], gap_days: set[date]) -> list[Offence]:
    """What the table's checks found, one line per check.

    Gaps are told of by themselves, and so is a missing key on a date that has one.
    """
    warnings = {warning.__name__ for warning in table.warnings}
    losses = {check for point in table.checkpoints if point.is_loss for check in point.checks}
    apart = {check for point in table.checkpoints if point.name == "gaps" for check in point.checks}
    keys: dict[str, list[str]] = {}
    dates: dict[str, int] = {}
    for day, stamp in stamps.items():
        missing = {"expected_keys": stamp.missing} if stamp.missing and day not in gap_days else {}
        for check, offending in {**missing, **stamp.failed}.items():
            if check not in apart:
                keys.setdefault(check, []).extend(offending)
                dates[check] = dates.get(check, 0) + 1
    return [
        Offence(table.name, check, dates[check], tuple(rows), check in warnings, check in losses)
        for check, rows in sorted(keys.items())
    ]
