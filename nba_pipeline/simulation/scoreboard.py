"""What the league's hosts say of a date's games: the scoreboard, and the crews of referees."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from nba_pipeline.simulation.moves import game_day, teams_of

_OFFICIALS = 24
_APART = 7
"""Between the numbers of one crew's officials, so that games that follow have other crews."""


def board(day: date, *told: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The scoreboard of those of the schedule's entries."""
    games = []
    for game in told:
        home, away = teams_of(game)
        is_postponed = game.get("postponedStatus") == "Y"
        games.append(
            {name: game[name] for name in ("gameId", "gameStatus", "homeTeam", "awayTeam")}
            | {"gameStatusText": "PPD" if is_postponed else game.get("gameStatusText", "")}
            | {"gameCode": f"{day:%Y%m%d}/{away}{home}"}
        )
    return {"scoreboard": {"gameDate": str(day), "games": games}}


def crews(*told: Mapping[str, Any], chief: str = "") -> dict[str, Any]:
    """The assignments of those of the schedule's entries: three officials each.

    Args:
        told: the entries.
        chief: who is crew chief of all of them, if it is not who would be by the game's number.
    """
    rows = []
    for game in told:
        home, away = teams_of(game)
        numbers = [(int(game["gameId"]) + _APART * place) % _OFFICIALS for place in range(3)]
        names = [f"Referee {chr(65 + number)}" for number in numbers]
        row = {
            "game_id": game["gameId"],
            "game_date": f"{game_day(game):%m/%d/%Y}",
            "home_team_abbr": home,
            "away_team_abbr": away,
        }
        for place, (number, name) in enumerate(zip(numbers, names, strict=True), start=1):
            row |= {f"official{place}": name, f"official{place}_code": number + 1}
        rows.append(row | ({"official1": chief} if chief else {}))
    return {"nba": {"Table": {"rows": rows}}}
