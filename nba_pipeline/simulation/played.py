"""A season as it was played: the schedule's games and the game logs' lines."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from nba_pipeline.phase_1_sources.nba_stats_league_game_log import COUNTED
from nba_pipeline.simulation.moves import Move, dated, unplayed

_TEAM_HEADERS = [
    *("SEASON_ID", "TEAM_ID", "TEAM_ABBREVIATION", "TEAM_NAME"),
    *("GAME_ID", "GAME_DATE", "MATCHUP", "WL", "MIN"),
    *(name.upper() for name in COUNTED),
    "PLUS_MINUS",
]
HEADERS = {"team": _TEAM_HEADERS, "player": ["PLAYER_ID", "PLAYER_NAME", *_TEAM_HEADERS]}
"""The fields of a game log's rows, by kind."""
_REGULATION, _OVERTIME = 240, 25
_TIP_OFF = "T00:30:00Z"


@dataclass(frozen=True)
class Simulated:
    """A season as it was played.

    games are the schedule's entries under the dates on which they are played; lines are the game
    logs' rows, by kind (team, player).
    """

    season: str
    games: list[dict[str, Any]]
    moves: list[Move]
    lines: dict[str, list[list[object]]]


def schedule_entries(played: Simulated) -> list[dict[str, Any]]:
    """The schedule's entries at the season's end: a postponed game has one on its first date too."""
    by_id = {game["gameId"]: game for game in played.games}
    called_off = [
        unplayed(dated(by_id[move.game_id], move.first_day), is_postponed=True)
        for move in played.moves
        if move.is_postponed
    ]
    return [*played.games, *called_off]


def game_frame(played: Simulated) -> pd.DataFrame:
    """One row per game: game_id, game_date (text), home, away, tipoff_at (text, UTC), overtimes."""
    found = pd.DataFrame(
        {
            "game_id": [game["gameId"] for game in played.games],
            "game_date": [game["gameDateEst"][:10] for game in played.games],
            "home": [game["homeTeam"]["teamTricode"] for game in played.games],
            "away": [game["awayTeam"]["teamTricode"] for game in played.games],
            "home_score": [game["homeTeam"]["score"] for game in played.games],
            "away_score": [game["awayTeam"]["score"] for game in played.games],
            "tipoff_at": [game.get("gameDateTimeUTC") for game in played.games],
        }
    )
    next_day = pd.to_datetime(found.game_date) + pd.Timedelta(days=1)
    found["tipoff_at"] = found.tipoff_at.fillna(next_day.dt.strftime(f"%Y-%m-%d{_TIP_OFF}"))
    minutes = line_frame(played, "team").groupby("game_id").minutes.max()
    found["overtimes"] = ((found.game_id.map(minutes) - _REGULATION) / _OVERTIME).round()
    found["overtimes"] = found.overtimes.fillna(0).clip(lower=0).astype("int64")
    return found.sort_values(["game_date", "game_id"], ignore_index=True)


def line_frame(played: Simulated, kind: str) -> pd.DataFrame:
    """A game log's lines under names in lower case, in the order of the log."""
    frame = pd.DataFrame(played.lines[kind], columns=HEADERS[kind])
    named = {"TEAM_ABBREVIATION": "team", "MIN": "minutes"}
    return frame.rename(columns=named).rename(columns=str.lower)
