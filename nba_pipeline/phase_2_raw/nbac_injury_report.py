"""What each team said before its game of a player's chance to play: one row per report and player.

From the league's official reports. A game before whose tip-off no team of its date has said anything
in one takes the list that is known from the evening before, and so does a team of which those reports
say that it has not; report_source says so. Who is on no row was on no list; whether his team had
spoken yet is in nbac_injury_report_teams. Players of teams without a covered game are left out.
"""

from datetime import date, datetime

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.kernel.trust import in_order
from nba_pipeline.league.availability import InjuryStatus
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.injury_reports import before_tipoff, in_games
from nba_pipeline.league.player_names import matched_names, nearest_names, unmatched_rows
from nba_pipeline.league.rejected import rejected
from nba_pipeline.league.schedule import both_teams, covered
from nba_pipeline.phase_1_sources.balldontlie_injuries import (
    balldontlie_injuries as fallback_source,
)
from nba_pipeline.phase_1_sources.nba_injury_report import nba_injury_report as official_source
from nba_pipeline.phase_1_sources.player_sources import PLAYER_SOURCES
from nba_pipeline.thresholds import EARLIEST_TIPOFF

GRAIN = ["report_at", "game_id", "player_id"]
_PDF = r"\.pdf(\.gz)?$"
_ROW = ["source_file", "row_number"]


class NbacInjuryReport(pa.DataFrameModel):
    """The columns.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    report_at: datetime = pa.Field(
        description="When the report was made, UTC; of a list without a time, the end of its day"
    )
    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    team_abbr: str = pa.Field(description="Team tricode; a player's row has his team's")
    player_id: int = pa.Field(ge=1, description="The league's id of the player")
    player_name: str = pa.Field(description="Name as the source spells it")
    player_lookup: str = pa.Field(str_matches="[a-z0-9]+$", description="Normalised name")
    injury_status: str = pa.Field(
        isin=[status.value for status in InjuryStatus],
        description="The player's chance to play, as his team put it",
    )
    reason: str = pa.Field(nullable=True, description="Why, in the report's words")
    report_source: str = pa.Field(
        isin=[official_source.name, fallback_source.name], description="Source of the row"
    )

    class Config:
        """One row per report, game and player."""

        unique = GRAIN
        strict = "filter"


def transform(
    nba_injury_report: ir.Table,
    balldontlie_injuries: ir.Table,
    nbac_schedule: ir.Table,
    known_players: ir.Table,
) -> ir.Table:
    """The listed players of covered games whom the names mean for certain.

    Of a report that is there twice, as a PDF and as what was parsed of it, the PDF stands.
    """
    listed = _listed(nba_injury_report, balldontlie_injuries, nbac_schedule)
    players = matched_names(listed, known_players, listed, _ROW)
    found = listed.join(players, _ROW)
    return in_order(found, GRAIN).filter(_.place == 0)


def rejections(
    nba_injury_report: ir.Table,
    balldontlie_injuries: ir.Table,
    nbac_schedule: ir.Table,
    known_players: ir.Table,
) -> ir.Table:
    """Names that mean nobody for certain, a second line of a player, and games off the schedule."""
    listed = _listed(nba_injury_report, balldontlie_injuries, nbac_schedule)
    players = matched_names(listed, known_players, listed, _ROW)
    lost = listed.anti_join(players, _ROW)
    nearest = nearest_names(lost, known_players, lost, _ROW)
    told = unmatched_rows(lost, nearest, _ROW, "Player Name")
    again = in_order(listed.join(players, _ROW), ["source_file", *GRAIN])
    again = rejected(
        again.filter(_.place > 0),
        field="Player Name",
        value=_.player_name,
        rule="repeated_player",
        tells=_.player_name + " is listed already",
    )
    games = in_games(nba_injury_report, both_teams(nbac_schedule))
    strange = nba_injury_report.mutate(game_id=_.away_team + "@" + _.home_team)
    # Of a team that has handed in nothing the team is told.
    who = ibis.coalesce(_.player_name, _.team_abbr)
    strange = rejected(
        strange.anti_join(games, _ROW),
        field="Player Name",
        value=who,
        rule="unknown_game",
        tells=who + " is in no game of the schedule on its date",
    )
    return ibis.union(told, again.select(*told.columns), strange.select(*told.columns))


def _listed(official: ir.Table, unofficial: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """Every listed player of a covered game."""
    sides, team = both_teams(covered(nbac_schedule)), ["game_date", "team_abbr"]
    told = in_games(_once(official), sides)
    reported = told.filter(_.has_submitted)
    # What comes after a game's tip-off takes nothing away that was known before it.
    before = before_tipoff(nbac_schedule, int(EARLIEST_TIPOFF.value))
    silent = before(told).anti_join(before(reported), team)
    reports = reported.select("game_date", "report_at").distinct()
    spoken_of = before(sides.select("game_id", "game_date").join(reports, "game_date"))
    listed = unofficial.join(sides, team)
    # Of a date's report with any team's word, only of those that it calls silent.
    on_others = listed.anti_join(spoken_of, "game_id")
    of_silent = listed.semi_join(spoken_of, "game_id").semi_join(silent, team)
    without = on_others.union(of_silent)
    columns = [*_ROW, "report_at", "game_date", "game_id", "season", "team_abbr", "player_name"]
    columns += ["player_lookup", "reason"]
    return ibis.union(
        *(
            rows.select(*columns, injury_status="status", report_source=ibis.literal(source.name))
            for rows, source in ((reported, official_source), (without, fallback_source))
        )
    )


def _once(official: ir.Table) -> ir.Table:
    """The official rows of a date without those of reports, by their moment, that are PDFs too."""
    is_pdf = official.source_file.re_search(_PDF)
    report = ["report_at", "game_date"]
    printed = official.filter(is_pdf).select(*report).distinct()
    return official.filter(is_pdf).union(official.filter(~is_pdf).anti_join(printed, report))


nbac_injury_report = table_asset(
    __name__,
    version=6,
    schema=NbacInjuryReport,
    reads=same_date("nbac_schedule"),
    sources=[official_source, fallback_source],
    needs_sources=True,
    # Of a report that is there twice the PDF stands.
    knows_places=True,
    transform=transform,
    rejections=rejections,
    players_from=PLAYER_SOURCES,
)
