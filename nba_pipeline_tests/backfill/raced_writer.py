"""A process that takes a lease, writes and lets it go, once for each line that it is told.

Its arguments are the folder of the tables and the coordination database. A line is JSON: mark,
version, wait, pause, and the first and last day; the answer is what it wrote, or why it could not.
"""

import json
import sys
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nba_pipeline.backfill.lease_rows import Claim, Holder
from nba_pipeline.backfill.leases import LeaseLost, LeaseRefused, Leases
from nba_pipeline.coordination.database import connect
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline.warehouse.protocol import LostLease, WriteRefused
from nba_pipeline_tests.backfill.simulated_writers import Run, replace

TABLE = "scores"


def main() -> None:
    """Answers until its input ends."""
    folder, database = sys.argv[1:]
    engine = connect(database)
    warehouse = DeltaWarehouse(Path(folder), engine)
    leases = Leases(engine, 60, warehouse.advance)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_write(json.loads(line), warehouse, leases)) + "\n")
        sys.stdout.flush()


def _write(wish: dict[str, Any], warehouse: DeltaWarehouse, leases: Leases) -> dict[str, str]:
    claim = Claim(TABLE, date.fromisoformat(wish["first"]), date.fromisoformat(wish["last"]))
    name = f"run-{wish['mark']}"
    process = SimpleNamespace(warehouse=warehouse)
    run = Run(wish["mark"], "write", process, wish["version"], True, True, (claim,), ())
    holder = Holder.here(name, name)
    try:
        grant = leases.acquire(holder, [claim], [], purpose="a race", wait=wish["wait"])
    except LeaseRefused as error:
        return {"error": f"LeaseRefused: {error}"}
    run.token = grant.token

    def fence() -> None:
        try:
            leases.verify(grant.id)
        except LeaseLost as error:
            raise LostLease(str(error)) from error

    time.sleep(wish["pause"])
    try:
        replace(run, TABLE, fence)
    except WriteRefused as error:
        return {"error": f"{type(error).__name__}: {error}"}
    finally:
        leases.release(grant.id)
    return {"written": name}


if __name__ == "__main__":
    main()
