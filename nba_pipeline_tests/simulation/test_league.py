"""The simulated season keeps a real one's identities, whatever is made to happen in it."""

import itertools
from collections import Counter, defaultdict
from datetime import date

import pytest

from nba_pipeline.league import calendar
from nba_pipeline.simulation.league import HEADERS, League, Simulated, simulate, write_landing
from nba_pipeline.simulation.moves import game_day, teams_of
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
