"""Who referees each game, as named on its morning: one row per game and official.

Optional. Games off the schedule, or between other teams than the schedule has, are rejected.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.schedule import covered
from nba_pipeline.phase_1_sources.nba_referee_assignments import PLACES
from nba_pipeline.phase_1_sources.nba_referee_assignments import nba_referee_assignments as source

GRAIN = ["game_id", "official_id"]
_GAME = ["game_id", "game_date", "home_team", "away_team"]


class NbacRefereeAssignments(pa.DataFrameModel):
    """The columns.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    official_id: int = pa.Field(ge=1, description="The league's id of the official")
    official_name: str = pa.Field(description="Name of the official as the league spells it")
    official_position: int = pa.Field(
        isin=PLACES, description="Place in the crew: 1 chief, 2 referee, 3 umpire, 4 alternate"
    )
    jersey_number: str = pa.Field(nullable=True, description="Number on the official's shirt")

    class Config:
        """One row per game and official."""

        unique = GRAIN
        strict = "filter"


def transform(nba_referee_assignments: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The crews of covered games."""
    return nba_referee_assignments.semi_join(covered(nbac_schedule), _GAME)


def rejections(nba_referee_assignments: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """Officials of games that the schedule does not have so; exhibitions are no rejections."""
    exhibitions = nbac_schedule.filter(_.season_type.isin(["preseason", "all_star"]))
    strange = nba_referee_assignments.anti_join(nbac_schedule, _GAME)
    strange = strange.anti_join(exhibitions, ["game_id"])
    place = _.source_file + " row " + _.row_number.cast("string")
    game = _.game_id + ", " + _.away_team + " at " + _.home_team
    return strange.select(
        "source_file",
        "row_number",
        "game_date",
        "game_id",
        team_abbr=ibis.null().cast("string"),
        field=ibis.literal("game_id"),
        value=_.game_id,
        rule=ibis.literal("unknown_game"),
        detail=place + ": the schedule has no game " + game + " on " + _.game_date.cast("string"),
    )


nbac_referee_assignments = table_asset(
    __name__,
    version=1,
    schema=NbacRefereeAssignments,
    reads=same_date("nbac_schedule"),
    sources=[source],
    needs_sources=True,
    transform=transform,
    rejections=rejections,
)
