"""Games that were first scheduled for another date: postponed ones, and ones moved ahead of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from nba_pipeline.errors import WrongRequest

_NEAR = 6


@dataclass(frozen=True)
class Move:
    """A game's first date and the date on which it is played.

    A postponed one is called off on its first date; any other is known to be moved before either.
    """

    game_id: str
    first_day: date
    day: date
    is_postponed: bool


def game_day(game: Mapping[str, Any]) -> date:
    """The date under which the schedule has the game."""
    return date.fromisoformat(game["gameDateEst"][:10])


def teams_of(game: Mapping[str, Any]) -> tuple[str, str]:
    """The tricodes of home team and visitors."""
    return game["homeTeam"]["teamTricode"], game["awayTeam"]["teamTricode"]


def dated(game: Mapping[str, Any], day: date) -> dict[str, Any]:
    """The schedule's entry as it is under another date."""
    by = day - game_day(game)
    entry = {**game, "gameDateEst": f"{day.isoformat()}T00:00:00Z"}
    if tipoff := game.get("gameDateTimeUTC"):
        entry["gameDateTimeUTC"] = f"{datetime.fromisoformat(tipoff) + by:%Y-%m-%dT%H:%M:%SZ}"
    return entry


def unplayed(game: Mapping[str, Any], *, is_postponed: bool = False) -> dict[str, Any]:
    """The schedule's entry before the game is played: no score yet, which the source writes as 0."""
    sides = {side: {**game[side], "score": 0} for side in ("homeTeam", "awayTeam")}
    postponed = {"postponedStatus": "Y"} if is_postponed else {}
    return {**game, "gameStatus": 1, "gameStatusText": "", **sides, **postponed}


def choose_moves(
    random: np.random.Generator, games: Sequence[Mapping[str, Any]], *, postponed: int, moved: int
) -> list[Move]:
    """Games picked at random with a first date on which neither team plays.

    Args:
        random: decides.
        games: the schedule's entries under the dates on which they are played.
        postponed: how many were called off on an earlier date.
        moved: how many were moved to an earlier or later date.

    Raises:
        ValueError: too few games have a free date near them.
    """
    busy = {(team, game_day(game)) for game in games for team in teams_of(game)}
    first, last = min(map(game_day, games)), max(map(game_day, games))
    found: list[Move] = []
    for number in random.permutation(len(games)):
        if len(found) == postponed + moved:
            return found
        game, is_postponed = games[number], len(found) < postponed
        near = range(-_NEAR, 0 if is_postponed else _NEAR + 1)
        free = [
            day
            for day in (game_day(game) + timedelta(days=by) for by in near)
            if first < day <= last and not any((team, day) in busy for team in teams_of(game))
        ]
        if free:
            day = free[random.integers(len(free))]
            found.append(Move(game["gameId"], day, game_day(game), is_postponed))
            busy |= {(team, day) for team in teams_of(game)}
    if len(found) < postponed + moved:
        raise WrongRequest(f"only {len(found)} games have a date on which neither team plays")
    return found


def schedule_document(season: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The schedule in the source's shape, by date."""
    days: dict[date, list[Mapping[str, Any]]] = {}
    for entry in entries:
        days.setdefault(game_day(entry), []).append(entry)
    dates = [{"gameDate": f"{day:%m/%d/%Y} 00:00:00", "games": days[day]} for day in sorted(days)]
    return {"leagueSchedule": {"seasonYear": season, "gameDates": dates}}
