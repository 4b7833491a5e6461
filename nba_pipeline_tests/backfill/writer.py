"""A writer as a process of its own, steered by lines: it is raced, killed and stopped by the tests.

Reads one line of JSON, says "ready", starts at the next line, says "committing" before each commit,
and ends with one line of JSON that says what it wrote or why it could not.
"""

import functools
import json
import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import ibis.expr.types as ir

from nba_pipeline.backfill.leases import BackfillCancelled, LeaseRefused
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.orchestration.session import RunSession
from nba_pipeline.settings import Settings
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline.warehouse.protocol import WriteRefused

MARKED = "overtime_periods"
"""Column of team_offense_game_summary whose value says which version of the code wrote the row."""
NEXT_VERSION = 1 + max(table.version for table in TABLES.values())
"""A version of the code that is newer than every table's."""


def of_version(table: Table, version: int) -> Table:
    """The table as that version of its code would make it."""
    if MARKED not in table.columns:
        return replace(table, version=version)
    transform: Callable[..., ir.Table] = table.transform

    @functools.wraps(transform)
    def marked(**inputs: ir.Table) -> ir.Table:
        return transform(**inputs).mutate(**{MARKED: version})

    # Compiled queries of the project's own functions are kept on disk, and this is none.
    marked.__module__ = __name__
    return replace(table, version=version, transform=marked)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """One lease, its tables one after the other."""
    wish: dict[str, Any] = json.loads(sys.stdin.readline())
    commit = DeltaWarehouse._commit

    def slow_commit(self: DeltaWarehouse, *arguments: object, **options: object) -> None:
        _say("committing")
        time.sleep(random.uniform(0, wish["pause"]))
        commit(self, *arguments, **options)

    DeltaWarehouse._commit = slow_commit  # type: ignore[method-assign]
    tables = [of_version(TABLES[name], wish["version"]) for name in wish["tables"]]
    days = calendar.season_days(*(date.fromisoformat(text) for text in wish["span"]))
    _say("ready")
    sys.stdin.readline()
    time.sleep(wish.get("delay", 0))
    session = RunSession(
        Settings(),
        wish["run"],
        wish["run"],
        tables=TABLES | {table.name: table for table in tables},
        force=wish.get("force", True),
    )
    try:
        with session.lease(tables, days, wait=wish["wait"]):
            written = {t.name: len(session.compute(t, days).replaced.written) for t in tables}
    except (LeaseRefused, WriteRefused, BackfillCancelled) as error:
        _say(json.dumps({"error": f"{type(error).__name__}: {error}"}))
        sys.exit(1)
    _say(json.dumps({"written": written}))


if __name__ == "__main__":
    main()
