"""Nothing looks back on a day whose games are not over, or whose rows are not those of its results."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from nba_pipeline import clock
from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.simulation.moves import dated
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import DAILY, Lab, with_upstream
from nba_pipeline_tests.league_files import PLAYER_LOG, SCHEDULE, SHOT_CHART, TEAM_LOG

FIRST = date(2023, 10, 24)
TO_FEATURES = [name for name in DAILY if TABLES[name].phase < 5 or name == "ml_feature_store_v2"]
FEATURES = "ml_feature_store_v2"


def day(number: int) -> date:
    """The season's day of that number, from 0."""
    return FIRST + timedelta(days=number)


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A tiny league that plays every day, in full; never written to by a test."""
    folder = tmp_path_factory.mktemp("source")
    write_landing(folder, League(teams=4, days=12, rest=0.0, seed=3))
    return folder


@pytest.fixture(scope="module")
def stored_by_morning(tmp_path_factory, source) -> Path:
    """The home of `fifth_morning`, which no test changes."""
    folder = tmp_path_factory.mktemp("fifth_morning")
    lab = Lab(folder, as_known(source, folder / "landing", day(5)))
    with at(day(5)):
        lab.compute(TO_FEATURES, day(0), day(5))
    return folder


@pytest.fixture
def fifth_morning(tmp_path, stored_by_morning) -> Lab:
    """Days 0 to 5 as they were computed on the morning of day 5."""
    shutil.copytree(stored_by_morning, tmp_path, dirs_exist_ok=True)
    return Lab(tmp_path, tmp_path / "landing", token=10)


def as_known(
    source: Path,
    landing: Path,
    morning_of: date,
    is_late: Callable[[dict], bool] | None = None,
) -> Path:
    """The landing zone as it is on a morning: no result of that day or of a late game is in."""
    document = json.loads((source / SCHEDULE).read_text())
    still_open = set()
    for played in document["leagueSchedule"]["gameDates"]:
        for game in played["games"]:
            if game["gameDateEst"][:10] >= str(morning_of) or (is_late and is_late(game)):
                game["gameStatus"] = 1
                game["homeTeam"]["score"] = game["awayTeam"]["score"] = 0
                still_open.add(game["gameId"])
    write(landing / SCHEDULE, document)
    for log in (TEAM_LOG, PLAYER_LOG, SHOT_CHART):
        document = json.loads((source / log).read_text())
        result = document["resultSets"][0]
        place = result["headers"].index("GAME_ID")
        result["rowSet"] = [row for row in result["rowSet"] if row[place] not in still_open]
        write(landing / log, document)
    return landing


def write(path: Path, document: object) -> None:
    """The document as the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def at(when: date, hour: int = 15):
    """Makes it that hour of a day, UTC."""
    return clock.set_to(datetime(when.year, when.month, when.day, hour, tzinfo=UTC))


def whole(tmp_path: Path, source: Path, last: date) -> Lab:
    """Everything up to a date, computed at once when all was over but that date's games."""
    landing = as_known(source, tmp_path / "whole", last)
    lab = Lab(tmp_path / "whole_home", landing)
    with at(last):
        lab.compute(TO_FEATURES, FIRST, last)
    return lab


def test_results_that_came_at_night_reach_the_next_mornings_features(tmp_path, source) -> None:
    """Each morning the day's features; at the end they equal those of one backfill."""
    lab = Lab(tmp_path, as_known(source, tmp_path / "landing", day(0)))
    for number in range(4):
        as_known(source, tmp_path / "landing", day(number))
        lab = Lab(tmp_path, tmp_path / "landing", token=100 * number)
        with at(day(number)):
            done = lab.request(TO_FEATURES, day(number), day(number))
        assert {name: c.refused for name, c in done.items() if c.refused} == {}
    expected = whole(tmp_path, source, day(3))
    for name in TO_FEATURES:
        assert lab.rows(name) == expected.rows(name), name


@pytest.mark.usefixtures("fifth_morning")
def test_without_catching_up_the_morning_after_is_refused_by_name(tmp_path, source) -> None:
    """Day 5 was stored before its games were over; the files know better."""
    lab = Lab(tmp_path, as_known(source, tmp_path / "landing", day(6)), token=50)
    with at(day(6)):
        done = lab.compute(TO_FEATURES, day(6), day(6))
    told = done["upcoming_team_game_context"].refused[day(6)]
    assert told == f"nbac_schedule {day(5)} is out of date: inputs changed"
    # What reads it that morning has nothing to read.
    told = done["upcoming_player_game_context"].refused[day(6)]
    assert told == f"upcoming_team_game_context has no partition {day(6)}"


def test_a_morning_that_was_refused_for_an_open_game_is_made_up_by_the_next_one(
    fifth_morning, tmp_path, source
) -> None:
    """Day 6 was refused; on day 7 all is over, and its features, which similar games look back on."""
    to_similar = [*TO_FEATURES, "player_similar_games"]
    with at(day(6)):
        done = fifth_morning.request(to_similar, day(6), day(6))
    assert set(done[FEATURES].refused) == {day(6)}
    as_known(source, tmp_path / "landing", day(7))
    lab = Lab(tmp_path, tmp_path / "landing", token=50)
    with at(day(7)):
        # As grades are made of it at night: nothing that is stored is out of date any more.
        lab.request(to_similar, day(5), day(5))
        lab.request(
            with_upstream("team_defense_game_summary", "player_game_summary"), day(6), day(6)
        )
        done = lab.request(to_similar, day(7), day(7))
    assert {name: c.refused for name, c in done.items() if c.refused} == {}
    expected = whole(tmp_path, source, day(7))
    for name in TO_FEATURES:
        assert lab.rows(name) == expected.rows(name), name


def test_a_day_whose_games_are_still_open_is_not_looked_back_on(fifth_morning) -> None:
    """No result has come: the refusal names the games; a bypass by name stays on the rows."""
    lab = fifth_morning
    with at(day(6)):
        done = lab.request(TO_FEATURES, day(6), day(6))
        games = [r["game_id"] for r in lab.rows("nbac_schedule", game_date=day(5))]
        for name in ("upcoming_player_game_context", "player_daily_cache"):
            assert set(done[name].refused) == {day(6)}
        told = done["upcoming_team_game_context"].refused[day(6)]
        assert told == (
            f"nbac_schedule {day(5)} is unsettled: nbac_schedule has {len(games)} open, "
            f"such as {min(games)}"
        )
        allowed = (Bypass("upstream_unsettled", "a rough look"),)
        done = lab.request(TO_FEATURES, day(6), day(6), bypasses=allowed)
    assert {name: c.refused for name, c in done.items() if c.refused} == {}
    rows = lab.rows(FEATURES, game_date=day(6))
    assert {row["bypass"] for row in rows} == {"upstream_unsettled: a rough look"}


@pytest.mark.usefixtures("fifth_morning")
def test_one_late_game_refuses_until_it_is_in_and_then_all_is_as_ever(tmp_path, source) -> None:
    """One of two games of day 5 ends a day late."""
    games = json.loads((source / SCHEDULE).read_text())["leagueSchedule"]["gameDates"][5]["games"]
    late = games[0]["gameId"]
    as_known(source, tmp_path / "landing", day(6), lambda game: game["gameId"] == late)
    lab = Lab(tmp_path, tmp_path / "landing", token=50)
    with at(day(6)):
        done = lab.request(TO_FEATURES, day(6), day(6))
    told = done["upcoming_team_game_context"].refused[day(6)]
    assert told.endswith(f"is unsettled: nbac_schedule has 1 open, such as {late}")
    lab = Lab(tmp_path, as_known(source, tmp_path / "landing", day(6)), token=99)
    with at(day(6), hour=20):
        done = lab.request(TO_FEATURES, day(6), day(6))
    assert {name: c.refused for name, c in done.items() if c.refused} == {}
    expected = whole(tmp_path, source, day(6))
    for name in TO_FEATURES:
        assert lab.rows(name) == expected.rows(name), name


def test_a_game_open_for_days_is_a_gap_and_holds_up_nothing(tmp_path, source) -> None:
    """After three days the source has forgotten it: kind unsettled, named on what looks back."""
    games = json.loads((source / SCHEDULE).read_text())["leagueSchedule"]["gameDates"][5]["games"]
    lost = games[0]["gameId"]
    as_known(source, tmp_path / "landing", day(9), lambda game: game["gameId"] == lost)
    lab = Lab(tmp_path, tmp_path / "landing")
    with at(day(8)):
        done = lab.compute(TO_FEATURES, day(0), day(8))
    assert lab.rows("data_gaps") == []
    assert set(done[FEATURES].refused) == {day(6), day(7), day(8)}
    with at(day(9)):
        # Two rosters are much of so small a league's share.
        allowed = (Bypass("usage_rate_coverage", "four teams"),)
        done = lab.request(TO_FEATURES, day(6), day(9), bypasses=allowed)
    assert {name: c.refused for name, c in done.items() if c.refused} == {}
    gaps = lab.rows("data_gaps")
    assert {(g["game_id"], g["kind"], g["rule"]) for g in gaps} == {
        (lost, "unsettled", "open_game")
    }
    teams = {games[0]["homeTeam"]["teamTricode"], games[0]["awayTeam"]["teamTricode"]}
    assert {g["team_abbr"] for g in gaps} == teams
    named = {
        row["team_abbr"]: any(lost in gap for gap in row["gap_ids"])
        for row in lab.rows(FEATURES, game_date=day(9))
    }
    assert [team for team, is_named in named.items() if not is_named and team in teams] == []


def test_a_moved_game_takes_its_old_date_along(tmp_path, fifth_morning) -> None:
    """A game of day 5 is played on day 9: it is on one date only, whoever computes which."""

    def move(document: dict) -> str:
        dates = document["leagueSchedule"]["gameDates"]
        game = dates[5]["games"].pop(0)
        game["gameDateEst"] = f"{day(11)}T00:00:00Z"
        game["gameDateTimeUTC"] = f"{day(12)}T00:30:00Z"
        dates[11]["games"] = [game]
        return game["gameId"]

    lab, landing = fifth_morning, fifth_morning.landing_folder
    with at(day(5)):
        lab.compute(["nbac_schedule"], day(6), day(11))
    before = lab.rows("nbac_schedule", game_date=day(5))
    document = json.loads((landing / SCHEDULE).read_text())
    moved = move(document)
    write(landing / SCHEDULE, document)
    plain = Lab(tmp_path, landing, token=50)
    with at(day(5), 18):
        done = plain.compute(["nbac_schedule"], day(11), day(11))
        told = done["nbac_schedule"].refused[day(11)]
        assert told.startswith(f"{moved} is stored on {day(5)}, which has to be computed first")
        assert len(before) == 2
        done = Lab(tmp_path, landing, token=60).request(["nbac_schedule"], day(11), day(11))
    assert done["nbac_schedule"].refused == {}
    after = Lab(tmp_path, landing, token=70)
    assert [r["game_date"] for r in after.rows("nbac_schedule", game_id=moved)] == [day(11)]
    with at(day(5), 18):
        survey = Survey(TABLES, after.warehouse, after.landing)
        assert [name for name in TO_FEATURES if survey.outdated(name)] == []
        expected = Lab(tmp_path / "again", landing)
        expected.compute(TO_FEATURES, day(0), day(5))
    assert after.rows(FEATURES) == expected.rows(FEATURES)


def test_a_game_moved_ahead_takes_along_the_later_date_that_it_has_left(tmp_path, source) -> None:
    """From day 9 to day 3, which day 5 looks back on, while another comes from day 11 to day 9."""
    landing, name = as_known(source, tmp_path / "landing", day(2)), "nbac_schedule"
    lab = Lab(tmp_path, landing)
    with at(day(2)):
        lab.compute([name], day(0), day(11))
    document = json.loads((landing / SCHEDULE).read_text())
    dates = document["leagueSchedule"]["gameDates"]
    moved = {}
    for old, new in ((9, 3), (11, 9)):
        game = dated(dates[old]["games"].pop(0), day(new))
        dates[new]["games"].append(game)
        moved[game["gameId"]] = day(new)
    write(landing / SCHEDULE, document)
    with at(day(5)):
        lab = Lab(tmp_path, landing, token=50)
        done = lab.request([name, "upcoming_team_game_context"], day(5), day(5))
    assert done[name].refused == {}
    rows = {row["game_id"]: row["game_date"] for row in lab.rows(name) if row["game_id"] in moved}
    assert rows == moved
