"""Which alerts have been told, by their keys.

What lasts is told again after hours, what has happened is not. What goes away is remembered for an
hour: what comes back after that is new.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from nba_pipeline import clock
from nba_pipeline.automation.alert import Alert
from nba_pipeline.backfill.audit import METADATA
from nba_pipeline.coordination.database import begin, create_tables

_GONE_SECONDS = 3600
"""So long what was told and is gone is remembered: what comes and goes is not told each time."""
_SENT = sa.Table(
    "alerts_sent",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("told_at", sa.Float, nullable=False),
    sa.Column("gone_at", sa.Float),
)


def make_sure(engine: sa.Engine) -> None:
    """Makes the book of alerts where there is none; once before the others are asked."""
    create_tables(engine, METADATA)


def untold(engine: sa.Engine, found: Sequence[Alert], hours: float) -> list[Alert]:
    """Those of the alerts that were not told, or last and were not told within the last hours."""
    since = clock.now().timestamp() - hours * 3600
    with engine.connect() as connection:
        told = {row.key: row.told_at for row in connection.execute(sa.select(_SENT))}
    return [
        alert
        for alert in found
        if not alert.is_told
        and (alert.key not in told or (told[alert.key] <= since and not alert.has_happened))
    ]


def note_told(engine: sa.Engine, found: Sequence[Alert]) -> None:
    """Notes that the alerts have been told."""
    if not found:
        return
    now = clock.now().timestamp()
    keys = [alert.key for alert in found]
    with begin(engine) as connection:
        connection.execute(sa.delete(_SENT).where(_SENT.c.key.in_(keys)))
        connection.execute(sa.insert(_SENT), [{"key": key, "told_at": now} for key in keys])


def forget_gone(engine: sa.Engine, found: Sequence[Alert]) -> None:
    """Forgets the alerts told that had been gone for an hour: when they come back they are new."""
    now = clock.now().timestamp()
    is_found = _SENT.c.key.in_([alert.key for alert in found])
    with begin(engine) as connection:
        connection.execute(sa.delete(_SENT).where(_SENT.c.gone_at < now - _GONE_SECONDS))
        connection.execute(sa.update(_SENT).where(is_found).values(gone_at=None))
        newly = sa.and_(~is_found, _SENT.c.gone_at.is_(None))
        connection.execute(sa.update(_SENT).where(newly).values(gone_at=now))
