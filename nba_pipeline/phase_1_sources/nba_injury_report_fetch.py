"""Fetching the league's injury reports: which of a day's reports there are, and their addresses.

A report's name has its hour, 05PM, and since 2025-12-20 its quarter of an hour too, 05_00PM. Whoever
lists the folder is refused, so that names are all that is known.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from functools import partial

from nba_pipeline import clock
from nba_pipeline.errors import WrongRequest
from nba_pipeline.kernel.fetch import Access, FetchFailed, NotYet, RemoteFile
from nba_pipeline.kernel.source import SourceFile
from nba_pipeline.league import calendar
from nba_pipeline.phase_1_sources.nba_stats_schedule import played

_PLACE = "nba_injury_report"
_WITH_MINUTES_SINCE = date(2025, 12, 20)
_FORMS = ("%I%p", "%I_%M%p")


def fetch(day: date, access: Access) -> Iterator[RemoteFile | NotYet]:
    """The reports of a day with games at the set times, once they are past.

    Raises:
        WrongRequest: the setting of the times has one that is none.
    """
    if played(day, access).empty:
        return
    season = calendar.season_of(day).name
    for text in access.settings.nba_injury_report_times.split(","):
        at = datetime.combine(day, _time(text.strip()), clock.EASTERN)
        forms = _FORMS[::-1] if day >= _WITH_MINUTES_SINCE else _FORMS
        names = [f"Injury-Report_{day}_{at.strftime(form)}.pdf" for form in forms]
        path = f"{_PLACE}/{day}/{names[0]}"
        if at > clock.now():
            yield NotYet(path, f"it is made at {at:%H:%M} US Eastern")
            continue
        ask = partial(_either, access, names)
        yield RemoteFile(SourceFile(path, season, day, days_after=1), ask)


def _either(access: Access, names: list[str]) -> bytes:
    """The report under the first of its names, or else under the other.

    Raises:
        FetchFailed: see Access.get.
    """
    try:
        return access.get("nba_injury_report", names[0])
    except FetchFailed as error:
        if error.kind != "not_there":
            raise
        return access.get("nba_injury_report", names[1])


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        told = f"NBA_PIPELINE_NBA_INJURY_REPORT_TIMES has {text!r}, which is no time as 17:00"
        raise WrongRequest(told) from None
