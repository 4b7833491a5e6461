"""Dagster's event log in one SQLite file, with a batch of events stored as one transaction.

The stock storage opens an engine per statement and commits each event several times, at 10 to 20 ms
an event; a backfill of three seasons has some 40,000. What is stored is the same, row by row. In
production Dagster's Postgres storage does as well.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from typing import cast

import sqlalchemy as sa
from dagster import (
    AssetCheckKey,
    DagsterEventType,
    DagsterRunStatus,
    EventLogEntry,
    PartitionsDefinition,
    RunsFilter,
)
from dagster._core.asset_graph_view.serializable_entity_subset import SerializableEntitySubset
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluation,
    AssetCheckEvaluationPlanned,
)
from dagster._core.events import ASSET_EVENTS
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecordStatus,
    AssetCheckExecutionResolvedStatus,
    AssetCheckPartitionInfo,
)
from dagster._core.storage.asset_check_state import AssetCheckState
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    SqlEventLogStorageTable,
)
from dagster._serdes import ConfigurableClassData, serialize_value
from dagster_shared.record import copy
from sqlalchemy import Connection

from nba_pipeline.coordination.database import begin, connect

_BATCH_SIZE = 1000


class BatchedSqliteEventLogStorage(ConsolidatedSqliteEventLogStorage):
    """ConsolidatedSqliteEventLogStorage with one engine and batches that are one transaction."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        # Dagster only batches where this is set; with this storage it always pays.
        os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(_BATCH_SIZE))
        super().__init__(base_dir, inst_data)

    @cached_property
    def _engine(self) -> sa.Engine:
        return connect(self._conn_string)

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with begin(self._engine) as connection:
            yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the schema has the table; asked once per process."""
        return table_name in self._table_names

    @cached_property
    def _table_names(self) -> frozenset[str]:
        return frozenset(sa.inspect(self._engine).get_table_names())

    @cache  # noqa: B019  the storage lives as long as its process
    def has_asset_key_col(self, column_name: str) -> bool:
        """Whether the asset table has the column; asked once per process."""
        return bool(super().has_asset_key_col(column_name))

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Stores the events, their assets' and their checks' records, all or none."""
        events = [e for e in events if not e.get_dagster_event().is_asset_failed_to_materialize]
        if not events:
            return
        returning = SqlEventLogStorageTable.insert().returning(
            SqlEventLogStorageTable.c.id, sort_by_parameter_order=True
        )
        with self._connect() as connection:
            rows = [self._event_to_row(event) for event in events]
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
            records = [
                self._record(event, id_, row)
                for event, id_, row in zip(events, ids, rows, strict=True)
                if event.dagster_event_type == DagsterEventType.ASSET_CHECK_EVALUATION
            ]
            if records:
                self._store_evaluations(connection, records)
        for event, id_ in zip(events, ids, strict=True):
            if event.dagster_event_type == DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
                self.store_asset_check_event(event, id_)

    def _store_asset_check_evaluation_planned(
        self, event: EventLogEntry, event_id: int | None
    ) -> None:
        """One record per planned partition, each with the event but not all partitions again."""
        dagster_event = event.get_dagster_event()
        planned = cast("AssetCheckEvaluationPlanned", dagster_event.event_specific_data)
        subset = planned.partitions_subset
        slim = dagster_event._replace(event_specific_data=copy(planned, partitions_subset=None))
        record = {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "run_id": event.run_id,
            "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
            "evaluation_event": serialize_value(event._replace(dagster_event=slim)),
            "evaluation_event_timestamp": self._event_insert_timestamp(event),  # type: ignore[no-untyped-call]
            "evaluation_event_storage_id": event_id,
        }
        keys = subset.get_partition_keys() if subset else [None]
        with self._connect() as connection:
            connection.execute(
                sa.insert(AssetCheckExecutionsTable), [record | {"partition": key} for key in keys]
            )

    def _store_evaluations(
        self, connection: Connection, records: Sequence[Mapping[str, object]]
    ) -> None:
        """Completes the planned record of each evaluation, or adds a record where none is."""
        table = AssetCheckExecutionsTable
        planned = set(
            connection.execute(
                sa.select(table.c.asset_key, table.c.check_name, table.c.run_id, table.c.partition)
                .where(table.c.run_id.in_({record["run_id"] for record in records}))
                .where(table.c.asset_key.in_({record["asset_key"] for record in records}))
            ).tuples()
        )
        keys = ("asset_key", "check_name", "run_id", "partition")
        there = [record for record in records if tuple(record[k] for k in keys) in planned]
        absent = [record for record in records if tuple(record[k] for k in keys) not in planned]
        if there:
            statement = sa.update(table)
            for key in keys:
                statement = statement.where(
                    table.c[key].is_not_distinct_from(sa.bindparam(f"planned_{key}"))
                )
            values: dict[str, sa.BindParameter[object]] = {
                name: sa.bindparam(f"new_{name}") for name in there[0] if name not in keys
            }
            connection.execute(
                statement.values(values),
                [
                    {
                        ("planned_" if name in keys else "new_") + name: value
                        for name, value in record.items()
                    }
                    for record in there
                ],
            )
        if absent:
            connection.execute(sa.insert(table), absent)

    def _record(
        self, event: EventLogEntry, event_id: int, row: Mapping[str, object]
    ) -> Mapping[str, object]:
        evaluation = cast("AssetCheckEvaluation", event.get_dagster_event().event_specific_data)
        status = AssetCheckExecutionRecordStatus
        target = evaluation.target_materialization_data
        return {
            "asset_key": evaluation.asset_key.to_string(),
            "check_name": evaluation.check_name,
            "run_id": event.run_id,
            "partition": evaluation.partition,
            "execution_status": (status.SUCCEEDED if evaluation.passed else status.FAILED).value,
            "evaluation_event": row["event"],
            "evaluation_event_timestamp": row["timestamp"],
            "evaluation_event_storage_id": event_id,
            "materialization_event_storage_id": target.storage_id if target else None,
        }

    def get_asset_check_state(
        self, keys: Sequence[tuple[AssetCheckKey, PartitionsDefinition | None]]
    ) -> Mapping[AssetCheckKey, AssetCheckState]:
        """Each check's partitions by status: the bars of the UI's page of checks.

        Dagster adds one partition at a time to a subset, each in time that grows with the number of
        days excluded from the calendar: 80 s for three seasons. This adds them by status, as sets.
        """
        infos = self.get_asset_check_partition_info([key for key, _ in keys])
        planned = {
            info.latest_planned_run_id
            for info in infos
            if info.latest_execution_status == AssetCheckExecutionRecordStatus.PLANNED
        }
        runs = (
            self._instance.get_runs(RunsFilter(run_ids=list(planned), statuses=FINISHED_STATUSES))
            if planned
            else []
        )
        ended = {run.run_id: run.status for run in runs}
        by_key: dict[AssetCheckKey, list[AssetCheckPartitionInfo]] = {}
        for info in infos:
            by_key.setdefault(info.check_key, []).append(info)
        return {key: _state(key, kind, by_key.get(key, []), ended) for key, kind in keys}


def _state(
    key: AssetCheckKey,
    definition: PartitionsDefinition | None,
    infos: Sequence[AssetCheckPartitionInfo],
    ended: Mapping[str, DagsterRunStatus],
) -> AssetCheckState:
    """The check's state as of now."""
    if definition is None:
        return AssetCheckState.empty().with_updates(key, None, infos, ended)
    valid = set(definition.get_partition_keys())
    by_status: dict[AssetCheckExecutionResolvedStatus, list[str]] = {}
    in_progress: dict[str, list[str]] = {}
    for info in infos:
        status = _status(info, ended)
        if info.partition_key not in valid or status is None:
            continue
        by_status.setdefault(status, []).append(info.partition_key)
        if status == AssetCheckExecutionResolvedStatus.IN_PROGRESS:
            in_progress.setdefault(info.latest_planned_run_id, []).append(info.partition_key)

    def subset(partition_keys: Sequence[str]) -> SerializableEntitySubset[AssetCheckKey]:
        return SerializableEntitySubset(
            key=key, value=definition.subset_with_partition_keys(sorted(partition_keys))
        )

    return AssetCheckState(
        latest_storage_id=0,
        subsets={
            status: subset(by_status.get(status, []))
            for status in AssetCheckExecutionResolvedStatus
        },
        in_progress_runs={run_id: subset(found) for run_id, found in in_progress.items()},
    )


def _status(
    info: AssetCheckPartitionInfo, ended: Mapping[str, DagsterRunStatus]
) -> AssetCheckExecutionResolvedStatus | None:
    """What a partition's newest execution came to; None where a newer materialization stands."""
    resolved = AssetCheckExecutionResolvedStatus
    if info.latest_execution_status == AssetCheckExecutionRecordStatus.PLANNED:
        run = ended.get(info.latest_planned_run_id)
        if run is None:
            return resolved.IN_PROGRESS
        return resolved.EXECUTION_FAILED if run == DagsterRunStatus.FAILURE else resolved.SKIPPED
    if not info.is_current:
        return None
    succeeded = info.latest_execution_status == AssetCheckExecutionRecordStatus.SUCCEEDED
    return resolved.SUCCEEDED if succeeded else resolved.FAILED
