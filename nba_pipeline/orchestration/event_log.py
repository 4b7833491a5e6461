"""Dagster's event log with a batch of events stored as one transaction; in one file, on SQLite.

The stock storages commit each event several times, or each evaluation of a check by itself, at 10
to 20 ms each; a backfill of three seasons has some 30,000.
"""

import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache, cached_property
from typing import Any, cast

import sqlalchemy as sa
from dagster import (
    AssetCheckKey,
    DagsterEventType,
    EventLogEntry,
    PartitionsDefinition,
)
from dagster._core.asset_graph_view.serializable_entity_subset import SerializableEntitySubset
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluation,
)
from dagster._core.events import (
    ASSET_EVENTS,
    AssetMaterializationPlannedData,
)
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecordStatus,
    AssetCheckExecutionResolvedStatus,
    AssetCheckPartitionInfo,
)
from dagster._core.storage.asset_check_state import AssetCheckState
from dagster._core.storage.event_log import (
    ConsolidatedSqliteEventLogStorage,
    SqlEventLogStorage,
)
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    SqlEventLogStorageTable,
)
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection

from nba_pipeline.coordination.database import begin, connect

_BATCH_SIZE = 1000
_UNKEPT = (
    DagsterEventType.ASSET_FAILED_TO_MATERIALIZE,
    # A check that was planned for a date that turns out to be current would be shown as skipped.
    DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
)
_RESOLVED = {
    AssetCheckExecutionRecordStatus.SUCCEEDED: AssetCheckExecutionResolvedStatus.SUCCEEDED,
    AssetCheckExecutionRecordStatus.FAILED: AssetCheckExecutionResolvedStatus.FAILED,
}


def in_batches() -> None:
    """Has Dagster hand over events in batches, which it only does where this is set."""
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(_BATCH_SIZE))


class BatchedEventLog(SqlEventLogStorage):
    """What batches are over either database: all or none, and no event more often than needed."""

    @property
    @abstractmethod
    def _pool(self) -> sa.Engine:
        """Connections to the database."""

    @abstractmethod
    def _batch(self) -> AbstractContextManager[Connection]:
        """A transaction for a batch."""

    @abstractmethod
    def _store_records(self, connection: Connection, records: Sequence[dict[str, Any]]) -> None:
        """Stores evaluations; a second one by the same run stands in the first one's place."""

    def has_table(self, table_name: str) -> bool:
        """Whether the schema has the table; asked once per process."""
        return table_name in self._table_names

    @cached_property
    def _table_names(self) -> frozenset[str]:
        return frozenset(sa.inspect(self._pool).get_table_names())

    @cache  # noqa: B019  the storage lives as long as its process
    def has_asset_key_col(self, column_name: str) -> bool:
        """Whether the asset table has the column; asked once per process."""
        return bool(super().has_asset_key_col(column_name))

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Stores the events, their assets' and their checks' records, all or none.

        What a check found on a date is kept with the check's executions, and in the log of events
        only where it did not pass: the stock storage keeps each twice.
        """
        rows = {
            number: self._event_to_row(event)
            for number, event in enumerate(events)
            if event.dagster_event_type not in _UNKEPT
        }
        logged = [number for number in rows if not _is_passed(events[number])]
        with self._batch() as connection:
            ids = dict(
                zip(
                    logged,
                    self._store_logged(
                        connection, [events[n] for n in logged], [rows[n] for n in logged]
                    ),
                    strict=True,
                )
            )
            records = [
                _record(events[number], row, ids.get(number))
                for number, row in rows.items()
                if events[number].dagster_event_type == DagsterEventType.ASSET_CHECK_EVALUATION
            ]
            if records:
                self._store_records(connection, records)

    def _store_logged(
        self,
        connection: Connection,
        events: Sequence[EventLogEntry],
        rows: Sequence[Mapping[str, Any]],
    ) -> list[int]:
        """Stores events that have a line in the log; returns the lines' numbers."""
        if not events:
            return []
        returning = SqlEventLogStorageTable.insert().returning(
            SqlEventLogStorageTable.c.id, sort_by_parameter_order=True
        )
        ids = [int(row[0]) for row in connection.execute(returning, rows)]
        of_assets = [
            (event, id_)
            for event, id_ in zip(events, ids, strict=True)
            if event.dagster_event_type in ASSET_EVENTS and event.get_dagster_event().asset_key
        ]
        if of_assets:
            self._store_asset_event_tags(connection, *zip(*of_assets, strict=True))
        newest = {event.get_dagster_event().asset_key: (event, id_) for event, id_ in of_assets}
        for event, id_ in newest.values():
            self._store_asset_event(connection, event, id_)
        return ids

    @property
    def supports_partition_subset_in_asset_materialization_planned_events(self) -> bool:
        """One planned event per table and run: which of its dates need work is not known yet."""
        return True

    def _event_to_row(self, event: EventLogEntry) -> dict[str, Any]:
        """The event's row; of a planned event without its partitions, 50 KB that nothing reads."""
        detail = event.dagster_event and event.dagster_event.event_specific_data
        if isinstance(detail, AssetMaterializationPlannedData) and detail.partitions_subset:
            slim = detail._replace(partitions_subset=None)
            planned = event.get_dagster_event()._replace(event_specific_data=slim)
            event = event._replace(dagster_event=planned)
        return super()._event_to_row(event)

    def get_asset_check_state(
        self, keys: Sequence[tuple[AssetCheckKey, PartitionsDefinition | None]]
    ) -> Mapping[AssetCheckKey, AssetCheckState]:
        """Each check's partitions by status: the bars of the UI's page of checks.

        Dagster adds one partition at a time to a subset, each in time that grows with the number of
        days excluded from the calendar: 80 s for three seasons. This adds them by status, as sets.
        """
        infos = self.get_asset_check_partition_info([key for key, _ in keys])
        by_key: dict[AssetCheckKey, list[AssetCheckPartitionInfo]] = {}
        for info in infos:
            by_key.setdefault(info.check_key, []).append(info)
        return {key: _state(key, kind, by_key.get(key, [])) for key, kind in keys}


class BatchedSqliteEventLogStorage(BatchedEventLog, ConsolidatedSqliteEventLogStorage):
    """ConsolidatedSqliteEventLogStorage with one engine."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        in_batches()
        super().__init__(base_dir, inst_data)

    @cached_property
    def _pool(self) -> sa.Engine:
        return connect(self._conn_string)

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with begin(self._pool) as connection:
            yield connection

    def _batch(self) -> AbstractContextManager[Connection]:
        return self._connect()

    def _store_records(self, connection: Connection, records: Sequence[dict[str, Any]]) -> None:
        replace = sa.insert(AssetCheckExecutionsTable).prefix_with("OR REPLACE")
        connection.execute(replace, records)


def _state(
    key: AssetCheckKey,
    definition: PartitionsDefinition | None,
    infos: Sequence[AssetCheckPartitionInfo],
) -> AssetCheckState:
    """The check's state as of now.

    A date's checks are told whenever it is computed: a materialization without them says that the
    date is current, and they stand.
    """
    if definition is None:
        # A check that was once asked per date has left executions with dates behind.
        infos = [info for info in infos if info.partition_key is None]
        return AssetCheckState.empty().with_updates(key, None, infos, {})
    valid = set(definition.get_partition_keys())
    by_status: dict[AssetCheckExecutionResolvedStatus, list[str]] = {}
    for info in infos:
        if info.partition_key in valid and info.latest_execution_status in _RESOLVED:
            status = _RESOLVED[info.latest_execution_status]
            by_status.setdefault(status, []).append(info.partition_key)
    return AssetCheckState(
        latest_storage_id=0,
        subsets={
            status: SerializableEntitySubset(
                key=key,
                value=definition.subset_with_partition_keys(sorted(by_status.get(status, []))),
            )
            for status in AssetCheckExecutionResolvedStatus
        },
        in_progress_runs={},
    )


def _is_passed(event: EventLogEntry) -> bool:
    """Whether it tells that a check passed on a date."""
    detail = event.get_dagster_event().event_specific_data
    return isinstance(detail, AssetCheckEvaluation) and detail.passed and bool(detail.partition)


def _record(event: EventLogEntry, row: Mapping[str, Any], line: int | None) -> dict[str, Any]:
    """The record of an evaluation; of one without a line in the log, under its date's line."""
    evaluation = cast("AssetCheckEvaluation", event.get_dagster_event().event_specific_data)
    status = AssetCheckExecutionRecordStatus
    target = evaluation.target_materialization_data
    materialization = target.storage_id if target else None
    return {
        "asset_key": evaluation.asset_key.to_string(),
        "check_name": evaluation.check_name,
        "run_id": event.run_id,
        "partition": evaluation.partition,
        "execution_status": (status.SUCCEEDED if evaluation.passed else status.FAILED).value,
        "evaluation_event": row["event"],
        "evaluation_event_timestamp": row["timestamp"],
        "evaluation_event_storage_id": line or materialization,
        "materialization_event_storage_id": materialization,
    }
