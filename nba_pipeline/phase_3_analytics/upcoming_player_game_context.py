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
from nba_pipeline.kernel.table import from_previous_season, same_date, table_asset
from nba_pipeline.league import calendar
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.schedule import both_teams, covered, final
from nba_pipeline.lookback import provenance
from nba_pipeline.lookback.timeline import (
    PLAYER_GAMES,
    before_and_after,
    is_latest_on,
    timeline,
)
from nba_pipeline.lookback.windows import as_of, count, last, last_days, latest, total
from nba_pipeline.thresholds import UNIVERSE_GAMES

GRAIN = ["game_id", "player_id"]


class UpcomingPlayerGameContext(pa.DataFrameModel):
    """The columns; player_name is as the source spelled it last."""

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    player_id: int = pa.Field(ge=1)
    player_name: str
    player_lookup: str
    team_abbr: str
    opponent_abbr: str
    is_home: bool
    season_type: str
    team_days_rest: int = pa.Field(
        ge=1, nullable=True, description="Days since the team's last game; NULL before its first"
    )
    team_games_in_last_7_days: int = pa.Field(ge=0, description="The team's games, D excluded")
    team_games_in_last_14_days: int = pa.Field(ge=0, description="The team's games, D excluded")
    opponent_days_rest: int = pa.Field(
        ge=1, nullable=True, description="Days since the opponent's last game"
    )
    rest_advantage: int = pa.Field(
        nullable=True, description="team_days_rest minus opponent_days_rest, in days"
    )
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


def _team_context(sides: ir.Table, games_before: ir.Table) -> ir.Table:
    """Each side of a game with both teams' rest and how many games the team has behind it."""
    scheduled = timeline(games_before.select("game_id", "game_date", "team_abbr"), of="team_abbr")
    known = as_of(
        sides.select("team_abbr", "game_date"),
        scheduled,
        last(1, last_game=latest("game_date"), games_played=latest("n")),
        last_days(7, team_games_in_last_7_days=count()),
        last_days(14, team_games_in_last_14_days=count()),
    ).mutate(team_days_rest=_.game_date.delta(_.last_game, unit="day"))
    sides = provenance.join(sides, known.drop("last_game"), ["team_abbr", "game_date"])
    others = sides.select("game_id", opponent_abbr="team_abbr", opponent_days_rest="team_days_rest")
    return provenance.join(sides, others, ["game_id", "opponent_abbr"]).mutate(
        rest_advantage=_.team_days_rest - _.opponent_days_rest
    )


def _universe(sides: ir.Table, games_before: ir.Table, appearances: ir.Table) -> ir.Table:
    """The (game, player) pairs: each player's latest appearance decides."""
    numbered = timeline(games_before.select("game_id", "game_date", "team_abbr"), of="team_abbr")
    numbers = numbered.entries.select(
        "game_id", "team_abbr", team_game="n", appeared_season="season"
    )
    appeared = appearances.select(
        "player_id", "player_name", "player_lookup", "team_abbr", "game_id", "game_date"
    )
    appeared = appeared.inner_join(numbers, ["game_id", "team_abbr"]).drop("game_id")
    latest_rows = before_and_after(appeared, "player_id").drop("game_date")
    sides = sides.mutate(season=calendar.season_name(_.game_date))
    pairs = sides.join(latest_rows, [sides.team_abbr == latest_rows.team_abbr])
    pairs = pairs.filter(is_latest_on(_.game_date, _.since, _.until))
    behind = ibis.ifelse(_.games_played.isnull(), 0, _.games_played)
    recently = (_.appeared_season == _.season) & (behind - _.team_game < UNIVERSE_GAMES.value)
    before = (_.appeared_season == calendar.previous_season_name(_.season)) & (
        behind < UNIVERSE_GAMES.value
    )
    return pairs.filter(recently | before).drop(
        "season", "appeared_season", "team_game", "since", "until"
    )


def transform(
    nbac_schedule: ir.Table,
    games_before: ir.Table,
    player_game_summary: ir.Table,
    data_gaps: ir.Table,
) -> ir.Table:
    """The universe, the teams' rest from the schedule, and the players' from their own games."""
    today = covered(nbac_schedule)
    sides = both_teams(today).select(
        "game_id", "game_date", "team_abbr", "opponent_abbr", "is_home"
    )
    sides = provenance.join(sides, today.select("game_id", "season_type"), ["game_id"])
    earlier = both_teams(covered(games_before))
    rows = _universe(_team_context(sides, earlier), earlier, player_game_summary)
    games = timeline(
        player_game_summary,
        data_gaps,
        of="player_id",
        needs=PLAYER_GAMES,
    )
    known = as_of(
        rows.select("player_id", "game_date"),
        games,
        last(int(UNIVERSE_GAMES.value), last_game=latest("game_date")),
        last_days(7, games_in_last_7_days=count(), minutes_in_last_7_days=total("minutes")),
        last_days(14, games_in_last_14_days=count(), minutes_in_last_14_days=total("minutes")),
    ).mutate(days_rest=_.game_date.delta(_.last_game, unit="day"))
    return provenance.join(rows, known, ["player_id", "game_date"]).mutate(
        is_back_to_back=_.days_rest == 1
    )


def players_with_two_teams(rows: ir.Table) -> ir.Table:
    """Players that are in the universe of two teams on one date."""
    twice = rows.group_by("player_id", "game_date").having(_.team_abbr.nunique() > 1)
    return rows.semi_join(twice.agg(teams=_.team_abbr.nunique()), ["player_id", "game_date"])


upcoming_player_game_context = table_asset(
    __name__,
    version=2,
    schema=UpcomingPlayerGameContext,
    reads=[
        *same_date("nbac_schedule"),
        *from_previous_season("player_game_summary", "data_gaps", games_before="nbac_schedule"),
    ],
    expected=expected,
    transform=transform,
    violations=[players_with_two_teams],
    blocked_by=["usage_rate_coverage"],
    ready_when=["box", "team"],
    checkpoints=[checkpoint("universe", players_with_two_teams)],
)
