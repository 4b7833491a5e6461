"""Tonight first: what a run that began now would still be at when the first game begins waits.

A correction of old data makes every later date stale, and with them today's predictions. Where there
is no time to carry it all the way before the first tip-off, today's are made without it, under a
recorded bypass of what it makes stale, and it comes once the games have begun.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

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
"""Before the first tip-off, for the predictions' own run."""
_REASON = "tonight first: what was corrected takes longer than there is until the first game"


def first_tip_off(survey: Survey, today: date) -> datetime | None:
    """When the first of today's games begins, as far as it is known; None where there is none."""
    if today not in survey.stamps(_GAMES):
        return None
    games = survey.warehouse.table(_GAMES, today, today)
    begins = games.tipoff_at.min().to_pyarrow().as_py()
    # Stored without a zone, in UTC.
    return begins if begins is None or begins.tzinfo else begins.replace(tzinfo=UTC)


def has_time(works: Sequence[Work], survey: Survey, engine: sa.Engine) -> bool:
    """Whether the works, begun now, would be done before the first game; so after it has begun."""
    begins = first_tip_off(survey, clock.today())
    if begins is None or clock.now() >= begins:
        return True
    progress = Progress(engine)
    seconds = sum(
        progress.expected({name: len(cells) for name, cells in work.stale.items()})
        for work in works
    )
    return clock.now() + timedelta(seconds=seconds) < begins - _MARGIN


def without_corrections(wish: PendingWork, today: date) -> PendingWork:
    """The wish's own date alone, whatever of what it looks back on has been corrected since."""
    own = [request for request in wish.requests if request.first == request.last == today]
    bypass = Bypass(UPSTREAM_STALE, _REASON)
    return PendingWork(tuple(replace(request, bypasses=(bypass,)) for request in own))
