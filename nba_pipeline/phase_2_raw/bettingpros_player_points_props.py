"""Points lines as BettingPros gives them: one row per date, player and bookmaker.

Today's only bookmaker is the consensus of many. The source names no team and no game: a date
without a covered game has no rows.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.kernel.trust import in_order
from nba_pipeline.league.betting_lines import CONSENSUS
from nba_pipeline.league.player_names import matched_names, nearest_names, unmatched_rows
from nba_pipeline.league.rejected import rejected
from nba_pipeline.league.schedule import both_teams, covered
from nba_pipeline.phase_1_sources.bettingpros_player_points import (
    bettingpros_player_points as source,
)
from nba_pipeline.phase_1_sources.player_sources import PLAYER_SOURCES

GRAIN = ["game_date", "player_id", "bookmaker"]
_ROW = ["source_file", "row_number"]


class BettingprosPlayerPointsProps(pa.DataFrameModel):
    """The columns.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    game_date: date
    player_id: int = pa.Field(ge=1, description="The league's id of the player")
    player_name: str = pa.Field(description="Name as the source spells it")
    player_lookup: str = pa.Field(str_matches="[a-z0-9]+$", description="Normalised name")
    bookmaker: str = pa.Field(description="The bookmaker's key; consensus is that of many")
    points_line: float = pa.Field(
        gt=0, description="Points that a player must exceed for over to win"
    )
    over_price: float = pa.Field(
        gt=1, nullable=True, description="Decimal price of over: what a stake of 1 pays back"
    )

    class Config:
        """One row per date, player and bookmaker."""

        unique = GRAIN
        strict = "filter"


def transform(
    bettingpros_player_points: ir.Table, nbac_schedule: ir.Table, known_players: ir.Table
) -> ir.Table:
    """The lines of dates with covered games, for players whom the names mean for certain.

    Of two spellings of one player on a date the lower line stands.
    """
    found = _found(bettingpros_player_points, nbac_schedule, known_players)
    return found.filter(_.place == 0).mutate(bookmaker=ibis.literal(CONSENSUS))


def rejections(
    bettingpros_player_points: ir.Table, nbac_schedule: ir.Table, known_players: ir.Table
) -> ir.Table:
    """Names that mean nobody for certain, and a second line of a player."""
    lines = _lines(bettingpros_player_points, nbac_schedule)
    found = _found(bettingpros_player_points, nbac_schedule, known_players)
    lost = lines.anti_join(found, _ROW)
    nearest = nearest_names(lost, known_players, _teams(lost, nbac_schedule), _ROW)
    told = unmatched_rows(lost, nearest, _ROW, "player_slug")
    again = rejected(
        found.filter(_.place > 0),
        field="player_slug",
        value=_.player_name,
        rule="repeated_player",
        tells=_.player_name + " has a line already",
    )
    return told.union(again)


def _lines(bettingpros_player_points: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The lines of dates with a covered game."""
    dates = covered(nbac_schedule).select("game_date", "season").distinct()
    return bettingpros_player_points.join(dates, "game_date")


def _found(
    bettingpros_player_points: ir.Table, nbac_schedule: ir.Table, known_players: ir.Table
) -> ir.Table:
    """The lines whose names mean a player, numbered from 0 for each player and date."""
    lines = _lines(bettingpros_player_points, nbac_schedule)
    teams = _teams(lines, nbac_schedule)
    found = lines.join(matched_names(lines, known_players, teams, _ROW), _ROW)
    return in_order(found, ["game_date", "player_id"], _.points_line)


def _teams(lines: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """All teams that play on the date: for which of them the player does is not told."""
    sides = both_teams(covered(nbac_schedule)).select("game_date", "team_abbr")
    return lines.select(*_ROW, "game_date").join(sides, "game_date").drop("game_date")


bettingpros_player_points_props = table_asset(
    __name__,
    version=2,
    schema=BettingprosPlayerPointsProps,
    reads=same_date("nbac_schedule"),
    sources=[source],
    needs_sources=True,
    transform=transform,
    rejections=rejections,
    players_from=PLAYER_SOURCES,
)
