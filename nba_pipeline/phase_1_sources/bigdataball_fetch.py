"""Taking BigDataBall's files from where its customer keeps them: a folder or a bucket, by setting."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

from upath import UPath

from nba_pipeline.errors import WrongRequest
from nba_pipeline.kernel.fetch import Access, FetchFailed, NotYet, RemoteFile
from nba_pipeline.kernel.source import SourceFile
from nba_pipeline.league import calendar
from nba_pipeline.phase_1_sources.nba_stats_schedule import is_awaited, not_over, played

_PLACE = "bigdataball"


def fetch(day: date, access: Access) -> Iterator[RemoteFile | NotYet]:
    """Every CSV file whose name or folder has the date, once its games are over.

    One that stays open holds the others up for a while.

    Raises:
        WrongRequest: no place is set.
        FetchFailed: there is no file of a day with games.
    """
    place = access.settings.bigdataball
    if not place:
        raise WrongRequest("NBA_PIPELINE_BIGDATABALL is not set: where do its files lie?")
    games = played(day, access)
    if games.empty:
        return
    yield from not_over(games)
    if is_awaited(games, day):
        return
    found = _files(place, day)
    if not found:
        raise FetchFailed("not_there", f"{place} has no CSV file of {day}")
    season = calendar.season_of(day).name
    named: dict[str, list[UPath]] = {}
    for path in found:
        named.setdefault(path.name.removesuffix(".gz"), []).append(path)
    for name, paths in named.items():
        # As files that are brought: the date's own beside its folder, all others in it.
        own = "" if name.removesuffix(".csv") == str(day) else f"{day}/"
        file = SourceFile(f"{_PLACE}/{own}{name}", season, day)
        yield RemoteFile(file, partial(_one_content, paths))


def _files(place: str, day: date) -> list[UPath]:
    """The files of the date, in order.

    Raises:
        FetchFailed: the place cannot be listed.
    """
    root = UPath(place)
    spellings = (f"{day}", f"{day:%Y%m%d}", f"{day:%m-%d-%Y}")
    try:
        if not root.is_dir():
            raise FetchFailed("not_there", f"{place} is no folder")
        paths = [path for ending in ("csv", "csv.gz") for path in root.glob(f"**/*.{ending}")]
    except OSError as error:
        raise FetchFailed("unreachable", f"{place}: {error}") from error
    own = [path for path in paths if any(day in _names(path) for day in spellings)]
    return sorted(own, key=str)


def _names(path: UPath) -> str:
    return f"{path.parent.name}/{path.name}"


def _one_content(paths: Sequence[UPath]) -> bytes:
    """What all files of one name say.

    Raises:
        FetchFailed: one cannot be read, or two say different things.
    """
    first, *others = [_content(path) for path in paths]
    for path, content in zip(paths[1:], others, strict=True):
        if content != first:
            told = f"{paths[0]} and {path} have one name and say different things; keep one"
            raise FetchFailed("ambiguous", told)
    return first


def _content(path: UPath) -> bytes:
    """The file's bytes, unpacked.

    Raises:
        FetchFailed: it cannot be read, or is not whole.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.name.endswith(".gz") else content
    except (EOFError, OSError, zlib.error) as error:
        raise FetchFailed("unreachable", f"{path}: {error}") from error
