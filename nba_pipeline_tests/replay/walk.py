"""What a morning's features may be, counted from the lines and games that were known: no ibis."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

import pytest

from nba_pipeline.simulation.league import HEADERS
from nba_pipeline.simulation.moves import game_day, teams_of
from nba_pipeline_tests.replay.known import Known, Moment, teams_playing

_FINAL = 3
_TEAM_GAMES = 10


class Appearance(NamedTuple):
    """A player in a game."""

    day: date
    team: str
    minutes: float
    points: int


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
    there = {(row["team_abbr"], row["player_id"]) for row in features}
    wanted = _universe(played, playing, moment.day)
    found = [f"{moment.day} {team} {player}: no row" for team, player in wanted - there]
    found += [f"{moment.day} {team} {player}: a row too many" for team, player in there - wanted]
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


def _played(known: Known, moment: Moment) -> dict[int, list[Appearance]]:
    """Per player, his games with minutes in order, of rosters whose points are their team's."""
    places = [HEADERS["player"].index(name) for name in ("PLAYER_ID", "GAME_DATE", "MIN", "PTS")]
    scores = _scores(known, moment)
    found: dict[int, list[Appearance]] = {}
    for side, lines in known.box_scores(moment).items():
        rows = [[line[place] for place in places] for line in lines]
        if sum(points for *_, points in rows) != scores[side.game_id, side.team]:
            continue
        for player, text, minutes, points in rows:
            day = date.fromisoformat(text)
            if minutes > 0 and day < moment.day:
                found.setdefault(player, []).append(Appearance(day, side.team, minutes, points))
    return {player: sorted(games) for player, games in found.items()}


def _scores(known: Known, moment: Moment) -> dict[tuple[str, str], int]:
    """The schedule's score of each team in each game that is final."""
    return {
        (game["gameId"], game[side]["teamTricode"]): game[side]["score"]
        for game in known.schedule(moment)
        if game["gameStatus"] == _FINAL
        for side in ("homeTeam", "awayTeam")
    }


def _universe(
    played: dict[int, list[Appearance]], playing: dict[str, list[date]], today: date
) -> set[tuple[str, int]]:
    """Who appeared for a team of today in its last ten games, and for no other since."""
    found = set()
    for player, games in played.items():
        team, days = games[-1].team, playing[games[-1].team]
        recent = [day for day in days if day < today][-_TEAM_GAMES:]
        if today in days and games[-1].day in recent:
            found.add((team, player))
    return found


def _expected(
    row: dict[str, Any],
    games: Sequence[Appearance],
    playing: dict[str, list[date]],
    today: date,
) -> dict[str, float | None]:
    """The features that can be counted on one's fingers."""
    before = [day for day in playing.get(row["team_abbr"], []) if day < today]
    points = [game.points for game in games]
    minutes = [game.minutes for game in games]
    return {
        "team_days_rest": (today - before[-1]).days if before else None,
        "days_rest": (today - games[-1].day).days if games else None,
        "points_avg_last_5": _mean(points[-5:]),
        "points_avg_last_10": _mean(points[-10:]),
        "minutes_avg_season": _mean(minutes),
        "games_in_last_7_days": sum((today - game.day).days <= 7 for game in games)
        if games
        else None,
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
