"""Whether each source's shots of a final game are those of the box score: one row per side and source.

What data_gaps finds missing and what player_game_shots takes are both decided from it, so that it is
decided once. A rule says why a side's shots of a source are not believed; NULL means that they are.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.kernel.units import rejected_units
from nba_pipeline.league.bought_plays import placed, with_first_files
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.schedule import both_teams, final
from nba_pipeline.league.shots import NO_FILE, NO_SHOTS, SHOT_SOURCES, ZONES, shots_of_players
from nba_pipeline.phase_1_sources.bigdataball import bigdataball as bought
from nba_pipeline.phase_1_sources.nba_cdn_play_by_play import nba_cdn_play_by_play
from nba_pipeline.phase_1_sources.nba_stats_shot_chart_detail import nba_stats_shot_chart_detail
from nba_pipeline.thresholds import PAINT_FEET, THREES_AGREE

SOURCES = dict(
    zip(
        SHOT_SOURCES,
        (bought, nba_cdn_play_by_play, nba_stats_shot_chart_detail),
        strict=True,
    )
)
GRAIN = ["game_id", "team_abbr", "shot_source"]
_BOUGHT = SHOT_SOURCES[0]
_OF_OTHERS = ("unmatched_player", "repeated_game")
"""Rejections that leave a game's shots as they are: who is nobody has no shot in the box score."""


class ShotSources(pa.DataFrameModel):
    """The columns; attempts are NULL where the source has no shot of the game.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    team_abbr: str
    shot_source: str = pa.Field(
        isin=list(SHOT_SOURCES), description="Which source tells the shots of the game"
    )
    attempts: int = pa.Field(
        nullable=True, ge=0, description="Field goals attempted by the side, as the source says"
    )
    box_attempts: int = pa.Field(
        nullable=True, ge=0, description="The same in the box score; NULL without a roster"
    )
    players_unlike: int = pa.Field(
        nullable=True,
        ge=0,
        description="Players whose attempts or makes are others in the box score",
    )
    rule: str = pa.Field(nullable=True)
    detail: str = pa.Field(nullable=True)

    class Config:
        """One row per side of a game and source."""

        unique = GRAIN
        strict = "filter"


def expected(nbac_schedule: ir.Table) -> ir.Table:
    """Both sides of every covered game that is final, for each source."""
    return _for_each_source(both_teams(final(nbac_schedule)))


def transform(
    nbac_schedule: ir.Table,
    nbac_player_boxscore: ir.Table,
    rejected_rows: ir.Table,
    bigdataball_play_by_play: ir.Table,
    nbac_play_by_play: ir.Table,
    nbac_shot_chart: ir.Table,
    seasons_with_files: ir.Table,
    bigdataball: ir.Table,
) -> ir.Table:
    """Each side with what its players' attempts and makes are by source and by box score."""
    sides = expected(nbac_schedule).select(*GRAIN, "game_date", "season")
    shots = shots_of_players(
        bigdataball_play_by_play, nbac_play_by_play, nbac_shot_chart, paint_feet=PAINT_FEET.value
    )
    told = shots.group_by("game_id", "shot_source").agg(shots=_.count())
    compared = _compared(shots.semi_join(sides, "game_id"), nbac_player_boxscore)
    used = with_first_files(placed(bigdataball, nbac_schedule), nbac_schedule)
    used = used.select("game_id", "first_file").distinct()
    rejected = _rejected(sides, rejected_rows, used, nbac_schedule)
    files = seasons_with_files.select(
        "season",
        shot_source=_.source.cases(
            *((each.name, name) for name, each in SOURCES.items()), else_=ibis.null("string")
        ),
        has_file=True,
    )
    for part, on in (
        (told, ["game_id", "shot_source"]),
        (compared, GRAIN),
        (rejected, GRAIN),
        (files, ["season", "shot_source"]),
    ):
        sides = sides.left_join(part, on).drop(*(f"{name}_right" for name in on))
    has_shots = _.shots.notnull()
    sides = sides.mutate(
        rule=ibis.cases(
            (_.has_file.isnull(), NO_FILE),
            (_.rejected_rule.notnull(), _.rejected_rule),
            (~has_shots, NO_SHOTS),
            (_.attempts_unlike > 0, "unlike_box_score"),
            (_.players_unlike > 0, "makes_unlike_box_score"),
        ),
        detail=ibis.cases(
            (_.has_file.isnull(), "no file of the season"),
            (_.rejected_rule.notnull(), _.rejected_detail),
            (~has_shots, "no shot of the game"),
            (_.players_unlike > 0, _.unlike),
        ),
    )
    counts = ("attempts", "box_attempts", "players_unlike")
    return sides.mutate(**{name: ibis.ifelse(has_shots, _[name], None) for name in counts})


def _for_each_source(rows: ir.Table) -> ir.Table:
    return ibis.union(*(rows.mutate(shot_source=ibis.literal(name)) for name in SHOT_SOURCES))


def _compared(shots: ir.Table, nbac_player_boxscore: ir.Table) -> ir.Table:
    """Per side and source the attempts, those of the box score, and the first player unlike them."""
    keys = ["game_id", "shot_source", "player_id"]
    counts = ("fga", "fg3a", "fgm", "fg3m")
    box = _for_each_source(
        nbac_player_boxscore.select(
            "game_id", "player_id", *counts, box_team="team_abbr", is_in_box=True
        )
    )
    both = box.outer_join(shots, keys)
    both = both.mutate(**{name: _[name].fill_null(_[f"{name}_right"]) for name in keys})
    players = both.select(
        *keys,
        team_abbr=_.box_team.fill_null(_.team_abbr),
        attempts=_of_all_zones(both, "attempts"),
        threes=_.three_attempts.fill_null(0),
        makes=_of_all_zones(both, "makes"),
        three_makes=_.three_makes.fill_null(0),
        is_in_box=_.is_in_box.fill_null(False),
        **{f"box_{name}": _[name].fill_null(0) for name in counts},
    )
    players = players.mutate(
        is_attempts=_unlike(_.attempts, _.box_fga, _.threes, _.box_fg3a),
        is_makes=_unlike(_.makes, _.box_fgm, _.three_makes, _.box_fg3m),
    )
    told = ibis.cases(
        (_.is_attempts, _told("attempts", _.attempts, _.threes, _.box_fga, _.box_fg3a)),
        (_.is_makes, _told("makes", _.makes, _.three_makes, _.box_fgm, _.box_fg3m)),
    )
    players = players.mutate(told=told)
    return players.group_by(*GRAIN).agg(
        attempts=_.attempts.sum(),
        box_attempts=ibis.ifelse(_.is_in_box.any(), _.box_fga.sum(), None),
        attempts_unlike=_.is_attempts.cast("int64").sum(),
        players_unlike=_.told.count(),
        # Where attempts are others it is they that the rule is about.
        unlike=ibis.coalesce(_.told.min(where=_.is_attempts), _.told.min()),
    )


def _of_all_zones(shots: ir.Table, what: str) -> ir.IntegerValue:
    return sum((shots[f"{zone}_{what}"].fill_null(0) for zone in ZONES), ibis.literal(0))


def _unlike(
    count: ir.IntegerValue,
    box_count: ir.IntegerValue,
    threes: ir.IntegerValue,
    box_threes: ir.IntegerValue,
) -> ir.BooleanValue:
    return (count != box_count) | ((threes - box_threes).abs() > THREES_AGREE.value)


def _told(what: str, *counts: ir.IntegerValue) -> ir.StringValue:
    """What the source and the box score say of a player, in a sentence."""
    said = [count.cast("string") for count in counts]
    of_source = said[0] + f" {what} and " + said[1] + " threes, "
    of_box = said[2] + " and " + said[3] + " in the box score"
    return "player " + _.player_id.cast("string") + ": " + of_source + of_box


def _rejected(
    sides: ir.Table, rejected_rows: ir.Table, used: ir.Table, nbac_schedule: ir.Table
) -> ir.Table:
    """Per side and source, the first rule by name of what was rejected of its events.

    Args:
        sides: the sides of the games.
        rejected_rows: what was rejected of all sources.
        used: the file that BigDataBall's game is taken from; what others have of it spoils nothing.
        nbac_schedule: the schedule of the dates.
    """
    folders = [(_.source_file.startswith(f"{s.place}/"), name) for name, s in SOURCES.items()]
    lost = rejected_rows.mutate(shot_source=ibis.cases(*folders)).filter(
        _.shot_source.notnull(), _.rule.notin(list(_OF_OTHERS))
    )
    games = sides.select("game_id", "game_date", "team_abbr").distinct()
    lost = rejected_units(games, lost, nbac_schedule, "shot_source", "source_file")
    lost = lost.left_join(used, "game_id").drop("game_id_right")
    is_of_other_file = (_.shot_source == _BOUGHT) & (_.source_file != _.first_file)
    lost = lost.filter(~is_of_other_file.fill_null(False))
    return lost.group_by(GRAIN).agg(
        rejected_rule=_.rejected_rule.min(), rejected_detail=_.rejected_detail.min()
    )


shot_sources = table_asset(
    __name__,
    version=2,
    schema=ShotSources,
    reads=same_date(
        *("nbac_schedule", "nbac_player_boxscore", "rejected_rows"),
        *("bigdataball_play_by_play", "nbac_play_by_play", "nbac_shot_chart"),
    ),
    sources=list(SOURCES.values()),
    expected=expected,
    transform=transform,
)
