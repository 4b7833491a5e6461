"""Every event of a final game, as the league's own play by play has it: one row per event."""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.schedule import final
from nba_pipeline.phase_1_sources.nba_cdn_play_by_play import nba_cdn_play_by_play as source

GRAIN = ["game_id", "event_id"]


class NbacPlayByPlay(pa.DataFrameModel):
    """The columns; what is a shot's is NULL of any other event.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    event_id: int = pa.Field(
        ge=0, description="Number of the event in its game, as its source counts"
    )
    period: int = pa.Field(ge=1, description="Period of the game; overtimes count from 5")
    seconds_remaining: float = pa.Field(ge=0, description="Seconds left in the period")
    event_type: str = pa.Field(nullable=True, description="Kind of event, as the source names it")
    event_subtype: str = pa.Field(nullable=True, description="The same, more closely")
    team_abbr: str = pa.Field(
        nullable=True, description="Team tricode; a player's row has his team's"
    )
    player_id: int = pa.Field(nullable=True, ge=1, description="The league's id of the player")
    assist_player_id: int = pa.Field(
        nullable=True, ge=1, description="The league's id of who assisted the shot"
    )
    block_player_id: int = pa.Field(
        nullable=True, ge=1, description="The league's id of who blocked the shot"
    )
    is_field_goal: bool = pa.Field(description="Whether the event is a field goal, made or missed")
    is_three: bool = pa.Field(
        nullable=True, description="Whether it was tried for three points; NULL if no field goal"
    )
    is_made: bool = pa.Field(
        nullable=True, description="Whether it went in; NULL if neither field goal nor free throw"
    )
    is_assisted: bool = pa.Field(
        nullable=True, description="Whether somebody assisted the shot; NULL if no field goal"
    )
    is_and_one_free_throw: bool = pa.Field(
        description="Whether it is a free throw alone, and not for a technical foul"
    )
    shot_distance: float = pa.Field(
        nullable=True, ge=0, description="Distance of the shot from the basket, feet"
    )
    description: str = pa.Field(nullable=True, description="The event in the source's words")

    class Config:
        """One row per event of a game."""

        unique = GRAIN
        strict = "filter"


def transform(nba_cdn_play_by_play: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The events of final covered games."""
    games = final(nbac_schedule).select("game_id", "game_date", "home_team", "away_team")
    events = nba_cdn_play_by_play.join(games, ["game_id", "game_date"])
    # A team that does not play is in rejected_rows.
    known = _.team_abbr.isnull() | (_.team_abbr == _.home_team) | (_.team_abbr == _.away_team)
    untold = ibis.null().cast("boolean")
    return events.filter(known).mutate(
        is_assisted=ibis.ifelse(_.is_field_goal, _.assist_player_id.notnull(), untold)
    )


nbac_play_by_play = table_asset(
    __name__,
    version=1,
    schema=NbacPlayByPlay,
    reads=same_date("nbac_schedule"),
    sources=[source],
    needs_sources=True,
    transform=transform,
)
