"""Sensors and schedules evaluated in this process on a home of their own, and their runs executed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from nba_pipeline import clock
from nba_pipeline.automation import run_requests, sensors
from nba_pipeline.automation.installation import open_installation
from nba_pipeline.definitions import defs
from nba_pipeline.orchestration.instance import open_instance
from nba_pipeline.orchestration.run_tags import days_of
from nba_pipeline.settings import Settings
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import Lab

SENSORS = {sensor.name: sensor for sensor in defs.sensors or ()}
SCHEDULES = {schedule.name: schedule for schedule in defs.schedules or ()}
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def lived_rows(lab: Lab, table: str, last: date, first: date = date.min) -> list[dict[str, object]]:
    """The table's rows of the dates, but for what says when and by whom one was made, and what was said."""
    volatile = TABLES[table].volatile
    return [
        {name: value for name, value in row.items() if name not in volatile}
        for row in lab.rows(table)
        if row.get("basis") != "made" and first <= row["game_date"] <= last  # type: ignore[operator]
    ]


@dataclass(frozen=True)
class Ran:
    """A run that was asked for: by whom, its tables and dates, and how it ended."""

    by: str
    tables: tuple[str, ...]
    days: tuple[date, ...]
    is_success: bool
    run_id: str
    computed: int


@dataclass
class Unattended:
    """An installation that nobody gives a command."""

    home: Path
    landing: Path
    cursors: dict[str, str | None] = field(default_factory=dict)
    ran: list[Ran] = field(default_factory=list)

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """Dagster's instance of the home."""
        with self._places():
            return open_instance(Settings())

    def look(self, name: str) -> tuple[list[dg.RunRequest], str]:
        """What a sensor or schedule asks for now, and what it says where it asks for nothing."""
        repository = defs.get_repository_def()
        with self._places():
            if name in SENSORS:
                context = dg.build_sensor_context(
                    instance=self.instance,
                    cursor=self.cursors.get(name),
                    repository_def=repository,
                )
                told: Any = SENSORS[name].evaluate_tick(context)
                self.cursors[name] = told.cursor
            else:
                schedule_context = dg.build_schedule_context(
                    instance=self.instance,
                    repository_def=repository,
                    scheduled_execution_time=clock.now(),
                )
                told = SCHEDULES[name].evaluate_tick(schedule_context)
        return list(told.run_requests or []), told.skip_message or ""

    def submitted(self, request: dg.RunRequest) -> dg.DagsterRun:
        """The run, queued as the daemon queues it."""
        job = defs.resolve_implicit_global_asset_job_def()
        with self._places():
            return self.instance.create_run_for_job(
                job,
                run_config=_QUIET,
                tags={**request.tags, "dagster/run_key": request.run_key or ""},
                asset_selection=frozenset(request.asset_selection or ()),
            )

    def executed(self, run: dg.DagsterRun, by: str = "") -> Ran:
        """The run, once it has ended."""
        job = defs.resolve_implicit_global_asset_job_def()
        with self._places():
            result = execute_run(InMemoryJob(job), run, self.instance)
        names = {key.to_user_string() for key in run.asset_selection or ()}
        tables = tuple(name for name in TABLES if name in names)
        computed = sum(
            stamp.run_id == run.run_id
            for name in tables
            for stamp in self.open_installation().warehouse.stamps(name).values()
        )
        days = tuple(days_of(run))
        ended = Ran(by, tables, days, result.success, run.run_id, computed)
        self.ran.append(ended)
        return ended

    def step(self, *names: str) -> list[Ran]:
        """Each looks once, and what it asks for is run before the next one looks."""
        found = []
        for name in names:
            requests, _says = self.look(name)
            found += [self.executed(self.submitted(request), name) for request in requests]
        return found

    def settle(self, *names: str) -> list[Ran]:
        """They look until none of them asks for anything."""
        found: list[Ran] = []
        for _round in range(20):
            ran = self.step(*names)
            if not ran:
                return found
            found += ran
        raise AssertionError(f"it does not come to rest: {found}")

    def restart(self) -> None:
        """What a new process would know: the cursors and the books, and nothing else."""
        run_requests._just_asked.clear()
        sensors._read.clear()
        from nba_pipeline.automation import installation as module  # noqa: PLC0415

        module._KEPT.clear()

    def open_installation(self) -> Any:
        """The installation as sensors see it."""
        with self._places(), open_installation(TABLES) as home:
            return home

    @contextmanager
    def _places(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NBA_PIPELINE_HOME", str(self.home))
            patch.setenv("NBA_PIPELINE_LANDING", str(self.landing))
            patch.setenv("NBA_PIPELINE_LANDING_QUIET_SECONDS", "0")
            patch.setenv("DAGSTER_HOME", str(self.home / "dagster"))
            yield
