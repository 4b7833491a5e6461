"""What the answers of The Odds API have in common: events, bookmakers, markets and their outcomes.

An answer holds one event or several, alone or, asked of the past, under "data" with the time at
which it was so. A price is American (-110, +150) or decimal (1.91, 2.5); here it is decimal: what a
stake of 1 pays back.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from nba_pipeline.clock import EASTERN
from nba_pipeline.kernel.source import SourceFile, UnknownShape
from nba_pipeline.league.identity import UnknownTeam, team_named
from nba_pipeline.phase_1_sources.cells import Offence, converted, finite, scalars, unreadable

VERSION = 3
"""Counts the meanings of what is computed here: files parsed with it are parsed anew under a new one."""

EVENT_TYPES = {
    **dict.fromkeys(("source_file", "event_id", "home_team", "away_team"), "string"),
    **dict.fromkeys(("bookmaker", "market"), "string"),
    **dict.fromkeys(("commence_time", "snapshot_at", "updated_at"), "datetime64[us, UTC]"),
    "row_number": "int64",
    "game_date": "object",
    "price": "float64",
}
"""Columns that the outcomes of every market have; game_date is US Eastern, by commence_time."""

_OF_EVENT = ("id", "commence_time", "home_team", "away_team")
_RAW = (
    *("event_id", "commence_time", "home_team", "away_team", "snapshot"),
    *("bookmaker", "market", "last_update", "name", "description", "price", "point"),
)
_LEAST_AMERICAN = 100
_DECIMAL = (1.01, 50.0)
"""The least decimal price, and one above which a price alone does not tell its kind."""


def outcome_frame(document: object, file: SourceFile) -> pd.DataFrame:
    """One row per outcome under the API's own fields; an event without bookmakers has none.

    The time of an answer that does not say one is that of the latest price in it.

    Raises:
        UnknownShape: the document is no answer with odds.
    """
    taken_at = document.get("timestamp") if isinstance(document, dict) else None
    lines = [
        {
            "event_id": event.get("id"),
            **{name: event.get(name) for name in _OF_EVENT[1:]},
            "bookmaker": book.get("key"),
            "market": market.get("key"),
            "last_update": market.get("last_update") or book.get("last_update"),
            **{name: outcome.get(name) for name in ("name", "description", "price", "point")},
        }
        for event in _events(document, file)
        for book in _objects(event, "bookmakers", file)
        for market in _objects(book, "markets", file)
        for outcome in _objects(market, "outcomes", file)
    ]
    raw = pd.DataFrame(lines, columns=list(_RAW), dtype="object")
    # What it says of when, whatever that is: it may be no time.
    updates = raw.last_update.map(lambda said: None if said is None else str(said))
    raw = raw.apply(scalars).astype("object").assign(last_update=updates.astype("object"))
    moments = {text: moment for text in updates.dropna() if (moment := _moment(text))}
    latest = max(moments, key=lambda text: moments[text], default=None)
    return raw.assign(snapshot=latest if taken_at is None else str(taken_at))


def event_columns(raw: pd.DataFrame) -> dict[str, pd.Series]:
    """The outcomes' typed columns that all markets have; what cannot be read is NULL."""
    begins = _moments(raw.commence_time)
    return {
        "event_id": _texts(raw.event_id),
        "commence_time": begins,
        "game_date": begins.dt.tz_convert(EASTERN).dt.date.astype("object"),
        "snapshot_at": _moments(raw.snapshot),
        "updated_at": _moments(raw.last_update),
        **{name: converted(raw[name], team) for name in ("home_team", "away_team")},
        "bookmaker": _texts(raw.bookmaker),
        "market": _texts(raw.market),
        "price": decimal_prices(finite(raw.price)),
    }


def event_offences(raw: pd.DataFrame, columns: Mapping[str, pd.Series]) -> list[Offence]:
    """What of an outcome cannot be taken, whatever its market."""
    fields = {
        "event_id": ("bad_event", "event_id"),
        "commence_time": ("bad_time", "commence_time"),
        "snapshot_at": ("bad_time", "snapshot"),
        "home_team": ("unknown_team", "home_team"),
        "away_team": ("unknown_team", "away_team"),
        "bookmaker": ("bad_bookmaker", "bookmaker"),
        "price": ("bad_price", "price"),
    }
    return [
        *(Offence(*told, columns[name].isna()) for name, told in fields.items()),
        Offence("bad_time", "last_update", unreadable(raw.last_update, columns["updated_at"])),
    ]


def decimal_prices(prices: pd.Series) -> pd.Series:
    """An answer's prices as decimal ones, all of the one kind in which it tells them; NULL of neither.

    A single price of 101 may be of either kind. An answer with a price that only a decimal one can
    be is decimal; where it has one below 0 too, only what can be of no more than one kind is taken.
    """
    american = american_as_decimal(prices)
    is_decimal = prices.between(*_DECIMAL, inclusive="left")
    has_fraction = (prices >= _DECIMAL[0]) & (prices % 1 > 0)
    if not (is_decimal | has_fraction).any():
        return american
    if (prices < 0).any():
        return prices.where(is_decimal, american.where(prices < 0))
    return prices.where(prices >= _DECIMAL[0])


def american_as_decimal(prices: pd.Series) -> pd.Series:
    """American prices as decimal ones: +150 is 2.5, -200 is 1.5; NULL between -100 and 100."""
    wins = (prices / 100).where(prices > 0, -100 / prices.where(prices < 0))
    return (1 + wins).where((prices.abs() >= _LEAST_AMERICAN) & (prices % 1 == 0))


def team(value: object) -> str | None:
    """The tricode of a team's name; None of any other."""
    try:
        return team_named(str(value))
    except UnknownTeam:
        return None


def _events(document: object, file: SourceFile) -> list[dict[str, object]]:
    """The answer's events."""
    if document is None:
        return []
    said: object = document
    if isinstance(document, Mapping) and "data" in document:
        said = document["data"]
    events: list[Any] = said if isinstance(said, list) else [said]
    if not all(isinstance(event, dict) and "bookmakers" in event for event in events):
        raise UnknownShape(f"{file.path}: no answer with odds (an event without bookmakers)")
    return events


def _objects(parent: Mapping[str, object], name: str, file: SourceFile) -> list[dict[str, object]]:
    """The list of objects that the parent has under the name."""
    found = parent.get(name)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise UnknownShape(f"{file.path}: no answer with odds ({name} is no list of objects)")
    return found


def _moments(column: pd.Series) -> pd.Series:
    """ISO times with a zone, as UTC."""
    moments = pd.to_datetime(converted(column, _moment), utc=True, errors="coerce")
    return moments.astype("datetime64[us, UTC]")


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _texts(column: pd.Series) -> pd.Series:
    """The column's texts that hold something, and no NUL, at which comparisons of keys would end."""
    return converted(column, lambda value: value if _is_key(value) else None)


def _is_key(value: object) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value
