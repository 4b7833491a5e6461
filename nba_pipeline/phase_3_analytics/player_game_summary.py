"""What each player did in a game that is final: one row per player who played or was listed.

Rosters that are gaps are left out; a player whose team's box score is a gap has no usage_rate,
one whose game's shots are a gap no zones. Who was listed in the game book and did not play has a row
without numbers, and is_dnp; that he did not is known from his team's roster. No window counts it.
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
from nba_pipeline.league.availability import GameStatus
from nba_pipeline.league.betting_lines import LINE_SOURCES, closing_lines
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.schedule import both_teams, final
from nba_pipeline.league.shots import COUNTED
from nba_pipeline.lookback import provenance
from nba_pipeline.thresholds import (
    MOST_PLAYER_MINUTES,
    PLAYERS_PER_ROSTER,
    USAGE_TEAM_MEAN_TOLERANCE,
)

GRAIN = ["game_id", "player_id"]


class PlayerGameSummary(pa.DataFrameModel):
    """The columns; numbers are NULL of who did not play.

    Every row also has box_games_expected, box_games_present, team_games_expected,
    team_games_present, zone_games_expected, zone_games_present, completeness, gap_ids,
    is_production_ready, not_ready_reason, season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    player_id: int = pa.Field(ge=1)
    player_name: str
    player_lookup: str
    team_abbr: str
    opponent_abbr: str
    is_home: bool
    minutes: float = pa.Field(gt=0, nullable=True, le=MOST_PLAYER_MINUTES.value)
    points: int = pa.Field(ge=0, nullable=True, description="Points scored")
    fgm: int = pa.Field(ge=0, nullable=True)
    fga: int = pa.Field(ge=0, nullable=True)
    fg3m: int = pa.Field(ge=0, nullable=True)
    fg3a: int = pa.Field(ge=0, nullable=True)
    ftm: int = pa.Field(ge=0, nullable=True)
    fta: int = pa.Field(ge=0, nullable=True)
    oreb: int = pa.Field(ge=0, nullable=True)
    dreb: int = pa.Field(ge=0, nullable=True)
    reb: int = pa.Field(ge=0, nullable=True)
    ast: int = pa.Field(ge=0, nullable=True)
    stl: int = pa.Field(ge=0, nullable=True)
    blk: int = pa.Field(ge=0, nullable=True)
    tov: int = pa.Field(ge=0, nullable=True)
    pf: int = pa.Field(ge=0, nullable=True)
    plus_minus: float = pa.Field(nullable=True)
    ts_pct: float = pa.Field(
        ge=0,
        nullable=True,
        description="True shooting: points / (2*(FGA + 0.44*FTA)), 0 to 1 or so",
    )
    efg_pct: float = pa.Field(
        ge=0, nullable=True, description="Effective field goals: (FGM + 0.5*3PM) / FGA, 0 to 1.5"
    )
    usage_rate: float = pa.Field(
        ge=0,
        nullable=True,
        description="Share of the team's plays used while on the floor, percent; NULL under a minute",
    )
    starter: bool = pa.Field(nullable=True)
    is_dnp: bool = pa.Field(description="Whether he was listed for the game and did not play")
    dnp_reason: str = pa.Field(nullable=True)
    paint_attempts: int = pa.Field(ge=0, nullable=True)
    paint_makes: int = pa.Field(ge=0, nullable=True)
    mid_range_attempts: int = pa.Field(ge=0, nullable=True)
    mid_range_makes: int = pa.Field(ge=0, nullable=True)
    three_attempts: int = pa.Field(ge=0, nullable=True)
    three_makes: int = pa.Field(ge=0, nullable=True)
    assisted_makes: int = pa.Field(ge=0, nullable=True)
    unassisted_makes: int = pa.Field(ge=0, nullable=True)
    and_ones: int = pa.Field(ge=0, nullable=True)
    shot_source: str = pa.Field(nullable=True)
    points_line: float = pa.Field(gt=0, nullable=True)
    line_source: str = pa.Field(
        isin=list(LINE_SOURCES), nullable=True, description="Where the line is from"
    )
    over_under_result: str = pa.Field(
        isin=["OVER", "UNDER", "PUSH"],
        nullable=True,
        description="Whether the points were over or under the closing line, or were it",
    )

    class Config:
        """One row per player and game."""

        unique = GRAIN
        strict = "filter"


def expected(nbac_schedule: ir.Table) -> ir.Table:
    """Players of both teams of every covered game that is final."""
    return both_teams(final(nbac_schedule))


def _listed(
    played: ir.Table,
    nbac_gamebook_player_stats: ir.Table,
    nbac_player_boxscore: ir.Table,
    data_gaps: ir.Table,
    nbac_schedule: ir.Table,
) -> ir.Table:
    """Those who were listed and did not play, in the columns of those who did."""
    sides = both_teams(final(nbac_schedule))
    keys = ["game_id", "team_abbr"]
    listed = nbac_gamebook_player_stats.filter(_.status != GameStatus.ACTIVE.value)
    listed = listed.select(*GRAIN, *keys[1:], "player_name", "player_lookup", "status")
    listed = listed.anti_join(played, GRAIN)
    listed = listed.join(sides.select(*keys, "game_date", "opponent_abbr", "is_home"), keys)
    rosters = nbac_player_boxscore.select(*keys, "game_date").distinct()
    rosters = provenance.with_holes(rosters, data_gaps, "nbac_player_boxscore").drop("game_date")
    listed = provenance.join(listed, rosters, keys)
    # Nothing of the team's line or of shots is asked of who did neither.
    nothing = {name: 0 for name in provenance.tracking_columns(played) if name != "gap_ids"}
    return listed.select(
        **{
            name: (
                listed[name]
                if name in listed.columns
                else ibis.literal(nothing.get(name), type=kind)
            )
            for name, kind in played.schema().items()
        }
    )


def transform(
    nbac_player_boxscore: ir.Table,
    nbac_team_boxscore: ir.Table,
    data_gaps: ir.Table,
    odds_api_player_points_props: ir.Table,
    bettingpros_player_points_props: ir.Table,
    nbac_schedule: ir.Table,
    nbac_gamebook_player_stats: ir.Table,
    player_game_shots: ir.Table,
) -> ir.Table:
    """The box score, shooting percentages, usage against the own team's, zones, the closing line.

    Those who were listed and did not play come with their closing line alone.
    """
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
    shots = player_game_shots.select(
        *GRAIN, *COUNTED, "shot_source", *provenance.tracking_columns(player_game_shots)
    )
    rows = provenance.join(rows, shots, GRAIN)
    rows = rows.union(
        _listed(rows, nbac_gamebook_player_stats, nbac_player_boxscore, data_gaps, nbac_schedule)
    )
    lines = closing_lines(
        rows, odds_api_player_points_props, bettingpros_player_points_props, nbac_schedule
    )
    rows = provenance.join(rows, lines.select(*GRAIN, "points_line", "line_source"), GRAIN)
    book = nbac_gamebook_player_stats.select(*GRAIN, "starter", reason="dnp_reason")
    rows = provenance.join(rows, book, GRAIN)
    return rows.mutate(
        is_dnp=rows.minutes.isnull(),
        dnp_reason=ibis.ifelse(rows.minutes.isnull(), rows.reason, ibis.null("string")),
        points=rows.pts,
        over_under_result=ibis.cases(
            (rows.pts > rows.points_line, "OVER"),
            (rows.pts < rows.points_line, "UNDER"),
            (rows.pts == rows.points_line, "PUSH"),
        ),
        ts_pct=box_score.ts_pct(rows.pts, rows.fga, rows.fta),
        efg_pct=box_score.efg_pct(rows.fgm, rows.fg3m, rows.fga),
        usage_rate=box_score.usage_rate(rows),
    )


def usage_rate_coverage(rows: ir.Table, data_gaps: ir.Table) -> ir.Table:
    """Share of players with a minute or more that have usage_rate, lost rosters' players included.

    Of a roster that is accepted as lost nobody is known to have played: it counts for none.
    """
    played = rows.filter(_.minutes >= 1)
    played = played.select("game_date", players=1, known=_.usage_rate.notnull().cast("int64"))
    lost = data_gaps.filter(_.table_name == "nbac_player_boxscore", ~_.is_accepted)
    lost = lost.select("game_date", players=int(PLAYERS_PER_ROSTER.value), known=0)
    every = played.union(
        lost.select(**{name: lost[name].cast(kind) for name, kind in played.schema().items()})
    )
    return every.group_by("game_date").agg(present=_.known.sum(), expected=_.players.sum())


def usage_rate_shares(rows: ir.Table) -> ir.Table:
    """Players with usage_rate per season, of all who played and of those who did for a minute."""
    known, is_minute = _.usage_rate.notnull(), _.minutes >= 1
    counts = (
        rows.filter(~_.is_dnp)
        .group_by("season")
        .agg(
            with_usage_rate=_.count(where=known),
            minutes_above_0=_.count(),
            minutes_at_least_1=_.count(where=is_minute),
            share_above_0=known.mean(),
            share_at_least_1=known.mean(where=is_minute),
        )
    )
    return counts.order_by("season")


def team_usage_not_twenty(rows: ir.Table) -> ir.Table:
    """Team-games whose usage, weighted by minutes, does not average 20, as it must by identity."""
    known = rows.filter(_.usage_rate.notnull())
    teams = known.group_by("game_id", "game_date", "team_abbr").agg(
        mean=(_.usage_rate * _.minutes).sum() / _.minutes.sum().nullif(0),
        share=_.count(),
        player_id=_.player_id.min(),
    )
    return teams.filter((_.mean - 20).abs() > USAGE_TEAM_MEAN_TOLERANCE.value)


def players_without_team_row(
    rows: ir.Table, nbac_team_boxscore: ir.Table, data_gaps: ir.Table
) -> ir.Table:
    """Players whose team has neither a row nor a gap: join coverage from players to teams."""
    gaps = data_gaps.filter(_.table_name == "nbac_team_boxscore")
    keys = ["game_id", "team_abbr"]
    return rows.anti_join(nbac_team_boxscore, keys).anti_join(gaps, keys)


def team_rows_without_players(
    rows: ir.Table, nbac_team_boxscore: ir.Table, data_gaps: ir.Table
) -> ir.Table:
    """Team rows that have neither players nor a gap: join coverage from teams to players."""
    gaps = data_gaps.filter(_.table_name == "nbac_player_boxscore")
    keys = ["game_id", "team_abbr"]
    return nbac_team_boxscore.anti_join(rows, keys).anti_join(gaps, keys)


player_game_summary = table_asset(
    __name__,
    version=6,
    schema=PlayerGameSummary,
    reads=same_date(
        *("nbac_schedule", "nbac_player_boxscore", "nbac_team_boxscore", "data_gaps"),
        *("odds_api_player_points_props", "bettingpros_player_points_props"),
        *("nbac_gamebook_player_stats", "player_game_shots"),
    ),
    expected=expected,
    transform=transform,
    shares=[usage_rate_coverage],
    violations=[players_without_team_row, team_rows_without_players],
    warnings=[team_usage_not_twenty],
    ready_when=["box", "team"],
    counts=["zone"],
    checkpoints=[
        checkpoint(
            "usage_rate", usage_rate_coverage, team_usage_not_twenty, figures=usage_rate_shares
        ),
        checkpoint("join_coverage", players_without_team_row, team_rows_without_players),
    ],
)
