"""Seasons, their days, and the partitions made of them; the one place that reads date words.

A season's span runs from its first covered game's day to the last possible day of the finals. A
day outside every span is off-season and has no partition. Between two seasons a date counts to the
coming one: a month's first day, or a preseason game, is of the season that it leads to.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import ibis
import ibis.expr.types as ir

from nba_pipeline import clock
from nba_pipeline.errors import NbaPipelineError, WrongRequest
from nba_pipeline.settings import Settings

VERSION = 2
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


@dataclass(frozen=True)
class Season:
    """A season's name ("2023-24") and its first and last day, US Eastern."""

    name: str
    first: date
    last: date

    def days(self) -> list[date]:
        """Every calendar day of the span."""
        return list(_days(self.first, self.last))


@cache
def _days(first: date, last: date) -> tuple[date, ...]:
    return tuple(first + timedelta(days=offset) for offset in range((last - first).days + 1))


# Past seasons by their real first and last game; the running and coming ones by the league's
# announced opening day and the latest day on which finals have been played in June. 2019-20 stood
# still from 2020-03-12 to 2020-07-29: its days are days without a game, as an All-Star break's are.
KNOWN = (
    Season("2015-16", date(2015, 10, 27), date(2016, 6, 19)),
    Season("2016-17", date(2016, 10, 25), date(2017, 6, 12)),
    Season("2017-18", date(2017, 10, 17), date(2018, 6, 8)),
    Season("2018-19", date(2018, 10, 16), date(2019, 6, 13)),
    Season("2019-20", date(2019, 10, 22), date(2020, 10, 11)),
    Season("2020-21", date(2020, 12, 22), date(2021, 7, 20)),
    Season("2021-22", date(2021, 10, 19), date(2022, 6, 16)),
    Season("2022-23", date(2022, 10, 18), date(2023, 6, 12)),
    Season("2023-24", date(2023, 10, 24), date(2024, 6, 17)),
    Season("2024-25", date(2024, 10, 22), date(2025, 6, 22)),
    Season("2025-26", date(2025, 10, 21), date(2026, 6, 22)),
    Season("2026-27", date(2026, 10, 20), date(2027, 6, 22)),
)
"""The seasons known without a setting; `seasons` has those of the setting too."""
FIRST_DAY = KNOWN[0].first
"""The calendar's first day."""
_ADDING = "NBA_PIPELINE_SEASONS=<name>:<first day>:<last day>, as 2027-28:2027-10-19:2028-06-20"


class OffSeason(NbaPipelineError, ValueError):
    """A date that belongs to no season's span."""


class NoDate(WrongRequest, ValueError):
    """A text that is no date."""


class UnknownSeason(NbaPipelineError, LookupError):
    """A season that the calendar does not have."""


class BadSeasons(NbaPipelineError, ValueError):
    """A setting of seasons that cannot be read, or does not follow on the known ones."""


@cache
def seasons() -> tuple[Season, ...]:
    """Every season in order: the known ones, and those that NBA_PIPELINE_SEASONS adds or moves.

    Raises:
        BadSeasons: the setting cannot be read, or leaves a hole or an overlap.
    """
    return _with_added(KNOWN, Settings().seasons)


def _with_added(known: Sequence[Season], text: str) -> tuple[Season, ...]:
    """The known seasons and the text's; one of a known name takes its place."""
    spans = {season.name: season for season in known}
    for entry in (part.strip() for part in text.split(",") if part.strip()):
        match = re.fullmatch(r"(\d{4}-\d{2}):(\d{4}-\d{2}-\d{2}):(\d{4}-\d{2}-\d{2})", entry)
        try:
            days = [date.fromisoformat(match[place]) for place in (2, 3)] if match else []
        except ValueError:
            days = []
        if match is None or not days:
            raise BadSeasons(f"NBA_PIPELINE_SEASONS: {entry!r} is no season; give {_ADDING}")
        spans[match[1]] = Season(match[1], *days)
    found = tuple(sorted(spans.values(), key=lambda season: season.name))
    for place, season in enumerate(found):
        year = int(known[0].name[:4]) + place
        earlier = found[place - 1].last if place else date.min
        if season.name != _name(year) or not earlier < season.first <= season.last:
            raise BadSeasons(
                f"NBA_PIPELINE_SEASONS: {season.name}, {season.first} to {season.last}, does not "
                f"follow on {_name(year - 1)}, which ends {earlier}; seasons are in order, without "
                "a hole or an overlap"
            )
    return found


def _name(year: int) -> str:
    """The name of the season that begins in the year."""
    return f"{year}-{(year + 1) % 100:02d}"


def season(name: str) -> Season:
    """The season of that name.

    Raises:
        UnknownSeason: the calendar does not have it.
    """
    for span in seasons():
        if span.name == name:
            return span
    raise UnknownSeason(
        f"the calendar has no season {name}, only {seasons()[0].name} to {seasons()[-1].name}; "
        f"a coming one is added by {_ADDING}"
    )


@cache
def season_of(day: date) -> Season:
    """The season whose span holds the day.

    Raises:
        OffSeason: no span holds it.
    """
    for candidate in seasons():
        if candidate.first <= day <= candidate.last:
            return candidate
    spans = ", ".join(f"{s.name}: {s.first} to {s.last}" for s in seasons())
    raise OffSeason(
        f"{day} is in no season of the calendar ({spans}); a coming one is added by {_ADDING}"
    )


def is_known(name: str) -> bool:
    """Whether the calendar has a season of that name."""
    return any(span.name == name for span in seasons())


def season_told(day: date, days_after: int) -> Season | None:
    """The season of which a file of that day speaks, whose rows may be dated so much later."""
    late = timedelta(days=days_after)
    return next((span for span in seasons() if span.first - late <= day <= span.last), None)


@cache
def turns() -> tuple[date, ...]:
    """Per season, the day from which on dates count to it: the day after the season before it.

    The first season's is the first day of its first month.
    """
    first, *later = seasons()
    ends = seasons()[: len(later)]
    return (first.first.replace(day=1), *(before.last + timedelta(days=1) for before in ends))


def season_ahead(day: date) -> Season | None:
    """The season that the day counts to: its own, or the next one between two; None after the last."""
    begun = zip(seasons(), turns(), strict=True)
    return next((span for span, turn in begun if turn <= day <= span.last), None)


def season_before(later: Season) -> Season | None:
    """The season before; None for the calendar's first."""
    place = seasons().index(later)
    return seasons()[place - 1] if place else None


def season_name(game_date: ir.DateValue) -> ir.StringValue:
    """The name of the season that a date column counts to, as an expression; NULL outside."""
    return ibis.cases(
        (game_date < turns()[0], ibis.null().cast("string")),
        *((game_date <= span.last, span.name) for span in seasons()),
    )


def day_of_season(game_date: ir.DateValue) -> ir.IntegerValue:
    """Days since the season's first day, as an expression; NULL in no season."""
    return ibis.cases(
        *(
            (game_date.between(span.first, span.last), game_date.delta(span.first, unit="day"))
            for span in seasons()
        )
    )


def season_turn(name: ir.StringValue) -> ir.DateValue:
    """The day from which on dates count to the season of that name, as an expression."""
    pairs = zip(seasons(), turns(), strict=True)
    return name.cases(*((span.name, ibis.literal(turn)) for span, turn in pairs))


def previous_season_name(name: ir.StringValue) -> ir.StringValue:
    """The name of the season before: "2022-23" for "2023-24"; NULL for the first."""
    pairs = zip(seasons()[1:], seasons(), strict=False)
    return name.cases(*((later.name, earlier.name) for later, earlier in pairs))


def next_season_name(name: ir.StringValue) -> ir.StringValue:
    """The name of the season after: "2023-24" for "2022-23"; NULL for the last."""
    pairs = zip(seasons(), seasons()[1:], strict=False)
    return name.cases(*((earlier.name, later.name) for earlier, later in pairs))


def season_days(first: date, last: date) -> list[date]:
    """The days from first to last that lie in a season's span."""
    return [day for span in seasons() for day in span.days() if first <= day <= last]


def season_months(first: date, last: date) -> list[date]:
    """The months that have a season day from first to last, or whose own key lies there.

    A month's key is its first day, which may lie before the season that begins in it.
    """
    every = {month_of(day) for span in seasons() for day in span.days()}
    keys = {month for month in every if first <= month <= last}
    return sorted(keys | {month_of(day) for day in season_days(first, last)})


def seasons_of(days: Iterable[date]) -> list[str]:
    """The names of the seasons that hold the days, in order."""
    names = {season_of(day).name for day in days}
    return [span.name for span in seasons() if span.name in names]


def month_of(day: date) -> date:
    """The first day of the day's calendar month: the key of a monthly partition."""
    return day.replace(day=1)


def resolve_date(text: str) -> date:
    """YYYY-MM-DD, `today` or `yesterday` as a date, US Eastern.

    Raises:
        NoDate: any other text.
    """
    words = {"today": timedelta(0), "yesterday": timedelta(days=1)}
    if text in words:
        return clock.today() - words[text]
    # Python reads other forms too, such as 20231024 and 2023-W43-2.
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    raise NoDate(f"{text!r} is no date: give YYYY-MM-DD, today or yesterday")
