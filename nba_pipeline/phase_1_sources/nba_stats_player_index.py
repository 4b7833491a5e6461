"""The league's list of players (playerindex or commonallplayers of stats.nba.com).

A snapshot: who the players are and which team each is with, from its date until the next one's.
"""

from collections.abc import Iterator
from datetime import date
from functools import partial

import pandas as pd

from nba_pipeline import clock
from nba_pipeline.kernel.fetch import Access, NotYet, RemoteFile
from nba_pipeline.kernel.source import Parsed, Source, SourceFile, UnknownShape
from nba_pipeline.league import calendar
from nba_pipeline.phase_1_sources.cells import (
    Offence,
    converted,
    lookup_of,
    scalars,
    taken,
    team_of,
    whole,
    whole_name,
)
from nba_pipeline.phase_1_sources.csv_frames import ragged
from nba_pipeline.phase_1_sources.nba_stats_answers import answer
from nba_pipeline.phase_1_sources.result_sets import result_frame

POSITIONS = ("G", "G-F", "F-G", "F", "F-C", "C-F", "C")
"""What a position may be; of two the first is the one that he plays more."""

_TYPES = {
    **dict.fromkeys(("source_file", "player_name", "player_lookup"), "string"),
    **dict.fromkeys(("team_abbr", "position"), "string"),
    **dict.fromkeys(("row_number", "player_id"), "int64"),
    "game_date": "object",
}
_PLACE = "nba_stats/player_index"
_SHARED = ["PERSON_ID", "TEAM_ID", "TEAM_ABBREVIATION"]


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per player; his team is NULL where he has none, or one that is no more.

    commonallplayers tells no positions.

    Raises:
        UnknownShape: the document is no list of players.
    """
    raw = _frame(document, file)
    cells = raw.apply(scalars)
    # A player without a team has 0 and an empty tricode.
    has_team = ~(cells.TEAM_ID.isin([0, "0"]) | (cells.IS_DEFUNCT == 1))
    lookups = converted(cells.PLAYER_NAME, lookup_of)
    columns = {
        "game_date": pd.Series(file.game_date, index=raw.index, dtype="object"),
        "player_id": whole(cells.PERSON_ID, least=1),
        "player_name": cells.PLAYER_NAME.where(lookups.notna()),
        "player_lookup": lookups,
        "team_abbr": converted(cells.TEAM_ABBREVIATION, team_of).where(has_team),
        "position": cells.POSITION.where(cells.POSITION.isin(POSITIONS)),
    }
    said = raw.POSITION.notna() & raw.POSITION.ne("")
    offences = [
        ragged(raw),
        Offence("bad_player", "PERSON_ID", columns["player_id"].isna()),
        Offence("bad_player", "PLAYER_NAME", lookups.isna()),
        Offence("unknown_team", "TEAM_ABBREVIATION", has_team & columns["team_abbr"].isna()),
        Offence("unknown_position", "POSITION", columns["position"].isna() & said),
    ]
    fields = {"player_id": "PERSON_ID", "team_abbr": "TEAM_ABBREVIATION"}
    return taken(raw, columns, offences, _TYPES, file, key=["player_id"], fields=fields)


def fetch(day: date, access: Access) -> Iterator[RemoteFile | NotYet]:
    """Today's list. Nobody can have that of an earlier date: it keeps the list in force before it."""
    if day > clock.today():
        yield NotYet(str(day), "a list of players can be had on its own day")
    elif day == clock.today() and (season := calendar.season_ahead(day)):
        file = SourceFile(f"{_PLACE}/{day}.json", season.name, day)
        yield RemoteFile(file, partial(answer, access, "PlayerIndex", season=season.name))


def _frame(document: object, file: SourceFile) -> pd.DataFrame:
    """The document's lines, whichever of the two lists it is, with PLAYER_NAME as one text."""
    what = "list of players"
    parts = ["PLAYER_FIRST_NAME", "PLAYER_LAST_NAME"]
    more = ["IS_DEFUNCT", "POSITION"]
    try:
        raw = result_frame(document, file, [*_SHARED, *parts], what=what, optional=more)
    except UnknownShape:
        raw = result_frame(
            document, file, [*_SHARED, "DISPLAY_FIRST_LAST"], what=what, optional=more
        )
        return raw.rename(columns={"DISPLAY_FIRST_LAST": "PLAYER_NAME"})
    pairs = zip(raw[parts[0]], raw[parts[1]], strict=True)
    # Who has but one name has an empty one beside it.
    names = [whole_name(first, last) for first, last in pairs]
    return raw.assign(PLAYER_NAME=pd.Series(names, raw.index, dtype="object"))


nba_stats_player_index = Source(
    "nba_stats_player_index",
    _PLACE,
    parse,
    version=3,
    layout="snapshots",
    fetch=fetch,
)
