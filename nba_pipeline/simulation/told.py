"""What other sources than the league's logs say of a season, and the files in which they say it.

Each draws from a random stream of its own, so that none changes what is played or what another says.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from nba_pipeline.simulation import availability, lines, odds
from nba_pipeline.simulation.fallback import box_scores
from nba_pipeline.simulation.moves import game_day
from nba_pipeline.simulation.play_by_play import play_by_play
from nba_pipeline.simulation.played import (
    HEADERS,
    Simulated,
    game_frame,
    line_frame,
    schedule_entries,
)
from nba_pipeline.simulation.scoreboard import board, crews
from nba_pipeline.simulation.shots import shot_chart, shots_of
from nba_pipeline.simulation.sources import NO_SOURCES, Sources

_STREAMS = {
    name: 100 + place
    for place, name in enumerate(
        (
            "shots",
            "absences",
            "transactions",
            "statuses",
            "lines",
            "games",
            "plays",
            "lost",
            "sides",
        )
    )
}
_FINAL = 3
_MORNINGS_CHIEF = "Referee Z"


class File(NamedTuple):
    """A file of the landing zone: its place under it, and what it holds."""

    path: Path
    text: str


class Told:
    """All that is said of a season, and the truth that it is made from.

    Args:
        played: the season.
        also: which sources speak.
        seed: of the league.
        number: the how many-th season of the league it is, from 0.
    """

    def __init__(self, played: Simulated, also: Sources, *, seed: int, number: int = 0) -> None:
        self.season = played.season
        self.also = also
        self._played = played
        self._seed = seed
        self._number = number
        self.games = game_frame(played)
        self.days: list[str] = sorted(self.games.game_date.unique())

    def _random(self, stream: str, *more: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, _STREAMS[stream], self._number, *more])

    @cached_property
    def lost_shots(self) -> list[str]:
        """The ids of the games of which nobody has the shots."""
        if self._number < self.also.seasons_without_shots:
            return self.games.game_id.tolist()
        count = min(self.also.games_without_shots, len(self.games))
        chosen = self._random("lost").choice(len(self.games), count, replace=False)
        return sorted(self.games.game_id.iloc[chosen])

    @cached_property
    def lost_sides(self) -> list[tuple[str, str]]:
        """The game and the team of the lines that the player log lacks."""
        count = min(self.also.sides_without_lines, len(self.games))
        chosen = self._random("sides").choice(len(self.games), count, replace=False)
        lost = self.games.iloc[np.sort(chosen)]
        return list(zip(lost.game_id, lost.home, strict=True))

    @property
    def gap_ids(self) -> list[str]:
        """The gaps that a landing zone of these files has."""
        days = dict(zip(self.games.game_id, self.games.game_date, strict=True))
        found = [
            f"nbac_player_boxscore:{days[game]}:{game}:{team}" for game, team in self.lost_sides
        ]
        if self.also.shots and len(self.lost_shots) == len(days):
            found.append(f"shots:{self.season}")
        elif self.also.shots:
            found += [f"shots:{days[game]}:{game}" for game in self.lost_shots]
        return sorted(found)

    @cached_property
    def all_shots(self) -> pd.DataFrame:
        """Every attempt, lost ones too; the columns of `shots_of`."""
        return shots_of(self._played, self._random("shots"))

    @cached_property
    def absences(self) -> pd.DataFrame:
        """Who missed which game; the columns of `absences_of`."""
        return availability.absences_of(self._played, self._random("absences"))

    @cached_property
    def transactions(self) -> pd.DataFrame:
        """The entries; the columns of `transactions_of`."""
        return availability.transactions_of(self.absences, self._random("transactions"))

    @cached_property
    def statuses(self) -> pd.DataFrame:
        """Who is listed how; the columns of `statuses_of`."""
        random = self._random("statuses")
        return availability.statuses_of(self._played, self.absences, random)

    @cached_property
    def points_lines(self) -> pd.DataFrame:
        """The players' lines; the columns of `lines_of`."""
        return lines.lines_of(self._played, self.absences, self._random("lines"))

    @cached_property
    def game_lines(self) -> pd.DataFrame:
        """The games' lines; the columns of `game_lines_of`."""
        return lines.game_lines_of(self._played, self._random("games"))

    @property
    def days_with_odds(self) -> list[str]:
        """The dates of which The Odds API speaks."""
        return self.days[:: self.also.odds_every] if self.also.odds_every else []

    @property
    def days_with_reports(self) -> list[str]:
        """The dates of which there are injury reports."""
        return self.days[:: self.also.reports_every] if self.also.reports_every else []

    @property
    def days_spoken_of(self) -> list[str]:
        """The dates with games, ones that were called off included, or transactions."""
        entries = self.transactions.event_date.tolist() if self.also.transactions else []
        return sorted({*self._scheduled, *entries}) if self.also != NO_SOURCES else []

    @cached_property
    def _scheduled(self) -> dict[str, list[dict[str, Any]]]:
        """The schedule's entries at the season's end, by date."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for game in schedule_entries(self._played):
            found[str(game_day(game))].append(game)
        return dict(found)

    @property
    def games_with_fallback(self) -> list[str]:
        """The games of which balldontlie has the box score."""
        every = self.also.fallback_every
        days = self.days[::every] if every else []
        ids = self.games.game_id[self.games.game_date.isin(days)].tolist()
        return [game_id for game_id in ids if game_id not in dict(self.lost_sides)]

    @property
    def games_with_plays(self) -> list[str]:
        """The games of which there is play by play."""
        every = self.also.plays_every
        ids = self.games.game_id.iloc[::every].tolist() if every else []
        return [game_id for game_id in ids if game_id not in set(self.lost_shots)]

    @cached_property
    def _of_day(self) -> dict[str, dict[str, pd.DataFrame]]:
        """Per frame, its rows by date."""
        frames = {
            "games": self.game_lines,
            "lines": self.points_lines,
            "statuses": self.statuses,
            "shots": self.all_shots if self.also.shots or self.also.plays_every else None,
            "players": line_frame(self._played, "player"),
        }
        return {
            name: {str(day): rows for day, rows in frame.groupby("game_date")}
            for name, frame in frames.items()
            if frame is not None
        }

    def _rows(self, name: str, day: str) -> pd.DataFrame:
        days = self._of_day[name]
        return days[day] if day in days else next(iter(days.values())).iloc[:0]

    def _games(self, day: str) -> list[dict[str, Any]]:
        rows = self._rows("games", day)
        return [{str(n): value for n, value in row.items()} for row in rows.to_dict("records")]

    def odds_of(self, day: str, *, is_closing: bool) -> Iterator[File]:
        """The events of the date in the snapshot of the morning, or of before tip-off."""
        if day not in self.days_with_odds:
            return
        offered = self._rows("lines", day)
        for game in self._games(day):
            at = odds.taken_at(day, game["tipoff_at"], is_closing=is_closing).replace(":", "")
            name = f"{day}/{odds.event_id(game['game_id'])}_{at}.json"
            event = odds.points_event(
                game,
                offered[offered.game_id == game["game_id"]],
                is_closing=is_closing,
                with_absurd=self.also.absurd_book,
            )
            yield _json(Path("odds_api/player_points") / name, event)
            if not np.isnan(game["total"]):
                event = odds.game_event(game, is_closing=is_closing)
                yield _json(Path("odds_api/game_lines") / name, event)

    def report_of(self, day: str, *, is_early: bool) -> Iterator[File]:
        """The date's injury report of 09:30 AM, or of 05:30 PM."""
        if day in self.days_with_reports:
            report = availability.injury_report(
                self._rows("statuses", day), self.season, day, is_early=is_early
            )
            name = f"Injury-Report_{day}_{'09AM' if is_early else '05PM'}.json"
            yield _json(Path("nba_injury_report") / day / name, report)

    def plays_of(self, day: str, game_ids: Sequence[str]) -> Iterator[File]:
        """The play by play of those of the games that have one."""
        wanted = set(game_ids) & set(self.games_with_plays)
        for game in self._games(day):
            game_id = game["game_id"]
            if game_id in wanted:
                shots, players = self._rows("shots", day), self._rows("players", day)
                told = play_by_play(
                    game,
                    shots[shots.game_id == game_id],
                    players[players.game_id == game_id],
                    self._random("plays", int(game_id)),
                )
                yield _json(Path("nba_cdn/play_by_play") / f"{game_id}.json", told)

    def chart_of(self, day: str, game_ids: Sequence[str]) -> Iterator[File]:
        """The date's shot chart as far as the games are known."""
        known = set(game_ids) - set(self.lost_shots)
        if self.also.shots and known:
            shots = self._rows("shots", day)
            chart = shot_chart(shots[shots.game_id.isin(known)], self.season)
            yield _json(Path("nba_stats/shot_chart_detail") / self.season / f"{day}.json", chart)

    def consensus_of(self, day: str, *, is_closing: bool) -> Iterator[File]:
        """The date's consensus lines, those of the morning or the closing ones in their place."""
        offered = self._rows("lines", day)
        if self.also.consensus and len(offered):
            path = Path("bettingpros/player_points") / self.season / f"{day}.csv"
            yield File(path, lines.consensus_csv(offered, is_closing=is_closing))

    def entries_of(self, day: str, *, only_early: bool) -> Iterator[File]:
        """The date's transactions, all or those that are known in its morning."""
        if not self.also.transactions:
            return
        entries = self.transactions[self.transactions.event_date == day]
        if only_early:
            entries = entries[entries.is_early]
        if len(entries):
            path = Path("prosportstransactions") / self.season / f"{day}.csv"
            yield File(path, availability.transactions_csv(entries))

    def board_of(self, day: str, scheduled: Sequence[Mapping[str, Any]]) -> Iterator[File]:
        """The scoreboard of the schedule's entries of the date."""
        if self.also.scoreboards and scheduled:
            told = board(date.fromisoformat(day), *scheduled)
            yield _json(Path("nba_stats/scoreboard") / f"{day}.json", told)

    def crews_of(
        self, day: str, scheduled: Sequence[Mapping[str, Any]], *, is_early: bool
    ) -> Iterator[File]:
        """The crews of the schedule's entries of the date; those of the morning have another chief."""
        if self.also.crews and scheduled:
            told = crews(*scheduled, chief=_MORNINGS_CHIEF if is_early else "")
            yield _json(Path("nba_referee_assignments") / f"{day}.json", told)

    def fallback_of(self, day: str, game_ids: Sequence[str]) -> Iterator[File]:
        """The fallback's box scores of those of the games that it has."""
        wanted = set(game_ids) & set(self.games_with_fallback)
        data = [
            line
            for game in self._scheduled[day]
            if game["gameId"] in wanted and game["gameStatus"] == _FINAL
            for line in box_scores(game, self._lines[game["gameId"]])
        ]
        if data:
            yield _json(Path("balldontlie/box_scores") / f"{day}.json", {"data": data})

    @cached_property
    def _lines(self) -> dict[str, list[dict[str, Any]]]:
        """The players' lines under their headers, by game."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for line in self._played.lines["player"]:
            named = dict(zip(HEADERS["player"], line, strict=True))
            found[str(named["GAME_ID"])].append(named)
        return found

    def known(
        self,
        day: str,
        scheduled: Sequence[Mapping[str, Any]],
        *,
        is_over: bool,
        final: Sequence[str],
    ) -> Iterator[File]:
        """A date's files as they are in its morning, or once it is over.

        Args:
            day: the date.
            scheduled: the schedule's entries of the date, as they are known.
            is_over: whether tip-off is past; before it the morning's word stands.
            final: the date's games that are final.
        """
        yield from self.entries_of(day, only_early=not is_over)
        yield from self.board_of(day, scheduled)
        yield from self.crews_of(day, scheduled, is_early=not is_over)
        if day not in self.days:
            return
        yield from self.consensus_of(day, is_closing=is_over)
        for is_early in (True, False) if is_over else (True,):
            yield from self.odds_of(day, is_closing=not is_early)
            yield from self.report_of(day, is_early=is_early)
        yield from self.chart_of(day, final)
        yield from self.plays_of(day, final)
        yield from self.fallback_of(day, final)

    def files(self) -> Iterator[File]:
        """All of the season's files, season files where the source has such."""
        shots = self.all_shots if self.also.shots else None
        if shots is not None and len(self.lost_shots) < len(self.games):
            chart = shot_chart(shots[~shots.game_id.isin(self.lost_shots)], self.season)
            yield _json(Path("nba_stats/shot_chart_detail") / f"{self.season}.json", chart)
        if self.also.consensus:
            path = Path("bettingpros/player_points") / f"{self.season}.csv"
            yield File(path, lines.consensus_csv(self.points_lines))
        if self.also.transactions:
            path = Path("prosportstransactions") / f"{self.season}.csv"
            yield File(path, availability.transactions_csv(self.transactions))
        for is_early in (True, False):
            for day in self.days_with_odds:
                yield from self.odds_of(day, is_closing=not is_early)
            for day in self.days_with_reports:
                yield from self.report_of(day, is_early=is_early)
        ids = self.games.game_id.tolist()
        for day, scheduled in self._scheduled.items():
            yield from self.board_of(day, scheduled)
            yield from self.crews_of(day, scheduled, is_early=False)
            if self.also.plays_every:
                yield from self.plays_of(day, ids)
            yield from self.fallback_of(day, ids)


def _json(path: Path, document: Any) -> File:
    return File(path, json.dumps(document))
