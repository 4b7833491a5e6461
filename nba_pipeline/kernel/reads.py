"""What a table reads of the tables upstream, and how far back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from nba_pipeline.league.calendar import Season, month_of, seasons

Reach = Literal[
    "same_date", "same_month", "season", "previous_season", "two_seasons_before", "three_seasons"
]
IDENTITY = frozenset({"game_id", "game_date", "player_id", "player_lookup", "team_abbr"})
"""The columns that say whose row it is, and nothing about him."""
_SEASONS_BACK = {"season": 0, "previous_season": 1, "two_seasons_before": 2, "three_seasons": 2}


@dataclass(frozen=True)
class Read:
    """One upstream table, the transform's parameter for it, and how far back it is read.

    same_date and same_month give the run's own dates or their months; the others look back: they
    give everything strictly before the last of them, from the first day of the season, of the one
    before it, or of the one before that.

    What is read for its rows alone says which rows there are: it is given with the columns of
    IDENTITY alone, and its gaps stay with it, since no value may depend on them.
    """

    table: str
    parameter: str
    reach: Reach
    is_for_rows: bool = False

    @property
    def looks_back(self) -> bool:
        """Whether it reads what is dated before the partition instead of the partition's own."""
        return self.reach not in ("same_date", "same_month")

    def partition(self, day: date) -> date:
        """The one upstream partition of a same-date or same-month read."""
        return month_of(day) if self.reach == "same_month" else day

    def seasons(self, day: date) -> list[Season]:
        """The seasons that it looks back over from a day, oldest first, its own last."""
        begun = [span for span in seasons() if span.first <= day]
        return begun[-_SEASONS_BACK[self.reach] - 1 :]


def _reads(reach: Reach, names: Sequence[str], renamed: Mapping[str, str]) -> tuple[Read, ...]:
    plain = [Read(name, name, reach) for name in names]
    return (*plain, *(Read(table, parameter, reach) for parameter, table in renamed.items()))


def same_date(*names: str, **renamed: str) -> tuple[Read, ...]:
    """Upstream tables whose partition of the same date is read."""
    return _reads("same_date", names, renamed)


def rows_of(*names: str) -> tuple[Read, ...]:
    """Upstream tables whose partition of the same date says which rows there are, and no more.

    How many there are is for nobody to tell either: such a number would have their gaps.
    """
    return tuple(Read(name, name, "same_date", is_for_rows=True) for name in names)


def same_month(*names: str, **renamed: str) -> tuple[Read, ...]:
    """Upstream monthly tables whose partition of D's month is read."""
    return _reads("same_month", names, renamed)


def from_season(*names: str, **renamed: str) -> tuple[Read, ...]:
    """Upstream tables of which the season's dates before D are read; parameter=table renames."""
    return _reads("season", names, renamed)


def from_previous_season(*names: str, **renamed: str) -> tuple[Read, ...]:
    """Upstream tables of which this season and the one before it, up to D, are read."""
    return _reads("previous_season", names, renamed)


def from_two_seasons_before(*names: str, **renamed: str) -> tuple[Read, ...]:
    """Upstream tables of which this season and the two before it, up to D, are read.

    A window over the previous season asks whose player somebody was then, which his rows of the
    season before that one decide.
    """
    return _reads("two_seasons_before", names, renamed)


def from_three_seasons(*names: str, **renamed: str) -> tuple[Read, ...]:
    """Upstream tables of which this season and the two before it are read, as far as they are there.

    Where nothing is stored before a date, nothing is missing before it.
    """
    return _reads("three_seasons", names, renamed)
