"""A declared table as a Dagster asset: partitions, lineage, checks and docs from the declaration."""

import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster._core.events import DagsterEvent

from nba_pipeline.engine.compute import Computed
from nba_pipeline.engine.known_gaps import GAPS
from nba_pipeline.engine.verdicts import check_names, stopping_checks
from nba_pipeline.kernel.table import Table
from nba_pipeline.orchestration import partitions
from nba_pipeline.orchestration.events import (
    log_computed,
    log_failed,
    log_gaps_known_anew,
    log_stopped,
    output_event,
)
from nba_pipeline.orchestration.freshness import freshness_policy
from nba_pipeline.orchestration.session import RunSession
from nba_pipeline.quality.changes import changes
from nba_pipeline.settings import Settings
from nba_pipeline.warehouse.protocol import Warehouse

OWNER = "team:nba-pipeline"
_KINDS = {"delta": {"delta", "duckdb"}, "bigquery": {"bigquery"}}
_OF_ROWS = {"added", "removed", "changed"}
_TOLD = _OF_ROWS | {"became_ready", "ceased_ready", "moved", "moved_mean", "moved_most"}


class RefusedMeanwhile(dg.Failure):
    """Dates are refused for what stands beside or upstream of them, which may be put right.

    Of what its own gate refuses the same is refused again, and that is a plain Failure.
    """


def table_definition(table: Table, kinds: set[str]) -> dg.AssetsDefinition:
    """The asset of a declared table, with its partitions, lineage, checks and docs.

    Args:
        table: the declaration.
        kinds: what it is stored by, as Dagster names it: see kinds_of.
    """
    with warnings.catch_warnings():
        # Partitioned checks are a preview and open-ended windows a beta; our tests cover both.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        return _asset(table, kinds)


def kinds_of(settings: Settings) -> set[str]:
    """What the warehouse of the settings stores tables by, as Dagster names it."""
    return _KINDS[settings.warehouse_place.partition(":")[0]]


def _asset(table: Table, kinds: set[str]) -> dg.AssetsDefinition:
    definition = partitions.of(table)
    spec = dg.AssetSpec(
        table.name,
        group_name=table.group,
        description=table.description,
        code_version=str(table.version),
        partitions_def=definition,
        kinds=kinds,
        owners=[OWNER],
        freshness_policy=freshness_policy(table.name),
        deps=[
            *(
                dg.AssetDep(name, partition_mapping=mapping)
                for name, mapping in partitions.mappings(table).items()
            ),
            *(dg.AssetDep(s.name) for s in dict.fromkeys((*table.sources, *table.players_from))),
        ],
        metadata={
            "dagster/column_schema": _column_schema(table),
            "dagster/table_name": table.name,
            "dagster/code_references": _declared_in(table),
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
                partitions_def=None if name in stopping_checks(table) else definition,
                description=_described(table, name),
            )
            for name in check_names(table)
        ],
        required_resource_keys={"session"},
    )
    def body(context: dg.AssetExecutionContext) -> Iterator[DagsterEvent]:
        session: RunSession = context.resources.session
        days = session.partitions(table)
        before = session.warehouse.version(table.name)
        try:
            computed = session.compute(table, days)
        except BaseException as error:
            log_stopped(context, table, error)
            raise
        finally:
            failed = session.warehouse.failures.of(table.name)
            log_failed(context, table, [day for day in days if day in failed])
        changed = _changed(table, computed, before, session.warehouse)
        stamps = session.warehouse.stamps(table.name)
        log_computed(context, table, days, computed, stamps, changed)
        if table.name == GAPS:
            log_gaps_known_anew(context)
        yield output_event(context, table)
        if computed.refused:
            # After the output: the tables after this one go on, and the run is red.
            raise _refusal(table, computed)

    return body


def _changed(
    table: Table, computed: Computed, before: int | None, warehouse: Warehouse
) -> dict[str, Any]:
    """What the write changed, as metadata; nothing where no rows were written."""
    after = warehouse.version(table.name)
    if not computed.replaced.written or after is None:
        return {}
    found = changes(table, computed.replaced.written, before, after, warehouse).as_dict()
    return {
        f"rows_{name}" if name in _OF_ROWS else name: found[name] for name in _TOLD & found.keys()
    }


def _declared_in(table: Table) -> dg.CodeReferencesMetadataValue:
    """The table's own file, at its transform."""
    file = str(inspect.getsourcefile(table.transform))
    line = table.transform.__code__.co_firstlineno
    reference = dg.LocalFileCodeReference(file_path=file, line_number=line)
    return dg.CodeReferencesMetadataValue(code_references=[reference])


def _refusal(table: Table, computed: Computed) -> dg.Failure:
    """Which dates were refused and why; what could be written stands all the same."""
    days = sorted(computed.refused)
    reasons = "; ".join(f"{day}: {computed.refused[day]}" for day in days[:3])
    kind = dg.Failure if computed.gated else RefusedMeanwhile
    return kind(
        f"{table.name}: {len(days)} dates from {days[0]} to {days[-1]} are refused, the others are "
        f"written. {reasons}",
        allow_retries=False,
    )


def _column_schema(table: Table) -> dg.TableSchema:
    """The declared columns and those that the kernel adds, with their descriptions."""
    declared = table.schema.to_schema().columns
    columns = [
        dg.TableColumn(
            name,
            str(column.dtype),
            description=table.columns[name],
            constraints=dg.TableColumnConstraints(
                nullable=bool(column.nullable),
                unique=[name] == list(table.grain),
                other=[str(check.error) for check in column.checks],
            ),
        )
        for name, column in declared.items()
    ]
    columns += [
        dg.TableColumn(name, column.kind, description=column.description)
        for name, column in table.added.items()
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
