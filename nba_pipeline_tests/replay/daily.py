"""The daily commands as the replay gives them: in this process, or through the program.

The one place of the replay that knows the planner.
"""

import gc
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from nba_pipeline.backfill.planner import Request, groups, in_order, repairs
from nba_pipeline.league import calendar
from nba_pipeline.orchestration.session import RunSession
from nba_pipeline.settings import Settings
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.program import Program


@dataclass
class Done:
    """What a command came to: its runs, the partitions computed, and per table those refused."""

    runs: int = 0
    computed: int = 0
    refused: dict[str, dict[date, str]] = field(default_factory=dict)


class Daily(Protocol):
    """The commands of a day."""

    def predict(self, day: date) -> Done:
        """Before the games."""

    def grade(self, day: date) -> Done:
        """After them."""

    def backfill(self, first: date, last: date) -> Done:
        """Every table over the dates."""

    def repair(self) -> Done:
        """What is affected by what changed, models included."""


class InProcess:
    """The same functions as the program's, without Dagster."""

    def __init__(self, home: Path, landing: Path) -> None:
        self._settings = Settings(home=home, landing=str(landing))

    def open(self, run_id: str = "") -> RunSession:
        """A session as a new process would have it: nothing is remembered."""
        return RunSession(self._settings, run_id, run_id)

    def predict(self, day: date) -> Done:
        """As the command of that name."""
        names = [
            n for n, t in TABLES.items() if t.partitions == "daily" and n != "prediction_accuracy"
        ]
        if calendar.month_of(day) not in self.open().warehouse.stamps("points_model"):
            names.append("points_model")
        return self._run([self._request(names, day, day)])

    def grade(self, day: date) -> Done:
        """As the command of that name."""
        raw = [name for name, table in TABLES.items() if table.phase == 2]
        return self._run([self._request([*raw, "prediction_accuracy"], day, day)])

    def backfill(self, first: date, last: date) -> Done:
        """As the command of that name."""
        return self._run([self._request([], first, last)])

    def repair(self) -> Done:
        """As `repair --retrain`."""
        now = self.open()
        return self._run(repairs(list(TABLES.values()), now.warehouse, now.landing, retrain=True))

    @staticmethod
    def _request(names: Sequence[str], first: date, last: date) -> Request:
        return Request(in_order(TABLES, names, downstream=False), first, last)

    def _run(self, requests: Sequence[Request]) -> Done:
        done = Done()
        # As a run's own session: expressions are trees that all live until the run ends.
        gc.set_threshold(100_000)
        for request in requests:
            for group in groups(request.tables):
                days = group[0].partitions_between(request.first, request.last)
                session = self.open(uuid4().hex[:12])
                done.runs += 1
                with session.lease(group, days, wait=False):
                    for table in group:
                        computed = session.compute(table, days)
                        replaced = computed.replaced
                        done.computed += len(replaced.written) + len(replaced.unchanged)
                        if computed.refused:
                            done.refused.setdefault(table.name, {}).update(computed.refused)
        return done


class ThroughCommands:
    """The program itself, with Dagster."""

    def __init__(self, home: Path, landing: Path) -> None:
        self._program = Program(home, landing)

    def predict(self, day: date) -> Done:
        """`predict`."""
        return self._call("predict", "--date", str(day))

    def grade(self, day: date) -> Done:
        """`grade`."""
        return self._call("grade", "--date", str(day))

    def backfill(self, first: date, last: date) -> Done:
        """`backfill`."""
        return self._call("backfill", "--from", str(first), "--to", str(last))

    def repair(self) -> Done:
        """`repair --retrain`."""
        return self._call("repair", "--retrain")

    def _call(self, *words: str) -> Done:
        """Runs are counted by the leases that the audit knows of."""
        before = self._acquired()
        result = self._program.call(*words)
        assert result.exit_code in (0, 1), result.output
        assert "Traceback" not in result.output, result.output
        refused = {words[0]: {date.min: result.output}} if result.exit_code else {}
        return Done(self._acquired() - before, 0, refused)

    def _acquired(self) -> int:
        lines = self._program.told("audit", "--limit", "100000")
        return sum(line["action"] == "acquired" for line in lines)
