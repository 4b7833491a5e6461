"""Under which date each word of a landing file is, and what is known of each date from it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd

from nba_pipeline.engine.parsed_files import Facts
from nba_pipeline.kernel.source import (
    REJECTED_TYPES,
    Parsed,
    Source,
    SourceFile,
    rejected_frame,
    rejection,
)
from nba_pipeline.league import calendar
from nba_pipeline.league.identity import is_exhibition

VERSION = 4
"""Counts the meanings of what is filed here: parsed copies made with it are made anew under a new one."""

_PLACE = ["source_file", "row_number"]
_NOT_CONTENT = [*_PLACE, "game_date", "season"]
"""Columns in which equal rows of a date may differ."""
UNUSED = ("unknown_name", "no_season", "other_season", "repeated_file")
"""Rules that files break which stand for no date: what other files say of one is whole."""
UNDATED = "is_undated"
"""Of rejected input: whether it says no date that could be its own."""


def filed(parsed: Parsed, file: SourceFile) -> Parsed:
    """The rows that belong to the file; the others rejected; every rejection under a date."""
    rows, rejected = parsed.rows, parsed.rejected
    within = _within(rows.game_date, file)
    strays = rows[~within]
    if file.season and not file.game_date and "game_id" in strays:
        # Exhibitions are kept out of every expectation, and most are before the season.
        strays = strays[~is_exhibition(strays.game_id)]
    strayed = [_strays(strays, file)] if len(strays) else []
    if "game_id" in rows and not file.game_date:
        days = _days_of_games(rows[within]).reindex(rows.index)
        astray = within & days.notna() & (rows.game_date != days)
        if astray.any():
            strayed.append(_strays(rows[astray], file, is_of_other_date=True))
            within &= ~astray
    if strayed:
        rejected = pd.concat([rejected, *strayed], ignore_index=True)
    rejected = _under_their_games(rejected, rows[within], file)
    is_undated = ~_within(rejected.game_date, file)
    if file.game_date:
        days = rejected.game_date.where(~is_undated, _first_day(file))
        return Parsed(rows[within], rejected.assign(game_date=days, **{UNDATED: False}))
    named = [calendar.season(file.season)] if file.season else calendar.seasons()
    under = [
        rejected[~is_undated].assign(**{UNDATED: False}),
        *(
            rejected[is_undated].assign(game_date=span.first, season=span.name, **{UNDATED: True})
            for span in named
        ),
    ]
    placed = pd.concat([part for part in under if len(part)] or under[:1])
    # A column set to one text has lost its type, which a date without a rejection needs.
    return Parsed(rows[within], placed.astype(REJECTED_TYPES))


def _days_of_games(rows: pd.DataFrame) -> pd.Series:
    """Per row, the date of most rows of its game; NULL where as many have another."""
    counts = rows.groupby(["game_id", "game_date"], as_index=False).size()
    most = counts[counts["size"] == counts.groupby("game_id")["size"].transform("max")]
    most = most.drop_duplicates("game_id", keep=False)
    return rows.game_id.map(dict(zip(most.game_id, most.game_date, strict=True)))


def _under_their_games(
    rejected: pd.DataFrame, rows: pd.DataFrame, file: SourceFile
) -> pd.DataFrame:
    """The rejections, each that says no date of the file's under that of its game's other rows."""
    if "game_id" not in rows or rejected.empty:
        return rejected
    days = rows.drop_duplicates(["game_id", "game_date"]).drop_duplicates("game_id", keep=False)
    days_of_games = rejected.game_id.map(dict(zip(days.game_id, days.game_date, strict=True)))
    is_lost = ~_within(rejected.game_date, file) & days_of_games.notna()
    return rejected.assign(game_date=rejected.game_date.where(~is_lost, days_of_games))


def _first_day(file: SourceFile) -> date:
    """The date of a date's file, or the first of its season where it is of the evening before."""
    return max(file.game_date or date.min, calendar.season(file.season).first)


def _within(days: pd.Series, file: SourceFile) -> pd.Series:
    """Whether each date is the file's, of its season, or of any season for a file of all.

    Of a file whose rows may be dated later than it is, they must be of its season too.
    """
    spans = [calendar.season(file.season)] if file.season else calendar.seasons()
    last = file.game_date and file.game_date + timedelta(days=file.days_after)

    def belongs(day: object) -> bool:
        # A time that is none is a date to Python, and before and after no other.
        if not isinstance(day, date) or pd.isna(day):
            return False
        if file.game_date == last == day:
            return True
        if file.game_date and last and not file.game_date <= day <= last:
            return False
        return any(span.first <= day <= span.last for span in spans)

    return days.map({day: belongs(day) for day in days.unique()}).astype(bool)


def _strays(
    rows: pd.DataFrame, file: SourceFile, *, is_of_other_date: bool = False
) -> pd.DataFrame:
    """Rows dated outside their file, or unlike their game, as rejections without a date."""
    span = calendar.season(file.season) if file.season else None
    what = f"season {span.name}, {span.first} to {span.last}" if span else "any season"
    what = f"date {file.game_date}, {what}" if file.game_date else what
    why = "most of its game's rows are not" if is_of_other_date else f"but the file is of {what}"
    lines = [
        rejection(
            file,
            "other_date" if file.game_date or is_of_other_date else "other_season",
            f"{file.path} row {row['row_number']} ({row.get('game_id')}): dated "
            f"{row['game_date']}, {why}",
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


def own_days(source: Source, rows: pd.DataFrame) -> pd.Series:
    """The date that each row itself says, by which a date's file replaces it."""
    days = rows[source.own_date]
    return days if days.dtype == "object" else days.dt.date.astype("object")


def without_dates(source: Source, parsed: Parsed, replaced: set[date | None]) -> Parsed:
    """A season file without the dates that have a file of their own."""
    if not replaced:
        return parsed
    rows, rejected = parsed.rows, parsed.rejected
    of_others = rejected.game_date.isin(replaced) & ~rejected[UNDATED]
    if source.own_date != "game_date":
        # What is filed under the first day may be of any day before it.
        of_others &= ~rejected.game_date.isin([span.first for span in calendar.seasons()])
    return Parsed(rows[~own_days(source, rows).isin(replaced)], rejected[~of_others])


def with_copies(parsed: Parsed, file: SourceFile, copies: Sequence[str]) -> Parsed:
    """What the file says, and each copy of it named as one that is not read."""
    if not copies:
        return parsed
    told = [
        rejection(
            replace(file, path=copy),
            "repeated_file",
            f"{copy} says the same as {file.path}, which is read; keep one",
        )
        for copy in copies
    ]
    rejected = pd.concat([parsed.rejected, rejected_frame(told)], ignore_index=True)
    return Parsed(parsed.rows, rejected)


def facts_of(source: Source, parsed: Parsed, file: SourceFile) -> Facts:
    """Fingerprints per date, and the dates of a required source that cannot be expected."""
    rejected = parsed.rejected
    own = rejected[~rejected[UNDATED]]
    rows, rejections = _sums(parsed.rows, _NOT_CONTENT), _sums(own, ["game_date"])
    dated = {day: f"{rows.get(day, '')}/{rejections.get(day, '')}" for day in {*rows, *rejections}}
    refusals: dict[date, str] = {}
    whole = rejected[rejected.row_number.isna() & ~rejected.rule.isin(UNUSED)]
    if source.is_required:
        covered = own[~is_exhibition(own.game_id) & ~own.rule.isin(UNUSED)]
        covered = covered.drop_duplicates("game_date")
        refusals = dict(zip(covered.game_date, covered.rule + ": " + covered.detail, strict=True))
        for line in whole.to_dict("records"):
            days = [file.game_date] if file.game_date else calendar.season(file.season).days()
            refusals |= dict.fromkeys(days, f"{line['rule']}: {line['detail']}")
    placed = _sums(parsed.rows, ["game_date"])
    filed_under = _sums(rejected[rejected[UNDATED]], ["game_date"])
    unread: dict[date, str] = {}
    if file.game_date and parsed.rows.empty and rejected.row_number.isna().all():
        unread = dict(zip(whole.game_date, whole.detail, strict=True))
    return Facts(dated, placed, filed_under, refusals, unread)


def _sums(frame: pd.DataFrame, ignored: Sequence[str]) -> dict[date, str]:
    """Per date, a sum over its rows' hashes that does not depend on their order."""
    if frame.empty:
        return {}
    compared = frame.drop(columns=list(ignored), errors="ignore")
    # An unknown text has the hash of the text that it is shown as.
    texts: pd.DataFrame = compared.select_dtypes("string")
    compared = compared.assign(**{f"is_null_{name}": texts[name].isna() for name in texts})
    # As categories texts would be the same that are alike up to a NUL.
    hashes = pd.util.hash_pandas_object(compared, index=False, categorize=False)
    sums = hashes.groupby(frame.game_date.to_numpy()).agg(["sum", "count"])
    return {day: f"{int(total):x}-{count}" for day, total, count in sums.itertuples(name=None)}
