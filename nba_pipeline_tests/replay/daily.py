"""The daily commands as the replay gives them: in this process, or through the program.

The one place of the replay that knows the planner.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from nba_pipeline.backfill.planner import Request, groups, in_order, repairs
from nba_pipeline.cli.main import app
from nba_pipeline.league import calendar
from nba_pipeline.orchestration.session import RunSession
from nba_pipeline.settings import Settings
from nba_pipeline.tables import TABLES


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
        self._places = {
            "NBA_PIPELINE_HOME": str(home),
            "NBA_PIPELINE_LANDING": str(landing),
            "DAGSTER_HOME": str(home / "dagster"),
        }

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
        """What the program wrote is read from its own books."""
        before = self._audited()
        code, said = self._invoke(*words)
        assert code in (0, 1), said
        assert "Traceback" not in said, said
        runs = self._audited() - before
        refused = {"refused": {date.min: said}} if code else {}
        return Done(runs, 0, refused)

    def _audited(self) -> int:
        code, said = self._invoke("audit", "--limit", "100000", "--json")
        assert code == 0, said
        return sum(line["action"] == "acquired" for line in _json(said))

    def _invoke(self, *words: str) -> tuple[int, str]:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._places.items():
                patch.setenv(name, value)
            result = CliRunner().invoke(app, list(words))
        return result.exit_code, result.stdout if "--json" in words else result.output


def _json(text: str) -> list[Mapping[str, object]]:
    return json.loads(text)
