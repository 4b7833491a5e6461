"""The injury list of balldontlie: who is hurt in the whole league, collected from the press.

The fallback of the official report. A file has the date on which it was taken and no time of day,
so all that is certain is that it was known when that day ended, US Eastern: it speaks of the next
day's games. Of which player's team plays then it says nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

import pandas as pd

from nba_pipeline.clock import EASTERN
from nba_pipeline.kernel.source import Parsed, Source, SourceFile, UnknownShape
from nba_pipeline.league.availability import injury_status
from nba_pipeline.phase_1_sources.cells import (
    Offence,
    converted,
    lookup_of,
    of_last_file,
    scalars,
    taken,
    whole_name,
)

TYPES = {
    **dict.fromkeys(("source_file", "team_abbr", "player_name", "player_lookup"), "string"),
    **dict.fromkeys(("status", "reason"), "string"),
    "row_number": "int64",
    "game_date": "object",
    "report_at": "datetime64[us, UTC]",
}
"""Columns of the rows; game_date is the day after the file's, whoever plays on it."""

_IN_ORDER = (
    *("ATL", "BOS", "BKN", "CHA", "CHI", "CLE", "DAL", "DEN", "DET", "GSW"),
    *("HOU", "IND", "LAC", "LAL", "MEM", "MIA", "MIL", "MIN", "NOP", "NYK"),
    *("OKC", "ORL", "PHI", "PHX", "POR", "SAC", "SAS", "TOR", "UTA", "WAS"),
)
TEAM_OF_ID = dict(enumerate(_IN_ORDER, start=1))
"""The source's team ids: the order of the teams' full names, from 1."""

_FIELDS = {"team_abbr": "team_id", "player_lookup": "name"}


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per player on the list.

    Raises:
        UnknownShape: the document is no list of injuries; one of nobody is none.
    """
    lines = _lines(document, file)
    raw = pd.DataFrame(lines, columns=["team_id", "name", "status", "description"], dtype="object")
    raw = raw.apply(scalars).astype("object")
    next_day = file.game_date and file.game_date + timedelta(days=1)
    begins = next_day and datetime.combine(next_day, time(), EASTERN).astimezone(UTC)
    columns = {
        "game_date": pd.Series(next_day, raw.index, dtype="object"),
        "report_at": pd.Series(begins, raw.index, dtype="datetime64[us, UTC]"),
        "team_abbr": converted(raw.team_id, _team),
        "player_name": raw["name"],
        "player_lookup": converted(raw["name"], lookup_of),
        "status": converted(raw.status, injury_status),
        "reason": raw.description.map(lambda text: text if isinstance(text, str) else None),
    }
    offences = [
        Offence("unknown_team", "team_id", columns["team_abbr"].isna()),
        Offence("bad_player", "name", columns["player_lookup"].isna()),
        Offence("unknown_status", "status", columns["status"].isna()),
    ]
    key = ("team_abbr", "player_lookup")
    return taken(raw, columns, offences, TYPES, file, key=key, fields=_FIELDS)


def _lines(document: object, file: SourceFile) -> list[dict[str, object]]:
    """The list's entries, flat."""
    if document is None:
        return []
    entries = document.get("data") if isinstance(document, Mapping) else document
    if not isinstance(entries, list):
        raise UnknownShape(f"{file.path}: no list of injuries (no data)")
    if not entries:
        raise UnknownShape(f"{file.path}: no list of injuries (nobody is on it)")
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("player"), dict):
            raise UnknownShape(f"{file.path}: entry {number} has no player")
    return [
        {**entry, "team_id": entry["player"].get("team_id"), "name": _name(entry["player"])}
        for entry in entries
    ]


def _team(value: object) -> str | None:
    return TEAM_OF_ID.get(value) if isinstance(value, int) else None


def _name(player: Mapping[str, object]) -> str | None:
    return whole_name(player.get("first_name"), player.get("last_name"))


balldontlie_injuries = Source(
    "balldontlie_injuries",
    "balldontlie/injuries",
    parse,
    version=4,
    # A list is whole: who is on the morning's and not on the evening's is well again.
    settle=of_last_file,
    layout="dates",
    days_after=1,
)
