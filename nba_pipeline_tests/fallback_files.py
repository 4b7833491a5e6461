"""Landing files of balldontlie, the fallback for box scores."""

import json
from pathlib import Path
from typing import Any

from nba_pipeline.simulation.fallback import box_scores
from nba_pipeline_tests.league_files import PLAYER_LOG, games, lines


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
        box_scores(game, [row for row in logged if row["GAME_ID"] == game["gameId"]])
        for game in of_date
    ]
    put_fallback(landing, day, *told)
