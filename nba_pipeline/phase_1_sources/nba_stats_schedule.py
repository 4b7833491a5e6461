"""The league's schedule (scheduleLeagueV2 of stats.nba.com): every game of a season.

Required: it is what every expectation is made from, so a file that cannot be read stops the run.
"""

from datetime import UTC, datetime

import pandas as pd

from nba_pipeline.kernel.source import (
    Parsed,
    Source,
    SourceFile,
    UnknownShape,
    rejected_frame,
    rejection,
)
from nba_pipeline.league.identity import (
    COVERED_SEASON_TYPES,
    TEAM_ALIASES,
    TEAMS,
    game_code,
    season_type,
)

_STATUS = {1: "scheduled", 2: "live", 3: "final"}
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

    Raises:
        UnknownShape: the document is no schedule.
    """
    rows: list[dict[str, object]] = []
    rejected: list[dict[str, object]] = []
    seen: dict[str, dict[str, object]] = {}
    for number, game in enumerate(_games(document, file)):
        try:
            row = _row(game, number, file)
        except (KeyError, TypeError, ValueError) as error:
            text = str(game.get("gameId")) if isinstance(game, dict) else ""
            detail = f"{file.path} game {number} ({text}): {_told(error)}"
            rejected.append(rejection(file, "bad_game", detail, row_number=number, game_id=text))
            continue
        twin = seen.setdefault(str(row["game_id"]), row)
        if twin is row:
            rows.append(row)
        elif {**twin, "row_number": number} != row:
            detail = (
                f"{file.path} games {twin['row_number']} and {number} both are {row['game_id']} "
                "and differ"
            )
            rejected.append(
                rejection(
                    file,
                    "contradicting_games",
                    detail,
                    row_number=number,
                    game_id=row["game_id"],
                    game_date=row["game_date"],
                )
            )
    frame = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    return Parsed(frame, rejected_frame(rejected))


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
    day = datetime.fromisoformat(str(game["gameDateEst"])).date()
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
        "is_neutral_site": bool(game.get("isNeutral", False)),
        # The source says 0 for games not yet played.
        "home_score": int(home["score"]) if is_played else None,
        "away_score": int(away["score"]) if is_played else None,
    }


def _status(game: dict[str, object]) -> str:
    if game.get("postponedStatus") == "Y":
        return "postponed"
    try:
        return _STATUS[int(game["gameStatus"])]  # type: ignore[call-overload]
    except KeyError:
        raise ValueError(f"gameStatus {game.get('gameStatus')!r} is not 1, 2 or 3") from None


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
    return datetime.fromisoformat(str(text)).astimezone(UTC)


nba_stats_schedule = Source("nba_stats_schedule", "nba_stats/schedule", parse, is_required=True)
