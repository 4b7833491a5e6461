"""The Odds API's answers: each game's event with its books, in the morning and before tip-off.

The median of the books' main lines is the true line. One book lists alternates; one has prices that
are none.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from nba_pipeline.league.identity import TEAM_NAMES
from nba_pipeline.simulation import names

BOOKS = {
    "betmgm": ("BetMGM", 1.0),
    "betonlineag": ("BetOnline.ag", -1.0),
    "betrivers": ("BetRivers", 0.0),
    "draftkings": ("DraftKings", 0.0),
    "fanduel": ("FanDuel", 0.0),
}
"""A book's key to its title, and by how much its line is off the true one."""
ALTERNATES, ABSURD = "betrivers", "bovada"
"""The book with many points per player, and the one whose prices are impossible."""
ABSURD_PRICE = -50.0
"""Neither an american price (100 or more either way) nor a decimal one (above 1)."""
_OVER_BY_STEP = {-3: -345, -2: -250, -1: -165, 0: -112, 1: 130, 2: 175, 3: 240}
_BEFORE_TIP_OFF = timedelta(minutes=30)
_MORNING = "T13:30:00Z"


def event_id(game_id: str) -> str:
    """The source's id of the game: 32 hexadecimal digits."""
    return hashlib.md5(game_id.encode(), usedforsecurity=False).hexdigest()


def taken_at(day: str, tipoff_at: str, *, is_closing: bool) -> str:
    """When a snapshot is taken, UTC: at 13:30 of the day, or half an hour before tip-off."""
    if not is_closing:
        return f"{day}{_MORNING}"
    return f"{datetime.fromisoformat(tipoff_at) - _BEFORE_TIP_OFF:%Y-%m-%dT%H:%M:%SZ}"


def points_event(
    game: Mapping[str, Any], lines: pd.DataFrame, *, is_closing: bool, with_absurd: bool = True
) -> dict[str, Any]:
    """An event with the market player_points.

    Args:
        game: a row of the games' frame.
        lines: those of the game.
        is_closing: whether it is the snapshot before tip-off.
        with_absurd: whether the book with impossible prices is there.
    """
    at = taken_at(game["game_date"], game["tipoff_at"], is_closing=is_closing)
    offered = lines[lines.is_closed] if is_closing else lines
    line = offered.line if is_closing else offered.opening_line
    under_odds = np.where(offered.over_odds > 0, -offered.over_odds - 20, -230 - offered.over_odds)
    # No price lies between -100 and 100.
    under_odds = np.where(np.abs(under_odds) < 100, 100, under_odds)
    books = []
    for key, (title, offset) in BOOKS.items() if len(offered) else ():
        named = [names.at_bookmaker(name, key) for name in offered.player_name]
        if key == ALTERNATES:
            outcomes = _alternates(named, line.tolist())
        else:
            points = (line + offset).tolist()
            outcomes = _outcomes("Over", named, offered.over_odds.tolist(), points)
            outcomes += _outcomes("Under", named, under_odds.tolist(), points)
        books.append(_book(key, title, at, {"player_points": outcomes}))
    if with_absurd and len(offered):
        named = offered.player_name.map(names.folded).tolist()
        prices = [ABSURD_PRICE] * len(named)
        outcomes = _outcomes("Over", named, prices, line.tolist())
        outcomes += _outcomes("Under", named, prices, line.tolist())
        books.append(_book(ABSURD, "Bovada", at, {"player_points": outcomes}))
    return _event(game, at, books)


def _outcomes(
    side: str, named: Sequence[str], prices: Sequence[float], points: Sequence[float]
) -> list[dict[str, Any]]:
    return [
        {"name": side, "description": name, "price": float(price), "point": float(point)}
        for name, price, point in zip(named, prices, points, strict=True)
    ]


def _alternates(named: Sequence[str], lines: Sequence[float]) -> list[dict[str, Any]]:
    """Many points per player; the prices of his line are the nearest to even."""
    count = len(_OVER_BY_STEP)
    players = [name for name in named for _ in range(count)]
    points = [line + step for line in lines for step in _OVER_BY_STEP]
    overs = list(_OVER_BY_STEP.values()) * len(named)
    unders = [_OVER_BY_STEP[-step] for step in _OVER_BY_STEP] * len(named)
    return _outcomes("Over", players, overs, points) + _outcomes("Under", players, unders, points)


def game_event(game: Mapping[str, Any], *, is_closing: bool) -> dict[str, Any]:
    """An event with the markets h2h, spreads and totals; prices are american."""
    at = taken_at(game["game_date"], game["tipoff_at"], is_closing=is_closing)
    home, away = (" ".join(TEAM_NAMES[game[side]]) for side in ("home", "away"))
    spread, total = float(game["spread"]), float(game["total"])
    # A point of the spread is worth about twelve of the favourite's price.
    favourite = -110.0 - 12 * abs(spread)
    underdog = max(100.0, -favourite - 25)
    wins = (favourite, underdog) if spread < 0 else (underdog, favourite)
    markets = {
        "h2h": [{"name": home, "price": wins[0]}, {"name": away, "price": wins[1]}],
        "spreads": [
            {"name": home, "price": -110.0, "point": spread},
            {"name": away, "price": -110.0, "point": -spread},
        ],
        "totals": [
            {"name": "Over", "price": -110.0, "point": total},
            {"name": "Under", "price": -110.0, "point": total},
        ],
    }
    books = [_book(key, BOOKS[key][0], at, markets) for key in ("draftkings", "fanduel")]
    return _event(game, at, books)


def _book(
    key: str, title: str, at: str, markets: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, Any]:
    listed = [{"key": m, "last_update": at, "outcomes": list(of)} for m, of in markets.items()]
    return {"key": key, "title": title, "last_update": at, "markets": listed}


def _event(game: Mapping[str, Any], at: str, books: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    data = {
        "id": event_id(game["game_id"]),
        "sport_key": "basketball_nba",
        "sport_title": "NBA",
        "commence_time": game["tipoff_at"],
        "home_team": " ".join(TEAM_NAMES[game["home"]]),
        "away_team": " ".join(TEAM_NAMES[game["away"]]),
        "bookmakers": list(books),
    }
    return {"timestamp": at, "previous_timestamp": None, "next_timestamp": None, "data": data}
