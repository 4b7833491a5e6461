"""Players' points lines of The Odds API: what each bookmaker offers for over and under a number.

One event and moment per file, under the date of its game or the one before. A bookmaker may offer
several numbers for one player; which of them is his line is not told.
"""

from functools import partial

from nba_pipeline.kernel.source import Parsed, Source, SourceFile
from nba_pipeline.phase_1_sources.cells import Offence, converted, finite, lookup_of, taken
from nba_pipeline.phase_1_sources.odds_api_answers import (
    EVENT_TYPES,
    event_columns,
    event_offences,
    outcome_frame,
)
from nba_pipeline.phase_1_sources.odds_api_fetch import fetch

MARKET = "player_points"
SIDES = {"Over": "over", "Under": "under"}
"""The API's words for the two sides of a line."""

TYPES = EVENT_TYPES | {
    **dict.fromkeys(("player_name", "player_lookup", "side"), "string"),
    "points_line": "float64",
}
"""Columns of the rows; price is decimal."""

_KEY = ("event_id", "snapshot_at", "bookmaker", "points_line", "side", "player_lookup")
_FIELDS = {"game_id": "event_id", "player_lookup": "description"}


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per event, bookmaker, player, number and side.

    Raises:
        UnknownShape: the document is no answer with odds.
    """
    raw = outcome_frame(document, file)
    lines = finite(raw.point)
    columns = event_columns(raw) | {
        "player_name": raw.description,
        "player_lookup": converted(raw.description, lookup_of),
        "side": converted(raw["name"], _side),
        "points_line": lines.where(lines > 0),
    }
    offences = [
        *event_offences(raw, columns),
        Offence("unknown_market", "market", columns["market"] != MARKET),
        Offence("bad_player", "description", columns["player_lookup"].isna()),
        Offence("unknown_outcome", "name", columns["side"].isna()),
        Offence("bad_line", "point", columns["points_line"].isna()),
    ]
    return taken(raw, columns, offences, TYPES, file, key=_KEY, fields=_FIELDS)


def _side(value: object) -> str | None:
    return SIDES.get(str(value))


odds_api_player_points = Source(
    "odds_api_player_points",
    "odds_api/player_points",
    parse,
    version=4,
    layout="dates",
    days_after=1,
    fetch=partial(fetch, place="odds_api/player_points", markets="player_points"),
)
