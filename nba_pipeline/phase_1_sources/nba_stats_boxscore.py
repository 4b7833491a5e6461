"""A game's box score (boxscoretraditional of stats.nba.com, v2 or v3): every player and both teams.

Who was listed and did not play has a line too, with why instead of numbers.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial

import pandas as pd

from nba_pipeline.kernel.fetch import Access, NotYet, RemoteFile
from nba_pipeline.kernel.source import Parsed, Source, SourceFile, UnknownShape
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.phase_1_sources.cells import (
    Offence,
    converted,
    finite,
    lookup_of,
    scalars,
    taken,
    team_of,
    unreadable,
    whole,
    whole_name,
)
from nba_pipeline.phase_1_sources.csv_frames import FIELDS, ragged
from nba_pipeline.phase_1_sources.minutes import minutes_of
from nba_pipeline.phase_1_sources.nba_stats_answers import answer
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import COUNTED
from nba_pipeline.phase_1_sources.nba_stats_schedule import games_over, nba_stats_schedule
from nba_pipeline.phase_1_sources.result_sets import result_frame
from nba_pipeline.thresholds import MOST_PLAYER_MINUTES, MOST_TEAM_MINUTES

_PLACE = "nba_stats/boxscore"
STATUSES = ("active", "dnp")
"""Whether a listed player played; the reason says whether he did not dress or was not there."""

_TYPES = {
    **dict.fromkeys(("source_file", "game_id", "team_abbr"), "string"),
    **dict.fromkeys(("player_name", "player_lookup", "status", "dnp_reason"), "string"),
    **dict.fromkeys(("player_id", *COUNTED), "Int64"),
    **dict.fromkeys(("minutes", "plus_minus"), "float64"),
    "is_of_team": "bool",
    "is_starter": "boolean",
    "row_number": "int64",
    "game_date": "object",
}
_V2 = {
    **{name: name.upper() for name in COUNTED},
    "tov": "TO",
    "plus_minus": "PLUS_MINUS",
    "game_id": "GAME_ID",
    "team_abbr": "TEAM_ABBREVIATION",
    "minutes": "MIN",
    "player_id": "PLAYER_ID",
    "player_name": "PLAYER_NAME",
    "position": "START_POSITION",
    "comment": "COMMENT",
}
_V3 = {
    "fgm": "fieldGoalsMade",
    "fga": "fieldGoalsAttempted",
    "fg3m": "threePointersMade",
    "fg3a": "threePointersAttempted",
    "ftm": "freeThrowsMade",
    "fta": "freeThrowsAttempted",
    "oreb": "reboundsOffensive",
    "dreb": "reboundsDefensive",
    "reb": "reboundsTotal",
    "ast": "assists",
    "stl": "steals",
    "blk": "blocks",
    "tov": "turnovers",
    "pf": "foulsPersonal",
    "pts": "points",
    "plus_minus": "plusMinusPoints",
    "minutes": "minutes",
}
_V3 = {name: f"statistics.{field}" for name, field in _V3.items()} | {
    "game_id": "gameId",
    "team_abbr": "teamTricode",
    "player_id": "personId",
    "player_name": "firstName familyName",
    "position": "position",
    "comment": "comment",
}
_OF_PLAYERS = ("player_id", "player_name", "position", "comment")
_ABSENT = r"(?:DNP|DND|NWT)\b.*"
_WHAT = "box score"


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per line: all players', then both teams'; row_number counts them in this order.

    Numbers are NULL of who did not play, and so is what is a player's in a team's line.

    Raises:
        UnknownShape: the document is no box score of either version.
    """
    is_v3 = isinstance(document, dict) and "boxScoreTraditional" in document
    fields = _V3 if is_v3 else _V2
    raw = _lines_v3(document, file) if is_v3 else _lines_v2(document, file)
    cells = raw.apply(scalars)
    told = {name: cells[field] for name, field in fields.items()}
    of_team = raw.is_of_team.astype(bool)
    comment = told["comment"].fillna("").astype(str).str.strip()
    is_absent = comment.str.fullmatch(_ABSENT) & ~of_team
    minutes = [
        converted(told["minutes"], partial(minutes_of, longest=longest.value))
        for longest in (MOST_TEAM_MINUTES, MOST_PLAYER_MINUTES)
    ]
    lookups = converted(told["player_name"], lookup_of)
    columns = {
        "game_id": told["game_id"].where(told["game_id"].astype(str).str.fullmatch(GAME_ID)),
        "game_date": pd.Series(file.game_date, index=raw.index, dtype="object"),
        "team_abbr": converted(told["team_abbr"], team_of),
        "is_of_team": of_team,
        "player_id": whole(told["player_id"], least=1),
        "player_name": told["player_name"].where(lookups.notna()),
        "player_lookup": lookups,
        "status": comment.map(lambda _text: "active").where(~is_absent, "dnp").where(~of_team),
        "dnp_reason": comment.where(is_absent),
        "is_starter": (told["position"].fillna("") != "").astype("boolean").where(~of_team),
        "minutes": minutes[0].where(of_team, minutes[1]).astype("float64").where(~is_absent),
        **{name: whole(told[name], least=0).where(~is_absent) for name in COUNTED},
        "plus_minus": finite(told["plus_minus"]).where(~is_absent),
    }
    played = finite(told["pts"]).fillna(0) > 0
    bad_id = columns["game_id"].isna()
    offences = [
        ragged(raw),
        Offence("bad_game_id", fields["game_id"], bad_id),
        Offence("other_game", fields["game_id"], ~bad_id & (columns["game_id"] != file.game_id)),
        Offence("unknown_team", fields["team_abbr"], columns["team_abbr"].isna()),
        Offence("bad_player", fields["player_id"], columns["player_id"].isna() & ~of_team),
        Offence("bad_player", fields["player_name"], lookups.isna() & ~of_team),
        Offence(
            "bad_position",
            fields["position"],
            unreadable(raw[fields["position"]], told["position"]),
        ),
        Offence("unknown_comment", fields["comment"], ~is_absent & (comment != "") & ~of_team),
        Offence("scored_though_absent", fields["comment"], is_absent & played),
        Offence("bad_minutes", fields["minutes"], columns["minutes"].isna() & ~is_absent),
        *(
            Offence("bad_count", fields[name], columns[name].isna() & ~is_absent)
            for name in (*COUNTED, "plus_minus")
        ),
    ]
    columns["line"] = columns["player_id"].astype("object").where(~of_team, columns["team_abbr"])
    named = {**fields, "line": fields["player_id"]}
    return taken(raw, columns, offences, _TYPES, file, key=["line"], fields=named)


def fetch(day: date, access: Access) -> Iterator[RemoteFile | NotYet]:
    """The box score of each of the day's games that is over."""
    for game in games_over(day, access):
        if isinstance(game, NotYet):
            yield game
            continue
        ask = partial(answer, access, "BoxScoreTraditionalV3", game_id=game.game_id)
        yield RemoteFile(game.file(_PLACE, "json"), ask, frozenset([game.game_id]))


def _lines_v2(document: object, file: SourceFile) -> pd.DataFrame:
    """The lines of PlayerStats and TeamStats under the document's own fields."""
    of_team = [field for name, field in _V2.items() if name not in _OF_PLAYERS]
    parts = [
        result_frame(document, file, needed, what=_WHAT, of=of)
        for of, needed in (("PlayerStats", list(_V2.values())), ("TeamStats", of_team))
    ]
    return _one_below_the_other(*parts, fields=_V2)


def _lines_v3(document: object, file: SourceFile) -> pd.DataFrame:
    """The same of the newer document, whose players are within their teams."""
    game = document["boxScoreTraditional"]  # type: ignore[index]
    try:
        teams = [game["homeTeam"], game["awayTeam"]]
        shared = [{"gameId": game["gameId"], "teamTricode": team["teamTricode"]} for team in teams]
        players = [
            player | shared_fields
            for team, shared_fields in zip(teams, shared, strict=True)
            for player in team["players"]
        ]
        totals = [
            shared_fields | {"statistics": team["statistics"]}
            for team, shared_fields in zip(teams, shared, strict=True)
        ]
    except (KeyError, TypeError) as error:
        raise UnknownShape(
            f"{file.path}: no {_WHAT} (gameId, and homeTeam and awayTeam with teamTricode, players "
            f"and statistics, not found: {error!r})"
        ) from error
    if any(not isinstance(line.get("statistics"), dict) for line in (*players, *totals)):
        raise UnknownShape(f"{file.path}: no {_WHAT} (a line's statistics are no object)")
    parts = [pd.json_normalize(lines, max_level=1).astype("object") for lines in (players, totals)]
    parts[0] = _with_whole_names(parts[0])
    missing = [
        field
        for part, exempt in zip(parts, ((), _OF_PLAYERS), strict=True)
        for name, field in _V3.items()
        if name not in exempt and field not in part and len(part)
    ]
    if missing:
        raise UnknownShape(f"{file.path}: no {_WHAT} of this kind (no {sorted(set(missing))})")
    return _one_below_the_other(*parts, fields=_V3)


def _with_whole_names(players: pd.DataFrame) -> pd.DataFrame:
    """The players' lines with first and family name as one text; None where one is no text."""
    first, family = (
        players.get(half, pd.Series(index=players.index, dtype="object"))
        for half in _V3["player_name"].split()
    )
    names = [whole_name(*halves) for halves in zip(first, family, strict=True)]
    return players.assign(**{_V3["player_name"]: pd.Series(names, players.index, dtype="object")})


def _one_below_the_other(
    players: pd.DataFrame, teams: pd.DataFrame, *, fields: Mapping[str, str]
) -> pd.DataFrame:
    """Players' and teams' lines in one frame, with None for what a team's does not have."""
    parts = [
        part.reindex(columns=[*fields.values(), FIELDS]).assign(is_of_team=is_of_team)
        for part, is_of_team in ((players, False), (teams, True))
    ]
    return pd.concat(parts, ignore_index=True).astype("object").replace({float("nan"): None})


nba_stats_boxscore = Source(
    "nba_stats_boxscore",
    _PLACE,
    parse,
    version=3,
    layout="games",
    dated_by=nba_stats_schedule,
    fetch=fetch,
)
