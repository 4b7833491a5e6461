"""A small league: schedule, game logs and shots of one season, in the sources' own shapes.

Each player has a talent, minutes and shots vary from game to game, and every box score keeps the
identities of a real one. The same seed gives the same files.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from nba_pipeline.league import calendar
from nba_pipeline.league.identity import TEAMS
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import COUNTED
from nba_pipeline.simulation.moves import (
    Move,
    choose_moves,
    dated,
    schedule_document,
    unplayed,
)
from nba_pipeline.simulation.shots import shot_chart

_ROSTER = 12
_REGULATION, _OVERTIME = 240, 25
_TEAM_HEADERS = [
    *("SEASON_ID", "TEAM_ID", "TEAM_ABBREVIATION", "TEAM_NAME"),
    *("GAME_ID", "GAME_DATE", "MATCHUP", "WL", "MIN"),
    *(name.upper() for name in COUNTED),
    "PLUS_MINUS",
]
HEADERS = {"team": _TEAM_HEADERS, "player": ["PLAYER_ID", "PLAYER_NAME", *_TEAM_HEADERS]}
"""The fields of a game log's rows, by kind."""
_STATUS_FINAL = 3


@dataclass(frozen=True)
class League:
    """What is simulated.

    teams play on the season's first `days` days, each team once a day at most; a team rests on
    `rest` of them. Nobody plays on the days numbered in off_days, and on one_game_days there is a
    single game. trades is how many pairs of players change places between two teams; postponed and
    moved are how many games first had another date; overtime and neutral are shares of the games.
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


@dataclass
class _Player:
    player_id: int
    name: str
    minutes: float
    shots_per_minute: float
    accuracy: float


_Rosters = dict[str, list[_Player]]


@dataclass(frozen=True)
class Simulated:
    """A season as it was played.

    games are the schedule's entries under the dates on which they are played; lines are the game
    logs' rows, by kind (team, player).
    """

    season: str
    games: list[dict[str, Any]]
    moves: list[Move]
    lines: dict[str, list[list[object]]]


def simulate(league: League) -> Simulated:
    """Plays the league's season."""
    random = np.random.default_rng(league.seed)
    # Of its own, so that what is switched on leaves the rest of the season as it is.
    incidents = np.random.default_rng([league.seed, 1])
    teams = TEAMS[: league.teams]
    rosters = {team: _roster(random, number) for number, team in enumerate(teams)}
    first = calendar.season(league.season).first
    games: list[dict[str, Any]] = []
    lines: dict[str, list[list[object]]] = {"team": [], "player": []}
    trade_days = {league.days * n // (league.trades + 1) for n in range(1, league.trades + 1)}
    for offset in range(league.days):
        day = first + timedelta(days=offset)
        if offset in trade_days:
            _trade(incidents, rosters)
        pairs = _pairs(random, teams, league.rest)
        if offset in league.off_days:
            pairs = []
        elif offset in league.one_game_days:
            pairs = pairs[:1]
        for sides in pairs:
            game_id = f"002{league.season[2:4]}{len(games) + 1:05d}"
            overtimes = int(incidents.random() < league.overtime)
            scores = _play(random, game_id, day, sides, rosters, lines, overtimes)
            is_neutral = bool(incidents.random() < league.neutral)
            games.append(_scheduled(game_id, day, sides, scores, is_neutral=is_neutral))
    moves = choose_moves(incidents, games, postponed=league.postponed, moved=league.moved)
    return Simulated(league.season, games, moves, lines)


def write_landing(folder: Path, league: League | None = None) -> int:
    """Writes the league's files under a landing folder; returns how many games there are.

    A postponed game stands under its first date too.
    """
    played = simulate(league or League())
    by_id = {game["gameId"]: game for game in played.games}
    called_off = [
        unplayed(dated(by_id[move.game_id], move.first_day), is_postponed=True)
        for move in played.moves
        if move.is_postponed
    ]
    document = schedule_document(played.season, [*played.games, *called_off])
    _write(folder / "nba_stats/schedule" / f"{played.season}.json", document)
    for kind, lines in played.lines.items():
        path = folder / "nba_stats/league_game_log" / kind / f"{played.season}.json"
        _write(path, game_log(HEADERS[kind], lines))
    shots = shot_chart(HEADERS["player"], played.lines["player"], (league or League()).seed)
    _write(folder / "nba_stats/shot_chart_detail" / f"{played.season}.json", shots)
    return len(played.games)


def game_log(headers: Sequence[str], lines: Sequence[Sequence[object]]) -> dict[str, Any]:
    """A league game log in the source's shape."""
    return {"resultSets": [{"name": "LeagueGameLog", "headers": headers, "rowSet": lines}]}


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def _roster(random: np.random.Generator, team: int) -> list[_Player]:
    """A team's players, from the star to the end of the bench."""
    minutes = np.linspace(36, 8, _ROSTER)
    return [
        _Player(
            player_id=1000 + team * 100 + place,
            name=f"Player {chr(65 + team)}{place:02d}",
            minutes=float(minutes[place]),
            shots_per_minute=float(random.uniform(0.22, 0.5)),
            accuracy=float(random.normal(0.47, 0.03)),
        )
        for place in range(_ROSTER)
    ]


def _trade(random: np.random.Generator, rosters: _Rosters) -> None:
    """Two players of two teams change places."""
    one, other = random.choice(sorted(rosters), 2, replace=False)
    here, there = random.integers(_ROSTER, size=2)
    rosters[one][here], rosters[other][there] = rosters[other][there], rosters[one][here]


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
    rosters: _Rosters,
    lines: dict[str, list[list[object]]],
    overtimes: int,
) -> tuple[int, int]:
    """Adds both sides' lines; returns the home and the away score."""
    minutes_played = _REGULATION + _OVERTIME * overtimes
    boxes = [_box(random, rosters[team], minutes_played) for team in sides]
    if sum(box["pts"].sum() * sign for box, sign in zip(boxes, (1, -1), strict=True)) == 0:
        # No game ends level: the first home player makes one more free throw.
        for name in ("ftm", "fta", "pts"):
            boxes[0][name][0] += 1
    scores = int(boxes[0]["pts"].sum()), int(boxes[1]["pts"].sum())
    matchup = f"{sides[1]} @ {sides[0]}"
    for box, team, margin in zip(
        boxes, sides, (scores[0] - scores[1], scores[1] - scores[0]), strict=True
    ):
        outcome = "W" if margin > 0 else "L"
        key = ["22023", 0, team, team, game_id, day.isoformat(), matchup, outcome]
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


def _box(
    random: np.random.Generator, roster: list[_Player], minutes_played: int
) -> dict[str, np.ndarray]:
    """One side's box score: arrays over the roster."""
    wanted = np.array([player.minutes for player in roster]) * random.lognormal(0, 0.2, _ROSTER)
    wanted[random.random(_ROSTER) < 0.08] = 0
    minutes = np.floor(wanted / wanted.sum() * minutes_played).astype(int)
    minutes[np.argmax(minutes)] += minutes_played - minutes.sum()
    plays = np.array([player.shots_per_minute for player in roster]) * minutes
    fga = random.poisson(plays * random.gamma(8, 1 / 8, _ROSTER))
    fg3a = random.binomial(fga, 0.38)
    accuracy = np.array([player.accuracy for player in roster])
    fg3m = random.binomial(fg3a, np.clip(accuracy - 0.1, 0.1, 0.9))
    fg2m = random.binomial(fga - fg3a, np.clip(accuracy + 0.07, 0.1, 0.9))
    fta = random.poisson(plays * 0.28)
    ftm = random.binomial(fta, 0.78)
    oreb, dreb = random.poisson(minutes * 0.04), random.poisson(minutes * 0.14)
    return {
        "minutes": minutes,
        "fgm": fg2m + fg3m,
        "fga": fga,
        "fg3m": fg3m,
        "fg3a": fg3a,
        "ftm": ftm,
        "fta": fta,
        "oreb": oreb,
        "dreb": dreb,
        "reb": oreb + dreb,
        "ast": random.poisson(minutes * 0.1),
        "stl": random.poisson(minutes * 0.03),
        "blk": random.poisson(minutes * 0.02),
        "tov": random.poisson(minutes * 0.055),
        "pf": random.poisson(minutes * 0.08),
        "pts": 2 * fg2m + 3 * fg3m + ftm,
    }


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
