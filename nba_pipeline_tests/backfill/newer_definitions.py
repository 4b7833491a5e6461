"""A code location whose tables are version 2: what someone runs from the branch with the fix."""

import dagster as dg

from nba_pipeline.orchestration.asset import _asset
from nba_pipeline.orchestration.session import session_resource
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.backfill.writer import of_version

NEWER = {
    name: of_version(table, 2)
    for name, table in TABLES.items()
    if table.phase == 2 or name in ("team_offense_game_summary", "player_game_summary")
}

defs = dg.Definitions(
    assets=[_asset(table) for table in NEWER.values()],
    resources={"session": session_resource(NEWER)},
    executor=dg.in_process_executor,
)
