"""What a run tells Dagster: the dates that it computed or fetched, their checks, what stopped it.

Facts of a date go on the date's events and facts of a run on one of them; a date that is current,
and that Dagster knows as it stands, gets none. Written through the instance and not through
context.log_event: that stores one by one, and with each event what Dagster can tell from its step.
"""

import hashlib
import json
import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.events import (
    AssetMaterializationPlannedData,
    DagsterEvent,
    DagsterEventBatchMetadata,
    DagsterEventType,
    StepMaterializationData,
    generate_event_batch_id,
)
from dagster._core.execution.plan.outputs import StepOutputData, StepOutputHandle

from nba_pipeline.engine.compute import Computed
from nba_pipeline.engine.known_gaps import explained_by, games_of
from nba_pipeline.engine.schema import SchemaViolated
from nba_pipeline.engine.verdicts import (
    AssertionFailed,
    Check,
    checks,
    stopping_checks,
)
from nba_pipeline.kernel.source import Source
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar
from nba_pipeline.warehouse.protocol import DuplicateKeys, Stamp, Warehouse

_SHOWN = 50
_DAEMONS_BACKFILL = "dagster/backfill"
_GAPS_TOLD = "nba_pipeline/gaps_told"
_OF_GAPS = {"expected_keys", "completeness"}
"""The checks that ask which gaps are known, and accepted."""
# What a date's events say, of its stamp; the rest says by whom and from what it was written.
_TOLD = (
    *("content", "code_version", "row_count", "expected", "present", "missing", "not_ready"),
    *("completeness", "least_completeness", "gaps", "failed", "shares"),
)


def log_computed(
    context: dg.AssetExecutionContext,
    table: Table,
    days: Sequence[date],
    computed: Computed,
    stamps: Mapping[date, Stamp],
    changed: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Materializations and checks of the dates that were computed, or of which Dagster knows otherwise.

    Args:
        context: the run's.
        table: what was computed.
        days: the run's partitions.
        computed: what computing them came to.
        stamps: the table's stamps now.
        changed: what the run changed, to be told among its facts.
    """
    key = dg.AssetKey(table.name)
    done = {*computed.replaced.written, *computed.replaced.unchanged}
    stored = [day for day in days if day in stamps and day not in computed.refused]
    known = context.instance.event_log_storage.get_latest_tags_by_partition(
        key, DagsterEventType.ASSET_MATERIALIZATION, [DATA_VERSION_TAG], [str(d) for d in stored]
    )
    versions = {day: _data_version(stamps[day]) for day in stored}
    in_vain = _attempted_in_vain(context, key) if not done.issuperset(stored) else set()
    told = [
        day
        for day in stored
        if day in done
        or str(day) in in_vain
        or known.get(str(day), {}).get(DATA_VERSION_TAG) != versions[day]
    ]
    # The daemon takes a date of its backfill for done by its materialization in one of its runs.
    is_awaited = _DAEMONS_BACKFILL in context.run.tags
    facts = _facts_of_run(table, computed, [stamps[day] for day in stored]) | dict(changed)
    materialized = stored if is_awaited else told
    cards = _cards(table, materialized, context.resources.session.warehouse)
    _log(
        context,
        DagsterEventType.ASSET_MATERIALIZATION,
        [
            StepMaterializationData(
                dg.AssetMaterialization(
                    key,
                    partition=str(day),
                    metadata={"dagster/row_count": stamps[day].row_count}
                    | cards.get(day, {})
                    # The newest event is the one that the asset's page shows.
                    | (facts if day == materialized[-1] and told else {}),
                    tags={DATA_VERSION_TAG: versions[day]},
                )
            )
            for day in materialized
        ],
    )
    # After the materializations that they speak of: Dagster drops what is older than those.
    if told:
        _log_checks(context, table, told, stamps, known)
        if table.shares:
            _log_shares(context, table, told, stamps)
    if done:
        passed = [dg.AssetCheckEvaluation(key, name, True, {}) for name in stopping_checks(table)]
        _log(context, DagsterEventType.ASSET_CHECK_EVALUATION, passed)


def _attempted_in_vain(context: dg.AssetExecutionContext, key: dg.AssetKey) -> set[str]:
    """The dates that are shown as failed although they may be stored: another run gave them up."""
    attempts = context.instance.event_log_storage
    found = attempts.get_latest_asset_partition_materialization_attempts_without_materializations(
        key
    )
    return {day for day, (run_id, _) in found.items() if run_id != context.run_id}


def log_stopped(context: dg.AssetExecutionContext, table: Table, error: BaseException) -> None:
    """The check that stopped the write as failed; nothing where no check did."""
    if isinstance(error, AssertionFailed):
        name = error.assertion
    elif isinstance(error, SchemaViolated | DuplicateKeys):
        name = "schema" if isinstance(error, SchemaViolated) else "unique_grain"
    else:
        return
    metadata = {"error": dg.MetadataValue.text(str(error))}
    failed = dg.AssetCheckEvaluation(dg.AssetKey(table.name), name, False, metadata)
    _log(context, DagsterEventType.ASSET_CHECK_EVALUATION, [failed])


def log_failed(
    context: dg.AssetExecutionContext, asset: Table | Source, days: Iterable[date]
) -> None:
    """The dates as attempted: without a materialization in a red run they are shown as failed."""
    _log(
        context,
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        [AssetMaterializationPlannedData(dg.AssetKey(asset.name), str(day)) for day in days],
    )


def log_landed(
    context: dg.AssetExecutionContext,
    source: Source,
    days: Sequence[date],
    facts: Mapping[str, Any],
) -> None:
    """A materialization of each date whose files are there; the run's facts are on the last one."""
    _log(
        context,
        DagsterEventType.ASSET_MATERIALIZATION,
        [
            StepMaterializationData(
                dg.AssetMaterialization(
                    dg.AssetKey(source.name),
                    partition=str(day),
                    metadata=facts if day == days[-1] else {},
                )
            )
            for day in days
        ],
    )


def output_event(context: dg.AssetExecutionContext, asset: Table | Source) -> DagsterEvent:
    """The step's output, on which the tables after it wait.

    A MaterializeResult would have Dagster log a materialization of every date of the run.
    """
    step = context.op_execution_context._step_execution_context  # noqa: SLF001
    name = context.assets_def.get_output_name_for_asset_key(dg.AssetKey(asset.name))
    step.observe_output(name)
    handle = StepOutputHandle(step.step.key, name)
    return DagsterEvent.step_output_event(step, StepOutputData(handle))


def _log(context: dg.AssetExecutionContext, kind: DagsterEventType, details: Sequence[Any]) -> None:
    """Stores an event for each of the details, as one batch."""
    batch = generate_event_batch_id()
    for number, detail in enumerate(details, start=1):
        context.instance.report_dagster_event(
            DagsterEvent(
                kind.value,
                context.job_name,
                step_key=context.op_execution_context._step_execution_context.step.key,  # noqa: SLF001
                event_specific_data=detail,
            ),
            context.run_id,
            logging.DEBUG,
            DagsterEventBatchMetadata(batch, is_end=number == len(details)),
        )


def _data_version(stamp: Stamp) -> str:
    """Fingerprint of a date's content and of everything that its checks are told from."""
    facts = stamp.as_json()
    text = json.dumps([facts[name] for name in _TOLD], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def log_gaps_known_anew(context: dg.AssetExecutionContext) -> None:
    """What checks of any table make of gaps that are known, or accepted, since it was last told.

    Dagster keeps what was told: a run that is killed before it tells leaves it to the next one. Told is
    what stands now, whoever else has written since the run began.
    """
    session, books = context.resources.session, context.instance.daemon_cursor_storage
    told = books.get_cursor_values({_GAPS_TOLD}).get(_GAPS_TOLD)
    before: dict[str, bool] = json.loads(told) if told else {}
    with session.warehouse.unpinned():
        now = session.known_gaps()
        if before == now:
            return
        changed = {gap: True for gap in {*before, *now} if before.get(gap) != now.get(gap)}
        for table in session.tables.values():
            games = games_of({table.name, *table.upstream}, changed)
            stamps = session.warehouse.stamps(table.name)
            touched = [
                day
                for day, stamp in stamps.items()
                if explained_by(games, stamp.missing) or not changed.keys().isdisjoint(stamp.gaps)
            ]
            if touched:
                days = {str(day) for day in touched}
                _log_checks(context, table, touched, stamps, days, _OF_GAPS)
    books.set_cursor_values({_GAPS_TOLD: json.dumps(now)})


def _log_shares(
    context: dg.AssetExecutionContext,
    table: Table,
    days: Sequence[date],
    stamps: Mapping[date, Stamp],
) -> None:
    """What the season's later dates come to, whose shares are sums over the season up to each."""
    names = {share.__name__ for share in table.shares}
    if later := later_in_season(days, stamps):
        _log_checks(context, table, later, stamps, {str(day) for day in later}, names)


def later_in_season(days: Collection[date], stored: Collection[date]) -> list[date]:
    """The stored dates after the first of the days in its season, without the days."""
    first: dict[str, date] = {}
    for day in sorted(days, reverse=True):
        first[calendar.season_of(day).name] = day
    # A season may have turned out to end earlier: what is stored after that is in none.
    return [
        day
        for day in calendar.season_days(min(days), max(stored))
        if day in stored
        and day not in days
        and first.get(calendar.season_of(day).name, date.max) < day
    ]


def _log_checks(
    context: dg.AssetExecutionContext,
    table: Table,
    days: Sequence[date],
    stamps: Mapping[date, Stamp],
    known: Collection[str],
    names: Collection[str] | None = None,
) -> None:
    """One evaluation per date of each check whose outcome is not settled by the write.

    A date that is new and empty, as it should be, has nothing that a check could pass: of such a
    date only failures are told. Where a date was known before, what was told of it is replaced.

    Args:
        context: the run's.
        table: the checks'.
        days: dates, of which those are told that Dagster knows.
        stamps: the table's stamps.
        known: the dates that were known before.
        names: of which checks; all of them without.
    """
    key = dg.AssetKey(table.name)
    materialized = context.instance.event_log_storage.get_latest_storage_id_by_partition(
        key, DagsterEventType.ASSET_MATERIALIZATION, {str(day) for day in days}
    )
    days = [day for day in days if str(day) in materialized]
    gaps = context.resources.session.known_gaps()
    settled = set(stopping_checks(table))
    empty = {
        day
        for day in days
        if str(day) not in known and not stamps[day].expected and not stamps[day].row_count
    }
    now = time.time()
    _log(
        context,
        DagsterEventType.ASSET_CHECK_EVALUATION,
        [
            dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=check.name,
                passed=check.passed,
                severity=dg.AssetCheckSeverity.WARN
                if check.is_warning
                else dg.AssetCheckSeverity.ERROR,
                metadata=_shown(check),
                partition=str(check.day),
                target_materialization_data=AssetCheckEvaluationTargetMaterializationData(
                    storage_id=materialized[str(check.day)], run_id=context.run_id, timestamp=now
                ),
            )
            for check in checks(table, days, stamps, gaps)
            if check.name not in settled
            and (names is None or check.name in names)
            and not (check.passed and check.day in empty)
        ],
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
        elif value is not None and value != []:
            shown[name] = value
    return shown


def _facts_of_run(table: Table, computed: Computed, stored: Sequence[Stamp]) -> dict[str, Any]:
    """How many of the run's dates were written, their root gaps, and column lineage."""
    metadata: dict[str, Any] = {
        "dates_written": len(computed.replaced.written),
        "dates_unchanged": len(computed.replaced.unchanged),
        "dates_current": len(computed.current),
        "dates_refused": len(computed.refused),
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


def _cards(
    table: Table, days: Sequence[date], warehouse: Warehouse
) -> dict[date, dict[str, dg.MetadataValue[Any]]]:
    """The page of each date's row, of tables that have one."""
    if table.card is None or not days:
        return {}
    rows = warehouse.table(table.name, min(days), max(days)).to_pyarrow().to_pylist()
    return {row[table.date_column]: {"card": dg.MetadataValue.md(table.card(row))} for row in rows}


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
