"""Files at hand into the landing zone: what each is, is found by what takes it; then put in place.

A file goes where the one source that takes it has its place, under the season, date or game that it
speaks of. What nothing takes, what several take alike, and what has less than the stored file is
refused, by name and with why.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from upath import UPath

from nba_pipeline.engine.landing import Landing
from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.fetching import files
from nba_pipeline.fetching.bucket import StoredMeanwhile, generation
from nba_pipeline.fetching.recognise import Recognised, Refused, recognised, unpacked
from nba_pipeline.kernel.source import Parsed, Source, UnknownShape, UnreadableFile


@dataclass(frozen=True)
class Placed:
    """A file that was taken: whose it is, and its place in the landing zone."""

    file: str
    source: str
    path: str
    rows: int
    rejected: int


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
    day: date | None = None,
    is_dry: bool = False,
    say: Callable[[str], None] = lambda _line: None,
) -> Ingested:
    """Puts the files into the landing zone.

    Args:
        paths: files, and folders of them.
        landing: the landing zone.
        sources: those that may take a file.
        day: the date of files that say none themselves.
        is_dry: whether nothing is written.
        say: is told what became of each file.
    """
    done = Ingested()
    waiting = list(_files(paths))
    # A schedule among the files says the dates of other ones, so those are tried again after it.
    for is_last in (False, True):
        later = []
        for path in waiting:
            try:
                found = recognised(path, sources, landing, day)
                state = _put(found, landing, is_dry=is_dry)
            except Refused as error:
                if error.may_pass and not is_last:
                    later.append(path)
                    continue
                done.refused.append((str(path), str(error)))
                continue
            counts = len(found.parsed.rows), len(found.parsed.rejected)
            placed = Placed(str(path), found.source.name, found.file.path, *counts)
            getattr(done, state).append(placed)
            say(f"{path}: {state}, {found.source.name}: {found.file.path}")
        waiting = later
    return done


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    """The files, and those in the folders, in order; hidden ones are left out."""
    for path in paths:
        if path.is_dir():
            yield from (
                each
                for each in sorted(path.rglob("*"))
                if each.is_file()
                and not any(part.startswith(".") for part in each.relative_to(path).parts)
            )
        else:
            yield path


def _put(found: Recognised, landing: Landing, *, is_dry: bool) -> str:
    """Puts one file in place: new, changed or unchanged.

    Raises:
        Refused: the stored file has what this one lacks, or has its name with another ending.
    """
    root, path = landing.root, found.file.path
    if any(document == found.document for document in _beside(found, root)):
        return "unchanged"
    stem, own = path.rsplit(".", 1)
    other = [files.stored(root, f"{stem}.{end}") for end in found.source.formats if end != own]
    if taken := next((name for name in other if name), None):
        raise Refused(f"{taken} is there already, and one of the two would have to go")
    there = files.stored(root, path)
    looked_at = generation(root, there)
    before = _stored(found, root, there)
    if before is not None and before[0] == found.document:
        return "unchanged"
    if found.source.layout != "file":
        _refuse_worse(found.parsed, _said_before(found, landing, before), there or path)
    if not is_dry:
        try:
            files.place(root, there or files.new_path(path), found.content, looked_at)
        except StoredMeanwhile as error:
            raise Refused(str(error)) from error
    return "new" if there is None else "changed"


def _beside(found: Recognised, root: UPath) -> Iterable[object]:
    """The documents of the date's other files, where names in it are free."""
    day = found.file.game_date
    folder = root / found.source.place / str(day)
    if found.source.layout == "dates" and folder.is_dir():
        for path in sorted(folder.iterdir()):
            try:
                yield found.source.decoded(path.read_bytes(), path.name)
            except UnreadableFile:
                continue


def _stored(found: Recognised, root: UPath, there: str | None) -> tuple[object, Parsed] | None:
    """The stored file's document, and what its source takes of it; None where nothing can be."""
    if there is None:
        return None
    try:
        return files.parsed(found.source, found.file, unpacked((root / there).read_bytes()))
    except (Refused, UnreadableFile, UnknownShape):
        return None


def _said_before(
    found: Recognised, landing: Landing, before: tuple[object, Parsed] | None
) -> Parsed | None:
    """What the landing zone says of what the file would replace; None where that is nothing.

    A date's file replaces the date of its season's file too.
    """
    day = found.file.game_date
    if before is None and found.source.layout == "seasons" and day:
        try:
            told = landing.load(found.source, [day])
        except NbaPipelineError:
            return None
        return Parsed(
            told.rows[told.rows.game_date == day], told.rejected[told.rejected.game_date == day]
        )
    return before[1] if before else None


def _refuse_worse(now: Parsed, before: Parsed | None, path: str) -> None:
    """Raises Refused where less can be taken of the file than of what it would replace."""
    if before is None:
        return
    unit = "game_id" if "game_id" in before.rows else "game_date"
    if lost := sorted(set(before.rows[unit].astype(str)) - set(now.rows[unit].astype(str))):
        more = f" and {len(lost) - 3} more" if lost[3:] else ""
        raise Refused(f"{path} is kept: it has {', '.join(lost[:3])}{more}, which this file lacks")
    if len(now.rows) < len(before.rows) and len(now.rejected) > len(before.rejected):
        raise Refused(
            f"{path} is kept: {len(before.rows)} rows can be taken of it and of this file "
            f"{len(now.rows)}, with {len(now.rejected)} rejections: {now.rejected.detail.iloc[0]}"
        )
