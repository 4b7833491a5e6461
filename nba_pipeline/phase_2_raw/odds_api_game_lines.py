"""What bookmakers offered on games: one row per game, book, market, outcome and snapshot.

All snapshots are kept, those of games that had begun too.
"""

from datetime import date, datetime

import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.kernel.trust import in_order
from nba_pipeline.league.betting_lines import offers_in_games, offers_of_no_game
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.schedule import both_teams, covered
from nba_pipeline.phase_1_sources.odds_api_game_odds import MARKETS
from nba_pipeline.phase_1_sources.odds_api_game_odds import odds_api_game_odds as source

GRAIN = ["game_id", "bookmaker", "market", "outcome", "snapshot_at"]


class OddsApiGameLines(pa.DataFrameModel):
    """The columns.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    bookmaker: str = pa.Field(description="The bookmaker's key; consensus is that of many")
    market: str = pa.Field(
        isin=list(MARKETS), description="What is bet on: the winner, the margin, or all points"
    )
    outcome: str = pa.Field(description="The team's tricode; of totals over or under")
    snapshot_at: datetime = pa.Field(description="When it was offered so, UTC")
    updated_at: datetime = pa.Field(
        nullable=True, description="When the bookmaker last changed the market, UTC"
    )
    commence_time: datetime = pa.Field(
        description="When the game was to begin, as the source had it at the snapshot, UTC"
    )
    event_id: str = pa.Field(description="The source's own id of the game")
    point: float = pa.Field(
        nullable=True,
        description="Points added to the team's score (spreads) or to be exceeded (totals); no h2h",
    )
    price: float = pa.Field(gt=1, description="Decimal price: what a stake of 1 pays back")

    class Config:
        """One row per game, book, market, outcome and snapshot."""

        unique = GRAIN
        strict = "filter"


def transform(odds_api_game_odds: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """The offers on covered games; of one that is there twice what was changed last stands."""
    offers = offers_in_games(odds_api_game_odds, both_teams(covered(nbac_schedule)))
    offers = in_order(offers, GRAIN, _.updated_at.desc(nulls_first=False), _.price)
    return offers.filter(_.place == 0)


def rejections(odds_api_game_odds: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """Events that are no scheduled game."""
    return offers_of_no_game(odds_api_game_odds, nbac_schedule)


odds_api_game_lines = table_asset(
    __name__,
    version=2,
    schema=OddsApiGameLines,
    reads=same_date("nbac_schedule"),
    sources=[source],
    needs_sources=True,
    transform=transform,
    rejections=rejections,
)
