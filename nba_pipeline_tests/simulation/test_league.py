"""The simulated season keeps a real one's identities, whatever is made to happen in it."""

import itertools
from collections import Counter, defaultdict
from datetime import date

import pytest

from nba_pipeline.league import calendar
from nba_pipeline.league.identity import TEAMS
from nba_pipeline.simulation.league import (
    HEADERS,
    League,
    Simulated,
    simulate,
    simulate_seasons,
    write_landing,
)
from nba_pipeline.simulation.moves import game_day, teams_of
from nba_pipeline.simulation.sources import NO_SOURCES
from nba_pipeline.simulation.told import Told
from nba_pipeline_tests.conftest import LEAGUE
from nba_pipeline_tests.league_files import games

EVENTFUL = League(
    teams=6,
    days=40,
    seed=6,
    off_days=(20, 21, 22),
    one_game_days=(10,),
    trades=4,
    postponed=3,
    moved=3,
    overtime=0.2,
    neutral=0.2,
)
FIRST = calendar.season(EVENTFUL.season).first


@pytest.fixture(scope="module")
def played() -> Simulated:
    """A season in which everything happens."""
    return simulate(EVENTFUL)


def _lines(played: Simulated, kind: str) -> list[dict]:
    return [dict(zip(HEADERS[kind], line, strict=True)) for line in played.lines[kind]]


def test_players_sum_to_their_team_in_minutes_and_every_count(played) -> None:
    """Overtime adds 25 player-minutes; some games have one."""
    sums: dict[tuple, Counter] = defaultdict(Counter)
    names = ["MIN", "PTS", "FGM", "FGA", "FTA", "TOV", "REB"]
    for line in _lines(played, "player"):
        sums[line["GAME_ID"], line["TEAM_ABBREVIATION"]].update({n: line[n] for n in names})
    teams = _lines(played, "team")
    for line in teams:
        assert sums[line["GAME_ID"], line["TEAM_ABBREVIATION"]] == {n: line[n] for n in names}
        assert line["PTS"] == 2 * line["FGM"] + line["FG3M"] + line["FTM"]
    minutes = Counter(line["MIN"] for line in teams)
    assert set(minutes) == {240, 265}
    by_game = defaultdict(set)
    for line in teams:
        by_game[line["GAME_ID"]].add(line["MIN"])
    assert all(len(of) == 1 for of in by_game.values())


def test_nobody_plays_on_a_day_off_and_one_game_is_played_on_a_quiet_day(played) -> None:
    """As the league asks for."""
    numbers = Counter((game_day(game) - FIRST).days for game in played.games)
    assert not set(EVENTFUL.off_days) & set(numbers)
    assert numbers[10] == 1


def test_a_traded_player_is_with_one_team_until_a_day_and_with_another_after_it(played) -> None:
    """Four trades move eight places; nobody is with two teams at once."""
    teams: dict[int, dict[str, list[date]]] = defaultdict(lambda: defaultdict(list))
    for line in _lines(played, "player"):
        day = date.fromisoformat(line["GAME_DATE"])
        teams[line["PLAYER_ID"]][line["TEAM_ABBREVIATION"]].append(day)
    traded = {player: of for player, of in teams.items() if len(of) > 1}
    assert 4 <= len(traded) <= 8
    for of in traded.values():
        spans = sorted((min(days), max(days)) for days in of.values())
        assert all(one[1] < other[0] for one, other in itertools.pairwise(spans))


def test_a_move_leaves_a_date_on_which_neither_team_plays(played) -> None:
    """Postponed games are played later; moved ones earlier or later."""
    by_id = {game["gameId"]: game for game in played.games}
    busy = {(team, game_day(game)) for game in played.games for team in teams_of(game)}
    assert Counter(move.is_postponed for move in played.moves) == {True: 3, False: 3}
    for move in played.moves:
        assert move.day == game_day(by_id[move.game_id])
        assert move.first_day != move.day
        assert move.first_day < move.day or not move.is_postponed
        for team in teams_of(by_id[move.game_id]):
            assert (team, move.first_day) not in busy


def test_a_postponed_game_stands_in_the_schedule_under_both_dates(tmp_path, played) -> None:
    """Once called off and without a score, once final; the two-dated are those that were postponed."""
    assert write_landing(tmp_path, EVENTFUL) == len(played.games)
    entries = defaultdict(list)
    for game in games(tmp_path):
        entries[game["gameId"]].append(game)
    twice = {game_id: of for game_id, of in entries.items() if len(of) > 1}
    assert set(twice) == {move.game_id for move in played.moves if move.is_postponed}
    for before, after in twice.values():
        assert (before["postponedStatus"], before["homeTeam"]["score"]) == ("Y", 0)
        assert (after["postponedStatus"], after["gameStatus"]) == ("A", 3)
        assert before["date"] < after["date"]
        assert before["gameDateTimeUTC"] < after["gameDateTimeUTC"]
    assert 0 < sum(game["isNeutral"] for game in played.games) < len(played.games) / 2


def test_the_same_seed_plays_the_same_season() -> None:
    """Whatever happens in it."""
    assert simulate(EVENTFUL) == simulate(EVENTFUL)


def test_what_is_switched_off_leaves_the_season_as_it_was() -> None:
    """The first lines of two leagues, written down before there were injuries and names."""
    for league, line in (
        (LEAGUE, [1200, "Player C00", "L", 6, 1, 3, 0, 1, 2, 3, 0, 2, 2, 1, 0, 0, 0, 0, 4, -9]),
        (EVENTFUL, [1300, "Player D00", "W", 8, 0, 3, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 2, 1, 18]),
    ):
        played = simulate(league)
        assert [*played.lines["player"][0][:2], *played.lines["player"][-1][9:]] == line


def test_more_seasons_leave_the_first_ones_as_they_are() -> None:
    """Three seasons begin with the two of two, and with the one of one."""
    small = League(season="2021-22", teams=4, days=12, trades=1, seed=3)
    three = list(simulate_seasons(small, 3))
    assert [played.season for played in three] == ["2021-22", "2022-23", "2023-24"]
    assert three[:2] == list(simulate_seasons(small, 2))
    assert three[0] == simulate(small)
    assert three[0].lines != three[1].lines
    for played in three:
        for line in _lines(played, "team"):
            assert line["SEASON_ID"] == f"2{played.season[:4]}"
            assert calendar.season_of(date.fromisoformat(line["GAME_DATE"])).name == played.season


def test_in_summer_two_players_of_each_team_are_gone_and_two_rookies_come() -> None:
    """Without trades everybody else is with the team that he was with."""
    small = League(season="2022-23", teams=4, days=12, rest=0.0, seed=3, spoken_names=True)
    teams: list[dict[int, str]] = []
    names: list[dict[int, str]] = []
    for played in simulate_seasons(small, 2):
        lines = _lines(played, "player")
        teams.append({line["PLAYER_ID"]: line["TEAM_ABBREVIATION"] for line in lines})
        names.append({line["PLAYER_ID"]: line["PLAYER_NAME"] for line in lines})
    assert Counter(teams[0].values()) == Counter(teams[1].values()) == dict.fromkeys(TEAMS[:4], 12)
    stayed = teams[0].keys() & teams[1].keys()
    assert Counter(teams[1][player] for player in stayed) == dict.fromkeys(TEAMS[:4], 10)
    assert all(teams[0][player] == teams[1][player] for player in stayed)
    assert all(names[0][player] == names[1][player] for player in stayed)
    assert len({*names[0].values(), *names[1].values()}) == 4 * 14


def test_an_injured_player_misses_games_in_a_row() -> None:
    """With injuries more games are missed, and long runs of them that else hardly happen."""
    longest = []
    for rate in (0.0, 0.03):
        played = simulate(League(teams=6, days=60, seed=6, injuries=rate))
        missed = Told(played, NO_SOURCES, seed=6).absences
        longest.append((missed.groupby("spell").size() >= 5).sum())
    assert longest[0] == 0
    assert longest[1] > 5


def test_seasons_beyond_the_calendar_are_refused_with_what_adds_them() -> None:
    """2026-27 is the last that is known."""
    late = League(season="2026-27", teams=4, days=3)
    with pytest.raises(calendar.UnknownSeason, match="NBA_PIPELINE_SEASONS"):
        list(simulate_seasons(late, 2))


def test_nobody_plays_longer_than_the_game_where_there_are_injuries() -> None:
    """48 minutes, 53 with an overtime; the team's minutes and points are its players'."""
    played = simulate(League(teams=8, days=60, seed=2, injuries=0.05, overtime=0.1))
    sums: dict[tuple, Counter] = defaultdict(Counter)
    longest: Counter = Counter()
    for line in _lines(played, "player"):
        key = line["GAME_ID"], line["TEAM_ABBREVIATION"]
        sums[key].update(MIN=line["MIN"], PTS=line["PTS"], players=1)
        longest[key] = max(longest[key], line["MIN"])
    for line in _lines(played, "team"):
        key = line["GAME_ID"], line["TEAM_ABBREVIATION"]
        assert (sums[key]["MIN"], sums[key]["PTS"]) == (line["MIN"], line["PTS"])
        assert longest[key] <= line["MIN"] / 5
        assert sums[key]["players"] >= 5
    assert max(longest.values()) > 40


def test_a_level_game_is_won_by_somebody_who_plays() -> None:
    """The default season has a game that ended level without its home team's first player."""
    played = simulate(League())
    points: Counter = Counter()
    for line in _lines(played, "player"):
        points[line["GAME_ID"], line["TEAM_ABBREVIATION"]] += line["PTS"]
    for line in _lines(played, "team"):
        assert points[line["GAME_ID"], line["TEAM_ABBREVIATION"]] == line["PTS"]
