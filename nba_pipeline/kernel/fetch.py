"""What a source's fetch says: the files that a date needs, how each is asked for, what cannot be had."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.settings import Settings

if TYPE_CHECKING:
    # Sources are declared with what is declared here.
    from nba_pipeline.kernel.source import Source, SourceFile


@dataclass(frozen=True)
class RemoteFile:
    """A file that a source serves for a date.

    Args:
        file: where it belongs, without .gz.
        ask: its bytes, from outside; may raise FetchFailed.
        games: the games that its rows must have, of both teams where a row is of a team: where the
            landing zone has them all, it is not asked for, and an answer that lacks one is named.
        others: further games of the date, whose rows it may have and takes from nobody.
        is_settled: whether a stored one stands; one that is not is asked for every time.
        ended: which of its rows are of a game that was over when it was asked for; of none, all.
    """

    file: "SourceFile"
    ask: Callable[[], bytes]
    games: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    is_settled: bool = True
    ended: "Callable[[pd.DataFrame], pd.Series] | None" = None


@dataclass(frozen=True)
class NotYet:
    """What a date needs and nobody can have yet, as of a game that is not over."""

    what: str
    reason: str


class Access(Protocol):
    """What a fetch may ask: the hosts outside, and what the landing zone says already."""

    settings: Settings

    def get(
        self,
        host: str,
        path: str,
        parameters: Mapping[str, object] | None = None,
        *,
        cost: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of an answer; keeps the host's limits, and tries again what may pass.

        Args:
            host: a key of fetching.client.HOSTS.
            path: under the host's address.
            parameters: of the query; those that are None are left out.
            cost: what of the host's quota it takes, at most.
            headers: of the question.

        Raises:
            FetchFailed: there is no such answer.
            HostRefused: there will be none to any further question either.
        """
        ...

    def rows(self, source: "Source", days: Sequence[date]) -> pd.DataFrame:
        """The source's rows of the days in the landing zone.

        Raises:
            FetchFailed: the source is required, and cannot be read for one of the days.
        """
        ...


class FetchFailed(NbaPipelineError):
    """A file that could not be had.

    Args:
        kind: in one word, for programs: not_there, refused, unreachable, throttled, unlike, empty,
            ambiguous, incomplete, quota, key, schedule.
        reason: in a sentence.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Unreachable(FetchFailed):
    """The host did not answer, or not wholly, however often it was asked."""


class HostRefused(FetchFailed):
    """The host will not serve whatever else is asked: no key, no right, no quota left."""


Fetch = Callable[[date, Access], Iterable[RemoteFile | NotYet]]
"""What one date needs of a source; nothing where there is nothing of that date."""
