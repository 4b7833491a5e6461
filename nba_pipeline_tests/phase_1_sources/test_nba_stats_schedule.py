"""The schedule's parser: a game that cannot be read is told, and two versions become one."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from nba_pipeline.kernel.source import SourceFile, UnknownShape, UnreadableFile
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule, parse

FILE = SourceFile("nba_stats/schedule/2023-24.json", "2023-24")
GAME = {
    "gameId": "0022300061",
    "gameStatus": 3,
    "postponedStatus": "N",
    "isNeutral": False,
    "gameDateEst": "2023-10-24T00:00:00Z",
    "gameTimeEst": "1900-01-01T19:30:00Z",
    "gameDateTimeUTC": "2023-10-24T23:30:00Z",
    "homeTeam": {"teamTricode": "DEN", "score": 119},
    "awayTeam": {"teamTricode": "LAL", "score": 107},
}


def parsed(*changes):
    """The parse of one game per change."""
    games = [GAME | change for change in changes]
    return parse({"leagueSchedule": {"gameDates": [{"games": games}]}}, FILE)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"gameStatus": True}, "gameStatus True is not 1, 2 or 3"),
        ({"gameStatus": 4}, "gameStatus 4 is not 1, 2 or 3"),
        ({"homeTeam": {"teamTricode": "DEN", "score": 119.5}}, "homeTeam.score 119.5"),
        ({"homeTeam": {"teamTricode": "DEN", "score": [119]}}, r"homeTeam.score \[119\]"),
        ({"awayTeam": {"teamTricode": None, "score": 1}}, "teamTricode 'None' is no team"),
        ({"awayTeam": {"teamTricode": "DEN", "score": 1}}, "teamTricode 'DEN' is of both teams"),
        ({"isNeutral": "false"}, "isNeutral 'false' is neither true nor false"),
        ({"ifNecessary": 1}, "ifNecessary 1 is neither true nor false"),
        ({"ifNecessary": "Y"}, "ifNecessary 'Y' is neither true nor false"),
        ({"gameDateTimeUTC": "noon"}, "gameDateTimeUTC 'noon' is no time"),
        ({"gameDateTimeUTC": "0001-01-01T00:00:00+05:00"}, "00:00:00.05:00' is no time"),
        ({"gameDateTimeUTC": "9999-12-31T23:59:59-05:00"}, "23:59:59-05:00' is no time"),
        ({"gameDateTimeUTC": "0001-01-01T00:00:00Z"}, "00:00:00Z' is no time"),
        ({"gameDateTimeUTC": "2031-07-04T12:00:00Z"}, "is not of 2023-10-24, the game's date"),
        ({"gameDateTimeUTC": "2023-10-26T04:00:00Z"}, "is not of 2023-10-24, the game's date"),
        ({"gameDateTimeUTC": "2023-10-23T03:59:59Z"}, "is not of 2023-10-24, the game's date"),
        ({"homeTeam": "DEN"}, "are not objects"),
        ({"homeTeam": {"teamTricode": "DEN", "score": 10**30}}, "is no number of points"),
        ({"homeTeam": {"teamTricode": "DEN", "score": 2**63}}, "is no number of points"),
    ],
)
def test_a_game_that_cannot_be_read_is_under_its_date_and_id(change, told) -> None:
    """The others stand."""
    found = parsed(change, {"gameId": "0022300062"})
    assert found.rows.game_id.tolist() == ["0022300062"]
    (line,) = found.rejected.to_dict("records")
    assert (line["game_id"], line["game_date"]) == ("0022300061", date(2023, 10, 24))
    assert found.rejected.detail.str.contains(told).all(), line["detail"]


@pytest.mark.parametrize("field", ["isNeutral", "postponedStatus"])
def test_what_every_schedule_says_is_no_default(field) -> None:
    """A game that says not whether it is postponed, or at a neutral site, is none."""
    games = [{name: value for name, value in GAME.items() if name != field}]
    found = parse({"leagueSchedule": {"gameDates": [{"games": games}]}}, FILE)
    assert found.rows.empty
    assert found.rejected.rule.tolist() == ["bad_game"]
    assert f"no field '{field}'" in found.rejected.detail[0]


@pytest.mark.parametrize(
    "change",
    [
        {"postponedStatus": "P"},
        {"postponedStatus": "y"},
        {"postponedStatus": None},
        {"postponedStatus": ["N"]},
        {"postponedStatus": "Y", "gameStatus": 3},
        {"postponedStatus": "Y", "gameStatus": 3, "gameStatusText": "Final"},
        {"postponedStatus": "Y", "gameStatus": 2, "gameStatusText": "Q4 5:12"},
        {"gameStatusText": "7:30 pm ET"},
        {"gameStatus": 1, "gameStatusText": "PPD"},
        {"gameStatus": 1, "gameStatusText": "Cancelled"},
    ],
)
def test_a_status_that_is_not_known_or_contradicts_itself_is_rejected(change) -> None:
    """Under its date: such a game is not believed to be played."""
    found = parsed(change, {"gameId": "0022300062", "gameStatusText": "Final"})
    assert found.rows.game_id.tolist() == ["0022300062"]
    (line,) = found.rejected.to_dict("records")
    assert (line["rule"], line["game_date"]) == ("unknown_status", date(2023, 10, 24))


@pytest.mark.parametrize(
    "change",
    [
        {"gameStatus": 1},
        {"gameStatus": 1, "gameStatusText": "7:30 pm ET"},
        {"gameStatus": 3, "gameStatusText": "PPD"},
        {"gameStatus": 2, "gameStatusText": "Cancelled"},
    ],
)
def test_a_postponed_game_has_not_begun_or_says_so_twice(change) -> None:
    """It is postponed."""
    found = parsed({"postponedStatus": "Y"} | change)
    assert (found.rejected.empty, found.rows.status.tolist()) == (True, ["postponed"])


def test_a_postponed_game_s_time_may_be_that_of_its_old_date() -> None:
    """It then has none; of the new date it is kept, and what is no time at all is rejected."""
    moved = {"postponedStatus": "Y", "gameStatus": 1, "gameDateEst": "2023-11-02T00:00:00Z"}
    for moment, tipoff in (
        ("2023-10-24T23:30:00Z", pd.NaT),
        ("2023-11-02T23:30:00Z", pd.Timestamp("2023-11-02T23:30:00Z")),
    ):
        found = parsed(moved | {"gameDateTimeUTC": moment})
        assert found.rejected.empty
        assert found.rows.game_date.tolist() == [date(2023, 11, 2)]
        assert found.rows.tipoff_at.astype("object").tolist() == [tipoff]
    assert parsed(moved | {"gameDateTimeUTC": "noon"}).rejected.rule.tolist() == ["bad_game"]


def test_whether_a_game_is_played_only_if_necessary_is_told_where_it_is_said() -> None:
    """Some schedules do not say it, and some in quotes."""
    for yes, no in ((True, False), ("true", "false")):
        found = parsed({"ifNecessary": yes}, {"gameId": "0022300062", "ifNecessary": no})
        assert found.rows.is_if_necessary.tolist() == [True, False]
    for unsaid in ({}, {"ifNecessary": None}):
        assert parsed(unsaid).rows.is_if_necessary.tolist() == [False]


def test_two_versions_may_differ_in_whether_the_game_is_played_only_if_necessary() -> None:
    """The first stays, and its date is not refused."""
    found = parsed({"ifNecessary": True}, {"ifNecessary": False})
    assert found.rejected.empty
    assert found.rows.is_if_necessary.tolist() == [True]


def test_a_season_without_any_game_is_no_schedule() -> None:
    """A date's file may have none; null is no file of either."""
    nothing = {"leagueSchedule": {"gameDates": []}}
    with pytest.raises(UnknownShape, match="no game"):
        parse(nothing, FILE)
    day = SourceFile("nba_stats/schedule/2023-24/2023-10-24.json", "2023-24", date(2023, 10, 24))
    assert parse(nothing, day).rows.empty
    with pytest.raises(UnreadableFile, match="null"):
        nba_stats_schedule.decoded(b" null\n", FILE.path)


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_versions_the_one_that_is_not_postponed_wins(order) -> None:
    """Whichever comes first in the file."""
    moved = {"gameDateEst": "2023-11-02T00:00:00Z", "gameDateTimeUTC": "2023-11-02T23:30:00Z"}
    moved |= {"gameStatus": 1}
    found = parsed(*[{"postponedStatus": "Y", "gameStatus": 1}, moved][::order])
    assert found.rejected.empty
    (row,) = found.rows.to_dict("records")
    assert (row["game_date"], row["status"]) == (date(2023, 11, 2), "scheduled")


def test_versions_that_contradict_otherwise_are_rejected_by_field() -> None:
    """The first stays; the second says in what it differs."""
    found = parsed({}, {"homeTeam": {"teamTricode": "DEN", "score": 120}})
    (line,) = found.rejected.to_dict("records")
    assert line["rule"] == "contradicting_games"
    assert "games 0 and 1 both are 0022300061 and differ in home_score" in line["detail"]
    assert found.rows.home_score.tolist() == [119]


def test_a_time_without_a_zone_is_utc() -> None:
    """As its field's name says, wherever the machine stands."""
    found = parsed({"gameDateTimeUTC": "2023-10-24T23:30:00"})
    assert found.rows.tipoff_at[0] == datetime(2023, 10, 24, 23, 30, tzinfo=UTC)


def test_a_whole_season_as_the_league_serves_it(samples) -> None:
    """2024-25 by hand: its kinds of games, and who is at home where neither team is."""
    content = gzip.decompress((samples / "nba_stats_schedule_2024-25.json.gz").read_bytes())
    found = parse(json.loads(content), replace(FILE, season="2024-25"))
    assert found.rejected.empty
    assert found.rows.season_type.value_counts().to_dict() == {
        "regular": 1230,
        "playoffs": 84,
        "preseason": 73,
        "play_in": 6,
        "all_star": 6,
        "cup_final": 1,
    }
    neutral = found.rows[found.rows.is_neutral_site & found.rows.season_type.eq("regular")]
    assert dict(zip(neutral.game_code, neutral.home_team, strict=True)) == {
        "20241102_MIA_WAS": "WAS",
        "20241214_ATL_MIL": "MIL",
        "20241214_HOU_OKC": "OKC",
        "20250123_SAS_IND": "IND",
        "20250125_IND_SAS": "SAS",
    }


@pytest.mark.parametrize("moment", ["2023-10-23T04:00:00Z", "2023-10-26T03:59:59Z"])
def test_a_tip_off_may_be_of_the_day_before_or_after(moment) -> None:
    """In US Eastern, in which the game's date is: from the midnight before to the one after."""
    found = parsed({"gameDateTimeUTC": moment})
    assert found.rejected.empty
    assert found.rows.tipoff_at[0] == datetime.fromisoformat(moment)
