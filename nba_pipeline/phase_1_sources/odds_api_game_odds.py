"""Game lines of The Odds API: who wins (h2h), by how much (spreads), and both teams' points (totals)."""

from functools import partial

from nba_pipeline.kernel.source import Parsed, Source, SourceFile
from nba_pipeline.phase_1_sources.cells import Offence, converted, finite, taken
from nba_pipeline.phase_1_sources.odds_api_answers import (
    EVENT_TYPES,
    event_columns,
    event_offences,
    outcome_frame,
    team,
)
from nba_pipeline.phase_1_sources.odds_api_fetch import fetch
from nba_pipeline.phase_1_sources.odds_api_player_points import SIDES

MARKETS = ("h2h", "spreads", "totals")
TYPES = EVENT_TYPES | {"outcome": "string", "point": "float64"}
"""Columns of the rows; outcome is a tricode, or of a total the side; a winner has no point."""

_KEY = ("event_id", "snapshot_at", "bookmaker", "market", "outcome")
_FIELDS = {"game_id": "event_id", "outcome": "name"}


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per event, bookmaker, market and outcome.

    Raises:
        UnknownShape: the document is no answer with odds.
    """
    raw = outcome_frame(document, file)
    columns = event_columns(raw)
    market = columns["market"]
    sides, teams = (converted(raw["name"], reading) for reading in (_side, team))
    is_side = (teams == columns["home_team"]) | (teams == columns["away_team"])
    columns["outcome"] = sides.where(market == "totals", teams.where(is_side))
    columns["point"] = finite(raw.point).where(market != "h2h")
    offences = [
        *event_offences(raw, columns),
        Offence("unknown_market", "market", ~market.isin(MARKETS)),
        Offence("unknown_outcome", "name", columns["outcome"].isna()),
        Offence("bad_line", "point", (market != "h2h") & columns["point"].isna()),
    ]
    return taken(raw, columns, offences, TYPES, file, key=_KEY, fields=_FIELDS)


def _side(value: object) -> str | None:
    return SIDES.get(str(value))


odds_api_game_odds = Source(
    "odds_api_game_odds",
    "odds_api/game_lines",
    parse,
    version=4,
    layout="dates",
    days_after=1,
    fetch=partial(fetch, place="odds_api/game_lines", markets="h2h,spreads,totals"),
)
