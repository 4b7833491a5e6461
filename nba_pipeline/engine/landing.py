"""The landing zone: what the files that the sources gave say of dates, parsed once per content.

Knows which files stand for which dates (a season file, and single-date files that replace its
dates), not what is in them. A file that cannot be taken never raises here: it is one line of
rejected input, and refuses the dates of a required source.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

import pandas as pd
from upath import UPath

from nba_pipeline.engine.file_dates import UNDATED, facts_of, without_dates
from nba_pipeline.engine.file_reader import FileReader, no_rows, short
from nba_pipeline.engine.landing_files import Found, LandingFiles
from nba_pipeline.engine.parsed_files import Facts, FileChanged, Key, Made, ParsedFiles
from nba_pipeline.google_cloud import require_google_cloud
from nba_pipeline.kernel.source import Parsed, Source, SourceFile, rejected_frame
from nba_pipeline.league import calendar

_BUCKETS = ("gs://", "gcs://")
_LOCAL = ("", "file", "local")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Known:
    """A file, its parsed copy's key with how to make it, and what is known of it without its rows."""

    found: Found
    copy: tuple[Key, Callable[[], Made]]
    facts: Facts


class Landing:
    """A folder or gs://bucket/prefix of source files.

    Args:
        root: the folder.
        cache: where parsed copies are kept for other processes; it may be deleted at any time.

    Raises:
        WrongRequest: it is in a bucket, and the extra gcp or credentials are missing.
    """

    def __init__(self, root: str, cache: Path | None = None) -> None:
        self.root = UPath(root)
        if root.startswith(_BUCKETS):
            # By itself gcsfs would go on without credentials, and ask for minutes.
            require_google_cloud(f"NBA_PIPELINE_LANDING={root}", "it to a folder")
            # What is in a bucket is asked each time: others write there.
            self.root = UPath(root, use_listings_cache=False)
        # Names are joined and asked for by the thousand, which takes pathlib a tenth of the time.
        is_local = self.root.protocol in _LOCAL
        folder = Path(self.root.path) if is_local else self.root
        self._found = LandingFiles(folder, lambda source: partial(self._game_dates, source))
        self.cache = cache
        self._parsed = ParsedFiles(cache)
        self._reader = FileReader(folder)

    # --- what sources say

    def load(self, source: Source, days: Sequence[date]) -> Parsed:
        """What the source's files say of at least the days, and what could not be taken of them.

        A single-date file stands for its date whatever the season file says of it, also when it is
        empty; one that cannot be read stands for nothing, and is named. Rejected input is under its
        own date, its file's, or its season's first day. Rows of other days may be among them.
        """
        parts = [self._season(source, season, days) for season in _asked(source, days)]
        if not parts:
            return Parsed(no_rows(source.parse), rejected_frame([]))
        rejected = pd.concat([part.rejected for part in parts], ignore_index=True)
        return Parsed(
            pd.concat([part.rows for part in parts], ignore_index=True),
            rejected.drop(columns=UNDATED),
        )

    def contents(self, source: Source, days: Sequence[date]) -> dict[date, str]:
        """Per date, a fingerprint of its parsed rows and rejections, and of the parser's version.

        That a season has no file at all is a content of its own. Of rejected input it makes a
        difference where it stands, in which file and row, since its place is told.
        """
        return {day: content for day, (content, _) in self.said(source, days).items()}

    def said(self, source: Source, days: Sequence[date]) -> dict[date, tuple[str, str]]:
        """Per date its content, and the same with where its good rows stand, in which file and row."""
        dated: dict[date, str] = {}
        filed: dict[date, str] = {}
        placed: dict[date, str] = {}
        none = set(days)
        for season in _asked(source, days):
            facts = self._facts(source, season, days)
            dated |= facts.dated
            filed |= facts.filed
            placed |= facts.placed
            if facts.has_files:
                none -= {*(_of_season(season, days) if season else days)}
        found: dict[date, tuple[str, str]] = {}
        for day in days:
            content = f"{source.version}:{dated.get(day, '')}:{filed.get(day, '')}"
            rest = ":no file" if day in none else ""
            found[day] = content + rest, f"{content}:{placed.get(day, '')}{rest}"
        return found

    def days_with_content(self, source: Source, days: Sequence[date]) -> set[date]:
        """Those of the days that the source's files say anything of: rows, or rejected input."""
        found: set[date] = set()
        for season in _asked(source, days):
            facts = self._facts(source, season, days)
            found |= {*facts.dated, *facts.filed}
        return found & set(days)

    def derived(
        self,
        name: str,
        sources: Sequence[Source],
        spans: Sequence[calendar.Season],
        make: Callable[[], pd.DataFrame],
    ) -> pd.DataFrame:
        """What is made of the sources' files of those seasons alone, kept until one of them changes.

        Args:
            name: what it is, with the version of what makes it.
            sources: all that it is made of.
            spans: the seasons, whole.
            make: makes it.
        """

        def key() -> Key:
            copies = [
                self._reader.copy(source, found)[0]
                for source in sources
                for span in spans
                for found in self._files(source, span.name, span.days())
            ]
            return f"{name}/{of}", short(str(copies))

        def made() -> Made:
            before, rows = key(), make()
            while (now := key()) != before:
                # A file has changed while they were read.
                before, rows = now, make()
            return before, Parsed(rows, rejected_frame([])), Facts()

        of = short(f"{[source.name for source in sources]} {spans}")
        return _of_one_moment(lambda: self._parsed.frames(key(), made).rows)

    def forget_rows(self) -> None:
        """Lets go of rows in memory that are on disk: for who asks on for what files say of dates."""
        self._parsed.forget_frames()

    def unparsed(self, source: Source, days: Sequence[date]) -> list[tuple[Found, int]]:
        """The source's files of the days that have no parsed copy yet, each with its size in bytes."""
        found = [
            each
            for season in _asked(source, days)
            for each in self._found.of_season(source, season, min(days), max(days))
            if not each.trouble and not each.copies
        ]
        return [
            (each, self._reader.size(each.file.path))
            for each in found
            if not self._parsed.has(self._reader.copy(source, each)[0])
        ]

    def parse(self, source: Source, found: Found) -> None:
        """Parses the file, so that its copy is there."""
        self._look(source, found)

    def seasons_with_files(self, source: Source, seasons: Sequence[str]) -> list[str]:
        """The seasons of which the source has any file."""
        return [season for season in seasons if self._found.has_files(source, season)]

    def of_coming_seasons(self, source: Source) -> dict[str, str]:
        """Its files of seasons after the calendar's last one, each with how that season is added."""
        return self._found.of_coming_seasons(source)

    def out_of_reach(self) -> str | None:
        """Why nothing of it can be read, as where a disk is not mounted; None where something can.

        What is made of its files is then not made of none. Folders alone are nothing, since a mount
        point may have some.
        """
        if not self.root.exists():
            return f"there is no landing zone at {self.root}"
        # In a bucket no folder is without a file, and each look into one is a call.
        is_bucket = str(self.root).startswith(_BUCKETS)
        is_there = any(self.root.iterdir()) if is_bucket else _has_file(self.root)
        return None if is_there else f"the landing zone {self.root} is empty"

    def refusals(self, source: Source, days: Sequence[date]) -> dict[date, str]:
        """The dates whose expectation cannot be read from a required source, each with why."""
        found: dict[date, str] = {}
        for season in calendar.seasons_of(days) if source.is_required else ():
            found |= self._facts(source, season, days).refusals
        return {day: f"{found[day]}; landing zone: {self.root}" for day in days if day in found}

    def _season(self, source: Source, season: str, days: Sequence[date]) -> Parsed:
        """Rows and rejections of a season's files, or of the one file for all seasons."""
        return _of_one_moment(lambda: self._season_as_seen(source, season, days))

    def _season_as_seen(self, source: Source, season: str, days: Sequence[date]) -> Parsed:
        known = self._known(source, season, days)
        replaced = _replaced(source, known)
        # A season's files settle with one another, and a snapshot is in force on later days.
        is_whole = _settles_season(source) or source.layout == "snapshots"
        asked = frozenset(days)
        parts = [
            self._part(source, each, replaced, None if is_whole else asked)
            for each in known
            if is_whole or not asked.isdisjoint(each.facts.days())
        ]
        if not parts:
            return Parsed(no_rows(source.parse), rejected_frame([]).assign(**{UNDATED: False}))
        # Frames without a row tell pandas nothing of a column's type that others have not told.
        rows = pd.concat([p.rows for p in parts if len(p.rows)] or [parts[0].rows])
        rejected = pd.concat([p.rejected for p in parts if len(p.rejected)] or [parts[0].rejected])
        rows, rejected = rows.reset_index(drop=True), rejected.reset_index(drop=True)
        if source.settle and parts[1:]:
            rows = source.settle(rows)
        if source.layout == "snapshots":
            in_force = _in_force(known, _of_season(season, days))
            rows = rows.drop(columns="game_date").merge(in_force, on="source_file")
        return Parsed(rows, rejected)

    def _facts(self, source: Source, season: str, days: Sequence[date]) -> Facts:
        """The facts of a season's files together."""
        return _of_one_moment(lambda: self._facts_as_seen(source, season, days))

    def _facts_as_seen(self, source: Source, season: str, days: Sequence[date]) -> Facts:
        known = self._known(source, season, days)
        replaced = _replaced(source, known)
        dated: dict[date, list[str]] = {}
        placed: dict[date, list[str]] = {}
        filed: dict[date, str] = {}
        refusals: dict[date, str] = {}
        by_path: dict[str, str] = {}
        for each in known:
            file, facts = each.found.file, each.facts
            gone = set() if file.game_date else replaced
            if gone and source.own_date != "game_date":
                # Under the first day are rows that its own file does not replace.
                facts, gone = facts_of(source, self._part(source, each, replaced), file), set()
            for day, text in facts.dated.items():
                if day not in gone:
                    dated.setdefault(day, []).append(text)
                    placed.setdefault(day, []).append(facts.placed.get(day, ""))
                    by_path[file.path] = text
            # Several files may have what names no date, and all of it is under one.
            filed |= {day: filed.get(day, "") + text for day, text in facts.filed.items()}
            refusals |= {day: text for day, text in facts.refusals.items() if day not in gone}
        # Which of several files of a date says what makes no difference.
        together = {day: "+".join(sorted(texts)) for day, texts in dated.items()}
        places = {day: "+".join(sorted(texts)) for day, texts in placed.items()}
        if source.layout == "snapshots":
            in_force = _in_force(known, _of_season(season, days))
            places = dict(zip(in_force.game_date, in_force.source_file, strict=True))
            unread = {day: dated[day] for each in known for day in each.facts.unread}
            said = {day: [by_path.get(path, "")] for day, path in places.items()}
            # One that cannot be read is named on its day, beside what is in force.
            together = {
                day: "+".join(sorted({*said.get(day, []), *unread.get(day, [])}))
                for day in {*said, *unread}
            }
        elif known[1:] and _settles_season(source):
            settled = self._settled(source, season, days)
            together, places = dict(settled.dated), dict(settled.placed)
        elif source.settle and (several := [day for day, texts in dated.items() if texts[1:]]):
            settled = self._settled(source, season, several)
            together |= {day: settled.dated.get(day, "") for day in several}
            places |= {day: settled.placed.get(day, "") for day in several}
        has_files = self._found.has_files(source, season)
        return Facts(together, places, filed, refusals, has_files=has_files)

    def _settled(self, source: Source, season: str, days: Sequence[date]) -> Facts:
        """The facts of what stands of several files together."""
        whole = SourceFile(source.place, season)
        return facts_of(source, self._season(source, season, days), whole)

    def _known(self, source: Source, season: str, days: Sequence[date]) -> list[_Known]:
        """The season's files, each looked at once."""
        return [self._look(source, found) for found in self._files(source, season, days)]

    def _look(self, source: Source, found: Found) -> _Known:
        copy = self._reader.copy(source, found)
        return _Known(found, copy, self._parsed.facts(*copy))

    def _part(
        self,
        source: Source,
        known: _Known,
        replaced: set[date | None],
        days: frozenset[date] | None = None,
    ) -> Parsed:
        """What stands of the file where the dates replaced have files of their own.

        Of days, if given, and of others only where those are most of the file's.
        """
        has = known.facts.days()
        if days is not None and 2 * len(days & has) < len(has):
            part = self._parsed.frames_of(*known.copy, days)
        else:
            part = self._parsed.frames(*known.copy)
        return part if known.found.file.game_date else without_dates(source, part, replaced)

    def _unread(self, source: Source, found: Found) -> Mapping[date, str]:
        """The date of a date's file that cannot be read at all, and why; nothing of others."""
        return self._look(source, found).facts.unread

    def _files(self, source: Source, season: str, days: Sequence[date]) -> list[Found]:
        found = self._found.of_season(source, season, min(days), max(days))
        found = [self._reader.read_once(each) if each.copies else each for each in found]
        return self._of_use(source, season, found) if source.layout == "snapshots" else found

    def _of_use(self, source: Source, season: str, files: list[Found]) -> list[Found]:
        """The snapshots without those before the season that a later one before it stands for.

        One that cannot be read is kept where it is of no earlier season, which would name it.
        """
        span = calendar.season(season)
        ahead = [found for found in files if found.file.game_date == span.first]
        # From the last one back to one that can be read.
        later = list(takewhile(lambda found: self._unread(source, found), reversed(ahead)))
        superseded = {
            found.file.path
            for found in ahead[: -len(later) - 1]
            if not (_leads_to(span, found) and self._unread(source, found))
        }
        return [found for found in files if found.file.path not in superseded]

    def _game_dates(self, schedule: Source, season: str) -> Mapping[str, date]:
        """The date of each game of a season by its id, as its schedule says."""
        rows = self._season(schedule, season, calendar.season(season).days()).rows
        return dict(zip(rows.game_id, rows.game_date, strict=True))


def _of_one_moment(ask: Callable[[], Answer]) -> Answer:
    """What is asked of files, again for as long as one changes between the look and the reading."""
    while True:
        with suppress(FileChanged):
            return ask()


def _settles_season(source: Source) -> bool:
    """Whether all of a season's files settle together, and not each date's own."""
    return source.settle is not None and source.layout == "seasons"


def _replaced(source: Source, known: Sequence[_Known]) -> set[date | None]:
    """The dates for which a file of their own stands instead of the season's."""
    if source.layout != "seasons":
        return set()
    dates = {each.found.file.game_date for each in known} - {None}
    return dates - {day for each in known for day in each.facts.unread}


def _of_season(season: str, days: Sequence[date]) -> list[date]:
    return [day for day in days if calendar.season_of(day).name == season]


def _in_force(known: Sequence[_Known], days: Sequence[date]) -> pd.DataFrame:
    """The snapshot in force on each day: the last that can be read of that day or before."""
    stamp = "datetime64[ns]"
    read = [each.found.file for each in known if not each.facts.unread]
    dated = [(file.game_date, file.path) for file in read if file.game_date]
    snapshots = pd.DataFrame(sorted(dated), columns=["since", "source_file"])
    wanted = pd.DataFrame({"day": sorted(days)}).astype({"day": stamp})
    snapshots = snapshots.astype({"since": stamp, "source_file": "string"})
    found = pd.merge_asof(wanted, snapshots, left_on="day", right_on="since")
    found = found.dropna(subset="source_file")
    return found.assign(game_date=found.day.dt.date)[["source_file", "game_date"]]


def _leads_to(span: calendar.Season, snapshot: Found) -> bool:
    """Whether the snapshot is of the season, or of the days between it and the one before."""
    return snapshot.since is not None and calendar.season_ahead(snapshot.since) == span


def _has_file(folder: UPath) -> bool:
    """Whether there is a file anywhere in the folder; names that begin with a dot are nobody's."""
    try:
        entries = [each for each in folder.iterdir() if not each.name.startswith(".")]
    except PermissionError:
        # Such as lost+found, which is for the system alone.
        return False
    return any(each.is_file() or (each.is_dir() and _has_file(each)) for each in entries)


def _asked(source: Source, days: Sequence[date]) -> Sequence[str]:
    """What the source's files are asked by: the days' seasons, or one file for all of them."""
    return [""] if days and source.layout == "file" else calendar.seasons_of(days)
