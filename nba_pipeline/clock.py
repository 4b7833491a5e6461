"""The one place that tells the time; a replay sets it.

Leases do not ask here: they live by the coordination database's own clock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from nba_pipeline.errors import WrongRequest

EASTERN = ZoneInfo("America/New_York")
"""The zone in which game dates are made."""

_set_to: list[datetime] = []


def now() -> datetime:
    """The time, UTC."""
    return _set_to[-1] if _set_to else datetime.now(UTC)


def today() -> date:
    """Today's date in US Eastern time."""
    return now().astimezone(EASTERN).date()


class NoTimeZone(WrongRequest, ValueError):
    """A moment of which nobody can say when it is."""


@contextmanager
def set_to(moment: datetime) -> Iterator[None]:
    """Makes it that moment in this process until left.

    Args:
        moment: with its time zone.

    Raises:
        NoTimeZone: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise NoTimeZone(f"{moment} has no time zone")
    _set_to.append(moment.astimezone(UTC))
    try:
        yield
    finally:
        _set_to.pop()
