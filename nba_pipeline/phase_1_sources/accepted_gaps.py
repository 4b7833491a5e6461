"""Gaps that will never close, with the reason and who accepted each: one file, kept by people.

A line names one gap by its gap_id, which may be of a season, or a whole season of one raw table by table and season.
"""

import re
from collections.abc import Hashable
from datetime import date

import pandas as pd

from nba_pipeline.kernel.formats import RAGGED, csv_lines
from nba_pipeline.kernel.source import (
    Parsed,
    Source,
    SourceFile,
    rejected_frame,
    rejection,
)
from nba_pipeline.league import calendar
from nba_pipeline.phase_1_sources.csv_frames import FIELDS, csv_frame

_COLUMNS = ("source_file", "row_number", "game_date", "gap_id", "table_name", "reason")
_NEEDED = ("reason", "accepted_by", "accepted_on")
_OPTIONAL = ("gap_id", "table", "season")
TABLES = ("nbac_schedule", "nbac_player_boxscore", "nbac_team_boxscore", "shots")
"""Whose units gaps are: what stands before a gap_id's first colon."""
_GAP_ID = re.compile(r"[a-z0-9_]+:(\d{4}-\d{2}-\d{2}):[^:\s]+(:[A-Z]{3})?")
_SEASON_GAP_ID = re.compile(r"[a-z0-9_]+:(\d{4}-\d{2})")


def parse(document: object, file: SourceFile) -> Parsed:
    """One row per date that a line speaks of; gap_id is NULL where it speaks of a whole season.

    Raises:
        UnknownShape: a needed column is missing.
    """
    raw = csv_frame(document, file, _NEEDED, what="list of accepted gaps", optional=_OPTIONAL)
    rows: list[dict[str, object]] = []
    rejected: list[dict[str, object]] = []
    for number, line in enumerate(raw.to_dict("records")):
        try:
            days, gap_id, table = _accepted(line)
        except _BadLine as bad:
            detail = f"{file.path} row {number}: {bad}"
            where = {"row_number": number, "field": bad.field, "value": line.get(bad.field)}
            rule = RAGGED if bad.field == FIELDS else "bad_acceptance"
            rejected.append(rejection(file, rule, detail, **where))
            continue
        said = f"{line['reason']} (accepted by {line['accepted_by']}"
        reason = f"{said} on {line['accepted_on']})"
        rows += [
            dict(zip(_COLUMNS, (file.path, number, day, gap_id, table, reason), strict=True))
            for day in days
        ]
    frame = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(
        dict.fromkeys(("source_file", "gap_id", "table_name", "reason"), "string")
        | {"row_number": "int64", "game_date": "object"}
    )
    return Parsed(frame, rejected_frame(rejected))


class _BadLine(ValueError):
    """A line that accepts nothing, and the field that is at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _accepted(line: dict[Hashable, str | None]) -> tuple[list[date], str | None, str]:
    """The dates, the gap or NULL, and the raw table that a line speaks of.

    Raises:
        _BadLine: it names neither a gap nor a table's season, or says not why, by whom or when.
    """
    if line[FIELDS]:
        raise _BadLine(FIELDS, f"it has {line[FIELDS]} fields")
    text = {name: line[name] or "" for name in (*_NEEDED, *_OPTIONAL)}
    for name in ("reason", "accepted_by"):
        if not text[name]:
            raise _BadLine(name, f"no {name}")
    _day("accepted_on", text["accepted_on"])
    if text["gap_id"]:
        if text["table"] or text["season"]:
            raise _BadLine("gap_id", "both a gap_id and a table or season; give one of them")
        days, table = _days_of(text["gap_id"]), text["gap_id"].split(":")[0]
        return days, text["gap_id"], _of_gaps("gap_id", table)
    if not text["table"]:
        raise _BadLine("gap_id", "neither a gap_id nor a table and season")
    return _season("season", text["season"]), None, _of_gaps("table", text["table"])


def _of_gaps(field: str, table: str) -> str:
    if table not in TABLES:
        raise _BadLine(field, f"no gap is of {table}; gaps are of {', '.join(TABLES)}")
    return table


def _days_of(gap_id: str) -> list[date]:
    """The gap's date, or those of its season."""
    if match := _GAP_ID.fullmatch(gap_id):
        return [_day("gap_id", match[1])]
    if match := _SEASON_GAP_ID.fullmatch(gap_id):
        return _season("gap_id", match[1])
    raise _BadLine("gap_id", f"{gap_id!r} is no gap_id: table:date:game[:team] or table:season")


def _season(field: str, text: str) -> list[date]:
    try:
        return calendar.season(text).days()
    except calendar.UnknownSeason as error:
        raise _BadLine(field, str(error)) from None


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _BadLine(field, f"{field} says {text!r}, which is no date") from None


accepted_gaps = Source(
    "accepted_gaps",
    "accepted_gaps.csv",
    parse,
    version=5,
    layout="file",
    formats={"csv": csv_lines},
)
