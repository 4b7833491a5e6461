"""The league's official injury report: what each team says of its players before its games.

A PDF of every hour or less, or the same parsed to JSON by others, under the date of the report; it
speaks of that day's games and the next day's. A team that has said nothing yet has a row too.
"""

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from nba_pipeline.clock import EASTERN
from nba_pipeline.kernel.formats import json_document, pdf_bytes
from nba_pipeline.kernel.source import (
    Parsed,
    Source,
    SourceFile,
    UnknownShape,
    UnreadableFile,
    rejected_frame,
    rejection,
)
from nba_pipeline.league.availability import injury_status
from nba_pipeline.league.identity import UnknownTeam, team_named
from nba_pipeline.phase_1_sources.cells import Offence, converted, lookup_of, taken, team_of
from nba_pipeline.phase_1_sources.nba_injury_report_fetch import fetch
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule
from nba_pipeline.phase_1_sources.pdf_words import pdf_words, text_lines

TYPES = {
    **dict.fromkeys(("source_file", "away_team", "home_team", "team_abbr"), "string"),
    **dict.fromkeys(("game_time", "player_name", "player_lookup", "status", "reason"), "string"),
    "has_submitted": "bool",
    "row_number": "int64",
    "game_date": "object",
    "report_at": "datetime64[us, UTC]",
}
"""Columns of the rows; player, status and reason are NULL where a team has not submitted."""

_FIELDS = ("Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason")
_DATE, _TIME, _MATCHUP, _TEAM, _PLAYER, _STATUS, _REASON = range(len(_FIELDS))
_IN_JSON = ("date", "gametime", "matchup", "team", "player", "status", "reason")
_KEY = ("game_date", "team_abbr", "player_lookup")
_FIELD_OF_COLUMN = {"game_id": "Matchup", "team_abbr": "Team", "player_lookup": "Player Name"}
_TITLE = r"Injury Report: (\d\d/\d\d/\d\d) (\d\d:\d\d) ([AP]M)"
_FOOTER = r"Page (\d+) of (\d+)"
_NOTHING_YET = "NOT YET SUBMITTED"


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per player that is listed, and one per team that has not submitted yet.

    Names are turned to "First Last", teams to tricodes; a status that is no known word rejects its
    row. What the report repeats of a player stands once.

    Raises:
        UnreadableFile: no PDF that can be read whole.
        UnknownShape: the document is no injury report.
    """
    report_at: datetime | None
    if isinstance(document, dict):
        said, report_at = _of_json(document, file)
        stray = rejected_frame([])
    else:
        said, report_at, stray = _of_pdf(document, file)
    columns = _typed(said)
    columns["report_at"] = pd.Series(report_at, said.index, dtype="datetime64[us, UTC]")
    parsed = taken(
        said, columns, _offences(columns), TYPES, file, key=_KEY, fields=_FIELD_OF_COLUMN
    )
    rejected = [part for part in (stray, parsed.rejected) if len(part)]
    return Parsed(parsed.rows, pd.concat(rejected, ignore_index=True) if rejected else stray)


def _typed(said: pd.DataFrame) -> dict[str, pd.Series]:
    """The report's texts as columns; what cannot be read is NULL."""
    teams = said["Matchup"].str.extract(r"^([A-Za-z]{2,4})@([A-Za-z]{2,4})$")
    # "Last, First" with a suffix on either side of the comma, or a name alone.
    names = said["Player Name"].str.extract(r"^([^,]*),?(.*)$").fillna("")
    spoken = (names[1].str.strip() + " " + names[0].str.strip()).str.strip()
    has_submitted = ~said["Reason"].eq(_NOTHING_YET).fillna(value=False).astype("bool")
    own = {
        "player_name": spoken,
        "player_lookup": converted(spoken, lookup_of),
        "status": converted(said["Current Status"], injury_status),
        "reason": said["Reason"],
    }
    return {
        "game_date": converted(said["Game Date"], _day),
        "game_time": said["Game Time"],
        "away_team": converted(teams[0], team_of),
        "home_team": converted(teams[1], team_of),
        "team_abbr": converted(said["Team"], _team),
        "has_submitted": has_submitted,
        **{name: column.mask(~has_submitted) for name, column in own.items()},
    }


def _offences(columns: dict[str, pd.Series]) -> list[Offence]:
    """What rejects a row: what a game, a team and a player's status cannot be read of."""
    team, away, home = (columns[name] for name in ("team_abbr", "away_team", "home_team"))
    plays = team.eq(away) | team.eq(home)
    is_listed = columns["has_submitted"]
    return [
        Offence("bad_date", "Game Date", columns["game_date"].isna()),
        Offence("bad_matchup", "Matchup", away.isna() | home.isna()),
        Offence("unknown_team", "Team", team.isna() | ~plays),
        Offence("bad_player", "Player Name", is_listed & columns["player_lookup"].isna()),
        Offence("unknown_status", "Current Status", is_listed & columns["status"].isna()),
    ]


# --- PDF


def _of_pdf(
    document: object, file: SourceFile
) -> tuple[pd.DataFrame, datetime | None, pd.DataFrame]:
    """The texts under the report's headers, its time, and texts that stand beside no row."""
    words = pdf_words(document, file)
    if words.empty:
        return _said({}), None, rejected_frame([])
    lines = text_lines(words)
    report_at = _whole_report(lines, file)
    headers = lines[lines.text.eq(" ".join(_FIELDS))]
    if headers.empty:
        raise UnknownShape(f"{file.path}: no line {' '.join(_FIELDS)!r}")
    around = pd.concat([headers, lines[lines.text.str.fullmatch(f"{_TITLE}|{_FOOTER}")]])
    edges = _edges(words, headers.iloc[0])
    words = words[~_stands_in(words, around)]
    field = (words.x0.to_numpy()[:, None] >= edges[None, :]).sum(axis=1) - 1
    cells = _cells(words.assign(field=field))
    rows, stray = _rows(cells)
    told = [
        rejection(
            file,
            "stray_text",
            f"{file.path} page {page}: {text!r} belongs to no row of the report",
            row_number=number,
            field=_FIELDS[field] if field >= 0 else None,
            value=text,
        )
        for number, (page, field, text) in enumerate(
            stray[["page", "field", "text"]].itertuples(index=False, name=None)
        )
    ]
    return rows, report_at, rejected_frame(told)


def _whole_report(lines: pd.DataFrame, file: SourceFile) -> datetime:
    """When the report was made, UTC.

    Raises:
        UnreadableFile: its last pages are missing.
        UnknownShape: it has no title.
    """
    titles = lines.text.str.extract(f"^{_TITLE}$").dropna()
    if titles.empty:
        raise UnknownShape(f"{file.path}: no title 'Injury Report: date time'")
    feet = lines.text.str.extract(f"^{_FOOTER}$").dropna().astype("int64")
    pages = int(lines.page.max())
    if feet.empty or not feet[1].eq(pages).all():
        of = feet[1].max() if len(feet) else "an unknown number of"
        raise UnreadableFile(f"{file.path}: {pages} pages of {of}")
    return _eastern(" ".join(titles.iloc[0]), "%m/%d/%y %I:%M %p", file)


def _edges(words: pd.DataFrame, header: pd.Series) -> np.ndarray:
    """Where each of the header's columns begins, a little to the left."""
    own = words[(words.page == header.page) & words.top.between(header.top - 1, header.bottom)]
    first = [0]
    for field in _FIELDS[:-1]:
        first.append(first[-1] + len(field.split()))
    return own.sort_values("x0").x0.iloc[first].to_numpy() - 2


def _stands_in(words: pd.DataFrame, lines: pd.DataFrame) -> np.ndarray:
    """Whether each word is of one of the lines."""
    both = words.reset_index().merge(
        lines[["page", "top", "bottom"]], on="page", suffixes=("", "_of")
    )
    within = both[(both.top >= both.top_of - 0.1) & (both.bottom <= both.bottom_of + 0.1)]
    return words.index.isin(within["index"])


def _cells(words: pd.DataFrame) -> pd.DataFrame:
    """One row per cell: the lines of a column that stand closer than rows do."""
    lines = text_lines(words, ["page", "field"]).sort_values(["page", "field", "top"])
    column = [lines.page, lines.field]
    gap = lines.top - lines.groupby(["page", "field"]).bottom.shift()
    # Only what is printed once per row may run over several lines.
    is_wrapped = lines.field.isin([_TEAM, _PLAYER, _REASON])
    begins = ~is_wrapped | ~(gap < 0.8 * (lines.bottom - lines.top))
    lines["cell"] = begins.groupby(column).cumsum()
    return lines.groupby(["page", "field", "cell"], as_index=False).agg(
        top=("top", "min"), bottom=("bottom", "max"), text=("text", " ".join)
    )


def _rows(cells: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The texts of each row, and the cells that stand beside none.

    A row is where a status stands, or a team that has not submitted. Date, time, matchup and team
    are printed once for the rows below them, also over pages.
    """
    cells = cells.assign(middle=(cells.top + cells.bottom) / 2)
    marks = (cells.field == _STATUS) | ((cells.field == _REASON) & (cells.text == _NOTHING_YET))
    anchors = cells.loc[marks, ["page", "middle"]].sort_values(["page", "middle"])
    anchors = anchors.reset_index(drop=True).rename_axis("row").reset_index()
    beside = cells.reset_index().merge(anchors, on="page", suffixes=("", "_of_row"))
    beside = beside[beside.middle_of_row.between(beside.top - 1, beside.bottom + 1)]
    beside = beside.drop_duplicates(["row", "field"]).drop_duplicates("index")
    own = beside.pivot_table(index="row", columns="field", values="text", aggfunc="first")
    own = own.reindex(index=anchors.row, columns=range(len(_FIELDS))).astype("string")
    own, lost = _with_ends_of_reasons(own, anchors, cells[~cells.index.isin(beside["index"])])
    # Nothing of an earlier day or matchup is said of a later one, however little it says itself.
    day, matchup = (own[field].notna().cumsum() for field in (_DATE, _MATCHUP))
    own[_TEAM] = own[_TEAM].groupby([day, matchup]).ffill()
    own[[_TIME, _MATCHUP]] = own[[_TIME, _MATCHUP]].groupby(day).ffill()
    own[_DATE] = own[_DATE].ffill()
    return _said({name: own[place] for place, name in enumerate(_FIELDS)}), lost


def _with_ends_of_reasons(
    own: pd.DataFrame, anchors: pd.DataFrame, lost: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows with what of a page's last reason stands at the top of the next page."""
    rows = anchors.groupby("page").agg(begins=("middle", "min"), last=("row", "max"))
    is_above = lost.middle < lost.page.map(rows.begins).fillna(np.inf)
    ends = lost[is_above & (lost.field == _REASON)]
    ends = ends.assign(row=(ends.page - 1).map(rows["last"])).dropna(subset="row")
    ends = ends.drop_duplicates("row")
    rest = ends.set_index("row").text.reindex(own.index)
    reasons = own[_REASON].where(rest.isna(), own[_REASON].fillna("") + " " + rest.fillna(""))
    own = own.copy()
    own[_REASON] = reasons
    return own, lost[~lost.index.isin(ends.index)]


def _of_json(document: dict[str, object], file: SourceFile) -> tuple[pd.DataFrame, datetime]:
    """The texts of a report that was parsed by others, and its time.

    Its name has the hour alone; reports that are named so are of the half past.
    """
    about, records = document.get("metadata"), document.get("records")
    if not isinstance(about, dict) or not isinstance(records, list):
        raise UnknownShape(f"{file.path}: no parsed injury report (no metadata and records)")
    odd = [n for n, line in enumerate(records) if not isinstance(line, dict)]
    if odd:
        raise UnknownShape(f"{file.path}: record {odd[0]} is no object")
    moment = f"{about.get('gamedate')} {about.get('hour')}:30 {about.get('period')}"
    report_at = _eastern(moment, "%Y%m%d %I:%M %p", file)
    lines = pd.DataFrame(records, columns=list(_IN_JSON), dtype="object")
    texts = lines.map(lambda value: value if isinstance(value, str) else None)
    return _said(dict(zip(_FIELDS, (texts[n] for n in _IN_JSON), strict=True))), report_at


def _said(columns: dict[str, pd.Series]) -> pd.DataFrame:
    """The texts of the report's rows under its headers, numbered from 0."""
    frame = pd.DataFrame(columns, columns=list(_FIELDS), dtype="string")
    return frame.reset_index(drop=True)


def _eastern(text: str, form: str, file: SourceFile) -> datetime:
    try:
        return datetime.strptime(text, form).replace(tzinfo=EASTERN).astimezone(UTC)
    except (ValueError, OverflowError):
        # The evening of the calendar's last day has no time in UTC.
        raise UnknownShape(f"{file.path}: the report's time {text!r} is none") from None


def _day(value: object) -> date | None:
    try:
        return datetime.strptime(str(value), "%m/%d/%Y").date()  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        return None


def _team(value: object) -> str | None:
    """Reports have names in words, what others made of them has tricodes."""
    try:
        return team_named(str(value))
    except UnknownTeam:
        return team_of(value)


nba_injury_report = Source(
    "nba_injury_report",
    "nba_injury_report",
    parse,
    version=2,
    layout="dates",
    formats={"pdf": pdf_bytes, "json": json_document},
    days_after=1,
    dated_by=nba_stats_schedule,
    fetch=fetch,
)
