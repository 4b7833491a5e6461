"""Fetching shots, play by play and prices: what is asked for, what it costs, and what stops it."""

import gzip
import json
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pandas as pd
import pytest

from nba_pipeline import clock
from nba_pipeline.errors import WrongRequest
from nba_pipeline.fetching.fetch import fetch
from nba_pipeline.kernel.fetch import Fetch
from nba_pipeline.kernel.formats import CsvLines, csv_lines, json_document
from nba_pipeline.kernel.source import Parsed, Source, SourceFile, UnknownShape, rejected_frame
from nba_pipeline.league.identity import TEAM_NAMES
from nba_pipeline.phase_1_sources import (
    bigdataball_fetch,
    nba_cdn_play_by_play_fetch,
    nba_stats_shot_chart_detail_fetch,
    odds_api_fetch,
)
from nba_pipeline.phase_1_sources.bigdataball import bigdataball
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule
from nba_pipeline_tests.fetching.stats_host import DAYS, FIRST, stats
from nba_pipeline_tests.league_files import SCHEDULE, games
from nba_pipeline_tests.local_host import Answer, Question

NOON = datetime.combine(FIRST, time(16), UTC)
LEFT = {"x-requests-remaining": "500"}


def parse(document: object, file: SourceFile) -> Parsed:
    """A document that lists game ids, alone or with the time at which it was so, as rows."""
    if isinstance(document, dict):
        document = document["data"]
    if isinstance(document, CsvLines):
        document = [dict(zip(document.header, line, strict=True)) for line in document.lines]
    if document is not None and not isinstance(document, list):
        raise UnknownShape(f"{file.path}: no list")
    ids = [line["game_id"] for line in document or []]
    rows = pd.DataFrame({"game_id": ids, "game_date": file.game_date, "source_file": file.path})
    periods = [line.get("period", 4) for line in document or []]
    rows = rows.assign(row_number=range(len(ids)), period=periods)
    return Parsed(rows.astype({"game_id": "string"}), rejected_frame([]))


def source(place: str, layout: str, fetch: Fetch) -> Source:
    """A source of such documents that is fetched so."""
    formats = {"csv": csv_lines} if place == "bigdataball" else {"json": json_document}
    return Source(
        place.replace("/", "_"),
        place,
        parse,
        1,
        layout=layout,
        formats=formats,
        dated_by=nba_stats_schedule,
        fetch=fetch,
    )


SHOTS = source("nba_stats/shot_chart_detail", "seasons", nba_stats_shot_chart_detail_fetch.fetch)
PLAYS = source("nba_cdn/play_by_play", "games", nba_cdn_play_by_play_fetch.fetch)
BIG = source("bigdataball", "dates", bigdataball_fetch.fetch)
LINES = "odds_api/player_points"
ODDS = source(LINES, "dates", partial(odds_api_fetch.fetch, place=LINES, markets="player_points"))
BOARD = "odds_api/game_lines"
BOARDS = source(
    BOARD, "dates", partial(odds_api_fetch.fetch, place=BOARD, markets="h2h,spreads,totals")
)


@pytest.fixture
def host(tmp_path):
    """A host of a league of six teams, and a landing zone that has its schedule."""
    with stats(tmp_path) as host:
        host.lay_schedule()
        yield host


def of_day(host, day: date = FIRST) -> list[str]:
    """The games of a day."""
    return sorted(game["gameId"] for game in games(host.truth) if game["date"] == str(day))


def listed(*game_ids: str, **headers: str) -> Answer:
    """An answer that lists the games."""
    return Answer(json.dumps([{"game_id": each} for each in game_ids]).encode(), headers=headers)


def test_shots_are_asked_for_by_date_for_everybody(host) -> None:
    """All attempts of all players; a date without one of its games is named."""
    wanted = of_day(host)
    host.host.answers = [listed(*wanted), listed(*of_day(host, DAYS[1])[1:])]
    fetched = fetch(SHOTS, DAYS[:2], host.access())
    names = [f"nba_stats/shot_chart_detail/2023-24/{day}.json" for day in DAYS[:2]]
    assert fetched.new == names[:1]
    assert [(lack.what, lack.kind) for lack in fetched.failed] == [(names[1], "incomplete")]
    query = host.host.asked[0].query
    assert {name: query[name] for name in ("ContextMeasure", "PlayerID", "TeamID")} == {
        "ContextMeasure": "FGA",
        "PlayerID": "0",
        "TeamID": "0",
    }
    assert (query["DateFrom"], query["Season"]) == ("10/24/2023", "2023-24")


def test_shots_of_a_game_that_was_not_over_are_none_of_it(host) -> None:
    """A game has shots in its last period, or it was asked for while it was suspended."""
    ids = of_day(host)
    half = [{"game_id": each, "period": 2 if each == ids[0] else 4} for each in ids]
    host.host.answers = [Answer(json.dumps(half).encode()), listed(*ids)]
    (lack,) = fetch(SHOTS, DAYS[:1], host.access()).failed
    assert lack.reason.endswith(f"the source has no rows yet of {ids[0]}")
    assert len(fetch(SHOTS, DAYS[:1], host.access()).changed) == 1
    assert len(fetch(SHOTS, DAYS[:1], host.access()).there) == 1


def test_a_play_by_play_that_is_not_there_yet_fails_alone(host) -> None:
    """The host refuses what it has not; the others come, and are not asked for again."""
    missing, *others = of_day(host)

    def serve(question: Question) -> Answer:
        game = question.path.removeprefix("playbyplay/playbyplay_").removesuffix(".json")
        return Answer(status=403) if game == missing else listed(game)

    host.host.serve = serve
    fetched = fetch(PLAYS, [FIRST], host.access())
    assert fetched.new == [f"nba_cdn/play_by_play/{game}.json" for game in others]
    assert [lack.kind for lack in fetched.failed] == ["not_there"]
    asked = len(host.host.asked)
    fetch(PLAYS, [FIRST], host.access())
    assert len(host.host.asked) == asked + 1


class Odds:
    """The Odds API of the league's games: events by date, and prices of each."""

    def __init__(self, host, day: date) -> None:
        self.left = 500
        self.events = [
            {
                "id": f"event{number}",
                "commence_time": f"{day + timedelta(days=1)}T00:10:00Z",
                **{
                    side: " ".join(TEAM_NAMES[game[where]["teamTricode"]])
                    for side, where in (("home_team", "homeTeam"), ("away_team", "awayTeam"))
                },
            }
            for number, game in enumerate(g for g in games(host.truth) if g["date"] == str(day))
        ]

    def __call__(self, question: Question) -> Answer:
        """The events, or one event's prices."""
        headers = {"x-requests-remaining": str(self.left)}
        if question.path.endswith("/events"):
            told = {"data": self.events} if "historical" in question.path else self.events
            return Answer(json.dumps(told).encode(), headers=headers)
        return listed("0022300001", **headers)


def test_past_prices_are_asked_of_history_before_each_tip_off(host) -> None:
    """One list of the morning's events, and each event an hour before it begins; then no event again."""
    host.host.serve = Odds(host, FIRST)
    fetched = fetch(ODDS, [FIRST], host.access())
    count = len(of_day(host))
    assert fetched.new == [f"{LINES}/{FIRST}/event{n}.json" for n in range(count)]
    quota, events, *asked = host.host.asked
    assert (quota.path, events.path) == ("sports", "historical/sports/basketball_nba/events")
    assert events.query["date"] == "2023-10-24T10:00:00Z"
    assert {question.query["date"] for question in asked} == {"2023-10-24T23:10:00Z"}
    assert {question.query["markets"] for question in asked} == {"player_points"}
    fetched = fetch(ODDS, [FIRST], host.access())
    assert len(fetched.there) == count
    assert len(host.host.asked) == 2 + count + 2


def test_an_answer_without_a_price_is_no_price_and_is_asked_for_again(host) -> None:
    """Of an event of a covered game; nothing is put in place, and a stored one is not whole either."""
    odds = Odds(host, FIRST)
    host.host.serve = odds
    count = len(of_day(host))
    with_nothing = [Answer(b"[]", headers=LEFT)] * count
    path = host.landing / LINES / str(FIRST) / "event0.json"
    for is_there in (False, True):
        host.host.answers = [
            *(odds(Question(each, {})) for each in ("sports", "historical/events"))
        ]
        host.host.answers += with_nothing
        fetched = fetch(ODDS, [FIRST], host.access())
        assert [lack.kind for lack in fetched.failed] == ["empty"] * count
        assert path.exists() == is_there
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"[]")
    fetched = fetch(ODDS, [FIRST], host.access())
    assert (len(fetched.new), len(fetched.changed)) == (count - 1, 1)


def test_the_quota_that_is_kept_is_not_touched(host) -> None:
    """Three markets of two regions cost sixty; with 500 left and 450 kept nothing is asked."""
    host.host.serve = Odds(host, FIRST)
    access = host.access(odds_api_keep=450, odds_api_regions="us,eu")
    fetched = fetch(BOARDS, DAYS, access)
    assert [lack.kind for lack in fetched.failed] == ["quota"]
    assert "takes up to 60" in fetched.failed[0].reason
    assert fetched.stopped == FIRST
    assert [question.path.rsplit("/", 1)[-1] for question in host.host.asked] == [
        "sports",
        "events",
    ]


def test_todays_prices_are_asked_as_they_are_now_and_each_time_anew(host) -> None:
    """Every moment is a file of its own; what has begun is not asked for, tomorrow's is waited for."""
    odds = Odds(host, FIRST)
    odds.events[0]["commence_time"] = "2023-10-24T15:00:00Z"
    host.host.serve = odds
    count = len(of_day(host))
    for minute in (0, 30):
        with clock.set_to(NOON + timedelta(minutes=minute)):
            fetched = fetch(BOARDS, DAYS[:2], host.access())
        told = f"{BOARD}/{FIRST}/event1_20231024T16{minute:02d}Z.json"
        assert (told in fetched.new, len(fetched.new)) == (True, count - 1)
        begun = of_day(host)[0]
        assert [lack.what for lack in fetched.waiting] == [begun, str(DAYS[1])]
    assert not any("historical" in question.path for question in host.host.asked)
    # The newest of its prices may be older than one that an earlier answer had.
    stored = [json.loads(text) for name, text in host.files().items() if BOARD in name]
    moments = {"2023-10-24T16:00:00Z", "2023-10-24T16:30:00Z"}
    assert {document["timestamp"] for document in stored} == moments


def test_of_todays_games_that_are_over_no_event_is_missed(host) -> None:
    """The source names only what is to come and under way; in the morning each has to be there."""
    odds = Odds(host, FIRST)
    odds.events.clear()
    host.host.serve = odds
    ids = of_day(host)
    with clock.set_to(datetime(2023, 10, 25, 3, tzinfo=UTC)):
        fetched = fetch(BOARDS, [FIRST], host.access())
        assert ([lack.what for lack in fetched.waiting], fetched.failed) == (ids, [])
    with clock.set_to(NOON):
        fetched = fetch(BOARDS, [FIRST], host.access())
        assert ([lack.kind for lack in fetched.failed], fetched.waiting) == (["not_there"] * 3, [])


def test_a_game_without_an_event_is_named_and_a_page_is_no_list(host) -> None:
    """By its id and teams; what is no list of events fails its date."""
    odds = Odds(host, FIRST)
    del odds.events[0]
    host.host.serve = odds
    fetched = fetch(ODDS, [FIRST], host.access())
    assert [lack.kind for lack in fetched.failed] == ["not_there"]
    assert of_day(host)[0] in fetched.failed[0].reason
    host.host.answers = [Answer(headers=LEFT), Answer(b"<html>", headers=LEFT)]
    fetched = fetch(ODDS, [DAYS[1]], host.access())
    assert [(lack.day, lack.kind) for lack in fetched.failed] == [(DAYS[1], "unlike")]


@pytest.mark.parametrize(("name", "value"), [("odds_api_key", ""), ("bigdataball", "")])
def test_without_its_setting_a_source_says_which_it_is(host, name, value) -> None:
    """Before anything is asked."""
    wanted = BIG if name == "bigdataball" else ODDS
    key = type(host.settings.odds_api_key)("")
    access = host.access(**{name: key if name == "odds_api_key" else value})
    with pytest.raises(WrongRequest, match=f"NBA_PIPELINE_{name.upper()} is not set"):
        fetch(wanted, [FIRST], access)
    assert host.host.asked == []


def test_bigdataball_s_files_come_from_the_folder_that_is_set(host, tmp_path) -> None:
    """By the date in their own or their folder's name, packed or not; a date without one fails."""
    folder = tmp_path / "bought"
    (folder / "2023-24" / str(DAYS[1])).mkdir(parents=True)
    text = b"game_id\n0022300001\n"
    (folder / "2023-24" / f"[{FIRST}]-0022300001-BOS@NYK.csv").write_bytes(text)
    (folder / "2023-24" / str(DAYS[1]) / "one.csv.gz").write_bytes(gzip.compress(text))
    (folder / "2023-24" / "notes.txt").write_bytes(b"2023-10-24")
    access = host.access(bigdataball=str(folder))
    fetched = fetch(BIG, DAYS[:3], access)
    assert fetched.new == [
        f"bigdataball/{FIRST}/[{FIRST}]-0022300001-BOS@NYK.csv",
        f"bigdataball/{DAYS[1]}/one.csv",
    ]
    assert host.files()[f"bigdataball/{DAYS[1]}/one.csv.gz"] == text
    assert [(lack.day, lack.kind) for lack in fetched.failed] == [(DAYS[2], "not_there")]
    gone = host.access(bigdataball=str(tmp_path / "gone"))
    assert [lack.kind for lack in fetch(BIG, [FIRST], gone).failed] == ["not_there"]


@pytest.mark.parametrize("text", [b"", b"<html>no such file</html>", b"game_id,date\n22300001,"])
def test_a_bought_file_that_is_empty_a_page_or_cut_is_not_taken(host, tmp_path, text) -> None:
    """It is named, and nothing is put in place."""
    (tmp_path / "bought").mkdir()
    (tmp_path / "bought" / f"{FIRST}.csv").write_bytes(text)
    fetched = fetch(bigdataball, [FIRST], host.access(bigdataball=str(tmp_path / "bought")))
    assert [(lack.day, lack.kind) for lack in fetched.failed] == [(FIRST, "unlike")]
    assert set(host.files()) == {SCHEDULE}


def test_two_bought_files_of_one_name_are_told_unless_they_say_the_same(host, tmp_path) -> None:
    """Which of two versions is right nobody knows, so that neither is taken."""
    folder = tmp_path / "bought"
    for name, text in (("old", b"1"), ("new", b"2"), ("old", b"1"), ("packed", b"1")):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / f"{FIRST}.csv").write_bytes(b"game_id\n002230000" + text + b"\n")
    access = host.access(bigdataball=str(folder))
    (failure,) = fetch(BIG, [FIRST], access).failed
    assert failure.kind == "ambiguous"
    assert all(str(folder / name / f"{FIRST}.csv") in failure.reason for name in ("new", "old"))
    (folder / "new" / f"{FIRST}.csv").unlink()
    assert fetch(BIG, [FIRST], access).new == [f"bigdataball/{FIRST}.csv"]


def test_nothing_is_asked_of_games_that_are_not_over(host) -> None:
    """Shots, play by play and bought files wait for the last of the day's games."""
    host.leave_open()
    with clock.set_to(datetime.combine(FIRST, time(23), UTC)):
        for wanted in (SHOTS, PLAYS, BIG):
            fetched = fetch(wanted, [FIRST], host.access(bigdataball=str(host.truth)))
            assert sorted(lack.what for lack in fetched.waiting) == of_day(host)
    assert host.host.asked == []
