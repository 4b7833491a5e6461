"""The league's schedule (scheduleLeagueV2 of stats.nba.com): every game of a season.

Required: it is what every expectation is made from, so what cannot be read refuses its dates.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import pandas as pd

from nba_pipeline import clock
from nba_pipeline.kernel.fetch import Access, FetchFailed, NotYet, RemoteFile
from nba_pipeline.kernel.source import (
    Parsed,
    Source,
    SourceFile,
    UnknownShape,
    rejected_frame,
    rejection,
)
from nba_pipeline.kernel.units import is_overdue
from nba_pipeline.league import calendar
from nba_pipeline.league.identity import COVERED_SEASON_TYPES, GAME_ID
from nba_pipeline.phase_1_sources.nba_stats_answers import answer
from nba_pipeline.phase_1_sources.nba_stats_schedule_game import (
    UnknownStatus,
    day_of_game,
    game_row,
)

PLACE = "nba_stats/schedule"
_STAGES = {"postponed": 0, "scheduled": 1, "live": 2, "final": 3}
_NOT_COMPARED = ("row_number", "is_if_necessary")
"""Columns in which two versions of one game may differ: no expectation is made of them."""
_COLUMNS = {
    "source_file": "string",
    "row_number": "int64",
    "game_id": "string",
    "game_code": "string",
    "game_date": "object",
    "season": "string",
    "season_type": "string",
    "home_team": "string",
    "away_team": "string",
    "tipoff_at": "datetime64[us, UTC]",
    "status": "string",
    "is_neutral_site": "bool",
    "is_if_necessary": "bool",
    "home_score": "Int64",
    "away_score": "Int64",
}


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per game of the document; row_number counts games in the document's order.

    Of two versions of a game the one that is not postponed is taken.

    Raises:
        UnknownShape: the document is no schedule, or that of a season without any game.
    """
    rows: dict[str, dict[str, object]] = {}
    rejected: list[dict[str, object]] = []
    for number, game in enumerate(_games(document, file)):
        try:
            row = game_row(game, number, file)
        except (KeyError, TypeError, ValueError) as error:
            rejected.append(_rejected(game, number, file, error))
            continue
        twin = rows.setdefault(str(row["game_id"]), row)
        was_postponed, is_postponed = (each["status"] == "postponed" for each in (twin, row))
        if was_postponed and not is_postponed:
            rows[str(row["game_id"])] = row
        if was_postponed != is_postponed or not _differences(twin, row):
            continue
        detail = (
            f"{file.path} games {twin['row_number']} and {number} both are {row['game_id']} "
            f"and differ in {', '.join(_differences(twin, row))}"
        )
        where = {name: row[name] for name in ("game_id", "game_date")}
        rejected.append(rejection(file, "contradicting_games", detail, row_number=number, **where))
    frame = pd.DataFrame(list(rows.values()), columns=list(_COLUMNS)).astype(_COLUMNS)
    return Parsed(frame, rejected_frame(rejected))


def fetch(day: date, access: Access) -> Iterator[RemoteFile]:
    """The schedule of the day's season, between two of the coming one: every time until the season is over and all of it is final."""
    season = calendar.season_ahead(day)
    if season is None:
        return
    file = SourceFile(f"{PLACE}/{season.name}.json", season.name)
    ask = partial(answer, access, "ScheduleLeagueV2", league_id="00", season=season.name)
    yield RemoteFile(file, ask, is_settled=_is_over(season, access))


def _is_over(season: calendar.Season, access: Access) -> bool:
    """Whether the season is over, and the stored schedule has all of it as final."""
    try:
        games = access.rows(nba_stats_schedule, season.days())
    except FetchFailed:
        return False
    return clock.today() > season.last and bool(games.status.isin(("final", "postponed")).all())


def played(
    day: date, access: Access, kinds: tuple[str, ...] = COVERED_SEASON_TYPES
) -> pd.DataFrame:
    """The day's games of those kinds that are not postponed, as the stored schedule has them.

    Raises:
        FetchFailed: the stored schedule cannot be read for the day.
    """
    games = access.rows(nba_stats_schedule, [day])
    return games[games.season_type.isin(kinds) & (games.status != "postponed")]


def is_awaited(games: pd.DataFrame, day: date) -> bool:
    """Whether a game of the day is not over and may still be played, for which the others wait.

    After UNSETTLED_DAYS it is a gap, and holds up nothing.
    """
    return not games.status.eq("final").all() and not is_overdue(day)


def due(games: pd.DataFrame, day: date) -> pd.DataFrame:
    """Those of the day's games of which a source has to speak: after UNSETTLED_DAYS only the final."""
    return games[games.status == "final"] if is_overdue(day) else games


def not_over(games: pd.DataFrame) -> Iterator[NotYet]:
    """Those of the games that the stored schedule does not have as final."""
    for game in games[games.status != "final"].itertuples():
        told = f"{game.status} in the stored schedule; fetch nba_stats_schedule once it is over"
        yield NotYet(str(game.game_id), told)


@dataclass(frozen=True)
class GameOver:
    """A game of the stored schedule that is over, as a fetch needs it."""

    game_id: str
    game_code: str
    game_date: date
    season: str

    def file(self, place: str, ending: str) -> SourceFile:
        """The game's file of a source of one file per game."""
        path = f"{place}/{self.game_id}.{ending}"
        return SourceFile(path, self.season, self.game_date, game_id=self.game_id)


def games_over(day: date, access: Access) -> Iterator[GameOver | NotYet]:
    """The day's covered games that are over, then those that are waited for.

    Raises:
        FetchFailed: the stored schedule cannot be read for the day.
    """
    games = played(day, access)
    columns = ["game_id", "game_code", "game_date", "season"]
    over = games.loc[games.status == "final", columns]
    yield from (GameOver(*game) for game in over.itertuples(index=False, name=None))
    yield from not_over(games)


def settle(rows: pd.DataFrame) -> pd.DataFrame:
    """Of a game that several files of the season have, the version that is furthest along.

    A final one stands whatever other files say, a postponed one only alone; of several such, the
    later file's.
    """
    return furthest(rows, ["game_id"], _STAGES)


def furthest(rows: pd.DataFrame, of: Sequence[str], stages: Mapping[str, int]) -> pd.DataFrame:
    """Of rows that several files have, by the columns `of`, the one whose status is furthest along.

    Of several of one stage it is the later file's.
    """
    ordered = rows.assign(stage=rows.status.map(stages)).sort_values("stage", kind="stable")
    return ordered.drop_duplicates([*of], keep="last").sort_index().drop(columns="stage")


def _differences(one: dict[str, object], other: dict[str, object]) -> list[str]:
    return [name for name in one if name not in _NOT_COMPARED and one[name] != other[name]]


def _rejected(game: object, number: int, file: SourceFile, error: Exception) -> dict[str, object]:
    """A game that cannot be taken, under the id and date that can be read of it."""
    fields = game if isinstance(game, dict) else {}
    game_id = fields.get("gameId")
    text = game_id if isinstance(game_id, str) and re.fullmatch(GAME_ID, game_id) else None
    try:
        day = day_of_game(fields)
    except (KeyError, ValueError):
        day = None
    detail = f"{file.path} game {number} ({game_id}): {_told(error)}"
    where = {"row_number": number, "game_id": text, "game_date": day}
    rule = "unknown_status" if isinstance(error, UnknownStatus) else "bad_game"
    return rejection(file, rule, detail, **where)


def _games(document: object, file: SourceFile) -> list[dict[str, object]]:
    """The document's games in order; none of no document."""
    if document is None:
        return []
    try:
        dates = document["leagueSchedule"]["gameDates"]  # type: ignore[index]
        games = [game for day in dates for game in day["games"]]
    except (KeyError, TypeError) as error:
        raise UnknownShape(
            f"{file.path}: no schedule (leagueSchedule.gameDates[].games[] not found: {error!r})"
        ) from error
    if not games and file.game_date is None:
        raise UnknownShape(f"{file.path}: no schedule of a season (it has no game)")
    return games


def _told(error: Exception) -> str:
    return f"no field {error}" if isinstance(error, KeyError) else str(error)


nba_stats_schedule = Source(
    "nba_stats_schedule",
    PLACE,
    parse,
    version=8,
    is_required=True,
    settle=settle,
    fetch=fetch,
)
