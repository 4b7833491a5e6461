"""Points lines that bookmakers offered before games: one row per player, book, snapshot and number.

Whoever is known to be with neither team of the event has no line in it: a price on him is rejected.

All snapshots and all numbers are kept. A book that lists several numbers for one player lists
alternates, which is why the number is part of the grain; is_main tells its line.
"""

from datetime import date, datetime

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.kernel.trust import in_order
from nba_pipeline.league.betting_lines import (
    offers_in_games,
    offers_of_no_game,
    with_main_lines,
)
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.player_names import (
    matched_names,
    nearest_names,
    of_their_teams,
    unmatched_rows,
)
from nba_pipeline.league.rejected import rejected
from nba_pipeline.league.schedule import both_teams, covered
from nba_pipeline.phase_1_sources.odds_api_player_points import odds_api_player_points as source
from nba_pipeline.phase_1_sources.player_sources import PLAYER_SOURCES

GRAIN = ["game_id", "player_id", "bookmaker", "snapshot_at", "points_line"]
_NAME = ["source_file", "game_id", "player_lookup"]


class OddsApiPlayerPointsProps(pa.DataFrameModel):
    """The columns.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    player_id: int = pa.Field(ge=1, description="The league's id of the player")
    player_name: str = pa.Field(description="Name as the source spells it")
    player_lookup: str = pa.Field(str_matches="[a-z0-9]+$", description="Normalised name")
    bookmaker: str = pa.Field(description="The bookmaker's key; consensus is that of many")
    snapshot_at: datetime = pa.Field(description="When it was offered so, UTC")
    updated_at: datetime = pa.Field(
        nullable=True, description="When the bookmaker last changed the market, UTC"
    )
    commence_time: datetime = pa.Field(
        description="When the game was to begin, as the source had it at the snapshot, UTC"
    )
    event_id: str = pa.Field(description="The source's own id of the game")
    points_line: float = pa.Field(
        gt=0, description="Points that a player must exceed for over to win"
    )
    over_price: float = pa.Field(
        gt=1, nullable=True, description="Decimal price of over: what a stake of 1 pays back"
    )
    under_price: float = pa.Field(
        gt=1, nullable=True, description="Decimal price of under: what a stake of 1 pays back"
    )
    is_main: bool = pa.Field(
        description="Whether it is the book's line: of its numbers the nearest to even prices"
    )

    class Config:
        """One row per player, book, snapshot and number."""

        unique = GRAIN
        strict = "filter"


def transform(
    odds_api_player_points: ir.Table, nbac_schedule: ir.Table, known_players: ir.Table
) -> ir.Table:
    """The offers for players of both teams whom the names mean for certain, both sides in a row.

    Of an offer that is there twice the one stands that the bookmaker changed last, or else the one
    at the lower price.
    """
    offers = _offers(odds_api_player_points, nbac_schedule)
    names, teams = _names(offers), _teams(offers, nbac_schedule)
    players = matched_names(names, known_players, teams, _NAME)
    players = of_their_teams(players, names, known_players, teams, _NAME)
    found = offers.join(players, _NAME)
    found = in_order(found, [*GRAIN, "side"], _.updated_at.desc(nulls_first=False), _.price)
    found = found.filter(_.place == 0)
    lines = found.group_by([*GRAIN, "game_date"]).agg(
        # Two files of one moment may differ in these.
        event_id=_.event_id.max(),
        commence_time=_.commence_time.max(),
        player_name=_.player_name.min(),
        player_lookup=_.player_lookup.min(),
        updated_at=_.updated_at.max(),
        over_price=_.price.max(where=_.side == "over"),
        under_price=_.price.max(where=_.side == "under"),
    )
    return with_main_lines(lines, GRAIN[:-1])


def rejections(
    odds_api_player_points: ir.Table, nbac_schedule: ir.Table, known_players: ir.Table
) -> ir.Table:
    """Names of nobody for certain or of neither team, once per file; events that are no game."""
    offers = _offers(odds_api_player_points, nbac_schedule)
    names, teams = _names(offers), _teams(offers, nbac_schedule)
    players = matched_names(names, known_players, teams, _NAME)
    own = of_their_teams(players, names, known_players, teams, _NAME)
    once = offers.group_by([*_NAME, "game_date", "home_team", "away_team"]).agg(
        row_number=_.row_number.min(), player_name=_.player_name.min()
    )
    lost = once.anti_join(players, _NAME)
    nearest = nearest_names(names.semi_join(lost, _NAME), known_players, teams, _NAME)
    others = rejected(
        once.join(players.anti_join(own, _NAME), _NAME),
        field="description",
        value=_.player_name,
        rule="player_of_other_team",
        tells=_.player_name
        + " is player "
        + _.player_id.cast("string")
        + ", who is known to be with neither "
        + _.away_team
        + " nor "
        + _.home_team,
    )
    return ibis.union(
        unmatched_rows(lost, nearest, _NAME, "description"),
        others,
        offers_of_no_game(odds_api_player_points, nbac_schedule),
    )


def _offers(odds_api_player_points: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    return offers_in_games(odds_api_player_points, both_teams(covered(nbac_schedule)))


def _names(offers: ir.Table) -> ir.Table:
    return offers.select(*_NAME, "season", "game_date").distinct()


def _teams(offers: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """Both teams of the game: for which of them the player plays is not told."""
    sides = both_teams(nbac_schedule).select("game_id", "team_abbr")
    return offers.select(*_NAME).distinct().join(sides, "game_id").select(*_NAME, "team_abbr")


odds_api_player_points_props = table_asset(
    __name__,
    version=2,
    schema=OddsApiPlayerPointsProps,
    reads=same_date("nbac_schedule"),
    sources=[source],
    needs_sources=True,
    transform=transform,
    rejections=rejections,
    players_from=PLAYER_SOURCES,
)
