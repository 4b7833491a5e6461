"""The universe and the rest of players and teams, by a walk over the files."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import ibis
import pytest

from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.league.identity import TEAM_NAMES
from nba_pipeline.phase_3_analytics.upcoming_player_game_context import _lost_rosters, expected
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import LAST, Lab
from nba_pipeline_tests.league_files import PLAYER_LOG, TEAM_LOG, damaged, games, lines
from nba_pipeline_tests.line_files import (
    before,
    both_sides,
    day_of,
    write_consensus,
    write_odds,
    write_text,
    write_transactions,
)
from nba_pipeline_tests.window_rows import answers


def test_the_universe_and_rest_of_the_last_date_with_games(league, league_landing) -> None:
    """Who appeared in the team's last ten games before the date, and since when each rests."""
    day = max(g["date"] for g in games(league_landing) if g["date"] <= LAST.isoformat())
    played = [p for p in lines(league_landing, PLAYER_LOG) if p["GAME_DATE"] < day and p["MIN"] > 0]
    schedule: dict[str, list] = {}
    for line in lines(league_landing, TEAM_LOG):
        if line["GAME_DATE"] < day:
            schedule.setdefault(line["TEAM_ABBREVIATION"], []).append(
                (line["GAME_DATE"], line["GAME_ID"])
            )
    wanted = {}
    for game in games(league_landing):
        if game["date"] != day:
            continue
        for side in ("homeTeam", "awayTeam"):
            team = game[side]["teamTricode"]
            behind = sorted(schedule[team])
            recent = {game_id for _, game_id in behind[-10:]}
            for player in {
                p["PLAYER_ID"]
                for p in played
                if p["GAME_ID"] in recent and p["TEAM_ABBREVIATION"] == team
            }:
                dates = [p["GAME_DATE"] for p in played if p["PLAYER_ID"] == player]
                wanted[player] = (
                    team,
                    _days(max(dates), day),
                    _days(behind[-1][0], day),
                    sum(_days(d, day) <= 7 for d in dates),
                    sum(_days(d, day) <= 14 for d in dates),
                )
    rows = league.rows("upcoming_player_game_context", game_date=date.fromisoformat(day))
    names = (
        *("team_abbr", "days_rest", "team_days_rest"),
        *("games_in_last_7_days", "games_in_last_14_days"),
    )
    assert {r["player_id"]: tuple(r[name] for name in names) for r in rows} == wanted
    assert len(wanted) > 20


def test_nobody_is_expected_of_a_team_without_a_game_this_season_or_last() -> None:
    """On 2023-10-24: BOS played this season, LAL the last, UTA the one before; DEN is to play."""
    games = [
        ("0022100001", "2022-01-05", "2021-22", "UTA", "CHI", "final"),
        ("0022200001", "2022-10-18", "2022-23", "LAL", "MIA", "final"),
        ("0022300001", "2023-10-23", "2023-24", "BOS", "NYK", "final"),
        ("0022300002", "2023-10-23", "2023-24", "DEN", "PHX", "live"),
        ("0022300003", "2023-10-24", "2023-24", "UTA", "LAL", "scheduled"),
        ("0022300004", "2023-10-24", "2023-24", "BOS", "DEN", "scheduled"),
    ]
    names = ("game_id", "game_date", "season", "home_team", "away_team", "status")
    rows = [
        dict(zip(names, game, strict=True))
        | {"season_type": "regular", "home_score": 0, "away_score": 0}
        for game in games
    ]
    schedule = ibis.memtable(rows).mutate(game_date=ibis._.game_date.cast("date"))
    today = schedule.filter(schedule.game_date == date(2023, 10, 24))
    found = expected(today, schedule).order_by("team_abbr").to_pyarrow().to_pylist()
    assert [(row["team_abbr"], row["game_id"]) for row in found] == [
        ("BOS", "0022300004"),
        ("LAL", "0022300003"),
    ]


def test_a_roster_that_may_hide_a_teammate_is_one_of_the_teams_last_ten_games() -> None:
    """Twelve games are behind LAL: the third was among the last ten, and the second not any more."""
    number = {"a": 2, "b": 3, "c": 12, "today": 13, "of spring": 80}
    numbers = [
        {"game_id": game, "team_abbr": "LAL", "team_game": n, "appeared_season": "2023-24"}
        for game, n in number.items()
    ]
    numbers[-1]["appeared_season"] = "2022-23"
    numbers.append(numbers[1] | {"team_abbr": "BOS"})
    lost = [
        {"gap_id": f"{game} {team}", "game_id": game, "team_abbr": team, "game_date": day}
        | {"table_name": table_name}
        for game, team, day, table_name in (
            ("a", "LAL", date(2023, 11, 2), "nbac_player_boxscore"),
            ("b", "LAL", date(2023, 11, 3), "nbac_player_boxscore"),
            ("b", "BOS", date(2023, 11, 3), "nbac_player_boxscore"),
            ("c", "LAL", date(2023, 11, 25), "nbac_team_boxscore"),
            ("today", "LAL", date(2023, 11, 26), "nbac_player_boxscore"),
            ("of spring", "LAL", date(2023, 4, 1), "nbac_player_boxscore"),
        )
    ]
    side = {"game_id": "today", "team_abbr": "LAL", "game_date": date(2023, 11, 26)}
    found = _lost_rosters(
        *(ibis.memtable(rows) for rows in ([side | {"games_played_team": 12}], numbers, lost))
    )
    assert answers(found) == [{"game_id": "today", "team_abbr": "LAL", "gap_ids": ["b LAL"]}]


def test_a_line_and_who_is_out_are_known_before_the_game(tmp_path) -> None:
    """A line that moved from 18.5 to 19.5; out since the day before, and only on the day itself.

    He whose line it is was under it in each game before.
    """
    folder = tmp_path / "landing"
    write_landing(folder, League(teams=4, days=8, seed=3))
    game, mates, last_played = _with_rested_player(folder)
    day = day_of(game)
    long_out = next(p for p, last in last_played.items() if last < str(before(day)))
    mine, late = [p for p in mates if p != long_out][:2]
    for hour, points in ((12, 18.5), (20, 19.5)):
        books = {"a": {"player_points": both_sides(mates[mine], points)}}
        write_odds(folder, "player_points", game, f"{day}T{hour}:00:00Z", books)
    nickname = TEAM_NAMES[game["homeTeam"]["teamTricode"]][1]
    write_transactions(
        folder,
        f"{before(day)},{nickname},,{mates[long_out]},placed on IL",
        f"{day},{nickname},,{mates[late]},placed on IL",
    )
    # On his first day nobody is known yet, so that of his first game there is no line.
    scored = [p for p in lines(folder, PLAYER_LOG) if p["PLAYER_ID"] == mine and p["MIN"] > 0]
    scored = sorted((p for p in scored if p["GAME_DATE"] < game["date"]), key=_dated)
    slug = mates[mine].replace(" ", "").lower()
    write_consensus(folder, *(f"{p['GAME_DATE']},{slug},{p['PTS'] + 0.5},-110" for p in scored))
    lab = Lab(tmp_path, folder)
    tables = [name for name, table in TABLES.items() if table.phase <= 3]
    lab.compute(tables, day_of(games(folder)[0]), day)
    found = lab.rows("upcoming_player_game_context", game_date=day)
    rows = {row["player_id"]: row for row in found}
    names = ("points_line", "opening_points_line", "line_movement", "line_source", "over_price")
    assert [rows[mine][name] for name in names] == [19.5, 18.5, 1.0, "odds_api", 1.9]
    assert len(scored) > 1
    streaks = (rows[mine]["prop_over_streak"], rows[mine]["prop_under_streak"])
    assert streaks == (0, len(scored) - 1)
    assert rows[late]["prop_over_streak"] is None
    assert [p for p, row in rows.items() if row["points_line"] is not None] == [mine]
    said = {p: (row["injury_status"], row["injury_source"]) for p, row in rows.items()}
    assert said.pop(long_out) == ("out", "transactions")
    assert late in said
    assert set(said.values()) == {(None, "transactions")}


def test_an_entry_from_before_a_game_that_he_played_has_nobody_out(tmp_path) -> None:
    """His team's latest roster is lost: whether he played then is unknown, earlier he did."""
    folder = tmp_path / "landing"
    write_landing(folder, League(teams=4, days=12, rest=0.0, seed=3))
    game, mates, last_played = _with_rested_player(folder)
    day, team = day_of(game), game["homeTeam"]["teamTricode"]
    logged = (p for p in lines(folder, PLAYER_LOG) if p["GAME_DATE"] < game["date"])
    played = [p for p in logged if p["TEAM_ABBREVIATION"] == team and p["MIN"] > 0]
    latest = max(p["GAME_DATE"] for p in played)
    seen = next(
        p
        for p, last in last_played.items()
        if last == latest and sum(q["PLAYER_ID"] == p for q in played) > 2
    )
    # His name is known from the day after his first game on.
    second = sorted(p["GAME_DATE"] for p in played if p["PLAYER_ID"] == seen)[1]
    path = folder / PLAYER_LOG
    document = json.loads(path.read_text())
    result = document["resultSets"][0]
    places = [result["headers"].index(name) for name in ("TEAM_ABBREVIATION", "GAME_DATE")]
    result["rowSet"] = [r for r in result["rowSet"] if [r[n] for n in places] != [team, latest]]
    path.write_text(json.dumps(document))
    nickname = TEAM_NAMES[team][1]
    write_transactions(folder, f"{second},{nickname},,{mates[seen]},placed on IL")
    lab = Lab(tmp_path, folder)
    tables = [name for name, table in TABLES.items() if table.phase <= 3]
    few = (Bypass("usage_rate_coverage", "one of few rosters is lost"),)
    lab.compute(tables, day_of(games(folder)[0]), day, bypasses=few)
    found = lab.rows("upcoming_player_game_context", game_date=day)
    (row,) = (row for row in found if row["player_id"] == seen)
    assert row["days_rest"] is None
    assert (row["injury_status"], row["injury_source"]) == (None, "transactions")


@dataclass(frozen=True)
class Spring:
    """A team of two seasons of five days, and two of its players who are there every day.

    hurt, who has the name, has gone out by an entry of the first season's last day; other has come
    back before the second one's first day. before and after are the days of the first season and of the second, with
    the gap that the team's lost roster of each is.
    """

    folder: Path
    team: str
    hurt: int
    name: str
    other: int
    before: Mapping[str, str]
    after: Mapping[str, str]

    def goes_out(self, day: date) -> None:
        """The one entry of the first season's transactions: hurt has gone out."""
        head = "Date,Team,Acquired,Relinquished,Notes"
        entry = f"{day},{TEAM_NAMES[self.team][1]},,{self.name},placed on IL"
        write_text(self.folder, "prosportstransactions/2022-23.csv", head, entry)

    def lose(self, tmp_path: Path, kind: str, days: Collection[str]) -> None:
        """Takes the team's lines of the days out of a log."""

        def change(rows: list[dict]) -> None:
            rows[:] = [
                row
                for row in rows
                if row["TEAM_ABBREVIATION"] != self.team or row["GAME_DATE"] not in days
            ]

        for season, dates in (("2022-23", self.before), ("2023-24", self.after)):
            if set(days) & set(dates):
                log = f"nba_stats/league_game_log/{kind}/{season}.json"
                damaged(self.folder, tmp_path, log, change)

    def rows(self, tmp_path: Path, day: date) -> dict[int, dict]:
        """The team's context rows of the day, by player."""
        lab = Lab(tmp_path, self.folder)
        tables = [name for name, table in TABLES.items() if table.phase <= 3]
        reasons = {
            "usage_rate_coverage": "lost rosters",
            "upstream_missing": "a season of five days",
        }
        allowed = tuple(Bypass(name, reason) for name, reason in reasons.items())
        first, last, opening = (
            date.fromisoformat(text)
            for text in (min(self.before), max(self.before), min(self.after))
        )
        lab.compute(tables, first, last + timedelta(days=1), bypasses=allowed)
        lab.compute(tables, opening, day, bypasses=allowed)
        found = lab.rows("upcoming_player_game_context", game_date=day)
        return {row["player_id"]: row for row in found if row["team_abbr"] == self.team}


@pytest.fixture
def spring(tmp_path) -> Spring:
    """See Spring."""
    folder = tmp_path / "landing"
    write_landing(folder, League(season="2022-23", teams=4, days=5, rest=0.0, seed=3), seasons=2)
    first = games(folder)[0]
    team = first["homeTeam"]["teamTricode"]
    played: dict[str, set[int]] = {}
    names: dict[int, str] = {}
    for line in lines(folder, "nba_stats/league_game_log/player/2022-23.json"):
        if line["TEAM_ABBREVIATION"] == team:
            names[line["PLAYER_ID"]] = line["PLAYER_NAME"]
            played.setdefault(line["GAME_DATE"], set()).update(
                [line["PLAYER_ID"]] if line["MIN"] else []
            )
    gaps: dict[str, dict[str, str]] = {}
    for season in ("2022-23", "2023-24"):
        log = lines(folder, f"nba_stats/league_game_log/team/{season}.json")
        gaps[season] = {
            line["GAME_DATE"]: f"nbac_player_boxscore:{line['GAME_DATE']}:{line['GAME_ID']}:{team}"
            for line in sorted(log, key=_dated)
            if line["TEAM_ABBREVIATION"] == team
        }
    hurt, other = sorted(set.intersection(*played.values()))[:2]
    came_back = f"{before(day_of(first))},{TEAM_NAMES[team][1]},{names[other]},,activated from IL"
    write_transactions(folder, came_back)
    found = Spring(folder, team, hurt, names[hurt], other, gaps["2022-23"], gaps["2023-24"])
    found.goes_out(date.fromisoformat(max(played)))
    return found


def test_who_is_out_since_spring_hangs_on_the_rosters_lost_since_he_went_out(
    spring, tmp_path
) -> None:
    """Out by an entry of last season's last day: had he played in that day's lost game, he were not.

    The lost roster of the second day is not named; nor is any for another, who is not out whether he
    played or not.
    """
    _first, second, *_between, last = spring.before
    spring.lose(tmp_path, "player", (second, last))
    spring.lose(tmp_path, "team", (last,))
    rows = spring.rows(tmp_path, date.fromisoformat(min(spring.after)))
    hurt, other = rows[spring.hurt], rows[spring.other]
    assert (hurt["injury_status"], hurt["injury_source"]) == ("out", "transactions")
    assert (other["injury_status"], other["injury_source"]) == (None, "transactions")
    named = {player: row["gap_ids"] for player, row in rows.items() if row["gap_ids"]}
    assert named == {spring.hurt: [spring.before[last]]}


def test_a_roster_lost_before_he_went_out_decides_nothing(spring, tmp_path) -> None:
    """Seen last on the fourth day, out by an entry of the sixth: the fifth's game is before it."""
    fifth = max(spring.before)
    spring.goes_out(date.fromisoformat(fifth) + timedelta(days=1))
    spring.lose(tmp_path, "player", (fifth,))
    rows = spring.rows(tmp_path, date.fromisoformat(min(spring.after)))
    assert rows[spring.hurt]["injury_status"] == "out"
    assert {player: row["gap_ids"] for player, row in rows.items() if row["gap_ids"]} == {}


def test_what_a_teammate_leaves_hangs_on_the_rosters_that_may_hide_that_he_is_not_out(
    spring, tmp_path
) -> None:
    """He is out since spring, and whether he played in this season's lost first game nobody knows.

    Had he played in spring's lost game he were not out, and would leave nothing.
    """
    lost = (max(spring.before), min(spring.after))
    spring.lose(tmp_path, "player", lost)
    rows = spring.rows(tmp_path, date.fromisoformat([*spring.after][1]))
    assert rows[spring.hurt]["injury_status"] == "out"
    mate = rows[spring.other]
    assert mate["teammates_out_usage"] is None
    assert mate["gap_ids"] == [(spring.before | spring.after)[day] for day in lost]


def test_a_teammate_who_has_certainly_not_played_leaves_nothing_out_or_not(
    spring, tmp_path
) -> None:
    """No game of this season is lost or was played: the spring's lost game decides nothing of it."""
    spring.lose(tmp_path, "player", (max(spring.before),))
    mate = spring.rows(tmp_path, date.fromisoformat(min(spring.after)))[spring.other]
    assert (mate["teammates_out_usage"], mate["gap_ids"]) == (0.0, [])


def _with_rested_player(folder) -> tuple[dict, dict[int, str], dict[int, str]]:
    """The last game one of whose home team's players last played before the day before it.

    With the names of the players whom that team has had, and the date of each one's last game.
    """
    logged = [p for p in lines(folder, PLAYER_LOG) if p["MIN"] > 0]
    for game in reversed(games(folder)):
        team = game["homeTeam"]["teamTricode"]
        earlier = [
            p for p in logged if p["TEAM_ABBREVIATION"] == team and p["GAME_DATE"] < game["date"]
        ]
        last = {p["PLAYER_ID"]: p["GAME_DATE"] for p in sorted(earlier, key=_dated)}
        if any(played < str(before(day_of(game))) for played in last.values()):
            return game, {p["PLAYER_ID"]: p["PLAYER_NAME"] for p in earlier}, last
    raise AssertionError("everybody plays every day")


def _dated(logged: dict) -> str:
    return logged["GAME_DATE"]


def _days(earlier: str, later: str) -> int:
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days
