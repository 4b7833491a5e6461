"""Who the league's players are, as last listed: one row per player and date.

Each date has the list that was in force on it, so that no later position or team reaches an earlier
date. Optional: dates before the first list have no rows.
"""

from datetime import date

import ibis.expr.types as ir
import pandera.ibis as pa

from nba_pipeline.kernel.table import table_asset
from nba_pipeline.phase_1_sources.nba_stats_player_index import POSITIONS
from nba_pipeline.phase_1_sources.nba_stats_player_index import nba_stats_player_index as source

GRAIN = ["player_id", "game_date"]


class NbacPlayerList(pa.DataFrameModel):
    """The columns.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    player_id: int = pa.Field(ge=1, description="The league's id of the player")
    game_date: date = pa.Field(
        description="Date of the tip-off, US Eastern, or that the row is filed under; the partition"
    )
    player_name: str = pa.Field(description="Name as the source spells it")
    player_lookup: str = pa.Field(str_matches="[a-z0-9]+$", description="Normalised name")
    team_abbr: str = pa.Field(
        nullable=True, description="Team tricode; a player's row has his team's"
    )
    position: str = pa.Field(
        nullable=True,
        isin=POSITIONS,
        description="G, F, C, or two of them with the one he plays more first; NULL when not listed",
    )

    class Config:
        """One row per player and date."""

        unique = GRAIN
        strict = "filter"


def transform(nba_stats_player_index: ir.Table) -> ir.Table:
    """The list in force."""
    return nba_stats_player_index


nbac_player_list = table_asset(
    __name__,
    version=1,
    schema=NbacPlayerList,
    sources=[source],
    needs_sources=True,
    transform=transform,
)
