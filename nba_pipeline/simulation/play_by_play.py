"""The NBA's play by play of a game: its shots with assists, its fouls, its free throws, its score.

Rebounds, turnovers, substitutions and time-outs are not told. Field goals and free throws add up to
every player's line; assists are at most those of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from nba_pipeline.simulation.shots import HEADERS, OVERTIME, QUARTER, QUARTERS, TEAM_IDS, chart_rows

_SECONDS_PER_SECOND = 2.9
"""How long a second of the game takes."""


class _Throw(NamedTuple):
    """A free throw: the how many-th of how many, and whether it falls."""

    number: int
    of: int
    is_made: bool


class _Trip(NamedTuple):
    """A player's free throws of one foul; shot is the made one of an and-one."""

    player: int
    throws: Sequence[_Throw]
    shot: int | None


def play_by_play(
    game: Mapping[str, Any], shots: pd.DataFrame, lines: pd.DataFrame, random: np.random.Generator
) -> dict[str, Any]:
    """A game in the source's shape.

    Args:
        game: a row of the games' frame.
        shots: the game's, in order.
        lines: the players' lines of the game.
        random: decides who assisted, and when free throws are taken.
    """
    return {
        "meta": {
            "version": 1,
            "code": 200,
            "request": f"http://nba.cloud/games/{game['game_id']}/playbyplay?Format=json",
            "time": f"{_moment(game, 0):%Y-%m-%d %H:%M:%S.%f}",
        },
        "game": {"gameId": game["game_id"], "actions": _Told(game, shots, lines, random).actions()},
    }


def assists_of(
    shots: pd.DataFrame, lines: pd.DataFrame, random: np.random.Generator
) -> dict[int, int]:
    """The place of a made shot to the player who assisted it: a team-mate with assists left."""
    found: dict[int, int] = {}
    for team, of_team in lines.groupby("team"):
        left = np.repeat(of_team.player_id.to_numpy(), of_team.ast.astype("int64"))
        passers = [int(player) for player in random.permutation(left)]
        makes = shots.index[(shots.team == team) & shots.is_made]
        for place in random.permutation(makes.to_numpy()):
            scorer = shots.player_id.loc[place]
            other = next((n for n, player in enumerate(passers) if player != scorer), None)
            if other is not None:
                found[int(place)] = passers.pop(other)
    return found


def trips_of(shots: pd.DataFrame, lines: pd.DataFrame, random: np.random.Generator) -> list[_Trip]:
    """Every player's free throws, in pairs; an odd one follows a shot that he made: an and-one."""
    found: list[_Trip] = []
    shooters = lines[lines.fta > 0]
    for player, taken, made in shooters[["player_id", "fta", "ftm"]].itertuples(index=False):
        falls = [bool(fell) for fell in random.permutation(np.arange(taken) < made)]
        makes = shots.index[(shots.player_id == player) & shots.is_made].tolist()
        if taken % 2:
            shot = int(random.choice(makes)) if makes else None
            found.append(_Trip(int(player), [_Throw(1, 1, falls.pop())], shot))
        for place in range(0, len(falls), 2):
            pair = [_Throw(n + 1, 2, falls[place + n]) for n in (0, 1)]
            found.append(_Trip(int(player), pair, None))
    return found


class _Told:
    """The actions of a game, told in order with the running score."""

    def __init__(
        self,
        game: Mapping[str, Any],
        shots: pd.DataFrame,
        lines: pd.DataFrame,
        random: np.random.Generator,
    ) -> None:
        self._game = game
        self._random = random
        shots = shots.reset_index(drop=True)
        self._assists = assists_of(shots, lines, random)
        self._trips = trips_of(shots, lines, random)
        self._teams = dict(zip(lines.player_id, lines.team, strict=True))
        self._names = dict(zip(lines.player_id, lines.player_name, strict=True))
        zone = HEADERS.index("SHOT_ZONE_BASIC")
        zones = [row[zone] for row in chart_rows(shots)]
        self._shots = [
            shot | {"area": a} for shot, a in zip(shots.to_dict("records"), zones, strict=True)
        ]
        self._score = {game["home"]: 0, game["away"]: 0}
        self._points: dict[int, int] = {}
        self._passes: dict[int, int] = {}
        self._fouls: dict[int, int] = {}
        self._actions: list[dict[str, Any]] = []

    def actions(self) -> list[dict[str, Any]]:
        """All of them; shots and trips to the line by when they are, periods around them."""
        periods = QUARTERS + int(self._game["overtimes"])
        and_ones: dict[int, list[_Trip]] = {}
        events: list[tuple[int, int, int | _Trip]] = []
        for trip in self._trips:
            if trip.shot is None:
                period = int(self._random.integers(1, periods + 1))
                left = int(self._random.integers(1, _length(period)))
                events.append((period, -left, trip))
            else:
                and_ones.setdefault(trip.shot, []).append(trip)
        events += [(s["period"], -s["left"], place) for place, s in enumerate(self._shots)]
        events.sort(key=lambda event: event[:2])
        for period in range(1, periods + 1):
            self._tell(
                (period, _length(period)), "period", "start", {"description": "Period Start"}
            )
            for at, minus_left, event in events:
                if at != period:
                    continue
                if isinstance(event, _Trip):
                    self._tell_trip((period, -minus_left), event)
                    continue
                self._tell_shot(event)
                for trip in and_ones.get(event, ()):
                    self._tell_trip((period, -minus_left), trip)
            self._tell((period, 0), "period", "end", {"description": "Period End"})
        self._tell((periods, 0), "game", "end", {"description": "Game End"})
        return self._actions

    def _tell_shot(self, place: int) -> None:
        shot = self._shots[place]
        player, distance = int(shot["player_id"]), int(shot["distance"])
        worth = 3 if shot["is_three"] else 2
        angle = self._random.uniform(-1.4, 1.4)
        x, y = round(10 * distance * np.sin(angle)), round(10 * distance * np.cos(angle))
        is_close = distance < 4
        kind = "Layup" if is_close else "Jump Shot"
        own: dict[str, Any] = {
            "qualifiers": ["pointsinthepaint"] if shot["zone"] == "paint" else [],
            "x": round(100 * (y + 52.5) / 940, 6),
            "y": round(50 + x / 5, 6),
            "area": shot["area"],
            "areaDetail": "0-8 Center" if shot["zone"] == "paint" else "24+ Center",
            "side": "left",
            "shotDistance": float(distance),
            "xLegacy": int(x),
            "yLegacy": int(y),
            "isFieldGoal": 1,
            "shotResult": "Made" if shot["is_made"] else "Missed",
        }
        told = f"{self._initial(player)} {distance}' {'3PT' if worth == 3 else kind}"
        if shot["is_made"]:
            own |= self._scored(player, worth)
            told += f" ({own['pointsTotal']} PTS)"
            passer = self._assists.get(place)
            if passer is not None:
                total = self._passes[passer] = self._passes.get(passer, 0) + 1
                told += f" ({self._initial(passer)} {total} AST)"
                own |= {
                    "assistPlayerNameInitial": self._initial(passer),
                    "assistPersonId": passer,
                    "assistTotal": total,
                }
        own["description"] = told if shot["is_made"] else f"MISS {told}"
        self._tell((shot["period"], shot["left"]), f"{worth}pt", kind, own, player=player)

    def _tell_trip(self, at: tuple[int, int], trip: _Trip) -> None:
        """The foul and its free throws; one alone without a shot is for a technical foul."""
        is_technical = len(trip.throws) == 1 and trip.shot is None
        others = [p for p, team in self._teams.items() if team != self._teams[trip.player]]
        by = int(others[self._random.integers(len(others))])
        if not is_technical:
            self._fouls[by] = self._fouls.get(by, 0) + 1
        kind = "technical" if is_technical else "shooting personal"
        foul: dict[str, Any] = {
            "qualifiers": [f"{len(trip.throws)}freethrow"],
            "foulPersonalTotal": self._fouls.get(by, 0),
            "foulTechnicalTotal": int(is_technical),
            "description": f"{self._initial(by)} {kind} FOUL",
        }
        if not is_technical:
            foul |= {
                "descriptor": "shooting",
                "foulDrawnPlayerName": self._last(trip.player),
                "foulDrawnPersonId": trip.player,
            }
        self._tell(at, "foul", "technical" if is_technical else "personal", foul, player=by)
        for throw in trip.throws:
            text = f"{throw.number} of {throw.of}"
            told = f"{self._initial(trip.player)} Free Throw {text}"
            own: dict[str, Any] = {"descriptor": "technical"} if is_technical else {}
            own |= self._scored(trip.player, 1) if throw.is_made else {}
            own["shotResult"] = "Made" if throw.is_made else "Missed"
            own["description"] = told if throw.is_made else f"MISS {told}"
            self._tell(at, "freethrow", text, own, player=trip.player)

    def _scored(self, player: int, worth: int) -> dict[str, Any]:
        self._score[self._teams[player]] += worth
        self._points[player] = self._points.get(player, 0) + worth
        return {"pointsTotal": self._points[player]}

    def _tell(
        self,
        at: tuple[int, int],
        kind: str,
        sub_type: str,
        own: Mapping[str, Any],
        *,
        player: int = 0,
    ) -> None:
        """Adds an action with the fields that every action has."""
        period, left = at
        number = len(self._actions) + 1
        before = QUARTER * min(period - 1, QUARTERS) + OVERTIME * max(period - 1 - QUARTERS, 0)
        moment = _moment(self._game, before + _length(period) - left)
        team = self._teams[player] if player else None
        whose = {"teamId": TEAM_IDS[team], "teamTricode": team} if team else {}
        named = (
            {"playerName": self._last(player), "playerNameI": self._initial(player)}
            if player
            else {}
        )
        action = {
            "actionNumber": number,
            "clock": f"PT{left // 60:02d}M{left % 60:02d}.00S",
            "timeActual": f"{moment:%Y-%m-%dT%H:%M:%S}.0Z",
            "period": period,
            "periodType": "REGULAR" if period <= QUARTERS else "OVERTIME",
            **whose,
            "actionType": kind,
            "subType": sub_type,
            "qualifiers": [],
            "personId": player,
            **dict.fromkeys(("x", "y", "side", "xLegacy", "yLegacy")),
            "possession": TEAM_IDS[team] if team else 0,
            "scoreHome": str(self._score[self._game["home"]]),
            "scoreAway": str(self._score[self._game["away"]]),
            "edited": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "orderNumber": number * 10_000,
            "isTargetScoreLastPeriod": False,
            "isFieldGoal": 0,
            **named,
            "personIdsFilter": [player] if player else [],
        }
        self._actions.append(action | ({"officialId": 1151} if kind == "foul" else {}) | dict(own))

    def _initial(self, player: int) -> str:
        """As "N. Powell"."""
        return f"{self._names[player][0]}. {self._last(player)}"

    def _last(self, player: int) -> str:
        return str(self._names[player]).split(maxsplit=1)[1]


def _length(period: int) -> int:
    return QUARTER if period <= QUARTERS else OVERTIME


def _moment(game: Mapping[str, Any], seconds: int) -> datetime:
    """The wall time of a second of the game, UTC."""
    begin = datetime.fromisoformat(game["tipoff_at"])
    return begin + timedelta(seconds=seconds * _SECONDS_PER_SECOND)
