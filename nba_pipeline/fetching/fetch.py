"""Fetching a range of dates: what is there whole is left, what comes is checked, then put in place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd
from upath import UPath

from nba_pipeline.engine.landing import Landing
from nba_pipeline.errors import WrongRequest
from nba_pipeline.fetching import files
from nba_pipeline.fetching.bucket import StoredMeanwhile, generation
from nba_pipeline.fetching.client import Client
from nba_pipeline.fetching.losses import fewer_rows, overruled, standing_rows, told_instead
from nba_pipeline.kernel.fetch import FetchFailed, HostRefused, NotYet, RemoteFile, Unreachable
from nba_pipeline.kernel.source import Source, UnknownShape, UnreadableFile
from nba_pipeline.league import calendar
from nba_pipeline.settings import Settings
from nba_pipeline.warehouse.protocol import Warehouse

_UNREACHABLE_IN_A_ROW = 3
"""Files that a host did not answer for, each asked for several times: it is down."""


@dataclass(frozen=True)
class Lack:
    """What a date lacks, a file or a game: kind is a word for programs, reason a sentence."""

    day: date
    what: str | None
    kind: str
    reason: str


@dataclass
class Fetched:
    """What became of each file of a range.

    new, changed, unchanged and there (not asked for) are paths; waiting is what is not over yet; without
    are the dates that lack a file which failed at an earlier one; stopped is the date from which on
    nothing was asked for any more.
    """

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    waiting: list[Lack] = field(default_factory=list)
    failed: list[Lack] = field(default_factory=list)
    without: set[date] = field(default_factory=set)
    quota: Mapping[str, int] = field(default_factory=dict)
    stopped: date | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all that is to be had is there."""
        return not self.failed


class LandingAccess:
    """What a source's fetch may ask: see kernel.fetch.Access."""

    def __init__(self, settings: Settings, client: Client, landing: Landing) -> None:
        self.settings = settings
        self.client = client
        self.landing = landing
        self.get = client.get

    def rows(self, source: Source, days: Sequence[date]) -> pd.DataFrame:
        """The source's rows of the days in the landing zone; none of days in no season."""
        inside = [
            day for span in calendar.seasons() for day in days if span.first <= day <= span.last
        ]
        if refused := self.landing.refusals(source, inside) if inside else {}:
            day, why = min(refused.items())
            raise FetchFailed(
                "schedule", f"what is on {day} is unknown: {why}; fetch {source.name}"
            )
        rows = self.landing.load(source, inside).rows
        return rows[rows.game_date.isin(inside)]


def refuse_away(landing: Landing, warehouse: Warehouse) -> None:
    """Raises WrongRequest where the landing zone is out of reach that stored tables are made of.

    The first file put there would stand for all that it had.
    """
    if (away := landing.out_of_reach()) and warehouse.names():
        raise WrongRequest(
            f"{away}, and the stored tables were made of its files: nothing is put there. Mount it; "
            "where it is lost for good, any file laid there by hand begins it anew"
        )


def fetch(
    source: Source,
    days: Sequence[date],
    access: LandingAccess,
    *,
    again: bool = False,
    accept_fewer: bool = False,
    say: Callable[[str], None] = lambda _line: None,
) -> Fetched:
    """Fetches what the dates need of the source and the landing zone has not.

    A failure of one file is named and the next one is asked for; what was fetched stays, so that
    the same range asked for again takes up where this one ended.

    Args:
        source: the source.
        days: the dates, in order.
        access: hosts and landing zone.
        again: whether what is there whole is asked for too, as after the source corrected it.
        accept_fewer: whether an answer may have fewer rows of a game or date than stand today.
        say: is told of every file that is new, changed or failed.

    Raises:
        WrongRequest: nobody fetches that source.
    """
    if source.fetch is None:
        raise WrongRequest(f"{source.name} is not fetched: its files are brought, with ingest")
    fetching = _Fetching(source, access, say, again=again, accept_fewer=accept_fewer)
    for day in days:
        try:
            fetching.day(day)
        except HostRefused as error:
            fetching.fetched.stopped = day
            fetching.note(Lack(day, None, error.kind, f"nothing more is asked for: {error}"))
            break
        except FetchFailed as error:
            fetching.note(Lack(day, None, error.kind, str(error)))
    return fetching.fetched


class _Fetching:
    """A range under way."""

    def __init__(
        self, source: Source, access: LandingAccess, say: Callable[[str], None], **options: bool
    ) -> None:
        self.fetched = Fetched(quota=access.client.quota)
        self._source = source
        self._access = access
        self._options = options
        self._say = say
        self._seen: set[str] = set()
        self._not_had: set[str] = set()
        self._unreachable = 0

    def note(self, lack: Lack) -> None:
        """Names a failure."""
        self.fetched.failed.append(lack)
        self._say(f"{lack.what or lack.day}: {lack.reason}")

    def day(self, day: date) -> None:
        """Fetches what one date needs.

        Raises:
            HostRefused: nothing more is to be had.
            FetchFailed: what the date needs cannot be known.
        """
        for wanted in self._source.fetch(day, self._access) if self._source.fetch else ():
            if isinstance(wanted, NotYet):
                self.fetched.waiting.append(Lack(day, wanted.what, "not_over", wanted.reason))
            elif wanted.file.path not in self._seen:
                # Of dates that one file serves, the first asks for it.
                self._seen.add(wanted.file.path)
                self._file(day, wanted)
            elif wanted.file.path in self._not_had:
                self.fetched.without.add(day)

    def _file(self, day: date, wanted: RemoteFile) -> None:
        path = wanted.file.path
        try:
            state, instead = _one(self._source, day, wanted, self._access, **self._options)
        except HostRefused:
            raise
        except FetchFailed as error:
            self._not_had.add(path)
            self.note(Lack(day, path, error.kind, str(error)))
            self._unreachable = self._unreachable + 1 if isinstance(error, Unreachable) else 0
            if self._unreachable >= _UNREACHABLE_IN_A_ROW:
                told = f"{self._unreachable} files in a row could not be had, the last: {error}"
                raise HostRefused(error.kind, told) from error
        else:
            getattr(self.fetched, state).append(path)
            if state != "there":
                self._unreachable = 0
            if state in ("new", "changed"):
                self._say(f"{path}: {state}{instead}")


def _one(
    source: Source,
    day: date,
    wanted: RemoteFile,
    access: LandingAccess,
    *,
    again: bool,
    accept_fewer: bool,
) -> tuple[str, str]:
    """Fetches one file unless it is there: new, changed, unchanged or there, and what stands instead.

    Raises:
        FetchFailed: it could not be had, or what came is not put in place.
    """
    root, path = access.landing.root, wanted.file.path
    if not again and wanted.is_settled and _is_whole(source, day, wanted, access):
        return "there", ""
    content = wanted.ask()
    try:
        document, answer = files.parsed(source, wanted.file, content)
        files.refuse_cut(answer)
        files.refuse_astray(source, wanted.file, answer)
    except (UnreadableFile, UnknownShape) as error:
        told = f"{error}; it begins {content[:60]!r}"
        raise FetchFailed("unlike", f"the answer is no file of {source.name}: {told}") from error
    if answer.rows.empty:
        raise FetchFailed("empty", f"{path}: the answer has no row that can be taken")
    there = files.stored(root, path)
    looked_at = generation(root, there)
    if there and files.is_same(_document(source, root, there), document):
        state = "unchanged"
    else:
        before = _asked(standing_rows(source, wanted.file, access.landing), wanted)
        if not accept_fewer and (lost := fewer_rows(source, before, answer)):
            raise FetchFailed("incomplete", f"{path}: kept, since the answer lacks its {lost}")
        try:
            files.place(root, there or files.new_path(path), content, looked_at)
        except StoredMeanwhile as error:
            raise FetchFailed("overtaken", str(error)) from error
        state = "new" if there is None else "changed"
    if lacking := wanted.games - _games(answer.rows, wanted):
        told = f"{path}: the source has no rows yet of {', '.join(sorted(lacking))}"
        raise FetchFailed("incomplete", told)
    return state, told_instead(overruled(source, wanted.file, answer, access.landing))


def _is_whole(source: Source, day: date, wanted: RemoteFile, access: LandingAccess) -> bool:
    """Whether the landing zone has what is wanted, in this file or in that of a season."""
    if wanted.games:
        rows = access.landing.load(source, [day]).rows
        return wanted.games <= _games(rows[rows.game_date == day], wanted)
    there = files.stored(access.landing.root, wanted.file.path)
    if there is None:
        return False
    # In the place of a snapshot that cannot be read an earlier one stands.
    standing = standing_rows(source, wanted.file, access.landing).source_file
    return bool(standing.str.removesuffix(".gz").eq(there.removesuffix(".gz")).any())


def _document(source: Source, root: UPath, path: str) -> object:
    """The stored file's document; None where it cannot be read."""
    try:
        return source.decoded((root / path).read_bytes(), path)
    except UnreadableFile:
        return None


def _asked(rows: pd.DataFrame, wanted: RemoteFile) -> pd.DataFrame:
    """The rows of the date's games; of a file that is asked for as it is, all."""
    games = wanted.games | wanted.others
    return rows[rows.game_id.isin(games)] if wanted.games else rows


def _games(rows: pd.DataFrame, wanted: RemoteFile) -> frozenset[str]:
    """The games of which there are rows as they ended: of both teams, where a row is of a team."""
    if "game_id" not in rows:
        return frozenset()
    if wanted.ended:
        rows = rows[wanted.ended(rows)]
    if "team_abbr" not in rows:
        return frozenset(rows.game_id)
    sides = rows.groupby("game_id").team_abbr.nunique()
    return frozenset(sides[sides > 1].index)
