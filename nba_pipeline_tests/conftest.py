"""Landing zones and warehouses for the tests: a simulated league, and the real one where it is."""

import gc
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest
from filelock import FileLock

from nba_pipeline.backfill.planner import Request, parts
from nba_pipeline.coordination.database import connect
from nba_pipeline.engine import compiled
from nba_pipeline.engine.bypass import Bypass
from nba_pipeline.engine.compute import Computed, Writer, compute
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.staleness import Survey
from nba_pipeline.league import calendar
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.tables import TABLES
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline_tests import postgres_server, storage_emulator
from nba_pipeline_tests.postgres_server import PostgresServer

# As a run does: expressions are trees of many small objects, which collections only walk.
gc.set_threshold(100_000)

LONGEST = {"replay": 0, "promises": 1}
LEAGUE = League(teams=6, days=45, seed=5)
REAL_LANDING = Path(
    os.environ.get("NBA_PIPELINE_TEST_LANDING", Path(__file__).parents[2] / "shared/data/landing")
)


class Lab:
    """A warehouse and a landing zone, computed without Dagster, as the assets compute."""

    def __init__(
        self, folder: Path, landing: Path, *, token: int = 0, coordination: str = ""
    ) -> None:
        self.folder = folder
        database = coordination or f"sqlite:///{folder / 'coordination.db'}"
        self.warehouse = DeltaWarehouse(folder / "warehouse", connect(database), threads=1)
        self.landing_folder = landing
        self.landing = Landing(str(landing))
        self._token = token

    def compute(
        self,
        tables: Sequence[str],
        first: date,
        last: date,
        *,
        force: bool = False,
        only_stored: Collection[str] = (),
        bypasses: tuple[Bypass, ...] = (),
        run_id: str | None = None,
    ) -> dict[str, Computed]:
        """Computes the tables in the graph's order for the dates."""
        self._token += 1
        name = run_id or f"run-{self._token}"
        writer = Writer(name, self._token, lambda: None, bypasses)
        done = {}
        # As a run does.
        with self.warehouse.snapshot():
            survey = Survey(TABLES, self.warehouse, self.landing)
            for name, table in TABLES.items():
                if name in tables:
                    done[name] = compute(
                        table,
                        table.partitions_between(first, last),
                        survey,
                        writer,
                        force=force,
                        only_stored=name in only_stored,
                    )
        return done

    def request(
        self, tables: Sequence[str], first: date, last: date, bypasses: tuple[Bypass, ...] = ()
    ) -> dict[str, Computed]:
        """The same, with the stored dates that it takes along."""
        request = Request(tuple(TABLES[n] for n in TABLES if n in tables), first, last)
        done: dict[str, Computed] = {}
        for part in parts(request, Survey(TABLES, self.warehouse, self.landing)):
            names = [table.name for table in part.tables]
            done |= self.compute(
                names, part.first, part.last, only_stored=part.only_stored, bypasses=bypasses
            )
        return done

    def rows(self, table: str, **where: object) -> list[dict[str, object]]:
        """The table's rows without run stamps, sorted, as plain values."""
        rows = self.warehouse.table(table)
        for name, value in where.items():
            rows = rows.filter(rows[name] == value)
        rows = rows.drop("run_id", "written_at", *(n for n in ("made_at",) if n in rows.columns))
        return sorted(
            rows.to_pyarrow().to_pylist(),
            key=lambda row: str([row[k] for k in TABLES[table].grain]),
        )


def with_upstream(*names: str) -> list[str]:
    """The tables and everything that they are made from, in the graph's order."""
    wanted = {*names, *(above for name in names for above in TABLES[name].upstream)}
    return [name for name in TABLES if name in wanted]


RAW = with_upstream("data_gaps")
"""The gaps of the raw tables, and every table that they are found in."""
DAILY = [name for name, table in TABLES.items() if table.partitions == "daily"]
FIRST = calendar.season(LEAGUE.season).first
LAST = calendar.season(LEAGUE.season).days()[LEAGUE.days - 1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the folders whose tests take longest, so that no worker is left alone with one."""
    items.sort(key=lambda item: LONGEST.get(item.path.parent.name, len(LONGEST)))


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the workers of one test run share; the first to ask for it makes what is in it."""
    shared = factory.getbasetemp()
    folder = (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared) / name
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            draft = folder.with_name(f"{name}.draft")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            make(draft)
            draft.rename(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled queries are shared by every home and process of the tests, each on one core."""
    folder = made_once(tmp_path_factory, "compiled", lambda _folder: None)
    compiled.keep_in(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBA_PIPELINE_COMPILED", str(folder))
        patch.setenv("NBA_PIPELINE_DUCKDB_THREADS", "1")
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A Postgres server, where one can be started."""
    with postgres_server.started() as server:
        yield server


@pytest.fixture(scope="session")
def _emulated_storage() -> Iterator[None]:
    """Only one in a process: gcsfs goes on asking the one that it met first."""
    with storage_emulator.running():
        yield


@pytest.fixture(scope="module")
def bucket(_emulated_storage: None) -> Iterator[str]:
    """A bucket of an emulated Cloud Storage, where credentials are none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("google.auth.default", lambda *_, **__: (None, storage_emulator.BUCKET))
        yield f"gs://{storage_emulator.BUCKET}"


@pytest.fixture(params=["sqlite", "postgres"])
def coordination(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty coordination database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'coordination.db'}"
    return request.getfixturevalue("postgres").database()


@pytest.fixture(scope="session")
def league_landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated league's landing zone; never written to by a test."""
    return made_once(tmp_path_factory, "league", lambda folder: write_landing(folder, LEAGUE))


@pytest.fixture(scope="module")
def landed(bucket: str, league_landing: Path) -> str:
    """The simulated league's landing zone in an emulated Cloud Storage; never written to by a test."""
    root = Landing(f"{bucket}/landed").root
    root.fs.put(f"{league_landing}/", f"{root.path}/", recursive=True)
    return str(root)


@pytest.fixture(scope="session")
def league(tmp_path_factory: pytest.TempPathFactory, league_landing: Path) -> Lab:
    """The simulated league computed in full; never written to by a test."""
    home = made_once(
        tmp_path_factory,
        "league_computed",
        lambda folder: Lab(folder, league_landing).compute([*TABLES], FIRST, LAST),
    )
    return Lab(home, league_landing)


@pytest.fixture(scope="session")
def real_landing() -> Path:
    """Three real seasons, where they are."""
    if not REAL_LANDING.exists():
        pytest.skip("no real landing zone here")
    return REAL_LANDING


@pytest.fixture(scope="session")
def samples() -> Path:
    """Single files as the sources serve them, where they are."""
    folder = REAL_LANDING.parent / "samples"
    if not folder.exists():
        pytest.skip("no samples of the sources here")
    return folder


REAL_FIRST, REAL_DAY, REAL_LAST = date(2023, 10, 24), date(2024, 1, 15), date(2024, 1, 18)


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory, real_landing: Path) -> Lab:
    """The real 2023-24 season up to REAL_LAST with its models; never written to by a test."""
    home = made_once(
        tmp_path_factory,
        "real_computed",
        lambda folder: Lab(folder, real_landing).compute([*TABLES], REAL_FIRST, REAL_LAST),
    )
    return Lab(home, real_landing)
