"""What each team did with the ball: one row per team and game, once it is final.

A team whose own box score is a gap has no row; one whose opponent's is has no possessions. Its zones
are unknown where the game's shots or its own roster are a gap.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league import box_score
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.schedule import both_teams, final
from nba_pipeline.league.shots import ZONE_COUNTS
from nba_pipeline.lookback import provenance
from nba_pipeline.thresholds import RECOMPUTED_TOLERANCE

GRAIN = ["game_id", "team_abbr"]


class TeamOffenseGameSummary(pa.DataFrameModel):
    """The columns.

    Every row also has team_games_expected, team_games_present, zone_games_expected,
    zone_games_present, completeness, gap_ids, is_production_ready, not_ready_reason, season,
    bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    team_abbr: str
    opponent_abbr: str
    is_home: bool
    won: bool = pa.Field(nullable=True)
    margin: int = pa.Field(nullable=True, description="Own points minus the opponent's")
    points: int = pa.Field(ge=0, description="Points scored")
    fgm: int = pa.Field(ge=0)
    fga: int = pa.Field(ge=0)
    fg3m: int = pa.Field(ge=0)
    fg3a: int = pa.Field(ge=0)
    ftm: int = pa.Field(ge=0)
    fta: int = pa.Field(ge=0)
    oreb: int = pa.Field(ge=0)
    dreb: int = pa.Field(ge=0)
    ast: int = pa.Field(ge=0)
    tov: int = pa.Field(ge=0)
    pf: int = pa.Field(ge=0)
    paint_attempts: int = pa.Field(ge=0, nullable=True)
    paint_makes: int = pa.Field(ge=0, nullable=True)
    mid_range_attempts: int = pa.Field(ge=0, nullable=True)
    mid_range_makes: int = pa.Field(ge=0, nullable=True)
    three_attempts: int = pa.Field(ge=0, nullable=True)
    three_makes: int = pa.Field(ge=0, nullable=True)
    overtime_periods: int = pa.Field(ge=0, description="Overtimes, from the team's player-minutes")
    possessions: float = pa.Field(
        gt=0, nullable=True, description="Mean of both teams' FGA + 0.44*FTA + TOV - OREB"
    )
    pace: float = pa.Field(gt=0, nullable=True, description="Possessions per 48 minutes")
    offensive_rating: float = pa.Field(
        ge=0, nullable=True, description="Points per 100 possessions"
    )
    ts_pct: float = pa.Field(
        ge=0,
        nullable=True,
        description="True shooting: points / (2*(FGA + 0.44*FTA)), 0 to 1 or so",
    )
    efg_pct: float = pa.Field(
        ge=0, nullable=True, description="Effective field goals: (FGM + 0.5*3PM) / FGA, 0 to 1.5"
    )

    class Config:
        """One row per team and game."""

        unique = GRAIN
        strict = "filter"


def expected(nbac_schedule: ir.Table) -> ir.Table:
    """Both teams of every covered game that is final."""
    return both_teams(final(nbac_schedule))


def transform(
    nbac_team_boxscore: ir.Table, player_game_shots: ir.Table, data_gaps: ir.Table
) -> ir.Table:
    """Possessions, pace and ratings after Oliver, *Basketball on Paper* (2004); shots by zone."""
    sides = provenance.with_holes(nbac_team_boxscore, data_gaps, "nbac_team_boxscore")
    sides = sides.mutate(used=_.fga + 0.44 * _.fta + _.tov - _.oreb)
    others = sides.select(
        "game_id",
        *provenance.tracking_columns(sides),
        opponent_abbr="team_abbr",
        opponent_points="pts",
        opponent_used="used",
    )
    both = provenance.join(sides, others, ["game_id", "opponent_abbr"]).filter(_.pts.notnull())
    both = _with_zones(both, player_game_shots, data_gaps)
    overtimes = box_score.overtime_periods(both.minutes)
    return both.mutate(
        points=_.pts,
        margin=_.pts - _.opponent_points,
        overtime_periods=overtimes,
        possessions=(_.used + _.opponent_used) / 2,
        ts_pct=box_score.ts_pct(both.pts, both.fga, both.fta),
        efg_pct=box_score.efg_pct(both.fgm, both.fg3m, both.fga),
    ).mutate(
        pace=_.possessions * 48 / (48 + 5 * _.overtime_periods),
        offensive_rating=100 * _.points / _.possessions.nullif(0),
    )


def _with_zones(rows: ir.Table, shots: ir.Table, data_gaps: ir.Table) -> ir.Table:
    """The rows with their players' shots together; which are known hangs on both rosters."""
    games = rows.select("game_id", "game_date").distinct()
    rosters = provenance.of_games(games, data_gaps, "nbac_player_boxscore")
    rows = provenance.join(rows, rosters.select("game_id", "gap_ids"), ["game_id"])
    rows = provenance.join(rows, provenance.of_games(games, data_gaps, "shots"), ["game_id"])
    sums = {name: shots[name].sum() for name in ZONE_COUNTS}
    rows = provenance.join(rows, provenance.gathered(shots, GRAIN, **sums), GRAIN)
    is_known = rows.paint_attempts.notnull()
    return rows.mutate(zone_games_present=ibis.ifelse(is_known, rows.zone_games_present, 0))


def possessions_not_shared(rows: ir.Table) -> ir.Table:
    """Rows whose possessions are not the other side's."""
    other = rows.select("game_id", opponent_abbr="team_abbr", theirs="possessions")
    return rows.join(other, ["game_id", "opponent_abbr"]).filter(
        (_.possessions - _.theirs).abs() > RECOMPUTED_TOLERANCE.value
    )


def zones_unlike_attempts(rows: ir.Table) -> ir.Table:
    """Rows whose shots by zone are known and are not as many, or not as good, as the box score's."""
    attempts = _.paint_attempts + _.mid_range_attempts + _.three_attempts
    makes = _.paint_makes + _.mid_range_makes + _.three_makes
    return rows.filter((attempts != _.fga) | (makes != _.fgm))


def points_unlike_players(
    rows: ir.Table, nbac_player_boxscore: ir.Table, data_gaps: ir.Table
) -> ir.Table:
    """Rows whose points are not the sum of their players' points, where those are believable."""
    rosters = nbac_player_boxscore.anti_join(
        data_gaps.filter(_.table_name == "nbac_player_boxscore"), GRAIN
    )
    players = rosters.group_by(GRAIN).agg(by_players=_.pts.sum())
    return rows.join(players, GRAIN).filter(_.points != _.by_players)


team_offense_game_summary = table_asset(
    __name__,
    version=2,
    schema=TeamOffenseGameSummary,
    reads=same_date(
        *("nbac_schedule", "nbac_team_boxscore", "nbac_player_boxscore"),
        *("player_game_shots", "data_gaps"),
    ),
    expected=expected,
    transform=transform,
    violations=[possessions_not_shared, points_unlike_players],
    warnings=[zones_unlike_attempts],
    ready_when=["team"],
    counts=["zone"],
    checkpoints=[
        checkpoint("box_score", possessions_not_shared, points_unlike_players),
        checkpoint("shots", zones_unlike_attempts),
    ],
)
