"""A code location whose tables are a newer version: what someone runs from the branch with the fix."""

import dagster as dg

from nba_pipeline.orchestration.asset import _asset
from nba_pipeline.orchestration.session import session_resource
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.backfill.writer import NEXT_VERSION, of_version
from nba_pipeline_tests.conftest import RAW, with_upstream

CHANGED = {*RAW, *with_upstream("team_offense_game_summary", "player_game_summary")}
NEWER = {name: of_version(table, NEXT_VERSION) for name, table in TABLES.items() if name in CHANGED}

defs = dg.Definitions(
    assets=[_asset(table) for table in NEWER.values()],
    resources={"session": session_resource(TABLES | NEWER)},
    executor=dg.in_process_executor,
)
