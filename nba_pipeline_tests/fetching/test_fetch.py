"""Fetching from a host that errs: nothing but whole, checked files ever lies in the landing zone."""

import gzip
import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta

import httpx
import pytest
from upath import UPath

from nba_pipeline import clock
from nba_pipeline.engine.landing import Landing
from nba_pipeline.fetching import files
from nba_pipeline.fetching.fetch import fetch
from nba_pipeline.fetching.ingest import ingest
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import (
    nba_stats_league_game_log_player,
    nba_stats_league_game_log_team,
)
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule
from nba_pipeline_tests.fetching.stats_host import DAYS, FIRST, stats
from nba_pipeline_tests.league_files import SCHEDULE, TEAM_LOG, games
from nba_pipeline_tests.local_host import Answer, Question

TEAM = nba_stats_league_game_log_team
FOLDER = "nba_stats/league_game_log/team/2023-24"
PAGE = Answer(b"<html>Access Denied</html>")


@pytest.fixture
def host(tmp_path):
    """A host of a league of six teams, and a landing zone that has its schedule."""
    with stats(tmp_path) as host:
        host.lay_schedule()
        yield host


def names(*days) -> list[str]:
    """The paths that the fetch names."""
    return [f"{FOLDER}/{day}.json" for day in days]


def test_an_empty_landing_zone_is_filled_date_by_date(tmp_path) -> None:
    """What is fetched is what the league's own season files say, row for row."""
    with stats(tmp_path) as host:
        sources = (nba_stats_schedule, TEAM, nba_stats_league_game_log_player)
        for source in sources:
            assert fetch(source, DAYS, host.access()).failed == []
        fetched, truth = Landing(str(host.landing)), Landing(str(host.truth))
        assert fetched.contents(TEAM, DAYS) == truth.contents(TEAM, DAYS)
        for source in sources:
            ours, theirs = (zone.load(source, DAYS).rows for zone in (fetched, truth))
            places = ["source_file", "row_number"]
            assert ours.drop(columns=places).equals(theirs.drop(columns=places))
        asked = [question.query for question in host.host.asked if "PlayerOrTeam" in question.query]
        assert asked[0] == {
            "Counter": "0",
            "DateFrom": "10/24/2023",
            "DateTo": "10/24/2023",
            "Direction": "ASC",
            "LeagueID": "00",
            "PlayerOrTeam": "T",
            "Season": "2023-24",
            "SeasonType": "Regular Season",
            "Sorter": "DATE",
        }


def test_what_is_there_whole_is_not_asked_for_again(host) -> None:
    """Neither a date's file nor a date of a season file, unless it is asked for again."""
    assert fetch(TEAM, DAYS, host.access()).new == names(*DAYS)
    asked = len(host.host.asked)
    assert fetch(TEAM, DAYS, host.access()).there == names(*DAYS)
    assert len(host.host.asked) == asked
    for path in (host.landing / FOLDER).iterdir():
        path.unlink()
    (host.landing / f"{FOLDER}.json").write_bytes((host.truth / f"{FOLDER}.json").read_bytes())
    assert fetch(TEAM, DAYS, host.access()).there == names(*DAYS)
    assert len(host.host.asked) == asked
    assert fetch(TEAM, DAYS[:1], host.access(), again=True).new == names(FIRST)


def test_an_unchanged_file_is_not_touched(host) -> None:
    """An answer that says the same in other words leaves the file and its time as they are."""
    fetch(TEAM, DAYS[:1], host.access())
    path = host.landing / f"{FOLDER}/{FIRST}.json.gz"
    os.utime(path, (1, 1))
    before = path.read_bytes()
    document = json.loads(gzip.decompress(before))
    host.host.answers = [Answer(json.dumps(document, indent=1).encode())]
    fetched = fetch(TEAM, DAYS[:1], host.access(), again=True)
    assert (fetched.unchanged, fetched.changed) == (names(FIRST), [])
    assert (path.read_bytes(), path.stat().st_mtime) == (before, 1)
    document["resultSets"][0]["rowSet"][0][-1] += 1
    host.host.answers = [Answer(json.dumps(document).encode())]
    assert fetch(TEAM, DAYS[:1], host.access(), again=True).changed == names(FIRST)
    assert json.loads(gzip.decompress(path.read_bytes())) == document


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (PAGE, "unlike"),
        (Answer(b'{"Message":"An error has occurred."}'), "unlike"),
        (Answer(b""), "unlike"),
        (Answer(b'{"resultSets":[{"headers":[],"rowSet":[]}]}'), "unlike"),
        (Answer(b"no such game", status=404), "not_there"),
        (Answer(b"bad DateFrom", status=422), "refused"),
        (Answer(b"", status=302, headers={"Location": "/login"}), "refused"),
    ],
)
def test_an_error_page_never_replaces_a_good_file(host, answer, kind) -> None:
    """Whatever the status, the stored file stands, and the failure is named by its kind."""
    fetch(TEAM, DAYS[:1], host.access())
    before = host.files()
    host.host.answers = [answer]
    fetched = fetch(TEAM, DAYS[:1], host.access(), again=True)
    assert [(failure.what, failure.kind) for failure in fetched.failed] == [(*names(FIRST), kind)]
    assert not fetched.is_complete
    assert host.files() == before
    assert host.waits == []


def test_an_answer_that_has_lost_a_game_does_not_replace_one_that_has_it(host) -> None:
    """Nor does an empty one; and where nothing is stored, part of a date is kept and named."""
    whole = json.loads(host.answer(_log_question()).body)
    part = json.loads(json.dumps(whole))
    result = part["resultSets"][0]
    place = result["headers"].index("GAME_ID")
    lost = min(row[place] for row in result["rowSet"])
    result["rowSet"] = [row for row in result["rowSet"] if row[place] != lost]
    nothing = json.loads(json.dumps(whole))
    nothing["resultSets"][0]["rowSet"] = []

    host.host.answers = [Answer(json.dumps(each).encode()) for each in (nothing, part)]
    fetched = fetch(TEAM, DAYS[:1], host.access())
    assert [failure.kind for failure in fetched.failed] == ["empty"]
    fetched = fetch(TEAM, DAYS[:1], host.access())
    assert (fetched.new, [failure.kind for failure in fetched.failed]) == ([], ["incomplete"])
    assert fetched.failed[0].reason.endswith(f"the source has no rows yet of {lost}")
    assert len(host.files()) == 2
    # It is not whole, and so asked for again; then kept against its own like.
    assert fetch(TEAM, DAYS[:1], host.access()).changed == names(FIRST)
    before = host.files()
    host.host.answers = [Answer(json.dumps(part).encode())]
    fetched = fetch(TEAM, DAYS[:1], host.access(), again=True)
    assert f"kept, since the answer lacks its {lost}" in fetched.failed[0].reason
    assert host.files() == before


@pytest.mark.parametrize("stored", ["date", "season"])
def test_an_answer_with_fewer_rows_of_a_game_replaces_none_that_stand(host, stored) -> None:
    """Neither those of its own file nor the season file's, until it is asked for all the same."""
    whole = json.loads(host.answer(_log_question()).body)
    if stored == "date":
        fetch(TEAM, DAYS[:1], host.access())
    else:
        (host.landing / FOLDER).parent.mkdir(parents=True)
        (host.landing / f"{FOLDER}.json").write_bytes((host.truth / f"{FOLDER}.json").read_bytes())
    before = host.files()
    (lost,) = {whole["resultSets"][0]["rowSet"].pop()[4]}
    for accept_fewer in (False, True):
        host.host.answers = [Answer(json.dumps(whole).encode())]
        fetched = fetch(TEAM, DAYS[:1], host.access(), again=True, accept_fewer=accept_fewer)
        if accept_fewer:
            # It is put in place, and half a game is named as such, so that it is asked for again.
            assert [failure.kind for failure in fetched.failed] == ["incomplete"]
            assert host.files() != before
            return
        (failure,) = fetched.failed
        assert f"the answer lacks its {lost} (2 rows, 1 now); --accept-fewer" in failure.reason
        assert host.files() == before


def _log_question():
    return Question("leaguegamelog", {"PlayerOrTeam": "T", "DateFrom": f"{FIRST:%m/%d/%Y}"})


def test_a_throttled_question_waits_as_long_as_the_host_asks(host) -> None:
    """429 with Retry-After in seconds is asked again after them; then the answer counts."""
    host.host.answers = [Answer(status=429, headers={"Retry-After": "17"})]
    assert fetch(TEAM, DAYS[:1], host.access()).new == names(FIRST)
    assert 17 in host.waits


def test_a_host_that_asks_for_too_much_patience_is_named(host) -> None:
    """An hour is not waited for: the file fails as throttled, at once."""
    host.host.answers = [Answer(status=429, headers={"Retry-After": "3600"})]
    fetched = fetch(TEAM, DAYS[:1], host.access())
    assert [failure.kind for failure in fetched.failed] == ["throttled"]
    assert (len(host.host.asked), host.waits) == (1, [])


@pytest.mark.parametrize(
    "answer", [Answer(status=500), Answer(status=503), Answer(b"x" * 9000, is_cut=True)]
)
def test_what_passes_is_asked_again_ever_later(host, answer) -> None:
    """Errors of the host and answers broken off in the middle: twice, then it answers."""
    host.host.answers = [answer, answer]
    assert fetch(TEAM, DAYS[:1], host.access()).new == names(FIRST)
    back_off = [wait for wait in host.waits if wait >= 1]
    assert len(host.host.asked) == 3
    # A second, then two, each with up to one more of jitter.
    assert 1 <= back_off[0] <= 2 <= back_off[1] <= 3


def test_a_silent_host_is_asked_five_times_a_file_and_given_up_after_three_files(host) -> None:
    """The rest of the range is not asked for, and the same range goes on from there later."""
    host.host.answers = [Answer(wait=20)] * 15
    fetched = fetch(TEAM, DAYS, host.access(fetch_timeout=0.05))
    assert [failure.kind for failure in fetched.failed] == ["unreachable"] * 4
    assert fetched.failed[0].reason.endswith("no answer within 0.05 s (asked 5 times)")
    assert (len(host.host.asked), fetched.stopped) == (15, DAYS[2])
    assert [name for name in host.files() if FOLDER in name] == []
    assert fetch(TEAM, DAYS, host.access()).new == names(*DAYS)


@pytest.mark.parametrize("status", [401, 403])
def test_a_host_that_refuses_is_not_asked_further(host, status) -> None:
    """No right is no matter of one file: the range stops with what the host says."""
    host.host.answers = [Answer(b"blocked", status=status)]
    fetched = fetch(TEAM, DAYS, host.access())
    assert [failure.kind for failure in fetched.failed] == ["refused"]
    assert "(blocked)" in fetched.failed[0].reason
    assert (len(host.host.asked), fetched.stopped) == (1, FIRST)


def test_a_failure_in_the_middle_costs_one_file_and_the_next_run_fetches_just_that(host) -> None:
    """The others are there; the same range again asks one question."""
    host.host.answers = [host.answer(_log_question()), PAGE]
    fetched = fetch(TEAM, DAYS, host.access())
    assert [failure.day for failure in fetched.failed] == [DAYS[1]]
    assert fetched.new == names(DAYS[0], *DAYS[2:])
    asked = len(host.host.asked)
    assert fetch(TEAM, DAYS, host.access()).new == names(DAYS[1])
    assert len(host.host.asked) == asked + 1


def test_a_damaged_stored_file_is_fetched_anew(host) -> None:
    """Half a gzip file is not whole, and is no reason to keep it."""
    fetch(TEAM, DAYS[:1], host.access())
    path = host.landing / f"{FOLDER}/{FIRST}.json.gz"
    path.write_bytes(path.read_bytes()[:100])
    assert fetch(TEAM, DAYS[:1], host.access()).changed == names(FIRST)


def test_games_that_are_not_over_are_waited_for(host) -> None:
    """A date with a game to come is not asked for: what is under way would be taken for whole."""
    game = next(game for game in games(host.truth) if game["date"] == str(DAYS[1]))
    host.leave_open(game["gameId"])
    with clock.set_to(datetime.combine(DAYS[1] + timedelta(days=3), time(12), UTC)):
        fetched = fetch(TEAM, DAYS, host.access())
    assert [lack.what for lack in fetched.waiting] == [game["gameId"]]
    assert fetched.new == names(DAYS[0], *DAYS[2:])
    assert fetched.is_complete


def open_game(host) -> str:
    """Leaves one of the first date's games under way in the stored schedule."""
    game = next(game for game in games(host.truth) if game["date"] == str(FIRST))
    host.leave_open(game["gameId"])
    return game["gameId"]


LATER = datetime.combine(FIRST + timedelta(days=4), time(12), UTC)


def test_a_game_that_stays_open_holds_up_the_others_of_its_date_for_three_days(host) -> None:
    """From the fourth on they are asked for, each time, and it is still named."""
    game_id = open_game(host)
    with clock.set_to(LATER):
        fetched = fetch(TEAM, [FIRST], host.access())
        assert [lack.what for lack in fetched.waiting] == [game_id]
        assert fetched.new == names(FIRST)
        assert fetch(TEAM, [FIRST], host.access()).unchanged == names(FIRST)
    host.lay_schedule()
    assert fetch(TEAM, [FIRST], host.access()).there == names(FIRST)


def of_open(host, game_id: str, *, is_left_out: bool = False):
    """What the host serves while the game is under way: half of its points, and no winner."""

    def serve(question) -> Answer:
        document = json.loads(host.answer(question).body)
        (result,) = document["resultSets"]
        of_game, winner, points = (result["headers"].index(n) for n in ("GAME_ID", "WL", "PTS"))
        own = [row for row in result["rowSet"] if row[of_game] == game_id]
        for row in own:
            row[winner], row[points] = None, row[points] // 2
        if is_left_out:
            result["rowSet"] = [row for row in result["rowSet"] if row not in own]
        return Answer(json.dumps(document).encode())

    return serve


def test_a_game_that_was_asked_for_while_open_is_asked_for_once_more_when_it_is_over(host) -> None:
    """Its half lines were there for both teams."""
    host.host.serve = of_open(host, open_game(host))
    with clock.set_to(LATER):
        assert fetch(TEAM, [FIRST], host.access()).new == names(FIRST)
    host.host.serve = host.answer
    host.lay_schedule()
    assert fetch(TEAM, [FIRST], host.access()).changed == names(FIRST)
    assert fetch(TEAM, [FIRST], host.access()).there == names(FIRST)


def test_what_stands_of_an_open_game_is_kept(host) -> None:
    """An answer that has the others alone would take its lines away."""
    assert fetch(TEAM, [FIRST], host.access()).new == names(FIRST)
    before = host.files()
    game_id = open_game(host)
    host.host.serve = of_open(host, game_id, is_left_out=True)
    with clock.set_to(LATER):
        (lack,) = fetch(TEAM, [FIRST], host.access()).failed
    assert f"kept, since the answer lacks its {game_id} (2 rows, 0 now)" in lack.reason
    assert {**host.files(), SCHEDULE: b""} == {**before, SCHEDULE: b""}


def test_a_date_of_its_own_overrules_a_season_that_is_fetched_aloud(host) -> None:
    """A schedule of one date that was brought: what the season's says of the date is not read."""
    path = host.landing / SCHEDULE
    document = json.loads(path.read_text())
    days = document["leagueSchedule"]["gameDates"]
    own = [day for day in days if day["games"][0]["gameDateEst"][:10] == str(FIRST)]
    own[0]["games"][0]["arenaName"] = "Elsewhere"
    own[0]["games"][0]["gameDateTimeUTC"] = f"{FIRST}T23:45:00Z"
    document["leagueSchedule"]["gameDates"] = own
    (path.parent / "2023-24").mkdir()
    (path.parent / f"2023-24/{FIRST}.json").write_text(json.dumps(document))
    path.unlink()
    told: list[str] = []
    fetched = fetch(nba_stats_schedule, [FIRST], host.access(), say=told.append)
    assert fetched.new == [SCHEDULE]
    assert told == [
        f"{SCHEDULE}: new; what it says of {FIRST} does not stand: a file of that date does"
    ]


def test_without_a_schedule_nothing_is_asked(tmp_path) -> None:
    """Which games there are is what the schedule says: each date fails with what to fetch first."""
    with stats(tmp_path) as host:
        fetched = fetch(TEAM, DAYS[:1], host.access())
        assert [failure.kind for failure in fetched.failed] == ["schedule"]
        assert "fetch nba_stats_schedule" in fetched.failed[0].reason
        assert host.host.asked == []


def test_a_running_seasons_schedule_is_asked_for_every_time(tmp_path) -> None:
    """Once the season is over and every game final, it stands; one file serves all its dates."""
    with stats(tmp_path) as host:
        assert fetch(nba_stats_schedule, DAYS, host.access()).new == [SCHEDULE]
        assert fetch(nba_stats_schedule, DAYS, host.access()).there == [SCHEDULE]
        path = host.landing / f"{SCHEDULE}.gz"
        text = gzip.decompress(path.read_bytes()).replace(b'"gameStatus": 3', b'"gameStatus": 1', 1)
        path.write_bytes(gzip.compress(text))
        assert fetch(nba_stats_schedule, DAYS, host.access()).changed == [SCHEDULE]
        summer = [FIRST - timedelta(days=30)]
        assert fetch(nba_stats_schedule, summer, host.access()).there == [SCHEDULE]


def test_a_schedule_that_has_lost_a_game_replaces_none_that_has_it(tmp_path) -> None:
    """A game of a running season that is not in the answer stays, and is named."""
    with stats(tmp_path) as host:
        fetch(nba_stats_schedule, DAYS, host.access())
        path = host.landing / f"{SCHEDULE}.gz"
        document = json.loads(gzip.decompress(path.read_bytes()))
        game = document["leagueSchedule"]["gameDates"][0]["games"][0]
        more = game | {"gameId": "0022301999", "gameStatus": 1}
        document["leagueSchedule"]["gameDates"][0]["games"].append(more)
        path.write_bytes(gzip.compress(json.dumps(document).encode()))
        before = path.read_bytes()
        (failed,) = fetch(nba_stats_schedule, DAYS, host.access()).failed
        assert "0022301999" in str(failed)
        assert path.read_bytes() == before


def test_a_host_is_asked_at_its_own_pace(host) -> None:
    """Between two questions to stats.nba.com lie 0.7 seconds, in whichever run of a process."""
    access = host.access()
    access.client.seconds = lambda: 100.0
    fetch(TEAM, DAYS[:2], access)
    fetch(TEAM, DAYS[2:3], access)
    assert host.waits == [0.7, 0.7]


def test_two_fetches_of_one_file_leave_one_whole_file(host) -> None:
    """Both ask, both write, and what stands is one of the two, without a trace of the other."""
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(fetch, TEAM, DAYS, host.access(), again=True) for _ in range(4)]
        assert [run.result().failed for run in runs] == [[]] * 4
    assert set(host.files()) == {SCHEDULE, *(f"{name}.gz" for name in names(*DAYS))}
    assert fetch(TEAM, DAYS, host.access()).there == names(*DAYS)


def test_a_file_in_a_bucket_is_whole_or_not_there() -> None:
    """The same steps on a file system without a rename: one file, of the last content."""
    root = UPath("memory://landing-of-a-test")
    for content in (b"first", b"second"):
        files.place(root, "a/b/2023-10-24.json.gz", content)
        assert gzip.decompress((root / "a/b/2023-10-24.json.gz").read_bytes()) == content
    assert [path.name for path in (root / "a/b").iterdir()] == ["2023-10-24.json.gz"]


def test_a_write_that_fails_leaves_the_stored_file(tmp_path, monkeypatch) -> None:
    """A disk that is full in the middle: the old file, and no unfinished one beside it."""
    root = UPath(tmp_path)
    files.place(root, "a/2023-10-24.json", b"good")

    def full(*_words: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(type(root), "replace", full)
    with pytest.raises(OSError, match="no space left"):
        files.place(root, "a/2023-10-24.json", b"half")
    assert [(p.name, p.read_bytes()) for p in (tmp_path / "a").iterdir()] == [
        ("2023-10-24.json", b"good")
    ]


def test_of_a_date_with_games_of_several_kinds_a_file_of_all_is_brought(host) -> None:
    """An answer is of one kind, also while a game of the other is overdue; a season's file serves."""
    other, playoff = games(host.truth)[0]["gameId"], "0042300101"
    for path in (SCHEDULE, TEAM_LOG):
        text = (host.truth / path).read_text()
        (host.truth / path).write_text(text.replace(other, playoff))
    host.lay_schedule()
    host.leave_open(playoff)
    later = datetime.combine(FIRST + timedelta(days=6), time(12), UTC)
    with clock.set_to(later):
        fetched = fetch(TEAM, [FIRST], host.access())
        assert [lack.kind for lack in fetched.failed] == ["several_kinds"]
        assert host.host.asked == []
        host.lay_schedule()
        landing = Landing(str(host.landing))
        assert ingest([host.truth / TEAM_LOG], landing, [TEAM]).refused == []
        fetched = fetch(TEAM, [FIRST], host.access())
        assert (fetched.failed, fetched.there) == ([], names(FIRST))


def test_no_key_is_in_what_is_said(host, caplog, monkeypatch) -> None:
    """Neither a refusal nor an error of the connection, nor a log, has the query's key in it."""
    caplog.set_level("DEBUG")
    access = host.access()
    host.host.answers = [Answer(status=422), Answer(is_cut=True, body=b"12")]
    for _ in range(2):
        fetched = fetch(TEAM, DAYS[:1], access, again=True)
        assert "key-of-the-tests" not in repr(fetched)
    client = access.client
    monkeypatch.setattr(client, "_http", httpx.Client())
    host.host.answers = [Answer(b"[]")]
    client.get("odds_api", "sports", {"apiKey": "key-of-the-tests"})
    assert host.host.asked[-1].query == {"apiKey": "key-of-the-tests"}
    assert "key-of-the-tests" not in "".join(
        r.getMessage() for r in caplog.records if r.name == "httpx"
    )
