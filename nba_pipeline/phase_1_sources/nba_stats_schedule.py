"""The league's schedule (scheduleLeagueV2 of stats.nba.com): every game of a season.

Required: it is what every expectation is made from, so what cannot be read refuses its dates.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
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
from nba_pipeline.league import calendar
from nba_pipeline.league.identity import (
    COVERED_SEASON_TYPES,
    GAME_ID,
    TEAM_ALIASES,
    TEAMS,
    game_code,
    season_type,
)
from nba_pipeline.phase_1_sources.nba_stats_answers import answer

PLACE = "nba_stats/schedule"
_STATUS = {1: "scheduled", 2: "live", 3: "final"}
_STAGES = ("postponed", "scheduled", "live", "final")
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
    "home_score": "Int64",
    "away_score": "Int64",
}


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per game of the document; row_number counts games in the document's order.

    Of two versions of a game the one that is not postponed is taken.

    Raises:
        UnknownShape: the document is no schedule.
    """
    rows: dict[str, dict[str, object]] = {}
    rejected: list[dict[str, object]] = []
    for number, game in enumerate(_games(document, file)):
        try:
            row = _row(game, number, file)
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
    ordered = rows.assign(stage=rows.status.map(_STAGES.index)).sort_values("stage", kind="stable")
    return ordered.drop_duplicates("game_id", keep="last").sort_index().drop(columns="stage")


def _differences(one: dict[str, object], other: dict[str, object]) -> list[str]:
    return [name for name in one if name != "row_number" and one[name] != other[name]]


def _rejected(game: object, number: int, file: SourceFile, error: Exception) -> dict[str, object]:
    """A game that cannot be taken, under the id and date that can be read of it."""
    fields = game if isinstance(game, dict) else {}
    game_id = fields.get("gameId")
    text = game_id if isinstance(game_id, str) and re.fullmatch(GAME_ID, game_id) else None
    try:
        day = _day(fields)
    except (KeyError, ValueError):
        day = None
    detail = f"{file.path} game {number} ({game_id}): {_told(error)}"
    where = {"row_number": number, "game_id": text, "game_date": day}
    return rejection(file, "bad_game", detail, **where)


def _games(document: object, file: SourceFile) -> list[dict[str, object]]:
    """The document's games in order; none of no document."""
    if document is None:
        return []
    try:
        dates = document["leagueSchedule"]["gameDates"]  # type: ignore[index]
        return [game for day in dates for game in day["games"]]
    except (KeyError, TypeError) as error:
        raise UnknownShape(
            f"{file.path}: no schedule (leagueSchedule.gameDates[].games[] not found: {error!r})"
        ) from error


def _told(error: Exception) -> str:
    return f"no field {error}" if isinstance(error, KeyError) else str(error)


def _row(game: dict[str, object], number: int, file: SourceFile) -> dict[str, object]:
    """One game.

    Raises:
        KeyError, TypeError, ValueError: a field is missing or wrong.
    """
    game_id = str(game["gameId"])
    kind = season_type(game_id)
    day = _day(game)
    status = _status(game)
    home, away = game["homeTeam"], game["awayTeam"]
    if not isinstance(home, dict) or not isinstance(away, dict):
        raise TypeError("homeTeam and awayTeam are not objects")
    codes = [_team(str(side["teamTricode"]), kind) for side in (home, away)]
    is_played = status in ("final", "live")
    return {
        "source_file": file.path,
        "row_number": number,
        "game_id": game_id,
        "game_code": game_code(day, codes[1], codes[0]),
        "game_date": day,
        "season": file.season,
        "season_type": kind,
        "home_team": codes[0],
        "away_team": codes[1],
        "tipoff_at": _tipoff(game),
        "status": status,
        "is_neutral_site": _is_neutral(game),
        # The source says 0 for games not yet played.
        "home_score": _score("homeTeam", home) if is_played else None,
        "away_score": _score("awayTeam", away) if is_played else None,
    }


def _day(game: dict[str, object]) -> date:
    try:
        return datetime.fromisoformat(str(game["gameDateEst"])).date()
    except ValueError:
        raise ValueError(f"gameDateEst {game['gameDateEst']!r} is no date") from None


def _is_neutral(game: dict[str, object]) -> bool:
    value = game.get("isNeutral", False)
    if not isinstance(value, bool):
        raise TypeError(f"isNeutral {value!r} is neither true nor false")
    return value


def _score(side: str, team: dict[str, object]) -> int:
    score = team["score"]
    if isinstance(score, bool) or not isinstance(score, int) or score < 0:
        raise ValueError(f"{side}.score {score!r} is no number of points")
    return score


def _status(game: dict[str, object]) -> str:
    if game.get("postponedStatus") == "Y":
        return "postponed"
    status = game["gameStatus"]
    if isinstance(status, bool) or not isinstance(status, int) or status not in _STATUS:
        raise ValueError(f"gameStatus {status!r} is not 1, 2 or 3")
    return _STATUS[status]


def _team(text: str, kind: str) -> str:
    code = TEAM_ALIASES.get(text.strip().upper(), text.strip().upper())
    if code not in TEAMS and kind in COVERED_SEASON_TYPES:
        raise ValueError(f"teamTricode {text!r} is no team")
    return code


def _tipoff(game: dict[str, object]) -> datetime | None:
    """Tip-off in UTC; None when the source has no time yet (it then says midnight Eastern)."""
    text = game.get("gameDateTimeUTC")
    if not text or str(game.get("gameTimeEst", "")).endswith("T00:00:00Z"):
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise ValueError(f"gameDateTimeUTC {text!r} is no time") from None
    # What says no zone is in the one that the field's name says, not in the machine's.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


nba_stats_schedule = Source(
    "nba_stats_schedule",
    PLACE,
    parse,
    version=3,
    is_required=True,
    settle=settle,
    fetch=fetch,
)
