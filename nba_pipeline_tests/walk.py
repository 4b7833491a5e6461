"""Which gaps a feature row depends on, walked game by game: the route that owes nothing to ibis.

Reads the schedule, the players' lines as they are after damage, and the set of units that the
damage made gaps; follows the definitions of windows and holes literally.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

TEAM, PLAYER, SHOTS = "nbac_team_boxscore", "nbac_player_boxscore", "shots"
BY_SIMILAR = ("similarity", "ensemble")
"""Systems that look at earlier games too, and at what was known before those."""
Offered = dict[tuple[str, str], float]
"""Points lines by date and the name that the bookmakers have."""
_COVERED = {"2", "4", "5", "6"}
_FINAL = 3


@dataclass(frozen=True)
class Entry:
    """One game of a player or team, or a hole; and the gaps that it depends on.

    A hole of a new team is known after the first game for that team, and not before. shots are the
    gaps that its zones depend on besides: the game's shots, and both rosters, on which hangs which
    shots are believed.
    """

    day: date
    game_id: str
    season: str
    is_hole: bool
    gaps: frozenset[str]
    shots: frozenset[str]
    known_after: date = date.min


def season_of(day: date) -> str:
    """The season of a game date: it starts after the summer."""
    year = day.year if day.month >= 8 else day.year - 1
    return f"{year}-{(year + 1) % 100:02d}"


def _team_on(rows: list[tuple[date, str]], day: date) -> str | None:
    """Whose player he is on a day, from his known rows: (day, team) in order.

    That of his latest row in this season or the last; without one, that of his first this season.
    """
    place = bisect_left(rows, (day, ""))
    if place and int(season_of(day)[:4]) - int(season_of(rows[place - 1][0])[:4]) <= 1:
        return rows[place - 1][1]
    if place < len(rows) and season_of(rows[place][0]) == season_of(day):
        return rows[place][1]
    return None


def _arrived(rows: list[tuple[date, str]], day: date, team: str) -> date | None:
    """The first game for the team after the one for another before the day; None where none is."""
    place = bisect_left(rows, (day, ""))
    if not place or place == len(rows) or rows[place][0] == day:
        return None
    (left, old_team), (arrived, new_team) = rows[place - 1], rows[place]
    is_recent = int(season_of(day)[:4]) - int(season_of(left)[:4]) <= 1
    is_recent = is_recent and season_of(arrived) == season_of(day)
    is_his = is_recent and left < day and new_team == team != old_team
    return arrived if is_his else None


def slug_of(name: str) -> str:
    """The name as the bookmakers of a simulated league have it."""
    return name.replace(" ", "").lower()


class Walk:
    """Entries of every player and team of one landing zone."""

    def __init__(
        self,
        games: Iterable[dict[str, Any]],
        player_lines: Iterable[dict[str, Any]],
        units: Iterable[tuple[str, str, str]],
    ) -> None:
        """Args: games and lines as league_files gives them; units: (table, game id, team) gaps.

        Of the unit of a game's shots the team is empty.
        """
        self._days: dict[str, date] = {}
        self._sides: dict[str, tuple[str, str]] = {}
        for game in games:
            if game["gameId"][2] in _COVERED and game["gameStatus"] == _FINAL:
                self._days[game["gameId"]] = date.fromisoformat(game["date"])
                self._sides[game["gameId"]] = (
                    game["homeTeam"]["teamTricode"],
                    game["awayTeam"]["teamTricode"],
                )
        self._units = set(units)
        self._scored: dict[tuple[int, str], tuple[str, str, float]] = {}
        self._teams = self._team_entries()
        lines = list(player_lines)
        self._players = self._player_entries(lines)
        self._team_of = {(x["GAME_ID"], x["PLAYER_ID"]): x["TEAM_ABBREVIATION"] for x in lines}

    def gap_id(self, table: str, game_id: str, team: str) -> str:
        """The unit's gap id."""
        return f"{table}:{self._days[game_id]}:{game_id}" + (f":{team}" if team else "")

    def _gaps(self, game_id: str, *sides: tuple[str, str]) -> frozenset[str]:
        return frozenset(
            self.gap_id(table, game_id, team)
            for table, team in sides
            if (table, game_id, team) in self._units
        )

    def _shots(self, game_id: str) -> frozenset[str]:
        rosters = [(PLAYER, side) for side in self._sides[game_id]]
        return self._gaps(game_id, *rosters, (SHOTS, ""))

    def _entry(
        self,
        day: date,
        game_id: str,
        gaps: frozenset[str],
        known_after: date = date.min,
        *,
        is_hole: bool = False,
    ) -> Entry:
        shots = self._shots(game_id)
        return Entry(day, game_id, season_of(day), is_hole, gaps, shots, known_after)

    def _team_entries(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for game_id, day in sorted(self._days.items(), key=lambda item: (item[1], item[0])):
            both = [(TEAM, side) for side in self._sides[game_id]]
            for team in self._sides[game_id]:
                is_hole = (TEAM, game_id, team) in self._units
                gaps = self._gaps(game_id, *both)
                entry = self._entry(day, game_id, gaps, is_hole=is_hole)
                found.setdefault(team, []).append(entry)
        return found

    def _player_entries(self, lines: Iterable[dict[str, Any]]) -> dict[int, list[Entry]]:
        played: dict[int, dict[str, tuple[date, str]]] = {}
        for line in lines:
            game_id, team = line["GAME_ID"], line["TEAM_ABBREVIATION"]
            known = game_id in self._days and (PLAYER, game_id, team) not in self._units
            if known and line["MIN"] and line["MIN"] > 0:
                row = (self._days[game_id], team)
                played.setdefault(line["PLAYER_ID"], {})[game_id] = row
                said = (line["GAME_DATE"], slug_of(line["PLAYER_NAME"]), line["PTS"])
                self._scored[line["PLAYER_ID"], game_id] = said
        lost = sorted(
            (self._days[game_id], game_id, team)
            for table, game_id, team in self._units
            if table == PLAYER
        )
        found = {}
        for player, rows in played.items():
            entries = [
                self._entry(day, game_id, self._gaps(game_id, (TEAM, team)))
                for game_id, (day, team) in rows.items()
            ]
            ordered = sorted(rows.values())
            for day, game_id, team in lost:
                gaps = self._gaps(game_id, (PLAYER, team), (TEAM, team))
                if _team_on(ordered, day) == team:
                    entries.append(self._entry(day, game_id, gaps, is_hole=True))
                elif arrived := _arrived(ordered, day, team):
                    entries.append(self._entry(day, game_id, gaps, arrived, is_hole=True))
            found[player] = sorted(entries, key=lambda entry: (entry.day, entry.game_id))
        return found

    # --- what a row of a date depends on

    def feature_gaps(
        self, row: dict[str, Any], out: Iterable[int] = (), *, is_out_told: bool = False
    ) -> set[str]:
        """The gaps behind a row of ml_feature_store_v2.

        out are the players of its team who are out, where it is told who is.
        """
        day, season = row["game_date"], season_of(row["game_date"])
        found = self.cache_gaps(row) | self.shot_gaps(row, 10)
        teams = self._teams
        own = [e for e in teams[row["team_abbr"]] if e.day < day and e.season == season]
        other = [e for e in teams[row["opponent_abbr"]] if e.day < day and e.season == season]
        found.update(*(entry.gaps | entry.shots for entry in other[-15:]))
        if is_out_told:
            rosters = [(PLAYER, row["team_abbr"])]
            found.update(*(self._gaps(entry.game_id, *rosters) for entry in own[-10:]))
        for mate in set(out) - {row["player_id"]}:
            found.update(*(e.gaps for e in self._known(mate, day) if e.season == season))
        return found

    def cache_gaps(self, row: dict[str, Any]) -> set[str]:
        """The gaps behind a row of player_daily_cache: his own games, and his present team's."""
        day, season = row["game_date"], season_of(row["game_date"])
        found = self._own_gaps(row["player_id"], day)
        own = [e for e in self._teams[row["team_abbr"]] if e.day < day and e.season == season]
        return found.union(*(entry.gaps for entry in own))

    def shot_gaps(self, row: dict[str, Any], games: int) -> set[str]:
        """The gaps behind what player_shot_zone_analysis says of his last so many games."""
        season = season_of(row["game_date"])
        known = self._known(row["player_id"], row["game_date"])
        behind = [e for e in known if e.season == season]
        return set().union(*(entry.shots for entry in behind[-games:]))

    def _own_gaps(self, player: int, day: date) -> set[str]:
        """The gaps of his own games of the season and of the one before."""
        season = season_of(day)
        previous = f"{int(season[:4]) - 1}-{int(season[:4]) % 100:02d}"
        mine = self._known(player, day)
        behind = [e for e in mine if e.season == season]
        found: set[str] = set()
        found.update(*(entry.gaps for entry in mine if entry.season == previous))
        for before, entry in zip([None, *behind], behind, strict=False):
            found |= entry.gaps
            # Whether a game was a back-to-back is unknown on the day after a hole.
            if before and before.is_hole and entry.day - before.day == timedelta(days=1):
                found |= before.gaps
        return found

    def _known(self, player: int, day: date) -> list[Entry]:
        """A player's entries before a day, as far as they are known to be his then."""
        entries = self._players.get(player, [])
        return [e for e in entries if e.day < day and e.known_after < day]

    # --- what a row of a date says of points lines, which are no unit of anybody's

    def result(self, player: int, game_id: str, offered: Offered) -> str | None:
        """Whether the player was over or under his line of the game's date, or at it."""
        day, slug, points = self._scored[player, game_id]
        line = offered.get((day, slug))
        if line is None:
            return None
        return "PUSH" if points == line else "OVER" if points > line else "UNDER"

    def prop_streaks(self, row: dict[str, Any], offered: Offered) -> tuple[int | None, int | None]:
        """How many of the last ten games in a row, up to the row's date, were over and under it.

        One without a line, or at it, ends no streak; of a row that no gap is behind.
        """
        season = season_of(row["game_date"])
        mine = [e for e in self._known(row["player_id"], row["game_date"]) if e.season == season]
        told = [self.result(row["player_id"], e.game_id, offered) for e in reversed(mine[-10:])]
        told = [each for each in told if each in ("OVER", "UNDER")]
        if not told:
            return None, None
        length = next((n for n, each in enumerate(told) if each != told[0]), len(told))
        return (length, 0) if told[0] == "OVER" else (0, length)

    def graded_gaps(self, row: dict[str, Any]) -> set[str]:
        """The gaps behind a row of prediction_accuracy: those of the roster that tells the result besides.

        Of who is in no roster that is his own team's, and the other's too where that is lost alone.
        """
        game, own = row["game_id"], (PLAYER, row["team_abbr"])
        others = [(PLAYER, side) for side in self._sides[game] if side != row["team_abbr"]]
        line = (PLAYER, self._team_of.get((game, row["player_id"]), ""))
        if line[1] and not self._gaps(game, line):
            return set()
        return set(self._gaps(game, own) or self._gaps(game, *others))
