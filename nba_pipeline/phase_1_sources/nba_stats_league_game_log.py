"""The league game log (leaguegamelog of stats.nba.com): one line per team or player and game.

Two sources of one shape: PlayerOrTeam=T and PlayerOrTeam=P. Players who did not play have no line.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from nba_pipeline.kernel.source import (
    REJECTED_TYPES,
    Parsed,
    Source,
    SourceFile,
    UnknownShape,
    rejected_frame,
)
from nba_pipeline.league.identity import GAME_ID, TEAM_ALIASES, TEAMS, normalise_name
from nba_pipeline.thresholds import MOST_PLAYER_MINUTES, MOST_TEAM_MINUTES

COUNTED = (
    *("fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "reb"),
    *("ast", "stl", "blk", "tov", "pf", "pts"),
)
"""Counting statistics: whole and not negative."""

_LONGEST = {"player": MOST_PLAYER_MINUTES.value, "team": MOST_TEAM_MINUTES.value}
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
    "minutes": "MIN",
    "team_abbr": "TEAM_ABBREVIATION",
    "won": "WL",
}
_WON = {"W": True, "L": False}
_PLAIN = ("string", "integer", "floating", "mixed-integer-float", "empty")
_EXACT = 2.0**53
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
    raw = _frame(document, file, needed)
    cells = raw.apply(_scalars)
    columns: dict[str, pd.Series] = {
        "game_id": cells.GAME_ID.where(cells.GAME_ID.astype(str).str.fullmatch(GAME_ID)),
        "game_date": _each(cells.GAME_DATE, _date),
        "team_abbr": _each(cells.TEAM_ABBREVIATION, _team),
        "minutes": _each(cells.MIN, partial(_minutes, longest=_LONGEST[of])).astype("float64"),
        **{name: _whole(cells[name.upper()], least=0) for name in COUNTED},
        "plus_minus": _finite(cells.PLUS_MINUS),
        "won": _each(cells.WL, lambda word: _WON.get(str(word))),
    }
    rules = {"game_id": "bad_game_id", "game_date": "bad_date", "team_abbr": "unknown_team"}
    rules |= {"minutes": "bad_minutes", **dict.fromkeys((*COUNTED, "plus_minus"), "bad_count")}
    if of == "player":
        columns["player_id"] = _whole(cells.PLAYER_ID, least=1)
        columns["player_lookup"] = _each(cells.PLAYER_NAME, _lookup)
        columns["player_name"] = cells.PLAYER_NAME.where(columns["player_lookup"].notna())
        rules |= {"player_id": "bad_player", "player_name": "bad_player"}
    bad = {name: (rule, columns[name].isna()) for name, rule in rules.items()}
    # A game under way has no winner yet; any other word is no outcome.
    bad["won"] = ("bad_outcome", columns["won"].isna() & raw.WL.notna())
    rejected = [
        _rejected(raw[mask], columns, file, rule, _FIELDS.get(name, name.upper()))
        for name, (rule, mask) in bad.items()
        if mask.any()
    ]
    good = ~np.logical_or.reduce([mask for _rule, mask in bad.values()])
    rows = pd.DataFrame(columns, index=raw.index)[good]
    again = rows[rows.duplicated(["game_id", "player_id" if of == "player" else "team_abbr"])]
    if len(again):
        key = "player_id" if of == "player" else "team_abbr"
        rejected.append(
            _rejected(
                raw.loc[again.index],
                columns,
                file,
                f"repeated_{key}",
                _FIELDS.get(key, key.upper()),
            )
        )
    rows = rows.drop(again.index).assign(source_file=file.path, row_number=lambda f: f.index)
    rows = rows[list(_TYPES[of])].astype(_TYPES[of]).reset_index(drop=True)
    return Parsed(rows, pd.concat(rejected, ignore_index=True) if rejected else rejected_frame([]))


def _rejected(
    raw: pd.DataFrame, columns: dict[str, pd.Series], file: SourceFile, rule: str, field: str
) -> pd.DataFrame:
    """One rejection per raw row, under the date, game and team that can be read of it."""
    place = raw.index
    texts = {name: raw[name].map(_text) for name in ("GAME_ID", "TEAM_ABBREVIATION")}
    value = raw[field].map(str)
    who = "(game " + texts["GAME_ID"].astype(str) + ", " + texts["TEAM_ABBREVIATION"].astype(str)
    where = f"{file.path} row " + place.astype(str).to_series(index=place) + " " + who + "): "
    told = f"{field} is " + raw[field].map(repr)
    if rule.startswith("repeated_"):
        told = f"{field} " + value + " is in the game already"
    lines = pd.DataFrame(
        {
            **dict.fromkeys(REJECTED_TYPES),
            "source_file": file.path,
            "row_number": place,
            "season": file.season,
            "game_date": columns["game_date"].loc[place],
            "game_id": texts["GAME_ID"],
            # Under the tricode that an alias means, so that the unit it belongs to is found.
            "team_abbr": columns["team_abbr"].loc[place].fillna(texts["TEAM_ABBREVIATION"]),
            "field": field,
            "value": value,
            "rule": rule,
            "detail": where + told,
        },
        index=place,
    )
    return lines.astype(REJECTED_TYPES)


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
    if not isinstance(headers, list) or not isinstance(lines, list):
        raise UnknownShape(f"{file.path}: no league game log (headers or rowSet is no list)")
    missing = [name for name in needed if headers.count(name) != 1]
    if missing:
        raise UnknownShape(f"{file.path}: no league game log of this kind (not one {missing})")
    ragged = [
        number
        for number, line in enumerate(lines)
        if not isinstance(line, list) or len(line) != len(headers)
    ]
    if ragged:
        raise UnknownShape(f"{file.path}: row {ragged[0]} has not {len(headers)} fields")
    return pd.DataFrame(lines, columns=headers, dtype="object")[list(needed)]


def _scalars(column: pd.Series) -> pd.Series:
    """The column with None for what is no text or number: true, lists and objects."""
    if infer_dtype(column, skipna=True) in _PLAIN:
        return column
    return column.map(lambda value: value if _is_plain(value) else None).astype("object")


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _each(column: pd.Series, convert: Callable[[object], object]) -> pd.Series:
    """The column with each different value converted once."""
    return column.map({value: convert(value) for value in column.unique()}).astype("object")


def _date(value: object) -> date | None:
    try:
        return datetime.fromisoformat(str(value)).date()
    except ValueError:
        return None


def _team(value: object) -> str | None:
    code = str(value).strip().upper()
    code = TEAM_ALIASES.get(code, code)
    return code if code in TEAMS else None


def _lookup(value: object) -> str | None:
    """The normalised name; None where nothing of it is a letter or digit that can be looked up."""
    return normalise_name(value) or None if isinstance(value, str) else None


def _minutes(value: object, longest: float) -> float | None:
    try:
        minutes = parse_minutes(value)
    except ValueError:
        return None
    return minutes if minutes <= longest else None


def _finite(column: pd.Series) -> pd.Series:
    """The column as numbers; NULL where it has none, or one too large to be told exactly."""
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    return numbers.where(numbers.abs() < _EXACT)


def _whole(column: pd.Series, *, least: int) -> pd.Series:
    """The column as whole numbers; NULL where it has none or less than the least."""
    numbers = _finite(column)
    return numbers.where((numbers % 1 == 0) & (numbers >= least))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


nba_stats_league_game_log_team = Source(
    "nba_stats_league_game_log_team",
    "nba_stats/league_game_log/team",
    partial(parse, of="team"),
    version=3,
)
nba_stats_league_game_log_player = Source(
    "nba_stats_league_game_log_player",
    "nba_stats/league_game_log/player",
    partial(parse, of="player"),
    version=3,
)
