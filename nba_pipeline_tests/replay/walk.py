"""What a morning's features may be, counted from the lines and games that were known: no ibis."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest

from nba_pipeline.simulation.league import HEADERS
from nba_pipeline.simulation.moves import game_day, teams_of
from nba_pipeline_tests.replay.known import Known, Moment, teams_playing

_FINAL = 3


def open_games(known: Known, moment: Moment) -> Iterator[dict[str, Any]]:
    """Games of days before the moment's that are neither final nor postponed."""
    for entry in known.schedule(moment):
        is_over = entry["gameStatus"] == _FINAL or entry["postponedStatus"] == "Y"
        if game_day(entry) < moment.day and not is_over:
            yield entry


def offences(known: Known, moment: Moment, features: Sequence[dict[str, Any]]) -> list[str]:
    """The features that depend on what was not known, or differ from it, without naming a gap."""
    opened = {team for game in open_games(known, moment) for team in teams_of(game)}
    playing = teams_playing(known.schedule(moment))
    played = _played(known, moment)
    found = []
    for row in features:
        if row["gap_ids"] or row["bypass"]:
            continue
        name = f"{moment.day} {row['player_lookup']} of {row['team_abbr']}"
        if opened & {row["team_abbr"], row["opponent_abbr"]}:
            found.append(f"{name}: made from a game that is open")
        games = played.get(row["player_id"], [])
        for column, value in _expected(row, games, playing, moment.day).items():
            if row[column] != pytest.approx(value):
                found.append(f"{name}: {column} is {row[column]}, the known lines say {value}")
    return found


def _played(known: Known, moment: Moment) -> dict[int, list[tuple[date, float, int]]]:
    """Per player, his games with minutes in order: date, minutes, points."""
    names = ("PLAYER_ID", "GAME_DATE", "MIN", "PTS")
    places = [HEADERS["player"].index(name) for name in names]
    found: dict[int, list[tuple[date, float, int]]] = {}
    for lines in known.lines("player", moment).values():
        for line in lines:
            player, day, minutes, points = (line[place] for place in places)
            if minutes > 0 and date.fromisoformat(day) < moment.day:
                found.setdefault(player, []).append((date.fromisoformat(day), minutes, points))
    return {player: sorted(games) for player, games in found.items()}


def _expected(
    row: dict[str, Any],
    games: Sequence[tuple[date, float, int]],
    playing: dict[str, list[date]],
    today: date,
) -> dict[str, float | None]:
    """The features that can be counted on one's fingers."""
    before = [day for day in playing.get(row["team_abbr"], []) if day < today]
    points = [points for _day, _minutes, points in games]
    minutes = [minutes for _day, minutes, _points in games]
    return {
        "team_days_rest": (today - before[-1]).days if before else None,
        "days_rest": (today - games[-1][0]).days if games else None,
        "points_avg_last_5": _mean(points[-5:]),
        "points_avg_last_10": _mean(points[-10:]),
        "minutes_avg_season": _mean(minutes),
        "games_in_last_7_days": sum((today - day).days <= 7 for day, *_ in games)
        if games
        else None,
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
