"""Players' points lines as The Odds API answers them."""

import gzip
import json
from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.phase_1_sources.odds_api_player_points import TYPES, parse

FILE = SourceFile("odds_api/player_points/2024-03-31/a.json", "2023-24", date(2024, 3, 31), 1)


def outcome(side: str = "Over", price: object = -110, point: object = 24.5) -> dict[str, object]:
    """One side of a line of Luka Dončić."""
    return {"name": side, "description": "Luka Dončić", "price": price, "point": point}


def event(*outcomes: dict[str, object], **changed: object) -> dict[str, object]:
    """Dallas at Houston in the evening of the 31st of March, the first of April in UTC."""
    market = {"key": "player_points", "last_update": "2024-03-31T22:01:00Z"}
    market |= {"outcomes": list(outcomes)}
    return {
        "id": "e1",
        "commence_time": "2024-04-01T00:10:00Z",
        "home_team": "Houston Rockets",
        "away_team": "Dallas Mavericks",
        "bookmakers": [{"key": "betmgm", "markets": [market]}],
    } | changed


def updated(moment: object) -> dict[str, object]:
    """An answer of two books, of which the second says that its price is of the moment."""
    told = answer(outcome())
    (book,) = told["data"]["bookmakers"]
    (market,) = book["markets"]
    other = {"key": "fanduel", "markets": [market | {"last_update": moment}]}
    told["data"]["bookmakers"] = [{"key": "betmgm", "markets": [market]}, other]
    return told


def answer(*outcomes: dict[str, object], **changed: object) -> dict[str, object]:
    """The same asked of the past."""
    return {"timestamp": "2024-03-31T22:05:00Z", "data": event(*outcomes, **changed)}


def test_an_outcome_is_of_the_eastern_date_of_its_game() -> None:
    """Ten past midnight in UTC is ten past eight of the evening before; the zone is daylight time."""
    parsed = parse(answer(outcome()), FILE)
    assert parsed.rejected.empty
    (row,) = parsed.rows.to_dict("records")
    assert row["game_date"] == date(2024, 3, 31)
    assert (row["away_team"], row["home_team"], row["bookmaker"]) == ("DAL", "HOU", "betmgm")
    assert (row["player_lookup"], row["side"], row["points_line"]) == ("lukadoncic", "over", 24.5)
    assert row["snapshot_at"] == datetime(2024, 3, 31, 22, 5, tzinfo=UTC)
    assert row["updated_at"] == datetime(2024, 3, 31, 22, 1, tzinfo=UTC)
    assert row["commence_time"] == datetime(2024, 4, 1, 0, 10, tzinfo=UTC)


def test_an_answer_without_a_time_is_of_its_latest_price() -> None:
    """What is asked of now has no timestamp: the event stands alone."""
    (row,) = parse(event(outcome()), FILE).rows.to_dict("records")
    assert row["snapshot_at"] == datetime(2024, 3, 31, 22, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "decimal"),
    [
        ((-110, 100), (1 + 100 / 110, 2.0)),
        ((-200, 150), (1.5, 2.5)),
        ((115, 105), (2.15, 2.05)),
        ((1.91, 1.83), (1.91, 1.83)),
        ((1.01, 49.5), (1.01, 49.5)),
        ((101.0, 1.01), (101.0, 1.01)),
        ((67.0, 101.5), (67.0, 101.5)),
        ((-110, 1.83), (1 + 100 / 110, 1.83)),
    ],
)
def test_prices_are_of_the_kind_in_which_their_answer_tells_them(said, decimal) -> None:
    """American prices of -110 and +150 pay 1.909 and 2.5; 101 beside 1.01 is decimal."""
    sides = [outcome(side, price) for side, price in zip(("Over", "Under"), said, strict=True)]
    assert list(parse(answer(*sides), FILE).rows.price) == pytest.approx(decimal)


@pytest.mark.parametrize("neither", [0.5, -110.5, 0.99])
def test_a_fraction_that_is_no_decimal_price_tells_no_kind(neither) -> None:
    """Beside it +150 pays 2.5: an answer is not decimal for a price of neither kind."""
    parsed = parse(answer(outcome(price=150), outcome("Under", neither)), FILE)
    assert parsed.rows.price.tolist() == [2.5]
    assert parsed.rejected.value.tolist() == [str(neither)]


@pytest.mark.parametrize(
    ("document", "rule", "field"),
    [
        (answer(outcome("Yes")), "unknown_outcome", "name"),
        (answer(outcome(price=50), outcome("Under", -110)), "bad_price", "price"),
        (answer(outcome(price=-99), outcome("Under", 1.9)), "bad_price", "price"),
        (answer(outcome(price=67.0), outcome("Under", 115)), "bad_price", "price"),
        (answer(outcome(price=0.5), outcome("Under", 1.9)), "bad_price", "price"),
        (answer(outcome(price=0.5), outcome("Under", -110)), "bad_price", "price"),
        (answer(outcome(price=1.0), outcome("Under", 115)), "bad_price", "price"),
        (answer(outcome(price=None), outcome("Under", 1.9)), "bad_price", "price"),
        (answer(outcome(point=None)), "bad_line", "point"),
        (answer(outcome(point=0)), "bad_line", "point"),
        (answer(outcome() | {"description": " "}), "bad_player", "description"),
        (answer(outcome(), home_team="Seattle SuperSonics"), "unknown_team", "home_team"),
        (answer(outcome(), commence_time="2024-04-01T00:10:00"), "bad_time", "commence_time"),
        (answer(outcome()) | {"timestamp": "soon"}, "bad_time", "snapshot"),
        (answer(outcome()) | {"timestamp": 1711922700}, "bad_time", "snapshot"),
        (answer(outcome()) | {"timestamp": ""}, "bad_time", "snapshot"),
        (updated("2024-04-01T00:10:00"), "bad_time", "last_update"),
        (updated(["2024-04-01T00:10:00Z"]), "bad_time", "last_update"),
    ],
)
def test_what_is_not_understood_is_rejected_with_its_field(document, rule, field) -> None:
    """Nothing is guessed: a time without a zone is none either."""
    parsed = parse(document, FILE)
    assert [(row.rule, row.field) for row in parsed.rejected.itertuples()] == [(rule, field)]
    books = document["data"]["bookmakers"]
    outcomes = [each for book in books for each in book["markets"][0]["outcomes"]]
    assert len(parsed.rows) == len(outcomes) - 1


def test_a_price_of_either_kind_in_an_answer_of_both_is_rejected() -> None:
    """150 may be +150 or 150.0 there; -110 and 1.9 can each be one thing only."""
    found = parse(
        answer(outcome(price=-110), outcome("Under", 1.9), outcome("Over", 150, 30.5)), FILE
    )
    assert list(found.rows.price) == pytest.approx([1 + 100 / 110, 1.9])
    assert found.rejected[["rule", "value"]].to_numpy().tolist() == [["bad_price", "150"]]


def test_a_nul_in_one_cell_leaves_the_others_as_they_are() -> None:
    """What only begins alike is another text."""
    said = answer(outcome() | {"description": "Luka Dončić\0x"}, outcome(), outcome("Under"))
    found = parse(said, FILE)
    assert found.rows.side.tolist() == ["over", "under"]
    assert found.rejected[["row_number", "rule"]].to_numpy().tolist() == [[0, "bad_player"]]
    two = answer(outcome())
    (book,) = two["data"]["bookmakers"]
    two["data"]["bookmakers"] = [book | {"key": "betmgm\0x"}, book]
    found = parse(two, FILE)
    assert found.rows.bookmaker.tolist() == ["betmgm"]
    assert found.rejected[["row_number", "rule"]].to_numpy().tolist() == [[0, "bad_bookmaker"]]


def test_other_markets_and_repeated_outcomes_are_rejected() -> None:
    """Rebounds are no points; of two prices of one side the lower stands, whichever is first."""
    other = answer(outcome())
    other["data"]["bookmakers"][0]["markets"][0]["key"] = "player_rebounds"
    assert list(parse(other, FILE).rejected.rule) == ["unknown_market"]
    both = (outcome(), outcome(price=-120))
    for number, outcomes in enumerate((both, both[::-1])):
        twice = parse(answer(*outcomes), FILE)
        assert list(twice.rejected.rule) == ["repeated_player_lookup"]
        assert list(twice.rejected.row_number) == [number]
        assert list(twice.rows.price) == pytest.approx([1 + 100 / 120])


@pytest.mark.parametrize(
    "document",
    [
        {},
        [{}],
        7,
        "text",
        {"data": None},
        event(bookmakers=3),
        event(bookmakers=[{"markets": [1]}]),
    ],
)
def test_other_documents_are_of_another_shape(document) -> None:
    """They are refused whole, with the file's name."""
    with pytest.raises(UnknownShape, match="odds_api/player_points"):
        parse(document, FILE)


def test_an_event_that_nobody_offers_has_no_rows() -> None:
    """That is no error: lines come late."""
    for document in (event(bookmakers=[]), {"data": []}, None):
        parsed = parse(document, FILE)
        assert parsed.rejected.empty
        assert {name: str(kind) for name, kind in parsed.rows.dtypes.items()} == TYPES


def test_a_real_capture_is_taken_whole(real_landing) -> None:
    """Ten outcomes of each side for each book's player, all before tip-off."""
    path = real_landing / "odds_api/player_points/2024-03-31"
    path = path / "334977eee0d00129b598bc762211ebf7.json.gz"
    document = json.loads(gzip.decompress(path.read_bytes()))
    parsed = parse(document, FILE)
    markets = [m for book in document["data"]["bookmakers"] for m in book["markets"]]
    assert len(parsed.rows) == sum(len(market["outcomes"]) for market in markets) > 100
    assert parsed.rejected.empty
    assert (parsed.rows.snapshot_at < parsed.rows.commence_time).all()


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
OUTCOMES = st.dictionaries(st.sampled_from(["name", "description", "price", "point"]), VALUES)
CHANGES = st.dictionaries(st.sampled_from(["id", "commence_time", "home_team"]), VALUES)


@settings(max_examples=100, deadline=None)
@given(st.lists(OUTCOMES.map(lambda c: outcome() | c), max_size=4), CHANGES, VALUES)
def test_any_values_give_rows_of_the_declared_kind(outcomes, changes, moment) -> None:
    """Wrong types, missing fields, outcomes twice."""
    parsed = parse(answer(*outcomes, **changes) | {"timestamp": moment}, FILE)
    rows: pd.DataFrame = parsed.rows
    assert {name: str(kind) for name, kind in rows.dtypes.items()} == TYPES
    assert rows.drop(columns="updated_at").notna().all(axis=None)
    assert (rows.price > 1).all()
    assert len(rows) + parsed.rejected.row_number.nunique() == len(outcomes)
