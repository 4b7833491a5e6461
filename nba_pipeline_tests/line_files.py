"""Lines and transactions in a landing zone, as their sources would have put them there."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from nba_pipeline.league.identity import TEAM_NAMES
from nba_pipeline_tests.conftest import with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, games, lines

RAW = with_upstream(
    *("nbac_team_boxscore", "nbac_player_boxscore", "rejected_rows", "injury_transactions"),
    *("odds_api_player_points_props", "odds_api_game_lines", "bettingpros_player_points_props"),
)
"""The tables of them, and what they need."""


def known_game(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A game of the fourth day of a league of four teams, and a home player with games before."""
    game = games(folder)[6]
    team = game["homeTeam"]["teamTricode"]
    player = next(line for line in lines(folder, PLAYER_LOG) if line["TEAM_ABBREVIATION"] == team)
    return game, player


def day_of(game: dict[str, Any]) -> date:
    """The game's date."""
    return date.fromisoformat(game["date"])


def write_odds(
    folder: Path,
    market: str,
    game: dict[str, Any],
    taken_at: str,
    books: dict[str, dict[str, list[dict[str, Any]]]],
    **changed: object,
) -> None:
    """Writes a snapshot: bookmakers to markets to outcomes; the game begins at 23:30 UTC."""
    teams = [TEAM_NAMES[game[side]["teamTricode"]] for side in ("homeTeam", "awayTeam")]
    home, away = (" ".join(name) for name in teams)
    event = {
        "id": game["gameId"],
        "commence_time": f"{game['date']}T23:30:00Z",
        "home_team": home,
        "away_team": away,
        "bookmakers": [
            {"key": book, "markets": [{"key": k, "outcomes": v} for k, v in offered.items()]}
            for book, offered in books.items()
        ],
    } | changed
    name = taken_at.replace(":", "")
    path = folder / f"odds_api/{market}/{game['date']}/{game['gameId']}-{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"timestamp": taken_at, "data": event}))


def both_sides(
    name: str, point: float, over: float = 1.9, under: float = 1.9
) -> list[dict[str, Any]]:
    """Both sides of a player's line."""
    return [
        {"name": side, "description": name, "price": price, "point": point}
        for side, price in (("Over", over), ("Under", under))
    ]


def write_text(folder: Path, path: str, *rows: str) -> None:
    """Writes a CSV file."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text("\n".join([*rows, ""]))


def write_consensus(folder: Path, *rows: str) -> None:
    """Writes BettingPros' lines of the season."""
    head = "date,player_slug,points_line,over_odds"
    write_text(folder, "bettingpros/player_points/2023-24.csv", head, *rows)


def write_transactions(folder: Path, *rows: str) -> None:
    """Writes the season's transactions."""
    head = "Date,Team,Acquired,Relinquished,Notes"
    write_text(folder, "prosportstransactions/2023-24.csv", head, *rows)


def before(day: date, days: int = 1) -> date:
    """So many days earlier."""
    return day - timedelta(days=days)
