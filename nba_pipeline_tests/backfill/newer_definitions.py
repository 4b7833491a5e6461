"""A code location whose tables are of a newer version: what someone runs from a branch with a fix."""

import dagster as dg

from nba_pipeline.orchestration.asset import _asset
from nba_pipeline.orchestration.session import session_resource
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.backfill.writer import of_version

VERSION = 1 + max(table.version for table in TABLES.values())
NEWER = {
    name: of_version(table, VERSION)
    for name, table in TABLES.items()
    if table.phase == 2 or name in ("team_offense_game_summary", "player_game_summary")
}

defs = dg.Definitions(
    assets=[_asset(table) for table in NEWER.values()],
    resources={"session": session_resource(NEWER)},
    executor=dg.in_process_executor,
)
