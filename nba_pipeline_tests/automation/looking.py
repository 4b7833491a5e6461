"""Sensors that look at a lab, and runs that come to what the test says, without executing them."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.test_utils import create_run_for_test
from dagster._core.utils import make_new_run_id
from dagster._utils.error import SerializableErrorInfo

from nba_pipeline.automation import run_requests, sensors
from nba_pipeline.automation.installation import OpenInstallation
from nba_pipeline.automation.schedules import look_by_schedule
from nba_pipeline.backfill.leases import Leases
from nba_pipeline.coordination.database import connect
from nba_pipeline.engine import compute
from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.kernel.table import Table
from nba_pipeline.orchestration.run_tags import days_of
from nba_pipeline.settings import Settings
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.conftest import Lab

_START, _END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


class Looking:
    """A lab's landing zone and warehouse, a cursor, and Dagster's books in memory."""

    def __init__(self, folder: Path, landing: Path, tables: Any = TABLES) -> None:
        self.folder, self.landing, self.tables = folder, landing, tables
        self.cursors: dict[str, str | None] = {}
        self.instance = dg.DagsterInstance.ephemeral()
        self.lab = Lab(folder, landing)
        self.restart()

    def _open(self) -> OpenInstallation:
        settings = Settings(
            home=self.folder, landing=str(self.landing), landing_quiet_seconds=0, retry_minutes="5"
        )
        engine = connect(f"sqlite:///{self.folder / 'coordination.db'}")
        leases = Leases(engine, 60, self.lab.warehouse.advance)
        lab = self.lab
        return OpenInstallation(settings, self.tables, engine, lab.warehouse, lab.landing, leases)

    def restart(self) -> None:
        """A new process: what is in memory is gone."""
        token = self.lab._token
        run_requests._just_asked.clear()
        sensors._read.clear()
        self.lab = Lab(self.folder, self.landing, token=token)
        self.home = self._open()
        self.says = ""

    def look(self, name: str = sensors.LANDING) -> list[dg.RunRequest]:
        """What the sensor asks for."""
        if name in (sensors.LANDING, sensors.REPAIR):
            asks = sensors.look_at_landing if name == sensors.LANDING else sensors.look_for_repairs
            told = asks(self.home, self.cursors.get(name), self.instance)
            self.cursors[name] = told.cursor
            self.says = told.skip_reason.skip_message if told.skip_reason else ""
            return list(told.run_requests or [])
        decision = look_by_schedule(name, self.home, self.instance)
        self.says = "" if decision.asked else decision.says
        return list(decision.asked)

    def run_of(
        self, request: dg.RunRequest, status: dg.DagsterRunStatus, run_id: str | None = None
    ) -> dg.DagsterRun:
        """The request's run in Dagster's books."""
        return create_run_for_test(
            self.instance,
            run_id=run_id,
            tags=dict(request.tags),
            asset_selection=frozenset(request.asset_selection or ()),
            status=status,
        )

    def failed(
        self, request: dg.RunRequest, cls_name: str, step: str = "x", run_id: str | None = None
    ) -> float:
        """Books that the request's run has failed with an error of that class; when it ended."""
        run = self.run_of(request, dg.DagsterRunStatus.STARTED, run_id)
        error = SerializableErrorInfo(cls_name, [], cls_name)
        wrapped = SerializableErrorInfo("wraps", [], "DagsterExecutionStepExecutionError", error)
        self.instance.report_run_failed(run, "failed")
        event = dg.DagsterEvent(
            "STEP_FAILURE",
            "job",
            step_key=step,
            event_specific_data=StepFailureData(error=wrapped, user_failure_data=None),
        )
        self.instance.report_dagster_event(event, run.run_id)
        record = self.instance.get_run_records(dg.RunsFilter(run_ids=[run.run_id]))[0]
        return record.end_time or 0.0

    def carry_out(self, request: dg.RunRequest, run_id: str | None = None) -> dict[str, Any]:
        """Computes what was asked for and books its success; what computing it came to."""
        first, last = (date.fromisoformat(request.tags[name]) for name in (_START, _END))
        names = tables(request)
        if all(TABLES[name].partitions == "monthly" for name in names):
            # A month's key is its first day, which may be before the season's.
            last = (last + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        stored = request.tags["nba_pipeline/only_stored"].split(",")
        reason = request.tags.get("nba_pipeline/bypass_reason", "")
        named = request.tags.get("nba_pipeline/bypass", "").split(",")
        bypasses = tuple(Bypass(name, reason) for name in named if name)
        done = self.lab.compute(
            names, first, last, only_stored=stored, bypasses=bypasses, run_id=run_id
        )
        self.run_of(request, dg.DagsterRunStatus.SUCCESS, run_id)
        return done

    def breaks(self, request: dg.RunRequest, at: str, error: Exception) -> float:
        """Computes what was asked for up to that table's error, and books it; when it ended."""
        read, run_id = compute.read_inputs, make_new_run_id()

        def broken(table: Table, *args: Any) -> Any:
            if table.name == at:
                raise error
            return read(table, *args)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compute, "read_inputs", broken)
            with pytest.raises(type(error)):
                self.carry_out(request, run_id)
        return self.failed(request, type(error).__name__, at, run_id)

    def settle(self, *names: str) -> list[tuple[str, dg.RunRequest, dict[str, Any]]]:
        """They look, and what the first asks for is carried out, until none asks for anything."""
        found: list[tuple[str, dg.RunRequest, dict[str, Any]]] = []
        for _round in range(30):
            for name in names:
                if requests := self.look(name):
                    found += [(name, each, self.carry_out(each)) for each in requests]
                    break
            else:
                return found
        raise AssertionError(f"it does not come to rest: {found}")


def days(request: dg.RunRequest) -> list[date]:
    """The request's dates."""
    return days_of(dg.DagsterRun(job_name="x", tags=dict(request.tags)))


def tables(request: dg.RunRequest) -> list[str]:
    """The request's tables, in the graph's order."""
    names = {key.to_user_string() for key in request.asset_selection or ()}
    return [name for name in TABLES if name in names]


def rewritten(path: Path, change: Callable[[Any], None]) -> None:
    """Changes a JSON file in place."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def lines_of(document: Any) -> list[dict[str, Any]]:
    """A game log's lines under their headers."""
    result = document["resultSets"][0]
    return [dict(zip(result["headers"], line, strict=True)) for line in result["rowSet"]]


def one_rebound_more(day: date) -> Callable[[Any], None]:
    """A change of a game log: the day's first line has another rebound."""

    def change(document: Any) -> None:
        result = document["resultSets"][0]
        found = lines_of(document)
        place = next(n for n, line in enumerate(found) if line["GAME_DATE"] == str(day))
        for name in ("DREB", "REB"):
            result["rowSet"][place][result["headers"].index(name)] += 1

    return change
