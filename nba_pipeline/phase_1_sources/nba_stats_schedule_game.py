"""A game of the league's schedule as the columns of its row."""

import re
from datetime import UTC, date, datetime

from nba_pipeline.clock import EASTERN
from nba_pipeline.kernel.source import SourceFile
from nba_pipeline.league.identity import (
    COVERED_SEASON_TYPES,
    TEAM_ALIASES,
    TEAMS,
    game_code,
    season_type,
)

VERSION = 1
"""Counts the meanings of what is computed here: files parsed with it are parsed anew under a new one."""

_STATUS = {1: "scheduled", 2: "live", 3: "final"}
PLAYED = ("live", "final")
"""The statuses of games that have begun."""

_IS_POSTPONED = {"Y": True, "N": False, "A": False}
_NOT_PLAYED = re.compile(r"\s*(?:PPD|POSTPONED|CANCEL)", re.IGNORECASE)
_TIME_OF_DAY = re.compile(r"\s*\d{1,2}:\d\d\s*[AP]\.?M", re.IGNORECASE)
"""What stands beside a game that has not begun; the clock of one under way is of no half day."""
_MOST_DIGITS = 3
"""Of a score: more than any scoreboard has is no score."""


class UnknownStatus(ValueError):
    """A word of a game's status that is not known, or two that contradict each other."""


def says_not_played(text: object) -> bool:
    """Whether the words beside a status say that the game is postponed or cancelled."""
    return isinstance(text, str) and _NOT_PLAYED.match(text) is not None


def says_not_over(text: object) -> bool:
    """Whether they say that the game was not played, or when it begins."""
    is_time = isinstance(text, str) and _TIME_OF_DAY.match(text) is not None
    return is_time or says_not_played(text)


def is_score(number: float) -> bool:
    """Whether a scoreboard may have that many points."""
    return 0 <= number < 10**_MOST_DIGITS


def game_row(game: dict[str, object], number: int, file: SourceFile) -> dict[str, object]:
    """One game.

    Raises:
        KeyError, TypeError, ValueError: a field is missing or wrong.
    """
    game_id = str(game["gameId"])
    kind = season_type(game_id)
    day = day_of_game(game)
    status = _status(game)
    home, away = game["homeTeam"], game["awayTeam"]
    if not isinstance(home, dict) or not isinstance(away, dict):
        raise TypeError("homeTeam and awayTeam are not objects")
    codes = [_team(str(side["teamTricode"]), kind) for side in (home, away)]
    if codes[0] == codes[1] and kind in COVERED_SEASON_TYPES:
        raise ValueError(f"teamTricode {codes[0]!r} is of both teams")
    is_played = status in PLAYED
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
        "tipoff_at": _tipoff(game, day, is_postponed=status == "postponed"),
        "status": status,
        "is_neutral_site": _is_neutral(game),
        "is_if_necessary": _is_if_necessary(game),
        # The source says 0 for games not yet played.
        "home_score": _score("homeTeam", home) if is_played else None,
        "away_score": _score("awayTeam", away) if is_played else None,
    }


def day_of_game(game: dict[str, object]) -> date:
    """The game's date.

    Raises:
        KeyError, ValueError: there is none.
    """
    try:
        return datetime.fromisoformat(str(game["gameDateEst"])).date()
    except ValueError:
        raise ValueError(f"gameDateEst {game['gameDateEst']!r} is no date") from None


def _is_neutral(game: dict[str, object]) -> bool:
    value = game["isNeutral"]
    if not isinstance(value, bool):
        raise TypeError(f"isNeutral {value!r} is neither true nor false")
    return value


def _is_if_necessary(game: dict[str, object]) -> bool:
    """Whether the game is played only if its series needs it; false where a schedule does not say."""
    value = game.get("ifNecessary")
    # Some schedules say it in quotes.
    if value is None:
        return False
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise TypeError(f"ifNecessary {value!r} is neither true nor false")
    return value


def _score(side: str, team: dict[str, object]) -> int:
    score = team["score"]
    if isinstance(score, bool) or not isinstance(score, int) or not is_score(score):
        raise ValueError(f"{side}.score {score!r} is no number of points")
    return score


def _status(game: dict[str, object]) -> str:
    """The game's status.

    Raises:
        UnknownStatus: a word that is not known, or a text that says otherwise.
        KeyError, ValueError: a field is missing or wrong.
    """
    postponed = game["postponedStatus"]
    if not isinstance(postponed, str) or postponed not in _IS_POSTPONED:
        raise UnknownStatus(f"postponedStatus {postponed!r} is none of {', '.join(_IS_POSTPONED)}")
    text = game.get("gameStatusText")
    is_told = says_not_played(text)
    if is_told and not _IS_POSTPONED[postponed]:
        raise UnknownStatus(f"gameStatusText is {text!r}, and postponedStatus {postponed!r}")
    status = game["gameStatus"]
    if isinstance(status, bool) or not isinstance(status, int) or status not in _STATUS:
        raise ValueError(f"gameStatus {status!r} is not 1, 2 or 3")
    if not _IS_POSTPONED[postponed]:
        if _STATUS[status] == "final" and says_not_over(text):
            raise UnknownStatus(f"gameStatus is {status}, and gameStatusText {text!r}")
        return _STATUS[status]
    # A game that was played and is called postponed would be expected of nobody.
    if _STATUS[status] in PLAYED and not is_told:
        raise UnknownStatus(f"gameStatus is {status}, and postponedStatus {postponed!r}")
    return "postponed"


def _team(text: str, kind: str) -> str:
    code = TEAM_ALIASES.get(text.strip().upper(), text.strip().upper())
    if code not in TEAMS and kind in COVERED_SEASON_TYPES:
        raise ValueError(f"teamTricode {text!r} is no team")
    return code


def _tipoff(game: dict[str, object], day: date, *, is_postponed: bool) -> datetime | None:
    """Tip-off in UTC; None when the source has no time yet (it then says midnight Eastern).

    Raises:
        ValueError: it is no time, or one of another day than the game's and those beside it, which of
            a postponed game may be its old one.
    """
    text = game.get("gameDateTimeUTC")
    if not text or str(game.get("gameTimeEst", "")).endswith("T00:00:00Z"):
        return None
    try:
        moment = datetime.fromisoformat(str(text))
        # What says no zone is in the one that the field's name says, not in the machine's.
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        days = abs(moment.astimezone(EASTERN).date() - day).days
    except (ValueError, OverflowError):
        # The first and the last day of the calendar have no time in every zone.
        raise ValueError(f"gameDateTimeUTC {text!r} is no time") from None
    if days > 1 and is_postponed:
        return None
    if days > 1:
        raise ValueError(f"gameDateTimeUTC {text!r} is not of {day}, the game's date")
    return moment
