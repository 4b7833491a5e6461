"""The root gaps, and how far each one reaches."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from operator import itemgetter

from nba_pipeline.engine.known_gaps import GAPS
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.quality.predictions import PREDICTIONS
from nba_pipeline.quality.stored import require_stored
from nba_pipeline.warehouse.protocol import Warehouse

_TOLD = (
    *("gap_id", "table_name", "game_date", "game_id", "team_abbr", "kind", "rule"),
    *("is_accepted", "accepted_reason"),
)


def root_gaps(
    tables: Iterable[Table], first: date, last: date, warehouse: Warehouse
) -> list[dict[str, object]]:
    """One line per gap of a raw unit dated first to last, oldest first.

    A gap is open while data_gaps has it, accepted where it is listed as one that will never close,
    and closed where the data has come but stored rows still name it: those are to be repaired. What
    was said under a gap before tip-off names it for good, and is no reason to repair. rows counts
    the rows of all tables that name it, predictions those of player_prop_predictions; touched_from
    and touched_to are the dates of such rows.

    Raises:
        NothingStored: no raw table has been computed.
    """
    require_stored(warehouse, GAPS)
    stored = warehouse.table(GAPS)
    # Gaps that were stored before any could be accepted lack what says so.
    columns = [name for name in _TOLD if name in stored.columns]
    gaps = stored.select(*columns).to_pyarrow().to_pylist()
    # The gap of a season has a row on each of its dates, of which the first is told.
    known = {
        gap["gap_id"]: {
            "gap_id": gap["gap_id"],
            "state": "accepted" if gap.pop("is_accepted", None) else "open",
            "accepted_reason": None,
            **gap,
        }
        for gap in sorted(gaps, key=itemgetter("game_date"), reverse=True)
    }
    tables = list(tables)
    reach = _reach(tables, warehouse)
    for gap_id in _recomputed_with(tables, warehouse) - known.keys():
        table, _when, *unit = gap_id.split(":")
        known[gap_id] = {
            "gap_id": gap_id,
            "state": "closed",
            "table_name": table,
            "game_date": dates_of(gap_id)[0],
            "game_id": unit[0] if unit else None,
            "team_abbr": unit[1] if unit[1:] else None,
            "kind": None,
            "rule": None,
            "accepted_reason": None,
        }
    nothing = {"rows": 0, "predictions": 0, "touched_from": None, "touched_to": None}
    shown = []
    for gap_id in sorted(known, key=_by_date):
        since, until = dates_of(gap_id)
        if since <= last and first <= until:
            shown.append(known[gap_id] | reach.get(gap_id, nothing))
    return shown


def dates_of(gap_id: str) -> tuple[date, date]:
    """The first and the last date that a gap's id speaks of: one day, or those of a season."""
    when = gap_id.split(":")[1]
    if len(when) == len("2023-24"):
        span = calendar.season(when)
        return span.first, span.last
    day = date.fromisoformat(when)
    return day, day


def _by_date(gap_id: str) -> tuple[date, str]:
    return dates_of(gap_id)[0], gap_id


def _recomputed_with(tables: Sequence[Table], warehouse: Warehouse) -> set[str]:
    """The gaps that rows name of tables that are recomputed in full, once the gap is closed."""
    lasting = {table.name for table in tables if table.appends}
    return {
        gap_id
        for table in tables
        if not lasting & {table.name, *(read.table for read in table.reads)}
        for stamp in warehouse.stamps(table.name).values()
        for gap_id in stamp.gaps
    }


def _reach(tables: Iterable[Table], warehouse: Warehouse) -> Mapping[str, dict[str, object]]:
    """Per gap, the rows and predictions that name it, and from when to when."""
    rows: dict[str, int] = {}
    predictions: dict[str, int] = {}
    days: dict[str, set[date]] = {}
    for table in tables:
        for day, stamp in warehouse.stamps(table.name).items():
            for gap_id, count in stamp.gaps.items():
                rows[gap_id] = rows.get(gap_id, 0) + count
                days.setdefault(gap_id, set()).add(day)
                if table.name == PREDICTIONS:
                    predictions[gap_id] = predictions.get(gap_id, 0) + count
    return {
        gap_id: {
            "rows": count,
            "predictions": predictions.get(gap_id, 0),
            "touched_from": min(days[gap_id]),
            "touched_to": max(days[gap_id]),
        }
        for gap_id, count in rows.items()
    }
