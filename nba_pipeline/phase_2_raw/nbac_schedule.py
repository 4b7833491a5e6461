"""Every game of the schedule: one row per game, under the date on which it is or was played.

The one place where game_id and game_code are minted, and what every expectation is made from. Which
games there are, the schedule says alone; that one is over, and how it ended, its date's scoreboard may
say first.
"""

from datetime import date, datetime

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league.identity import GAME_ID, SEASON_TYPES
from nba_pipeline.league.schedule import covered, open_games
from nba_pipeline.phase_1_sources.nba_stats_schedule import nba_stats_schedule as source
from nba_pipeline.phase_1_sources.nba_stats_scoreboard import nba_stats_scoreboard as scoreboard

GRAIN = ["game_id"]
_GAME = ["game_id", "game_date", "home_team", "away_team"]


class NbacSchedule(pa.DataFrameModel):
    """The columns.

    Every row also has bypass, run_id, code_version, written_at.
    """

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
    status_source: str = pa.Field(
        isin=[source.name, scoreboard.name], description="The source of status and scores"
    )

    class Config:
        """One row per game."""

        unique = GRAIN
        strict = "filter"


def transform(nba_stats_schedule: ir.Table, nba_stats_scoreboard: ir.Table) -> ir.Table:
    """The schedule's games; one that it has open ends as the scoreboard says."""
    games = _with_board(nba_stats_schedule, nba_stats_scoreboard)
    is_ended = games.status.isin(["scheduled", "live"]) & (games.board_status == "final")
    is_ended = is_ended.fill_null(False)
    return games.mutate(
        status=ibis.ifelse(is_ended, games.board_status, games.status),
        home_score=ibis.ifelse(is_ended, games.board_home_score, games.home_score),
        away_score=ibis.ifelse(is_ended, games.board_away_score, games.away_score),
        status_source=ibis.ifelse(is_ended, scoreboard.name, source.name),
    )


def rejections(nba_stats_schedule: ir.Table, nba_stats_scoreboard: ir.Table) -> ir.Table:
    """Games of a scoreboard that the schedule does not have so."""
    # A game that moves stays, as postponed, on the scoreboard of the date that it has left.
    boards = nba_stats_scoreboard.filter(_.status != "postponed")
    strange = boards.anti_join(nba_stats_schedule, _GAME)
    place = _.source_file + " row " + _.row_number.cast("string")
    game = _.game_id + ", " + _.away_team + " at " + _.home_team
    return strange.select(
        "source_file",
        "row_number",
        "game_date",
        "game_id",
        team_abbr=ibis.null().cast("string"),
        field=ibis.literal("gameId"),
        value=_.game_id,
        rule=ibis.literal("unknown_game"),
        detail=place + ": the schedule has no game " + game + " on " + _.game_date.cast("string"),
    )


def _with_board(games: ir.Table, boards: ir.Table) -> ir.Table:
    """The games with what the scoreboard says of them; NULL where it says nothing."""
    said = ("status", "home_score", "away_score")
    told = boards.select(*_GAME, **{f"board_{name}": boards[name] for name in said})
    return games.left_join(told, _GAME).drop(*(f"{key}_right" for key in _GAME))


def teams_with_two_games(rows: ir.Table) -> ir.Table:
    """Covered games of a team that has another on the same date; an exhibition's may have."""
    rows = covered(rows)
    sides = rows.select("game_id", "game_date", team="home_team").union(
        rows.select("game_id", "game_date", team="away_team")
    )
    twice = sides.group_by("game_date", "team").having(sides.count() > 1).agg(games=sides.count())
    return sides.semi_join(twice, ["game_date", "team"])


def unsettled(rows: ir.Table) -> ir.Table:
    """Covered games that are neither final nor postponed."""
    return open_games(rows)


def unlike_scoreboard(rows: ir.Table, nba_stats_scoreboard: ir.Table) -> ir.Table:
    """Games whose scoreboard has another score, or an end of one that is postponed.

    The row has what the schedule says, and of a postponed game no line is looked for.
    """
    told = _with_board(rows.filter(_.status.isin(["final", "postponed"])), nba_stats_scoreboard)
    told = told.filter(_.board_status == "final")
    home, away = (told[f"{side}_score"] != told[f"board_{side}_score"] for side in ("home", "away"))
    return told.filter(home | away | (told.status == "postponed"))


nbac_schedule = table_asset(
    __name__,
    version=5,
    schema=NbacSchedule,
    sources=[source, scoreboard],
    needs_sources=True,
    transform=transform,
    rejections=rejections,
    unsettled=unsettled,
    is_unique_over_all=True,
    violations=[teams_with_two_games],
    warnings=[unlike_scoreboard],
    checkpoints=[checkpoint("schedule", teams_with_two_games, unlike_scoreboard)],
)
