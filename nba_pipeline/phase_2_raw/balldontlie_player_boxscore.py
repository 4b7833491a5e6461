"""Box scores as the fallback has them: one row per player who played and final game.

Games are found by date and teams, players by name within their team. A team of which one player
is nobody for certain, or may be in a rejected line of the file that stands for its game, or whose
players' points are not its score, is not whole: nothing is to be made of it. Optional.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.kernel.trust import UNIT, in_order
from nba_pipeline.kernel.units import rejected_units
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.player_names import (
    matched_names,
    nearest_names,
    of_their_teams,
    unmatched_rows,
    with_known_names,
)
from nba_pipeline.league.rejected import rejected
from nba_pipeline.league.schedule import final
from nba_pipeline.phase_1_sources.balldontlie_box_scores import balldontlie_box_scores as source
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import COUNTED
from nba_pipeline.phase_1_sources.player_sources import PLAYER_SOURCES
from nba_pipeline.thresholds import MOST_PLAYER_MINUTES

GRAIN = ["game_id", "player_id"]
_ROW = ["source_file", "row_number"]
_UNIT = ["game_id", "team_abbr"]
_GAME = ["game_date", "home_team", "away_team"]


class BalldontliePlayerBoxscore(pa.DataFrameModel):
    """The columns.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    team_abbr: str = pa.Field(description="Team tricode; a player's row has his team's")
    player_id: int = pa.Field(ge=1, description="The league's id of the player")
    player_name: str = pa.Field(description="Name as the source spells it")
    player_lookup: str = pa.Field(str_matches="[a-z0-9]+$", description="Normalised name")
    minutes: float = pa.Field(
        ge=0,
        le=MOST_PLAYER_MINUTES.value,
        description="Minutes played, decimal; a team has those of its players together",
    )
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
    pts: int = pa.Field(ge=0, description="Points scored")
    team_points: int = pa.Field(ge=0, description="The team's score as the source says it")
    opponent_points: int = pa.Field(ge=0, description="The other team's score, by the same source")
    is_whole: bool = pa.Field(
        description="Whether all of the team's lines are taken, all of its players found, and their "
        "points its score"
    )

    class Config:
        """One row per player and game."""

        unique = GRAIN
        strict = "filter"


def transform(
    balldontlie_box_scores: ir.Table,
    balldontlie_box_scores_rejected: ir.Table,
    nbac_schedule: ir.Table,
    known_players: ir.Table,
) -> ir.Table:
    """The players of final covered games whom the names mean for certain."""
    played = _played(balldontlie_box_scores, nbac_schedule)
    found = _found(played, known_players).filter(_.place == 0)
    said = played.group_by(_UNIT).agg(lines=_.count())
    taken = found.group_by(_UNIT).agg(
        found=_.count(), scored=_.pts.sum(), score=_.team_points.max()
    )
    units = said.left_join(taken, _UNIT).drop("game_id_right", "team_abbr_right")
    is_whole = ((_.lines == _.found) & (_.scored == _.score)).fill_null(False)
    units = units.select(*_UNIT, is_whole=is_whole)
    lines = _of_league(balldontlie_box_scores_rejected, balldontlie_box_scores, nbac_schedule)
    lost = rejected_units(found.select(*UNIT).distinct(), lines, nbac_schedule)
    rows = found.join(units, _UNIT).left_join(lost.select(*_UNIT, is_lost=True), _UNIT)
    # They become box scores, by whose names other sources find players.
    rows = with_known_names(rows, known_players, _ROW)
    return rows.mutate(is_whole=_.is_whole & _.is_lost.isnull())


def rejections(
    balldontlie_box_scores: ir.Table, nbac_schedule: ir.Table, known_players: ir.Table
) -> ir.Table:
    """Names that mean nobody of the team for certain, a player twice, and games off the schedule."""
    played = _played(balldontlie_box_scores, nbac_schedule)
    found = _found(played, known_players)
    lost = played.anti_join(found, _ROW)
    nearest = nearest_names(lost, known_players, lost, _ROW)
    told = unmatched_rows(lost, nearest, _ROW, "player")
    again = rejected(
        found.filter(_.place > 0),
        field="player",
        value=_.player_name,
        rule="repeated_player",
        tells=_.player_name + " is in the game already",
    )
    strange = balldontlie_box_scores.anti_join(nbac_schedule, _GAME)
    strange = rejected(
        strange.mutate(game_id=_.event_id.cast("string")),
        field="player",
        value=_.player_name,
        rule="unknown_game",
        tells=_.player_name + " is in no game of the schedule on its date",
    )
    return ibis.union(told, again.select(*told.columns), strange.select(*told.columns))


def _of_league(rejected_lines: ir.Table, rows: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The rejected lines with the league's id of their game, where another line tells which it is.

    One of another file than the one that stands for its game takes nothing from it. One of no game
    that is known is of its team's, and one of no team either may be of any of its date.
    """
    games = rows.select("event_id", "source_file", *_GAME).distinct().join(nbac_schedule, _GAME)
    games = games.select(
        event=_.event_id.cast("string"),
        event_date="game_date",
        league_id="game_id",
        standing="source_file",
    )
    on = [rejected_lines.game_id == games.event, rejected_lines.game_date == games.event_date]
    told = rejected_lines.left_join(games, on)
    told = told.filter(told.standing.isnull() | (told.standing == told.source_file))
    return told.mutate(game_id=told.league_id)


def _played(rows: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The lines of final covered games in which anything is counted."""
    games = final(nbac_schedule).select("game_id", "season", *_GAME)
    took_part = (_.minutes > 0) | ibis.or_(*(_[name] > 0 for name in COUNTED))
    return rows.filter(took_part).join(games, _GAME)


def _found(played: ir.Table, known_players: ir.Table) -> ir.Table:
    """The lines whose name means a player for certain; place counts those of one, from 0.

    A player of several teams of a date is another's namesake in all but his own.
    """
    players = matched_names(played, known_players, played, _ROW)
    of_date = ibis.window(group_by=["game_date", "player_id"])
    found = played.join(players, _ROW).mutate(
        is_one=_.team_abbr.min().over(of_date) == _.team_abbr.max().over(of_date)
    )
    own = of_their_teams(players, played, known_players, played, _ROW)
    own = own.select(*_ROW, is_own=True)
    found = found.left_join(own, _ROW).drop(*(f"{key}_right" for key in _ROW))
    return in_order(found.filter(_.is_one | _.is_own.fill_null(False)), GRAIN)


balldontlie_player_boxscore = table_asset(
    __name__,
    version=6,
    schema=BalldontliePlayerBoxscore,
    reads=same_date("nbac_schedule"),
    sources=[source],
    needs_sources=True,
    # Of two files of a game one stands, and what the other rejects takes nothing from it.
    knows_places=True,
    transform=transform,
    rejections=rejections,
    players_from=PLAYER_SOURCES,
)
