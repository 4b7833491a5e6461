"""Which sources name the league's players with their ids: what names of other sources are matched to."""

from nba_pipeline.phase_1_sources.nba_stats_league_game_log import nba_stats_league_game_log_player
from nba_pipeline.phase_1_sources.nba_stats_player_index import nba_stats_player_index

PLAYER_SOURCES = (nba_stats_league_game_log_player, nba_stats_player_index)
"""A table that matches names declares them as its players_from."""
