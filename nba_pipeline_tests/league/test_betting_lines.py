"""A player's line at tip-off, worked out by hand."""

from datetime import UTC, date, datetime

import ibis
import pytest

from nba_pipeline.league.betting_lines import closing_lines, median_of, with_main_lines

DAY = date(2024, 3, 31)
GAME, OTHER_GAME = "0022300001", "0022300002"
OFFERED = {
    "game_id": "string",
    "game_date": "date",
    "player_id": "int64",
    "bookmaker": "string",
    "snapshot_at": "timestamp('UTC')",
    "commence_time": "timestamp('UTC')",
    "points_line": "float64",
    "over_price": "float64",
    "under_price": "float64",
    "is_main": "boolean",
}
CONSENSUS = {
    name: OFFERED[name]
    for name in ("game_date", "player_id", "bookmaker", "points_line", "over_price")
}


def offer(book: str, hour: int, line: float, over: float | None = 1.9, **changed: object) -> dict:
    """An offer for player 1 in a game that begins at 23 UTC."""
    return {
        "game_id": GAME,
        "game_date": DAY,
        "player_id": 1,
        "bookmaker": book,
        "snapshot_at": datetime(2024, 3, 31, hour, tzinfo=UTC),
        "commence_time": datetime(2024, 3, 31, 23, tzinfo=UTC),
        "points_line": line,
        "over_price": over,
        "under_price": 1.8,
        "is_main": True,
    } | changed


def consensus(player: int, line: float) -> dict:
    """What BettingPros says of a player."""
    return {
        "game_date": DAY,
        "player_id": player,
        "bookmaker": "consensus",
        "points_line": line,
        "over_price": 1.95,
    }


@pytest.mark.parametrize(
    ("prices", "main"),
    [
        # -139 and 105, -127 and -105, -143 and 107, -132 and 100, and each the other way round.
        ([(7.5, 1 + 100 / 139, 2.05), (8.5, 2.05, 1 + 100 / 139)], 7.5),
        ([(27.5, 1 + 100 / 127, 1 + 100 / 105), (28.5, 1 + 100 / 105, 1 + 100 / 127)], 27.5),
        ([(6.5, 1 + 100 / 143, 2.07), (7.5, 2.07, 1 + 100 / 143)], 6.5),
        ([(18.5, 1 + 100 / 132, 2.0), (19.5, 2.0, 1 + 100 / 132)], 18.5),
        ([(10.5, 1.5, 2.5), (11.5, 1.9, 1.95), (12.5, 2.0, None)], 11.5),
        ([(22.5, 1.14, None), (24.5, 2.86, None)], 22.5),
        ([(10.5, 1.5, None), (11.5, None, 1.9), (12.5, 2.5, None)], 11.5),
    ],
)
def test_the_main_line_is_nearest_to_even_and_of_two_alike_the_lower(prices, main) -> None:
    """Of the same prices the other way round no rounding decides; a single price comes after both."""
    columns = {"of": "int64", "points_line": "float64", "over_price": "float64"}
    columns |= {"under_price": "float64"}
    for offered in (prices, prices[::-1]):
        rows = [dict(zip(columns, (1, *offer), strict=True)) for offer in offered]
        told = with_main_lines(ibis.memtable(rows, schema=columns), ["of"]).to_pandas()
        assert list(told.points_line[told.is_main]) == [main]


def closing(offers: list[dict], others: list[dict] | None = None, tipoff=None) -> dict[int, dict]:
    """The line of each player of the game, of 1, 2 and 3."""
    games = ibis.memtable(
        [{"game_id": game, "tipoff_at": tipoff} for game in (GAME, OTHER_GAME)],
        schema={"game_id": "string", "tipoff_at": "timestamp('UTC')"},
    )
    players = [(GAME, player, DAY) for player in (1, 2, 3)]
    rows = closing_lines(
        ibis.memtable(players, columns=["game_id", "player_id", "game_date"]),
        ibis.memtable(offers, schema=OFFERED),
        ibis.memtable(others or [], schema=CONSENSUS),
        games,
    )
    return {row["player_id"]: row for row in rows.to_pyarrow().to_pylist()}


def test_the_line_is_the_median_of_the_last_snapshot_before_tip_off() -> None:
    """Of 20.5, 21.5 and 21.5 at 22 o'clock; it opened at 19.5; what is offered during it is none."""
    offers = [
        offer("a", 12, 19.5),
        offer("a", 18, 30.5),
        offer("a", 22, 20.5, 1.7),
        offer("b", 22, 21.5, 1.9),
        offer("c", 22, 21.5, 2.0),
        offer("c", 22, 25.5, 3.0, is_main=False),
        offer("a", 23, 2.5),
    ]
    row = closing(offers)[1]
    assert (row["points_line"], row["line_source"]) == (21.5, "odds_api")
    assert (row["opening_points_line"], row["line_movement"]) == (19.5, 2.0)
    assert (row["over_price"], row["under_price"]) == (pytest.approx(1.95), 1.8)


def test_a_line_between_two_books_has_no_price() -> None:
    """20.5 and 21.5 make 21.0, which nobody offers; one snapshot says nothing of the opening."""
    row = closing([offer("a", 22, 20.5), offer("b", 22, 21.5)])[1]
    assert row["points_line"] == 21.0
    names = ("over_price", "under_price", "opening_points_line", "line_movement")
    assert [row[name] for name in names] == [None] * 4


def test_the_schedule_s_tip_off_decides_where_it_is_known() -> None:
    """At 21 by the schedule, whatever the source says."""
    offers = [offer("a", 20, 18.5), offer("a", 22, 28.5)]
    tipoff = datetime(2024, 3, 31, 21, tzinfo=UTC)
    assert closing(offers, tipoff=tipoff)[1]["points_line"] == 18.5
    assert closing(offers)[1]["points_line"] == 28.5


def test_the_consensus_speaks_only_where_no_book_does() -> None:
    """Of player 1 a book does; of player 2 no snapshot is from before tip-off; of 3 there is none."""
    offers = [offer("a", 22, 20.5), offer("a", 23, 9.5, player_id=2)]
    found = closing(offers, [consensus(1, 10.5), consensus(2, 11.5), consensus(3, 12.5)])
    told = {player: (row["points_line"], row["line_source"]) for player, row in found.items()}
    assert told == {1: (20.5, "odds_api"), 2: (11.5, "bettingpros"), 3: (12.5, "bettingpros")}
    assert (found[3]["over_price"], found[3]["under_price"]) == (1.95, None)


def test_a_price_in_another_game_is_nobody_s_line() -> None:
    """It neither moves the line of player 1 nor silences the consensus of player 2."""
    strange = [offer("b", 22, 9.5, game_id=OTHER_GAME, player_id=player) for player in (1, 2)]
    own = [offer("a", 20, 20.5), offer("a", 21, 21.5)]
    found = closing([*own, *strange], [consensus(2, 11.5)])
    told = {player: (row["points_line"], row["line_source"]) for player, row in found.items()}
    assert told == {1: (21.5, "odds_api"), 2: (11.5, "bettingpros")}
    assert found[1]["opening_points_line"] == 20.5


@pytest.mark.parametrize(
    ("values", "median"),
    [([3.0], 3.0), ([1.0, 2.0], 1.5), ([9.0, 1.0, 2.0], 2.0), ([4.0, 4.0, None, 1.0, 2.0], 3.0)],
)
def test_a_median_is_the_middle_of_the_known_values(values, median) -> None:
    """The mean of the two middle ones of an even number."""
    rows = ibis.memtable({"of": [1] * len(values), "value": values})
    assert median_of(rows, ["of"], "value").to_pyarrow().to_pylist() == [{"of": 1, "value": median}]
