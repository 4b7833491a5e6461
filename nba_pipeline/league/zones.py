"""What zones say: where a player shoots most, which a team defends best, and how the two meet."""

from functools import reduce

import ibis
import ibis.expr.types as ir

from nba_pipeline.league.shots import ZONES

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

BALANCED = "balanced"
SCORING_ZONES = (*ZONES, BALANCED)

_PRIMARY_SHARES = {"paint": 0.40, "three": 0.40, "mid_range": 0.35}
"""The share of a player's attempts from which on a zone is his own, in the order of asking."""


def primary_scoring_zone(player: ir.Table) -> ir.StringValue:
    """The zone that most of a player's attempts are from, or balanced; NULL without shares.

    Args:
        player: rows with <zone>_rate_last_10, each zone's share of his attempts, 0 to 1.
    """
    shares = [(player[f"{zone}_rate_last_10"], least) for zone, least in _PRIMARY_SHARES.items()]
    is_known = reduce(lambda one, other: one & other, (share.notnull() for share, _least in shares))
    found = ibis.cases(
        *(
            (share >= least, zone)
            for zone, (share, least) in zip(_PRIMARY_SHARES, shares, strict=True)
        ),
        else_=BALANCED,
    )
    return ibis.ifelse(is_known, found, ibis.null())


def zone_of_least(rows: ir.Table, of: str, *, sign: int = 1) -> ir.StringValue:
    """The zone whose column is the least, or the greatest for sign -1; NULL where one is unknown.

    Of equal ones it is the first in ZONES.

    Args:
        rows: with a column for each zone.
        of: the column's name, with {zone} for the zone.
        sign: 1 for the least, -1 for the greatest.
    """
    paint, mid_range, three = (sign * rows[of.format(zone=zone)] for zone in ZONES)
    is_known = paint.notnull() & mid_range.notnull() & three.notnull()
    found = ibis.cases(
        ((paint <= mid_range) & (paint <= three), ZONES[0]),
        (mid_range <= three, ZONES[1]),
        else_=ZONES[2],
    )
    return ibis.ifelse(is_known, found, ibis.null())
