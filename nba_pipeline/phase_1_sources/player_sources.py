"""The sources that know players by name and id: those from which names become known."""

from nba_pipeline.phase_1_sources.nba_stats_league_game_log import (
    nba_stats_league_game_log_player,
)

PLAYER_SOURCES = (nba_stats_league_game_log_player,)
"""What a table that matches names declares as players_from."""
