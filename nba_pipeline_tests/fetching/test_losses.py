"""What a file may not take away, on literal rows."""

from datetime import date

import pandas as pd
import pytest

from nba_pipeline.engine.file_dates import UNDATED
from nba_pipeline.fetching.fetch import _games
from nba_pipeline.fetching.files import is_same, refuse_astray
from nba_pipeline.fetching.losses import fewer_rows
from nba_pipeline.kernel.fetch import RemoteFile
from nba_pipeline.kernel.source import (
    Parsed,
    SourceFile,
    UnreadableFile,
    rejected_frame,
    rejection,
)
from nba_pipeline.phase_1_sources.bigdataball import bigdataball
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule

DAY = date(2023, 10, 24)
FILE = SourceFile("nba_stats/schedule/2023-24.json", "2023-24")


def answer(rows: pd.DataFrame, *rejected: dict[str, object], is_undated: bool = False) -> Parsed:
    """The rows of a file, and what it rejects itself."""
    return Parsed(rows, rejected_frame(rejected).assign(**{UNDATED: is_undated}))


def schedule(**status: str) -> pd.DataFrame:
    """A game per status, none of which is to be played only if necessary."""
    rows = {"game_id": list(status), "status": list(status.values()), "game_date": DAY}
    rows |= {"season_type": "regular", "home_team": "BOS", "away_team": "PHI"}
    return pd.DataFrame(rows | {"home_score": 99, "away_score": 98, "is_if_necessary": False})


def series(winners: str, *, scheduled: int = 0) -> pd.DataFrame:
    """Boston's and Philadelphia's series: who won, B or P, then so many games if necessary.

    Boston is at home in the odd games, whose ids are 1 to 7.
    """
    rows = []
    for number, winner in enumerate([*winners, *[None] * scheduled], 1):
        home, away = ("BOS", "PHI") if number % 2 else ("PHI", "BOS")
        score = 100 if winner == home[0] else 80
        rows.append(
            {
                "game_id": str(number),
                "status": "final" if winner else "scheduled",
                "game_date": DAY,
                "season_type": "playoffs",
                "home_team": home,
                "away_team": away,
                "home_score": score if winner else None,
                "away_score": 90 if winner else None,
                "is_if_necessary": number > 4,
            }
        )
    return pd.DataFrame(rows).astype({"home_score": "Int64", "away_score": "Int64"})


def test_a_game_that_was_final_and_is_open_again_is_a_loss() -> None:
    """An older schedule has as many games; one that becomes final is none."""
    before, older = schedule(a="final", b="final"), schedule(a="final", b="scheduled")
    told = fewer_rows(nba_stats_schedule, before, answer(older))
    assert told == "as final b; --accept-fewer takes it all the same"
    assert fewer_rows(nba_stats_schedule, older, answer(before)) is None


UNKNOWN = rejection(FILE, "unknown_status", "game 1 (b): PPD", game_id="b", game_date=DAY)


def test_a_game_that_a_schedule_rejects_by_name_holds_no_other_one_back() -> None:
    """Its date is refused by it; under no date of its own it would only vanish."""
    before, now = schedule(a="scheduled", b="scheduled"), schedule(a="final")
    assert fewer_rows(nba_stats_schedule, before, answer(now, UNKNOWN)) is None
    lost = (
        "b (1 rows, 0 now); it rejects itself unknown_status: game 1 (b): PPD; "
        "--accept-fewer takes it all the same"
    )
    assert fewer_rows(nba_stats_schedule, before, answer(now, UNKNOWN, is_undated=True)) == lost
    assert fewer_rows(bigdataball, before, answer(now, UNKNOWN)) == lost


def test_a_game_that_a_schedule_rejects_under_another_date_is_a_loss() -> None:
    """Nothing would refuse the date that it leaves, and nobody would expect a game there."""
    before, now = schedule(a="scheduled", b="scheduled"), schedule(a="scheduled")
    moved = UNKNOWN | {"game_date": date(2023, 10, 28)}
    told = fewer_rows(nba_stats_schedule, before, answer(now, moved))
    assert told is not None
    assert told.startswith("b (1 rows, 0 now); it rejects itself unknown_status: game 1 (b): PPD")
    assert fewer_rows(nba_stats_schedule, before, answer(now, moved, UNKNOWN)) is None


@pytest.mark.parametrize(
    ("known", "won", "lost"),
    [
        ("BBB", "BBBB", None),
        ("BPBB", "BPBBB", None),
        ("PBPBP", "PBPBPP", None),
        ("BPBPB", "BPBPBP", "7"),
        ("BPBPBP", "BPBPBP", "7"),
        ("BPBB", "BPBB", "5"),
        ("BBBB", "BBB", "as final 4"),
    ],
)
def test_a_game_if_necessary_may_be_gone_once_a_team_has_won_four(known, won, lost) -> None:
    """At 3-3 game 7 is played, and at 3-1 game 5; what was final must be so still."""
    before = series(known, scheduled=7 - len(known))
    told = fewer_rows(nba_stats_schedule, before, answer(series(won)))
    assert (told or "").startswith(lost or "")
    assert (told is None) == (lost is None)


@pytest.mark.parametrize("status", ["scheduled", "live", "postponed"])
def test_of_a_series_that_is_decided_only_what_was_to_come_if_necessary_may_be_gone(status) -> None:
    """Not what has begun, what was to be played in any case, nor what the file rejects."""
    before, now = series("BBBB", scheduled=1), series("BBBB")
    before.loc[4, "status"] = status
    told = fewer_rows(nba_stats_schedule, before, answer(now))
    assert (told is None) == (status == "scheduled")
    moved = UNKNOWN | {"game_id": "5", "game_date": date(2023, 10, 28)}
    assert fewer_rows(nba_stats_schedule, before, answer(now, moved)) is not None
    before.is_if_necessary = False
    assert fewer_rows(nba_stats_schedule, before, answer(now)) is not None


@pytest.mark.parametrize(
    "other",
    [
        {"away_team": "MIA"},
        {"season_type": "play_in"},
    ],
)
def test_a_series_that_is_decided_is_that_of_its_two_teams_alone(other) -> None:
    """Boston's four wins are over Philadelphia, in the playoffs."""
    before, now = series("BBBB", scheduled=1), series("BBBB")
    for column, value in other.items():
        before.loc[4, column] = value
    told = fewer_rows(nba_stats_schedule, before, answer(now))
    assert told == "5 (1 rows, 0 now); --accept-fewer takes it all the same"


@pytest.mark.parametrize(
    "other", [{"home_score": 90}, {"season_type": "regular"}, {"status": "live"}]
)
def test_a_win_is_a_final_of_the_playoffs_with_another_score_for_each(other) -> None:
    """Of four games the fourth is none."""
    before, now = series("BBBB", scheduled=1), series("BBBB")
    for column, value in other.items():
        for games in (before, now):
            games.loc[3, column] = value
    told = fewer_rows(nba_stats_schedule, before, answer(now))
    assert told == "5 (1 rows, 0 now); --accept-fewer takes it all the same"


def test_a_game_that_was_final_and_is_rejected_is_a_loss_and_why_is_told() -> None:
    """What looks back on its date would be refused with it."""
    before, now = schedule(a="scheduled", b="final"), schedule(a="final")
    told = fewer_rows(nba_stats_schedule, before, answer(now, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN))
    each = "unknown_status: game 1 (b): PPD"
    assert told == (
        f"as final b; it rejects itself {each}, {each}, {each} and 1 more; "
        "--accept-fewer takes it all the same"
    )


@pytest.mark.parametrize(
    ("column", "word"), [("snapshot_at", "offered"), ("report_at", "reported")]
)
def test_what_was_said_at_another_moment_is_no_newer_version(column, word) -> None:
    """What was offered, or who was hurt, at noon is not known from what was said at night."""
    noon, night = (
        pd.DataFrame({"game_date": [DAY], column: pd.to_datetime([text], utc=True)})
        for text in ("2023-10-24 12:00", "2023-10-24 22:00")
    )
    told = fewer_rows(bigdataball, noon, answer(night))
    assert told is not None
    assert told.startswith(f"what was {word} at 2023-10-24 12:00:00+00:00;")
    assert fewer_rows(bigdataball, noon, answer(pd.concat([noon, night]))) is None


@pytest.mark.parametrize("event_ids", [[1, 2], [None, None]])
def test_what_is_lost_is_told_by_game_and_not_by_the_number_of_an_event(event_ids) -> None:
    """As many events of another game are no game's; one without an id is known by its teams."""
    files = [
        pd.DataFrame(
            {
                "game_id": [*names],
                "game_teams": ["A", "A", "B", "B"],
                "event_id": event_ids * 2,
                "game_date": DAY,
            }
        )
        for names in (("1", "1", None, None), ("2", "2", None, None), ("1", "1", "1", "1"))
    ]
    before, other, longer = files
    told = fewer_rows(bigdataball, before, answer(other))
    assert told == "1 (2 rows, 0 now); --accept-fewer takes it all the same"
    told = fewer_rows(bigdataball, before, answer(longer))
    assert told == "B (2 rows, 0 now); --accept-fewer takes it all the same"
    assert fewer_rows(bigdataball, before, answer(before)) is None


def test_a_game_with_rows_of_one_team_is_not_whole() -> None:
    """Rows of no team are of the game alone."""
    rows = pd.DataFrame({"game_id": ["1", "1", "2"], "team_abbr": ["OKC", "IND", "OKC"]})
    wanted = RemoteFile(FILE, bytes)
    assert _games(rows, wanted) == {"1"}
    assert _games(rows[["game_id"]], wanted) == {"1", "2"}


def test_0_and_false_are_not_the_same_document() -> None:
    """The order of an object's names says nothing."""
    assert not is_same({"isNeutral": [0]}, {"isNeutral": [False]})
    assert is_same({"a": [0], "b": 1}, {"b": 1, "a": [0]})


def test_a_file_of_two_seasons_is_no_file_of_one() -> None:
    """A day between seasons is of no other one: its row is rejected alone."""

    def of(*days: str) -> Parsed:
        lines = [rejection(FILE, "other_season", f"dated {day}", value=day) for day in days]
        return answer(pd.DataFrame(), *lines)

    refuse_astray(nba_stats_schedule, FILE, of("2023-08-01"))
    told = "it is of 2023-24, and 1 of its rows are of other seasons: dated 2023-04-09; split it"
    with pytest.raises(UnreadableFile, match=told):
        refuse_astray(nba_stats_schedule, FILE, of("2023-08-01", "2023-04-09"))


def test_a_combined_file_is_no_file_of_one_date() -> None:
    """Rows of the other dates would be rejected under that one."""
    file = SourceFile("bigdataball/2023-10-24/combined.csv", "2023-24", DAY)
    line = rejection(file, "other_date", "row 3 is of 2023-10-26")
    with pytest.raises(UnreadableFile, match="1 of its rows are of other dates: row 3 is of"):
        refuse_astray(bigdataball, file, Parsed(pd.DataFrame(), rejected_frame([line])))
