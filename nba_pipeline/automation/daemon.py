"""Dagster's daemon, as `python -m dagster._daemon`, whose looks at backfills are as near as sensors'.

A backfill from the UI is several runs, one after the other, and between two of them Dagster waits for
its daemon's next look: half a minute, which no setting of this version shortens.
"""

from dagster._daemon import controller
from dagster._daemon.cli import main

from nba_pipeline.settings import Settings


def look_often() -> None:
    """Makes the daemon of this process look at backfills every sensor_seconds, if that is sooner."""
    usual = controller.DEFAULT_DAEMON_INTERVAL_SECONDS
    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = min(usual, Settings().sensor_seconds)


if __name__ == "__main__":
    look_often()
    main()
