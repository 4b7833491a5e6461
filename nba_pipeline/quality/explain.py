"""Why a prediction is what it is: its features, its windows, and every path from a root gap to it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any

import ibis.expr.types as ir
from ibis import _

from nba_pipeline.engine.inputs import read_span
from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.kernel.reads import Read
from nba_pipeline.kernel.table import Table
from nba_pipeline.league.box_score import of_who_played
from nba_pipeline.league.calendar import season_days
from nba_pipeline.league.identity import normalise_name
from nba_pipeline.lookback.timeline import PLAYER_GAMES, entries_before, strictly_before, timeline
from nba_pipeline.quality.contributions import moved_by
from nba_pipeline.quality.gaps import dates_of
from nba_pipeline.quality.predictions import PREDICTIONS, STATEMENTS, statements_of
from nba_pipeline.quality.stored import require_stored
from nba_pipeline.warehouse.protocol import Warehouse

_WINDOW_GAMES = 15
_SHOWN_ROWS = 3
_SHOWN_NAMES = 5
_LONGEST_ID = 19
_KEYS = ("game_date", "game_id", "team_abbr", "player_id")
Row = Mapping[str, Any]


class NotPredicted(NbaPipelineError, LookupError):
    """There is no prediction of that player on that date."""


def explain(
    player: str,
    day: date,
    tables: Mapping[str, Table],
    warehouse: Warehouse,
    outdated: str | None = None,
) -> dict[str, object]:
    """The predictions of a player on a date and everything behind them.

    Args:
        player: a name as people write it, or the league's id.
        day: the game date.
        tables: every declared table by name.
        warehouse: where they are.
        outdated: why the date's predictions are not those of what is stored now; None where they are.

    Returns:
        player_id, player, date, team, opponent; outdated, as it was given; predictions, one per
        system; said, what was said before tip-off and whether today's inputs differ (statements_of);
        features, none of who is no longer in the date's universe; moved, those that moved the trained
        model's prediction most, with what each adds (moved_by); games, the entries of the player's
        windows, latest first, holes included; gaps, those that any of the predictions names, each with
        its paths: lists of steps from the raw unit to the prediction.

    Raises:
        NotPredicted: who was not in the date's universe, or nothing is computed for the date.
        NothingStored: there are no predictions at all.
    """
    made = _predictions(player, day, warehouse)
    first = made[0]
    store = tables["ml_feature_store_v2"]
    features = _where(warehouse.table(store.name, day, day), first)
    return {
        "player_id": first["player_id"],
        "player": first["player_lookup"],
        "date": day,
        "team": first["team_abbr"],
        "opponent": first["opponent_abbr"],
        "outdated": outdated,
        "predictions": [{name: row[name] for name in _SHOWN_OF_PREDICTION} for row in made],
        "said": statements_of(warehouse, day, first["player_id"]),
        "features": {name: row[name] for row in features[:1] for name in store.features},
        "moved": moved_by(warehouse, day, store.features, first["player_id"]).get(
            (first["game_id"], first["player_id"]), []
        ),
        "games": _games(first["player_id"], day, tables, warehouse),
        "gaps": [
            _gap(gap_id, row, tables, warehouse) for gap_id, row in _first_naming(made).items()
        ],
    }


_SHOWN_OF_PREDICTION = (
    *("system", "predicted_points", "p10", "p90", "recommendation", "recommendation_reason"),
    *("is_production_ready", "not_ready_reason", "completeness", "model_version", "bypass"),
    "run_id",
)


def _predictions(player: str, day: date, warehouse: Warehouse) -> list[Row]:
    """The player's predictions on the day, one per system."""
    require_stored(warehouse, PREDICTIONS)
    rows = warehouse.table(PREDICTIONS)
    his = _of(player, rows)
    made = his.filter(_.game_date == day).order_by("system").to_pyarrow().to_pylist()
    if made:
        return list(made)
    count = rows.filter(_.game_date == day).count().to_pyarrow().as_py()
    dates = his.select("game_date").distinct().game_date.to_pyarrow().to_pylist()
    advice = _other_dates(day, sorted(dates)) if dates else _near_names(player, rows)
    if not count and season_days(day, day):
        advice += f"; for the date's predictions: nba-pipeline predict --date {day}"
    if STATEMENTS in warehouse.names():
        said = _of(player, warehouse.table(STATEMENTS, day, day)).count().to_pyarrow().as_py()
        advice += f"; {said} statements of him that day stand in {STATEMENTS}" if said else ""
    raise NotPredicted(
        f"no prediction of {player!r} on {day}, which has {count} predictions{advice}"
    )


def _of(player: str, rows: ir.Table) -> ir.Table:
    """The player's rows, by id or name."""
    # No id of the league has so many digits as a whole number may have.
    is_id = player.isdecimal() and len(player) < _LONGEST_ID
    return rows.filter(
        _.player_id == int(player) if is_id else _.player_lookup == normalise_name(player)
    )


def _other_dates(day: date, dates: Sequence[date]) -> str:
    """When the player is predicted instead."""
    before = [d for d in dates if d < day]
    after = [d for d in dates if d > day]
    near = [f"{before[-1]}, the last before"] if before else []
    near += [f"{after[0]}, the next after"] if after else []
    return "; he is predicted on " + ", and on ".join(near)


def _near_names(player: str, rows: ir.Table) -> str:
    """Whom else may be meant."""
    names = rows.select("player_lookup").distinct().player_lookup.to_pyarrow().to_pylist()
    wanted = normalise_name(player)
    near = sorted(name for name in names if wanted and wanted in name)
    near += [name for name in get_close_matches(wanted, names, n=_SHOWN_NAMES) if name not in near]
    return f"; did you mean {', '.join(near[:_SHOWN_NAMES])}?" if near else ""


def _games(
    player_id: int, day: date, tables: Mapping[str, Table], warehouse: Warehouse
) -> list[dict[str, object]]:
    """The player's latest entries of the season before the day."""
    cache = tables["player_daily_cache"]
    spans = {read.table: read_span(read, [day]) for read in cache.reads}
    past = timeline(
        of_who_played(warehouse.table("player_game_summary", *spans["player_game_summary"])),
        warehouse.table("data_gaps", *spans["data_gaps"]),
        of="player_id",
        needs=PLAYER_GAMES,
    )
    names = ("game_date", "game_id", "team_abbr", "minutes", "points", "usage_rate", "gap_ids")
    entries = entries_before(past, player_id, day).limit(_WINDOW_GAMES)
    return list(entries.select(*names, "season", "is_hole").to_pyarrow().to_pylist())


# --- from a gap to the prediction


def _first_naming(made: Sequence[Row]) -> dict[str, Row]:
    """Each gap that a prediction names, and the first one that does."""
    named = {gap_id: row for row in reversed(made) for gap_id in row["gap_ids"]}
    return dict(sorted(named.items()))


def _gap(
    gap_id: str, prediction: Row, tables: Mapping[str, Table], warehouse: Warehouse
) -> dict[str, object]:
    gaps = warehouse.table("data_gaps", *dates_of(gap_id)).filter(_.gap_id == gap_id).limit(1)
    known = gaps.to_pyarrow().to_pylist()
    root = known[0] if known else {"rule": "closed since", "detail": "the data has come"}
    found = _paths(tables[PREDICTIONS], prediction, gap_id, tables, warehouse)
    # Two reads of one table may meet the same row.
    paths = dict.fromkeys(tuple(path[::-1]) for path in found)
    return {
        "gap_id": gap_id,
        "rule": root["rule"],
        "detail": root["detail"],
        "paths": [list(path) for path in paths],
    }


def _paths(
    table: Table, row: Row, gap_id: str, tables: Mapping[str, Table], warehouse: Warehouse
) -> Iterator[list[str]]:
    """Ways from the row back to the gap, through the rows that name it."""
    step = _step(table.name, row)
    is_root = True
    carried = [r for r in table.reads if tables[r.table].is_tracked and not r.is_for_rows]
    for read in carried:
        upstream = tables[read.table]
        touched = _touched(read, row, table, gap_id, warehouse)
        for upstream_row in touched[:_SHOWN_ROWS]:
            for path in _paths(upstream, upstream_row, gap_id, tables, warehouse):
                is_root = False
                yield [step, *path]
    if is_root:
        yield [step, gap_id]


def _touched(read: Read, row: Row, table: Table, gap_id: str, warehouse: Warehouse) -> list[Row]:
    """The upstream rows that the row reads and that name the gap."""
    day = row[table.date_column]
    first, last = read_span(read, [day])
    rows = warehouse.table(read.table, first, last).filter(_.gap_ids.contains(gap_id))
    if read.reach != "same_date":
        rows = strictly_before(rows, day)
    return _where(rows, row)


def _where(rows: ir.Table, row: Row) -> list[Row]:
    """The rows of the row's player; where one side has no player, those of its teams' games."""
    teams = [row[name] for name in ("team_abbr", "opponent_abbr") if name in row]
    if "player_id" not in rows.columns:
        rows = rows.filter(_.team_abbr.isin(teams))
    elif "player_id" in row:
        rows = rows.filter(_.player_id == row["player_id"])
    else:
        rows = rows.filter(_.team_abbr.isin(teams) | _.opponent_abbr.isin(teams))
    return list(rows.order_by("game_date").to_pyarrow().to_pylist())


def _step(table: str, row: Row) -> str:
    """The row's key, as text."""
    return f"{table} " + " ".join(str(row[name]) for name in _KEYS if name in row)
