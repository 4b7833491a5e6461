"""From where each player of a date's universe shoots, and how well, in his games before it."""

from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.columns import GapIds
from nba_pipeline.kernel.reads import from_previous_season, rows_of
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league.box_score import of_who_played
from nba_pipeline.league.shots import ZONES
from nba_pipeline.league.zones import SCORING_ZONES, primary_scoring_zone
from nba_pipeline.lookback import provenance
from nba_pipeline.lookback.recomputed import sampled, unlike_recomputed
from nba_pipeline.lookback.timeline import PLAYER_SHOTS, timeline
from nba_pipeline.lookback.windows import Window, as_of, last, mean, ratio, told_apart
from nba_pipeline.thresholds import RECOMPUTED_TOLERANCE

GRAIN = ["player_id", "game_date"]
_SPANS = (_RECENT, _LONGER) = (10, 20)


def _share(zone: str, games: int) -> Any:
    return pa.Field(
        ge=0,
        le=1,
        nullable=True,
        description=f"Share of his attempts {zone}, last {games} games together, 0 to 1",
    )


def _pct(zone: str, games: int) -> Any:
    return pa.Field(
        ge=0,
        le=1,
        nullable=True,
        description=f"Made / attempted {zone}, last {games} games together, 0 to 1",
    )


def _attempts(zone: str, games: int) -> Any:
    return pa.Field(
        ge=0, nullable=True, description=f"Attempts {zone} per game, last {games} games"
    )


def _assisted(games: int) -> Any:
    return pa.Field(
        ge=0,
        le=1,
        nullable=True,
        description=f"Share of field goals made on an assist, last {games} games; NULL if untold",
    )


def _expected(family: str) -> Any:
    return pa.Field(
        ge=0, description=f"{family}_games_expected of the last 10 games' columns alone"
    )


def _present(family: str) -> Any:
    return pa.Field(ge=0, description=f"{family}_games_present of the last 10 games' columns alone")


class PlayerShotZoneAnalysis(pa.DataFrameModel):
    """The columns; windows are of the season's games played and end the day before game_date.

    All zones of a game are of one source of shots. A share or a percentage of no attempt is NULL.
    What is made of the last 10 games alone takes the gaps and counts that end with _last_10.

    Every row also has box_games_expected, box_games_present, zone_games_expected,
    zone_games_present, completeness, gap_ids, is_production_ready, not_ready_reason, season,
    bypass, run_id, code_version, written_at.
    """

    player_id: int = pa.Field(ge=1)
    game_date: date
    player_lookup: str
    team_abbr: str
    paint_rate_last_10: float = _share("from the paint", 10)
    mid_range_rate_last_10: float = _share("from mid range", 10)
    three_rate_last_10: float = _share("for three", 10)
    paint_pct_last_10: float = _pct("from the paint", 10)
    mid_range_pct_last_10: float = _pct("from mid range", 10)
    three_pct_last_10: float = _pct("for three", 10)
    paint_attempts_avg_last_10: float = _attempts("from the paint", 10)
    mid_range_attempts_avg_last_10: float = _attempts("from mid range", 10)
    three_attempts_avg_last_10: float = _attempts("for three", 10)
    assisted_rate_last_10: float = _assisted(10)
    primary_scoring_zone: str = pa.Field(
        isin=SCORING_ZONES,
        nullable=True,
        description="Where most of his attempts of the last 10 games are from, or balanced",
    )
    paint_rate_last_20: float = _share("from the paint", 20)
    mid_range_rate_last_20: float = _share("from mid range", 20)
    three_rate_last_20: float = _share("for three", 20)
    paint_pct_last_20: float = _pct("from the paint", 20)
    mid_range_pct_last_20: float = _pct("from mid range", 20)
    three_pct_last_20: float = _pct("for three", 20)
    paint_attempts_avg_last_20: float = _attempts("from the paint", 20)
    mid_range_attempts_avg_last_20: float = _attempts("from mid range", 20)
    three_attempts_avg_last_20: float = _attempts("for three", 20)
    assisted_rate_last_20: float = _assisted(20)
    gap_ids_last_10: GapIds = pa.Field(
        description="Those of gap_ids that the columns of the last 10 games depend on"
    )
    box_games_expected_last_10: int = _expected("box")
    box_games_present_last_10: int = _present("box")
    zone_games_expected_last_10: int = _expected("zone")
    zone_games_present_last_10: int = _present("zone")

    class Config:
        """One row per player and date."""

        unique = GRAIN
        strict = "filter"


def expected(upcoming_player_game_context: ir.Table) -> ir.Table:
    """Every player of the date's universe."""
    return upcoming_player_game_context


def _window(games: int) -> Window:
    """What is asked of the last so many games."""
    shares = {f"{zone}_rate_last_{games}": ratio(f"{zone}_attempts", "attempts") for zone in ZONES}
    pcts = {
        f"{zone}_pct_last_{games}": ratio(f"{zone}_makes", f"{zone}_attempts") for zone in ZONES
    }
    attempts = {f"{zone}_attempts_avg_last_{games}": mean(f"{zone}_attempts") for zone in ZONES}
    assisted = {f"assisted_rate_last_{games}": ratio("assisted_makes", "makes_told")}
    return last(games, **shares, **pcts, **attempts, **assisted)


def transform(
    upcoming_player_game_context: ir.Table, player_game_shots: ir.Table, data_gaps: ir.Table
) -> ir.Table:
    """Sums of makes and attempts by zone over each player's last games."""
    universe = upcoming_player_game_context.select(*GRAIN, "player_lookup", "team_abbr")
    played = of_who_played(player_game_shots).semi_join(universe, "player_id")
    shots = played.mutate(
        attempts=_.paint_attempts + _.mid_range_attempts + _.three_attempts,
        makes_told=_.assisted_makes + _.unassisted_makes,
    )
    games = timeline(shots, data_gaps, of="player_id", needs=PLAYER_SHOTS)
    recent, longer = told_apart(_window(_RECENT)), _window(_LONGER)
    known = as_of(universe.select(*GRAIN), games, recent, longer)
    rows = provenance.join(universe, known, GRAIN)
    return rows.mutate(primary_scoring_zone=primary_scoring_zone(rows))


def as_of_sample(rows: ir.Table, player_game_shots: ir.Table) -> ir.Table:
    """Sampled rows whose attempts from the paint are not those of the games strictly before them."""
    return unlike_recomputed(
        sampled(rows),
        of_who_played(player_game_shots),
        "player_id",
        value="paint_attempts_avg_last_10",
        column="paint_attempts",
        games=10,
    )


def shares_not_one(rows: ir.Table) -> ir.Table:
    """Rows whose shares of attempts by zone do not add up to one."""
    totals = [
        rows[f"paint_rate_last_{games}"]
        + rows[f"mid_range_rate_last_{games}"]
        + rows[f"three_rate_last_{games}"]
        for games in _SPANS
    ]
    return rows.filter(
        ibis.or_(*((total - 1).abs() > RECOMPUTED_TOLERANCE.value for total in totals))
    )


player_shot_zone_analysis = table_asset(
    __name__,
    version=4,
    schema=PlayerShotZoneAnalysis,
    reads=[
        *rows_of("upcoming_player_game_context"),
        *from_previous_season("player_game_shots", "data_gaps"),
    ],
    expected=expected,
    transform=transform,
    assertions=[as_of_sample],
    violations=[shares_not_one],
    checkpoints=[checkpoint("as_of", as_of_sample), checkpoint("shots", shares_not_one)],
    ready_when=["box", "minimum_games"],
    counts=["zone"],
)
