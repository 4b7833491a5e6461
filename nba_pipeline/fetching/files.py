"""Files of the landing zone as they are checked and put in place: whole, or not at all."""

import gzip
import json
from datetime import date
from uuid import uuid4

from upath import UPath

from nba_pipeline.engine.file_dates import filed
from nba_pipeline.fetching.bucket import StoredMeanwhile, is_bucket, put
from nba_pipeline.kernel.formats import RAGGED
from nba_pipeline.kernel.source import Parsed, Source, SourceFile, UnreadableFile
from nba_pipeline.league import calendar


def stored(root: UPath, path: str) -> str | None:
    """The path under which the file lies, as it is or gzipped; None where there is none."""
    plain = path.removesuffix(".gz")
    return next((p for p in (plain, f"{plain}.gz") if (root / p).is_file()), None)


def parsed(source: Source, file: SourceFile, content: bytes) -> tuple[object, Parsed]:
    """The document, and what the source's own parser takes of it for that place.

    Raises:
        UnreadableFile, UnknownShape: it is no such file.
    """
    document = source.decoded(content, file.path)
    return document, filed_rows(source, file, document)


def filed_rows(source: Source, file: SourceFile, document: object) -> Parsed:
    """What the source's parser takes of the document, under the dates of that place.

    Raises:
        UnknownShape: it is no such document.
    """
    return filed(source.parse(document, file), file)


def refuse_cut(parsed: Parsed) -> None:
    """Raises UnreadableFile where a line of the file is not whole, so that others may be lost."""
    cut = parsed.rejected[parsed.rejected.rule == RAGGED]
    if len(cut):
        more = f", and {len(cut) - 1} lines more" if len(cut) > 1 else ""
        raise UnreadableFile(f"not a whole file: {cut.detail.iloc[0]}{more}")


def is_same(one: object, other: object) -> bool:
    """Whether two documents say the same: 0 is not false, though they are equal to Python."""
    return one == other and _plain(one) == _plain(other)


def _plain(document: object) -> str:
    return json.dumps(document, sort_keys=True) if isinstance(document, dict | list) else ""


def refuse_astray(source: Source, file: SourceFile, parsed: Parsed) -> None:
    """Raises UnreadableFile where a file of a date or season has rows of another one.

    What a season's file says of days between seasons is rejected by itself: it is of no other file.
    """
    if source.layout not in ("dates", "seasons"):
        return
    unit, own = ("date", file.game_date) if file.game_date else ("season", file.season)
    astray = parsed.rejected[parsed.rejected.rule == f"other_{unit}"]
    if unit == "season":
        astray = astray[astray.value.map(_is_in_season).astype(bool)]
    if len(astray):
        raise UnreadableFile(
            f"for {source.name} it is of {own}, and {len(astray)} of its rows are of "
            f"other {unit}s: {astray.detail.iloc[0]}; split it by {unit}"
        )


def _is_in_season(day: str) -> bool:
    return calendar.season_told(date.fromisoformat(day), 0) is not None


def new_path(path: str) -> str:
    """Where a file goes that is not there yet: texts are gzipped, what is packed already is not."""
    return path if path.endswith((".gz", ".pdf")) else f"{path}.gz"


def place(root: UPath, path: str, content: bytes, over: int = 0) -> None:
    """Puts the content, as the source gave it, at the path; gzipped where the name says so.

    Whoever reads meanwhile sees the old file or the new one. A name that begins with a dot is no
    file of the landing zone, so that what a stopped process leaves behind is never read.

    Args:
        root: the landing zone.
        path: where in it.
        content: unpacked.
        over: in a bucket, the generation that was looked at; see bucket.generation.

    Raises:
        StoredMeanwhile: the file lies there packed and unpacked, or in a bucket, another one does.
    """
    twin = path.removesuffix(".gz") if path.endswith(".gz") else f"{path}.gz"
    if (root / twin).is_file():
        raise StoredMeanwhile(
            f"both {path} and {twin} are there, and one file cannot replace both: keep one"
        )
    # No time in it: equal contents are equal files.
    written = gzip.compress(content, mtime=0) if path.endswith(".gz") else content
    if is_bucket(root):
        put(root, path, written, over)
        return
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.parent / f".{target.name}.{uuid4().hex}"
    try:
        unfinished.write_bytes(written)
        if target.protocol in ("", "file"):
            unfinished.replace(target)
        else:
            # A bucket has no rename: a copy appears whole, and then the first one goes.
            target.fs.mv(unfinished.path, target.path)
    finally:
        unfinished.unlink(missing_ok=True)
