"""BigDataBall's play by play: CSV files of one game each, or of a whole day.

Players have names, or, in files since October 2024, names with the league's id glued in front:
"Jalen Johnson" and "1630552jalenjohnson". Games have ids with and without leading zeros, or codes
of date and teams, whose order says nothing of who is at home: only the schedule knows those.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime

import pandas as pd

from nba_pipeline.kernel.formats import csv_lines
from nba_pipeline.kernel.source import Parsed, Source, SourceFile
from nba_pipeline.league.identity import ten_digits
from nba_pipeline.phase_1_sources.bigdataball_fetch import fetch
from nba_pipeline.phase_1_sources.cells import (
    Offence,
    converted,
    day_of,
    finite,
    lookup_of,
    repeated,
    taken,
    team_of,
    whole,
)
from nba_pipeline.phase_1_sources.csv_frames import FIELDS, csv_frame, ragged
from nba_pipeline.phase_1_sources.game_clock import seconds_of

PEOPLE = ("player", "assist", "block")
"""Who shot or did what else the event is, who passed, who blocked."""

_TYPES = {
    **dict.fromkeys(("source_file", "game_id", "game_teams", "event_team"), "string"),
    **dict.fromkeys(("event_type", "event_subtype", "description"), "string"),
    **dict.fromkeys((f"{who}_lookup" for who in PEOPLE), "string"),
    **dict.fromkeys((f"{who}_told_id" for who in PEOPLE), "Int64"),
    **dict.fromkeys(("row_number", "event_id", "period"), "int64"),
    **dict.fromkeys(("is_three", "is_made"), "boolean"),
    **dict.fromkeys(("is_field_goal", "is_and_one_free_throw"), "bool"),
    **dict.fromkeys(("seconds_remaining", "shot_distance"), "float64"),
    "game_date": "object",
}
_NEEDED = (
    *("game_id", "date", "period", "remaining_time", "play_id", "team", "event_type"),
    *PEOPLE,
    *("result", "type", "shot_distance", "description"),
)
_SHOTS = ("shot", "miss")
_THREE = "3pt"
_KINDS_OF_SHOT = "3pt|shot|layup|dunk|jumper|fadeaway|hook|tip|putback|bank|roll"
_FREE_THROW = "free throw"
_ONLY_ONE = r"free throw 1 ?(?:/|of) ?1"
_IS_MADE = {"made": True, "missed": False}
_DATES = ("%m/%d/%Y", "%Y%m%d")
_GLUED = re.compile(r"(\d+)([^\d\s].*)")
_CODES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(\d{8})[_-]?([A-Z]{3})([A-Z]{3})",
        r"(\d{8})[_-]?([A-Z]{2,4})[_@-]([A-Z]{2,4})",
    )
)


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per event; game_teams are the two teams of a code, where game_id is none.

    The date is the file's; of a file that is not known to be of one, it is what the row says.

    What is a shot's is NULL of any other event. A player's told_id is the id in front of his name.

    Raises:
        UnknownShape: a needed column is missing.
    """
    raw = _lines(document, file)
    days = converted(raw.date, _day)
    codes = converted(raw.game_id, lambda text: _code_of(text, file.game_date))
    kind = raw.event_type.str.lower()
    subtype = raw.type.str.lower()
    is_shot = kind.isin(_SHOTS)
    is_three, is_told_three = (
        told.str.contains(_THREE, regex=False).astype("bool")
        for told in (subtype, raw.description.str.lower())
    )
    is_kind_of_shot = subtype.str.contains(_KINDS_OF_SHOT).astype("bool")
    is_attempt = is_shot | kind.eq(_FREE_THROW)
    columns: dict[str, pd.Series] = {
        "row_number": raw.index.to_series(),
        "game_id": converted(raw.game_id, ten_digits),
        "game_teams": codes,
        "game_date": days if file.game_date is None else _all_of(file.game_date, raw),
        "event_id": whole(raw.play_id, least=0),
        "period": whole(raw.period, least=1),
        "seconds_remaining": converted(raw.remaining_time, seconds_of).astype("float64"),
        "event_type": kind.mask(kind.eq("miss"), "shot"),
        "event_subtype": subtype,
        "event_team": converted(raw.team, team_of),
        **{f"{who}_lookup": converted(raw[who], _lookup) for who in PEOPLE},
        **{f"{who}_told_id": whole(converted(raw[who], _told_id), least=1) for who in PEOPLE},
        "is_field_goal": is_shot,
        "is_three": is_three.astype("boolean").where(is_shot),
        "is_made": converted(raw.result.str.lower(), lambda word: _IS_MADE.get(str(word))).where(
            is_attempt
        ),
        "is_and_one_free_throw": kind.eq(_FREE_THROW) & subtype.str.fullmatch(_ONLY_ONE),
        "shot_distance": finite(raw.shot_distance).where(is_shot),
        "description": raw.description,
    }
    game = columns["game_id"].fillna(codes)
    again = repeated(raw.assign(game=game, event=columns["event_id"]), ["game", "event"])
    offences = [
        ragged(raw),
        Offence("bad_game_id", "game_id", game.isna()),
        Offence("bad_date", "date", days.isna()),
        Offence("other_date", "date", days.notna() & (days != columns["game_date"])),
        Offence("bad_event_id", "play_id", columns["event_id"].isna()),
        Offence("repeated_event_id", "play_id", again & columns["event_id"].notna()),
        Offence("bad_period", "period", columns["period"].isna()),
        Offence("bad_clock", "remaining_time", columns["seconds_remaining"].isna()),
        Offence("unknown_team", "team", raw.team.ne("") & columns["event_team"].isna()),
        Offence("unknown_team", "team", is_attempt & raw.team.eq("")),
        *(
            Offence("bad_player", who, raw[who].ne("") & columns[f"{who}_lookup"].isna())
            for who in PEOPLE
        ),
        Offence("bad_player", "player", is_attempt & raw.player.eq("")),
        Offence("bad_shot_type", "type", is_shot & ~is_kind_of_shot),
        Offence("bad_shot_type", "type", is_shot & is_told_three & ~is_three),
        Offence("bad_outcome", "result", is_attempt & columns["is_made"].isna()),
        Offence("bad_distance", "shot_distance", is_shot & ~(columns["shot_distance"] >= 0)),
    ]
    named = {"game_id": "game_id"}
    return taken(raw, columns, offences, _TYPES, file, key=["row_number"], fields=named)


def _lines(document: object, file: SourceFile) -> pd.DataFrame:
    """The lines' needed cells as texts, empty where the line has none; and FIELDS."""
    raw = csv_frame(document, file, _NEEDED, what="play by play of BigDataBall")
    texts = raw[list(_NEEDED)].fillna("").astype("string")
    return texts.assign(**{FIELDS: raw[FIELDS]})


def _all_of(day: date, raw: pd.DataFrame) -> pd.Series:
    return pd.Series(day, index=raw.index, dtype="object")


def _code_of(text: object, day: date | None) -> str | None:
    """The code's two teams in order of name, "IND_OKC"; None where it is none of that day, if any."""
    matches: Iterable[re.Match[str] | None] = (code.fullmatch(str(text)) for code in _CODES)
    for match in filter(None, matches):
        teams = sorted(filter(None, map(team_of, match.groups()[1:])))
        if len(set(teams)) > 1 and day in (None, _day(match[1])):
            return "_".join(teams)
    return None


def _day(text: object) -> date | None:
    """The day of an ISO date, or of month, day and year."""
    for form in _DATES:
        try:
            return datetime.strptime(str(text), form).date()  # noqa: DTZ007
        except ValueError:
            continue
    return day_of(text)


def _told_id(text: object) -> float | None:
    match = _GLUED.fullmatch(str(text))
    return float(match[1]) if match else None


def _lookup(text: object) -> str | None:
    match = _GLUED.fullmatch(str(text))
    return lookup_of(match[2] if match else text)


bigdataball = Source(
    "bigdataball",
    "bigdataball",
    parse,
    version=3,
    layout="dates",
    formats={"csv": csv_lines},
    fetch=fetch,
)
