"""BettingPros' consensus of the bookmakers' points lines: one number per player and day.

It has no time of its own: what is listed is the line at tip-off.
"""

from nba_pipeline.kernel.formats import csv_lines
from nba_pipeline.kernel.source import Parsed, Source, SourceFile
from nba_pipeline.phase_1_sources.cells import (
    Offence,
    converted,
    day_of,
    finite,
    lookup_of,
    taken,
)
from nba_pipeline.phase_1_sources.csv_frames import csv_frame, ragged
from nba_pipeline.phase_1_sources.odds_api_answers import american_as_decimal

TYPES = {
    **dict.fromkeys(("source_file", "player_name", "player_lookup"), "string"),
    **dict.fromkeys(("points_line", "over_price"), "float64"),
    "row_number": "int64",
    "game_date": "object",
}
"""Columns of the rows; player_name is the source's slug, over_price is decimal."""

_NEEDED = ("date", "player_slug", "points_line", "over_odds")
_FIELDS = {"game_date": "date", "player_lookup": "player_slug"}


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per player and day; a line without odds has no over_price.

    Raises:
        UnknownShape: a needed column is missing.
    """
    raw = csv_frame(document, file, _NEEDED, what="list of points lines")
    lines = finite(raw.points_line)
    columns = {
        "game_date": converted(raw.date, day_of),
        "player_name": raw.player_slug,
        "player_lookup": converted(raw.player_slug, lookup_of),
        "points_line": lines.where(lines > 0),
        "over_price": american_as_decimal(finite(raw.over_odds)),
    }
    offences = [
        ragged(raw),
        Offence("bad_date", "date", columns["game_date"].isna()),
        Offence("bad_player", "player_slug", columns["player_lookup"].isna()),
        Offence("bad_line", "points_line", columns["points_line"].isna()),
        Offence("bad_price", "over_odds", columns["over_price"].isna() & raw.over_odds.notna()),
    ]
    key = ("game_date", "player_lookup")
    return taken(raw, columns, offences, TYPES, file, key=key, fields=_FIELDS)


bettingpros_player_points = Source(
    "bettingpros_player_points",
    "bettingpros/player_points",
    parse,
    version=2,
    formats={"csv": csv_lines},
)
"""Consensus lines, by season or by date."""
