"""The declaration of a source: a kind of file, its folder in the landing zone, and its parser."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from nba_pipeline.errors import NbaPipelineError

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
    """One file of a source: a season's, or one date's."""

    path: str
    season: str
    game_date: date | None = None


@dataclass(frozen=True)
class Parsed:
    """What a source's files hold: good rows, and what was rejected with its reason."""

    rows: pd.DataFrame
    rejected: pd.DataFrame


@dataclass(frozen=True)
class Source:
    """A kind of file: its name, folder under landing, and parser.

    Without a required source nothing can be expected, so its bad files raise.
    """

    name: str
    folder: str
    parse: Callable[[object, SourceFile], Parsed]
    is_required: bool = False
    version: int = 1


class UnreadableFile(NbaPipelineError, ValueError):
    """A file that is not whole gzip or not JSON."""


class UnknownShape(NbaPipelineError, ValueError):
    """A document that is not what its source serves."""


class AmbiguousFile(NbaPipelineError, ValueError):
    """Two files for the same thing, or a file whose name says neither season nor date."""


class MissingFile(NbaPipelineError, LookupError):
    """A required source has no file for a season."""


def rejection(file: SourceFile, rule: str, detail: str, **where: object) -> dict[str, object]:
    """One line of rejected input, for the columns of REJECTED_TYPES."""
    line = dict.fromkeys(REJECTED_TYPES) | {"source_file": file.path, "season": file.season}
    day = where.pop("game_date", file.game_date)
    return line | {"rule": rule, "detail": detail, "game_date": day} | where


def rejected_frame(lines: Sequence[dict[str, object]]) -> pd.DataFrame:
    """Rejected lines as a frame of the declared types."""
    return pd.DataFrame(list(lines), columns=list(REJECTED_TYPES)).astype(REJECTED_TYPES)
