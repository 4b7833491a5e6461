"""Box scores of balldontlie: each player's line, with names and teams and ids of its own.

balldontlie/box_scores/<date>.json or any number of files in <date>/: of a game that several of them
have, the lines of the last one by name stand. It names no league id, and has no plus-minus; who did
not play has a line of zeros.
"""

from collections.abc import Mapping
from functools import partial

import pandas as pd

from nba_pipeline.kernel.source import Parsed, Source, SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.balldontlie_injuries import TEAM_OF_ID
from nba_pipeline.phase_1_sources.cells import (
    Offence,
    converted,
    day_of,
    lookup_of,
    of_last_file,
    scalars,
    taken,
    team_of,
    whole,
    whole_name,
)
from nba_pipeline.phase_1_sources.minutes import minutes_of
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import COUNTED
from nba_pipeline.thresholds import MOST_PLAYER_MINUTES

TYPES = {
    **dict.fromkeys(("source_file", "team_abbr", "home_team", "away_team"), "string"),
    **dict.fromkeys(("player_name", "player_lookup"), "string"),
    **dict.fromkeys(("row_number", "event_id", "team_points", "opponent_points"), "int64"),
    **dict.fromkeys(COUNTED, "int64"),
    "minutes": "float64",
    "game_date": "object",
}
"""Columns of the rows; event_id is the source's own id of the game, team_points the game's score."""

OF_LINE = {name: name for name in COUNTED} | {"tov": "turnover"}
_OF_GAME = ("id", "date", "status", "home_team_id", "visitor_team_id")
_SCORES = ("home_team_score", "visitor_team_score")
_FIELDS = {"team_abbr": "team.abbreviation", "game_id": "game.id", "player_lookup": "player"}
_WHAT = "box scores"


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per player and game; lines of games that are not over are rejected.

    Raises:
        UnknownShape: the document is no list of box scores.
    """
    raw = pd.DataFrame(_lines(document, file), columns=_columns(), dtype="object")
    cells = raw.apply(scalars).astype("object")
    team = converted(cells["team.abbreviation"], team_of)
    sides = [converted(cells[f"game.{side}_team_id"], _team) for side in ("home", "visitor")]
    scores = [whole(cells[f"game.{name}"], least=0) for name in _SCORES]
    is_home = team.eq(sides[0])
    # Of a player who did not play it says no minutes at all, or none of them.
    minutes = cells["min"].where(raw["min"].notna() & raw["min"].ne(""), 0)
    longest = MOST_PLAYER_MINUTES.value
    columns = {
        "event_id": whole(cells["game.id"], least=1),
        "game_date": converted(cells["game.date"], day_of),
        "team_abbr": team,
        "home_team": sides[0],
        "away_team": sides[1],
        "team_points": scores[0].where(is_home, scores[1]),
        "opponent_points": scores[1].where(is_home, scores[0]),
        "player_name": raw.player,
        "player_lookup": converted(raw.player, lookup_of),
        "minutes": converted(minutes, partial(minutes_of, longest=longest)).astype("float64"),
        **{name: whole(cells[field], least=0) for name, field in OF_LINE.items()},
    }
    plays = is_home | team.eq(sides[1])
    offences = [
        Offence("bad_game_id", "game.id", columns["event_id"].isna()),
        Offence("bad_date", "game.date", columns["game_date"].isna()),
        Offence("game_not_over", "game.status", cells["game.status"] != "Final"),
        Offence("unknown_team", "game.home_team_id", sides[0].isna()),
        Offence("unknown_team", "game.visitor_team_id", sides[1].isna()),
        Offence("unknown_team", "team.abbreviation", ~plays),
        Offence("bad_player", "player", columns["player_lookup"].isna()),
        Offence("bad_minutes", "min", columns["minutes"].isna()),
        *(
            Offence("bad_count", f"game.{name}", score.isna())
            for name, score in zip(_SCORES, scores, strict=True)
        ),
        *(Offence("bad_count", field, columns[name].isna()) for name, field in OF_LINE.items()),
    ]
    key = ("event_id", "team_abbr", "player_lookup")
    return taken(raw, columns, offences, TYPES, file, key=key, fields=_FIELDS)


def _columns() -> list[str]:
    game = [f"game.{name}" for name in (*_OF_GAME, *_SCORES)]
    return [*game, "team.abbreviation", "player", "min", *OF_LINE.values()]


def _lines(document: object, file: SourceFile) -> list[dict[str, object]]:
    """The list's lines, flat."""
    if document is None:
        return []
    lines = document.get("data") if isinstance(document, Mapping) else document
    if not isinstance(lines, list):
        raise UnknownShape(f"{file.path}: no {_WHAT} (no data)")
    for number, line in enumerate(lines):
        parts = [line.get(name) if isinstance(line, dict) else None for name in _PARTS]
        if not all(isinstance(part, dict) for part in parts):
            raise UnknownShape(f"{file.path}: line {number} of the {_WHAT} has not {_PARTS}")
        missing = [name for name in ("min", *OF_LINE.values()) if name not in line]
        if missing:
            raise UnknownShape(f"{file.path}: line {number} of the {_WHAT} has no {missing}")
    return [
        {
            **line,
            **{f"game.{name}": line["game"].get(name) for name in (*_OF_GAME, *_SCORES)},
            "team.abbreviation": line["team"].get("abbreviation"),
            "player": _name(line["player"]),
        }
        for line in lines
    ]


_PARTS = ("player", "team", "game")


def _team(number: object) -> str | None:
    return TEAM_OF_ID.get(number) if isinstance(number, int) else None


def _name(player: Mapping[str, object]) -> str | None:
    return whole_name(player.get("first_name"), player.get("last_name"))


balldontlie_box_scores = Source(
    "balldontlie_box_scores",
    "balldontlie/box_scores",
    parse,
    version=3,
    settle=partial(of_last_file, of=("event_id",)),
    layout="dates",
)
