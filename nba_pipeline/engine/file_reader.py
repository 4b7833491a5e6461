"""One file of the landing zone: its bytes, by what they are known, and what they say once parsed."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd
from upath import UPath

from nba_pipeline.engine import file_dates
from nba_pipeline.engine.file_dates import facts_of, filed, with_copies
from nba_pipeline.engine.landing_files import Found, Trouble, cannot_open, unpacked
from nba_pipeline.engine.meaning import parsed_with
from nba_pipeline.engine.parsed_files import Key, Made
from nba_pipeline.kernel.source import (
    Parsed,
    Source,
    SourceFile,
    UnknownShape,
    UnreadableFile,
    rejected_frame,
    rejection,
)
from nba_pipeline.league import calendar


class FileReader:
    """Reads a landing zone's files, each content's fingerprint once.

    Args:
        root: its folder.
    """

    def __init__(self, root: UPath | Path) -> None:
        self._root = root
        self._fingerprints: dict[tuple[str, int, str, bool], str] = {}

    def copy(self, source: Source, found: Found) -> tuple[Key, Callable[[], Made]]:
        """The key of the file's parsed copy, and how to make it.

        What is made has the key of what was read, which may be another than what was looked at.
        """
        file, trouble, said = found.file, found.trouble, ""
        # What a file says is filed by its season's days, which a setting may move.
        spans = calendar.season(file.season) if file.season else calendar.seasons()
        place = f"{source.name}/{_place(file.path, spans, file.game_date)}"

        def key(said: str, trouble: Trouble | None) -> Key:
            if trouble:
                said = short(str(trouble))
            elif found.copies:
                said = short(f"{said} {found.copies}")
            return place, f"{made_with(source)}-{said}"

        try:
            said = "" if trouble else self.fingerprint(file.path)
        except OSError as error:
            trouble = cannot_open(error, file.path)

        def make() -> Made:
            content, why = (b"", trouble) if trouble else self._content(file)
            parsed = filed(_read(source, found, content, why), file)
            return key(_digest(content), why), parsed, facts_of(source, parsed, file)

        return key(said, trouble), make

    def _content(self, file: SourceFile) -> tuple[bytes, Trouble | None]:
        """The file's bytes, or why it has none."""
        try:
            return (self._root / file.path).read_bytes(), None
        except OSError as error:
            return b"", cannot_open(error, file.path)

    def size(self, name: str) -> int:
        """Bytes of the file as it is stored; 0 where it has gone."""
        with suppress(OSError):
            return int((self._root / name).stat().st_size)
        return 0

    def read_once(self, found: Found) -> Found:
        """The file without its trouble where all its copies say the same."""
        paths = (found.file.path, *found.copies)
        try:
            said = {self.fingerprint(path, is_unpacked=True) for path in paths}
        except OSError as error:
            return replace(found, trouble=cannot_open(error, *paths), copies=())
        return found if len(said) > 1 else replace(found, trouble=None)

    def fingerprint(self, name: str, *, is_unpacked: bool = False) -> str:
        """A fingerprint of the bytes, as they are stored or with gzip taken off."""
        path = self._root / name
        status = path.stat()
        # Copying may keep the time of modification, and nothing keeps that of the change.
        stamp = f"{status.st_mtime} {status.st_ctime}"
        if not isinstance(path, Path):
            # In a bucket every content has a generation of its own.
            stamp = str(path.fs.info(path.path).get("generation") or stamp)
        key = (name, int(status.st_size), stamp, is_unpacked)
        if key not in self._fingerprints:
            content = path.read_bytes()
            if is_unpacked and name.endswith(".gz"):
                content = unpacked(content)
            self._fingerprints[key] = _digest(content)
        return self._fingerprints[key]


def _read(source: Source, found: Found, content: bytes, trouble: Trouble | None) -> Parsed:
    """The file parsed; where it cannot be, no rows and one rejection."""
    if trouble is None:
        try:
            document = source.decoded(content, found.file.path)
            return with_copies(source.parse(document, found.file), found.file, found.copies)
        except UnreadableFile as error:
            trouble = ("unreadable_file", str(error))
        except UnknownShape as error:
            trouble = ("unknown_shape", str(error))
    return Parsed(no_rows(source.parse), rejected_frame([rejection(found.file, *trouble)]))


@cache
def no_rows(parse: Callable[..., Parsed]) -> pd.DataFrame:
    """A source's rows where there are none."""
    return parse(None, SourceFile("", "")).rows


@cache
def made_with(source: Source) -> str:
    """All but the content that decides what is taken of a file of the source."""
    return short(f"{source.version} {file_dates.VERSION} {parsed_with(source)}")


@cache
def _place(path: str, spans: object, day: date | None) -> str:
    """The name of a file's place among the parsed copies."""
    return short(f"{path} {spans} {day}")


def short(text: str) -> str:
    """A fingerprint of the text."""
    return _digest(text.encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
