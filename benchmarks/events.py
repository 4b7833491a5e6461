"""What Dagster's books cost: bytes of log per table and date computed, and its share of the time.

    python benchmarks/events.py [--days 30] [--landing ../shared/data/landing --from D --to D]
        [--phases 2,3,4] [--coordination URL OF AN EMPTY POSTGRES DATABASE]

Backfills a simulated league, or the real dates that are given, into an empty home; then the same
again, when everything is current; then launches the daily tables over the same dates as the UI
does. Prints for each the seconds and what the event log grew by.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from nba_pipeline.coordination.database import connect
from nba_pipeline.league import calendar
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES

PROGRAM = [str(Path(sys.executable).parent / "nba-pipeline")]


def book(places: dict[str, str]) -> tuple[int, int]:
    """The event log's bytes in the database, and those of the events themselves."""
    url = places["NBA_PIPELINE_COORDINATION"]
    size = "SELECT pg_database_size(current_database())"
    if not url.startswith("postgresql"):
        path = Path(places["DAGSTER_HOME"]) / "event_log.db"
        if not path.exists():
            return 0, 0
        url = f"sqlite:///{path}"
        size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    engine = connect(url)
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("event_logs"):
            return 0, 0
        events = connection.scalar(sa.text("SELECT sum(length(event)) FROM event_logs")) or 0
        checks = connection.scalar(
            sa.text("SELECT sum(length(evaluation_event)) FROM asset_check_executions")
        )
        file = connection.scalar(sa.text(size))
    engine.dispose()
    return file, events + (checks or 0)


def timed(title: str, command: list[str], places: dict[str, str], computed: int) -> float:
    """Runs the command; prints its seconds and what it added to the log."""
    file, events = book(places)
    started = time.perf_counter()
    subprocess.run(
        command, env=places, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    seconds = time.perf_counter() - started
    file, events = book(places)[0] - file, book(places)[1] - events
    each = f", {file / computed / 1000:5.1f} KB per table and date" if computed else ""
    print(
        f"{title:<34} {seconds:6.1f} s {file / 1e6:8.2f} MB of log, {events / 1e6:.2f} MB of events{each}"
    )
    return seconds


def main() -> None:
    """All three, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--landing", type=Path)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=date(2023, 10, 24))
    parser.add_argument("--to", dest="last", type=date.fromisoformat)
    parser.add_argument("--phases", default="2,3,4,5")
    parser.add_argument("--coordination", default="")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        landing = (asked.landing or home / "landing").absolute()
        if asked.landing is None:
            write_landing(landing, League(teams=6, days=asked.days, rest=0.0, seed=3))
        last = asked.last or calendar.season_of(asked.first).days()[asked.days - 1]
        places = os.environ | {
            "NBA_PIPELINE_HOME": str(home),
            "NBA_PIPELINE_LANDING": str(landing),
            "DAGSTER_HOME": str(home / "dagster"),
            "NBA_PIPELINE_COORDINATION": asked.coordination or f"sqlite:///{home / 'c.db'}",
        }
        tables = [t for t in TABLES.values() if str(t.phase) in asked.phases.split(",")]
        span = ["--from", str(asked.first), "--to", str(last)]
        span += [word for table in tables for word in ("-t", table.name)]
        computed = sum(len(t.partitions_between(asked.first, last)) for t in tables)
        wall = timed("backfill", [*PROGRAM, "backfill", *span], places, computed)
        told = subprocess.run(
            [*PROGRAM, "progress", "--json"], env=places, check=True, capture_output=True
        )
        inside = sum(step["seconds"] for step in json.loads(told.stdout))
        print(
            f"  outside of the tables            {wall - inside:6.1f} s ({1 - inside / wall:.0%})"
        )
        timed("backfill, all current", [*PROGRAM, "backfill", *span], places, 0)
        timed("status", [*PROGRAM, "status", *span[:4]], places, 0)
        daily = ",".join(table.name for table in tables if table.partitions == "daily")
        launch = [sys.executable, "-m", "dagster", "asset", "materialize", "--select", daily]
        launch += ["-m", "nba_pipeline.definitions", "--partition-range", f"{asked.first}...{last}"]
        timed("launched run, all current", launch, places, 0)


if __name__ == "__main__":
    main()
