"""Box scores as balldontlie has them: the game log's lines under its own names and ids."""

from collections.abc import Mapping, Sequence
from typing import Any

from nba_pipeline.phase_1_sources.balldontlie_box_scores import OF_LINE
from nba_pipeline.phase_1_sources.balldontlie_injuries import TEAM_OF_ID
from nba_pipeline.simulation.moves import game_day, teams_of

_ID_OF_TEAM = {team: number for number, team in TEAM_OF_ID.items()}
_OWN = 9
"""Between the league's id of a player and the source's."""


def box_scores(game: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lines of the players' game log, of a game that the schedule has as final."""
    home, away = teams_of(game)
    about = {
        "id": int(game["gameId"]),
        "date": str(game_day(game)),
        "status": "Final",
        "home_team_id": _ID_OF_TEAM[home],
        "visitor_team_id": _ID_OF_TEAM[away],
        "home_team_score": game["homeTeam"]["score"],
        "visitor_team_score": game["awayTeam"]["score"],
    }
    found = []
    for line in lines:
        first, _, last = line["PLAYER_NAME"].partition(" ")
        counted = {of: line[name.upper()] for name, of in OF_LINE.items()}
        player = {"id": line["PLAYER_ID"] + _OWN, "first_name": first, "last_name": last}
        team = {"abbreviation": line["TEAM_ABBREVIATION"]}
        found.append(
            {"min": f"{line['MIN']}:00", **counted, "player": player, "team": team, "game": about}
        )
    return found
