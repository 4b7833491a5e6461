"""Which alerts have been told, by their keys.

What has been told is not told again for hours, however often it is found; what goes away and comes
back later is.
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
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("told_at", sa.Float, nullable=False),
)


def untold(engine: sa.Engine, found: Sequence[Alert], hours: float) -> list[Alert]:
    """Those of the alerts that were not told within the last hours."""
    create_tables(engine, METADATA)
    since = clock.now().timestamp() - hours * 3600
    with engine.connect() as connection:
        told = set(connection.scalars(sa.select(_SENT.c.key).where(_SENT.c.told_at > since)))
    return [alert for alert in found if alert.key not in told]


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
    """Forgets that alerts were told which are no longer found: when they come back they are new."""
    create_tables(engine, METADATA)
    before = clock.now().timestamp() - _GONE_SECONDS
    keys = [alert.key for alert in found]
    with begin(engine) as connection:
        connection.execute(
            sa.delete(_SENT).where(_SENT.c.told_at < before, _SENT.c.key.not_in(keys))
        )
