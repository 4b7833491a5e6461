"""Shots by zone, and from which source the shots of a game are taken.

A source's shots are believed when every player of the game has the attempts and makes of the box
score. All shots of a game are of one source, the first in SHOT_SOURCES that is believed.
"""

import ibis
import ibis.expr.types as ir
from ibis import _

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

SHOT_SOURCES = ("bigdataball", "nba_play_by_play", "nba_shot_chart")
"""In order of trust; the shot chart tells no assists and no fouls."""

ZONES = ("paint", "mid_range", "three")
ZONE_COUNTS = tuple(f"{zone}_{what}" for zone in ZONES for what in ("attempts", "makes"))
COUNTED = (
    *ZONE_COUNTS,
    *("assisted_makes", "unassisted_makes", "and_ones"),
)
"""What is counted of a player's shots in a game."""

NO_FILE, NO_SHOTS = "no_file_of_season", "no_shots_of_game"
"""Why a source has nothing to say of a game; any other rule is what is wrong with what it says."""


def shots_of_players(
    bigdataball_play_by_play: ir.Table,
    nbac_play_by_play: ir.Table,
    nbac_shot_chart: ir.Table,
    *,
    paint_feet: float,
) -> ir.Table:
    """Per source, game and player what is COUNTED, and his team as the source has it.

    What a source does not tell is NULL. A two is from the paint up to paint_feet, inclusive.
    """
    untold = ibis.null().cast("boolean")
    chart = nbac_shot_chart.mutate(is_assisted=untold, is_and_one=untold)
    told = (_with_and_ones(bigdataball_play_by_play), _with_and_ones(nbac_play_by_play), chart)
    columns = ["game_id", "team_abbr", "player_id", "is_three", "is_made", "shot_distance"]
    shots = ibis.union(
        *(
            shots.select(*columns, "is_assisted", "is_and_one", shot_source=ibis.literal(name))
            for name, shots in zip(SHOT_SOURCES, told, strict=True)
        )
    )
    near = _.shot_distance <= paint_feet
    zones = {"paint": ~_.is_three & near, "mid_range": ~_.is_three & ~near, "three": _.is_three}
    made = _.is_made.cast("int64")
    counts = {}
    for zone, is_there in zones.items():
        counts[f"{zone}_attempts"] = is_there.cast("int64").sum()
        counts[f"{zone}_makes"] = (is_there.cast("int64") * made).sum()
    return (
        shots.filter(_.player_id.notnull())
        .group_by("shot_source", "game_id", "player_id")
        .agg(
            team_abbr=_.team_abbr.min(),
            **counts,
            assisted_makes=(_.is_assisted.cast("int64") * made).sum(),
            unassisted_makes=((~_.is_assisted).cast("int64") * made).sum(),
            and_ones=_.is_and_one.cast("int64").sum(),
        )
    )


def _with_and_ones(events: ir.Table) -> ir.Table:
    """The field goals among the events, with whether each was made and fouled: an and-one.

    Then the scorer takes one free throw at the same time of the clock.
    """
    moment = ["game_id", "period", "seconds_remaining", "player_id"]
    fouled = events.filter(_.is_and_one_free_throw).select(*moment).distinct()
    fouled = fouled.rename({f"fouled_{name}": name for name in moment})
    shots = events.filter(_.is_field_goal)
    shots = shots.left_join(fouled, [shots[name] == fouled[f"fouled_{name}"] for name in moment])
    return shots.mutate(is_and_one=_.is_made & _.fouled_game_id.notnull())


def believed_source(shot_sources: ir.Table, roster_gaps: ir.Table) -> ir.Table:
    """The source that each game's shots are taken from; a game that has none is not there.

    Args:
        shot_sources: what was found of each source's shots of each side of a game.
        roster_gaps: sides whose box score is a gap: nothing can be asked of their shots.
    """
    believed = asked_sides(shot_sources, roster_gaps)
    believed = believed.group_by("game_id", "shot_source").agg(broken=_.rule.count())
    believed = believed.filter(_.broken == 0).mutate(place=place_of(_.shot_source))
    first = ibis.window(group_by="game_id")
    return believed.filter(_.place == _.place.min().over(first)).select("game_id", "shot_source")


def asked_sides(shot_sources: ir.Table, roster_gaps: ir.Table) -> ir.Table:
    """The sides of games whose shots can be compared with a box score."""
    return shot_sources.anti_join(roster_gaps, ["game_id", "team_abbr"])


def place_of(shot_source: ir.StringValue) -> ir.IntegerValue:
    """The source's place in the order of trust, from 0."""
    return shot_source.cases(*((name, place) for place, name in enumerate(SHOT_SOURCES)))
