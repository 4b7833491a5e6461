"""Literal rows of players' and teams' games, as the tables that windows look back over have them."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.kernel.table import Table

START = date(2023, 11, 1)
_QUALITY = {"gap_ids": "array<string>"}
_COUNTS = {
    f"{family}_games_{what}": "int64"
    for family in ("box", "team", "zone")
    for what in ("expected", "present")
}
_KINDS = {
    "game_date": "date",
    "player_id": "int64",
    "is_final": "boolean",
    "is_home": "boolean",
    "won": "boolean",
    **_QUALITY,
    **_COUNTS,
    **{f"{name}_last_10": kind for name, kind in _COUNTS.items()},
    "gap_ids_last_10": _QUALITY["gap_ids"],
}
_TEXTS = (
    *("game_id", "team_abbr", "opponent_abbr", "player_lookup", "injury_status", "injury_source"),
    *("gap_id", "table_name", "season", "season_type", "status", "home_team", "away_team"),
    *("primary_scoring_zone", "over_under_result"),
)
GAPS = ("gap_id", "table_name", "game_date", "game_id", "team_abbr")


def on(number: int) -> date:
    """The number-th day."""
    return START + timedelta(days=number)


def table(rows: list[dict[str, object]], columns: tuple[str, ...] | None = None) -> ir.Table:
    """The rows; columns where there may be none. What is neither known to be text nor else is a number."""
    names = columns or tuple(rows[0])
    schema = {name: "string" if name in _TEXTS else _KINDS.get(name, "float64") for name in names}
    return ibis.memtable([{n: row.get(n) for n in names} for row in rows], schema=schema)


def as_read(reader: Table, of: date, **inputs: ir.Table) -> dict[str, ir.Table]:
    """The inputs, of those that the reader looks back on only what it may see as of the date."""
    first = {r.parameter: r.seasons(of)[0].first for r in reader.reads if r.looks_back}
    return {
        name: rows.filter(_.game_date >= first[name], _.game_date < of) if name in first else rows
        for name, rows in inputs.items()
    }


def answers(rows: ir.Table) -> list[dict[str, object]]:
    """What an expression comes to."""
    return ibis.duckdb.connect().to_pyarrow(rows).to_pylist()


def tracked(*families: str, gaps: tuple[str, ...] = (), present: bool = True) -> dict[str, object]:
    """The columns that say how whole a row is."""
    counts = {f"{family}_games_expected": 1 for family in families}
    counts |= {f"{family}_games_present": int(present) for family in families}
    return {"gap_ids": list(gaps), **counts}


def no_gaps() -> ir.Table:
    """data_gaps where nothing is missing."""
    return table([], GAPS)


def lost_roster(number: int) -> dict[str, object]:
    """The gap of LAL's roster on a day."""
    day, game_id = on(number), f"{number:010d}"
    return {
        "gap_id": f"nbac_player_boxscore:{day}:{game_id}:LAL",
        "table_name": "nbac_player_boxscore",
        "game_date": day,
        "game_id": game_id,
        "team_abbr": "LAL",
    }


def lost_shots(number: int) -> dict[str, object]:
    """The gap of the shots of the game of a day."""
    day = on(number)
    game_id = f"{number:010d}"
    return {
        "gap_id": f"shots:{day}:{game_id}",
        "table_name": "shots",
        "game_date": day,
        "game_id": game_id,
        "team_abbr": None,
    }


def zones(**makes_and_attempts: tuple[int, int]) -> dict[str, int | None]:
    """Makes and attempts by zone, (makes, attempts); none where a zone is not given."""
    found: dict[str, int | None] = {}
    for zone in ("paint", "mid_range", "three"):
        makes, attempts = makes_and_attempts.get(zone, (0, 0))
        found |= {f"{zone}_makes": makes, f"{zone}_attempts": attempts}
    return found


def unknown_zones() -> dict[str, int | None]:
    """What is known of a game whose shots are a gap."""
    return dict.fromkeys(zones())
