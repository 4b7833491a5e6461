"""The daily commands as the replay gives them: in this process, or through the program.

The one place of the replay that knows the planner.
"""

import gc
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from nba_pipeline.backfill.planner import (
    Request,
    grading,
    groups,
    in_order,
    parts,
    predicting,
    repairs,
    stale_in,
)
from nba_pipeline.kernel.table import Table
from nba_pipeline.orchestration.run_tags import days_between
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

    def _open(self, run_id: str = "", *, only_stored: Collection[str] = ()) -> RunSession:
        """A session as a new process would have it: nothing is remembered."""
        return RunSession(self._settings, run_id, run_id, tables=TABLES, only_stored=only_stored)

    def predict(self, day: date) -> Done:
        """As the command of that name."""
        return self._run(self._request(predicting(self._open().survey(), day), day, day))

    def grade(self, day: date) -> Done:
        """As the command of that name."""
        return self._run(self._request(grading(self._open().survey(), day), day, day))

    def backfill(self, first: date, last: date) -> Done:
        """As the command of that name."""
        return self._run(self._request([], first, last))

    def repair(self) -> Done:
        """As `repair --retrain`."""
        request = repairs(list(TABLES.values()), self._open().survey(), retrain=True)
        return self._run(request) if request else Done()

    @staticmethod
    def _request(names: Sequence[str], first: date, last: date) -> Request:
        return Request(in_order(TABLES, names, downstream=False), first, last)

    def _run(self, request: Request) -> Done:
        """The request and what it takes along."""
        # As a run's own session: expressions are trees that all live until the run ends.
        gc.set_threshold(100_000)
        done = Done()
        for part in parts(request, self._open().survey()):
            for group in groups(part.tables):
                self._run_group(part, group, done)
        return done

    def _run_group(self, request: Request, group: Sequence[Table], done: Done) -> None:
        session = self._open(uuid4().hex[:12], only_stored=request.only_stored)
        stale = stale_in(group, request, session.survey())
        if not stale:
            return
        days = days_between(stale[0], stale[-1])
        done.runs += 1
        with session.lease(group, days, wait=False):
            for table in group:
                computed = session.compute(table, days)
                replaced = computed.replaced
                done.computed += len(replaced.written) + len(replaced.unchanged)
                if computed.refused:
                    done.refused.setdefault(table.name, {}).update(computed.refused)


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
