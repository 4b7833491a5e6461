"""The landing zone as it was known at a moment of a season whose whole truth is at hand.

Results come late, in pieces, or wrong and are corrected a week later; games are moved. Lines, injury
reports, crews and transactions are there in the morning and say more by tip-off; shots and the
fallback's box scores are there at night.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from nba_pipeline.simulation.league import HEADERS, Simulated, game_log
from nba_pipeline.simulation.moves import (
    choose_moves,
    dated,
    game_day,
    schedule_document,
    teams_of,
    unplayed,
)
from nba_pipeline.simulation.sources import SHOTS, Sources
from nba_pipeline.simulation.told import Told

_LIVE = 2
_CORRECTED_AFTER = timedelta(days=7)
_SHARE_OF_EACH = 0.015
_FEWEST_OF_EACH = 1
INCIDENTS = ("open", "late", "late_team", "pieces", "swapped", "wrong")
"""What may happen to a game's result: its game stays open a day longer; its lines come a night or
two later, all or the teams' only; one team's players come in the morning; a player's turnovers are
a team-mate's; a player has two points too many."""


class Moment(NamedTuple):
    """A part of a day; morning is before the day's games, night after."""

    day: date
    part: Literal["morning", "night"]


class Side(NamedTuple):
    """A team's lines of one game in one log."""

    game_id: str
    kind: str
    team: str


@dataclass(frozen=True)
class _Moved:
    """From when a move is known, from when the new date is, and whether the old date stays."""

    first_day: date
    announced: Moment
    dated: Moment
    is_postponed: bool
    leaves_entry: bool


def real_season(landing: Path, season: str, *, seed: int, postponed: int, moved: int) -> Simulated:
    """A season of a real landing zone, with moves that never were."""
    log = "nba_stats/league_game_log"
    document = _read(landing / "nba_stats/schedule" / f"{season}.json.gz")
    games = [game for day in document["leagueSchedule"]["gameDates"] for game in day["games"]]
    lines = {}
    for kind, headers in HEADERS.items():
        result = _read(landing / log / kind / f"{season}.json.gz")["resultSets"][0]
        places = [result["headers"].index(name) for name in headers]
        lines[kind] = [[line[place] for place in places] for line in result["rowSet"]]
    random = np.random.default_rng(seed)
    moves = choose_moves(random, games, postponed=postponed, moved=moved)
    return Simulated(season, games, moves, lines)


def _read(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()))


class Known:
    """What is known of a season, moment by moment; writes only files that change.

    Args:
        truth: the season as it was played.
        landing: the folder to write to.
        dated: the kind of game log (team, player) that is filed date by date; the other is one
            season file, rewritten.
        last: the last day that is lived; something happens to games up to it.
        seed: decides what happens to which game.
        also: which other sources speak of the season.
    """

    def __init__(
        self,
        truth: Simulated,
        landing: Path,
        *,
        dated: str,
        last: date,
        seed: int,
        also: Sources = SHOTS,
    ) -> None:
        self._truth = truth
        self._landing = landing
        self._dated = dated
        self._written: dict[Path, object] = {}
        self.told = Told(truth, also, seed=seed)
        self._whole: set[str] = set()
        self._days = {game["gameId"]: game_day(game) for game in truth.games}
        self._sides: dict[Side, list[list[Any]]] = {}
        for kind, lines in truth.lines.items():
            game, team = (HEADERS[kind].index(n) for n in ("GAME_ID", "TEAM_ABBREVIATION"))
            for line in lines:
                self._sides.setdefault(Side(line[game], kind, line[team]), []).append(line)
        random = np.random.default_rng(seed)
        lived = [game for game in truth.games if game_day(game) <= last]
        self.incidents = _incidents(random, lived)
        self.moves = {
            move.game_id: _announcement(move.first_day, move.day, place, move.is_postponed)
            for place, move in enumerate(truth.moves)
        }
        self._arrival = {side: self._arrives(side) for side in self._sides}

    def schedule(self, moment: Moment) -> list[dict[str, Any]]:
        """The schedule's entries, a postponed game under its old date too."""
        return [entry for game in self._truth.games for entry in self._entries(game, moment)]

    def _entries(self, game: Mapping[str, Any], moment: Moment) -> list[dict[str, Any]]:
        move = self.moves.get(game["gameId"])
        if move is None or (moment >= move.dated and not move.leaves_entry):
            return [self._now(game, moment)]
        before = dated(unplayed(game), move.first_day)
        if moment < move.announced:
            return [before]
        called_off = unplayed(before, is_postponed=True)
        return [called_off] if moment < move.dated else [called_off, self._now(game, moment)]

    def _now(self, game: Mapping[str, Any], moment: Moment) -> dict[str, Any]:
        """The game under its true date: scheduled, live or final."""
        if self._final_at(game["gameId"]) <= moment:
            return dict(game)
        has_begun = Moment(game_day(game), "night") <= moment
        return unplayed(game) | ({"gameStatus": _LIVE} if has_begun else {})

    def _final_at(self, game_id: str) -> Moment:
        late = self.incidents.get(game_id) == "open"
        return Moment(self._days[game_id] + timedelta(days=late), "night")

    def _arrives(self, side: Side) -> Moment:
        day, incident = self._days[side.game_id], self.incidents.get(side.game_id)
        if incident == "late" or (incident == "late_team" and side.kind == "team"):
            return Moment(day + timedelta(days=1 + int(side.game_id) % 2), "night")
        if incident == "pieces" and side.kind == "player" and side.team == self._home(side):
            return Moment(day + timedelta(days=1), "morning")
        return self._final_at(side.game_id)

    def _home(self, side: Side) -> str:
        return min(s.team for s in self._sides if s.game_id == side.game_id and s.kind == side.kind)

    def lines(self, kind: str, moment: Moment) -> dict[Side, list[list[Any]]]:
        """The log's lines that have arrived, as they then were, by game and team."""
        return {
            side: self._as_first_said(side, lines, moment)
            for side, lines in self._sides.items()
            if side.kind == kind and self._arrival[side] <= moment
        }

    def _as_first_said(self, side: Side, lines: list[list[Any]], moment: Moment) -> list[list[Any]]:
        corrected = Moment(self._days[side.game_id] + _CORRECTED_AFTER, "morning")
        incident = self.incidents.get(side.game_id)
        if side.kind != "player" or moment >= corrected or incident not in ("swapped", "wrong"):
            return lines
        place = HEADERS["player"].index("TOV" if incident == "swapped" else "PTS")
        changed = [list(line) for line in lines]
        if incident == "wrong":
            changed[0][place] += 2
            return changed
        other = next((n for n, line in enumerate(lines) if line[place] != lines[0][place]), 0)
        changed[0][place], changed[other][place] = lines[other][place], lines[0][place]
        return changed

    def box_scores(self, moment: Moment) -> dict[Side, list[list[Any]]]:
        """The players' lines, of games that the log lacks those of the fallback."""
        fallback = {
            side: lines
            for side, lines in self._sides.items()
            if side.kind == "player"
            and side.game_id in self.told.games_with_fallback
            and self._final_at(side.game_id) <= moment
        }
        return fallback | self.lines("player", moment)

    def write(self, moment: Moment) -> list[Path]:
        """Makes the landing zone what it was; returns the files that changed."""
        season, wanted = self._truth.season, {}
        wanted[Path(f"nba_stats/schedule/{season}.json")] = schedule_document(
            season, self.schedule(moment)
        )
        for kind, headers in HEADERS.items():
            folder, known = Path("nba_stats/league_game_log") / kind, self.lines(kind, moment)
            if kind != self._dated:
                every = [line for lines in known.values() for line in lines]
                wanted[folder / f"{season}.json"] = game_log(headers, every)
                continue
            days: dict[date, list[list[Any]]] = {}
            for side, lines in known.items():
                days.setdefault(self._days[side.game_id], []).extend(lines)
            for day, day_lines in days.items():
                wanted[folder / season / f"{day}.json"] = game_log(headers, day_lines)
        wanted |= self._from_other_sources(moment)
        changed = [path for path, content in wanted.items() if self._written.get(path) != content]
        for path in changed:
            content = self._written[path] = wanted[path]
            (self._landing / path).parent.mkdir(parents=True, exist_ok=True)
            text = content if isinstance(content, str) else json.dumps(content)
            (self._landing / path).write_text(text)
        return changed

    def _from_other_sources(self, moment: Moment) -> dict[Path, object]:
        """The files of each date that is not yet wholly known."""
        found: dict[Path, object] = {}
        scheduled = self.schedule(moment)
        for text in self.told.days_spoken_of:
            day = date.fromisoformat(text)
            if text in self._whole or day > moment.day:
                continue
            games = [game_id for game_id, of in self._days.items() if of == day]
            final = [game_id for game_id in games if self._final_at(game_id) <= moment]
            is_over = Moment(day, "night") <= moment
            of_day = [entry for entry in scheduled if game_day(entry) == day]
            found |= dict(self.told.known(text, of_day, is_over=is_over, final=final))
            if is_over and len(final) == len(games):
                self._whole.add(text)
        return found


def _incidents(random: np.random.Generator, games: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Per game that something happens to, what; each incident happens."""
    each = max(_FEWEST_OF_EACH, round(_SHARE_OF_EACH * len(games)))
    ids = [str(game["gameId"]) for game in sorted(games, key=game_day)]
    found: dict[str, str] = {}
    for incident in INCIDENTS:
        # Little usage is known early on: one team without its lines would stop all for days.
        pool = ids if incident in ("open", "swapped") else ids[len(ids) // 2 :]
        free = [game_id for game_id in pool if game_id not in found]
        found.update(dict.fromkeys(map(str, random.permutation(free)[:each]), incident))
    return found


def _announcement(first_day: date, day: date, place: int, is_postponed: bool) -> _Moved:  # noqa: FBT001
    """A postponed game is called off on its day, before or after the morning's run."""
    if not is_postponed:
        known = Moment(min(first_day, day) - timedelta(days=1), "night")
        return _Moved(first_day, known, known, is_postponed=False, leaves_entry=False)
    called_off = Moment(first_day, "morning" if place % 2 else "night")
    found = Moment(min(first_day + timedelta(days=2), day), "morning")
    return _Moved(
        first_day, called_off, found, is_postponed=True, leaves_entry=bool(place // 2 % 2)
    )


def teams_playing(entries: Sequence[Mapping[str, Any]]) -> dict[str, list[date]]:
    """Per team, the dates of the entries that are not postponed, in order."""
    found: dict[str, list[date]] = {}
    for entry in sorted(entries, key=game_day):
        if entry["postponedStatus"] != "Y":
            for team in teams_of(entry):
                found.setdefault(team, []).append(game_day(entry))
    return found
