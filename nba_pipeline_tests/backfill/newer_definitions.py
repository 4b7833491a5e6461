"""A code location whose tables are a newer version: what someone runs from the branch with the fix."""

import dagster as dg

from nba_pipeline.orchestration.asset import _asset
from nba_pipeline.orchestration.session_resource import session_resource
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.backfill.writer import NEXT_VERSION, of_version
from nba_pipeline_tests.conftest import with_upstream

NEWER = {
    name: of_version(TABLES[name], NEXT_VERSION)
    for name in with_upstream("team_offense_game_summary", "player_game_summary")
}

defs = dg.Definitions(
    assets=[_asset(table) for table in NEWER.values()],
    resources={"session": session_resource(TABLES | NEWER)},
    executor=dg.in_process_executor,
)
