"""Who is known to be out before a game, and from where, worked out by hand."""

from datetime import UTC, date, datetime

import ibis
import pytest

from nba_pipeline.league.availability import out_by_transactions
from nba_pipeline.league.injury_status import injury_statuses

DAY = date(2024, 1, 10)
ENTRY = {"player_id": "int64", "event_date": "date", "event": "string"}
PLAYER = {
    "game_id": "string",
    "player_id": "int64",
    "team_abbr": "string",
    "game_date": "date",
    "last_game": "date",
}
LISTED = {
    "report_at": "timestamp('UTC')",
    "game_id": "string",
    "team_abbr": "string",
    "player_id": "int64",
    "injury_status": "string",
}
SPOKEN = {
    "report_at": "timestamp('UTC')",
    "game_id": "string",
    "team_abbr": "string",
    "has_submitted": "boolean",
    "players_listed": "int64",
}


def players(last_game: date | None = date(2024, 1, 6)) -> ibis.Table:
    """Three Lakers and a Celtic of one game on the tenth."""
    rows = [
        ("G", player, team, DAY, last_game)
        for player, team in ((1, "LAL"), (2, "LAL"), (3, "LAL"), (4, "BOS"))
    ]
    return ibis.memtable([dict(zip(PLAYER, row, strict=True)) for row in rows], schema=PLAYER)


def entries(*rows: tuple[int, int, str]) -> ibis.Table:
    """Transactions: player, day of January, event."""
    said = [(player, date(2024, 1, day), event) for player, day, event in rows]
    return ibis.memtable([dict(zip(ENTRY, row, strict=True)) for row in said], schema=ENTRY)


@pytest.mark.parametrize(
    ("said", "before", "with_day"),
    [
        ([(1, 8, "out")], True, True),
        ([(1, 6, "out")], False, False),
        ([(1, 10, "out")], False, True),
        ([(1, 11, "out")], False, False),
        ([(1, 7, "out"), (1, 9, "back")], False, False),
        ([(1, 7, "back"), (1, 9, "out")], True, True),
        ([(1, 8, "out"), (1, 10, "back")], True, False),
        ([(1, 9, "out"), (1, 9, "back")], False, False),
        ([], False, False),
    ],
)
def test_out_is_whose_last_entry_since_his_last_game_says_so(said, before, with_day) -> None:
    """His last game was on the sixth; entries of the tenth itself are of the view with them alone."""
    for expected, hindsight in ((before, False), (with_day, True)):
        found = out_by_transactions(players(), entries(*said), with_day=hindsight)
        assert [row["player_id"] for row in found.to_pyarrow().to_pylist()] == [1] * expected


def test_who_has_not_played_yet_is_out_by_any_entry() -> None:
    """There is no last game that it could be from before."""
    found = out_by_transactions(players(None), entries((1, 2, "out")))
    assert [row["player_id"] for row in found.to_pyarrow().to_pylist()] == [1]


def _listed_by(listed: list[tuple], word: tuple) -> int:
    hour, team, _has_submitted = word
    return sum(row[:2] == (hour, team) for row in listed)


def statuses(
    listed: list[tuple], spoken: list[tuple], tipoff=None, transactions=None, who=None, counts=None
) -> dict[int, tuple]:
    """Each player's status and its source, with transactions that have 1 and 4 out.

    counts are of spoken, each with how many lines its report has of the team; as many as are listed.
    """
    if transactions is None:
        transactions = entries((1, 8, "out"), (4, 8, "out"))
    games = ibis.memtable(
        [{"game_id": "G", "game_date": DAY, "tipoff_at": tipoff}],
        schema={"game_id": "string", "game_date": "date", "tipoff_at": "timestamp('UTC')"},
    )
    at = [[datetime(2024, 1, 10, row[0], tzinfo=UTC), "G", *row[1:]] for row in (*listed, *spoken)]
    reports = [dict(zip(LISTED, row, strict=True)) for row in at[: len(listed)]]
    words = [(*row, _listed_by(listed, row)) for row in spoken] if counts is None else counts
    teams = [
        dict(zip(SPOKEN, [*row, count], strict=True))
        for row, (*_word, count) in zip(at[len(listed) :], words, strict=True)
    ]
    rows = injury_statuses(
        players() if who is None else who,
        ibis.memtable(reports, schema=LISTED),
        ibis.memtable(teams, schema=SPOKEN),
        transactions,
        games,
        earliest_tipoff=16,
    )
    return {
        row["player_id"]: (row["injury_status"], row["injury_source"])
        for row in rows.to_pyarrow().to_pylist()
    }


def test_the_last_report_before_tip_off_speaks_for_a_team_that_has_spoken() -> None:
    """LAL lists 2 and no longer 3, nor 1, whom the transactions have out; BOS has said nothing."""
    listed = [(12, "LAL", 2, "questionable"), (12, "LAL", 3, "out"), (15, "LAL", 2, "out")]
    listed += [(17, "LAL", 3, "doubtful")]
    spoken = [(hour, "LAL", True) for hour in (12, 15, 17)] + [(15, "BOS", False)]
    assert statuses(listed, spoken) == {
        1: (None, "injury_report"),
        2: ("out", "injury_report"),
        3: (None, "injury_report"),
        4: ("out", "transactions"),
    }
    # By the schedule's own tip-off the report of 17 o'clock is the last before it.
    late = statuses(listed, spoken, datetime(2024, 1, 10, 23, tzinfo=UTC))
    assert (late[2], late[3]) == ((None, "injury_report"), ("doubtful", "injury_report"))


@pytest.mark.parametrize(
    ("lines", "status"),
    [((1, 1), None), ((1, 2), "out"), ((2, 2), "out"), ((2, 1), None), ((2, 0), None)],
)
def test_whom_the_last_report_may_have_lost_a_line_of_is_as_he_was_last_listed(
    lines, status
) -> None:
    """3 was out at noon and is listed no more at 15; where a line of that was lost, it may be his."""
    listed = [(12, "LAL", 3, "out"), (15, "LAL", 2, "doubtful")]
    spoken = [(12, "LAL", True), (15, "LAL", True)]
    counts = [(*word, count) for word, count in zip(spoken, lines, strict=True)]
    found = statuses(listed, spoken, counts=counts)
    assert (found[2], found[3]) == (("doubtful", "injury_report"), (status, "injury_report"))
    # Of whom no report has said anything, the team has spoken too.
    assert found[1] == (None, "injury_report")


def test_a_report_of_the_very_tip_off_is_none_from_before_it() -> None:
    """That of noon speaks: whether tip-off is the schedule's, or the earliest that there may be."""
    for hour, tipoff in ((15, datetime(2024, 1, 10, 15, tzinfo=UTC)), (16, None)):
        listed = [(12, "LAL", 2, "questionable"), (hour, "LAL", 2, "out")]
        said = statuses(listed, [(12, "LAL", True), (hour, "LAL", True)], tipoff)
        assert said[2] == ("questionable", "injury_report")


def test_the_season_s_first_entry_speaks_from_the_day_after_it() -> None:
    """One of the tenth itself may be from after tip-off: until then nobody says anything."""
    for day, source in ((9, "transactions"), (10, "none")):
        said = statuses([], [], transactions=entries((9, day, "out")))
        assert set(said.values()) == {(None, source)}


def test_without_a_report_the_transactions_of_the_season_speak_of_everybody() -> None:
    """Of 2 and 3 they say nothing, and so that nothing is known to keep them."""
    assert statuses([], []) == {
        1: ("out", "transactions"),
        2: (None, "transactions"),
        3: (None, "transactions"),
        4: ("out", "transactions"),
    }


def test_an_entry_of_the_spring_says_nothing_while_the_season_s_have_not_landed() -> None:
    """He may have come back in one of them: where nobody says anything, nobody is out."""
    spring = {"player_id": 1, "event_date": date(2023, 4, 1), "event": "out"}
    of_spring = ibis.memtable([spring], schema=ENTRY)
    assert set(statuses([], [], transactions=of_spring, who=players(None)).values()) == {
        (None, "none")
    }
