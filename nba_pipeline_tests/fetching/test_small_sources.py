"""Fetching one file per game, per day or per time of day: what is asked for, and when."""

import json
from datetime import UTC, datetime, time, timedelta

import pytest

from nba_pipeline import clock
from nba_pipeline.fetching.fetch import fetch
from nba_pipeline.phase_1_sources.nba_gamebook import nba_gamebook
from nba_pipeline.phase_1_sources.nba_injury_report import nba_injury_report
from nba_pipeline.phase_1_sources.nba_referee_assignments import nba_referee_assignments
from nba_pipeline.phase_1_sources.nba_stats_boxscore import nba_stats_boxscore
from nba_pipeline.phase_1_sources.nba_stats_player_index import nba_stats_player_index
from nba_pipeline.simulation.scoreboard import crews
from nba_pipeline_tests.box_score_files import as_v3, box_score
from nba_pipeline_tests.fetching.stats_host import DAYS, FIRST, SCHEDULED, stats
from nba_pipeline_tests.league_files import games
from nba_pipeline_tests.local_host import Answer
from nba_pipeline_tests.pdf_files import pdf

BOX = [
    (20, 20, "VISITOR: Boston Celtics (1-0)"),
    (20, 40, "12 Some Body DNP - Coach's Decision"),
    (20, 60, "HOME: Atlanta Hawks (0-1)"),
    (20, 80, "11 Other Body DNP - Coach's Decision"),
]
REPORT = "nba_injury_report/{day}/Injury-Report_{day}_{at}.pdf"


@pytest.fixture
def host(tmp_path):
    """A host of a league of six teams, and a landing zone that has its schedule."""
    with stats(tmp_path) as host:
        host.lay_schedule()
        yield host


def of_day(host, day=FIRST):
    """The games of a day as the schedule has them."""
    return [game for game in games(host.truth) if game["date"] == str(day)]


def report(day) -> bytes:
    """An injury report in which one team of one game has said nothing."""
    xs = (20, 110, 190, 270, 370, 500, 600)
    heads = ("Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason")
    line = (
        f"{day:%m/%d/%Y}",
        "07:00 (ET)",
        "BOS@ATL",
        "Boston Celtics",
        "",
        "",
        "NOT YET SUBMITTED",
    )
    texts = [(20, 20, f"Injury Report: {day:%m/%d/%y} 05:30 PM"), (20, 700, "Page 1 of 1")]
    for y, cells in ((50, heads), (80, line)):
        texts += [(x, y, text) for x, text in zip(xs, cells, strict=True) if text]
    return pdf([texts])


def test_each_game_that_is_over_has_its_box_score_fetched(host) -> None:
    """Version 3 of every game of the day, once; a box score of another game is not put in its place."""
    first, *others = sorted(game["gameId"] for game in of_day(host))
    host.host.serve = lambda question: Answer(
        json.dumps(as_v3(box_score(host.truth, question.query["GameID"]))).encode()
    )
    strange = json.dumps(as_v3(box_score(host.truth, others[0]))).encode()
    host.host.answers = [Answer(strange)]
    fetched = fetch(nba_stats_boxscore, [FIRST], host.access())
    paths = [f"nba_stats/boxscore/{game}.json" for game in (first, *others)]
    assert sorted(fetched.new) == paths[1:]
    assert [(lack.what, lack.kind) for lack in fetched.failed] == [(paths[0], "empty")]
    assert {question.path for question in host.host.asked} == {"boxscoretraditionalv3"}
    fetched = fetch(nba_stats_boxscore, [FIRST], host.access())
    assert (fetched.new, sorted(fetched.there)) == (paths[:1], paths[1:])


def test_todays_list_of_players_is_fetched_and_no_other_days(host) -> None:
    """Yesterday's cannot be had any more, tomorrow's not yet; the file is named after its day."""
    headers = ["PERSON_ID", "PLAYER_LAST_NAME", "PLAYER_FIRST_NAME", "TEAM_ID"]
    headers += ["TEAM_ABBREVIATION", "POSITION"]
    lines = [[7, "One", "A.", 1, "LAL", "G"]]
    document = {"resultSets": [{"headers": headers, "rowSet": lines}]}
    host.host.serve = lambda _question: Answer(json.dumps(document).encode())
    with clock.set_to(datetime.combine(DAYS[1], time(18), UTC)):
        fetched = fetch(nba_stats_player_index, DAYS[:3], host.access())
    assert fetched.new == [f"nba_stats/player_index/{DAYS[1]}.json"]
    assert [lack.day for lack in fetched.waiting] == [DAYS[2]]
    assert [question.query["Season"] for question in host.host.asked] == ["2023-24"]


def test_a_list_of_players_that_cannot_be_read_is_asked_for_again(host) -> None:
    """Though that of the day before stands in its place; one of far fewer players is not taken."""
    headers = ["PERSON_ID", "PLAYER_LAST_NAME", "PLAYER_FIRST_NAME", "TEAM_ID"]
    headers += ["TEAM_ABBREVIATION", "POSITION"]
    lines = [[7, "One", "A.", 1, "LAL", "G"], [8, "Two", "B.", 1, "LAL", "G"]]
    lines += [[9, "Three", "C.", 1, "LAL", "G"]]

    def served(count: int) -> None:
        result = {"headers": headers, "rowSet": lines[:count]}
        host.host.serve = lambda _question: Answer(json.dumps({"resultSets": [result]}).encode())

    paths = [f"nba_stats/player_index/{day}.json" for day in DAYS[:2]]
    for day, count in ((DAYS[0], 3), (DAYS[1], 2)):
        served(count)
        with clock.set_to(datetime.combine(day, time(18), UTC)):
            fetched = fetch(nba_stats_player_index, [day], host.access())
        assert fetched.is_complete
    (host.landing / f"{paths[1]}.gz").write_bytes(b"cut")
    with clock.set_to(datetime.combine(DAYS[1], time(18), UTC)):
        served(1)
        fetched = fetch(nba_stats_player_index, [DAYS[1]], host.access())
        assert [lack.kind for lack in fetched.failed] == ["incomplete"]
        assert f"3 players with a team in {paths[0]}.gz (1 now)" in fetched.failed[0].reason
        served(2)
        assert fetch(nba_stats_player_index, [DAYS[1]], host.access()).changed == [paths[1]]
        assert fetch(nba_stats_player_index, [DAYS[1]], host.access()).there == [paths[1]]


def test_a_game_book_is_asked_for_by_its_date_and_teams(host) -> None:
    """Visitors first; one that is not there yet, which the bucket refuses, fails alone."""
    wanted = of_day(host)
    pages = {}
    for game in wanted:
        away, home = (game[side]["teamTricode"] for side in ("awayTeam", "homeTeam"))
        pages[f"{FIRST:%Y%m%d}/{FIRST:%Y%m%d}_{away}{home}.pdf"] = pdf([BOX])
    missing = min(pages)
    del pages[missing]
    host.host.serve = lambda question: (
        Answer(pages[question.path]) if question.path in pages else Answer(status=403)
    )
    fetched = fetch(nba_gamebook, [FIRST], host.access())
    assert {question.path for question in host.host.asked} == {*pages, missing}
    assert [lack.kind for lack in fetched.failed] == ["not_there"]
    assert len(fetched.new) == len(wanted) - 1
    assert fetched.stopped is None


def test_injury_reports_of_the_set_times_are_fetched_once_they_are_past(host) -> None:
    """At six in the evening that of five is there and that of seven is waited for."""
    host.host.serve = lambda _question: Answer(report(FIRST))
    access = host.access(nba_injury_report_times="17:00, 19:00")
    # Six in the evening of a summer day is ten in UTC.
    with clock.set_to(datetime.combine(FIRST, time(22), UTC)):
        fetched = fetch(nba_injury_report, [FIRST], access)
    assert fetched.new == [REPORT.format(day=FIRST, at="05PM")]
    assert [lack.what for lack in fetched.waiting] == [REPORT.format(day=FIRST, at="07PM")]
    assert [question.path for question in host.host.asked] == [f"Injury-Report_{FIRST}_05PM.pdf"]


def test_an_injury_report_may_have_its_minutes_in_its_name(host) -> None:
    """What is not there under one name is asked for under the other, and one that is nowhere fails."""
    name = f"Injury-Report_{FIRST}_05_00PM.pdf"
    host.host.serve = lambda question: (
        Answer(report(FIRST)) if question.path == name else Answer(status=403)
    )
    access = host.access(nba_injury_report_times="17:00")
    fetched = fetch(nba_injury_report, DAYS[:2], access)
    assert fetched.new == [REPORT.format(day=FIRST, at="05PM")]
    assert [(lack.day, lack.kind) for lack in fetched.failed] == [(DAYS[1], "not_there")]


def answered(day_games, chief: str = "Ref 1") -> Answer:
    """The assignments of the games."""
    return Answer(json.dumps(crews(*day_games, chief=chief)).encode())


def test_crews_are_asked_for_until_days_after_the_games(host) -> None:
    """Who asks on some mornings has the one that was changed at noon; of tomorrow they are waited for."""
    host.leave_open(status=SCHEDULED)
    host.host.serve = lambda _question: answered(of_day(host))
    name = f"nba_referee_assignments/{FIRST}.json"
    with clock.set_to(datetime.combine(FIRST, time(15), UTC)):
        fetched = fetch(nba_referee_assignments, DAYS[:2], host.access())
        assert (fetched.new, [lack.day for lack in fetched.waiting]) == ([name], [DAYS[1]])
        assert fetch(nba_referee_assignments, DAYS[:1], host.access()).unchanged == [name]
    host.lay_schedule()
    host.host.serve = lambda _question: answered(of_day(host), chief="Somebody Else")
    with clock.set_to(datetime.combine(FIRST + timedelta(days=3), time(15), UTC)):
        assert fetch(nba_referee_assignments, DAYS[:1], host.access()).changed == [name]
    asked = len(host.host.asked)
    assert fetch(nba_referee_assignments, DAYS[:1], host.access()).there == [name]
    assert len(host.host.asked) == asked
    assert host.host.asked[-1].query == {"date": str(FIRST)}


def test_a_game_that_is_never_played_has_no_crew_to_be_missed(host) -> None:
    """After the days for which it is waited for only those of the others are asked for, once."""
    host.leave_open(of_day(host)[0]["gameId"], status=SCHEDULED)
    host.host.serve = lambda _question: answered(of_day(host)[1:])
    name = f"nba_referee_assignments/{FIRST}.json"
    for days, state, failed in ((1, "new", 1), (4, "there", 0), (60, "there", 0)):
        with clock.set_to(datetime.combine(FIRST + timedelta(days=days), time(15), UTC)):
            fetched = fetch(nba_referee_assignments, [FIRST], host.access())
        assert (getattr(fetched, state), len(fetched.failed)) == ([] if failed else [name], failed)
    host.leave_open(status=SCHEDULED)
    waited = fetch(nba_referee_assignments, [FIRST], host.access())
    assert [lack.what for lack in waited.waiting] == [game["gameId"] for game in of_day(host)]
    assert waited.failed == []


def test_a_crew_that_lacks_a_game_is_named_and_kept(host) -> None:
    """What is there of the day is put in place, and the game without a crew fails."""
    wanted = of_day(host)
    host.host.serve = lambda _question: answered(wanted[1:])
    fetched = fetch(nba_referee_assignments, [FIRST], host.access())
    assert [lack.kind for lack in fetched.failed] == ["incomplete"]
    assert fetched.failed[0].reason.endswith(wanted[0]["gameId"])
    after = FIRST + timedelta(days=1)
    host.host.serve = lambda _question: answered(of_day(host, after))
    assert fetch(nba_referee_assignments, [after], host.access()).failed == []
