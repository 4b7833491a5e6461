"""Landing files of balldontlie, the fallback for box scores, as the league's log would have them."""

import json
from pathlib import Path
from typing import Any

from nba_pipeline.phase_1_sources.balldontlie_box_scores import OF_LINE
from nba_pipeline.phase_1_sources.balldontlie_injuries import TEAM_OF_ID
from nba_pipeline_tests.league_files import PLAYER_LOG, games, lines


def of_fallback(game: dict[str, Any], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The players' lines of the log as balldontlie has them."""
    scores = {side: game[f"{side}Team"]["score"] for side in ("home", "away")}
    ids = {team: number for number, team in TEAM_OF_ID.items()}
    about = {
        "id": int(game["gameId"]),
        "date": game["date"],
        "status": "Final",
        "home_team_id": ids[game["homeTeam"]["teamTricode"]],
        "visitor_team_id": ids[game["awayTeam"]["teamTricode"]],
        "home_team_score": scores["home"],
        "visitor_team_score": scores["away"],
    }
    data = []
    for row in rows:
        first, last = row["PLAYER_NAME"].split(" ", 1)
        line = {of: row[name.upper()] for name, of in OF_LINE.items()}
        player = {"id": row["PLAYER_ID"] + 9, "first_name": first, "last_name": last}
        team = {"abbreviation": row["TEAM_ABBREVIATION"]}
        data.append(
            {"min": f"{row['MIN']}:00", **line, "player": player, "team": team, "game": about}
        )
    return data


def put_fallback(landing: Path, day: str, *parts: list[dict[str, Any]]) -> None:
    """Writes balldontlie's file of a date."""
    path = landing / f"balldontlie/box_scores/{day}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"data": [line for part in parts for line in part]}))


def put_fallback_of(landing: Path, day: str) -> None:
    """Writes balldontlie's file of all games of a date, as the log has them."""
    logged = lines(landing, PLAYER_LOG)
    of_date = [game for game in games(landing) if game["date"] == day]
    told = [
        of_fallback(game, [row for row in logged if row["GAME_ID"] == game["gameId"]])
        for game in of_date
    ]
    put_fallback(landing, day, *told)
