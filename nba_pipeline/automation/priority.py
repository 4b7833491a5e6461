"""Tonight first: what a run that began now would still be at when the next game begins waits.

A correction of old data makes every later date stale, and with them today's predictions. Where there
is no time to carry it all the way before today's next tip-off, today's are made without it, under
recorded bypasses of what it makes stale or has failed at, and it comes once the games have begun. What
a correction is still at by then, on too low an estimate or through a night and a day, begins no further
table.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from nba_pipeline import clock
from nba_pipeline.automation.pending import WITHOUT_CORRECTIONS, PendingWork
from nba_pipeline.automation.work import GAMES, Work, last_night, tells_of_its_night
from nba_pipeline.backfill.planner import Request
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.league import calendar

_MARGIN = timedelta(minutes=25)
"""Before a tip-off: for the schedule to look again, every ten minutes, and for its run."""
_LAST_CHANCE = timedelta(hours=2)
"""Before a tip-off: for several runs, each of which a look of the schedule asks for."""
USUAL_TIP_OFF = time(19)
"""US Eastern: the clock that stands in where the schedule has no tip-off times."""


def is_correction(work: Work) -> bool:
    """Whether it only brings up to date what is stored, before today too, whoever asks for it.

    The results of last night, or of one that was open, are none, though of every night something is
    stored before its games.
    """
    is_past = work.is_stored and work.request.first < clock.today()
    return (is_past or _is_correction(work.request)) and not work.brings_results


def _is_correction(request: Request) -> bool:
    """Whether it was worded so; what stored rows are to be made from, as of a new table, comes with it."""
    names = {table.name for table in request.tables}
    return names <= request.only_stored and request.first < clock.today()


def next_tip_off(survey: Survey) -> datetime | None:
    """When the next game of today or tomorrow begins; None where there is none.

    Of a game without a tip-off in the schedule it is USUAL_TIP_OFF, until the game is under way; so it
    is of a date of which the schedule is not stored yet.
    """
    today = clock.today()
    for day in calendar.season_days(today, today + timedelta(days=1)):
        if begins := [at for at in _tip_offs(survey, day) if at > clock.now()]:
            return min(begins)
    return None


def _tip_offs(survey: Survey, day: date) -> list[datetime]:
    usual = datetime.combine(day, USUAL_TIP_OFF, clock.EASTERN)
    if day not in survey.stamps(GAMES):
        return [usual]
    games = survey.warehouse.table(GAMES, day, day)
    games = games.filter(games.status != "postponed").select("status", "tipoff_at")
    # Stored without a zone, in UTC.
    return [
        usual if game["tipoff_at"] is None else game["tipoff_at"].replace(tzinfo=UTC)
        for game in games.to_pyarrow().to_pylist()
        if game["tipoff_at"] or game["status"] == "scheduled"
    ]


def deadline(survey: Survey) -> datetime | None:
    """By when corrections have to be out of the way of the next predictions; None for no game."""
    begins = next_tip_off(survey)
    return begins and begins - _MARGIN


def has_time(works: Sequence[Work], by: datetime | None, engine: sa.Engine) -> bool:
    """Whether the corrections among the works, begun now, would be done by today's deadline.

    Tomorrow's only ends them: what takes longer than a day has to begin some time.
    """
    corrections = [work for work in works if is_correction(work)]
    if not corrections or by is None or not _is_of_today(by):
        return True
    progress = Progress(engine)
    seconds = sum(
        progress.expected({name: len(cells) for name, cells in work.stale.items()})
        for work in corrections
    )
    return clock.now() + timedelta(seconds=seconds) < by


def is_last_chance(survey: Survey) -> bool:
    """Whether today's next game begins so soon that nobody is waited for any more."""
    begins = next_tip_off(survey)
    return begins is not None and _is_of_today(begins) and begins - _LAST_CHANCE <= clock.now()


def _is_of_today(at: datetime) -> bool:
    return at.astimezone(clock.EASTERN).date() == clock.today()


def without_corrections(wish: PendingWork, survey: Survey) -> PendingWork:
    """The wish's own dates and last night's results, whatever else they look back on was corrected."""
    own = (_without(request, survey) for request in wish.requests)
    return PendingWork(tuple(replace(r, bypasses=WITHOUT_CORRECTIONS) for r in own if r))


def _without(request: Request, survey: Survey) -> Request | None:
    """The request but for what it corrects; None where that is all."""
    if not _is_correction(request):
        return request
    tables = tuple(t for t in request.tables if tells_of_its_night(t.name, survey))
    if not tables or request.last < last_night():
        return None
    return replace(request, tables=tables, first=max(request.first, last_night()))
