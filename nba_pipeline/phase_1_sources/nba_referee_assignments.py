"""The referees of a day's games (get-game-officials of official.nba.com), named on its morning.

nba_referee_assignments/<date>.json or any number of files in <date>/: of a game that several of them
have, the crew of the last one by name stands.
"""

from collections.abc import Iterator
from datetime import date, datetime
from functools import partial

import pandas as pd

from nba_pipeline import clock
from nba_pipeline.kernel.fetch import Access, NotYet, RemoteFile
from nba_pipeline.kernel.source import Parsed, Source, SourceFile, UnknownShape
from nba_pipeline.kernel.units import is_overdue
from nba_pipeline.league import calendar
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.phase_1_sources.cells import (
    Offence,
    converted,
    of_last_file,
    scalars,
    taken,
    team_of,
    whole,
)
from nba_pipeline.phase_1_sources.nba_stats_schedule import (
    due,
    nba_stats_schedule,
    not_over,
    played,
)

PLACES = (1, 2, 3, 4)
"""Crew chief, referee, umpire, and the alternate, who is not named for every game."""

TYPES = {
    **dict.fromkeys(("source_file", "game_id", "home_team", "away_team"), "string"),
    **dict.fromkeys(("official_name", "jersey_number"), "string"),
    **dict.fromkeys(("row_number", "official_id", "official_position"), "int64"),
    "game_date": "object",
}
"""Columns of the rows; row_number counts a crew's places, four to a game of the document."""

_PLACE = "nba_referee_assignments"
_OF_GAME = ("game_id", "game_date", "home_team_abbr", "away_team_abbr")
_FIELDS = {"official_id": "official_code", "game_id": "game_id"}


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per official of a game; a place of the crew that is empty has none.

    Raises:
        UnknownShape: the document is no list of assignments.
    """
    raw = _places(_games(document, file))
    cells = raw.apply(scalars).astype("object")
    ids = cells.game_id.where(cells.game_id.astype(str).str.fullmatch(GAME_ID))
    names = cells.official.map(lambda name: name.strip() if isinstance(name, str) else "")
    columns = {
        "game_id": ids,
        "game_date": converted(cells.game_date, _day),
        "home_team": converted(cells.home_team_abbr, team_of),
        "away_team": converted(cells.away_team_abbr, team_of),
        "official_id": whole(cells.official_code, least=1),
        "official_name": names.where(names != ""),
        "official_position": raw.place,
        "jersey_number": cells.jersey_number.map(_number),
    }
    offences = [
        Offence("bad_game_id", "game_id", ids.isna()),
        Offence("bad_date", "game_date", columns["game_date"].isna()),
        Offence("unknown_team", "home_team_abbr", columns["home_team"].isna()),
        Offence("unknown_team", "away_team_abbr", columns["away_team"].isna()),
        Offence("bad_official", "official_code", columns["official_id"].isna()),
        Offence("bad_official", "official", columns["official_name"].isna()),
    ]
    key = ("game_id", "official_id")
    return taken(raw, columns, offences, TYPES, file, key=key, fields=_FIELDS)


def fetch(day: date, access: Access) -> Iterator[RemoteFile | NotYet]:
    """The assignments of a date: every time until days after its games, since crews change."""
    games = played(day, access)
    if games.empty:
        return
    if day > clock.today():
        yield NotYet(str(day), "crews are named on the morning of the games")
        return
    wanted = due(games, day)
    if wanted.empty:
        yield from not_over(games)
        return
    file = SourceFile(f"{_PLACE}/{day}.json", calendar.season_of(day).name, day)
    ask = partial(access.get, "nba_official", "get-game-officials", {"date": str(day)})
    # Who asks on some mornings asks before the games, and again when they are over.
    own, every = frozenset(wanted.game_id), frozenset(games.game_id)
    yield RemoteFile(file, ask, own, every, is_settled=is_overdue(day))


def _games(document: object, file: SourceFile) -> pd.DataFrame:
    """The league's games of the document under its own fields; none of no document."""
    if document is None:
        lines: object = []
    else:
        try:
            lines = document["nba"]["Table"]["rows"]  # type: ignore[index]
        except (KeyError, IndexError, TypeError) as error:
            raise UnknownShape(
                f"{file.path}: no referee assignments (nba.Table.rows not found: {error!r})"
            ) from error
    if not isinstance(lines, list):
        raise UnknownShape(f"{file.path}: no referee assignments (nba.Table.rows is no list)")
    needed = [*_OF_GAME, *(f"official{place}" for place in PLACES[:3])]
    for number, line in enumerate(lines):
        missing = [name for name in needed if not isinstance(line, dict) or name not in line]
        if missing:
            raise UnknownShape(f"{file.path}: game {number} of the assignments has no {missing}")
    columns = [f"official{place}{ending}" for place in PLACES for ending in ("", "_code", "_JNum")]
    return pd.DataFrame(lines, columns=[*_OF_GAME, *columns], dtype="object")


def _places(games: pd.DataFrame) -> pd.DataFrame:
    """One row per place of a crew that is not empty, numbered as they stand in the document."""
    parts = []
    for place in PLACES:
        own = {
            f"official{place}": "official",
            f"official{place}_code": "official_code",
            f"official{place}_JNum": "jersey_number",
        }
        part = games[[*_OF_GAME, *own]].rename(columns=own).assign(place=place)
        part.index = part.index * len(PLACES) + place - 1
        parts.append(part[part.official.notna() | part.official_code.notna()])
    return pd.concat(parts).sort_index()


def _day(value: object) -> date | None:
    try:
        return datetime.strptime(str(value), "%m/%d/%Y").date()  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        return None


def _number(value: object) -> str | None:
    text = "" if value is None else str(value).strip()
    return text or None


nba_referee_assignments = Source(
    "nba_referee_assignments",
    _PLACE,
    parse,
    version=2,
    settle=partial(of_last_file, of=("game_id",)),
    layout="dates",
    dated_by=nba_stats_schedule,
    fetch=fetch,
)
