"""What a file is: the one source whose decoder and parser take it, and its place in the landing zone.

The season, date or game comes from what the file says; its name is asked where it says none.
"""

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path

import pandas as pd

from nba_pipeline.clock import EASTERN
from nba_pipeline.engine.file_dates import filed
from nba_pipeline.engine.landing import Landing
from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.fetching.files import refuse_astray, refuse_cut
from nba_pipeline.kernel.source import (
    Decoder,
    Parsed,
    Source,
    SourceFile,
    UnknownShape,
    UnreadableFile,
)
from nba_pipeline.league import calendar
from nba_pipeline.league.identity import GAME_ID, season_of_game

_GAME_IN_TEXT = re.compile(rf"(?<!\d){GAME_ID}(?!\d)")
_DATE_IN_NAME = re.compile(r"(?<!\d)(\d{4})[-_]?(\d{2})[-_]?(\d{2})(?!\d)")


class Refused(NbaPipelineError):
    """A file that is not taken; may_pass says whether one that comes beside it may change that."""

    def __init__(self, reason: str, *, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


@dataclass(frozen=True)
class Recognised:
    """A file, whose it is, where it belongs, and what is taken of it."""

    source: Source
    file: SourceFile
    content: bytes
    document: object
    parsed: Parsed

    @property
    def share(self) -> float:
        """Which part of its rows is taken."""
        lost = self.parsed.rejected.row_number.nunique(dropna=False)
        return len(self.parsed.rows) / ((len(self.parsed.rows) + lost) or 1)


@dataclass(frozen=True)
class _AtHand:
    """A file as it lies: what it is called, what is in it, and the date that was said of it."""

    path: Path
    content: bytes
    day: date | None

    @property
    def stem(self) -> str:
        """Its name without endings."""
        return self.path.name.removesuffix(".gz").rsplit(".", 1)[0]

    def days(self) -> list[date]:
        """The date that was said, or those in the names of the file and its folder."""
        if self.day:
            return [self.day]
        words = _DATE_IN_NAME.findall(f"{self.stem} {self.path.absolute().parent.name}")
        return [day for word in words if (day := _date("-".join(word)))]

    def games(self) -> list[str]:
        """The game that its name says, and the one that is most often said in it."""
        named = _GAME_IN_TEXT.findall(self.stem)
        try:
            said = Counter(_GAME_IN_TEXT.findall(self.content.decode()))
        except UnicodeDecodeError:
            said = Counter()
        return [*named[:1], *(game for game, _times in said.most_common(1))]


def unpacked(content: bytes) -> bytes:
    """The bytes with gzip taken off, whatever the name says.

    Raises:
        Refused: it begins as gzip and is not whole.
    """
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise Refused(f"it is not a whole gzip file ({error})") from error


def recognised(
    path: Path,
    sources: Sequence[Source],
    landing: Landing,
    day: date | None = None,
    asked: Source | None = None,
) -> Recognised:
    """The file as the one source takes it that takes most of its rows.

    Args:
        path: the file.
        sources: those that may take it.
        landing: the landing zone, whose schedule dates files of games.
        day: the date of a file that says none itself.
        asked: whose it is said to be, where several take it alike.

    Raises:
        Refused: no source takes it, or several do alike, or another takes more of it than the one
            asked for, or it says not of when it is.
    """
    try:
        content = unpacked(path.read_bytes())
    except OSError as error:
        raise Refused(f"it cannot be read ({error.strerror})") from error
    hand = _AtHand(path, content, day)
    found, troubles = _takers(hand, sources, landing, asked)
    if asked:
        own = [each for each in found if each.source == asked]
        share = max((each.share for each in own), default=0.0)
        if own and (better := [each.source.name for each in found if each.share > share]):
            raise Refused(f"{', '.join(better)} takes more of its rows than {asked.name} does")
        found = own
    if not found:
        told = "; ".join(str(trouble) for trouble in troubles) or "no source takes it"
        raise Refused(told, may_pass=any(trouble.may_pass for trouble in troubles))
    most = max(each.share for each in found)
    best = [each for each in found if each.share == most]
    if best[1:]:
        names = ", ".join(each.source.name for each in best)
        raise Refused(f"several sources take it alike: {names}; say which with --source")
    return best[0]


def _takers(
    hand: _AtHand, sources: Sequence[Source], landing: Landing, asked: Source | None
) -> tuple[list[Recognised], list[Refused]]:
    """The file as each source takes it that does, and why others nearly did, or the one asked for not."""
    decoded = cache(partial(_decoded, content=hand.content))
    found: list[Recognised] = []
    troubles: list[Refused] = []
    tried = [(source, *each) for source in sources for each in source.formats.items()]
    for source, ending, decode in tried:
        document = decoded(decode)
        if document is None:
            continue
        told: Refused | None = None
        try:
            found.append(_as_of(source, ending, document, hand, landing))
        except UnknownShape as error:
            # Most files are no file of most sources: it is worth telling of the one asked for.
            told = Refused(str(error)) if asked else None
        except Refused as error:
            told = error
        except NbaPipelineError as error:
            # What its own parser cannot read, or a season that nobody knows.
            told = Refused(f"for {source.name}: {error}")
        if told and asked in (None, source):
            troubles.append(told)
    return found, troubles


def _decoded(decode: Decoder, content: bytes) -> object:
    """The document; None where the bytes are not of its format."""
    try:
        return decode(content)
    except (ValueError, RecursionError):
        return None


def _as_of(
    source: Source, ending: str, document: object, hand: _AtHand, landing: Landing
) -> Recognised:
    """The document as a file of the source, in the place where most of its rows are taken.

    Raises:
        UnreadableFile, UnknownShape: it is none.
        Refused: it is one, and no row of it can be taken, or it says not of when it is.
    """
    trial = source.parse(document, SourceFile(hand.path.name, ""))
    if trial.rows.empty and trial.rejected.empty:
        raise Refused(f"for {source.name} it has no row")
    placed = _PLACES[source.layout](source, ending, trial, hand, landing)
    tried = [
        Recognised(source, file, hand.content, document, filed(source.parse(document, file), file))
        for file in placed
    ]
    if not tried and trial.rows.empty and source.layout != "games":
        raise Refused(_nothing_of(source, trial))
    if not tried:
        raise Refused(
            f"{source.name} would take it, but it says not of when it is: name it after its "
            f"{'game' if source.layout == 'games' else 'date'}, or give --date"
        )
    best = max(tried, key=lambda each: len(each.parsed.rows))
    if best.parsed.rows.empty:
        raise Refused(_nothing_of(source, best.parsed))
    refuse_cut(best.parsed)
    try:
        refuse_astray(source, best.file, best.parsed)
    except UnreadableFile as error:
        raise Refused(str(error)) from error
    return best


def _nothing_of(source: Source, parsed: Parsed) -> str:
    why = parsed.rejected.detail
    told = why.iloc[0] if len(why) else "it has none"
    return f"for {source.name} none of its rows can be taken: {told}"


# --- places


def _in_one_file(
    source: Source, _ending: str, _trial: Parsed, _hand: _AtHand, _landing: Landing
) -> Iterator[SourceFile]:
    yield SourceFile(source.place, "")


def _in_season(
    source: Source, ending: str, trial: Parsed, hand: _AtHand, _landing: Landing
) -> Iterator[SourceFile]:
    """The season that most rows are of or lead to, or its one date.

    Raises:
        OffSeason: no row is of a season of the calendar, or before one.
    """
    rows = trial.rows
    if rows.empty:
        return
    if "game_id" in rows:
        names = rows.game_id.map(season_of_game)
    else:
        ahead = rows.game_date.map(calendar.season_ahead).dropna()
        names = ahead.map(lambda span: span.name)
        if names.empty:
            calendar.season_of(rows.game_date.iloc[0])
    span = calendar.season(names.value_counts().index[0])
    days = rows.game_date[names.index][names == span.name].unique()
    # A day before its season has no file of its own.
    if len(days) == 1 and span.first <= days[0] <= span.last and hand.stem != span.name:
        path = f"{source.place}/{span.name}/{days[0]}.{ending}"
        yield SourceFile(path, span.name, days[0])
    else:
        yield SourceFile(f"{source.place}/{span.name}.{ending}", span.name)


def _in_game(
    source: Source, ending: str, trial: Parsed, hand: _AtHand, landing: Landing
) -> Iterator[SourceFile]:
    """The game that its name or its text says, or that of its two teams on the day of its name."""
    games = hand.games()
    for game_id in games or _of_teams(source, trial, hand, landing):
        season = season_of_game(game_id)
        span = calendar.season(season)
        schedule = _schedule(source, landing, span.days())
        own = schedule[schedule.game_id == game_id]
        if own.empty:
            raise Refused(
                f"for {source.name} it is of game {game_id}, which no schedule of {season} in the "
                "landing zone has: that comes first",
                may_pass=True,
            )
        teams = {own.home_team.iloc[0], own.away_team.iloc[0]}
        said = set(trial.rows.team_abbr.dropna()) if "team_abbr" in trial.rows else set()
        # A third team is a bad row, which is rejected by itself.
        if len(said) == len(teams) and said != teams:
            raise Refused(
                f"for {source.name} it is of game {game_id}, which is of "
                f"{' and '.join(sorted(teams))}, and its rows are of {' and '.join(sorted(said))}"
            )
        if (sides := _sides(trial.rows)) and sides != _sides(own):
            raise Refused(
                f"for {source.name} it is of game {game_id}, which is {' and '.join(_sides(own))}, and "
                f"it is of {' and '.join(sides)}: another meeting of the two"
            )
        path = f"{source.place}/{game_id}.{ending}"
        yield SourceFile(path, season, own.game_date.iloc[0], game_id=game_id)


def _sides(rows: pd.DataFrame) -> list[str]:
    """Who is whose guest, as OKC@LAL, by what the rows say; of rows that say no sides nothing."""
    if not {"away_team", "home_team"} <= set(rows.columns):
        return []
    sides = rows[["away_team", "home_team"]].dropna().drop_duplicates()
    return sorted(sides.away_team + "@" + sides.home_team)


def _of_teams(source: Source, trial: Parsed, hand: _AtHand, landing: Landing) -> Iterator[str]:
    """The game of the file's two teams on its day, as the schedule has it."""
    parts = [part.team_abbr for part in (trial.rows, trial.rejected) if "team_abbr" in part]
    teams = set(pd.concat(parts).dropna()) if parts else set()
    for day in hand.days():
        schedule = _schedule(source, landing, [day])
        own = schedule[(schedule.game_date == day)]
        fits = own.home_team.isin(teams) & own.away_team.isin(teams)
        yield from own.game_id[fits]


def _schedule(source: Source, landing: Landing, days: Sequence[date]) -> pd.DataFrame:
    if source.dated_by is None:
        raise Refused(f"{source.name} has files of games, and no schedule that dates them")
    return landing.load(source.dated_by, days).rows


def _on_date(
    source: Source, ending: str, trial: Parsed, hand: _AtHand, _landing: Landing
) -> Iterator[SourceFile]:
    """The date of its name, when it was made, or those of its rows.

    Raises:
        OffSeason: it has dates, and none is of a season.
    """
    days = hand.days()
    if "report_at" in trial.rows:
        days += [at.astimezone(EASTERN).date() for at in trial.rows.report_at.dropna().unique()]
    days += sorted(day for day in trial.rows.game_date.unique() if isinstance(day, date))
    off_season = []
    for day in dict.fromkeys(days):
        name = str(day)
        if source.layout == "dates" and hand.stem != name:
            name = f"{day}/{hand.stem}"
        # A list of players may be of before its season, what is of a date is of its games.
        is_ahead = source.layout == "snapshots"
        span = calendar.season_ahead(day) if is_ahead else None
        span = span or calendar.season_told(day, source.days_after)
        if span is None:
            off_season.append(day)
            continue
        path = f"{source.place}/{name}.{ending}"
        yield SourceFile(path, span.name, day, source.days_after)
    # A file may be named after the day on which it was had; if no date is of a season, that is told.
    if len(off_season) == len(set(days)) > 0:
        calendar.season_of(off_season[0])


_PLACES: dict[str, Callable[..., Iterator[SourceFile]]] = {
    "file": _in_one_file,
    "seasons": _in_season,
    "games": _in_game,
    "dates": _on_date,
    "snapshots": _on_date,
}


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
