"""Each team's box score as the source gives it: one row per team and final game.

It is taken from the most trusted source that has it: the league game log, then the game's box score,
then the sum of the players whom the fallback has. Rows that break an invariant stay here as the
source said them; data_gaps names them, and no later table reads them.
"""

from datetime import date

import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.kernel.trust import most_trusted, told_by, told_of, with_contradictions
from nba_pipeline.kernel.units import Invariant, Units
from nba_pipeline.league.box_score import more_made_than_attempted
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.schedule import both_teams, final
from nba_pipeline.phase_1_sources.balldontlie_box_scores import balldontlie_box_scores as fallback
from nba_pipeline.phase_1_sources.nba_stats_boxscore import nba_stats_boxscore as boxscore
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import COUNTED
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import (
    nba_stats_league_game_log_team as game_log,
)
from nba_pipeline.thresholds import FEWEST_TEAM_POINTS, MOST_TEAM_POINTS, TEAM_MINUTES_AGREE

GRAIN = ["game_id", "team_abbr"]
LINE = {
    **dict.fromkeys(("minutes", "plus_minus"), "float64"),
    **dict.fromkeys(COUNTED, "int64"),
    "won": "boolean",
}
"""What a source says of a team, and its types."""


class NbacTeamBoxscore(pa.DataFrameModel):
    """The columns; minutes are off by a few in the source.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    team_abbr: str
    opponent_abbr: str = pa.Field(description="The other team's tricode, from the schedule")
    is_home: bool = pa.Field(description="Whether the team is the home team, from the schedule")
    minutes: float = pa.Field(ge=0)
    fgm: int = pa.Field(ge=0)
    fga: int = pa.Field(ge=0)
    fg3m: int = pa.Field(ge=0)
    fg3a: int = pa.Field(ge=0)
    ftm: int = pa.Field(ge=0)
    fta: int = pa.Field(ge=0)
    oreb: int = pa.Field(ge=0)
    dreb: int = pa.Field(ge=0)
    reb: int = pa.Field(ge=0)
    ast: int = pa.Field(ge=0)
    stl: int = pa.Field(ge=0)
    blk: int = pa.Field(ge=0)
    tov: int = pa.Field(ge=0)
    pf: int = pa.Field(ge=0)
    pts: int = pa.Field(ge=0)
    plus_minus: float = pa.Field(description="Score margin while on the floor, in points")
    won: bool = pa.Field(nullable=True, description="Whether the team won; NULL when not said")
    source_name: str = pa.Field(
        isin=[game_log.name, boxscore.name, fallback.name],
        description="The source that the row's unit is taken from",
    )
    contradiction: str = pa.Field(
        nullable=True,
        description="What a less trusted source says otherwise of the unit; NULL where none does",
    )

    class Config:
        """One row per team and game."""

        unique = GRAIN
        strict = "filter"


def expected(nbac_schedule: ir.Table) -> ir.Table:
    """Both teams of every covered game that is final."""
    return both_teams(final(nbac_schedule))


def transform(
    nba_stats_league_game_log_team: ir.Table,
    nba_stats_league_game_log_team_rejected: ir.Table,
    nba_stats_boxscore: ir.Table,
    nba_stats_boxscore_rejected: ir.Table,
    balldontlie_player_boxscore: ir.Table,
    nbac_schedule: ir.Table,
) -> ir.Table:
    """Each line from its most trusted source, with side and opponent of the schedule."""
    log = told_by(
        game_log.name,
        nba_stats_league_game_log_team,
        nba_stats_league_game_log_team_rejected,
        nbac_schedule,
        LINE,
    )
    document = told_by(
        boxscore.name,
        nba_stats_boxscore.filter(_.is_of_team).mutate(won=_.plus_minus > 0),
        nba_stats_boxscore_rejected,
        nbac_schedule,
        LINE,
    )
    last = told_of(fallback.name, _of_players(balldontlie_player_boxscore), nbac_schedule, LINE)
    return with_contradictions(
        most_trusted(log, document, last).drop("place"),
        log,
        document,
        line=[],
        counts=COUNTED,
        minutes_within=TEAM_MINUTES_AGREE.value,
    )


def _of_players(balldontlie_player_boxscore: ir.Table) -> ir.Table:
    """The lines of teams whose players are all there: their sums, and the margin of the score."""
    whole = balldontlie_player_boxscore.filter(_.is_whole)
    sums = {name: _[name].sum() for name in ("minutes", *COUNTED)}
    teams = whole.group_by("game_id", "game_date", "team_abbr").agg(
        **sums, plus_minus=_.team_points.max() - _.opponent_points.max()
    )
    return teams.mutate(won=_.plus_minus > 0, is_whole=True)


def measured(sides: ir.Table, nbac_team_boxscore: ir.Table) -> ir.Table:
    """Each side of a final game with its row, and the points of the other side."""
    rows = nbac_team_boxscore.drop("game_date", "opponent_abbr", "is_home")
    others = nbac_team_boxscore.select("game_id", opponent_abbr="team_abbr", opponent_pts="pts")
    sides = sides.left_join(rows.mutate(is_there=True), GRAIN)
    sides = sides.drop(*(f"{key}_right" for key in GRAIN))
    keys = ["game_id", "opponent_abbr"]
    sides = sides.left_join(others, keys).drop(*(f"{key}_right" for key in keys))
    # The schedule's score is the more independent of the two; the other row may itself be wrong.
    return sides.mutate(points_against=_.opponent_score.fill_null(_.opponent_pts))


INVARIANTS = (
    Invariant(
        "two_rows_per_game", _.is_there.isnull(), "the game has no line of this team", "missing"
    ),
    Invariant(
        "points_identity",
        _.pts != 2 * _.fgm + _.fg3m + _.ftm,
        _.pts.cast("string") + " points are not 2 * fgm + fg3m + ftm",
    ),
    Invariant(
        "rebounds_identity",
        _.reb != _.oreb + _.dreb,
        _.reb.cast("string") + " rebounds are not oreb + dreb",
    ),
    Invariant(
        "made_within_attempted",
        more_made_than_attempted(_),
        "more shots made than attempted, or more threes than field goals",
    ),
    Invariant(
        "plausible_points",
        ~_.pts.between(FEWEST_TEAM_POINTS.value, MOST_TEAM_POINTS.value),
        _.pts.cast("string")
        + f" points are outside {FEWEST_TEAM_POINTS.value:.0f} to {MOST_TEAM_POINTS.value:.0f}",
    ),
    Invariant(
        "points_of_schedule",
        _.pts != _.team_score,
        _.pts.cast("string") + " points, but the schedule says " + _.team_score.cast("string"),
    ),
    Invariant(
        "won_by_points",
        _.won != (_.pts > _.points_against),
        "won is "
        + _.won.cast("string")
        + " with "
        + _.pts.cast("string")
        + " points against "
        + _.points_against.cast("string"),
    ),
    Invariant("sources_agree", _.contradiction.notnull(), _.contradiction),
)


def plus_minus_not_mirrored(rows: ir.Table) -> ir.Table:
    """Rows of games whose two plus_minus do not sum to zero; the real source has a few a season."""
    total = rows.group_by("game_id").agg(total=_.plus_minus.sum(), sides=_.count())
    return rows.semi_join(total.filter(_.sides == 2, _.total != 0), "game_id")


nbac_team_boxscore = table_asset(
    __name__,
    version=5,
    schema=NbacTeamBoxscore,
    reads=same_date("nbac_schedule", "balldontlie_player_boxscore"),
    sources=[game_log, boxscore],
    expected=expected,
    transform=transform,
    violations=[plus_minus_not_mirrored],
    units=Units(expected, measured, INVARIANTS),
    checkpoints=[checkpoint("box_score", plus_minus_not_mirrored)],
)
