"""What a table's run tells Dagster: each date's checks, and what the write came to."""

import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.events import (
    DagsterEvent,
    DagsterEventBatchMetadata,
    DagsterEventType,
    generate_event_batch_id,
)

from nba_pipeline.engine.compute import Computed
from nba_pipeline.engine.verdicts import Check, checks
from nba_pipeline.kernel.table import Table
from nba_pipeline.warehouse.protocol import Stamp

_SHOWN = 50


def log_checks(
    context: dg.AssetExecutionContext,
    table: Table,
    days: Sequence[date],
    stamps: Mapping[date, Stamp],
) -> None:
    """One evaluation per check and date, stored as one batch.

    context.log_event would store them one by one, at about 15 ms each on SQLite; the batch goes
    the way that Dagster itself sends materializations of many partitions.
    """
    key = dg.AssetKey(table.name)
    materialized = context.instance.event_log_storage.get_latest_storage_id_by_partition(
        key, DagsterEventType.ASSET_MATERIALIZATION, {day.isoformat() for day in days}
    )
    evaluations = [
        dg.AssetCheckEvaluation(
            asset_key=key,
            check_name=check.name,
            passed=check.passed,
            severity=dg.AssetCheckSeverity.WARN
            if check.is_warning
            else dg.AssetCheckSeverity.ERROR,
            metadata=_shown(check),
            partition=check.day.isoformat(),
            target_materialization_data=_target(context, materialized.get(check.day.isoformat())),
        )
        for check in checks(table, days, stamps)
    ]
    step = context.op_execution_context._step_execution_context  # noqa: SLF001
    batch = generate_event_batch_id()
    for number, evaluation in enumerate(evaluations, start=1):
        DagsterEvent.from_step(
            DagsterEventType.ASSET_CHECK_EVALUATION,
            step,
            evaluation,
            batch_metadata=DagsterEventBatchMetadata(batch, is_end=number == len(evaluations)),
        )


def _target(
    context: dg.AssetExecutionContext, storage_id: int | None
) -> AssetCheckEvaluationTargetMaterializationData | None:
    """Which materialization an evaluation speaks of; None before the partition's first."""
    if storage_id is None:
        return None
    return AssetCheckEvaluationTargetMaterializationData(
        storage_id=storage_id, run_id=context.run_id, timestamp=time.time()
    )


def _shown(check: Check) -> dict[str, Any]:
    """Check metadata as Dagster shows it; counts by gap become a table."""
    shown: dict[str, Any] = {}
    for name, value in check.metadata.items():
        if isinstance(value, Mapping):
            records = [
                dg.TableRecord({"gap_id": gap, "rows": rows})
                for gap, rows in list(value.items())[:_SHOWN]
            ]
            if records:
                shown[name] = dg.MetadataValue.table(records)
        elif value is not None:
            shown[name] = value
    return shown


def materialization_metadata(
    table: Table, computed: Computed, stored: Sequence[Stamp]
) -> dict[str, Any]:
    """Rows stored for the run's dates, dates written, their root gaps, and column lineage."""
    metadata: dict[str, Any] = {
        "dagster/row_count": sum(stamp.row_count for stamp in stored),
        "dates_written": len(computed.replaced.written),
        "dates_unchanged": len(computed.replaced.unchanged),
        "dates_current": len(computed.current),
    }
    if gaps := [
        dg.TableRecord({"date": str(stamp.partition), "gap_id": gap, "rows": rows})
        for stamp in stored
        for gap, rows in stamp.gaps.items()
    ]:
        metadata["root_gaps"] = dg.MetadataValue.table(gaps[:_SHOWN])
        metadata["root_gap_count"] = len({record.data["gap_id"] for record in gaps})
    if computed.lineage:
        metadata["dagster/column_lineage"] = _column_lineage(table, computed)
    return metadata


def _column_lineage(table: Table, computed: Computed) -> dg.TableColumnLineage:
    """Which upstream columns each column's values are made from."""
    upstream = {read.table for read in table.reads}
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(dg.AssetKey(name), source)
                for name, source in sorted(sources)
                if name in upstream
            ]
            for column, sources in computed.lineage.items()
            if column in table.columns
        }
    )
