"""The code location: every table, source and resource, put together and nothing else."""

import dagster as dg

from nba_pipeline.backfill.session import session_resource
from nba_pipeline.phase_2_raw.data_gaps import data_gaps
from nba_pipeline.phase_2_raw.nbac_player_boxscore import nbac_player_boxscore
from nba_pipeline.phase_2_raw.nbac_schedule import nbac_schedule
from nba_pipeline.phase_2_raw.nbac_team_boxscore import nbac_team_boxscore
from nba_pipeline.phase_2_raw.rejected_rows import rejected_rows
from nba_pipeline.phase_3_analytics.player_game_summary import player_game_summary
from nba_pipeline.phase_3_analytics.team_offense_game_summary import (
    team_offense_game_summary,
)
from nba_pipeline.phase_3_analytics.upcoming_player_game_context import (
    upcoming_player_game_context,
)
from nba_pipeline.phase_4_precompute.player_daily_cache import player_daily_cache
from nba_pipeline.phase_5_predictions.ml_feature_store_v2 import ml_feature_store_v2
from nba_pipeline.phase_5_predictions.player_prop_predictions import (
    player_prop_predictions,
)
from nba_pipeline.phase_5_predictions.points_model import points_model
from nba_pipeline.phase_5_predictions.prediction_accuracy import prediction_accuracy

TABLE_ASSETS = (
    nbac_schedule,
    nbac_team_boxscore,
    nbac_player_boxscore,
    rejected_rows,
    data_gaps,
    team_offense_game_summary,
    player_game_summary,
    upcoming_player_game_context,
    player_daily_cache,
    ml_feature_store_v2,
    points_model,
    player_prop_predictions,
    prediction_accuracy,
)
"""Every table, in the graph's order."""

TABLES = {asset.table.name: asset.table for asset in TABLE_ASSETS}
_SOURCES = {source.name: source for table in TABLES.values() for source in table.sources}

defs = dg.Definitions(
    assets=[
        *(
            dg.AssetSpec(
                source.name,
                group_name="phase_1_sources",
                description=f"Files under {source.folder}/ of the landing zone, as the source gave them.",
                kinds={"json"},
            )
            for source in _SOURCES.values()
        ),
        *(asset.definition for asset in TABLE_ASSETS),
    ],
    resources={"session": session_resource(TABLES)},
    # One process per run: tables of a run share the warehouse connection and the lease.
    executor=dg.in_process_executor,
)
