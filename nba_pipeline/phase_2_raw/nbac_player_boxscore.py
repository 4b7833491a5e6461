"""Each player's box score as the source gives it: one row per player and final game.

A unit is one team's roster in one game, taken whole from the most trusted source that has it: the
league game log, then the game's box score, then the fallback's, which tells no plus_minus. Rosters
that break an invariant stay here as the source said them; data_gaps names them, and no later table
reads them. A player whom two sources have in both teams of a game is of the more trusted roster; the
other one is without him and invalid.
"""

from datetime import date

import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.kernel.trust import (
    in_one_unit,
    most_trusted,
    told_by,
    told_of,
    with_contradictions,
)
from nba_pipeline.kernel.units import Invariant, Units
from nba_pipeline.league.box_score import more_made_than_attempted
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.schedule import both_teams, final
from nba_pipeline.phase_1_sources.balldontlie_box_scores import balldontlie_box_scores as fallback
from nba_pipeline.phase_1_sources.nba_stats_boxscore import nba_stats_boxscore as boxscore
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import COUNTED
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import (
    nba_stats_league_game_log_player as game_log,
)
from nba_pipeline.thresholds import (
    FEWEST_PLAYERS,
    MOST_PLAYER_MINUTES,
    MOST_PLAYERS,
    PLAYER_MINUTES_AGREE,
)

GRAIN = ["game_id", "player_id"]
LINE = {
    "player_id": "int64",
    "player_name": "string",
    "player_lookup": "string",
    **dict.fromkeys(("minutes", "plus_minus"), "float64"),
    **dict.fromkeys(COUNTED, "int64"),
}
"""What a source says of a player, and its types."""


class NbacPlayerBoxscore(pa.DataFrameModel):
    """The columns.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    team_abbr: str
    opponent_abbr: str = pa.Field(description="The other team's tricode, from the schedule")
    is_home: bool = pa.Field(description="Whether the team is the home team, from the schedule")
    player_id: int = pa.Field(ge=1)
    player_name: str
    player_lookup: str = pa.Field(str_matches="[a-z0-9]+$")
    minutes: float = pa.Field(ge=0, le=MOST_PLAYER_MINUTES.value)
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
    plus_minus: float = pa.Field(
        nullable=True, description="Score margin while on the floor, in points"
    )
    source_name: str = pa.Field(
        isin=[game_log.name, boxscore.name, fallback.name],
        description="The source that the row's unit is taken from",
    )
    contradiction: str = pa.Field(
        nullable=True,
        description="What a less trusted source says otherwise of the unit; NULL where none does",
    )

    line_of_both: str = pa.Field(
        nullable=True,
        description="Whom of the unit a more trusted roster of the date has too, so that his row is "
        "left out; NULL where there is nobody",
    )

    class Config:
        """One row per player and game."""

        unique = GRAIN
        strict = "filter"


def expected(nbac_schedule: ir.Table) -> ir.Table:
    """A roster for both teams of every covered game that is final."""
    return both_teams(final(nbac_schedule))


def transform(
    nba_stats_league_game_log_player: ir.Table,
    nba_stats_league_game_log_player_rejected: ir.Table,
    nba_stats_boxscore: ir.Table,
    nba_stats_boxscore_rejected: ir.Table,
    balldontlie_player_boxscore: ir.Table,
    nbac_schedule: ir.Table,
) -> ir.Table:
    """Each unit from its most trusted source, with side and opponent of the schedule."""
    log = told_by(
        game_log.name,
        nba_stats_league_game_log_player,
        nba_stats_league_game_log_player_rejected,
        nbac_schedule,
        LINE,
    )
    document = told_by(
        boxscore.name,
        nba_stats_boxscore.filter(~_.is_of_team, _.status == "active"),
        nba_stats_boxscore_rejected,
        nbac_schedule,
        LINE,
    )
    last = told_of(
        fallback.name, balldontlie_player_boxscore.filter(_.is_whole), nbac_schedule, LINE
    )
    return with_contradictions(
        in_one_unit(most_trusted(log, document, last), "player_id"),
        log,
        document,
        line=["player_id"],
        counts=[*COUNTED, "plus_minus"],
        minutes_within=PLAYER_MINUTES_AGREE.value,
    )


def measured(
    sides: ir.Table, nbac_player_boxscore: ir.Table, nbac_team_boxscore: ir.Table
) -> ir.Table:
    """Each side of a final game: its players counted, their points, and one of each impossible line."""
    keys = ["game_id", "team_abbr"]
    rosters = nbac_player_boxscore.group_by(keys).agg(
        played=(_.minutes > 0).sum(),
        source_name=_.source_name.max(),
        contradiction=_.contradiction.max(),
        line_of_both=_.line_of_both.max(),
        wrong_points=_.player_name.max(where=_.pts != 2 * _.fgm + _.fg3m + _.ftm),
        wrong_rebounds=_.player_name.max(where=_.reb != _.oreb + _.dreb),
        wrong_shots=_.player_name.max(where=more_made_than_attempted(_)),
        pts=_.pts.sum(),
    )
    teams = nbac_team_boxscore.select(*keys, team_pts="pts")
    sides = sides.left_join(rosters, keys).drop("game_id_right", "team_abbr_right")
    # The schedule's score is the more independent of the two; the team's row may itself be wrong.
    return sides.left_join(teams, keys).mutate(true_points=_.team_score.fill_null(_.team_pts))


INVARIANTS = (
    Invariant(
        "roster_of_team", _.played.isnull(), "the game has no player of this team", "missing"
    ),
    Invariant("one_team_of_player", _.line_of_both.notnull(), _.line_of_both),
    Invariant(
        "plausible_players",
        ~_.played.between(FEWEST_PLAYERS.value, MOST_PLAYERS.value),
        _.played.cast("string")
        + " players with minutes are outside "
        + f"{FEWEST_PLAYERS.value:.0f} to {MOST_PLAYERS.value:.0f}",
    ),
    Invariant(
        "points_of_team",
        _.pts != _.true_points,
        "players have "
        + _.pts.cast("string")
        + " points, their team "
        + _.true_points.cast("string"),
    ),
    Invariant(
        "points_identity",
        _.wrong_points.notnull(),
        "the points of " + _.wrong_points + " are not 2 * fgm + fg3m + ftm",
    ),
    Invariant(
        "rebounds_identity",
        _.wrong_rebounds.notnull(),
        "the rebounds of " + _.wrong_rebounds + " are not oreb + dreb",
    ),
    Invariant(
        "made_within_attempted",
        _.wrong_shots.notnull(),
        _.wrong_shots + " has more shots made than attempted, or more threes than field goals",
    ),
    Invariant("sources_agree", _.contradiction.notnull(), _.contradiction),
)


nbac_player_boxscore = table_asset(
    __name__,
    version=7,
    schema=NbacPlayerBoxscore,
    reads=same_date("nbac_schedule", "balldontlie_player_boxscore"),
    sources=[game_log, boxscore],
    expected=expected,
    transform=transform,
    units=Units(expected, measured, INVARIANTS),
)
