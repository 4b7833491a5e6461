"""Seasons, their days, and the partitions made of them; the one place that reads date words.

A season's span runs from its first covered game's day to the last possible day of the finals. A
day outside every span is off-season and has no partition.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import ibis
import ibis.expr.types as ir

from nba_pipeline import clock
from nba_pipeline.errors import NbaPipelineError

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_FIRST_SUMMER_MONTH = 8


@dataclass(frozen=True)
class Season:
    """A season's name ("2023-24") and its first and last day, US Eastern."""

    name: str
    first: date
    last: date

    def days(self) -> list[date]:
        """Every calendar day of the span."""
        return [
            self.first + timedelta(days=offset)
            for offset in range((self.last - self.first).days + 1)
        ]


# Past seasons by their real first and last game; the running and coming ones by the league's
# announced opening day and the latest day on which finals have been played in June.
SEASONS = (
    Season("2021-22", date(2021, 10, 19), date(2022, 6, 16)),
    Season("2022-23", date(2022, 10, 18), date(2023, 6, 12)),
    Season("2023-24", date(2023, 10, 24), date(2024, 6, 17)),
    Season("2024-25", date(2024, 10, 22), date(2025, 6, 22)),
    Season("2025-26", date(2025, 10, 21), date(2026, 6, 22)),
    Season("2026-27", date(2026, 10, 20), date(2027, 6, 22)),
)
_BY_NAME = {season.name: season for season in SEASONS}


class OffSeason(NbaPipelineError, ValueError):
    """A date that belongs to no season's span."""


def season(name: str) -> Season:
    """The season of that name; raises KeyError when the calendar does not have it."""
    return _BY_NAME[name]


@cache
def season_of(day: date) -> Season:
    """The season whose span holds the day.

    Raises:
        OffSeason: no span holds it.
    """
    for candidate in SEASONS:
        if candidate.first <= day <= candidate.last:
            return candidate
    spans = ", ".join(f"{s.name}: {s.first} to {s.last}" for s in SEASONS)
    raise OffSeason(f"{day} is in no season of the calendar ({spans})")


def season_before(later: Season) -> Season | None:
    """The season before; None for the calendar's first."""
    place = SEASONS.index(later)
    return SEASONS[place - 1] if place else None


@cache
def days_before(day: date) -> list[date]:
    """The days of the day's season strictly before it."""
    return [d for d in season_of(day).days() if d < day]


def season_name(game_date: ir.DateValue) -> ir.StringValue:
    """The season's name of a date column, as an expression."""
    year = game_date.year() - (game_date.month() < _FIRST_SUMMER_MONTH).cast("int64")
    following = ((year + 1) % 100).cast("string").lpad(2, "0")
    return year.cast("string") + "-" + following


def day_of_season(game_date: ir.DateValue) -> ir.IntegerValue:
    """Days since the season's first day, as an expression; NULL in no season."""
    return ibis.cases(
        *(
            (game_date.between(span.first, span.last), game_date.delta(span.first, unit="day"))
            for span in SEASONS
        )
    )


def season_turn(name: ir.StringValue) -> ir.DateValue:
    """The day from which on dates belong to the season of that name, as an expression."""
    return (name.substr(0, 4) + f"-{_FIRST_SUMMER_MONTH:02d}-01").cast("date")


def previous_season_name(name: ir.StringValue) -> ir.StringValue:
    """The name of the season before: "2022-23" for "2023-24"."""
    year = name.substr(0, 4).cast("int64")
    return (year - 1).cast("string") + "-" + (year % 100).cast("string").lpad(2, "0")


def season_days(first: date, last: date) -> list[date]:
    """The days from first to last that lie in a season's span."""
    return [day for span in SEASONS for day in span.days() if first <= day <= last]


def seasons_of(days: Iterable[date]) -> list[str]:
    """The names of the seasons that hold the days, in order."""
    names = {season_of(day).name for day in days}
    return [span.name for span in SEASONS if span.name in names]


def month_of(day: date) -> date:
    """The first day of the day's calendar month: the key of a monthly partition."""
    return day.replace(day=1)


def resolve_date(text: str) -> date:
    """YYYY-MM-DD, `today` or `yesterday` as a date, US Eastern.

    Raises:
        ValueError: any other text.
    """
    words = {"today": timedelta(0), "yesterday": timedelta(days=1)}
    if text in words:
        return clock.today() - words[text]
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no date: give YYYY-MM-DD, today or yesterday") from None
