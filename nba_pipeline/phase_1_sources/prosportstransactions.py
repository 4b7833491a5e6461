"""Pro Sports Transactions: who went out and who came back, by date, collected from the press.

An entry has a date and no time of day. What was dated between the season before and a season's
first day, as those who begin it hurt are, is filed under that day.
"""

import re

import pandas as pd

from nba_pipeline.kernel.formats import csv_lines
from nba_pipeline.kernel.source import Parsed, Source, SourceFile
from nba_pipeline.league import calendar
from nba_pipeline.league.identity import UnknownTeam, normalise_name, team_named
from nba_pipeline.phase_1_sources.cells import Offence, converted, day_of, taken
from nba_pipeline.phase_1_sources.csv_frames import csv_frame, ragged

TYPES = {
    **dict.fromkeys(("source_file", "team_abbr", "player_name", "player_lookup"), "string"),
    **dict.fromkeys(("player_lookups", "event", "note"), "string"),
    "row_number": "int64",
    "event_date": "datetime64[us]",
    "game_date": "object",
}
"""Columns of the rows; player_lookups are all spellings of the name, with a slash between them."""

_NEEDED = ("Date", "Team", "Acquired", "Relinquished", "Notes")
_KEY = ("event_date", "team_abbr", "event", "note", "player_lookup")
_FIELDS = {"team_abbr": "Team", "player_lookup": "Name"}


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per player who is named as acquired or relinquished.

    Raises:
        UnknownShape: a needed column is missing.
    """
    raw = csv_frame(document, file, _NEEDED, what="list of transactions")
    raw = raw.assign(Name=raw.Acquired.fillna(raw.Relinquished))
    is_one = raw.Acquired.isna() != raw.Relinquished.isna()
    lookups = converted(raw["Name"], _lookups)
    days = converted(raw.Date, day_of)
    event_dates = pd.to_datetime(days, errors="coerce")
    tricodes = converted(raw.Team, _team)
    columns = {
        "game_date": _filed(days, file),
        "event_date": event_dates,
        "team_abbr": tricodes,
        "player_name": raw["Name"],
        "player_lookup": lookups.str.split("/").str[0],
        "player_lookups": lookups,
        "event": raw.Acquired.notna().map({True: "back", False: "out"}),
        "note": raw.Notes.fillna(""),
    }
    offences = [
        ragged(raw),
        Offence("bad_date", "Date", event_dates.isna()),
        Offence("unknown_team", "Team", tricodes.isna()),
        Offence("bad_player", "Name", is_one & lookups.isna()),
        Offence("not_one_player", "Name", ~is_one),
    ]
    return taken(raw, columns, offences, TYPES, file, key=_KEY, fields=_FIELDS)


def _filed(days: pd.Series, file: SourceFile) -> pd.Series:
    """The days, those that lead to the file's season as its first; an earlier season's stay its own."""
    if not file.season:
        return days
    span = calendar.season(file.season)
    lead = {day for day in days.dropna() if calendar.season_ahead(day) == span}
    return days.map(lambda day: max(day, span.first) if day in lead else day).astype("object")


def _lookups(value: object) -> str | None:
    """The normalised spellings; what is in brackets is no part of a name."""
    texts = re.sub(r"\([^)]*\)", " ", str(value)).split("/") if isinstance(value, str) else []
    found = dict.fromkeys(filter(None, map(normalise_name, texts)))
    return "/".join(found) or None


def _team(value: object) -> str | None:
    try:
        return team_named(str(value))
    except UnknownTeam:
        return None


prosportstransactions = Source(
    "prosportstransactions",
    "prosportstransactions",
    parse,
    version=4,
    formats={"csv": csv_lines},
    own_date="event_date",
)
"""Injury transactions, by season or by date."""
