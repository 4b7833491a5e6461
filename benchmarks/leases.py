"""What leases cost: their share of a real backfill, and how they answer over a long history.

    python benchmarks/leases.py --landing ../shared/data/landing

Backfills two real months in this process and adds up the time spent in every call of Leases; then
fills a coordination database with 100,000 leases of the past and times each call among them.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import sqlalchemy as sa

CALLS = ("acquire", "heartbeat", "verify", "release", "is_cancelled", "active")
HISTORY = 100_000
ROUNDS = 20


def share(landing: Path, folder: Path) -> None:
    """Prints the leases' seconds and share of a backfill of 2023-11 and 2023-12."""
    os.environ |= {"NBA_PIPELINE_HOME": str(folder), "NBA_PIPELINE_LANDING": str(landing)}
    os.environ.pop("DAGSTER_HOME", None)
    # After the environment is set: the run's session reads it.
    from nba_pipeline.backfill.leases import Leases
    from nba_pipeline.backfill.planner import Request
    from nba_pipeline.cli.installation import open_installation
    from nba_pipeline.definitions import defs
    from nba_pipeline.orchestration.runner import run
    from nba_pipeline.tables import TABLES

    spent: dict[str, float] = dict.fromkeys(CALLS, 0.0)
    counted: dict[str, int] = dict.fromkeys(CALLS, 0)

    def timed(name: str, call: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*arguments: object, **options: object) -> object:
            started = time.perf_counter()
            try:
                return call(*arguments, **options)
            finally:
                spent[name] += time.perf_counter() - started
                counted[name] += 1

        return wrapped

    plain = {name: getattr(Leases, name) for name in CALLS}
    for name, call in plain.items():
        setattr(Leases, name, timed(name, call))
    home = open_installation()
    request = Request(tuple(TABLES.values()), date(2023, 10, 24), date(2023, 12, 31))
    started = time.perf_counter()
    failures = list(
        run(
            request,
            home.session,
            defs.resolve_implicit_global_asset_job_def,
            lambda: home.instance,
        )
    )
    seconds = time.perf_counter() - started
    for name, call in plain.items():
        setattr(Leases, name, call)
    assert not failures, failures
    for name in CALLS:
        print(f"{name:<14} {counted[name]:5d} calls {spent[name]:7.3f} s")
    total = sum(spent.values())
    print(f"leases {total:.3f} s of a backfill of {seconds:.1f} s: {total / seconds:.2%}")


def history(folder: Path) -> None:
    """Prints what each call takes among 100,000 ended leases."""
    from nba_pipeline.backfill.lease_rows import CLAIMS, LEASES, Claim, Holder
    from nba_pipeline.backfill.leases import Leases
    from nba_pipeline.coordination.database import connect

    engine = connect(f"sqlite:///{folder / 'history.db'}")
    leases = Leases(engine, 60, lambda _table: None)
    past = [
        {
            "id": number,
            "token": number,
            "run_id": f"run-{number}",
            "backfill_id": f"backfill-{number // 3}",
            "purpose": "the past",
            "host": "elsewhere",
            "pid": 1,
            "process_started": 0.0,
            "state": "released",
            "requested_at": float(number),
            "heartbeat_at": float(number),
            "expires_at": float(number),
        }
        for number in range(1, HISTORY + 1)
    ]
    claims = [
        {
            "lease_id": line["id"],
            "table_name": "player_game_summary",
            "access": "write",
            "first_date": "2023-10-24",
            "last_date": "2024-04-14",
        }
        for line in past
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(LEASES), past)
        connection.execute(sa.insert(CLAIMS), claims)
    taken: dict[str, list[float]] = {}

    def timed(name: str, call: Callable[[], object]) -> object:
        started = time.perf_counter()
        answer = call()
        taken.setdefault(name, []).append(time.perf_counter() - started)
        return answer

    claim = [Claim("player_game_summary", date(2023, 10, 24), date(2024, 4, 14))]
    for number in range(ROUNDS):
        holder = Holder.here(f"now-{number}", f"now-{number}")
        lease_id = timed(
            "acquire", lambda: leases.acquire(holder, claim, [], purpose="x", wait=False)[0]
        )
        timed("verify", lambda: leases.verify(lease_id))
        timed("heartbeat", lambda: leases.heartbeat(lease_id))
        timed("is_cancelled", lambda: leases.is_cancelled("now"))
        timed("active", leases.active)
        timed("release", lambda: leases.release(lease_id))
    for name, values in taken.items():
        middle = sorted(values)[len(values) // 2]
        print(f"among {HISTORY} leases: {name:<14} {middle * 1000:6.2f} ms")


def main() -> None:
    """Both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landing", type=Path, default=Path("../shared/data/landing"))
    landing = parser.parse_args().landing.absolute()
    with tempfile.TemporaryDirectory() as folder:
        share(landing, Path(folder) / "home")
        history(Path(folder))


if __name__ == "__main__":
    main()
