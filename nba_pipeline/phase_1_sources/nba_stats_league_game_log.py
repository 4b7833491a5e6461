"""The league game log (leaguegamelog of stats.nba.com): one line per team or player and game.

Two sources of one shape: PlayerOrTeam=T and PlayerOrTeam=P. Players who did not play have no line.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from nba_pipeline.kernel.source import (
    Parsed,
    Source,
    SourceFile,
    UnknownShape,
    rejected_frame,
    rejection,
)
from nba_pipeline.league.identity import GAME_ID, TEAM_ALIASES, TEAMS, normalise_name

COUNTED = (
    *("fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "reb"),
    *("ast", "stl", "blk", "tov", "pf", "pts"),
)
"""Counting statistics: whole and not negative."""

_LONGEST = {"player": 80.0, "team": 400.0}
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
_CLOCK = re.compile(r"(?:PT)?(\d+)[:M](\d{1,2})(?:\.\d+)?S?")


def parse_minutes(value: object) -> float:
    """Minutes as a decimal, to a hundredth: 35, "35", "45:58" and "PT45M58.00S" (45.97).

    Raises:
        ValueError: anything else, negative minutes, or 60 seconds and more.
    """
    if isinstance(value, bool) or value is None:
        raise ValueError(f"{value!r} is no number of minutes")
    if isinstance(value, int | float | np.number):
        minutes = float(value)
    elif match := _CLOCK.fullmatch(str(value).strip()):
        if int(match[2]) > 59:
            raise ValueError(f"{value!r} has 60 seconds or more")
        minutes = round(int(match[1]) + int(match[2]) / 60, 2)
    else:
        try:
            minutes = float(str(value))
        except ValueError:
            raise ValueError(f"{value!r} is no number of minutes") from None
    if not 0 <= minutes < np.inf:
        raise ValueError(f"{value!r} is no number of minutes")
    return minutes


def parse(document: object, file: SourceFile, *, of: str) -> Parsed:
    """The good lines, typed, and one rejection per bad field.

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
    raw = _frame(document, file, needed)
    good = pd.Series(True, index=raw.index)
    lines: list[dict[str, object]] = []
    columns: dict[str, object] = {"source_file": file.path, "row_number": raw.index.to_numpy()}

    def take(name: str, source: str, values: pd.Series, rule: str) -> None:
        """Keeps a column; its NULLs are rejected with the text that the file has there."""
        nonlocal good
        bad = values.isna()
        good &= ~bad
        columns[name] = values
        for number in raw.index[bad]:
            row = raw.loc[number]
            day = _date(row.GAME_DATE)
            detail = (
                f"{file.path} row {number} (game {row.GAME_ID}, {row.TEAM_ABBREVIATION}): "
                f"{source} is {row[source]!r}"
            )
            lines.append(
                rejection(
                    file,
                    rule,
                    detail,
                    row_number=number,
                    game_date=day or file.game_date,
                    game_id=_text(row.GAME_ID),
                    team_abbr=_text(row.TEAM_ABBREVIATION),
                    field=source,
                    value=str(row[source]),
                )
            )

    ids = raw.GAME_ID.where(raw.GAME_ID.astype(str).str.fullmatch(GAME_ID))
    take("game_id", "GAME_ID", ids, "bad_game_id")
    take("game_date", "GAME_DATE", raw.GAME_DATE.map(_each(raw.GAME_DATE, _date)), "bad_date")
    codes = _each(raw.TEAM_ABBREVIATION, _team)
    take("team_abbr", "TEAM_ABBREVIATION", raw.TEAM_ABBREVIATION.map(codes), "unknown_team")
    minutes = raw.MIN.map(_each(raw.MIN, partial(_minutes, longest=_LONGEST[of])))
    take("minutes", "MIN", minutes.astype("float64"), "bad_minutes")
    for name in COUNTED:
        take(name, name.upper(), _whole(raw[name.upper()], least=0), "bad_count")
    # A team's is not always its margin, nor whole: the source averages its players' at times.
    take("plus_minus", "PLUS_MINUS", pd.to_numeric(raw.PLUS_MINUS, errors="coerce"), "bad_count")
    if of == "player":
        take("player_id", "PLAYER_ID", _whole(raw.PLAYER_ID, least=1), "bad_player")
        names = raw.PLAYER_NAME.where(raw.PLAYER_NAME.astype(str).str.strip() != "")
        take("player_name", "PLAYER_NAME", names, "bad_player")
        columns["player_lookup"] = raw.PLAYER_NAME.map(
            {name: normalise_name(str(name)) for name in raw.PLAYER_NAME.unique()}
        )
    columns["won"] = raw.WL.map({"W": True, "L": False})
    rows = pd.DataFrame(columns, index=raw.index)[good].reset_index(drop=True)
    return Parsed(rows.astype(_TYPES[of]), rejected_frame(lines))


def _frame(document: object, file: SourceFile, needed: Sequence[str]) -> pd.DataFrame:
    """The document's lines under its own headers; none of no document."""
    if document is None:
        return pd.DataFrame(columns=list(needed), dtype="object")
    try:
        result = document["resultSets"][0]  # type: ignore[index]
        headers, lines = result["headers"], result["rowSet"]
    except (KeyError, IndexError, TypeError) as error:
        raise UnknownShape(
            f"{file.path}: no league game log (resultSets[0].headers and .rowSet not found: "
            f"{error!r})"
        ) from error
    missing = [name for name in needed if name not in headers]
    if missing:
        raise UnknownShape(f"{file.path}: no league game log of this kind (no {missing})")
    ragged = [number for number, line in enumerate(lines) if len(line) != len(headers)]
    if ragged:
        raise UnknownShape(f"{file.path}: row {ragged[0]} has not {len(headers)} fields")
    return pd.DataFrame(lines, columns=headers, dtype="object")[list(needed)]


def _each(column: pd.Series, convert: Callable[[object], object]) -> dict[object, object]:
    """Each different value of the column converted once."""
    return {value: convert(value) for value in column.unique()}


def _date(value: object) -> object:
    try:
        return pd.Timestamp(str(value)).date()
    except ValueError:
        return None


def _team(value: object) -> str | None:
    code = str(value).strip().upper()
    code = TEAM_ALIASES.get(code, code)
    return code if code in TEAMS else None


def _minutes(value: object, longest: float) -> float | None:
    try:
        minutes = parse_minutes(value)
    except ValueError:
        return None
    return minutes if minutes <= longest else None


def _whole(column: pd.Series, *, least: int) -> pd.Series:
    """The column as whole numbers; NULL where it has none or less than the least."""
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers.where((numbers % 1 == 0) & (numbers >= least))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


nba_stats_league_game_log_team = Source(
    "nba_stats_league_game_log_team",
    "nba_stats/league_game_log/team",
    partial(parse, of="team"),
)
nba_stats_league_game_log_player = Source(
    "nba_stats_league_game_log_player",
    "nba_stats/league_game_log/player",
    partial(parse, of="player"),
)
