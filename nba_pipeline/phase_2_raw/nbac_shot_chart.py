"""Where every shot of a final game was taken, as the league's shot chart has it: one row per shot.

The chart is the last resort for shots: it tells no assist and no and-one.
"""

from datetime import date

import ibis.expr.types as ir
import pandera.ibis as pa

from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.kernel.units import scheduled_rows
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.phase_1_sources.nba_stats_shot_chart_detail import (
    nba_stats_shot_chart_detail as source,
)

GRAIN = ["game_id", "shot_number"]


class NbacShotChart(pa.DataFrameModel):
    """The columns.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    shot_number: int = pa.Field(ge=1, description="Place of the shot in the file's game, from 1")
    event_id: int = pa.Field(
        nullable=True, ge=0, description="Number of the event in its game, as its source counts"
    )
    team_abbr: str = pa.Field(description="Team tricode; a player's row has his team's")
    player_id: int = pa.Field(ge=1, description="The league's id of the player")
    player_name: str = pa.Field(description="Name as the source spells it")
    period: int = pa.Field(ge=1, description="Period of the game; overtimes count from 5")
    seconds_remaining: float = pa.Field(ge=0, description="Seconds left in the period")
    is_three: bool = pa.Field(
        description="Whether it was tried for three points; NULL if no field goal"
    )
    is_made: bool = pa.Field(
        description="Whether it went in; NULL if neither field goal nor free throw"
    )
    shot_distance: float = pa.Field(
        nullable=True, ge=0, description="Distance of the shot from the basket, feet"
    )
    action_type: str = pa.Field(nullable=True, description="Kind of shot, as the source names it")
    shot_zone_basic: str = pa.Field(
        nullable=True, description="Zone of the floor, as the source names it"
    )
    loc_x: int = pa.Field(
        nullable=True, description="Tenths of feet to the right of the basket; NULL if untold"
    )
    loc_y: int = pa.Field(
        nullable=True, description="Tenths of feet in front of the basket; NULL if untold"
    )

    class Config:
        """One row per shot of a game."""

        unique = GRAIN
        strict = "filter"


def transform(nba_stats_shot_chart_detail: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The shots of final covered games."""
    return scheduled_rows(nba_stats_shot_chart_detail, nbac_schedule).drop(
        "opponent_abbr", "is_home", "player_lookup"
    )


nbac_shot_chart = table_asset(
    __name__,
    version=1,
    schema=NbacShotChart,
    reads=same_date("nbac_schedule"),
    sources=[source],
    needs_sources=True,
    transform=transform,
)
