"""Which teams had spoken when an official report was made: one row per report and team in it.

A table of its own because its grain is the team: who is not listed by a team that has submitted is
healthy as far as it says, and of one that has not submitted nothing is known.
"""

from datetime import date, datetime

import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.injury_reports import in_games
from nba_pipeline.league.schedule import both_teams, covered
from nba_pipeline.phase_1_sources.nba_injury_report import nba_injury_report as source

GRAIN = ["report_at", "game_id", "team_abbr"]


class NbacInjuryReportTeams(pa.DataFrameModel):
    """The columns.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    report_at: datetime = pa.Field(
        description="When the report was made, UTC; of a list without a time, the end of its day"
    )
    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    team_abbr: str = pa.Field(description="Team tricode; a player's row has his team's")
    has_submitted: bool = pa.Field(
        description="Whether the team had said anything of its players for the game"
    )
    players_listed: int = pa.Field(
        ge=0, description="Lines of its players, those that could not be taken among them"
    )

    class Config:
        """One row per report, game and team."""

        unique = GRAIN
        strict = "filter"


def transform(
    nba_injury_report: ir.Table, nba_injury_report_rejected: ir.Table, nbac_schedule: ir.Table
) -> ir.Table:
    """Teams of covered games; one with any player listed has submitted.

    Of a report that is there twice, the lines of the file that has most.
    """
    rows = in_games(nba_injury_report, both_teams(covered(nbac_schedule)))
    of_file = [*GRAIN, "game_date", "source_file"]
    told = rows.group_by(of_file).agg(
        has_submitted=_.has_submitted.any(), taken=_.has_submitted.sum()
    )
    key = ["game_date", "team_abbr", "source_file"]
    # A line that is there twice is taken once.
    is_line = _.row_number.notnull() & ~_.rule.startswith("repeated_")
    lost = nba_injury_report_rejected.filter(is_line).group_by(key)
    lost = lost.agg(lost=_.row_number.nunique())
    told = told.left_join(lost, key).drop(*(f"{name}_right" for name in key))
    return told.group_by([*GRAIN, "game_date"]).agg(
        has_submitted=_.has_submitted.any(),
        players_listed=(_.taken + _.lost.fill_null(0)).max().cast("int64"),
    )


nbac_injury_report_teams = table_asset(
    __name__,
    version=3,
    schema=NbacInjuryReportTeams,
    reads=same_date("nbac_schedule"),
    sources=[source],
    needs_sources=True,
    transform=transform,
)
