"""The landing zone's files as plain Python values: the route that owes nothing to the pipeline."""

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCHEDULE = "nba_stats/schedule/2023-24.json"
TEAM_LOG = "nba_stats/league_game_log/team/2023-24.json"
PLAYER_LOG = "nba_stats/league_game_log/player/2023-24.json"
SHOT_CHART = "nba_stats/shot_chart_detail/2023-24.json"


def games(landing: Path) -> list[dict[str, Any]]:
    """The schedule's games, each with its date as text."""
    document = _document(_file(landing, SCHEDULE))
    return [
        game | {"date": game["gameDateEst"][:10]}
        for day in document["leagueSchedule"]["gameDates"]
        for game in day["games"]
    ]


def lines(landing: Path, log: str) -> list[dict[str, Any]]:
    """The lines of a game log under their headers."""
    result = _document(_file(landing, log))["resultSets"][0]
    return [dict(zip(result["headers"], line, strict=True)) for line in result["rowSet"]]


def change_games(landing: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes each game of the landing zone's schedule in place."""
    path = landing / SCHEDULE
    document = json.loads(path.read_text())
    for played_on in document["leagueSchedule"]["gameDates"]:
        for game in played_on["games"]:
            change(game)
    path.write_text(json.dumps(document))


def damaged(
    landing: Path, folder: Path, log: str, change: Callable[[list[dict[str, Any]]], None]
) -> Path:
    """A copy of the landing zone in which the log's lines have been changed in place."""
    copy = folder / "landing"
    if not copy.exists():
        shutil.copytree(landing, copy)
    path = _file(copy, log)
    document = _document(path)
    result = document["resultSets"][0]
    changed = [dict(zip(result["headers"], line, strict=True)) for line in result["rowSet"]]
    change(changed)
    result["rowSet"] = [[line[name] for name in result["headers"]] for line in changed]
    text = json.dumps(document).encode()
    path.write_bytes(gzip.compress(text, 1) if path.suffix == ".gz" else text)
    return copy


def _file(landing: Path, name: str) -> Path:
    """The file, gzipped or not."""
    return landing / name if (landing / name).exists() else landing / f"{name}.gz"


def _document(path: Path) -> Any:
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
