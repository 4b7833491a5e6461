"""The league game log (leaguegamelog of stats.nba.com): one line per team or player and game.

Two sources of one shape: PlayerOrTeam=T and PlayerOrTeam=P. Players who did not play have no line.
"""

from collections.abc import Iterator
from datetime import date
from functools import partial

import pandas as pd

from nba_pipeline.kernel.fetch import Access, NotYet, RemoteFile
from nba_pipeline.kernel.source import Parsed, Source, SourceFile
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.phase_1_sources.cells import (
    Offence,
    converted,
    day_of,
    finite,
    lookup_of,
    scalars,
    taken,
    team_of,
    whole,
)
from nba_pipeline.phase_1_sources.csv_frames import ragged
from nba_pipeline.phase_1_sources.minutes import minutes_of
from nba_pipeline.phase_1_sources.nba_stats_dates import of_date
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule
from nba_pipeline.phase_1_sources.result_sets import result_frame
from nba_pipeline.thresholds import MOST_PLAYER_MINUTES, MOST_TEAM_MINUTES

COUNTED = (
    *("fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "reb"),
    *("ast", "stl", "blk", "tov", "pf", "pts"),
)
"""Counting statistics: whole and not negative."""

_LETTERS = {"player": "P", "team": "T"}
_PLACES = {of: f"nba_stats/league_game_log/{of}" for of in _LETTERS}
_LONGEST = {"player": MOST_PLAYER_MINUTES, "team": MOST_TEAM_MINUTES}
_TYPES = {
    "team": {
        **dict.fromkeys(("source_file", "game_id", "team_abbr"), "string"),
        **dict.fromkeys(("row_number", *COUNTED), "int64"),
        **dict.fromkeys(("minutes", "plus_minus"), "float64"),
        "game_date": "object",
        "won": "boolean",
    }
}
_TYPES["player"] = _TYPES["team"] | {
    "player_id": "int64",
    "player_name": "string",
    "player_lookup": "string",
}
_FIELDS = {
    "game_id": "GAME_ID",
    "minutes": "MIN",
    "team_abbr": "TEAM_ABBREVIATION",
    "won": "WL",
}
_WON = {"W": True, "L": False}


def parse(document: object, file: SourceFile, *, of: str) -> Parsed:
    """The good rows, typed, and one rejection per bad field; of a repeated key the first is good.

    Args:
        document: the API's answer.
        file: where it lay.
        of: "team" or "player".

    Raises:
        UnknownShape: the document is no league game log of that kind.
    """
    needed = [
        *("GAME_ID", "GAME_DATE", "TEAM_ABBREVIATION", "MIN", "WL", "PLUS_MINUS"),
        *(name.upper() for name in COUNTED),
        *(("PLAYER_ID", "PLAYER_NAME") if of == "player" else ()),
    ]
    raw = result_frame(document, file, needed, what="league game log")
    cells = raw.apply(scalars)
    columns: dict[str, pd.Series] = {
        "game_id": cells.GAME_ID.where(cells.GAME_ID.astype(str).str.fullmatch(GAME_ID)),
        "game_date": converted(cells.GAME_DATE, day_of),
        "team_abbr": converted(cells.TEAM_ABBREVIATION, team_of),
        "minutes": converted(cells.MIN, partial(minutes_of, longest=_LONGEST[of].value)).astype(
            "float64"
        ),
        **{name: whole(cells[name.upper()], least=0) for name in COUNTED},
        "plus_minus": finite(cells.PLUS_MINUS),
        "won": converted(cells.WL, lambda word: _WON.get(str(word))),
    }
    rules = {"game_id": "bad_game_id", "game_date": "bad_date", "team_abbr": "unknown_team"}
    rules |= {"minutes": "bad_minutes", **dict.fromkeys((*COUNTED, "plus_minus"), "bad_count")}
    if of == "player":
        columns["player_id"] = whole(cells.PLAYER_ID, least=1)
        columns["player_lookup"] = converted(cells.PLAYER_NAME, lookup_of)
        columns["player_name"] = cells.PLAYER_NAME.where(columns["player_lookup"].notna())
        rules |= {"player_id": "bad_player", "player_name": "bad_player"}
    offences = [
        Offence(rule, _FIELDS.get(name, name.upper()), columns[name].isna())
        for name, rule in rules.items()
    ]
    # A game under way has no winner yet; any other word is no outcome.
    offences.append(Offence("bad_outcome", "WL", columns["won"].isna() & raw.WL.notna()))
    offences.append(ragged(raw))
    key = "player_id" if of == "player" else "team_abbr"
    return taken(raw, columns, offences, _TYPES[of], file, key=["game_id", key], fields=_FIELDS)


def fetch(day: date, access: Access, *, of: str) -> Iterator[RemoteFile | NotYet]:
    """The log of one date, once all its games are over; the log never has a cup final."""
    yield from of_date(
        day,
        access,
        _PLACES[of],
        "LeagueGameLog",
        ended=lambda rows: rows.won.notna(),
        player_or_team_abbreviation=_LETTERS[of],
    )


nba_stats_league_game_log_team = Source(
    "nba_stats_league_game_log_team",
    _PLACES["team"],
    partial(parse, of="team"),
    version=5,
    dated_by=nba_stats_schedule,
    fetch=partial(fetch, of="team"),
)
nba_stats_league_game_log_player = Source(
    "nba_stats_league_game_log_player",
    _PLACES["player"],
    partial(parse, of="player"),
    version=5,
    dated_by=nba_stats_schedule,
    fetch=partial(fetch, of="player"),
)
