"""What is known of both teams of a scheduled game before it: one row per team and covered game.

From the schedule, earlier results and the bookmakers' lines, so that no box score is behind it: of
the gaps only those of games that nobody has ended, which may yet turn out not to have been played.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import from_season, same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league import arenas, calendar
from nba_pipeline.league.betting_lines import closing_game_lines
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.schedule import both_teams, covered
from nba_pipeline.lookback import provenance
from nba_pipeline.lookback.streaks import with_streak
from nba_pipeline.lookback.timeline import timeline
from nba_pipeline.lookback.windows import (
    as_of,
    count,
    last,
    last_days,
    latest,
    mean,
    season_to_date,
    told_apart,
    total,
)
from nba_pipeline.thresholds import EARLY_SEASON_DAYS, LATE_SEASON_DAYS

GRAIN = ["game_id", "team_abbr"]


class UpcomingTeamGameContext(pa.DataFrameModel):
    """The columns; whatever looks back is of this season and ends the day before game_date.

    Every row also has completeness, gap_ids, is_production_ready, not_ready_reason, season, bypass,
    run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    team_abbr: str
    opponent_abbr: str
    is_home: bool
    season_type: str
    season_phase: str = pa.Field(
        isin=["early", "mid", "late", "play_in", "playoffs", "cup_final"],
        description="Part of the regular season by days since its start, or the kind of game",
    )
    games_played_team: int = pa.Field(ge=0, description="The team's games of the season before it")
    team_days_rest: int = pa.Field(
        ge=1,
        nullable=True,
        description="Days since the team's last game, 1 = played yesterday; NULL before its first",
    )
    is_team_back_to_back: bool = pa.Field(
        nullable=True, description="Whether the team played yesterday; NULL before its first game"
    )
    team_games_in_last_7_days: int = pa.Field(ge=0, description="The team's games, D excluded")
    team_games_in_last_14_days: int = pa.Field(ge=0, description="The team's games, D excluded")
    opponent_days_rest: int = pa.Field(
        ge=1, nullable=True, description="Days since the opponent's last game"
    )
    rest_advantage: int = pa.Field(
        nullable=True, description="team_days_rest minus opponent_days_rest, in days"
    )
    win_pct_season: float = pa.Field(
        ge=0, le=1, nullable=True, description="Share of the team's games won this season, 0 to 1"
    )
    last_10_wins: int = pa.Field(
        ge=0, le=10, nullable=True, description="Games won of the team's last ten, or of all so far"
    )
    streak: int = pa.Field(
        nullable=True, description="Games won in a row up to now, or lost when negative"
    )
    travel_miles: float = pa.Field(
        ge=0,
        nullable=True,
        description="Great-circle miles from the team's last game's arena; NULL where one is unknown",
    )
    time_zones_crossed: float = pa.Field(
        nullable=True,
        description="Hours that the clocks are ahead of those at the team's last game, negative westward",
    )
    game_spread: float = pa.Field(
        nullable=True,
        description="Points added to the team's score to make the game even, negative for a favourite",
    )
    game_total: float = pa.Field(
        gt=0, nullable=True, description="Points of both teams that over and under are divided by"
    )

    class Config:
        """One row per team and game."""

        unique = GRAIN
        strict = "filter"


def expected(nbac_schedule: ir.Table) -> ir.Table:
    """Both teams of every covered game, played or not."""
    return both_teams(covered(nbac_schedule))


def _sides(games: ir.Table) -> ir.Table:
    """Both teams of each covered game, with where it is played and who won it."""
    games = covered(games)
    places = games.select(
        "game_id",
        "season_type",
        latitude=arenas.latitude(games),
        longitude=arenas.longitude(games),
        time_zone=arenas.time_zone(games),
    )
    sides = both_teams(games).mutate(won=_.team_score > _.opponent_score)
    return provenance.join(
        sides.drop("team_score", "opponent_score", "season"), places, ["game_id"]
    )


def _phase(rows: ir.Table) -> ir.StringValue:
    day = calendar.day_of_season(rows.game_date)
    return ibis.cases(
        (rows.season_type != "regular", rows.season_type),
        (day < EARLY_SEASON_DAYS.value, "early"),
        (day < LATE_SEASON_DAYS.value, "mid"),
        else_="late",
    )


def _never_ended(data_gaps: ir.Table) -> ir.Table:
    """Per game_id and team_abbr the gap of its result, where the game is neither final nor postponed."""
    unsettled = data_gaps.filter(_.kind == "unsettled", _.table_name == "nbac_team_boxscore")
    return unsettled.group_by(GRAIN).agg(gap_ids=_.gap_id.collect(order_by=_.gap_id))


def transform(
    nbac_schedule: ir.Table,
    games_before: ir.Table,
    odds_api_game_lines: ir.Table,
    data_gaps: ir.Table,
) -> ir.Table:
    """Rest, form and travel of each side, from its games before the date, and the bookmakers' lines."""
    today = _sides(nbac_schedule).drop("won")
    played = with_streak(_sides(games_before), "team_abbr", "won", streak="signed")
    played = played.mutate(result=_.won.cast("int64"))
    played = provenance.join(played, _never_ended(data_gaps), GRAIN)
    known = as_of(
        today.select("team_abbr", "game_date"),
        timeline(played, of="team_abbr"),
        told_apart(
            last(
                1,
                last_game=latest("game_date"),
                games_behind=latest("n"),
                streak=latest("streak"),
                last_latitude=latest("latitude"),
                last_longitude=latest("longitude"),
                last_time_zone=latest("time_zone"),
            )
        ),
        last(10, won_of_last_10=total("result")),
        season_to_date(win_pct_season=mean("result")),
        last_days(7, team_games_in_last_7_days=count()),
        last_days(14, team_games_in_last_14_days=count()),
    )
    rows = provenance.join(today, known, ["team_abbr", "game_date"]).mutate(
        team_days_rest=_.game_date.delta(_.last_game, unit="day"),
        games_played_team=ibis.ifelse(_.games_behind.isnull(), 0, _.games_behind),
        last_10_wins=ibis.ifelse(
            _.games_behind.isnull(), ibis.null(), _.won_of_last_10.cast("int64")
        ),
    )
    # Of the opponent nothing but its rest is taken, which its last game decides.
    others = rows.select(
        "game_id",
        opponent_abbr="team_abbr",
        opponent_days_rest="team_days_rest",
        gap_ids="gap_ids_last_1",
    )
    rows = provenance.join(rows, others, ["game_id", "opponent_abbr"])
    lines = closing_game_lines(odds_api_game_lines, nbac_schedule)
    rows = provenance.join(rows, lines, ["game_id", "team_abbr"])
    return rows.mutate(
        season_phase=_phase(rows),
        is_team_back_to_back=rows.team_days_rest == 1,
        rest_advantage=rows.team_days_rest - rows.opponent_days_rest,
        travel_miles=arenas.miles(
            rows.last_latitude, rows.last_longitude, rows.latitude, rows.longitude
        ),
        # Of both places on the day: where clocks were changed meanwhile nobody has travelled.
        time_zones_crossed=arenas.utc_offset(rows.time_zone, rows.game_date)
        - arenas.utc_offset(rows.last_time_zone, rows.game_date),
    )


def sides_without_the_other(rows: ir.Table) -> ir.Table:
    """Rows whose opponent has none in the same game."""
    others = rows.select("game_id", opponent_abbr="team_abbr")
    return rows.anti_join(others, ["game_id", "opponent_abbr"])


upcoming_team_game_context = table_asset(
    __name__,
    version=5,
    schema=UpcomingTeamGameContext,
    reads=[
        *same_date("nbac_schedule", "odds_api_game_lines"),
        *from_season(games_before="nbac_schedule", data_gaps="data_gaps"),
    ],
    expected=expected,
    transform=transform,
    violations=[sides_without_the_other],
    checkpoints=[checkpoint("schedule", sides_without_the_other)],
)
