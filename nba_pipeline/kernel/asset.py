"""A declared table as a Dagster asset: partitions, lineage, checks and docs from the declaration."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import dagster as dg

from nba_pipeline.kernel import partitions
from nba_pipeline.kernel.compute import QUALITY_TYPES, STAMP_TYPES, Computed
from nba_pipeline.kernel.events import log_checks, materialization_metadata
from nba_pipeline.kernel.judgement import check_names
from nba_pipeline.kernel.session import Session
from nba_pipeline.kernel.table import Table, declare

OWNER = "team:nba-pipeline"
_STAMP_DOCS = {
    "season": "Season, as 2023-24",
    "bypass": "Name and reason of each bypass that the row was made under; NULL when none",
    "run_id": "Run that wrote the row",
    "code_version": "Version of the table's code that made the row",
    "written_at": "When the row was written, UTC",
}
_QUALITY_DOCS = {
    "completeness": "Least share of present inputs over the required families, 0 to 1",
    "gap_ids": "Sorted ids of every raw gap that the values depend on",
    "is_production_ready": "Every required family reaches its threshold, and enough games",
    "not_ready_reason": "Why the row is not ready; NULL when it is",
}


@dataclass(frozen=True)
class TableAsset:
    """A table's declaration and the asset made of it."""

    table: Table
    definition: dg.AssetsDefinition


def table_asset(module: str, **declaration: object) -> TableAsset:
    """The asset of the table that a module declares; see `declare` for the arguments."""
    table = declare(module, **declaration)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        # Partitioned checks are a preview and open-ended windows a beta; our tests cover both.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        return TableAsset(table, _asset(table))


def _asset(table: Table) -> dg.AssetsDefinition:
    definition = partitions.of(table)
    spec = dg.AssetSpec(
        table.name,
        group_name=table.group,
        description=table.description,
        code_version=str(table.version),
        partitions_def=definition,
        kinds={"delta", "duckdb"},
        owners=[OWNER],
        deps=[
            *(
                dg.AssetDep(name, partition_mapping=partitions.mapping())
                for name in dict.fromkeys(read.table for read in table.reads)
            ),
            *(dg.AssetDep(source.name) for source in table.sources),
        ],
        metadata={
            "dagster/column_schema": _column_schema(table),
            "dagster/table_name": table.name,
            "grain": ", ".join(table.grain),
            "reads": ", ".join(f"{read.table} ({read.reach})" for read in table.reads),
        },
    )

    # Only a multi-asset lets checks be evaluated once per partition instead of once per run.
    @dg.multi_asset(
        name=table.name,
        specs=[spec],
        partitions_def=definition,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
        check_specs=[
            dg.AssetCheckSpec(
                name,
                asset=table.name,
                partitions_def=definition,
                description=_described(table, name),
            )
            for name in check_names(table)
        ],
        required_resource_keys={"session"},
    )
    def body(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        session: Session = context.resources.session
        days = [date.fromisoformat(key) for key in context.partition_keys]
        computed = session.compute(table, days)
        stamps = session.warehouse.stamps(table.name)
        stored = [day for day in days if day in stamps]
        if computed.refused:
            log_checks(context, table, stored, stamps)
            raise dg.Failure(_refusal(table, computed), allow_retries=False)
        metadata = materialization_metadata(table, computed, [stamps[day] for day in stored])
        yield dg.MaterializeResult(asset_key=table.name, metadata=metadata)
        # After the materializations that they speak of: Dagster drops what is older than those.
        log_checks(context, table, stored, stamps)

    return body


def _refusal(table: Table, computed: Computed) -> str:
    """Which dates were refused and why; what could be written stands all the same."""
    days = sorted(computed.refused)
    reasons = "; ".join(f"{day}: {computed.refused[day]}" for day in days[:3])
    return (
        f"{table.name}: {len(days)} dates from {days[0]} to {days[-1]} are refused, the others are "
        f"written. {reasons}"
    )


def _column_schema(table: Table) -> dg.TableSchema:
    """The declared columns and those that the kernel adds, with their descriptions."""
    declared = table.schema.to_schema().columns
    columns = [
        dg.TableColumn(
            name,
            str(column.dtype),
            description=column.description,
            constraints=dg.TableColumnConstraints(
                nullable=bool(column.nullable),
                unique=[name] == list(table.grain),
                other=[str(check.error) for check in column.checks],
            ),
        )
        for name, column in declared.items()
    ]
    added = {**(_QUALITY_DOCS if table.is_tracked else {}), **_STAMP_DOCS}
    types = {**QUALITY_TYPES, **STAMP_TYPES}
    columns += [
        dg.TableColumn(name, types[name], description=text)
        for name, text in added.items()
        if name not in declared
    ]
    return dg.TableSchema(columns)


def _described(table: Table, check: str) -> str:
    """A sentence on what the check asks."""
    fixed = {
        "schema": "Every column has its type and keeps its bounds; asked before the write.",
        "unique_grain": f"No two rows share {', '.join(table.grain)}; asked before the write.",
        "expected_keys": (table.expected.__doc__ if table.expected else None)
        or "The schedule demands no particular key; what is there is what is expected.",
        "completeness": "No raw gap touches a row of the date; lists the gaps and rows touched.",
    }
    asked = (*table.assertions, *table.violations, *table.warnings, *table.shares)
    return {**fixed, **{function.__name__: function.__doc__ or "" for function in asked}}[check]
