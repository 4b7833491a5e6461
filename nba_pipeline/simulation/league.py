"""A small league: schedule, team and player game logs of one season, in the sources' own shapes.

Each player has a talent, minutes and shots vary from game to game, and every box score keeps the
identities of a real one. The same seed gives the same files.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from nba_pipeline.league import calendar
from nba_pipeline.league.identity import TEAMS
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import COUNTED

_ROSTER = 12
_REGULATION = 240
_TEAM_HEADERS = [
    *("SEASON_ID", "TEAM_ID", "TEAM_ABBREVIATION", "TEAM_NAME"),
    *("GAME_ID", "GAME_DATE", "MATCHUP", "WL", "MIN"),
    *(name.upper() for name in COUNTED),
    "PLUS_MINUS",
]
_PLAYER_HEADERS = ["PLAYER_ID", "PLAYER_NAME", *_TEAM_HEADERS]
_STATUS_FINAL = 3


@dataclass(frozen=True)
class League:
    """What is simulated.

    teams play on every day of the season's first `days` days, each team once a day at most; a team
    rests on `rest` of them.
    """

    season: str = "2023-24"
    teams: int = 16
    days: int = 126
    rest: float = 0.3
    seed: int = 2024


@dataclass
class _Player:
    player_id: int
    name: str
    minutes: float
    shots_per_minute: float
    accuracy: float


def write_landing(folder: Path, league: League | None = None) -> int:
    """Writes the league's files under a landing folder; returns how many games there are."""
    league = league or League()
    random = np.random.default_rng(league.seed)
    teams = TEAMS[: league.teams]
    rosters = {team: _roster(random, number) for number, team in enumerate(teams)}
    first = calendar.season(league.season).first
    schedule: list[dict[str, object]] = []
    lines: dict[str, list[list[object]]] = {"team": [], "player": []}
    number = 0
    for offset in range(league.days):
        day = first + timedelta(days=offset)
        games = []
        for home, away in _pairs(random, teams, league.rest):
            number += 1
            game_id = f"002{league.season[2:4]}{number:05d}"
            scores = _play(random, game_id, day, (home, away), rosters, lines)
            games.append(_scheduled(game_id, day, (home, away), scores))
        if games:
            schedule.append({"gameDate": f"{day:%m/%d/%Y} 00:00:00", "games": games})
    document = {"leagueSchedule": {"seasonYear": league.season, "gameDates": schedule}}
    _write(folder / "nba_stats/schedule" / f"{league.season}.json", document)
    for kind, headers in (("team", _TEAM_HEADERS), ("player", _PLAYER_HEADERS)):
        log = {"resultSets": [{"name": "LeagueGameLog", "headers": headers, "rowSet": lines[kind]}]}
        _write(folder / "nba_stats/league_game_log" / kind / f"{league.season}.json", log)
    return number


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
    rosters: dict[str, list[_Player]],
    lines: dict[str, list[list[object]]],
) -> tuple[int, int]:
    """Adds both sides' lines; returns the home and the away score."""
    boxes = [_box(random, rosters[team]) for team in sides]
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
        lines["team"].append([*key, _REGULATION, *totals, margin])
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


def _box(random: np.random.Generator, roster: list[_Player]) -> dict[str, np.ndarray]:
    """One side's box score: arrays over the roster."""
    wanted = np.array([player.minutes for player in roster]) * random.lognormal(0, 0.2, _ROSTER)
    wanted[random.random(_ROSTER) < 0.08] = 0
    minutes = np.floor(wanted / wanted.sum() * _REGULATION).astype(int)
    minutes[np.argmax(minutes)] += _REGULATION - minutes.sum()
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
    game_id: str, day: date, sides: tuple[str, str], scores: tuple[int, int]
) -> dict[str, object]:
    """The game as the schedule has it."""
    return {
        "gameId": game_id,
        "gameStatus": _STATUS_FINAL,
        "gameDateEst": f"{day.isoformat()}T00:00:00Z",
        "gameTimeEst": "1900-01-01T19:30:00Z",
        "gameDateTimeUTC": f"{(day + timedelta(days=1)).isoformat()}T00:30:00Z",
        "isNeutral": False,
        "postponedStatus": "A",
        "homeTeam": {"teamTricode": sides[0], "score": scores[0]},
        "awayTeam": {"teamTricode": sides[1], "score": scores[1]},
    }
