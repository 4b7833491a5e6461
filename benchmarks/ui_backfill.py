"""What a person waits for who backfills some days of all tables in Dagster's UI.

    python benchmarks/ui_backfill.py --home .nba_pipeline --landing ../shared/data/landing

Of a home that is not there it says so.

Copies a home that has what the days look back on, and with --force the days themselves, starts
`nba-pipeline ui` on the copy, asks for a backfill as the UI's dialog does, and prints the seconds until
the daemon says that it is done, with what its runs took. The sensors are switched off, since they would
do by themselves what is missing. With --force each date is computed again, and models are trained again.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from nba_pipeline.automation.sensors import LANDING, REPAIR
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.dagster_client import DagsterClient, free_port, until

PROGRAM = Path(sys.executable).parent / "nba-pipeline"
_LAUNCH = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_BACKFILL = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill { status } } }"""
_RUNS = """query($tags: [ExecutionTag!]) { runsOrError(filter: {tags: $tags}) { ... on Runs {
  results { runId status startTime endTime } } } }"""
_ENDED = {"COMPLETED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"}
_LONGEST_SECONDS = 600


def backfilled(client: DagsterClient, days: list[date], *, is_forced: bool) -> None:
    """Asks for the days of all tables, waits for the end, and prints what it took."""
    began = time.perf_counter()
    told = client.ask(
        _LAUNCH,
        p={
            "assetSelection": [{"path": [name]} for name in TABLES],
            "partitionNames": [str(day) for day in days],
            "fromFailure": False,
            "tags": [{"key": "nba_pipeline/force", "value": str(is_forced).lower()}],
        },
    )["launchPartitionBackfill"]
    if "backfillId" not in told:
        raise SystemExit(str(told))

    def status() -> str:
        answer = client.ask(_BACKFILL, id=told["backfillId"])
        return str(answer["partitionBackfillOrError"]["status"])

    until(lambda: status() in _ENDED, _LONGEST_SECONDS)
    print(f"{len(days)} days of all tables: {time.perf_counter() - began:.1f} s, {status()}")
    tag = {"key": "dagster/backfill", "value": told["backfillId"]}
    runs = client.ask(_RUNS, tags=[tag])["runsOrError"]["results"]
    for run in sorted(runs, key=lambda run: run["startTime"] or 0):
        print(f"  run {run['runId'][:8]} {run['status']} {run['endTime'] - run['startTime']:.1f} s")


def main() -> None:
    """A home's copy, its UI, and one backfill."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, default=Path(".nba_pipeline"))
    parser.add_argument("--landing", type=Path, default=Path("../shared/data/landing"))
    parser.add_argument("--first", type=date.fromisoformat, default=date(2024, 3, 5))
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--force", action="store_true")
    asked = parser.parse_args()
    if not asked.home.exists():
        print(f"{asked.home} is no home: nba-pipeline backfill makes one of what has landed")
        return
    days = [asked.first + timedelta(days=number) for number in range(asked.days)]
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        home = shutil.copytree(asked.home, Path(folder) / "home")
        places = os.environ | {
            "NBA_PIPELINE_HOME": str(home),
            "NBA_PIPELINE_LANDING": str(asked.landing.absolute()),
        }
        places["DAGSTER_HOME"] = str(home / "dagster")
        for sensor in (LANDING, REPAIR):
            stop = ["-m", "dagster", "sensor", "stop", sensor, "-m", "nba_pipeline.definitions"]
            subprocess.run([sys.executable, *stop], env=places, check=True, capture_output=True)
        served = subprocess.Popen(
            [str(PROGRAM), "ui", "--port", str(port)],
            env=places,
            stdout=(Path(folder) / "ui.log").open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            client = DagsterClient(port)
            until(lambda: bool(client.locations()), 120)
            backfilled(client, days, is_forced=asked.force)
        finally:
            os.killpg(served.pid, signal.SIGKILL)
            served.wait()


if __name__ == "__main__":
    main()
