"""Tonight first: what a run that began now would still be at when the next game begins waits.

A correction of old data makes every later date stale, and with them today's predictions. Where there
is no time to carry it all the way before the next tip-off, today's are made without it, under a
recorded bypass of what it makes stale, and it comes once the games have begun. A run that was begun on
too low an estimate begins no further table then.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from nba_pipeline import clock
from nba_pipeline.automation.pending import PendingWork
from nba_pipeline.automation.work import Work
from nba_pipeline.backfill.progress import Progress
from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.engine.preconditions import UPSTREAM_STALE
from nba_pipeline.engine.staleness import Survey

_GAMES = "nbac_schedule"
_MARGIN = timedelta(minutes=10)
"""Before a tip-off, for the predictions' own run."""
USUAL_TIP_OFF = time(19)
"""US Eastern: the clock that stands in where the schedule has no tip-off times."""
_REASON = "tonight first: what was corrected takes longer than there is until the next game"


def next_tip_off(survey: Survey, today: date) -> datetime | None:
    """When the next of today's games begins; None where none is left.

    Of a game without a tip-off in the schedule it is USUAL_TIP_OFF, until the game is under way.
    """
    if today not in survey.stamps(_GAMES):
        return None
    games = survey.warehouse.table(_GAMES, today, today)
    games = games.filter(games.status != "postponed")
    usual = datetime.combine(today, USUAL_TIP_OFF, clock.EASTERN)
    # Stored without a zone, in UTC.
    begins = [
        usual if game["tipoff_at"] is None else game["tipoff_at"].replace(tzinfo=UTC)
        for game in games.select("status", "tipoff_at").to_pyarrow().to_pylist()
        if game["tipoff_at"] or game["status"] == "scheduled"
    ]
    return min((at for at in begins if at > clock.now()), default=None)


def deadline(survey: Survey) -> datetime | None:
    """By when what may wait has to be out of the way of tonight's predictions; None for no game."""
    begins = next_tip_off(survey, clock.today())
    return begins and begins - _MARGIN


def has_time(works: Sequence[Work], by: datetime | None, engine: sa.Engine) -> bool:
    """Whether the works, begun now, would be done by the deadline; so where there is none."""
    if by is None:
        return True
    progress = Progress(engine)
    seconds = sum(
        progress.expected({name: len(cells) for name, cells in work.stale.items()})
        for work in works
    )
    return clock.now() + timedelta(seconds=seconds) < by


def without_corrections(wish: PendingWork, today: date) -> PendingWork:
    """The wish's own date alone, whatever of what it looks back on has been corrected since."""
    own = [request for request in wish.requests if request.first == request.last == today]
    bypass = Bypass(UPSTREAM_STALE, _REASON)
    return PendingWork(tuple(replace(request, bypasses=(bypass,)) for request in own))
