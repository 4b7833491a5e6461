"""From where each player shot in a game that is final: one row per player with minutes.

All shots of a game are from one source, the most trusted of those whose attempts and makes are
those of the box score. Where there is none the game's shots are a gap, and its players' are unknown. Which source
is believed hangs on the rosters of both teams, so that a row names the gaps of both.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.schedule import both_teams, final
from nba_pipeline.league.shots import (
    COUNTED,
    SHOT_SOURCES,
    ZONES,
    believed_source,
    shots_of_players,
)
from nba_pipeline.lookback import provenance
from nba_pipeline.thresholds import PAINT_FEET, THREES_AGREE

GRAIN = ["game_id", "player_id"]


class PlayerGameShots(pa.DataFrameModel):
    """The columns; NULL where the game's shots are a gap.

    Every row also has box_games_expected, box_games_present, zone_games_expected,
    zone_games_present, completeness, gap_ids, is_production_ready, not_ready_reason, season,
    bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    player_id: int = pa.Field(ge=1)
    player_lookup: str
    team_abbr: str
    opponent_abbr: str
    minutes: float = pa.Field(ge=0)
    paint_attempts: int = pa.Field(
        nullable=True, ge=0, description="Twos attempted from 8 feet or less"
    )
    paint_makes: int = pa.Field(nullable=True, ge=0, description="Twos made from 8 feet or less")
    mid_range_attempts: int = pa.Field(
        nullable=True, ge=0, description="Twos attempted from more than 8 feet"
    )
    mid_range_makes: int = pa.Field(
        nullable=True, ge=0, description="Twos made from more than 8 feet"
    )
    three_attempts: int = pa.Field(
        nullable=True, ge=0, description="Three-pointers attempted, as the source of shots says"
    )
    three_makes: int = pa.Field(
        nullable=True, ge=0, description="Three-pointers made, as the source of shots says"
    )
    assisted_makes: int = pa.Field(
        nullable=True, ge=0, description="Field goals made on an assist; NULL if the source is mute"
    )
    unassisted_makes: int = pa.Field(
        nullable=True,
        ge=0,
        description="Field goals made without an assist; NULL if the source is mute",
    )
    and_ones: int = pa.Field(
        nullable=True,
        ge=0,
        description="Field goals made and fouled, the free throw made or not; NULL if untold",
    )
    shot_source: str = pa.Field(nullable=True, isin=list(SHOT_SOURCES))

    class Config:
        """One row per player and game."""

        unique = GRAIN
        strict = "filter"


def expected(nbac_schedule: ir.Table) -> ir.Table:
    """Players of both teams of every covered game that is final."""
    return both_teams(final(nbac_schedule))


def transform(
    nbac_player_boxscore: ir.Table,
    bigdataball_play_by_play: ir.Table,
    nbac_play_by_play: ir.Table,
    nbac_shot_chart: ir.Table,
    shot_sources: ir.Table,
    data_gaps: ir.Table,
) -> ir.Table:
    """Each player's shots by zone from his game's source; who took none has zeros."""
    rosters = data_gaps.filter(_.table_name == "nbac_player_boxscore")
    players = provenance.with_holes(nbac_player_boxscore, data_gaps, "nbac_player_boxscore")
    players = players.select(
        *GRAIN,
        *("game_date", "player_lookup", "team_abbr", "opponent_abbr", "minutes"),
        *provenance.tracking_columns(players),
    )
    games = nbac_player_boxscore.select("game_id", "game_date").distinct()
    lost_rosters = provenance.of_games(games, data_gaps, "nbac_player_boxscore")
    rows = provenance.join(players, lost_rosters.select("game_id", "gap_ids"), ["game_id"])
    rows = provenance.join(rows, provenance.of_games(games, data_gaps, "shots"), ["game_id"])
    sources = believed_source(shot_sources, rosters).rename(believed_game="game_id")
    rows = rows.left_join(sources, rows.game_id == sources.believed_game).drop("believed_game")
    shots = shots_of_players(
        bigdataball_play_by_play, nbac_play_by_play, nbac_shot_chart, paint_feet=PAINT_FEET.value
    )
    keys = [*GRAIN, "shot_source"]
    rows = rows.left_join(shots.drop("team_abbr"), keys).drop(*(f"{key}_right" for key in keys))
    # The minutes of the box score are whole ones: who has none may have taken a shot.
    took_a_shot = ibis.or_(*(_[name].notnull() for name in COUNTED))
    return _with_zeros(rows.filter((_.minutes > 0) | took_a_shot))


def _with_zeros(rows: ir.Table) -> ir.Table:
    """Zeros of who took no shot in a game that has a source, of what that source tells."""
    of_zones = [name for name in COUNTED if name.startswith(ZONES)]
    tells_all = rows.shot_source.notnull() & (rows.shot_source != SHOT_SOURCES[-1])
    tells = {
        name: rows.shot_source.notnull() if name in of_zones else tells_all for name in COUNTED
    }
    return rows.mutate(
        **{
            name: ibis.ifelse(tells[name], rows[name].fill_null(0), None).cast("int64")
            for name in COUNTED
        }
    )


def attempts_unlike_box_score(
    rows: ir.Table, nbac_player_boxscore: ir.Table, data_gaps: ir.Table
) -> ir.Table:
    """Players whose shots are known and are not as many as the box score's."""
    return _unlike_box_score(rows, nbac_player_boxscore, data_gaps, "attempts", "fga", "fg3a")


def makes_unlike_box_score(
    rows: ir.Table, nbac_player_boxscore: ir.Table, data_gaps: ir.Table
) -> ir.Table:
    """Players whose shots are known and went in other than as often as the box score has it."""
    return _unlike_box_score(rows, nbac_player_boxscore, data_gaps, "makes", "fgm", "fg3m")


def _unlike_box_score(
    rows: ir.Table,
    nbac_player_boxscore: ir.Table,
    data_gaps: ir.Table,
    what: str,
    box_all: str,
    box_threes: str,
) -> ir.Table:
    rosters = data_gaps.filter(_.table_name == "nbac_player_boxscore")
    box = nbac_player_boxscore.anti_join(rosters, ["game_id", "team_abbr"])
    box = box.select(*GRAIN, box_all=box_all, box_threes=box_threes)
    both = rows.join(box, GRAIN)
    shots = sum((both[f"{zone}_{what}"] for zone in ZONES), ibis.literal(0))
    threes = (both[f"three_{what}"] - both.box_threes).abs() > THREES_AGREE.value
    return both.filter((shots != both.box_all) | threes)


player_game_shots = table_asset(
    __name__,
    version=2,
    schema=PlayerGameShots,
    reads=same_date(
        *("nbac_schedule", "nbac_player_boxscore", "bigdataball_play_by_play"),
        *("nbac_play_by_play", "nbac_shot_chart", "shot_sources", "data_gaps"),
    ),
    expected=expected,
    transform=transform,
    violations=[attempts_unlike_box_score, makes_unlike_box_score],
    ready_when=["box"],
    counts=["zone"],
    checkpoints=[checkpoint("shots", attempts_unlike_box_score, makes_unlike_box_score)],
)
