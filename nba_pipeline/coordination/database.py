"""The coordination database: leases, audit, progress and the index of stamps share it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

_BUSY_SECONDS = 60
_LOCK_NUMBER = 7_203_544_821


def connect(url: str) -> sa.Engine:
    """An engine for the URL; makes the folder of a SQLite file.

    Args:
        url: SQLAlchemy URL; SQLite and Postgres are supported.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: object, _record: object) -> None:
        # With a write-ahead log a lost machine may lose the last lines, never the file.
        connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]
        connection.execute("PRAGMA synchronous=NORMAL")  # type: ignore[attr-defined]

    return engine


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Holds back an interrupt until left.

    An interrupt inside a statement leaves its cursor, and with it SQLite's lock, to whoever keeps
    the traceback; who then wants to say that he was interrupted waits for himself.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def begin(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that no interrupt breaks."""
    with uninterrupted(), engine.begin() as connection:
        yield connection


def create_tables(engine: sa.Engine, metadata: sa.MetaData) -> None:
    """Makes the tables that are not there yet; one process at a time, as many may start at once."""
    if set(metadata.tables) <= set(sa.inspect(engine).get_table_names()):
        return
    with begin(engine) as connection:
        lock(connection)
        metadata.create_all(connection)


def lock(connection: sa.Connection) -> None:
    """Makes this transaction the only writer, so that what it reads stays true; comes first in it.

    SQLite takes its write lock; Postgres an advisory lock that ends with the transaction.
    """
    if connection.engine.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_NUMBER)))
