"""Whose names are known by a date, from the sources that name players with their ids.

Sources without ids are matched to players by these names. A name counts from the date on which it
was known before tip-off, so that no later game decides whose line or injury an earlier one had.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from nba_pipeline.engine.landing import Landing
from nba_pipeline.kernel.source import Source
from nba_pipeline.league import calendar

_KEPT_AS = "known_players-2"
"""Where they are kept, and the version of how they are made."""
_KEYS = ["season", "player_id", "player_lookup", "team_abbr"]
_TYPES = {
    "season": "string",
    "player_id": "int64",
    "player_lookup": "string",
    "team_abbr": "string",
    "player_name": "string",
    "known_from": "object",
}


def known_players(
    landing: Landing, sources: Sequence[Source], seasons: Sequence[str]
) -> pd.DataFrame:
    """One row per season, player_id, player_lookup and team_abbr, with player_name and known_from.

    Each season's rows are of names seen in it or in the season before. What a game told is known
    from the day after it, what a list of players told from the list's own day.
    """
    if not seasons or not sources:
        return pd.DataFrame(columns=list(_TYPES)).astype(_TYPES)
    parts = [_known_in(landing, sources, name) for name in seasons]
    return pd.concat(parts, ignore_index=True)[list(_TYPES)].astype(_TYPES)


def contents_known(
    landing: Landing, sources: Sequence[Source], days: Sequence[date]
) -> dict[date, str]:
    """Per day, a fingerprint of the names that are known on it."""
    contents: dict[date, str] = {}
    for season in calendar.seasons_of(days):
        names = _known_in(landing, sources, season)
        dates, marks = list(names.known_from), list(names.content)
        for day in (d for d in days if calendar.season_of(d).name == season):
            place = bisect_right(dates, day)
            contents[day] = marks[place - 1] if place else ""
    return contents


def _known_in(landing: Landing, sources: Sequence[Source], season: str) -> pd.DataFrame:
    """The season's rows in the order in which they become known.

    `content` is a fingerprint of a row and of all before it.
    """
    spans = seasons_of_names(season)

    def make() -> pd.DataFrame:
        parts = [_seen(landing, source, span) for span in spans for source in sources]
        every = pd.concat(parts).assign(season=season)
        every = every.sort_values(["known_from", "player_id", "player_name"])
        names = every.groupby(_KEYS, as_index=False, dropna=False).first()
        names = names[list(_TYPES)].astype(_TYPES).sort_values(["known_from", *_KEYS])
        text = hashlib.sha256()
        contents = []
        for line in names[list(_TYPES)].itertuples(index=False):
            text.update(repr(tuple(line)).encode())
            contents.append(text.hexdigest()[:16])
        return names.assign(content=pd.Series(contents, names.index, dtype="string"))

    return landing.derived(_KEPT_AS, sources, spans, make)


def seasons_of_names(name: str) -> list[calendar.Season]:
    """The seasons whose files tell the names that are known in the season."""
    span = calendar.season(name)
    before = calendar.season_before(span)
    return [before, span] if before else [span]


def _seen(landing: Landing, source: Source, span: calendar.Season) -> pd.DataFrame:
    """The names that the source has in the season, each with the date from which it is known."""
    rows = landing.load(source, span.days()).rows
    wait = timedelta(days=0 if source.layout == "snapshots" else 1)
    keys = ["player_id", "player_lookup", "player_name", "team_abbr"]
    first = rows.groupby(keys, as_index=False, dropna=False).game_date.min()
    return first.assign(known_from=first.game_date.map(lambda day: day + wait))
