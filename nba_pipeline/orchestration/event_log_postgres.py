"""Dagster's books on Postgres: runs, schedules and events over one pool of connections.

Its stock storage connects anew for every statement, and stores a batch's check evaluations one by
one. Imported only where Postgres is used: dagster-postgres may not be installed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage, PostgresScheduleStorage
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql

from nba_pipeline.coordination.database import connect
from nba_pipeline.orchestration.event_log import BatchedEventLog, in_batches

_LOCK_NUMBER = 7_203_544_822
_ONE_EVALUATION = ("asset_key", "check_name", "run_id", "partition")


class BatchedPostgresEventLogStorage(BatchedEventLog, PostgresEventLogStorage):
    """PostgresEventLogStorage whose batches are one transaction."""

    def __init__(self, postgres_url: str) -> None:
        in_batches()
        super().__init__(postgres_url)

    @property
    def _pool(self) -> sa.Engine:
        return self._engine

    @contextmanager
    def _batch(self) -> Iterator[Connection]:
        with self.index_transaction() as connection:
            # Who reads on from the newest event that he has seen misses those of smaller numbers
            # that are committed later: batches are numbered in the order in which they are.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_NUMBER)))
            yield connection

    def _store_records(self, connection: Connection, records: Sequence[dict[str, Any]]) -> None:
        columns = AssetCheckExecutionsTable.c
        insert = postgresql.insert(AssetCheckExecutionsTable)
        # The number too: the newest evaluation is the one with the largest.
        new = {column.name: insert.excluded[column.name] for column in columns}
        replace = insert.on_conflict_do_update(index_elements=_ONE_EVALUATION, set_=new)
        connection.execute(replace, _last_of_each(records))


def _last_of_each(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records without those that a later one replaces: a statement may touch a row only once."""
    last = {tuple(record[name] for name in _ONE_EVALUATION): record for record in records}
    return list(last.values())


def open_storages(
    url: str,
) -> tuple[PostgresRunStorage, BatchedPostgresEventLogStorage, PostgresScheduleStorage]:
    """The storages of runs, events and schedules, over one pool.

    Args:
        url: SQLAlchemy URL of the database, with its driver.
    """
    storages = (
        PostgresRunStorage(url),
        BatchedPostgresEventLogStorage(url),
        PostgresScheduleStorage(url),
    )
    for storage in storages:
        storage._engine = _pool(url)  # noqa: SLF001  upstream takes no engine
    return storages


@cache
def _pool(url: str) -> sa.Engine:
    """Connections of this process: Dagster opens an instance for each look of a sensor."""
    return connect(url).execution_options(isolation_level="AUTOCOMMIT")
