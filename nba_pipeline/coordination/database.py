"""The coordination database: leases, audit, progress and the index of stamps share it."""

import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from nba_pipeline.errors import WrongRequest

_BUSY_SECONDS = 60
_CONNECT_SECONDS = 10
_LOCK_NUMBER = 7_203_544_821
_ATTEMPTS, _PAUSE_SECONDS = 4, 0.5
Answer = TypeVar("Answer")
HICCUPS = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.TimeoutError,
    # What Postgres says to a process that was stopped inside a transaction, once it goes on.
    sa.exc.InternalError,
)
"""What is raised where the database does not answer, though it may at the next attempt."""


class _Now(sa.sql.functions.FunctionElement[float]):
    """Seconds since 1970 by the database's clock: hosts' clocks differ, and jump."""

    type = sa.Float()
    inherit_cache = True


@compiles(_Now, "sqlite")
def _now_of_sqlite(_element: _Now, _compiler: object, **_options: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(_Now, "postgresql")
def _now_of_postgres(_element: _Now, _compiler: object, **_options: object) -> str:
    # Unlike now(), which stands still within a transaction that waited for its lock.
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


NOW = _Now()


def connect(url: str, stopped_seconds: float = 60.0) -> sa.Engine:
    """An engine for the URL; makes the folder of a SQLite file.

    Args:
        url: SQLAlchemy URL of SQLite or Postgres.
        stopped_seconds: how long a process that was stopped inside a transaction keeps others from
            what it has locked. Postgres ends its session then; SQLite cannot.

    Raises:
        WrongRequest: the URL is none, or its database is another or lacks its driver.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise WrongRequest("NBA_PIPELINE_COORDINATION is no SQLAlchemy URL") from error
    if parsed.get_backend_name() == "postgresql":
        return _connect_to_postgres(parsed, stopped_seconds)
    if parsed.get_backend_name() != "sqlite":
        raise WrongRequest(
            f"NBA_PIPELINE_COORDINATION names {parsed.get_backend_name()}: "
            "expected sqlite:///<file> or postgresql://<user>:<password>@<host>/<database>"
        )
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: object, _record: object) -> None:
        # With a write-ahead log a lost machine may lose the last lines, never the file. Of two who
        # make a new file's log at once one is told that it is locked, without having waited.
        patiently(
            lambda: connection.execute("PRAGMA journal_mode=WAL"),  # type: ignore[attr-defined]
            (sqlite3.OperationalError,),
        )
        connection.execute("PRAGMA synchronous=NORMAL")  # type: ignore[attr-defined]

    return engine


def _connect_to_postgres(url: sa.URL, stopped_seconds: float) -> sa.Engine:
    limit = f"-c idle_in_transaction_session_timeout={max(1, round(stopped_seconds * 1000))}"
    try:
        return sa.create_engine(
            url,
            pool_pre_ping=True,
            connect_args={
                "options": limit,
                "connect_timeout": _CONNECT_SECONDS,
                "application_name": "nba_pipeline",
            },
        )
    except ModuleNotFoundError as error:
        raise WrongRequest(
            f"NBA_PIPELINE_COORDINATION names Postgres: pip install 'nba-pipeline[postgres]' ({error})"
        ) from error


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Holds back SIGINT and SIGTERM until left.

    An interrupt inside a statement leaves its cursor, and with it SQLite's lock, to whoever keeps
    the traceback; who then wants to say that he was interrupted waits for himself.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


@contextmanager
def begin(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that no interrupt breaks."""
    with uninterrupted(), engine.begin() as connection:
        yield connection


def patiently(ask: Callable[[], Answer], hiccups: tuple[type[Exception], ...] = HICCUPS) -> Answer:
    """What is answered, asked some times where the database does not answer at once."""
    for _attempt in range(_ATTEMPTS):
        try:
            return ask()
        except hiccups:
            time.sleep(_PAUSE_SECONDS)
    return ask()


def create_tables(engine: sa.Engine, metadata: sa.MetaData) -> None:
    """Makes the tables and columns that are not there yet.

    One process at a time, as many may start at once.
    """
    with engine.connect() as connection:
        if not _missing_columns(connection, metadata):
            return
    with begin(engine) as connection:
        lock(connection)
        metadata.create_all(connection)
        for column in _missing_columns(connection, metadata):
            kind = column.type.compile(engine.dialect)
            statement = f"ALTER TABLE {column.table.name} ADD COLUMN {column.name} {kind}"
            connection.exec_driver_sql(statement)


def _missing_columns(connection: sa.Connection, metadata: sa.MetaData) -> list[sa.Column[object]]:
    """The declared columns that the database does not have."""
    inspector = sa.inspect(connection)
    there = {
        (table, column["name"])
        for table in set(inspector.get_table_names()) & set(metadata.tables)
        for column in inspector.get_columns(table)
    }
    declared = [column for table in metadata.tables.values() for column in table.columns]
    return [column for column in declared if (column.table.name, column.name) not in there]


def lock(connection: sa.Connection) -> None:
    """Makes this transaction the only writer, so that what it reads stays true; comes first in it.

    SQLite takes its write lock; Postgres an advisory lock that ends with the transaction.
    """
    if connection.engine.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_NUMBER)))


def is_read_only(connection: sa.Connection) -> bool:
    """Whether nothing can be written: a role that only reads, or a copy that follows its primary."""
    if connection.engine.dialect.name != "postgresql":
        return False
    return connection.scalar(sa.text("SHOW transaction_read_only")) == "on"
