"""Every game of the schedule: one row per game, under the date on which it is or was played.

The one place where game_id and game_code are minted, and what every expectation is made from.
"""

from datetime import date, datetime

import ibis.expr.types as ir
import pandera.ibis as pa

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league.identity import GAME_ID, SEASON_TYPES
from nba_pipeline.league.schedule import open_games
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule as source

GRAIN = ["game_id"]


class NbacSchedule(pa.DataFrameModel):
    """The columns."""

    game_id: str = pa.Field(str_matches=GAME_ID + "$", description="Ten-digit NBA game id")
    game_code: str = pa.Field(description="Readable alias of the game: YYYYMMDD_AWAY_HOME")
    game_date: date = pa.Field(
        description="Date of the tip-off, US Eastern, or that the row is filed under; the partition"
    )
    season: str = pa.Field(str_matches=r"[0-9]{4}-[0-9]{2}$")
    season_type: str = pa.Field(
        isin=list(SEASON_TYPES.values()),
        description="Kind of game, from the id's third digit: regular, playoffs, ...",
    )
    home_team: str = pa.Field(description="Tricode of the home team")
    away_team: str = pa.Field(description="Tricode of the visiting team")
    tipoff_at: datetime = pa.Field(nullable=True, description="Tip-off, UTC; NULL when unknown")
    status: str = pa.Field(
        isin=["scheduled", "live", "final", "postponed"], description="State of the game"
    )
    is_neutral_site: bool = pa.Field(description="Played on neither team's court")
    home_score: int = pa.Field(nullable=True, ge=0, description="Home points; NULL until played")
    away_score: int = pa.Field(
        nullable=True, ge=0, description="Visitors' points; NULL until played"
    )

    class Config:
        """One row per game."""

        unique = GRAIN
        strict = "filter"


def transform(nba_stats_schedule: ir.Table) -> ir.Table:
    """The source's games."""
    return nba_stats_schedule


def teams_with_two_games(rows: ir.Table) -> ir.Table:
    """Games of a team that has another on the same date."""
    sides = rows.select("game_id", "game_date", team="home_team").union(
        rows.select("game_id", "game_date", team="away_team")
    )
    twice = sides.group_by("game_date", "team").having(sides.count() > 1).agg(games=sides.count())
    return sides.semi_join(twice, ["game_date", "team"])


def unsettled(rows: ir.Table) -> ir.Table:
    """Covered games that are neither final nor postponed."""
    return open_games(rows)


nbac_schedule = table_asset(
    __name__,
    version=2,
    schema=NbacSchedule,
    sources=[source],
    transform=transform,
    unsettled=unsettled,
    is_unique_over_all=True,
    violations=[teams_with_two_games],
    checkpoints=[checkpoint("schedule", teams_with_two_games)],
)
