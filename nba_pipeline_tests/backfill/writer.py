"""A writer as a process of its own, steered by words: it is raced, killed and stopped by the tests.

Says "ready", starts at the next word, says "committing" before each commit, and ends with a dictionary
that says what it wrote or why it could not. It is forked from a process that has imported all of this
once (FORKS): imports are three quarters of what a writer takes.
"""

import functools
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from multiprocessing.connection import Connection
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


FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", __name__])


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


def run(places: dict[str, str], wish: dict[str, Any], steered: Connection) -> None:
    """One lease, its tables one after the other."""
    os.environ.update(places)
    commit = DeltaWarehouse._commit

    def slow_commit(self: DeltaWarehouse, *arguments: object, **options: object) -> None:
        steered.send("committing")
        time.sleep(random.uniform(0, wish["pause"]))
        commit(self, *arguments, **options)

    DeltaWarehouse._commit = slow_commit  # type: ignore[method-assign]
    tables = [of_version(TABLES[name], wish["version"]) for name in wish["tables"]]
    days = calendar.season_days(*(date.fromisoformat(text) for text in wish["span"]))
    steered.send("ready")
    steered.recv()
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
        steered.send({"error": f"{type(error).__name__}: {error}"})
        sys.exit(1)
    steered.send({"written": written})
