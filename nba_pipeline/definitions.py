"""The code location: every table, source and resource, put together and nothing else."""

import dagster as dg

from nba_pipeline.automation.alert_sensor import alert_sensor, report_asset
from nba_pipeline.automation.schedules import schedules
from nba_pipeline.automation.sensors import sensors
from nba_pipeline.orchestration.asset import kinds_of, table_definition
from nba_pipeline.orchestration.session_resource import session_resource
from nba_pipeline.orchestration.source_asset import source_asset
from nba_pipeline.settings import Settings
from nba_pipeline.tables import SOURCES, TABLES

_KINDS = kinds_of(Settings())

defs = dg.Definitions(
    assets=[
        *(source_asset(source, TABLES) for source in SOURCES.values()),
        *(table_definition(table, _KINDS) for table in TABLES.values()),
        report_asset(),
    ],
    sensors=[*sensors(TABLES), alert_sensor(TABLES)],
    schedules=schedules(TABLES),
    resources={"session": session_resource(TABLES)},
    # One process per run: tables of a run share the warehouse connection and the lease. A table of
    # which some dates are refused fails after its output, on which the tables after it go on.
    executor=dg.in_process_executor.configured(
        {"step_dependency_config": {"require_upstream_step_success": False}}
    ),
)
