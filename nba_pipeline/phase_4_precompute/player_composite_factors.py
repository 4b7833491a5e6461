"""What may make a player of a date score more or less than usual: four factors and their sum.

A factor of which an input is unknown is NULL, and so is then the sum.
"""

from datetime import date

import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import from_previous_season, from_season, same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league import composite_factors
from nba_pipeline.league.box_score import of_who_played
from nba_pipeline.league.composite_factors import (
    FRESH,
    MOST_MISMATCH,
    MOST_PACE,
    MOST_USAGE,
)
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.shots import ZONES
from nba_pipeline.lookback import provenance
from nba_pipeline.lookback.recomputed import sampled, unlike_recomputed
from nba_pipeline.lookback.timeline import (
    PLAYER_GAMES,
    TEAM_GAMES,
    computed_once,
    timeline,
    with_back_to_backs,
)
from nba_pipeline.lookback.windows import as_of, last, last_days, mean, total
from nba_pipeline.thresholds import RECOMPUTED_TOLERANCE

GRAIN = ["game_id", "player_id"]
_FACTORS = ("shot_zone_mismatch_score", "pace_score", "usage_spike_score")


class PlayerCompositeFactors(pa.DataFrameModel):
    """The columns; windows are of the season and end the day before game_date.

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
    usage_rate_last_3: float = pa.Field(
        ge=0, nullable=True, description="Mean usage_rate, percent, last 3 games"
    )
    teammates_out_usage: float = pa.Field(ge=0, nullable=True)
    pace_differential: float = pa.Field(
        nullable=True,
        description="Mean of both teams' pace, last 15 games each, minus league_pace_last_30_days",
    )
    league_pace_coverage: float = pa.Field(ge=0, le=1, nullable=True)
    league_zone_coverage: float = pa.Field(ge=0, le=1, nullable=True)
    fatigue_score: float = pa.Field(
        ge=0, le=FRESH, nullable=True, description="100 = fresh: rest, games and minutes lately"
    )
    shot_zone_mismatch_score: float = pa.Field(
        ge=-MOST_MISMATCH,
        le=MOST_MISMATCH,
        nullable=True,
        description="How weak the opponent is where the player shoots; positive = weaker",
    )
    pace_score: float = pa.Field(
        ge=-MOST_PACE, le=MOST_PACE, nullable=True, description="Half of pace_differential"
    )
    usage_spike_score: float = pa.Field(
        ge=-MOST_USAGE,
        le=MOST_USAGE,
        nullable=True,
        description="0.3 of how much more he is used lately, and what teammates who are out leave",
    )
    total_composite_adjustment: float = pa.Field(
        nullable=True,
        description="(fatigue_score - 100) / 20 and the three other scores, in points",
    )

    class Config:
        """One row per player and game."""

        unique = GRAIN
        strict = "filter"


def expected(upcoming_player_game_context: ir.Table) -> ir.Table:
    """Every player of the date's universe."""
    return upcoming_player_game_context


def transform(
    upcoming_player_game_context: ir.Table,
    player_shot_zone_analysis: ir.Table,
    team_defense_zone_analysis: ir.Table,
    player_game_summary: ir.Table,
    team_offense_game_summary: ir.Table,
    data_gaps: ir.Table,
) -> ir.Table:
    """The player's rest and usage, his zones against the opponent's, and both teams' pace."""
    context = upcoming_player_game_context
    rows = context.select(
        *GRAIN,
        *("game_date", "player_lookup", "team_abbr", "opponent_abbr", "days_rest"),
        *("games_in_last_7_days", "minutes_in_last_7_days", "teammates_out_usage"),
        *provenance.tracking_columns(context),
    )
    played = of_who_played(player_game_summary).semi_join(rows, "player_id")
    games = timeline(played, data_gaps, of="player_id", needs=PLAYER_GAMES)
    dated = ["player_id", "game_date"]
    used = as_of(
        rows.select(*dated),
        games,
        last(3, usage_rate_last_3=mean("usage_rate")),
        last(10, usage_rate_last_10=mean("usage_rate")),
    )
    # What is unknown of a day after a hole is of no other window.
    tired = as_of(
        rows.select(*dated),
        with_back_to_backs(games),
        last_days(14, back_to_backs_last_14_days=total("is_back_to_back")),
    )
    tired = tired.drop(*(set(provenance.tracking_columns(tired)) - {"gap_ids"}))
    rows = provenance.join(provenance.join(rows, used, dated), tired, dated)
    shots = provenance.of_window(player_shot_zone_analysis, "last_10")
    shots = shots.select(
        *("player_id", "game_date", "primary_scoring_zone"),
        *(f"{zone}_rate_last_10" for zone in ZONES),
        *provenance.tracking_columns(shots),
    )
    rows = provenance.join(rows, shots, dated)
    rows = _with_paces(rows, team_defense_zone_analysis, team_offense_game_summary, data_gaps)
    rows = rows.mutate(
        fatigue_score=composite_factors.fatigue_score(rows),
        shot_zone_mismatch_score=composite_factors.shot_zone_mismatch_score(rows),
        pace_score=composite_factors.pace_score(rows),
        usage_spike_score=composite_factors.usage_spike_score(rows),
    )
    tired = composite_factors.fatigue_adjustment(rows.fatigue_score)
    others = rows.shot_zone_mismatch_score + rows.pace_score + rows.usage_spike_score
    return rows.mutate(total_composite_adjustment=tired + others)


def _with_paces(
    rows: ir.Table,
    team_defense_zone_analysis: ir.Table,
    team_offense_game_summary: ir.Table,
    data_gaps: ir.Table,
) -> ir.Table:
    """The rows with the opponent's defence by zone, and how fast both teams play together.

    Of the own team only its pace is asked, so that no shots of its opponents are behind the row.
    """
    defense = team_defense_zone_analysis
    opponents = defense.select(
        *("game_date", "pace_last_15", "league_pace_last_30_days"),
        *("league_pace_coverage", "league_zone_coverage"),
        *(f"{zone}_pct_allowed_vs_league" for zone in ZONES),
        *provenance.tracking_columns(defense),
        opponent_abbr="team_abbr",
    )
    rows = computed_once(provenance.join(rows, opponents, ["opponent_abbr", "game_date"]))
    own = as_of(
        rows.select("team_abbr", "game_date").distinct(),
        timeline(team_offense_game_summary, data_gaps, of="team_abbr", needs=TEAM_GAMES),
        last(15, own_pace_last_15=mean("pace")),
    )
    rows = provenance.join(rows, own, ["team_abbr", "game_date"])
    both = (rows.own_pace_last_15 + rows.pace_last_15) / 2
    return rows.mutate(pace_differential=both - rows.league_pace_last_30_days)


def as_of_sample(rows: ir.Table, player_game_summary: ir.Table) -> ir.Table:
    """Sampled rows whose usage is not that of the games strictly before them."""
    return unlike_recomputed(
        sampled(rows).filter(_.usage_rate_last_3.notnull()),
        of_who_played(player_game_summary),
        "player_id",
        value="usage_rate_last_3",
        column="usage_rate",
        games=3,
    )


def total_unlike_its_factors(rows: ir.Table) -> ir.Table:
    """Rows whose sum is not that of their factors, or stands where one of them is unknown."""
    parts = [(rows.fatigue_score - FRESH) / 20, *(rows[name] for name in _FACTORS)]
    added = sum(parts[1:], parts[0])
    is_unlike = (rows.total_composite_adjustment - added).abs() > RECOMPUTED_TOLERANCE.value
    return rows.filter(is_unlike | (rows.total_composite_adjustment.isnull() != added.isnull()))


player_composite_factors = table_asset(
    __name__,
    version=3,
    schema=PlayerCompositeFactors,
    reads=[
        *same_date("upcoming_player_game_context"),
        *same_date("player_shot_zone_analysis", "team_defense_zone_analysis"),
        *from_previous_season("player_game_summary", "data_gaps"),
        *from_season("team_offense_game_summary"),
    ],
    expected=expected,
    transform=transform,
    assertions=[as_of_sample],
    violations=[total_unlike_its_factors],
    checkpoints=[
        checkpoint("as_of", as_of_sample),
        checkpoint("factors", total_unlike_its_factors),
    ],
    blocked_by=["usage_rate_coverage"],
    ready_when=["box", "team", "minimum_games"],
    counts=["zone"],
)
