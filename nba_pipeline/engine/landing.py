"""The landing zone: files as the sources gave them, found, read, and parsed once per content.

Knows where files lie (a season file, and single-date files that replace its dates) and under which
date what they say is filed, not what is in them. A file that cannot be taken never raises here: it
is one line of rejected input, and refuses the dates of a required source.
"""

import csv
import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
from upath import UPath

from nba_pipeline.engine.filing import UNDATED, facts_of, filed, without_dates
from nba_pipeline.engine.parsed_files import Facts, ParsedFiles
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

_NAMED_AFTER_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})\.json(\.gz)?")
_NAMED_AFTER_SEASON = re.compile(r"(\d{4}-\d{2})\.json(\.gz)?")


@dataclass(frozen=True)
class _File:
    """A file that is there, or should be, and what keeps it from being read: (rule, sentence)."""

    file: SourceFile
    trouble: tuple[str, str] | None = None


class Landing:
    """A folder or gs://bucket/prefix of source files.

    Args:
        root: the folder.
        cache: where parsed copies are kept for other processes; it may be deleted at any time.
    """

    def __init__(self, root: str, cache: Path | None = None) -> None:
        self.root = UPath(root)
        self._parsed = ParsedFiles(cache)
        self._fingerprints: dict[tuple[str, int, float], str] = {}

    # --- what sources say

    def load(self, source: Source, seasons: Sequence[str]) -> Parsed:
        """Everything the source's files say of the seasons, and what could not be taken of them.

        A single-date file stands for its date whatever the season file says of it, also when it is
        empty or unreadable. Rejected input is under its own date, its file's, or its season's first
        day.

        Raises:
            UnknownSeason: a required source has a file of a coming season that the calendar lacks.
        """
        parts = [self._season(source, season) for season in _asked(source, seasons)]
        if not parts:
            return Parsed(source.parse(None, SourceFile("", "")).rows, rejected_frame([]))
        rejected = pd.concat([part.rejected for part in parts], ignore_index=True)
        return Parsed(
            pd.concat([part.rows for part in parts], ignore_index=True),
            rejected.drop(columns=UNDATED),
        )

    def contents(self, source: Source, days: Sequence[date]) -> dict[date, str]:
        """Per date, a fingerprint of its parsed rows and rejections, and of the parser's version.

        Where a good row stands in its file makes no difference; of rejected input it does, since
        its place is told.

        Raises:
            UnknownSeason: a required source has a file of a coming season that the calendar lacks.
        """
        dated: dict[date, str] = {}
        filed: dict[date, str] = {}
        for season in _asked(source, calendar.seasons_of(days)):
            facts = self._facts(source, season)
            dated |= facts.dated
            filed |= facts.filed
        return {day: f"{source.version}:{dated.get(day, '')}:{filed.get(day, '')}" for day in days}

    def refusals(self, source: Source, days: Sequence[date]) -> dict[date, str]:
        """The dates whose expectation cannot be read from a required source, each with why."""
        found: dict[date, str] = {}
        for season in calendar.seasons_of(days) if source.is_required else ():
            found |= self._facts(source, season).refusals
        return {day: found[day] for day in days if day in found}

    def _season(self, source: Source, season: str) -> Parsed:
        """Rows and rejections of a season's files, or of the one file for all seasons."""
        self._refuse_unknown_seasons(source)
        files = self._files(source, season)
        replaced = {found.file.game_date for found in files} - {None}
        parts = [self._parsed.frames(*self._copy(source, found)) for found in files]
        parts = [
            part if found.file.game_date else without_dates(part, replaced)
            for found, part in zip(files, parts, strict=True)
        ]
        if not parts:
            nothing = source.parse(None, SourceFile("", season)).rows
            return Parsed(nothing, rejected_frame([]).assign(**{UNDATED: False}))
        rows = pd.concat([part.rows for part in parts], ignore_index=True)
        rejected = pd.concat([part.rejected for part in parts], ignore_index=True)
        if source.settle and parts[1:]:
            rows = source.settle(rows)
        return Parsed(rows, rejected)

    def _facts(self, source: Source, season: str) -> Facts:
        """The facts of a season's files together."""
        self._refuse_unknown_seasons(source)
        files = self._files(source, season)
        replaced = {found.file.game_date for found in files} - {None}
        dated: dict[date, str] = {}
        filed: dict[date, str] = {}
        refusals: dict[date, str] = {}
        for found in files:
            facts = self._parsed.facts(*self._copy(source, found))
            gone = () if found.file.game_date else replaced
            dated |= {day: text for day, text in facts.dated.items() if day not in gone}
            # Several files may have what names no date, and all of it is under one.
            filed |= {day: filed.get(day, "") + text for day, text in facts.filed.items()}
            refusals |= {day: text for day, text in facts.refusals.items() if day not in gone}
        if source.settle and files[1:]:
            whole = SourceFile(source.place, season)
            dated = dict(facts_of(source, self._season(source, season), whole).dated)
        return Facts(dated, filed, refusals)

    def _copy(
        self, source: Source, found: _File
    ) -> tuple[tuple[str, str], Callable[[], tuple[Parsed, Facts]]]:
        """The key of the file's parsed copy, and how to make it."""
        file = found.file
        # What a file says is filed by its season's days, which a setting may move.
        spans = calendar.season(file.season) if file.season else calendar.seasons()
        place = hashlib.sha256(f"{file.path} {spans}".encode()).hexdigest()[:16]
        content = self.fingerprint(file) if found.trouble is None else _short(str(found.trouble))

        def make() -> tuple[Parsed, Facts]:
            parsed = filed(self._read(source, found), file)
            return parsed, facts_of(source, parsed, file)

        return (f"{source.name}/{place}", f"{source.version}-{content}"), make

    def _read(self, source: Source, found: _File) -> Parsed:
        """The file parsed; where it cannot be, no rows and one rejection."""
        trouble = found.trouble
        if trouble is None:
            try:
                return source.parse(self._document(source, found.file), found.file)
            except UnreadableFile as error:
                trouble = ("unreadable_file", str(error))
            except UnknownShape as error:
                trouble = ("unknown_shape", str(error))
        nothing = source.parse(None, found.file).rows
        return Parsed(nothing, rejected_frame([rejection(found.file, *trouble)]))

    # --- files

    def _files(self, source: Source, season: str) -> list[_File]:
        """The source's files of a season: the season's own, then those of single dates in order."""
        folder = self.root / source.place
        if source.layout == "file":
            return [_File(SourceFile(source.place, ""))] if folder.exists() else []
        whole = [folder / f"{season}.json{end}" for end in ("", ".gz")]
        there = [self._relative(path) for path in whole if path.exists()]
        found = [_File(SourceFile(there[0], season), _twice(there))] if there else []
        found += self._dates(source, season)
        if source.is_required and not there:
            # What files of single dates do not speak of is unknown, and no day without a game.
            path = f"{source.place}/{season}.json"
            told = f"no file of {source.name} covers {season}: expected {path} or {path}.gz"
            return [_File(SourceFile(path, season), ("missing_file", told)), *found]
        return found

    def _dates(self, source: Source, season: str) -> Iterator[_File]:
        """The files of the season's folder, each one date's."""
        span = calendar.season(season)
        place = self.root / source.place / season
        paths = sorted(self._relative(path) for path in place.iterdir()) if place.is_dir() else []
        of_date: dict[date, list[str]] = {}
        for path in paths:
            match = _NAMED_AFTER_DATE.fullmatch(path.rsplit("/", 1)[-1])
            day = _date_of(match[1]) if match else None
            if day is None:
                told = f"{path} is neither <date>.json nor <date>.json.gz"
                yield _File(SourceFile(path, season), ("unknown_name", told))
            elif not span.first <= day <= span.last:
                told = f"{path} is in the folder of {season}, which is {span.first} to {span.last}"
                yield _File(SourceFile(path, season), ("other_season", told))
            else:
                of_date.setdefault(day, []).append(path)
        for day, names in of_date.items():
            yield _File(SourceFile(names[0], season, day), _twice(names))

    def _refuse_unknown_seasons(self, source: Source) -> None:
        """Raises UnknownSeason where the source has a file of a season after the last one."""
        place = self.root / source.place
        for path in place.iterdir() if source.is_required and place.is_dir() else ():
            match = _NAMED_AFTER_SEASON.fullmatch(path.name)
            if match and match[1] > calendar.seasons()[-1].name:
                calendar.season(match[1])

    def _relative(self, path: UPath) -> str:
        return str(path)[len(str(self.root)) :].lstrip("/")

    def fingerprint(self, file: SourceFile) -> str:
        """A fingerprint of the file's stored bytes."""
        path = self.root / file.path
        status = path.stat()
        key = (file.path, int(status.st_size), float(status.st_mtime))
        if key not in self._fingerprints:
            self._fingerprints[key] = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        return self._fingerprints[key]

    def _document(self, source: Source, file: SourceFile) -> object:
        """The file's JSON document, or its CSV lines.

        Raises:
            UnreadableFile: truncated or no gzip, no JSON, or no text; names file and place.
        """
        content = (self.root / file.path).read_bytes()
        try:
            if file.path.endswith(".gz"):
                content = gzip.decompress(content)
            if source.kind == "csv":
                return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
            return json.loads(content)
        except (EOFError, OSError, zlib.error) as error:
            raise UnreadableFile(f"{file.path}: not a whole gzip file ({error})") from error
        except (ValueError, csv.Error) as error:
            kind = source.kind.upper()
            raise UnreadableFile(f"{file.path}: not {kind} ({error})") from error


def _asked(source: Source, seasons: Sequence[str]) -> Sequence[str]:
    """What the source's files are asked by: the seasons, or one file for all of them."""
    return seasons if source.layout == "seasons" else [""]


def _twice(paths: Sequence[str]) -> tuple[str, str] | None:
    """The trouble with two files for the same thing."""
    if not paths[1:]:
        return None
    return "ambiguous_file", f"both {paths[0]} and {paths[1]} are there; keep one"


def _date_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
