"""Which files of the landing zone are of which season, date or game: by their names alone.

A file whose name says nothing, that two names claim, or that is missing though it is required, is
found all the same, with what keeps it from being read.
"""

import errno
import gzip
import os
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath

from upath import UPath

from nba_pipeline.kernel.source import Source, SourceFile
from nba_pipeline.league import calendar
from nba_pipeline.league.identity import GAME_ID, season_of_game

_OF_THE_FILE = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
_OF_A_FILE = ("ambiguous_file", "unreadable_file")
"""Rules of what is there, and cannot be read."""
_OF_ITS_PLACE = (errno.ELOOP, errno.EIO)
Trouble = tuple[str, str]
"""What keeps a file from being read: a rule and a sentence."""
GameDates = Callable[[str], Mapping[str, date]]
"""A season's name to the date of each of its games by game_id."""


@dataclass(frozen=True)
class Found:
    """A file that is there, or should be, and what keeps it from being read.

    copies are further files for the same thing, as it is and gzipped; it can be read only where they
    say the same, which their names do not tell. since is the date in a snapshot's name, which may be
    before the season.
    """

    file: SourceFile
    trouble: Trouble | None = None
    copies: tuple[str, ...] = ()
    since: date | None = None


class LandingFiles:
    """The names of a landing zone's files.

    Args:
        root: its folder.
        game_dates: per schedule source, the dates of its games.
    """

    def __init__(self, root: UPath | Path, game_dates: Callable[[Source], GameDates]) -> None:
        self._root = root
        self._game_dates = game_dates

    def of_season(
        self, source: Source, season: str, first: date | None = None, last: date | None = None
    ) -> list[Found]:
        """The source's files of a season, in order of name.

        Args:
            source: the declaration.
            season: its name; of no meaning for a source of one file.
            first: of files of one date or game, only those that may say something from this date on,
                and those whose name says no date.
            last: the same, up to this date.
        """
        place = PurePosixPath(source.place)
        for each in (*reversed(place.parents[:-1]), place):
            is_file = each == place and source.layout == "file"
            if astray := list(self._astray(str(each), season, is_file=is_file)):
                return astray
        if source.layout == "file":
            there = self._forms(source.place)
            return [_of_all(there, SourceFile(there[0], ""))] if there else []
        if source.layout == "seasons":
            return list(self._seasons(source, season))
        if source.layout == "snapshots":
            return list(self._snapshots(source, season))
        found = self._games if source.layout == "games" else self._dates
        return [each for each in found(source, season) if _within(each.file, first, last)]

    def has_files(self, source: Source, season: str) -> bool:
        """Whether the source has any file of the season, whatever is in it."""
        return any(
            each.trouble is None or each.trouble[0] in _OF_A_FILE
            for each in self.of_season(source, season)
        )

    def of_coming_seasons(self, source: Source) -> dict[str, str]:
        """The files of seasons after the calendar's last one, each with how that season is added."""
        found: dict[str, str] = {}
        for path in self._entries(source.place) if source.layout == "seasons" else ():
            name = self._ended(source, path)
            if name and re.fullmatch(r"\d{4}-\d{2}", name) and name > calendar.seasons()[-1].name:
                try:
                    calendar.season(name)
                except calendar.UnknownSeason as error:
                    found[path] = str(error)
        return found

    # --- layouts

    def _seasons(self, source: Source, season: str) -> Iterator[Found]:
        """The season's own file, then those of single dates."""
        paths = [f"{source.place}/{season}.{ending}" for ending in source.formats]
        there = self._forms(*paths)
        if there:
            yield _of_all(there, SourceFile(there[0], season))
        elif source.is_required:
            # What files of single dates do not speak of is unknown, and no day without a game.
            expected = paths[0]
            told = f"no file of {source.name} covers {season}: expected {expected} or {expected}.gz"
            yield Found(SourceFile(expected, season), ("missing_file", told))
        yield from self._strangers(source, season)
        span = calendar.season(season)
        yield from self._astray(f"{source.place}/{season}", season)
        of_date: dict[date, list[str]] = {}
        for path in self._entries(f"{source.place}/{season}"):
            day = _date_of(self._ended(source, path))
            if day is None:
                yield _unnamed(source, path, season, "<date>")
            elif not span.first <= day <= span.last:
                told = f"{path} is in the folder of {season}, which is {span.first} to {span.last}"
                yield Found(SourceFile(path, season), ("other_season", told))
            else:
                of_date.setdefault(day, []).append(path)
        for day, names in of_date.items():
            yield _of_all(names, SourceFile(names[0], season, day))

    def _strangers(self, source: Source, season: str) -> Iterator[Found]:
        """What is neither a season's file nor its folder; told in every season, since of none."""
        for path in self._entries(source.place):
            name = self._ended(source, path) or path.rsplit("/", 1)[-1]
            if re.fullmatch(r"\d{4}-\d{2}", name) is None:
                yield _unnamed(source, path, season, "<season>")
            elif not calendar.is_known(name):
                yield _of_no_season(path, season, name)

    def _dates(self, source: Source, season: str) -> Iterator[Found]:
        """The files under each date of the season: all in <date>/, then <date>.<format>, the last."""
        names: dict[tuple[date, str], list[str]] = {}
        for path in self._entries(source.place):
            own = self._ended(source, path)
            day = _date_of(own or path.rsplit("/", 1)[-1])
            if day is None:
                yield _unnamed(source, path, season, "<date>")
            elif (span := calendar.season_told(day, source.days_after)) is None:
                yield _of_no_season(path, season, str(day))
            elif span.name == season:
                yield from () if own else self._astray(path, season, day)
                for inner in [path] if own else self._entries(path):
                    if self._ended(source, inner) is None:
                        yield _unnamed(source, inner, season, "<any name>", day)
                    else:
                        # A report that is there as a PDF and as what was parsed of it is two.
                        name = inner.removesuffix(".gz")
                        names.setdefault((day, name), []).append(inner)
        for (day, _name), paths in names.items():
            yield _of_all(paths, SourceFile(paths[0], season, day, source.days_after))

    def _games(self, source: Source, season: str) -> Iterator[Found]:
        """The files of the season's games, each under its game's date in the schedule."""
        if source.dated_by is None:
            raise ValueError(f"{source.name} has files of games, and no schedule that dates them")
        names: dict[str, list[str]] = {}
        for path in self._entries(source.place):
            game_id = self._ended(source, path)
            if game_id is None or not re.fullmatch(GAME_ID, game_id):
                yield _unnamed(source, path, season, "<game_id>")
            elif not calendar.is_known(season_of_game(game_id)):
                yield _of_no_season(path, season, season_of_game(game_id))
            elif season_of_game(game_id) == season:
                names.setdefault(game_id, []).append(path)
        dates = self._game_dates(source.dated_by)(season) if names else {}
        for game_id, paths in names.items():
            day = dates.get(game_id)
            file = SourceFile(paths[0], season, day, game_id=game_id)
            told = f"{paths[0]}: the schedule of {season} has no game {game_id}"
            yield _of_all(paths, file) if day else Found(file, ("unknown_game", told))

    def _snapshots(self, source: Source, season: str) -> Iterator[Found]:
        """The season's snapshots, and all before it, in order of their dates; these under its first day."""
        span = calendar.season(season)
        of_date: dict[date, list[str]] = {}
        for path in self._entries(source.place):
            day = _date_of(self._ended(source, path))
            if day is None:
                yield _unnamed(source, path, season, "<date>")
            elif day > calendar.seasons()[-1].last:
                yield _of_no_season(path, season, str(day))
            elif day <= span.last:
                of_date.setdefault(day, []).append(path)
        for day, paths in of_date.items():
            found = _of_all(paths, SourceFile(paths[0], season, max(day, span.first)))
            yield replace(found, since=day)

    # --- names

    def _entries(self, place: str) -> list[str]:
        """The paths in a folder, sorted; none where there is no folder.

        A name that is no text, as of an archive from elsewhere, is spelled out, and no file has that.
        """
        folder = self._root / place
        if not folder.is_dir():
            return []
        # Names that begin with a dot are of files that are still being written.
        spelled = (path.name.encode(errors="backslashreplace") for path in folder.iterdir())
        names = sorted(name.decode() for name in spelled)
        return [f"{place}/{name}" for name in names if not name.startswith(".")]

    def _forms(self, *paths: str) -> list[str]:
        """Those of the paths that are there, as they are or gzipped."""
        return [form for p in paths for form in (p, f"{p}.gz") if self._is_there(form)]

    def _is_there(self, path: str) -> bool:
        """Whether there is a file of that name, or a link, wherever it leads."""
        place = self._root / path
        return place.exists() or place.is_symlink()

    def _astray(
        self, path: str, season: str, day: date | None = None, *, is_file: bool = False
    ) -> Iterator[Found]:
        """What lies there where a folder belongs, or a file where is_file, and which is none.

        It is a link that leads nowhere, or a file: what it should hold is not known.
        """
        place = self._root / path
        # A bucket has neither links nor folders in whose place a file might be.
        if not isinstance(place, Path):
            return
        try:
            if place.is_symlink():
                place.stat()
            if place.is_file() and not is_file:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        except OSError as error:
            yield Found(SourceFile(path, season, day), cannot_open(error, path))

    def _ended(self, source: Source, path: str) -> str | None:
        """The file's name without its format's ending; None where it has another or none."""
        name = path.rsplit("/", 1)[-1].removesuffix(".gz")
        for ending in source.formats:
            if name.endswith(f".{ending}"):
                return name.removesuffix(f".{ending}")
        return None


def cannot_open(error: OSError, *paths: str) -> Trouble:
    """The trouble of one of the files that is no file, leads nowhere or may not be read.

    Raises:
        OSError: it is no matter of this file, as where a connection or a machine is at its end.
    """
    if isinstance(error, _OF_THE_FILE) or error.errno in _OF_ITS_PLACE:
        why = error.strerror or "it is not there"
        return "unreadable_file", f"{' or '.join(paths)} cannot be opened: {why}"
    raise error


def unpacked(content: bytes) -> bytes:
    """The bytes with gzip taken off; as they are where they are no whole gzip file."""
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error):
        return content


def _within(file: SourceFile, first: date | None, last: date | None) -> bool:
    if file.game_date is None or first is None or last is None:
        return True
    return first - timedelta(days=file.days_after) <= file.game_date <= last


def _unnamed(source: Source, path: str, season: str, form: str, day: date | None = None) -> Found:
    """A file whose name says not of what it is."""
    endings = " nor ".join(f"{form}.{ending}" for ending in source.formats)
    told = f"{path} is neither {endings} (.gz allowed)"
    return Found(SourceFile(path, season, day), ("unknown_name", told))


def _of_no_season(path: str, season: str, when: str) -> Found:
    """A file of a time that the calendar does not have, found with those of the season."""
    told = f"{path} is of {when}, which is in no season of the calendar"
    return Found(SourceFile(path, season), ("no_season", told))


def _of_all(paths: list[str], file: SourceFile) -> Found:
    """The first of the files for one thing, in trouble where there are more."""
    if not paths[1:]:
        return Found(file)
    told = f"both {paths[0]} and {paths[1]} are there; keep one"
    return Found(file, ("ambiguous_file", told), tuple(paths[1:]))


def _date_of(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
