"""Where the teams play at home: coordinates and time zones, as expressions of a game.

Coordinates are those of the arenas' public addresses, to about 100 yards. Moves within a city block
are left out. The rest of 2019-20 was played at one place near Orlando, and Toronto's home games of
2020-21 in Tampa.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

VERSION = 2
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_EARTH_RADIUS_MILES = 3958.8


@dataclass(frozen=True)
class Arena:
    """A place: degrees north, degrees east, and the zone whose clocks it keeps."""

    latitude: float
    longitude: float
    zone: Literal["eastern", "central", "mountain", "arizona", "pacific"]


ARENAS = {
    "ATL": Arena(33.7573, -84.3963, "eastern"),
    "BKN": Arena(40.6826, -73.9754, "eastern"),
    "BOS": Arena(42.3662, -71.0621, "eastern"),
    "CHA": Arena(35.2251, -80.8392, "eastern"),
    "CHI": Arena(41.8807, -87.6742, "central"),
    "CLE": Arena(41.4965, -81.6882, "eastern"),
    "DAL": Arena(32.7905, -96.8103, "central"),
    "DEN": Arena(39.7487, -105.0077, "mountain"),
    "DET": Arena(42.3411, -83.0553, "eastern"),
    "GSW": Arena(37.7680, -122.3877, "pacific"),
    "HOU": Arena(29.7508, -95.3621, "central"),
    "IND": Arena(39.7640, -86.1555, "eastern"),
    "LAC": Arena(33.9449, -118.3431, "pacific"),
    "LAL": Arena(34.0430, -118.2673, "pacific"),
    "MEM": Arena(35.1382, -90.0506, "central"),
    "MIA": Arena(25.7814, -80.1870, "eastern"),
    "MIL": Arena(43.0451, -87.9172, "central"),
    "MIN": Arena(44.9795, -93.2761, "central"),
    "NOP": Arena(29.9490, -90.0821, "central"),
    "NYK": Arena(40.7505, -73.9934, "eastern"),
    "OKC": Arena(35.4634, -97.5151, "central"),
    "ORL": Arena(28.5392, -81.3839, "eastern"),
    "PHI": Arena(39.9012, -75.1720, "eastern"),
    "PHX": Arena(33.4457, -112.0712, "arizona"),
    "POR": Arena(45.5316, -122.6668, "pacific"),
    "SAC": Arena(38.5802, -121.4997, "pacific"),
    "SAS": Arena(29.4270, -98.4375, "central"),
    "TOR": Arena(43.6435, -79.3791, "eastern"),
    "UTA": Arena(40.7683, -111.9011, "mountain"),
    "WAS": Arena(38.8981, -77.0209, "eastern"),
}
"""Each team's present arena."""

_NEAR_ORLANDO = Arena(28.3370, -81.5560, "eastern")
_RESTART = (date(2020, 7, 22), date(2020, 10, 11))
_EARLIER = (
    # Team, first and last day, arena.
    ("DET", date.min, date(2017, 6, 30), Arena(42.6970, -83.2456, "eastern")),
    ("GSW", date.min, date(2019, 6, 30), Arena(37.7503, -122.2030, "pacific")),
    ("LAC", date.min, date(2024, 6, 30), Arena(34.0430, -118.2673, "pacific")),
    ("SAC", date.min, date(2016, 6, 30), Arena(38.6491, -121.5181, "pacific")),
    ("TOR", date(2020, 12, 1), date(2021, 7, 31), Arena(27.9427, -82.4519, "eastern")),
)
_STANDARD_HOURS = {"eastern": -5, "central": -6, "mountain": -7, "arizona": -7, "pacific": -8}


def _of_game(games: ir.Table, value: Callable[[Arena], float | str]) -> ir.Value:
    """A value of the arena in which each game is played; NULL at a neutral site."""
    day, home = games.game_date, games.home_team
    earlier = [
        ((home == team) & day.between(max(first, date(1946, 1, 1)), last), value(arena))
        for team, first, last, arena in _EARLIER
    ]
    return ibis.cases(
        (day.between(*_RESTART), value(_NEAR_ORLANDO)),
        (games.is_neutral_site, ibis.null()),
        *earlier,
        *((home == team, value(arena)) for team, arena in ARENAS.items()),
    )


def latitude(games: ir.Table) -> ir.FloatingValue:
    """Degrees north of each game's arena; NULL at a neutral site.

    Args:
        games: with game_date, home_team and is_neutral_site.
    """
    return _of_game(games, lambda arena: arena.latitude)


def longitude(games: ir.Table) -> ir.FloatingValue:
    """Degrees east of each game's arena; NULL at a neutral site."""
    return _of_game(games, lambda arena: arena.longitude)


def time_zone(games: ir.Table) -> ir.StringValue:
    """Name of the time zone of each game's arena; NULL at a neutral site."""
    return _of_game(games, lambda arena: arena.zone)


def utc_offset(zone: ir.StringValue, day: ir.DateValue) -> ir.FloatingValue:
    """Hours that the zone's clocks are ahead of UTC on the day; NULL where the zone is."""
    summer = ibis.or_(*(day.between(*span) for span in _summers()))
    hours = zone.cases(*((name, float(each)) for name, each in _STANDARD_HOURS.items()))
    return hours + ibis.ifelse(summer & (zone != "arizona"), 1.0, 0.0)


def miles(
    latitude: ir.FloatingValue,
    longitude: ir.FloatingValue,
    other_latitude: ir.FloatingValue,
    other_longitude: ir.FloatingValue,
) -> ir.FloatingValue:
    """Great-circle distance of two places in miles, by the haversine formula."""
    # BigQuery has no radians(): ibis would ask a public data set for it, which is in the US alone.
    radians = ibis.pi / 180
    north = (other_latitude - latitude) * radians / 2
    east = (other_longitude - longitude) * radians / 2
    shrink = (latitude * radians).cos() * (other_latitude * radians).cos()
    part = north.sin() * north.sin() + shrink * east.sin() * east.sin()
    return 2 * _EARTH_RADIUS_MILES * part.clip(upper=1.0).sqrt().asin()


@cache
def _summers() -> tuple[tuple[date, date], ...]:
    """First and last day of each year's daylight saving time, from 2015 to 2040."""
    eastern = ZoneInfo("America/New_York")

    def is_summer(day: date) -> bool:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=eastern)
        return noon.utcoffset() == timedelta(hours=-4)

    found = []
    for year in range(2015, 2041):
        days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
        summer = [day for day in days if is_summer(day)]
        found.append((summer[0], summer[-1]))
    return tuple(found)
