"""What is known of each player of a date's universe from his and his team's games before it."""

from datetime import date

import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import (
    from_previous_season,
    from_season,
    from_two_seasons_before,
    rows_of,
    same_date,
)
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league import calendar
from nba_pipeline.league.box_score import of_who_played
from nba_pipeline.league.schedule import covered
from nba_pipeline.lookback import provenance
from nba_pipeline.lookback.recomputed import sampled, unlike_recomputed
from nba_pipeline.lookback.regrouped import by_team, carried_over
from nba_pipeline.lookback.timeline import (
    PLAYER_GAMES,
    TEAM_GAMES,
    Timeline,
    timeline,
    with_back_to_backs,
)
from nba_pipeline.lookback.windows import (
    as_of,
    count,
    deviation,
    in_previous_season,
    last,
    last_days,
    mean,
    ratio,
    season_to_date,
    total,
    weighted_mean,
)
from nba_pipeline.lookback.workload import workload
from nba_pipeline.thresholds import BOOTSTRAP_DAYS, FAMILY_COMPLETENESS

GRAIN = ["player_id", "game_date"]


class PlayerDailyCache(pa.DataFrameModel):
    """The columns; averages are per game played, windows end the day before game_date.

    Carried windows go on into the season before; of weighted means the latest game weighs most.

    Every row also has box_games_expected, box_games_present, team_games_expected,
    team_games_present, completeness, gap_ids, is_production_ready, not_ready_reason, season,
    bypass, run_id, code_version, written_at.
    """

    player_id: int = pa.Field(ge=1)
    game_date: date
    player_lookup: str
    team_abbr: str
    points_avg_last_1: float = pa.Field(ge=0, nullable=True, description="Points, last game")
    points_avg_last_5: float = pa.Field(ge=0, nullable=True, description="Points, last 5 games")
    points_avg_last_10: float = pa.Field(ge=0, nullable=True, description="Points, last 10 games")
    points_avg_season: float = pa.Field(ge=0, nullable=True, description="Points, season")
    points_std_last_10: float = pa.Field(
        ge=0, nullable=True, description="Sample standard deviation of points, last 10 games"
    )
    minutes_avg_last_1: float = pa.Field(ge=0, nullable=True, description="Minutes, last game")
    minutes_avg_last_2: float = pa.Field(ge=0, nullable=True, description="Minutes, last 2 games")
    minutes_avg_last_5: float = pa.Field(ge=0, nullable=True, description="Minutes, last 5 games")
    minutes_avg_last_10: float = pa.Field(ge=0, nullable=True, description="Minutes, last 10 games")
    minutes_avg_season: float = pa.Field(ge=0, nullable=True, description="Minutes, season")
    usage_rate_last_10: float = pa.Field(
        ge=0, nullable=True, description="Mean usage_rate, percent, last 10 games"
    )
    usage_rate_season: float = pa.Field(
        ge=0, nullable=True, description="Mean usage_rate, percent, season"
    )
    ts_pct_last_10: float = pa.Field(
        ge=0, nullable=True, description="True shooting of the last 10 games together"
    )
    free_throw_points_share_last_10: float = pa.Field(
        ge=0, nullable=True, description="Free throws made / points of the last 10 games together"
    )
    games_played_season: int = pa.Field(
        ge=0, nullable=True, description="Games with minutes this season"
    )
    games_played_for_team_season: int = pa.Field(
        ge=0, nullable=True, description="Games with minutes this season for team_abbr"
    )
    points_weighted_carried_10: float = pa.Field(
        ge=0, nullable=True, description="Weighted mean of points, last 10 games of two seasons"
    )
    minutes_weighted_carried_10: float = pa.Field(
        ge=0, nullable=True, description="Weighted mean of minutes, last 10 games of two seasons"
    )
    points_weighted_carried_30: float = pa.Field(
        ge=0, nullable=True, description="Weighted mean of points, last 30 games of two seasons"
    )
    minutes_weighted_carried_30: float = pa.Field(
        ge=0, nullable=True, description="Weighted mean of minutes, last 30 games of two seasons"
    )
    fga_weighted_carried_30: float = pa.Field(
        ge=0, nullable=True, description="Weighted mean of FGA, last 30 games of two seasons"
    )
    fta_weighted_carried_30: float = pa.Field(
        ge=0, nullable=True, description="Weighted mean of FTA, last 30 games of two seasons"
    )
    usage_rate_weighted_carried_30: float = pa.Field(
        ge=0, nullable=True, description="Weighted mean of usage_rate, last 30 games of two seasons"
    )
    fga_per_minute_carried_20: float = pa.Field(
        ge=0, nullable=True, description="FGA / minutes of the last 20 games of two seasons"
    )
    points_per_minute_carried_60: float = pa.Field(
        ge=0, nullable=True, description="Points / minutes of the last 60 games of two seasons"
    )
    team_pace_last_10: float = pa.Field(
        gt=0, nullable=True, description="Mean pace of the team, possessions per 48, last 10 games"
    )
    team_off_rating_last_10: float = pa.Field(
        ge=0, nullable=True, description="Mean offensive rating of the team, last 10 games"
    )
    team_win_pct_season: float = pa.Field(
        ge=0, le=1, nullable=True, description="Share of the team's games won this season"
    )
    points_avg_previous_season: float = pa.Field(
        ge=0, nullable=True, description="Points, the whole season before"
    )
    minutes_avg_previous_season: float = pa.Field(
        ge=0, nullable=True, description="Minutes, the whole season before"
    )
    games_in_last_7_days: int = pa.Field(ge=0, nullable=True)
    games_in_last_14_days: int = pa.Field(ge=0, nullable=True)
    minutes_in_last_7_days: float = pa.Field(ge=0, nullable=True)
    minutes_in_last_14_days: float = pa.Field(ge=0, nullable=True)
    back_to_backs_last_14_days: int = pa.Field(
        ge=0, nullable=True, description="Games the player played on the day after another"
    )

    class Config:
        """One row per player and date."""

        unique = GRAIN
        strict = "filter"


def expected(upcoming_player_game_context: ir.Table) -> ir.Table:
    """Every player of the date's universe."""
    return upcoming_player_game_context


def transform(
    upcoming_player_game_context: ir.Table,
    player_game_summary: ir.Table,
    team_offense_game_summary: ir.Table,
    data_gaps: ir.Table,
) -> ir.Table:
    """Windows over the player's games and over his present team's."""
    universe = upcoming_player_game_context.select(*GRAIN, "player_lookup", "team_abbr")
    games = timeline(
        of_who_played(player_game_summary)
        .semi_join(universe, "player_id")
        .mutate(shots=2 * (_.fga + 0.44 * _.fta)),
        data_gaps,
        of="player_id",
        needs=PLAYER_GAMES,
    )
    player = as_of(
        universe.select("player_id", "game_date"),
        with_back_to_backs(games),
        last(1, points_avg_last_1=mean("points"), minutes_avg_last_1=mean("minutes")),
        last(2, minutes_avg_last_2=mean("minutes")),
        last(5, points_avg_last_5=mean("points"), minutes_avg_last_5=mean("minutes")),
        last(
            10,
            points_avg_last_10=mean("points"),
            points_std_last_10=deviation("points"),
            minutes_avg_last_10=mean("minutes"),
            usage_rate_last_10=mean("usage_rate"),
            ts_pct_last_10=ratio("points", "shots"),
            free_throw_points_share_last_10=ratio("ftm", "points"),
        ),
        season_to_date(
            points_avg_season=mean("points"),
            minutes_avg_season=mean("minutes"),
            usage_rate_season=mean("usage_rate"),
            games_played_season=count(),
        ),
        *workload(),
        last_days(14, back_to_backs_last_14_days=total("is_back_to_back")),
        in_previous_season(
            points_avg_previous_season=mean("points"), minutes_avg_previous_season=mean("minutes")
        ),
    )
    team_games = timeline(
        team_offense_game_summary,
        data_gaps,
        of="team_abbr",
        needs=TEAM_GAMES,
    )
    team = as_of(
        universe.select("team_abbr", "game_date").distinct(),
        team_games,
        last(10, team_pace_last_10=mean("pace"), team_off_rating_last_10=mean("offensive_rating")),
        season_to_date(team_win_pct_season=mean("won")),
    )
    rows = provenance.join(universe, player, ["player_id", "game_date"])
    rows = provenance.join(rows, _carried(universe, games), ["player_id", "game_date"])
    for_team = as_of(
        universe.select("player_id", "team_abbr", "game_date"),
        by_team(games),
        season_to_date(games_played_for_team_season=count()),
    )
    rows = provenance.join(rows, _uncounted(for_team), ["player_id", "team_abbr", "game_date"])
    return provenance.join(rows, team, ["team_abbr", "game_date"])


def _carried(universe: ir.Table, games: Timeline) -> ir.Table:
    """The windows over the player's games of this season and the one before."""
    found = as_of(
        universe.select("player_id", "game_date"),
        carried_over(games),
        last(
            10,
            points_weighted_carried_10=weighted_mean("points"),
            minutes_weighted_carried_10=weighted_mean("minutes"),
        ),
        last(20, fga_per_minute_carried_20=ratio("fga", "minutes")),
        last(
            30,
            points_weighted_carried_30=weighted_mean("points"),
            minutes_weighted_carried_30=weighted_mean("minutes"),
            fga_weighted_carried_30=weighted_mean("fga"),
            fta_weighted_carried_30=weighted_mean("fta"),
            usage_rate_weighted_carried_30=weighted_mean("usage_rate"),
        ),
        last(60, points_per_minute_carried_60=ratio("points", "minutes")),
    )
    return _uncounted(found)


def _uncounted(found: ir.Table) -> ir.Table:
    """Without the counts of games: whether a row is ready is asked of its season's windows."""
    return found.drop(*(set(provenance.tracking_columns(found)) - {"gap_ids"}))


def as_of_sample(rows: ir.Table, player_game_summary: ir.Table) -> ir.Table:
    """Sampled rows whose points and minutes are not those of the games strictly before them."""
    some, played = sampled(rows), of_who_played(player_game_summary)
    points = unlike_recomputed(
        some,
        played,
        "player_id",
        value="points_avg_last_10",
        column="points",
        games=10,
    )
    minutes = unlike_recomputed(
        some,
        played,
        "player_id",
        value="minutes_avg_last_5",
        column="minutes",
        games=5,
    )
    return points.union(minutes)


def phase4_coverage(rows: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """Share of game dates past the season's bootstrap on which the rows past theirs are ready."""
    day = calendar.day_of_season(_.game_date)
    wanted = covered(nbac_schedule).filter(day >= BOOTSTRAP_DAYS.value)
    settled = rows.filter(_.is_production_ready | (_.not_ready_reason != "bootstrap"))
    ready = settled.group_by(ready_date="game_date").agg(
        is_ready=_.is_production_ready.mean() >= FAMILY_COMPLETENESS.value
    )
    dates = wanted.select("game_date").distinct()
    dates = dates.left_join(ready, dates.game_date == ready.ready_date)
    return dates.group_by("game_date").agg(present=_.count(where=_.is_ready), expected=_.count())


def phase4_dates(rows: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """Game dates per season: of its bootstrap, expected to be ready after it, and ready."""
    per_date = phase4_coverage(rows, nbac_schedule)
    past = per_date.group_by(season=calendar.season_name(_.game_date)).agg(
        ready=_.present.sum(), expected=_.expected.sum()
    )
    games = covered(nbac_schedule).group_by(season=calendar.season_name(_.game_date))
    dates = games.agg(game_dates=_.game_date.nunique())
    seasons = dates.left_join(past, "season").fill_null({"ready": 0, "expected": 0})
    return seasons.select(
        "season",
        "game_dates",
        (_.game_dates - _.expected).name("bootstrap"),
        "expected",
        "ready",
        share=_.ready / _.expected.nullif(0),
    ).order_by("season")


def players_outside_universe(rows: ir.Table, upcoming_player_game_context: ir.Table) -> ir.Table:
    """Rows of players that the date's universe does not have."""
    return rows.anti_join(upcoming_player_game_context, GRAIN)


player_daily_cache = table_asset(
    __name__,
    version=3,
    schema=PlayerDailyCache,
    reads=[
        *rows_of("upcoming_player_game_context"),
        *same_date("nbac_schedule"),
        *from_two_seasons_before("player_game_summary"),
        *from_previous_season("data_gaps"),
        *from_season("team_offense_game_summary"),
    ],
    expected=expected,
    transform=transform,
    assertions=[as_of_sample],
    violations=[players_outside_universe],
    shares=[phase4_coverage],
    checkpoints=[
        checkpoint("as_of", as_of_sample),
        checkpoint("universe", players_outside_universe),
        checkpoint("phase4_coverage", phase4_coverage, figures=phase4_dates),
    ],
    blocked_by=["usage_rate_coverage"],
    ready_when=["box", "team", "minimum_games"],
)
