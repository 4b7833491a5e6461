"""The features of every player of a date's universe: what models are trained and served on.

One named, nullable column per feature; nothing stands in for an unknown.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.feature import (
    feature,
    features_of,
    learned_features_of,
    optional_features_of,
)
from nba_pipeline.kernel.reads import from_season, same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.injury_status import INJURY_SOURCES, injury_risk
from nba_pipeline.lookback import provenance
from nba_pipeline.lookback.recomputed import sampled, unlike_recomputed

GRAIN = ["game_id", "player_id"]
FEATURE_VERSION = 4
"""Counts the lists and the meanings of the features."""


class MlFeatureStoreV2(pa.DataFrameModel):
    """The columns; what is marked as a feature is one.

    Every row also has box_games_expected, box_games_present, team_games_expected,
    team_games_present, zone_games_expected, zone_games_present, completeness, gap_ids,
    is_production_ready, not_ready_reason, season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    player_id: int = pa.Field(ge=1)
    player_lookup: str
    team_abbr: str
    opponent_abbr: str
    season_type: str
    points_avg_last_1: float = feature()
    points_avg_last_5: float = feature()
    points_avg_last_10: float = feature()
    points_avg_season: float = feature()
    points_std_last_10: float = feature()
    recent_trend: float = feature(
        description="points_avg_last_5 minus points_avg_last_10, in points"
    )
    minutes_avg_last_1: float = feature()
    minutes_avg_last_2: float = feature()
    minutes_avg_last_5: float = feature()
    minutes_avg_last_10: float = feature()
    minutes_avg_season: float = feature()
    minutes_change: float = feature(
        description="minutes_avg_last_10 over minutes_avg_season, minus 1"
    )
    usage_rate_last_10: float = feature()
    usage_rate_season: float = feature()
    ts_pct_last_10: float = feature()
    pct_free_throw: float = feature(description="Free throws made / points, last 10 games")
    games_played_season: int = feature()
    games_played_for_team_season: int = feature()
    points_weighted_carried_10: float = feature()
    minutes_weighted_carried_10: float = feature()
    points_weighted_carried_30: float = feature()
    minutes_weighted_carried_30: float = feature()
    fga_weighted_carried_30: float = feature()
    fta_weighted_carried_30: float = feature()
    usage_rate_weighted_carried_30: float = feature()
    fga_per_minute_carried_20: float = feature()
    points_per_minute_carried_60: float = feature()
    points_avg_previous_season: float = feature(needs="previous_season")
    minutes_avg_previous_season: float = feature(needs="previous_season")
    games_in_last_7_days: int = feature()
    games_in_last_14_days: int = feature()
    minutes_in_last_7_days: float = feature()
    back_to_backs_last_14_days: int = feature()
    days_rest: int = feature()
    team_days_rest: int = feature()
    rest_advantage: int = feature()
    is_back_to_back: bool = feature()
    missed_last_team_game: bool = feature(
        description="Whether the team has played since the player did, this season"
    )
    is_home: bool = feature(nullable=False)
    is_playoff_game: bool = feature(
        nullable=False, description="Whether the game is in the playoffs"
    )
    team_pace_last_10: float = feature()
    team_off_rating_last_10: float = feature()
    team_win_pct_season: float = feature()
    opponent_def_rating: float = feature(
        description="Opponent's points allowed per 100 possessions, last 15 games"
    )
    opponent_pace: float = feature(description="Opponent's mean pace, last 15 games")
    fatigue_score: float = feature(is_learned=False)
    shot_zone_mismatch_score: float = feature(needs="league_shots", is_learned=False)
    pace_score: float = feature(needs="league", is_learned=False)
    usage_spike_score: float = feature(needs="availability", is_learned=False)
    teammates_out_usage: float = feature(needs="availability")
    pct_paint: float = feature(
        needs="shots",
        is_learned=False,
        description="Share of attempts from the paint, last 10 games",
    )
    pct_mid_range: float = feature(
        needs="shots",
        is_learned=False,
        description="Share of attempts from mid range, last 10 games",
    )
    pct_three: float = feature(
        needs="shots", is_learned=False, description="Share of attempts for three, last 10 games"
    )
    assisted_rate_last_10: float = feature(needs="assists", is_learned=False)
    injury_risk: int = feature(
        needs="report",
        description="What his team says of his chance to play: 0 available, 1 probable, 2 questionable, "
        "3 doubtful or out; NULL where nobody says anything of it",
    )
    injury_status: str = pa.Field(nullable=True)
    injury_source: str = pa.Field(isin=list(INJURY_SOURCES))
    feature_version: int = pa.Field(ge=1, description="Counts the lists of features")

    class Config:
        """One row per player and game."""

        unique = GRAIN
        strict = "filter"


FEATURES = features_of(MlFeatureStoreV2)
"""What models and systems of this list take; those that ask for another one refuse."""
LEARNED = learned_features_of(MlFeatureStoreV2)
"""Those of them that models learn from: the others paid nothing in seasons that were not judged on."""
OPTIONAL = optional_features_of(MlFeatureStoreV2)
"""Those of them that a good row may lack, and what each needs."""


def expected(upcoming_player_game_context: ir.Table) -> ir.Table:
    """Every player of the date's universe."""
    return upcoming_player_game_context


def transform(
    upcoming_player_game_context: ir.Table,
    player_daily_cache: ir.Table,
    player_composite_factors: ir.Table,
    player_shot_zone_analysis: ir.Table,
    team_defense_zone_analysis: ir.Table,
) -> ir.Table:
    """The context, the player's windows, his zones and factors, and the opponent's defence."""
    rows = upcoming_player_game_context
    rows = _joined(rows, player_daily_cache, ["player_id", "game_date"])
    rows = _joined(rows, player_composite_factors, GRAIN)
    shots = provenance.of_window(player_shot_zone_analysis, "last_10")
    rows = _joined(rows, shots, ["player_id", "game_date"])
    defense = team_defense_zone_analysis.select(
        "game_date",
        *provenance.tracking_columns(team_defense_zone_analysis),
        opponent_abbr="team_abbr",
        opponent_def_rating="defensive_rating_last_15",
        opponent_pace="pace_last_15",
    )
    rows = provenance.join(rows, defense, ["opponent_abbr", "game_date"])
    return rows.mutate(
        recent_trend=_.points_avg_last_5 - _.points_avg_last_10,
        minutes_change=_.minutes_avg_last_10 / _.minutes_avg_season.nullif(0) - 1,
        pct_free_throw=_.free_throw_points_share_last_10,
        missed_last_team_game=_.days_rest > _.team_days_rest,
        pct_paint=_.paint_rate_last_10,
        pct_mid_range=_.mid_range_rate_last_10,
        pct_three=_.three_rate_last_10,
        injury_risk=injury_risk(rows.injury_status, rows.injury_source),
        is_playoff_game=_.season_type == "playoffs",
        feature_version=ibis.literal(FEATURE_VERSION),
    )


def _joined(rows: ir.Table, known: ir.Table, on: list[str]) -> ir.Table:
    """The rows with what the other table says that they do not say yet."""
    said = set(rows.columns) - {*on, *provenance.tracking_columns(rows)}
    return provenance.join(rows, known.drop(*(n for n in known.columns if n in said)), on)


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
    version=5,
    schema=MlFeatureStoreV2,
    reads=[
        *same_date("upcoming_player_game_context", "player_daily_cache"),
        *same_date("player_composite_factors", "player_shot_zone_analysis"),
        *same_date("team_defense_zone_analysis"),
        *from_season("team_offense_game_summary"),
    ],
    expected=expected,
    transform=transform,
    assertions=[as_of_sample],
    checkpoints=[checkpoint("as_of", as_of_sample)],
    ready_when=["box", "team", "minimum_games"],
    counts=["zone"],
)
