"""How often Dagster's daemon looks at backfills when this program starts it."""

import logging
import threading

import pytest
from dagster._daemon import backfill, controller

from nba_pipeline.automation.daemon import look_often
from nba_pipeline.settings import Settings


class _Waits(threading.Event):
    """Notes what is waited for, and waits for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return True


def test_backfills_are_looked_at_as_often_as_sensors_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two looks of Dagster's own loop, and what it waits for after each."""
    monkeypatch.setattr(controller, "DEFAULT_DAEMON_INTERVAL_SECONDS", 30)
    monkeypatch.setattr(backfill, "execute_backfill_iteration", lambda *_, **__: iter(()))
    monkeypatch.setenv("NBA_PIPELINE_SENSOR_SECONDS", "7")
    waits = _Waits()
    look_often()
    loop = backfill.execute_backfill_iteration_loop(None, logging.getLogger(), waits)  # type: ignore[arg-type]
    while len(waits.seconds) < 2:
        next(loop)
    assert Settings().sensor_seconds == 7
    # Who lets the sensors look seldom does not wait longer than Dagster itself would have him.
    monkeypatch.setenv("NBA_PIPELINE_SENSOR_SECONDS", "300")
    monkeypatch.setattr(controller, "DEFAULT_DAEMON_INTERVAL_SECONDS", 30)
    look_often()
    assert controller.DEFAULT_DAEMON_INTERVAL_SECONDS == 30
    assert all(6 < seconds <= 7 for seconds in waits.seconds)
