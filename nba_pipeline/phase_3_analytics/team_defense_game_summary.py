"""What each team allowed: one row per team and final game, an exact mirror of the other's offense.

A team whose opponent's own box score is a gap has no row; one whose own is has no steals and blocks.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.columns import QUALITY
from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.schedule import both_teams, final
from nba_pipeline.league.shots import ZONE_COUNTS
from nba_pipeline.lookback import provenance

GRAIN = ["game_id", "team_abbr"]
_LINE = ("fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "ast", "tov", "pf")
_MIRRORED = {
    "points_allowed": "points",
    **{f"opponent_{name}": name for name in (*_LINE, *ZONE_COUNTS)},
    "possessions": "possessions",
    "defensive_rating": "offensive_rating",
    "opponent_pace": "pace",
    "opponent_ts_pct": "ts_pct",
    "opponent_efg_pct": "efg_pct",
}
"""Columns and the columns of the opponent's offense that they equal."""


class TeamDefenseGameSummary(pa.DataFrameModel):
    """The columns; team_abbr is the defender.

    Every row also has team_games_expected, team_games_present, zone_games_expected,
    zone_games_present, completeness, gap_ids, is_production_ready, not_ready_reason, season,
    bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    team_abbr: str
    opponent_abbr: str
    is_home: bool
    points_allowed: int = pa.Field(ge=0, description="Points that the opponent scored")
    opponent_fgm: int = pa.Field(ge=0, description="Field goals that the opponent made")
    opponent_fga: int = pa.Field(ge=0, description="Field goals that the opponent attempted")
    opponent_fg3m: int = pa.Field(ge=0, description="Three-pointers that the opponent made")
    opponent_fg3a: int = pa.Field(ge=0, description="Three-pointers that the opponent attempted")
    opponent_ftm: int = pa.Field(ge=0, description="Free throws that the opponent made")
    opponent_fta: int = pa.Field(ge=0, description="Free throws that the opponent attempted")
    opponent_oreb: int = pa.Field(ge=0, description="Offensive rebounds of the opponent")
    opponent_dreb: int = pa.Field(ge=0, description="Defensive rebounds of the opponent")
    opponent_ast: int = pa.Field(ge=0, description="Assists of the opponent")
    opponent_tov: int = pa.Field(ge=0, description="Turnovers of the opponent")
    opponent_pf: int = pa.Field(ge=0, description="Personal fouls of the opponent")
    opponent_paint_attempts: int = pa.Field(
        ge=0, nullable=True, description="Twos that the opponent attempted from 8 feet or less"
    )
    opponent_paint_makes: int = pa.Field(
        ge=0, nullable=True, description="Twos that the opponent made from 8 feet or less"
    )
    opponent_mid_range_attempts: int = pa.Field(
        ge=0, nullable=True, description="Twos that the opponent attempted from more than 8 feet"
    )
    opponent_mid_range_makes: int = pa.Field(
        ge=0, nullable=True, description="Twos that the opponent made from more than 8 feet"
    )
    opponent_three_attempts: int = pa.Field(
        ge=0,
        nullable=True,
        description="Threes that the opponent attempted, by the source of shots",
    )
    opponent_three_makes: int = pa.Field(
        ge=0, nullable=True, description="Threes that the opponent made, by the source of shots"
    )
    stl: int = pa.Field(ge=0, nullable=True)
    blk: int = pa.Field(ge=0, nullable=True)
    possessions: float = pa.Field(gt=0, nullable=True)
    defensive_rating: float = pa.Field(
        ge=0, nullable=True, description="Points allowed per 100 possessions"
    )
    opponent_pace: float = pa.Field(
        gt=0, nullable=True, description="Possessions per 48 minutes of the game"
    )
    opponent_ts_pct: float = pa.Field(
        ge=0, nullable=True, description="True shooting of the opponent, 0 to 1 and at times above"
    )
    opponent_efg_pct: float = pa.Field(
        ge=0, nullable=True, description="Effective field goal percentage of the opponent, 0 to 1.5"
    )

    class Config:
        """One row per defending team and game."""

        unique = GRAIN
        strict = "filter"


def expected(nbac_schedule: ir.Table) -> ir.Table:
    """Both teams of every covered game that is final."""
    return both_teams(final(nbac_schedule))


def transform(
    team_offense_game_summary: ir.Table, nbac_team_boxscore: ir.Table, data_gaps: ir.Table
) -> ir.Table:
    """The opponent's offense seen from the other side, and the defender's steals and blocks."""
    offense = team_offense_game_summary
    tracked = provenance.tracking_columns(offense)
    allowed = offense.select(
        "game_id",
        "game_date",
        *tracked,
        team_abbr="opponent_abbr",
        opponent_abbr="team_abbr",
        is_home=~_.is_home,
        **_MIRRORED,
    )
    own = provenance.with_holes(nbac_team_boxscore, data_gaps, "nbac_team_boxscore")
    own = own.select("game_id", "team_abbr", "stl", "blk", *provenance.tracking_columns(own))
    return provenance.join(allowed, own, ["game_id", "team_abbr"])


def not_mirrored(rows: ir.Table, team_offense_game_summary: ir.Table) -> ir.Table:
    """Rows with a number that is not the one of the opponent's offense."""
    offense = team_offense_game_summary.select(
        theirs_in="game_id",
        theirs_of="team_abbr",
        **{f"their_{name}": name for name in _MIRRORED.values()},
    )
    both = rows.left_join(
        offense, [rows.game_id == offense.theirs_in, rows.opponent_abbr == offense.theirs_of]
    )
    same = [both[mine].identical_to(both[f"their_{name}"]) for mine, name in _MIRRORED.items()]
    unlike = both.filter(~ibis.and_(*same))
    return rows.semi_join(unlike, GRAIN)


def offense_without_defense(rows: ir.Table, team_offense_game_summary: ir.Table) -> ir.Table:
    """Offense of a team that no row of its opponent mirrors."""
    defenders = rows.select("game_id", defended="opponent_abbr")
    return team_offense_game_summary.anti_join(
        defenders,
        [
            team_offense_game_summary.game_id == defenders.game_id,
            team_offense_game_summary.team_abbr == defenders.defended,
        ],
    ).drop(*QUALITY)


team_defense_game_summary = table_asset(
    __name__,
    version=2,
    schema=TeamDefenseGameSummary,
    reads=same_date(
        "nbac_schedule", "team_offense_game_summary", "nbac_team_boxscore", "data_gaps"
    ),
    expected=expected,
    transform=transform,
    violations=[not_mirrored, offense_without_defense],
    ready_when=["team"],
    counts=["zone"],
    checkpoints=[checkpoint("box_score", not_mirrored, offense_without_defense)],
)
