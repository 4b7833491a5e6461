"""What each team of a date allowed in its games before it, by zone and in all, beside the league."""

from datetime import date
from typing import Any

import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import from_season, same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league.schedule import both_teams, covered
from nba_pipeline.league.shots import ZONE_COUNTS, ZONES
from nba_pipeline.league.zones import zone_of_least
from nba_pipeline.lookback import provenance
from nba_pipeline.lookback.recomputed import unlike_recomputed
from nba_pipeline.lookback.timeline import TEAM_SHOTS, Timeline, timeline
from nba_pipeline.lookback.windows import as_of, last, last_days, league_as_of, mean, ratio

GRAIN = ["team_abbr", "game_date"]
_GAMES, _LEAGUE_DAYS = 15, 30


def _pct_allowed(zone: str) -> Any:
    return pa.Field(
        ge=0,
        le=1,
        nullable=True,
        description=f"Opponents' made / attempted {zone}, the team's last 15 games together, 0 to 1",
    )


def _attempts_allowed(zone: str) -> Any:
    return pa.Field(
        ge=0,
        nullable=True,
        description=f"Opponents' attempts {zone} per game, the team's last 15 games",
    )


def _pct_beside_league(zone: str) -> Any:
    return pa.Field(
        ge=-100,
        le=100,
        nullable=True,
        description=f"Percentage allowed {zone} minus the league's of 30 days, in percentage points; "
        "positive = weaker defence",
    )


def _attempts_beside_league(zone: str) -> Any:
    return pa.Field(
        nullable=True,
        description=f"Attempts allowed {zone} per game minus the league's of 30 days, in attempts",
    )


class TeamDefenseZoneAnalysis(pa.DataFrameModel):
    """The columns; team_abbr is the defender, windows are of the season and end the day before.

    Every row also has team_games_expected, team_games_present, zone_games_expected,
    zone_games_present, completeness, gap_ids, is_production_ready, not_ready_reason, season,
    bypass, run_id, code_version, written_at.
    """

    team_abbr: str
    game_date: date
    paint_pct_allowed_last_15: float = _pct_allowed("from the paint")
    mid_range_pct_allowed_last_15: float = _pct_allowed("from mid range")
    three_pct_allowed_last_15: float = _pct_allowed("for three")
    paint_attempts_allowed_avg_last_15: float = _attempts_allowed("from the paint")
    mid_range_attempts_allowed_avg_last_15: float = _attempts_allowed("from mid range")
    three_attempts_allowed_avg_last_15: float = _attempts_allowed("for three")
    paint_pct_allowed_vs_league: float = _pct_beside_league("from the paint")
    mid_range_pct_allowed_vs_league: float = _pct_beside_league("from mid range")
    three_pct_allowed_vs_league: float = _pct_beside_league("for three")
    paint_attempts_allowed_vs_league: float = _attempts_beside_league("from the paint")
    mid_range_attempts_allowed_vs_league: float = _attempts_beside_league("from mid range")
    three_attempts_allowed_vs_league: float = _attempts_beside_league("for three")
    strongest_zone: str = pa.Field(
        isin=ZONES, nullable=True, description="Where the team allows least beside the league"
    )
    weakest_zone: str = pa.Field(
        isin=ZONES, nullable=True, description="Where the team allows most beside the league"
    )
    defensive_rating_last_15: float = pa.Field(
        ge=0,
        nullable=True,
        description="Points allowed per 100 possessions, last 15 games together",
    )
    opponent_points_per_game: float = pa.Field(
        ge=0, nullable=True, description="Points allowed per game, last 15 games"
    )
    pace_last_15: float = pa.Field(
        gt=0, nullable=True, description="Mean pace of the team, possessions per 48, last 15 games"
    )
    league_pace_last_30_days: float = pa.Field(
        gt=0,
        nullable=True,
        description="Mean pace of all teams' games of the season's last 30 days",
    )
    league_pace_coverage: float = pa.Field(
        ge=0, le=1, nullable=True, description="Share of those games whose pace is known, 0 to 1"
    )
    league_zone_coverage: float = pa.Field(
        ge=0,
        le=1,
        nullable=True,
        description="Share of the same games whose shots are known, 0 to 1",
    )

    class Config:
        """One row per team and date."""

        unique = GRAIN
        strict = "filter"


def expected(nbac_schedule: ir.Table) -> ir.Table:
    """Both teams of every covered game, played or not."""
    return both_teams(covered(nbac_schedule))


def _games(offense: ir.Table, defense: ir.Table, data_gaps: ir.Table) -> Timeline:
    """Each team's games, with what its opponent did in them.

    The team's own row says that the game was played: of one whose opponent's box score is a gap
    there is no row of defence.
    """
    # Its own zones are not what was allowed; the gaps of the game's shots are those of both sides.
    own = offense.drop(provenance.expected_column("zone"), provenance.present_column("zone"))
    own = own.select(
        *("game_id", "game_date", "team_abbr", "possessions", "pace"),
        *provenance.tracking_columns(own),
    )
    allowed = defense.select(
        *("game_id", "team_abbr", "points_allowed"),
        *provenance.tracking_columns(defense),
        **{name: f"opponent_{name}" for name in ZONE_COUNTS},
    )
    rows = provenance.join(own, allowed, ["game_id", "team_abbr"])
    return timeline(rows, data_gaps, of="team_abbr", needs=TEAM_SHOTS)


def transform(
    nbac_schedule: ir.Table,
    team_offense_game_summary: ir.Table,
    team_defense_game_summary: ir.Table,
    data_gaps: ir.Table,
) -> ir.Table:
    """Sums over each team's last games, beside those over all teams' games of the last 30 days."""
    teams = both_teams(covered(nbac_schedule)).select(*GRAIN).distinct()
    games = _games(team_offense_game_summary, team_defense_game_summary, data_gaps)
    pcts = {zone: ratio(f"{zone}_makes", f"{zone}_attempts") for zone in ZONES}
    attempts = {zone: mean(f"{zone}_attempts") for zone in ZONES}
    allowed = as_of(
        teams,
        games,
        last(
            _GAMES,
            **{f"{zone}_pct_allowed_last_15": pct for zone, pct in pcts.items()},
            **{f"{zone}_attempts_allowed_avg_last_15": avg for zone, avg in attempts.items()},
            defensive_rating_last_15=ratio("points_allowed", "possessions", scale=100),
            opponent_points_per_game=mean("points_allowed"),
            pace_last_15=mean("pace"),
        ),
    )
    pace = league_as_of(
        teams,
        games,
        last_days(_LEAGUE_DAYS, league_pace_last_30_days=mean("pace")),
        coverage="league_pace_coverage",
    )
    zones = league_as_of(
        teams,
        games,
        last_days(
            _LEAGUE_DAYS,
            **{f"league_{zone}_pct": pct for zone, pct in pcts.items()},
            **{f"league_{zone}_attempts": avg for zone, avg in attempts.items()},
        ),
        coverage="league_zone_coverage",
    )
    rows = provenance.join(provenance.join(allowed, pace, ["game_date"]), zones, ["game_date"])
    return _beside_league(rows)


def _beside_league(rows: ir.Table) -> ir.Table:
    """Each zone minus the league's, and the zones where that is least and most."""
    pcts = {
        f"{zone}_pct_allowed_vs_league": 100
        * (rows[f"{zone}_pct_allowed_last_15"] - rows[f"league_{zone}_pct"])
        for zone in ZONES
    }
    attempts = {
        f"{zone}_attempts_allowed_vs_league": rows[f"{zone}_attempts_allowed_avg_last_15"]
        - rows[f"league_{zone}_attempts"]
        for zone in ZONES
    }
    rows = rows.mutate(**pcts, **attempts)
    return rows.mutate(
        strongest_zone=zone_of_least(rows, "{zone}_pct_allowed_vs_league"),
        weakest_zone=zone_of_least(rows, "{zone}_pct_allowed_vs_league", sign=-1),
    )


def as_of_recomputed(rows: ir.Table, team_offense_game_summary: ir.Table) -> ir.Table:
    """Rows without gaps whose pace is not that of the games strictly before them."""
    return unlike_recomputed(
        rows.filter(_.gap_ids.length() == 0),
        team_offense_game_summary,
        "team_abbr",
        value="pace_last_15",
        column="pace",
        games=_GAMES,
    )


def teams_outside_schedule(rows: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """Rows of teams that do not play on their date."""
    return rows.anti_join(both_teams(covered(nbac_schedule)), GRAIN)


team_defense_zone_analysis = table_asset(
    __name__,
    version=1,
    schema=TeamDefenseZoneAnalysis,
    reads=[
        *same_date("nbac_schedule"),
        *from_season("team_offense_game_summary", "team_defense_game_summary", "data_gaps"),
    ],
    expected=expected,
    transform=transform,
    assertions=[as_of_recomputed],
    violations=[teams_outside_schedule],
    checkpoints=[
        checkpoint("as_of", as_of_recomputed),
        checkpoint("schedule", teams_outside_schedule),
    ],
    ready_when=["team", "minimum_games"],
    counts=["zone"],
)
