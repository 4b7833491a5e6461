"""The program's daemon, whose schedules look every few seconds instead of once a minute.

Dagster sleeps until the next minute begins, however far the clock is moved meanwhile.
"""

from dagster._daemon.cli import main
from dagster._scheduler import scheduler

from nba_pipeline.automation.daemon import look_often

_LOOKS_EVERY_SECONDS = 2

if __name__ == "__main__":
    scheduler._get_next_scheduler_iteration_time = lambda began: began + _LOOKS_EVERY_SECONDS
    look_often()
    main()
