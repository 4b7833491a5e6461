"""Each player's box score line as the source gives it: one row per player and final game.

A unit is one team's block of players in one game. Blocks that break an invariant stay here as the
source said them; data_gaps names them, and no later table reads them.
"""

from datetime import date

import ibis.expr.types as ir
import pandera.ibis as pa

from nba_pipeline.kernel.table import same_date, table_asset
from nba_pipeline.kernel.units import scheduled_lines
from nba_pipeline.league.schedule import both_teams, final
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import (
    nba_stats_league_game_log_player as source,
)

GRAIN = ["game_id", "player_id"]


class NbacPlayerBoxscore(pa.DataFrameModel):
    """The columns."""

    game_id: str = pa.Field(description="Ten-digit NBA game id")
    game_date: date = pa.Field(description="Tip-off date, US Eastern; the partition")
    team_abbr: str = pa.Field(description="Team tricode")
    opponent_abbr: str = pa.Field(description="The other team's tricode, from the schedule")
    is_home: bool = pa.Field(description="Whether the team is the home team, from the schedule")
    player_id: int = pa.Field(ge=1, description="The league's id of the player")
    player_name: str = pa.Field(description="Name as the source spells it")
    player_lookup: str = pa.Field(str_matches="[a-z0-9]+$", description="Normalised name")
    minutes: float = pa.Field(ge=0, le=80, description="Minutes played, decimal")
    fgm: int = pa.Field(ge=0, description="Field goals made")
    fga: int = pa.Field(ge=0, description="Field goals attempted")
    fg3m: int = pa.Field(ge=0, description="Three-pointers made")
    fg3a: int = pa.Field(ge=0, description="Three-pointers attempted")
    ftm: int = pa.Field(ge=0, description="Free throws made")
    fta: int = pa.Field(ge=0, description="Free throws attempted")
    oreb: int = pa.Field(ge=0, description="Offensive rebounds")
    dreb: int = pa.Field(ge=0, description="Defensive rebounds")
    reb: int = pa.Field(ge=0, description="Rebounds")
    ast: int = pa.Field(ge=0, description="Assists")
    stl: int = pa.Field(ge=0, description="Steals")
    blk: int = pa.Field(ge=0, description="Blocks")
    tov: int = pa.Field(ge=0, description="Turnovers")
    pf: int = pa.Field(ge=0, description="Personal fouls")
    pts: int = pa.Field(ge=0, description="Points")
    plus_minus: float = pa.Field(description="Score margin while the player was on, in points")

    class Config:
        """One row per player and game."""

        unique = GRAIN
        strict = "filter"


def expected(nbac_schedule: ir.Table) -> ir.Table:
    """A block of players for both teams of every covered game that is final."""
    return both_teams(final(nbac_schedule))


def transform(nba_stats_league_game_log_player: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The source's lines with side and opponent of the schedule."""
    return scheduled_lines(nba_stats_league_game_log_player, nbac_schedule, GRAIN)


nbac_player_boxscore = table_asset(
    __name__,
    version=1,
    schema=NbacPlayerBoxscore,
    reads=same_date("nbac_schedule"),
    sources=[source],
    expected=expected,
    transform=transform,
)
