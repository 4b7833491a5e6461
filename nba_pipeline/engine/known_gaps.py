"""Which gaps there are, which of them are accepted, and which missing keys those explain."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from nba_pipeline.warehouse.protocol import Warehouse

GAPS = "data_gaps"
"""The table that has a row per gap."""
NO_GAPS: Mapping[str, bool] = MappingProxyType({})


def known_gaps(warehouse: Warehouse) -> dict[str, bool]:
    """Every gap of the stored dates, by its id: whether it is known that it will never close."""
    if GAPS not in warehouse.names():
        return {}
    gaps = warehouse.table(GAPS)
    # Rows of before gaps could be accepted have no such column.
    if "is_accepted" not in gaps.columns:
        return dict.fromkeys(gaps.gap_id.to_pyarrow().to_pylist(), False)
    rows = gaps.group_by("gap_id").agg(is_accepted=gaps.is_accepted.any()).to_pyarrow()
    return {row["gap_id"]: bool(row["is_accepted"]) for row in rows.to_pylist()}


def accepted_gaps(gaps: Mapping[str, bool]) -> frozenset[str]:
    """The ids of those of the gaps that are known never to close."""
    return frozenset(gap for gap, is_accepted in gaps.items() if is_accepted)


def games_of(tables: Collection[str], gaps: Mapping[str, bool]) -> dict[str, bool]:
    """The games of which one of the tables has gaps, and whether all of these are accepted."""
    games: dict[str, bool] = {}
    for gap_id, is_accepted in gaps.items():
        table, _when, *unit = gap_id.split(":")
        if unit and table in tables:
            games[unit[0]] = games.get(unit[0], True) and is_accepted
    return games


def explained_by(games: Mapping[str, bool], keys: Iterable[str]) -> list[str]:
    """The keys, as "a / b", that are of a game whose gaps are all accepted."""
    return [key for key in keys if any(games.get(part) for part in key.split(" / "))]
