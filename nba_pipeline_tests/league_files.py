"""The landing zone's files as plain Python values: the route that owes nothing to the pipeline."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCHEDULE = "nba_stats/schedule/2023-24.json"
TEAM_LOG = "nba_stats/league_game_log/team/2023-24.json"
PLAYER_LOG = "nba_stats/league_game_log/player/2023-24.json"


def games(landing: Path) -> list[dict[str, Any]]:
    """The schedule's games, each with its date as text."""
    document = json.loads((landing / SCHEDULE).read_text())
    return [
        game | {"date": game["gameDateEst"][:10]}
        for day in document["leagueSchedule"]["gameDates"]
        for game in day["games"]
    ]


def lines(landing: Path, log: str) -> list[dict[str, Any]]:
    """The lines of a game log under their headers."""
    result = json.loads((landing / log).read_text())["resultSets"][0]
    return [dict(zip(result["headers"], line, strict=True)) for line in result["rowSet"]]


def damaged(
    landing: Path, folder: Path, log: str, change: Callable[[list[dict[str, Any]]], None]
) -> Path:
    """A copy of the landing zone in which the log's lines have been changed in place."""
    copy = folder / "landing"
    if not copy.exists():
        shutil.copytree(landing, copy)
    document = json.loads((copy / log).read_text())
    result = document["resultSets"][0]
    changed = [dict(zip(result["headers"], line, strict=True)) for line in result["rowSet"]]
    change(changed)
    result["rowSet"] = [[line[name] for name in result["headers"]] for line in changed]
    (copy / log).write_text(json.dumps(document))
    return copy
