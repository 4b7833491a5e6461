"""Box scores of games in the source's own shapes, made from what the game logs say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, lines

_COUNTS = {
    "FGM": "fieldGoalsMade",
    "FGA": "fieldGoalsAttempted",
    "FG3M": "threePointersMade",
    "FG3A": "threePointersAttempted",
    "FTM": "freeThrowsMade",
    "FTA": "freeThrowsAttempted",
    "OREB": "reboundsOffensive",
    "DREB": "reboundsDefensive",
    "REB": "reboundsTotal",
    "AST": "assists",
    "STL": "steals",
    "BLK": "blocks",
    "TO": "turnovers",
    "PF": "foulsPersonal",
    "PTS": "points",
    "PLUS_MINUS": "plusMinusPoints",
}
_TEAM = ["GAME_ID", "TEAM_ABBREVIATION", "MIN", *_COUNTS]
_PLAYER = [*_TEAM, "PLAYER_ID", "PLAYER_NAME", "START_POSITION", "COMMENT"]

Line = dict[str, Any]
Change = Callable[[dict[str, list[Line]]], None]


def box_score(
    landing: Path, game_id: str, *, like: str | None = None, change: Change | None = None
) -> dict[str, Any]:
    """The box score of a game as boxscoretraditional v2 has it, from the game logs' lines.

    Args:
        landing: the landing zone of the logs.
        game_id: the game.
        like: the game whose lines it has, where the logs have none of its own.
        change: edits the lines of `players` and `teams`.
    """
    of_game = like or game_id
    teams, players = (
        [
            line | {"GAME_ID": game_id, "TO": line["TOV"], "MIN": f"{line['MIN']}:00"}
            for line in lines(landing, log)
            if line["GAME_ID"] == of_game
        ]
        for log in (TEAM_LOG, PLAYER_LOG)
    )
    players = [line | {"START_POSITION": "", "COMMENT": ""} for line in players]
    if change:
        change({"players": players, "teams": teams})
    return {
        "resource": "boxscore",
        "resultSets": [_set("PlayerStats", _PLAYER, players), _set("TeamStats", _TEAM, teams)],
    }


def as_v3(document: dict[str, Any]) -> dict[str, Any]:
    """The same box score as boxscoretraditional v3 has it: players within the two teams."""
    players, teams = (
        [dict(zip(part["headers"], line, strict=True)) for line in part["rowSet"]]
        for part in document["resultSets"][:2]
    )
    home, away = (
        {
            "teamTricode": team["TEAM_ABBREVIATION"],
            "statistics": _statistics(team),
            "players": [
                {
                    "personId": player["PLAYER_ID"],
                    "firstName": player["PLAYER_NAME"].split(" ", 1)[0],
                    "familyName": player["PLAYER_NAME"].split(" ", 1)[1],
                    "position": player["START_POSITION"],
                    "comment": player["COMMENT"],
                    "statistics": _statistics(player),
                }
                for player in players
                if player["TEAM_ABBREVIATION"] == team["TEAM_ABBREVIATION"]
            ],
        }
        for team in teams
    )
    game = {"gameId": teams[0]["GAME_ID"], "homeTeam": home, "awayTeam": away}
    return {"meta": {"version": 1}, "boxScoreTraditional": game}


def put(landing: Path, document: dict[str, Any]) -> Path:
    """Writes a box score to its place in the landing zone."""
    if "boxScoreTraditional" in document:
        game_id = document["boxScoreTraditional"]["gameId"]
    else:
        teams = document["resultSets"][1]
        game_id = teams["rowSet"][0][teams["headers"].index("GAME_ID")]
    path = landing / f"nba_stats/boxscore/{game_id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def _set(name: str, headers: list[str], rows: list[Line]) -> dict[str, Any]:
    return {
        "name": name,
        "headers": headers,
        "rowSet": [[row[header] for header in headers] for row in rows],
    }


def _statistics(line: Line) -> dict[str, Any]:
    """v3 gives who did not play zeros, and no minutes."""
    if line["MIN"] is None:
        return {"minutes": "", **dict.fromkeys(_COUNTS.values(), 0)}
    clock = "PT{}M{}.00S".format(*line["MIN"].split(":"))
    return {"minutes": clock, **{new: line[old] for old, new in _COUNTS.items()}}
