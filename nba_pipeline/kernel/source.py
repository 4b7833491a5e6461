"""The declaration of a source: a kind of file, its folder in the landing zone, and its parser."""

import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Literal

import pandas as pd

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.kernel.fetch import Fetch
from nba_pipeline.kernel.formats import json_document

REJECTED_TYPES = {
    "source_file": "string",
    "row_number": "Int64",
    "season": "string",
    "game_date": "object",
    "game_id": "string",
    "team_abbr": "string",
    "field": "string",
    "value": "string",
    "rule": "string",
    "detail": "string",
}
"""Columns of rejected input; row_number counts from 0 in the source's own list, NULL for a file."""


@dataclass(frozen=True)
class SourceFile:
    """One file of a source: of a season, of one date or game, or for all seasons (no season).

    game_date is the date of the game that the file is of, or the one that it lies under; its rows
    may be dated up to days_after later. game_id is that of a file of one game.
    """

    path: str
    season: str
    game_date: date | None = None
    days_after: int = 0
    game_id: str | None = None


@dataclass(frozen=True)
class Parsed:
    """What a source's files hold: good rows, and what was rejected with its reason."""

    rows: pd.DataFrame
    rejected: pd.DataFrame


Decoder = Callable[[bytes], object]
"""The bytes of a file to its document; raises ValueError for what is not of its format."""


def _json() -> dict[str, Decoder]:
    return {"json": json_document}


@dataclass(frozen=True, eq=False)
class Source:
    """A kind of file, and how it becomes rows.

    Args:
        name: the parameter under which a table's functions take its rows; `<name>_rejected` takes
            what was rejected.
        place: its folder under landing, or its one file where layout is "file".
        parse: document to rows (with source_file, row_number, game_date) and rejections; of None,
            no rows of the same types.
        version: counts the meanings of the parser; another one parses every file anew.
        is_required: whether expectations are made of it. What of it cannot be read then refuses its
            dates; of any other source it is rejected rows.
        settle: the rows of several files to those that stand, where more than one may speak of a game:
            of all of a season's files where layout is "seasons". Files of dates are given in any number,
            and of a game on two dates each date says what it says alone.
        layout: what its files are named after. "seasons": <season>.<format>, whose dates
            <season>/<date>.<format> replaces; "dates": any number in <date>/, or <date>.<format>;
            "games": <game_id>.<format>, under the date of `dated_by`; "snapshots": <date>.<format>,
            whose rows hold from that date until the next one's; "file": one for all seasons.
        formats: the ending of a file's name to the decoder of its bytes; gzip (.gz) is allowed.
        dated_by: the schedule that says the date of a file of one game, and by whose games a fetch
            knows what there is.
        days_after: how many days later than its folder's date a row may be dated.
        fetch: the files that a date needs and how they are asked for; of none, people bring them.
        own_date: the column of the date that a row itself says, where it may be filed under another:
            a date's file replaces rows of that date, not what else is filed there.
    """

    name: str
    place: str
    parse: Callable[[object, SourceFile], Parsed]
    version: int
    is_required: bool = False
    settle: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    layout: Literal["seasons", "dates", "games", "snapshots", "file"] = "seasons"
    formats: Mapping[str, Decoder] = field(default_factory=_json)
    dated_by: "Source | None" = None
    days_after: int = 0
    fetch: Fetch | None = None
    own_date: str = "game_date"

    def decoded(self, content: bytes, path: str) -> object:
        """The document of a file's bytes, gzip taken off where its name ends with .gz.

        Raises:
            UnreadableFile: truncated or no gzip, or not of its format; names the file.
        """
        name = path.removesuffix(".gz")
        ending = next((end for end in self.formats if name.endswith(f".{end}")), None)
        if ending is None:
            raise UnreadableFile(f"{path}: ends with none of {', '.join(self.formats)}")
        try:
            if path.endswith(".gz"):
                content = gzip.decompress(content)
            return self.formats[ending](content)
        except (EOFError, OSError, zlib.error) as error:
            raise UnreadableFile(f"{path}: not a whole gzip file ({error})") from error
        except ValueError as error:
            raise UnreadableFile(f"{path}: not {ending.upper()} ({error})") from error


class UnreadableFile(NbaPipelineError, ValueError):
    """A file that is not whole gzip, or not of its format."""


class UnknownShape(NbaPipelineError, ValueError):
    """A document that is not what its source serves."""


def rejection(file: SourceFile, rule: str, detail: str, **where: object) -> dict[str, object]:
    """One line of rejected input, for the columns of REJECTED_TYPES."""
    line = dict.fromkeys(REJECTED_TYPES) | {"source_file": file.path, "season": file.season}
    day = where.pop("game_date", file.game_date)
    return line | {"rule": rule, "detail": detail, "game_date": day} | where


def rejected_frame(lines: Sequence[dict[str, object]]) -> pd.DataFrame:
    """Rejected lines as a frame of the declared types."""
    return _typed(list(lines)) if lines else _nothing_rejected().copy()


def _typed(lines: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=list(REJECTED_TYPES)).astype(REJECTED_TYPES)


@cache
def _nothing_rejected() -> pd.DataFrame:
    return _typed([])
