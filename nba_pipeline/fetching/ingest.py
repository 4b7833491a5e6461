"""Files at hand into the landing zone: what each is, is found by what takes it; then put in place.

A file goes where the one source that takes it has its place, under the season, date or game that it
speaks of. What nothing takes, what several take alike, what has less than what stands, and a second
file for one place is refused, by name and with why.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd
from upath import UPath

from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.landing_files import cannot_open
from nba_pipeline.fetching import files
from nba_pipeline.fetching.bucket import StoredMeanwhile, generation
from nba_pipeline.fetching.losses import (
    fewer_rows,
    overruled,
    settles_dates,
    standing_instead,
    standing_rows,
    standing_whole,
    told_instead,
)
from nba_pipeline.fetching.recognise import Recognised, Refused, recognised
from nba_pipeline.kernel.source import Source, UnreadableFile


@dataclass(frozen=True)
class Placed:
    """A file that was taken: whose it is, and its place in the landing zone.

    overruled are the dates for which files of their own stand and say otherwise.
    """

    file: str
    source: str
    path: str
    rows: int
    rejected: int
    overruled: tuple[date, ...] = ()


@dataclass
class Ingested:
    """What became of each file; refused gives file and reason."""

    new: list[Placed] = field(default_factory=list)
    changed: list[Placed] = field(default_factory=list)
    unchanged: list[Placed] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """As plain values."""
        return asdict(self)


def ingest(
    paths: Iterable[Path],
    landing: Landing,
    sources: Sequence[Source],
    *,
    asked: Source | None = None,
    day: date | None = None,
    accept_fewer: bool = False,
    is_dry: bool = False,
    say: Callable[[str], None] = lambda _line: None,
) -> Ingested:
    """Puts the files into the landing zone.

    Args:
        paths: files, and folders of them.
        landing: the landing zone.
        sources: those that may take a file.
        asked: the one that the files are said to be of, where several take them alike.
        day: the date of files that say none themselves.
        accept_fewer: whether a file may have fewer rows of a game or date than stand today.
        is_dry: whether nothing is written.
        say: is told what became of each file.
    """
    done = Ingested()
    waiting = list(_files(paths))
    taken: dict[str, tuple[Path, bytes]] = {}
    # A schedule among the files says the dates of other ones, so those are tried again after it.
    for is_last in (False, True):
        later = []
        for path in waiting:
            try:
                found = recognised(path, sources, landing, day, asked)
                first = taken.get(_place(found))
                state = _put(found, landing, first, is_dry=is_dry, accept_fewer=accept_fewer)
            except Refused as error:
                if error.may_pass and not is_last:
                    later.append(path)
                    continue
                done.refused.append((str(path), str(error)))
                continue
            taken.setdefault(_place(found), (path, found.content))
            counts = len(found.parsed.rows), len(found.parsed.rejected)
            days = tuple(overruled(found.source, found.file, found.parsed, landing))
            placed = Placed(str(path), found.source.name, found.file.path, *counts, days)
            getattr(done, state).append(placed)
            say(f"{path}: {state}, {found.source.name}: {found.file.path}{told_instead(days)}")
        waiting = later
    return done


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    """The files, and those in the folders, in order; hidden ones are left out.

    A link in a folder is one of them, wherever it leads: what is no file is refused by its name.
    """
    for path in paths:
        if path.is_dir():
            yield from (
                each
                for each in sorted(path.rglob("*"))
                if (each.is_file() or each.is_symlink())
                and not any(part.startswith(".") for part in each.relative_to(path).parts)
            )
        else:
            yield path


def _place(found: Recognised) -> str:
    """What the file would stand for: its place, whichever ending it has there."""
    return found.file.path.rsplit(".", 1)[0]


def _put(
    found: Recognised,
    landing: Landing,
    first: tuple[Path, bytes] | None,
    *,
    is_dry: bool,
    accept_fewer: bool,
) -> str:
    """Puts one file in place: new, changed or unchanged.

    Args:
        found: the file.
        landing: the landing zone.
        first: a file of the same command that was taken for the same place.
        is_dry: whether nothing is written.
        accept_fewer: whether it may have fewer rows of a game or date than stand today.

    Raises:
        Refused: what stands has what this one lacks, or has its name with another ending, or there
            was another one for its place.
    """
    root, path = landing.root, found.file.path
    _refuse_name(found, root)
    before = standing_rows(found.source, found.file, landing)
    there = files.stored(root, path)
    looked_at = generation(root, there)
    beside = [*_beside(found, before, root)]
    beside += [_document(found.source, root / there)] if there else []
    if any(files.is_same(document, found.document) for document in beside):
        return "unchanged"
    if first and first[1] == found.content:
        return "unchanged"
    if first:
        raise Refused(
            f"it belongs in {path} as {first[0]} does, which was taken and says otherwise: bring one "
            "of them, or the later one after the other"
        )
    if not accept_fewer and (lost := fewer_rows(found.source, before, found.parsed)):
        raise Refused(f"{there or 'what stands'} is kept: it has {lost}")
    if standing := standing_instead(found.source, before, found.parsed, path):
        name = standing.removesuffix(".gz").rsplit("/", 1)[-1]
        where = f"as {name}" if standing.count("/") < path.count("/") else "under a later name"
        raise Refused(f"{standing} stands for its games and says otherwise: bring it {where}")
    if not is_dry:
        try:
            files.place(root, there or files.new_path(path), found.content, looked_at)
        except StoredMeanwhile as error:
            raise Refused(str(error)) from error
    return "new" if there is None else "changed"


def _refuse_name(found: Recognised, root: UPath) -> None:
    """Raises Refused where nothing of that name is read, or another ending of it lies there.

    Files of a date may be told apart by their ending alone.
    """
    path, formats = found.file.path, found.source.formats
    if path.rsplit("/", 1)[-1].startswith("."):
        raise Refused("a name that begins with a dot is none of the landing zone's: rename it")
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise Refused("its name is no text in UTF-8: rename it") from error
    if found.source.layout == "dates":
        return
    stem, own = path.rsplit(".", 1)
    other = [files.stored(root, f"{stem}.{end}") for end in formats if end != own]
    if taken := next((name for name in other if name), None):
        raise Refused(f"{taken} is there already, and one of the two would have to go")


def _beside(found: Recognised, before: pd.DataFrame, root: UPath) -> Iterable[object]:
    """The documents of the date's files in which what the file says may stand already.

    Names of a date's files are free; where they settle, one stands for the games of another.
    """
    day = found.file.game_date
    folder = root / found.source.place / str(day)
    if settles_dates(found.source):
        for name in standing_whole(before, found.parsed.rows):
            yield _document(found.source, root / name)
    elif found.source.layout == "dates" and folder.is_dir():
        for path in sorted(folder.iterdir()):
            yield _document(found.source, path)


def _document(source: Source, path: Path | UPath) -> object:
    """The stored file's document; None where it cannot be read, or is no file."""
    try:
        return source.decoded(path.read_bytes(), path.name)
    except UnreadableFile:
        return None
    except OSError as error:
        cannot_open(error, path.name)
        return None
