"""Who may play on a date: the pre-game universe, with what the schedule says of each game.

One row per player and game, the same rows for training, serving and backfill: the players who
appeared for a team in its last ten games as of the date and whose latest team it still is; while
the team has played fewer than ten this season, also those whose last game of the previous season
was for it and who have not yet played elsewhere.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.columns import QUALITY
from nba_pipeline.kernel.reads import from_previous_season, same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league import calendar
from nba_pipeline.league.betting_lines import closing_lines
from nba_pipeline.league.box_score import of_who_played
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.injury_status import INJURY_SOURCES, injury_statuses
from nba_pipeline.league.schedule import both_teams, covered, final
from nba_pipeline.lookback import provenance
from nba_pipeline.lookback.streaks import with_recent_streaks
from nba_pipeline.lookback.teammates import with_teammates_out_usage
from nba_pipeline.lookback.timeline import (
    PLAYER_GAMES,
    Timeline,
    before_and_after,
    computed_once,
    is_latest_on,
    timeline,
)
from nba_pipeline.lookback.windows import as_of, last, latest
from nba_pipeline.lookback.workload import workload
from nba_pipeline.thresholds import EARLIEST_TIPOFF, UNIVERSE_GAMES

GRAIN = ["game_id", "player_id"]


class UpcomingPlayerGameContext(pa.DataFrameModel):
    """The columns; player_name is as the source spelled it last.

    Every row also has box_games_expected, box_games_present, team_games_expected,
    team_games_present, completeness, gap_ids, is_production_ready, not_ready_reason, season,
    bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    player_id: int = pa.Field(ge=1)
    player_name: str
    player_lookup: str
    team_abbr: str
    opponent_abbr: str
    is_home: bool
    season_type: str
    season_phase: str
    games_played_team: int = pa.Field(ge=0)
    team_days_rest: int = pa.Field(ge=1, nullable=True)
    is_team_back_to_back: bool = pa.Field(nullable=True)
    team_games_in_last_7_days: int = pa.Field(ge=0)
    team_games_in_last_14_days: int = pa.Field(ge=0)
    opponent_days_rest: int = pa.Field(ge=1, nullable=True)
    rest_advantage: int = pa.Field(nullable=True)
    win_pct_season: float = pa.Field(ge=0, le=1, nullable=True)
    last_10_wins: int = pa.Field(ge=0, le=10, nullable=True)
    streak: int = pa.Field(nullable=True)
    travel_miles: float = pa.Field(ge=0, nullable=True)
    time_zones_crossed: float = pa.Field(nullable=True)
    days_rest: int = pa.Field(
        ge=1,
        nullable=True,
        description="Days since the player's last game of the season; 1 = yesterday",
    )
    is_back_to_back: bool = pa.Field(nullable=True, description="Whether days_rest is 1")
    games_in_last_7_days: int = pa.Field(
        ge=0, nullable=True, description="Games the player played, D excluded"
    )
    games_in_last_14_days: int = pa.Field(
        ge=0, nullable=True, description="Games the player played, D excluded"
    )
    minutes_in_last_7_days: float = pa.Field(
        ge=0, nullable=True, description="Minutes the player played, D excluded"
    )
    minutes_in_last_14_days: float = pa.Field(
        ge=0, nullable=True, description="Minutes the player played, D excluded"
    )
    points_line: float = pa.Field(gt=0, nullable=True)
    line_source: str = pa.Field(nullable=True)
    opening_points_line: float = pa.Field(
        gt=0,
        nullable=True,
        description="The line of the first snapshot; NULL where there is but one",
    )
    line_movement: float = pa.Field(
        nullable=True, description="points_line minus opening_points_line, in points"
    )
    over_price: float = pa.Field(gt=1, nullable=True)
    under_price: float = pa.Field(gt=1, nullable=True)
    prop_over_streak: int = pa.Field(
        ge=0,
        nullable=True,
        description="Games in a row up to now, of the last ten, over the line; those without end none",
    )
    prop_under_streak: int = pa.Field(
        ge=0,
        nullable=True,
        description="Games in a row up to now, of the last ten, under the line; those without end none",
    )
    teammates_out_usage: float = pa.Field(
        ge=0,
        nullable=True,
        description="Percent of the team's plays that teammates who are out used: usage_rate times "
        "share of minutes, season",
    )
    injury_status: str = pa.Field(nullable=True)
    injury_source: str = pa.Field(
        isin=list(INJURY_SOURCES),
        description="Who says it: his team's last report before tip-off, or else the transactions",
    )

    class Config:
        """One row per player and game."""

        unique = GRAIN
        strict = "filter"


def expected(nbac_schedule: ir.Table, games_before: ir.Table) -> ir.Table:
    """Players of both teams of every covered game, played or not, once the team has played one.

    Of a team without a game behind it in this season and the last nobody can be known.
    """
    sides = both_teams(covered(nbac_schedule))
    played = both_teams(final(games_before))
    first = played.group_by("team_abbr", played_in="season").agg(first_game=_.game_date.min())
    known = sides.inner_join(first, "team_abbr").filter(
        _.first_game < _.game_date,
        _.played_in.isin([_.season, calendar.previous_season_name(_.season)]),
    )
    return sides.semi_join(known, ["game_id", "team_abbr"])


def _numbered(games_before: ir.Table) -> ir.Table:
    """Each team's games with their numbers in the season: game_id, team_abbr, team_game, its season."""
    games = timeline(games_before.select("game_id", "game_date", "team_abbr"), of="team_abbr")
    return games.entries.select("game_id", "team_abbr", team_game="n", appeared_season="season")


def _universe(sides: ir.Table, numbers: ir.Table, appearances: ir.Table) -> ir.Table:
    """The (game, player) pairs, with last_appeared: each player's latest appearance decides."""
    appeared = appearances.select(
        "player_id", "player_name", "player_lookup", "team_abbr", "game_id", "game_date"
    )
    appeared = appeared.inner_join(numbers, ["game_id", "team_abbr"]).drop("game_id")
    latest_rows = before_and_after(appeared, "player_id").drop("game_date")
    sides = sides.mutate(season=calendar.season_name(_.game_date))
    pairs = sides.join(latest_rows, [sides.team_abbr == latest_rows.team_abbr])
    pairs = pairs.filter(is_latest_on(_.game_date, _.since, _.until))
    behind = _.games_played_team
    recently = (_.appeared_season == _.season) & (behind - _.team_game < UNIVERSE_GAMES.value)
    before = (_.appeared_season == calendar.previous_season_name(_.season)) & (
        behind < UNIVERSE_GAMES.value
    )
    return (
        pairs.filter(recently | before)
        .rename(last_appeared="since")
        .drop("season", "appeared_season", "team_game", "until")
    )


def _lost_rosters(sides: ir.Table, numbers: ir.Table, data_gaps: ir.Table) -> ir.Table:
    """Per game_id and team_abbr the gaps of the rosters that may hide who is of its universe.

    Those of the season: whom one of the season before hides has not played in this one.
    """
    lost = data_gaps.filter(_.table_name == "nbac_player_boxscore")
    lost = lost.inner_join(numbers, ["game_id", "team_abbr"]).select(
        *("gap_id", "team_game", "appeared_season"), lost_on="game_date", lost_by="team_abbr"
    )
    sides = sides.select("game_id", "team_abbr", "game_date", "games_played_team")
    among_last = [
        sides.team_abbr == lost.lost_by,
        calendar.season_name(sides.game_date) == lost.appeared_season,
        lost.lost_on < sides.game_date,
        sides.games_played_team - lost.team_game < UNIVERSE_GAMES.value,
    ]
    return (
        sides.join(lost, among_last)
        .group_by("game_id", "team_abbr")
        .agg(gap_ids=_.gap_id.collect(order_by=_.gap_id))
    )


def _lost_since_out(rows: ir.Table, games: Timeline) -> ir.Table:
    """Per game_id and player_id the last season's lost rosters that may hide that he is not out.

    Of who is out by the transactions: had he played since that entry, he were not; whoever is not
    out is so whether he played or not. This season's are in his windows.
    """
    out = games.keyed(rows.filter(_.out_since.notnull()).select(*GRAIN, "game_date", "out_since"))
    lost = games.entries.filter(_.is_hole).select(
        gap_id="gap_ids", lost_of=games.of, lost_in="season", lost_on="game_date"
    )
    # A hole also names what else is lost of its game.
    lost = lost.unnest("gap_id").filter(_.gap_id.startswith("nbac_player_boxscore:"))
    since_out = [
        out.entry_of == lost.lost_of,
        calendar.previous_season_name(calendar.season_name(out.game_date)) == lost.lost_in,
        out.out_since <= lost.lost_on,
    ]
    pairs = out.join(lost, since_out)
    return pairs.group_by(GRAIN).agg(gap_ids=_.gap_id.collect(order_by=_.gap_id))


def transform(
    upcoming_team_game_context: ir.Table,
    games_before: ir.Table,
    player_game_summary: ir.Table,
    data_gaps: ir.Table,
    nbac_schedule: ir.Table,
    odds_api_player_points_props: ir.Table,
    bettingpros_player_points_props: ir.Table,
    nbac_injury_report: ir.Table,
    nbac_injury_report_teams: ir.Table,
    injury_transactions: ir.Table,
    transactions_before: ir.Table,
) -> ir.Table:
    """The universe with its teams' context, the players' rest, their lines and who is hurt."""
    earlier = both_teams(covered(games_before))
    sides = upcoming_team_game_context.drop(*(QUALITY.keys() - {"gap_ids"}), "season")
    played = of_who_played(player_game_summary)
    numbers = computed_once(_numbered(earlier))
    rows = computed_once(_universe(sides, numbers, played))
    is_over = ibis.cases(
        (_.over_under_result == "OVER", True), (_.over_under_result == "UNDER", False)
    )
    games = timeline(
        played.semi_join(rows, "player_id").mutate(is_over=is_over),
        data_gaps,
        of="player_id",
        needs=PLAYER_GAMES,
    )
    streaks = {"while_true": "prop_over_streak", "while_false": "prop_under_streak"}
    recent = int(UNIVERSE_GAMES.value)
    games = with_recent_streaks(games, "is_over", recent, **streaks)
    known = as_of(
        rows.select("player_id", "game_date"),
        games,
        last(
            recent,
            last_game=latest("game_date"),
            **{name: latest(name) for name in streaks.values()},
        ),
        *workload(),
    ).mutate(days_rest=_.game_date.delta(_.last_game, unit="day"))
    rows = provenance.join(rows, known, ["player_id", "game_date"])
    lines = closing_lines(
        rows, odds_api_player_points_props, bettingpros_player_points_props, nbac_schedule
    )
    rows = provenance.join(rows, lines, GRAIN)
    statuses = injury_statuses(
        # The last game of the season's timeline may be none, or one that is lost.
        rows.select("game_id", "player_id", "team_abbr", "game_date", last_game="last_appeared"),
        nbac_injury_report,
        nbac_injury_report_teams,
        # What is dated before a season's first day is in that day's partition.
        injury_transactions.union(transactions_before),
        nbac_schedule,
        earliest_tipoff=int(EARLIEST_TIPOFF.value),
    )
    rows = computed_once(provenance.join(rows, statuses, GRAIN))
    lost_since_out = computed_once(_lost_since_out(rows, games))
    rows = provenance.join(rows, lost_since_out, GRAIN)
    lost_rosters = _lost_rosters(sides, numbers, data_gaps)
    rows = with_teammates_out_usage(rows, games, lost_rosters, lost_since_out)
    return rows.mutate(is_back_to_back=_.days_rest == 1)


def players_with_two_teams(rows: ir.Table) -> ir.Table:
    """Players that are in the universe of two teams on one date."""
    twice = rows.group_by("player_id", "game_date").having(_.team_abbr.nunique() > 1)
    return rows.semi_join(twice.agg(teams=_.team_abbr.nunique()), ["player_id", "game_date"])


upcoming_player_game_context = table_asset(
    __name__,
    version=12,
    schema=UpcomingPlayerGameContext,
    reads=[
        *same_date("nbac_schedule", "upcoming_team_game_context", "injury_transactions"),
        *same_date("odds_api_player_points_props", "bettingpros_player_points_props"),
        *same_date("nbac_injury_report", "nbac_injury_report_teams"),
        *from_previous_season("player_game_summary", "data_gaps", games_before="nbac_schedule"),
        *from_previous_season(transactions_before="injury_transactions"),
    ],
    expected=expected,
    transform=transform,
    violations=[players_with_two_teams],
    blocked_by=["usage_rate_coverage"],
    ready_when=["box", "team"],
    checkpoints=[checkpoint("universe", players_with_two_teams)],
)
