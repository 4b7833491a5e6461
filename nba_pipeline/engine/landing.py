"""The landing zone: files as the sources gave them, found, read and parsed once.

Knows where files lie (a season file, and single-date files that replace its dates), not what is
in them.
"""

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Sequence
from datetime import date

import pandas as pd
from upath import UPath

from nba_pipeline.kernel.source import (
    AmbiguousFile,
    MissingFile,
    Parsed,
    Source,
    SourceFile,
    UnknownShape,
    UnreadableFile,
    rejected_frame,
    rejection,
)
from nba_pipeline.league.calendar import season_of, seasons_of


class Landing:
    """A folder or gs://bucket/prefix of source files; parses each file once per process."""

    def __init__(self, root: str) -> None:
        self.root = UPath(root)
        self._fingerprints: dict[tuple[str, int, float], str] = {}
        self._parsed: dict[tuple[str, str], Parsed] = {}

    def files(self, folder: str, seasons: Sequence[str]) -> list[SourceFile]:
        """The folder's files for the seasons: season files first, then single dates.

        Raises:
            AmbiguousFile: both x.json and x.json.gz are there, or a name is no date.
        """
        found: list[SourceFile] = []
        for season in seasons:
            whole = [self.root / folder / f"{season}.json{end}" for end in ("", ".gz")]
            there = [path for path in whole if path.exists()]
            if there[1:]:
                raise AmbiguousFile(f"both {there[0]} and {there[1]} are there; keep one")
            found += [SourceFile(self._relative(path), season) for path in there]
            found += self._dates(folder, season)
        return found

    def _dates(self, folder: str, season: str) -> list[SourceFile]:
        days: dict[date, SourceFile] = {}
        place = self.root / folder / season
        for path in sorted(place.iterdir(), key=str) if place.is_dir() else []:
            match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})\.json(\.gz)?", path.name)
            if not match:
                raise AmbiguousFile(f"{path} is neither <date>.json nor <date>.json.gz")
            day = date.fromisoformat(match[1])
            if day in days:
                raise AmbiguousFile(f"both {days[day].path} and {path} are there; keep one")
            days[day] = SourceFile(self._relative(path), season, day)
        return list(days.values())

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

    def read_json(self, file: SourceFile) -> object:
        """The file's document.

        Raises:
            UnreadableFile: truncated or no gzip, or no JSON; names the file and the place.
        """
        content = (self.root / file.path).read_bytes()
        try:
            if file.path.endswith(".gz"):
                content = gzip.decompress(content)
            return json.loads(content)
        except (EOFError, OSError, zlib.error) as error:
            raise UnreadableFile(f"{file.path}: not a whole gzip file ({error})") from error
        except ValueError as error:
            raise UnreadableFile(f"{file.path}: not JSON ({error})") from error

    def contents(self, source: Source, days: Sequence[date]) -> dict[date, str]:
        """Per day, the fingerprint of the file that the day is read from."""
        files = self.files(source.folder, seasons_of(days))
        by_date = {file.game_date: file for file in files if file.game_date}
        by_season = {file.season: file for file in files if not file.game_date}
        prints = {file: self.fingerprint(file) for file in files}
        found = {}
        for day in days:
            file = by_date.get(day) or by_season.get(season_of(day).name)
            found[day] = prints[file] if file else "no file"
        return found

    def load(self, source: Source, seasons: Sequence[str]) -> Parsed:
        """Everything the source's files say of the seasons.

        A single-date file stands for its date whatever the season file says of it, also when it
        is empty or unreadable.

        Raises:
            MissingFile, UnreadableFile, UnknownShape: for a required source only; of any other
                the file is one line of rejected input.
        """
        rows: list[pd.DataFrame] = []
        rejected: list[pd.DataFrame] = []
        for season in seasons:
            files = self.files(source.folder, [season])
            if source.is_required and not files:
                raise MissingFile(
                    f"no file of {source.name} covers season {season}: expected "
                    f"{source.folder}/{season}.json or .json.gz under {self.root}"
                )
            replaced = {file.game_date for file in files if file.game_date}
            for file in files:
                parsed = self._parse(source, file)
                if file.game_date is None and replaced:
                    parsed = Parsed(
                        parsed.rows[~parsed.rows.game_date.isin(replaced)],
                        parsed.rejected[~parsed.rejected.game_date.isin(replaced)],
                    )
                rows.append(parsed.rows)
                rejected.append(parsed.rejected)
        if not rows:
            return Parsed(source.parse(None, SourceFile("", "")).rows, rejected_frame([]))
        return Parsed(pd.concat(rows, ignore_index=True), pd.concat(rejected, ignore_index=True))

    def _parse(self, source: Source, file: SourceFile) -> Parsed:
        key = (file.path, self.fingerprint(file))
        if key not in self._parsed:
            try:
                self._parsed[key] = source.parse(self.read_json(file), file)
            except (UnreadableFile, UnknownShape) as error:
                if source.is_required:
                    raise
                rule = "unreadable_file" if isinstance(error, UnreadableFile) else "unknown_shape"
                nothing = source.parse(None, file).rows
                self._parsed[key] = Parsed(
                    nothing, rejected_frame([rejection(file, rule, str(error))])
                )
        return self._parsed[key]
