"""Every expected unit of a required raw table that is missing or breaks an invariant.

The expectation is the schedule's alone. A unit is one team's side of a final covered game: its
line in nbac_team_boxscore, its block of players in nbac_player_boxscore.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.table import same_date, table_asset
from nba_pipeline.league.schedule import both_teams, final

GRAIN = ["gap_id"]
FEWEST_PLAYERS, MOST_PLAYERS = 5, 15
FEWEST_POINTS, MOST_POINTS = 50, 220


class DataGaps(pa.DataFrameModel):
    """The columns."""

    gap_id: str = pa.Field(description="<table>:<game_date>:<game_id>:<team>")
    table_name: str = pa.Field(description="The raw table whose unit it is")
    game_date: date = pa.Field(description="Tip-off date, US Eastern; the partition")
    game_id: str = pa.Field(description="Ten-digit NBA game id")
    team_abbr: str = pa.Field(description="Whose side of the game")
    kind: str = pa.Field(isin=["missing", "invalid"], description="Not there, or not believable")
    rule: str = pa.Field(description="Name of the first invariant that failed")
    detail: str = pa.Field(description="What was expected and what is there")

    class Config:
        """One row per gap."""

        unique = GRAIN
        strict = "filter"


def _gaps(
    units: ir.Table, table_name: str, *rules: tuple[ir.BooleanValue, str, str, ir.Value]
) -> ir.Table:
    """The units that break a rule, each with the first that it breaks.

    A rule that asks for what is unknown is not broken by it: CASE takes NULL for no.
    """
    named = [(broken, rule) for broken, rule, _kind, _told in rules]
    kinds = [(broken, kind) for broken, _rule, kind, _told in rules]
    told = [(broken, text) for broken, _rule, _kind, text in rules]
    day = units.game_date.cast("string")
    return units.select(
        gap_id=ibis.literal(f"{table_name}:") + day + ":" + units.game_id + ":" + units.team_abbr,
        table_name=ibis.literal(table_name),
        game_date=units.game_date,
        game_id=units.game_id,
        team_abbr=units.team_abbr,
        kind=ibis.cases(*kinds),
        rule=ibis.cases(*named),
        detail=ibis.cases(*told),
    ).filter(_.rule.notnull())


def _rejections(rejected_rows: ir.Table, folder: str) -> ir.Table:
    """Per game and side, one rule and sentence of what was rejected of the source."""
    lines = rejected_rows.filter(_.source_file.contains(f"/{folder}/"), _.game_id.notnull())
    return lines.group_by(rejected_game="game_id", rejected_team="team_abbr").agg(
        rejected_rule=_.rule.min(), rejected_detail=_.detail.min()
    )


def _with_rejections(units: ir.Table, rejected_rows: ir.Table, folder: str) -> ir.Table:
    lines = _rejections(rejected_rows, folder)
    return units.left_join(
        lines,
        [units.game_id == lines.rejected_game, units.team_abbr == lines.rejected_team],
    ).drop("rejected_game", "rejected_team")


def _team_gaps(sides: ir.Table, lines: ir.Table, rejected_rows: ir.Table) -> ir.Table:
    lines = lines.drop("game_date", "opponent_abbr", "is_home").mutate(is_there=True)
    units = sides.left_join(lines, ["game_id", "team_abbr"])
    units = _with_rejections(units, rejected_rows, "team")
    points = units.pts.cast("string")
    return _gaps(
        units,
        "nbac_team_boxscore",
        (units.rejected_rule.notnull(), units.rejected_rule, "invalid", units.rejected_detail),
        (
            units.is_there.isnull(),
            "two_rows_per_game",
            "missing",
            "the game has no line of this team",
        ),
        (
            units.pts != 2 * units.fgm + units.fg3m + units.ftm,
            "points_identity",
            "invalid",
            points + " points are not 2 * fgm + fg3m + ftm",
        ),
        (
            units.reb != units.oreb + units.dreb,
            "rebounds_identity",
            "invalid",
            units.reb.cast("string") + " rebounds are not oreb + dreb",
        ),
        (
            (units.fgm > units.fga)
            | (units.fg3m > units.fg3a)
            | (units.ftm > units.fta)
            | (units.fg3m > units.fgm)
            | (units.fg3a > units.fga),
            "made_within_attempted",
            "invalid",
            "more shots made than attempted, or more threes than field goals",
        ),
        (
            ~units.pts.between(FEWEST_POINTS, MOST_POINTS),
            "plausible_points",
            "invalid",
            points + f" points are outside {FEWEST_POINTS} to {MOST_POINTS}",
        ),
        (
            units.pts != units.team_score,
            "points_of_schedule",
            "invalid",
            points + " points, but the schedule says " + units.team_score.cast("string"),
        ),
    )


def _player_gaps(
    sides: ir.Table, lines: ir.Table, team_lines: ir.Table, rejected_rows: ir.Table
) -> ir.Table:
    blocks = lines.group_by("game_id", "team_abbr").agg(
        played=(_.minutes > 0).sum(), points=_.pts.sum()
    )
    teams = team_lines.select("game_id", "team_abbr", team_points="pts")
    units = sides.left_join(blocks, ["game_id", "team_abbr"]).drop(
        "game_id_right", "team_abbr_right"
    )
    units = units.left_join(teams, ["game_id", "team_abbr"])
    # The schedule's score is the more independent of the two; the team's line may itself be wrong.
    units = units.mutate(true_points=ibis.coalesce(units.team_score, units.team_points))
    units = _with_rejections(units, rejected_rows, "player")
    played = units.played.cast("string")
    return _gaps(
        units,
        "nbac_player_boxscore",
        (units.rejected_rule.notnull(), units.rejected_rule, "invalid", units.rejected_detail),
        (
            units.played.isnull(),
            "block_of_players",
            "missing",
            "the game has no player of this team",
        ),
        (
            ~units.played.between(FEWEST_PLAYERS, MOST_PLAYERS),
            "plausible_players",
            "invalid",
            played + f" players with minutes are outside {FEWEST_PLAYERS} to {MOST_PLAYERS}",
        ),
        (
            units.points != units.true_points,
            "points_of_team",
            "invalid",
            "players have "
            + units.points.cast("string")
            + " points, their team "
            + units.true_points.cast("string"),
        ),
    )


def transform(
    nbac_schedule: ir.Table,
    nbac_team_boxscore: ir.Table,
    nbac_player_boxscore: ir.Table,
    rejected_rows: ir.Table,
) -> ir.Table:
    """Expected units without a believable row."""
    sides = both_teams(final(nbac_schedule))
    team = _team_gaps(sides, nbac_team_boxscore, rejected_rows)
    return team.union(_player_gaps(sides, nbac_player_boxscore, nbac_team_boxscore, rejected_rows))


def open_gaps(rows: ir.Table) -> ir.Table:
    """Every gap: the check is green only where the raw tables are whole."""
    return rows


data_gaps = table_asset(
    __name__,
    version=1,
    schema=DataGaps,
    reads=same_date("nbac_schedule", "nbac_team_boxscore", "nbac_player_boxscore", "rejected_rows"),
    transform=transform,
    violations=[open_gaps],
    checkpoints=[checkpoint("gaps", open_gaps)],
)
