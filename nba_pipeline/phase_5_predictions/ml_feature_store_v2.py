"""The features of every player of a date's universe: what models are trained and served on.

One named, nullable column per feature; nothing stands in for an unknown.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.table import from_season, same_date, table_asset
from nba_pipeline.lookback import provenance
from nba_pipeline.lookback.recomputed import sampled, unlike_recomputed
from nba_pipeline.lookback.timeline import TEAM_GAMES, timeline
from nba_pipeline.lookback.windows import as_of, last, mean, ratio
from nba_pipeline.model.features import FEATURE_VERSION

GRAIN = ["game_id", "player_id"]


class MlFeatureStoreV2(pa.DataFrameModel):
    """The columns; every one after season_type is a feature but feature_version."""

    game_id: str = pa.Field(description="Ten-digit NBA game id")
    game_date: date = pa.Field(description="Tip-off date, US Eastern; the partition")
    player_id: int = pa.Field(ge=1, description="The league's id of the player")
    player_lookup: str = pa.Field(description="Normalised name")
    team_abbr: str = pa.Field(description="Tricode of the player's team")
    opponent_abbr: str = pa.Field(description="The other team's tricode")
    season_type: str = pa.Field(description="Kind of game")
    points_avg_last_5: float = pa.Field(nullable=True, description="Points, last 5 games")
    points_avg_last_10: float = pa.Field(nullable=True, description="Points, last 10 games")
    points_avg_season: float = pa.Field(nullable=True, description="Points, season")
    points_std_last_10: float = pa.Field(
        nullable=True, description="Sample standard deviation of points, last 10 games"
    )
    recent_trend: float = pa.Field(
        nullable=True, description="points_avg_last_5 minus points_avg_last_10, in points"
    )
    minutes_avg_last_5: float = pa.Field(nullable=True, description="Minutes, last 5 games")
    minutes_avg_last_10: float = pa.Field(nullable=True, description="Minutes, last 10 games")
    minutes_avg_season: float = pa.Field(nullable=True, description="Minutes, season")
    minutes_change: float = pa.Field(
        nullable=True, description="minutes_avg_last_10 over minutes_avg_season, minus 1"
    )
    usage_rate_last_10: float = pa.Field(nullable=True, description="Percent, last 10 games")
    usage_rate_season: float = pa.Field(nullable=True, description="Percent, season")
    ts_pct_last_10: float = pa.Field(nullable=True, description="True shooting, last 10 games")
    pct_free_throw: float = pa.Field(
        nullable=True, description="Free throws made / points, last 10 games"
    )
    games_played_season: int = pa.Field(nullable=True, description="Games with minutes this season")
    points_avg_previous_season: float = pa.Field(
        nullable=True, description="Points, the season before"
    )
    minutes_avg_previous_season: float = pa.Field(
        nullable=True, description="Minutes, the season before"
    )
    games_in_last_7_days: int = pa.Field(nullable=True, description="Games the player played")
    games_in_last_14_days: int = pa.Field(nullable=True, description="Games the player played")
    minutes_in_last_7_days: float = pa.Field(nullable=True, description="Minutes the player played")
    back_to_backs_last_14_days: int = pa.Field(
        nullable=True, description="Games the player played on the day after another"
    )
    days_rest: int = pa.Field(nullable=True, description="Days since the player's last game")
    team_days_rest: int = pa.Field(nullable=True, description="Days since the team's last game")
    rest_advantage: int = pa.Field(
        nullable=True, description="Team's minus opponent's days since their last games"
    )
    is_back_to_back: bool = pa.Field(
        nullable=True, description="Whether the player played yesterday"
    )
    is_home: bool = pa.Field(description="Whether the player's team is the home team")
    is_playoff_game: bool = pa.Field(description="Whether the game is in the playoffs")
    team_pace_last_10: float = pa.Field(
        nullable=True, description="Own team's pace, possessions per 48 minutes"
    )
    team_off_rating_last_10: float = pa.Field(
        nullable=True, description="Own team's points per 100 possessions"
    )
    team_win_pct_season: float = pa.Field(nullable=True, description="Own team's share of wins")
    opponent_def_rating: float = pa.Field(
        nullable=True, description="Opponent's points allowed per 100 possessions, last 15 games"
    )
    opponent_pace: float = pa.Field(
        nullable=True, description="Opponent's mean pace, last 15 games"
    )
    feature_version: int = pa.Field(description="Counts the lists of features")

    class Config:
        """One row per player and game."""

        unique = GRAIN
        strict = "filter"


def expected(upcoming_player_game_context: ir.Table) -> ir.Table:
    """Every player of the date's universe."""
    return upcoming_player_game_context


def transform(
    upcoming_player_game_context: ir.Table,
    player_daily_cache: ir.Table,
    team_offense_game_summary: ir.Table,
    data_gaps: ir.Table,
) -> ir.Table:
    """The context, the player's windows, and the opponent's defence."""
    context = upcoming_player_game_context
    said = set(context.columns) - {"game_date", "player_id", *provenance.tracking_columns(context)}
    known = player_daily_cache.drop(*(name for name in player_daily_cache.columns if name in said))
    rows = provenance.join(context, known, ["player_id", "game_date"])
    opponents = timeline(
        team_offense_game_summary.mutate(points_allowed=_.points - _.margin),
        data_gaps,
        of="team_abbr",
        needs=TEAM_GAMES,
    )
    defence = as_of(
        rows.select("game_date", team_abbr="opponent_abbr").distinct(),
        opponents,
        last(
            15,
            opponent_def_rating=ratio("points_allowed", "possessions", scale=100),
            opponent_pace=mean("pace"),
        ),
    ).rename(opponent_abbr="team_abbr")
    rows = provenance.join(rows, defence, ["opponent_abbr", "game_date"])
    return rows.mutate(
        recent_trend=_.points_avg_last_5 - _.points_avg_last_10,
        minutes_change=_.minutes_avg_last_10 / _.minutes_avg_season.nullif(0) - 1,
        pct_free_throw=_.free_throw_points_share_last_10,
        is_playoff_game=_.season_type == "playoffs",
        feature_version=ibis.literal(FEATURE_VERSION),
    )


def as_of_sample(rows: ir.Table, team_offense_game_summary: ir.Table) -> ir.Table:
    """Sampled rows whose opponent_pace is not that of the games strictly before them."""
    return unlike_recomputed(
        sampled(rows),
        team_offense_game_summary,
        "opponent_abbr",
        value="opponent_pace",
        column="pace",
        games=15,
    )


ml_feature_store_v2 = table_asset(
    __name__,
    version=1,
    schema=MlFeatureStoreV2,
    reads=[
        *same_date("upcoming_player_game_context", "player_daily_cache"),
        *from_season("team_offense_game_summary", "data_gaps"),
    ],
    expected=expected,
    transform=transform,
    assertions=[as_of_sample],
    checkpoints=[checkpoint("as_of", as_of_sample)],
    needs_minimum_games=True,
)
