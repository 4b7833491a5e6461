"""Which games and teams the schedule demands: what every expectation is made of."""

import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.identity import COVERED_SEASON_TYPES

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


def covered(nbac_schedule: ir.Table) -> ir.Table:
    """The games that count: regular season, play-in, playoffs and cup final; none postponed."""
    return nbac_schedule.filter(
        _.season_type.isin(list(COVERED_SEASON_TYPES)), _.status != "postponed"
    )


def final(nbac_schedule: ir.Table) -> ir.Table:
    """The covered games that have been played to the end."""
    return covered(nbac_schedule).filter(_.status == "final")


def both_teams(games: ir.Table) -> ir.Table:
    """Two rows per game: game_id, game_date, season, team_abbr, opponent_abbr, is_home."""
    home = games.select(
        "game_id",
        "game_date",
        "season",
        team_abbr="home_team",
        opponent_abbr="away_team",
        is_home=True,
        team_score="home_score",
        opponent_score="away_score",
    )
    away = games.select(
        "game_id",
        "game_date",
        "season",
        team_abbr="away_team",
        opponent_abbr="home_team",
        is_home=False,
        team_score="away_score",
        opponent_score="home_score",
    )
    return home.union(away)
