"""The stretches of upstream days that a partition reads, and which days lie in them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date, timedelta

from nba_pipeline.kernel.reads import Read


def spans(read: Read, day: date) -> list[tuple[date, date]]:
    """First and last upstream partition of each stretch that a partition reads, oldest first."""
    if not read.looks_back:
        return [(read.partition(day), read.partition(day))]
    yesterday = day - timedelta(days=1)
    stretches = [(span.first, min(span.last, yesterday)) for span in read.seasons(day)]
    return [(first, last) for first, last in stretches if first <= last]


class DayList:
    """Days in order, asked for by stretches."""

    def __init__(self, days: Iterable[date]) -> None:
        self._days = sorted(days)

    def __bool__(self) -> bool:
        return bool(self._days)

    def first_in(self, stretches: Iterable[tuple[date, date]]) -> date | None:
        """The first day that lies in one of the stretches."""
        for first, last in stretches:
            place = bisect_left(self._days, first)
            if place < len(self._days) and self._days[place] <= last:
                return self._days[place]
        return None

    def last_in(self, first: date, last: date) -> date | None:
        """The last day from first to last."""
        place = bisect_right(self._days, last)
        return self._days[place - 1] if place and self._days[place - 1] >= first else None

    def count_in(self, stretches: Iterable[tuple[date, date]]) -> int:
        """How many days lie in the stretches."""
        return sum(
            bisect_right(self._days, last) - bisect_left(self._days, first)
            for first, last in stretches
        )
