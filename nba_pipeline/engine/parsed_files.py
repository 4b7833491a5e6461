"""Parsed copies of landing files, kept on disk so that no process parses a file a second time.

A copy is a folder named after what made it: source, file, content, and what parses it.
What is made of many files together, as the names that they tell, is kept like one. Folders appear
whole by a rename and may be deleted at any time. Who cannot write there parses for himself.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.kernel.source import Parsed

_FACTS = "facts.json"
_FRAMES = ("rows", "rejected")
_PARTS = ("dated", "placed", "filed", "refusals", "unread")
Copy = TypeVar("Copy")
Key = tuple[str, str]
"""A folder of a file's copies, and the name of one copy."""
# No copy, or one that a stopped machine or a full disk has left in part.
_UNUSABLE = (OSError, ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True)
class Facts:
    """What is known of a parsed file without its rows.

    dated gives per date a fingerprint of the rows and rejections that say that date, placed one of
    the rows' files and places in them, filed one of those rejections that say none and are filed
    under it, refusals why a date's expectation cannot be read, unread the date of a date's file that
    cannot be read at all, and why. Of a season's files together, has_files says whether there is any.
    """

    dated: Mapping[date, str] = field(default_factory=dict)
    placed: Mapping[date, str] = field(default_factory=dict)
    filed: Mapping[date, str] = field(default_factory=dict)
    refusals: Mapping[date, str] = field(default_factory=dict)
    unread: Mapping[date, str] = field(default_factory=dict)
    has_files: bool = field(default=True, kw_only=True)

    def days(self) -> set[date]:
        """The dates under which the file's rows and rejections are."""
        return {*self.dated, *self.filed}

    def as_json(self) -> str:
        """The facts as a JSON text."""
        return json.dumps(
            {
                name: {day.isoformat(): text for day, text in getattr(self, name).items()}
                for name in _PARTS
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Facts":
        """The facts that as_json gave."""
        texts = json.loads(text)
        parts = (
            {date.fromisoformat(day): told for day, told in texts[name].items()} for name in _PARTS
        )
        return cls(*parts)


Made = tuple[Key, Parsed, Facts]
"""A copy, and the key of what it was made from."""


class FileChanged(NbaPipelineError):
    """A file has other contents now than when it was looked at."""


class ParsedFiles:
    """Facts and frames of parsed files, by key: in memory, and under a folder where one is given.

    A file's new copy replaces the old.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._facts: dict[str, tuple[str, Facts]] = {}
        self._frames: dict[str, tuple[str, Parsed]] = {}
        self._frames_of: dict[str, tuple[str, tuple[frozenset[date], Parsed]]] = {}

    def has(self, key: Key) -> bool:
        """Whether there is a copy, in memory or on disk."""
        if _known(self._facts, key) is not None:
            return True
        with suppress(OSError):
            return (self._place(key) / _FACTS).exists()
        return False

    def facts(self, key: Key, make: Callable[[], Made]) -> Facts:
        """The copy's facts, made where there is no whole copy."""
        facts = _known(self._facts, key)
        if facts is None:
            try:
                facts = Facts.from_json((self._place(key) / _FACTS).read_text())
            except _UNUSABLE:
                return self._keep(*make())[1]
            _put(self._facts, key, facts)
        return facts

    def frames(self, key: Key, make: Callable[[], Made]) -> Parsed:
        """The copy's rows and rejections, made where there is no whole copy.

        Raises:
            FileChanged: what they would be made of is no longer what the key names.
        """
        parsed = _known(self._frames, key)
        if parsed is None:
            try:
                parsed = Parsed(*(table.to_pandas() for table in self._tables(key)))
            except _UNUSABLE:
                made_of, parsed, facts = make()
                self._keep(made_of, parsed, facts)
                if made_of != key:
                    raise FileChanged(str(key)) from None
            _put(self._frames, key, parsed)
        return parsed

    def frames_of(self, key: Key, make: Callable[[], Made], days: frozenset[date]) -> Parsed:
        """Those of the copy's rows and rejections that are of the days; no frame is made of others.

        Raises:
            FileChanged: as of frames.
        """
        asked, parsed = _known(self._frames_of, key) or (None, None)
        if parsed is None or asked != days:
            parsed = self._of_days(key, make, days)
            _put(self._frames_of, key, (days, parsed))
        return parsed

    def _of_days(self, key: Key, make: Callable[[], Made], days: frozenset[date]) -> Parsed:
        if _known(self._frames, key) is None:
            with suppress(*_UNUSABLE):
                parts = (table.filter(_is_of(table, days)) for table in self._tables(key))
                return Parsed(*(part.to_pandas() for part in parts))
        whole = self.frames(key, make)
        parts = (frame[frame.game_date.isin(days)] for frame in (whole.rows, whole.rejected))
        return Parsed(*parts)

    def forget_frames(self) -> None:
        """Lets go of all rows in memory that can be read from a folder again."""
        if self._folder is not None:
            self._frames.clear()
            self._frames_of.clear()

    def _tables(self, key: Key) -> list[pa.Table]:
        """The copy's rows and rejections as they are on disk."""
        place = self._place(key)
        # Not pandas' own reading, which takes twice as long for a small file.
        return [pq.ParquetFile(place / f"{part}.parquet").read() for part in _FRAMES]

    def _place(self, key: Key) -> Path:
        if self._folder is None:
            raise FileNotFoundError
        return self._folder.joinpath(*key)

    def _keep(self, key: Key, parsed: Parsed, facts: Facts) -> tuple[Parsed, Facts]:
        """The two, in memory and on disk."""
        _put(self._frames, key, parsed)
        _put(self._facts, key, facts)
        if self._folder is not None:
            unfinished = self._folder / f".{uuid4().hex}"
            try:
                self._write(unfinished, self._folder.joinpath(*key), parsed, facts)
            except OSError:
                # Another process was first, with the same content; the folder may not be written to,
                # or was deleted meanwhile.
                shutil.rmtree(unfinished, ignore_errors=True)
        return parsed, facts

    @staticmethod
    def _write(unfinished: Path, place: Path, parsed: Parsed, facts: Facts) -> None:
        unfinished.mkdir(parents=True)
        parsed.rows.to_parquet(unfinished / "rows.parquet", index=False)
        parsed.rejected.to_parquet(unfinished / "rejected.parquet", index=False)
        (unfinished / _FACTS).write_text(facts.as_json())
        # Copies of the file's earlier contents serve nobody; a reader of one parses again.
        shutil.rmtree(place.parent, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished.rename(place)


def _is_of(table: pa.Table, days: frozenset[date]) -> pa.ChunkedArray:
    """Whether each row is of the days; a column without a value has no type."""
    dates = table["game_date"].cast(pa.date32())
    return pc.is_in(dates, pa.array(sorted(days), pa.date32()))


def _known(kept: Mapping[str, tuple[str, Copy]], key: Key) -> Copy | None:
    """The copy of that key; None where there is none, or one of other contents of the file."""
    name, copy = kept.get(key[0], (None, None))
    return copy if name == key[1] else None


def _put(kept: dict[str, tuple[str, Copy]], key: Key, copy: Copy) -> None:
    """Keeps the copy in memory, in the place of that of the same file's earlier contents."""
    kept[key[0]] = key[1], copy
