"""What the hosts say of a date's games: scoreboards and the crews of referees."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any


def board(day: date, *told: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The scoreboard of those games of the schedule."""
    named = [
        {name: game[name] for name in ("gameId", "gameStatus", "homeTeam", "awayTeam")}
        | {"gameStatusText": game.get("gameStatusText", "")}
        | {"gameCode": f"{day:%Y%m%d}/" + "".join(_tricodes(game))}
        for game in told
    ]
    return {"scoreboard": {"gameDate": str(day), "games": named}}


def _tricodes(game: Mapping[str, Any]) -> list[str]:
    return [game[f"{side}Team"]["teamTricode"] for side in ("away", "home")]


def crews(*told: Mapping[str, Any], chief: str = "Ref 1") -> dict[str, Any]:
    """The assignments of those games of the schedule: three officials each."""
    rows = [
        {
            "game_id": game["gameId"],
            "game_date": f"{datetime.fromisoformat(game['date']):%m/%d/%Y}",
            "home_team_abbr": game["homeTeam"]["teamTricode"],
            "away_team_abbr": game["awayTeam"]["teamTricode"],
            **{f"official{place}": f"Ref {place}" for place in (2, 3)},
            "official1": chief,
            **{f"official{place}_code": place for place in (1, 2, 3)},
        }
        for game in told
    ]
    return {"nba": {"Table": {"rows": rows}}}
