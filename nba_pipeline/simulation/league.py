"""A small league: schedule, team and player game logs of its seasons, in the sources' own shapes.

Each player has a talent, minutes and shots vary from game to game, and every box score keeps the
identities of a real one. The same seed gives the same files, and the first seasons are the same
however many follow. What other sources say of it is in `told`.
"""

import json
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from nba_pipeline.league import calendar
from nba_pipeline.league.identity import TEAMS, season_of_game
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import COUNTED
from nba_pipeline.simulation.box_score import box_score
from nba_pipeline.simulation.moves import choose_moves, schedule_document
from nba_pipeline.simulation.played import HEADERS, Simulated, schedule_entries
from nba_pipeline.simulation.rosters import (
    Infirmary,
    Rosters,
    after_summer,
    roster,
    trade,
)
from nba_pipeline.simulation.sources import SHOTS, Sources
from nba_pipeline.simulation.told import Told

_REGULATION, _OVERTIME = 240, 25
_STATUS_FINAL = 3
_INCIDENTS, _LATER, _INJURIES = 1, 2, 3
"""Random streams of their own."""


@dataclass(frozen=True)
class League:
    """What is simulated.

    teams play on the season's first `days` days, each team once a day at most; a team rests on
    `rest` of them. Nobody plays on the days numbered in off_days, and on one_game_days there is a
    single game. trades is how many pairs of players change places between two teams; postponed and
    moved are how many games first had another date; overtime and neutral are shares of the games.
    injuries is the share of his team's games before which a healthy player falls out for some games;
    with spoken_names players are called what people are called, accents and suffixes included.
    """

    season: str = "2023-24"
    teams: int = 16
    days: int = 126
    rest: float = 0.3
    seed: int = 2024
    off_days: tuple[int, ...] = ()
    one_game_days: tuple[int, ...] = ()
    trades: int = 0
    postponed: int = 0
    moved: int = 0
    overtime: float = 0.0
    neutral: float = 0.0
    injuries: float = 0.0
    spoken_names: bool = False


def simulate(league: League) -> Simulated:
    """Plays the league's season."""
    return next(simulate_seasons(league, 1))


def simulate_seasons(league: League, count: int) -> Iterator[Simulated]:
    """Plays the league's season and those after it, one after the other.

    Raises:
        UnknownSeason: there are not so many in the calendar.
    """
    known = [span.name for span in calendar.seasons()]
    first = known.index(calendar.season(league.season).name)
    # A coming season is one that the calendar says how to add.
    later = known[first : first + count] + [
        f"{year}-{(year + 1) % 100:02d}"
        for year in range(int(known[-1][:4]) + 1, int(league.season[:4]) + count)
    ]
    random = np.random.default_rng(league.seed)
    rosters = {
        team: roster(random, number, spoken=league.spoken_names)
        for number, team in enumerate(TEAMS[: league.teams])
    }
    for number, name in enumerate(later):
        if number:
            random = np.random.default_rng([league.seed, _LATER, number])
            rosters = after_summer(random, rosters, number, spoken=league.spoken_names)
        yield _season(replace(league, season=name), number, random, rosters)


def _season(
    league: League, number: int, random: np.random.Generator, rosters: Rosters
) -> Simulated:
    """Plays one season; what happens to the rosters in it stays."""
    # Of its own, so that what is switched on leaves the rest of the season as it is.
    incidents = np.random.default_rng([league.seed, _INCIDENTS, *([number] if number else [])])
    infirmary = Infirmary(np.random.default_rng([league.seed, _INJURIES, number]), league.injuries)
    first = calendar.season(league.season).first
    games: list[dict[str, Any]] = []
    lines: dict[str, list[list[object]]] = {"team": [], "player": []}
    trade_days = {league.days * n // (league.trades + 1) for n in range(1, league.trades + 1)}
    for offset in range(league.days):
        day = first + timedelta(days=offset)
        if offset in trade_days:
            trade(incidents, rosters)
        pairs = _pairs(random, tuple(rosters), league.rest)
        if offset in league.off_days:
            pairs = []
        elif offset in league.one_game_days:
            pairs = pairs[:1]
        for sides in pairs:
            game_id = f"002{league.season[2:4]}{len(games) + 1:05d}"
            overtimes = int(incidents.random() < league.overtime)
            out = [infirmary.out(rosters[team]) for team in sides]
            scores = _play(
                *(random, game_id, day, sides, rosters, lines, overtimes, out),
                has_limit=league.injuries > 0,
            )
            is_neutral = bool(incidents.random() < league.neutral)
            games.append(_scheduled(game_id, day, sides, scores, is_neutral=is_neutral))
    moves = choose_moves(incidents, games, postponed=league.postponed, moved=league.moved)
    return Simulated(league.season, games, moves, lines)


def write_landing(
    folder: Path, league: League | None = None, *, seasons: int = 1, also: Sources = SHOTS
) -> int:
    """Writes the league's files under a landing folder; returns how many games there are.

    A postponed game stands under its first date too.

    Args:
        folder: of the landing zone.
        league: what is simulated; of none, the default one.
        seasons: how many, the league's the first.
        also: which other sources speak of it.
    """
    league, games = league or League(), 0
    for number, played in enumerate(simulate_seasons(league, seasons)):
        told = Told(played, also, seed=league.seed, number=number)
        _write_season(folder, played, set(told.lost_sides))
        for file in told.files():
            (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / file.path).write_text(file.text)
        games += len(played.games)
    return games


def _write_season(folder: Path, played: Simulated, lost: Container[tuple[object, object]]) -> None:
    """The schedule and the logs, without the players of the lost games and teams."""
    document = schedule_document(played.season, schedule_entries(played))
    _write(folder / "nba_stats/schedule" / f"{played.season}.json", document)
    game, team = (HEADERS["player"].index(name) for name in ("GAME_ID", "TEAM_ABBREVIATION"))
    kept = [line for line in played.lines["player"] if (line[game], line[team]) not in lost]
    for kind, lines in {**played.lines, "player": kept}.items():
        path = folder / "nba_stats/league_game_log" / kind / f"{played.season}.json"
        _write(path, game_log(HEADERS[kind], lines))


def game_log(headers: Sequence[str], lines: Sequence[Sequence[object]]) -> dict[str, Any]:
    """A league game log in the source's shape."""
    return {"resultSets": [{"name": "LeagueGameLog", "headers": headers, "rowSet": lines}]}


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def _pairs(
    random: np.random.Generator, teams: tuple[str, ...], rest: float
) -> list[tuple[str, str]]:
    """The day's games, as (home, away)."""
    playing = [team for team in teams if random.random() > rest]
    random.shuffle(playing)
    return list(zip(playing[::2], playing[1::2], strict=False))


def _play(
    random: np.random.Generator,
    game_id: str,
    day: date,
    sides: tuple[str, str],
    rosters: Rosters,
    lines: dict[str, list[list[object]]],
    overtimes: int,
    out: Sequence[Sequence[int]],
    *,
    has_limit: bool,
) -> tuple[int, int]:
    """Adds both sides' lines; returns the home and the away score."""
    minutes_played = _REGULATION + _OVERTIME * overtimes
    boxes = [
        box_score(random, rosters[team], minutes_played, places, has_limit=has_limit)
        for team, places in zip(sides, out, strict=True)
    ]
    if sum(box["pts"].sum() * sign for box, sign in zip(boxes, (1, -1), strict=True)) == 0:
        # No game ends level: the first home player who plays makes one more free throw.
        first = np.flatnonzero(boxes[0]["minutes"])[0]
        for name in ("ftm", "fta", "pts"):
            boxes[0][name][first] += 1
    scores = int(boxes[0]["pts"].sum()), int(boxes[1]["pts"].sum())
    matchup = f"{sides[1]} @ {sides[0]}"
    for box, team, margin in zip(
        boxes, sides, (scores[0] - scores[1], scores[1] - scores[0]), strict=True
    ):
        outcome = "W" if margin > 0 else "L"
        key = [
            f"2{season_of_game(game_id)[:4]}",
            0,
            team,
            team,
            game_id,
            day.isoformat(),
            matchup,
            outcome,
        ]
        totals = [int(box[name].sum()) for name in COUNTED]
        lines["team"].append([*key, minutes_played, *totals, margin])
        # What the five on the floor gain sums to five times the margin.
        shares = np.full(len(box["pts"]), 5 * margin // len(box["pts"]))
        for place, player in enumerate(rosters[team]):
            if box["minutes"][place] > 0:
                counted = [int(box[name][place]) for name in COUNTED]
                minutes = int(box["minutes"][place])
                lines["player"].append(
                    [player.player_id, player.name, *key, minutes, *counted, int(shares[place])]
                )
    return scores


def _scheduled(
    game_id: str, day: date, sides: tuple[str, str], scores: tuple[int, int], *, is_neutral: bool
) -> dict[str, Any]:
    """The game as the schedule has it."""
    return {
        "gameId": game_id,
        "gameStatus": _STATUS_FINAL,
        "gameDateEst": f"{day.isoformat()}T00:00:00Z",
        "gameTimeEst": "1900-01-01T19:30:00Z",
        "gameDateTimeUTC": f"{(day + timedelta(days=1)).isoformat()}T00:30:00Z",
        "isNeutral": is_neutral,
        "postponedStatus": "A",
        "homeTeam": {"teamTricode": sides[0], "score": scores[0]},
        "awayTeam": {"teamTricode": sides[1], "score": scores[1]},
    }
