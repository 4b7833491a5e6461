"""What each player did in a game that is final: one row per player with minutes.

Blocks of players that are gaps are left out; a player whose team's line is a gap has no usage_rate.
"""

from datetime import date

import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.table import same_date, table_asset
from nba_pipeline.league import box_score
from nba_pipeline.league.schedule import both_teams, final
from nba_pipeline.lookback import provenance
from nba_pipeline.thresholds import PLAYERS_PER_ROSTER, USAGE_TEAM_MEAN_TOLERANCE

GRAIN = ["game_id", "player_id"]


class PlayerGameSummary(pa.DataFrameModel):
    """The columns."""

    game_id: str = pa.Field(description="Ten-digit NBA game id")
    game_date: date = pa.Field(description="Tip-off date, US Eastern; the partition")
    player_id: int = pa.Field(ge=1, description="The league's id of the player")
    player_name: str = pa.Field(description="Name as the source spells it")
    player_lookup: str = pa.Field(description="Normalised name")
    team_abbr: str = pa.Field(description="Team tricode")
    opponent_abbr: str = pa.Field(description="The other team's tricode")
    is_home: bool = pa.Field(description="Whether the team is the home team")
    minutes: float = pa.Field(gt=0, le=80, description="Minutes played, decimal")
    points: int = pa.Field(ge=0, description="Points scored")
    fgm: int = pa.Field(ge=0, description="Field goals made")
    fga: int = pa.Field(ge=0, description="Field goals attempted")
    fg3m: int = pa.Field(ge=0, description="Three-pointers made")
    fg3a: int = pa.Field(ge=0, description="Three-pointers attempted")
    ftm: int = pa.Field(ge=0, description="Free throws made")
    fta: int = pa.Field(ge=0, description="Free throws attempted")
    oreb: int = pa.Field(ge=0, description="Offensive rebounds")
    dreb: int = pa.Field(ge=0, description="Defensive rebounds")
    reb: int = pa.Field(ge=0, description="Rebounds")
    ast: int = pa.Field(ge=0, description="Assists")
    stl: int = pa.Field(ge=0, description="Steals")
    blk: int = pa.Field(ge=0, description="Blocks")
    tov: int = pa.Field(ge=0, description="Turnovers")
    pf: int = pa.Field(ge=0, description="Personal fouls")
    plus_minus: float = pa.Field(description="Score margin while the player was on, in points")
    ts_pct: float = pa.Field(
        ge=0, nullable=True, description="True shooting: points / (2*(FGA + 0.44*FTA))"
    )
    efg_pct: float = pa.Field(
        ge=0, nullable=True, description="Effective field goals: (FGM + 0.5*3PM) / FGA"
    )
    usage_rate: float = pa.Field(
        ge=0,
        nullable=True,
        description="Share of the team's plays used while on the floor, percent; NULL under a minute",
    )

    class Config:
        """One row per player and game."""

        unique = GRAIN
        strict = "filter"


def expected(nbac_schedule: ir.Table) -> ir.Table:
    """Players of both teams of every covered game that is final."""
    return both_teams(final(nbac_schedule))


def transform(
    nbac_player_boxscore: ir.Table,
    nbac_team_boxscore: ir.Table,
    data_gaps: ir.Table,
) -> ir.Table:
    """The line, shooting percentages, and usage against the own team's line."""
    players = provenance.with_holes(nbac_player_boxscore, data_gaps, "nbac_player_boxscore")
    teams = provenance.with_holes(nbac_team_boxscore, data_gaps, "nbac_team_boxscore")
    teams = teams.select(
        "game_id",
        "team_abbr",
        *provenance.tracking_columns(teams),
        team_minutes="minutes",
        team_fga="fga",
        team_fta="fta",
        team_tov="tov",
    )
    rows = provenance.join(players, teams, ["game_id", "team_abbr"]).filter(_.minutes > 0)
    return rows.mutate(
        points=rows.pts,
        ts_pct=box_score.ts_pct(rows.pts, rows.fga, rows.fta),
        efg_pct=box_score.efg_pct(rows.fgm, rows.fg3m, rows.fga),
        usage_rate=box_score.usage_rate(rows),
    )


def usage_rate_coverage(rows: ir.Table, data_gaps: ir.Table) -> ir.Table:
    """Share of players with a minute or more that have usage_rate, lost rosters' players included."""
    played = rows.filter(_.minutes >= 1)
    played = played.select("game_date", players=1, known=_.usage_rate.notnull().cast("int64"))
    lost = data_gaps.filter(_.table_name == "nbac_player_boxscore")
    lost = lost.select("game_date", players=int(PLAYERS_PER_ROSTER.value), known=0)
    every = played.union(
        lost.select(**{name: lost[name].cast(kind) for name, kind in played.schema().items()})
    )
    return every.group_by("game_date").agg(present=_.known.sum(), expected=_.players.sum())


def team_usage_not_twenty(rows: ir.Table) -> ir.Table:
    """Team-games whose usage, weighted by minutes, does not average 20, as it must by identity."""
    known = rows.filter(_.usage_rate.notnull())
    teams = known.group_by("game_id", "game_date", "team_abbr").agg(
        mean=(_.usage_rate * _.minutes).sum() / _.minutes.sum().nullif(0),
        share=_.count(),
        player_id=_.player_id.min(),
    )
    return teams.filter((_.mean - 20).abs() > USAGE_TEAM_MEAN_TOLERANCE.value)


def teams_without_team_line(
    rows: ir.Table, nbac_team_boxscore: ir.Table, data_gaps: ir.Table
) -> ir.Table:
    """Players whose team has neither a line nor a gap: join coverage from players to teams."""
    gaps = data_gaps.filter(_.table_name == "nbac_team_boxscore")
    keys = ["game_id", "team_abbr"]
    return rows.anti_join(nbac_team_boxscore, keys).anti_join(gaps, keys)


def team_lines_without_players(
    rows: ir.Table, nbac_team_boxscore: ir.Table, data_gaps: ir.Table
) -> ir.Table:
    """Team lines that have neither players nor a gap: join coverage from teams to players."""
    gaps = data_gaps.filter(_.table_name == "nbac_player_boxscore")
    keys = ["game_id", "team_abbr"]
    return nbac_team_boxscore.anti_join(rows, keys).anti_join(gaps, keys)


player_game_summary = table_asset(
    __name__,
    version=1,
    schema=PlayerGameSummary,
    reads=same_date("nbac_schedule", "nbac_player_boxscore", "nbac_team_boxscore", "data_gaps"),
    expected=expected,
    transform=transform,
    shares=[usage_rate_coverage],
    violations=[teams_without_team_line, team_lines_without_players],
    warnings=[team_usage_not_twenty],
)
