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
from nba_pipeline.league.identity import is_exhibition

_NAMED_AFTER_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})\.json(\.gz)?")
_NAMED_AFTER_SEASON = re.compile(r"(\d{4}-\d{2})\.json(\.gz)?")
_NOT_CONTENT = ["source_file", "row_number", "game_date", "season"]
"""Columns in which equal rows of a date may differ."""
_UNDATED = "is_undated"
"""Of rejected input: whether it says no date that could be its own."""


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
            rejected.drop(columns=_UNDATED),
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
            part if found.file.game_date else _without(part, replaced)
            for found, part in zip(files, parts, strict=True)
        ]
        if not parts:
            nothing = source.parse(None, SourceFile("", season)).rows
            return Parsed(nothing, rejected_frame([]).assign(**{_UNDATED: False}))
        rows = pd.concat([part.rows for part in parts], ignore_index=True)
        rejected = pd.concat([part.rejected for part in parts], ignore_index=True)
        if source.settle and parts[1:]:
            rows = source.settle(rows)
        return Parsed(rows, rejected)

    def _facts(self, source: Source, season: str) -> Facts:
        """The facts of a season's files together."""
        self._refuse_unknown_seasons(source)
        files = self._files(source, season)
        if source.settle and files[1:]:
            return _facts(source, self._season(source, season), SourceFile(source.place, season))
        replaced = {found.file.game_date for found in files} - {None}
        dated: dict[date, str] = {}
        filed: dict[date, str] = {}
        refusals: dict[date, str] = {}
        for found in files:
            facts = self._parsed.facts(*self._copy(source, found))
            gone = () if found.file.game_date else replaced
            dated |= {day: text for day, text in facts.dated.items() if day not in gone}
            filed |= facts.filed
            refusals |= {day: text for day, text in facts.refusals.items() if day not in gone}
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
            parsed = _filed(self._read(source, found), file)
            return parsed, _facts(source, parsed, file)

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
        if source.is_required and not found:
            path = f"{source.place}/{season}.json"
            told = f"no file of {source.name} covers {season}: expected {path} or {path}.gz"
            return [_File(SourceFile(path, season), ("missing_file", told))]
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


# --- under which date a file's words are


def _filed(parsed: Parsed, file: SourceFile) -> Parsed:
    """The rows that belong to the file; the others rejected; every rejection under a date."""
    rows, rejected = parsed.rows, parsed.rejected
    within = _within(rows.game_date, file)
    strays = rows[~within]
    if file.season and not file.game_date and "game_id" in strays:
        # Exhibitions are kept out of every expectation, and most are before the season.
        strays = strays[~is_exhibition(strays.game_id)]
    if len(strays):
        rejected = pd.concat([rejected, _strays(strays, file)], ignore_index=True)
    is_undated = ~_within(rejected.game_date, file)
    if file.game_date:
        rejected = rejected.assign(game_date=file.game_date, **{_UNDATED: False})
        return Parsed(rows[within], rejected)
    named = [calendar.season(file.season)] if file.season else calendar.seasons()
    under = [
        rejected[~is_undated].assign(**{_UNDATED: False}),
        *(
            rejected[is_undated].assign(game_date=span.first, season=span.name, **{_UNDATED: True})
            for span in named
        ),
    ]
    return Parsed(rows[within], pd.concat([part for part in under if len(part)] or under[:1]))


def _within(days: pd.Series, file: SourceFile) -> pd.Series:
    """Whether each date is the file's, of its season, or of any season for a file of all."""
    spans = [calendar.season(file.season)] if file.season else calendar.seasons()

    def belongs(day: object) -> bool:
        if not isinstance(day, date):
            return False
        if file.game_date:
            return day == file.game_date
        return any(span.first <= day <= span.last for span in spans)

    return days.map({day: belongs(day) for day in days.unique()}).astype(bool)


def _strays(rows: pd.DataFrame, file: SourceFile) -> pd.DataFrame:
    """Rows that are dated outside their file, as rejections that say no date of their own."""
    what = f"date {file.game_date}" if file.game_date else f"season {file.season or 'any'}"
    lines = [
        rejection(
            file,
            "other_date" if file.game_date else "other_season",
            f"{file.path} row {row['row_number']} ({row.get('game_id')}): dated "
            f"{row['game_date']}, but the file is of {what}",
            row_number=row["row_number"],
            game_id=row.get("game_id"),
            team_abbr=row.get("team_abbr"),
            field="game_date",
            value=str(row["game_date"]),
            game_date=None,
        )
        for row in rows.to_dict("records")
    ]
    return rejected_frame(lines)


def _without(parsed: Parsed, replaced: set[date | None]) -> Parsed:
    """A season file without the dates that have a file of their own."""
    if not replaced:
        return parsed
    of_others = parsed.rejected.game_date.isin(replaced) & ~parsed.rejected[_UNDATED]
    return Parsed(parsed.rows[~parsed.rows.game_date.isin(replaced)], parsed.rejected[~of_others])


def _facts(source: Source, parsed: Parsed, file: SourceFile) -> Facts:
    """Fingerprints per date, and the dates of a required source that cannot be expected."""
    rejected = parsed.rejected
    own = rejected[~rejected[_UNDATED]]
    rows, said = _sums(parsed.rows, _NOT_CONTENT), _sums(own, ["game_date"])
    dated = {day: f"{rows.get(day, '')}/{said.get(day, '')}" for day in {*rows, *said}}
    refusals: dict[date, str] = {}
    if source.is_required:
        covered = own[~is_exhibition(own.game_id)].drop_duplicates("game_date")
        refusals = dict(zip(covered.game_date, covered.rule + ": " + covered.detail, strict=True))
        for line in rejected[rejected.row_number.isna()].to_dict("records"):
            days = [file.game_date] if file.game_date else calendar.season(file.season).days()
            refusals |= dict.fromkeys(days, f"{line['rule']}: {line['detail']}")
    return Facts(dated, _sums(rejected[rejected[_UNDATED]], ["game_date"]), refusals)


def _sums(frame: pd.DataFrame, ignored: Sequence[str]) -> dict[date, str]:
    """Per date, a sum over its rows' hashes that does not depend on their order."""
    if frame.empty:
        return {}
    compared = frame.drop(columns=list(ignored), errors="ignore")
    hashes = pd.util.hash_pandas_object(compared, index=False)
    found = hashes.groupby(frame.game_date.to_numpy()).agg(["sum", "count"])
    return {day: f"{int(total):x}-{count}" for day, total, count in found.itertuples(name=None)}
