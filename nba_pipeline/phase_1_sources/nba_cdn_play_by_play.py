"""The league's live play by play (cdn.nba.com): every event of a game, one file per game."""

from typing import Any

import pandas as pd

from nba_pipeline.kernel.source import Parsed, Source, SourceFile, UnknownShape
from nba_pipeline.league.identity import ten_digits
from nba_pipeline.phase_1_sources.cells import (
    Offence,
    converted,
    finite,
    scalars,
    taken,
    team_of,
    unreadable,
    whole,
)
from nba_pipeline.phase_1_sources.game_clock import seconds_of
from nba_pipeline.phase_1_sources.nba_cdn_play_by_play_fetch import fetch
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule

_TYPES = {
    **dict.fromkeys(("source_file", "game_id", "team_abbr", "description"), "string"),
    **dict.fromkeys(("event_type", "event_subtype", "descriptor"), "string"),
    **dict.fromkeys(("row_number", "event_id", "period"), "int64"),
    **dict.fromkeys(("player_id", "assist_player_id", "block_player_id"), "Int64"),
    **dict.fromkeys(("is_three", "is_made"), "boolean"),
    **dict.fromkeys(("is_field_goal", "is_and_one_free_throw"), "bool"),
    **dict.fromkeys(("seconds_remaining", "shot_distance"), "float64"),
    "game_date": "object",
}
_NEEDED = ("actionNumber", "period", "clock", "actionType", "subType", "personId", "description")
_OPTIONAL = (
    *("teamTricode", "descriptor", "shotResult", "shotDistance", "assistPersonId"),
    "blockPersonId",
)
_FIELD_GOALS = {"2pt": False, "3pt": True}
_IS_MADE = {"Made": True, "Missed": False}
_ONLY_ONE = "1 of 1"


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per event. What is a shot's is NULL of any other event; nobody is NULL, not 0.

    Raises:
        UnknownShape: the document is no play by play.
    """
    raw = _events(document, file)
    cells = raw.apply(scalars)
    is_shot = cells.actionType.isin(_FIELD_GOALS)
    is_attempt = is_shot | cells.actionType.eq("freethrow")
    people = {
        name: whole(cells[name].replace(0, None), least=1)
        for name in ("personId", "assistPersonId", "blockPersonId")
    }
    columns: dict[str, pd.Series] = {
        "game_id": converted(cells.gameId, ten_digits),
        "game_date": pd.Series(file.game_date, index=raw.index, dtype="object"),
        "event_id": whole(cells.actionNumber, least=0),
        "period": whole(cells.period, least=1),
        "seconds_remaining": converted(cells.clock, seconds_of).astype("float64"),
        "event_type": cells.actionType.where(cells.actionType.astype("string").str.len() > 0),
        "event_subtype": cells.subType,
        "descriptor": cells.descriptor,
        "team_abbr": converted(cells.teamTricode, team_of),
        "player_id": people["personId"],
        "assist_player_id": people["assistPersonId"].where(is_shot),
        "block_player_id": people["blockPersonId"].where(is_shot),
        "is_field_goal": is_shot,
        "is_three": converted(cells.actionType, lambda word: _FIELD_GOALS.get(str(word))),
        "is_made": converted(cells.shotResult, lambda word: _IS_MADE.get(str(word))).where(
            is_attempt
        ),
        "is_and_one_free_throw": cells.actionType.eq("freethrow")
        & cells.subType.eq(_ONLY_ONE)
        & cells.descriptor.fillna("").eq(""),
        "shot_distance": finite(cells.shotDistance).where(is_shot),
        "description": cells.description,
    }
    bad_id = columns["game_id"].isna()
    has_team = raw.teamTricode.notna() & raw.teamTricode.ne("")
    no_distance = ~(columns["shot_distance"] >= 0)
    offences = [
        Offence("bad_game_id", "gameId", bad_id),
        Offence("other_game", "gameId", ~bad_id & (columns["game_id"] != file.game_id)),
        Offence("bad_event_id", "actionNumber", columns["event_id"].isna()),
        Offence("bad_period", "period", columns["period"].isna()),
        Offence("bad_clock", "clock", columns["seconds_remaining"].isna()),
        Offence("bad_event_type", "actionType", columns["event_type"].isna()),
        *(
            Offence("bad_event_type", name, unreadable(raw[name], cells[name]))
            for name in ("subType", "descriptor")
        ),
        Offence("unknown_team", "teamTricode", has_team & columns["team_abbr"].isna()),
        Offence("unknown_team", "teamTricode", is_shot & ~has_team),
        Offence("bad_player", "personId", is_attempt & columns["player_id"].isna()),
        *(Offence("bad_player", name, unreadable(raw[name], ids)) for name, ids in people.items()),
        Offence("bad_outcome", "shotResult", is_attempt & columns["is_made"].isna()),
        Offence("bad_distance", "shotDistance", is_shot & no_distance),
    ]
    named = {"game_id": "gameId", "team_abbr": "teamTricode", "event_id": "actionNumber"}
    key = ["game_id", "event_id"]
    return taken(raw, columns, offences, _TYPES, file, key=key, fields=named)


def _events(document: object, file: SourceFile) -> pd.DataFrame:
    """The document's actions under its own fields, each with the document's gameId."""
    if document is None:
        return pd.DataFrame(columns=["gameId", *_NEEDED, *_OPTIONAL], dtype="object")
    try:
        game: dict[str, Any] = document["game"]  # type: ignore[index]
        game_id, actions = game["gameId"], game["actions"]
    except (KeyError, TypeError) as error:
        raise UnknownShape(
            f"{file.path}: no play by play (game.gameId and game.actions not found: {error!r})"
        ) from error
    if not isinstance(actions, list) or not all(isinstance(each, dict) for each in actions):
        raise UnknownShape(f"{file.path}: no play by play (game.actions is no list of objects)")
    raw = pd.DataFrame(actions, dtype="object")
    if len(raw) and (missing := [name for name in _NEEDED if name not in raw]):
        raise UnknownShape(f"{file.path}: no play by play of this kind (no {missing})")
    raw = raw.reindex(columns=[*_NEEDED, *_OPTIONAL])
    ids = pd.Series([game_id] * len(raw), raw.index, dtype="object")
    return raw.assign(gameId=ids).astype("object").replace({float("nan"): None})


nba_cdn_play_by_play = Source(
    "nba_cdn_play_by_play",
    "nba_cdn/play_by_play",
    parse,
    version=4,
    layout="games",
    dated_by=nba_stats_schedule,
    fetch=fetch,
)
