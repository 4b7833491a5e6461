"""How much more or less than usual a player may score, from four causes; each in points or so.

A cause that is not known is NULL: nothing stands in for it. Fresher, faster, more used and a weaker
opponent are higher. No source tells a player's age, which fatigue was once also made of.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from nba_pipeline.league.shots import ZONES
from nba_pipeline.league.zones import BALANCED

VERSION = 2
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

FRESH = 100
MOST_MISMATCH, MOST_PACE, MOST_USAGE = 10, 3, 3
"""How far a score goes to either side of zero."""

_BACK_TO_BACK, _RESTED, _RESTED_DAYS = 15, 5, 3
_MANY_GAMES, _OF_MANY_GAMES = 4, 10
_MANY_MINUTES, _OF_MANY_MINUTES = 240, 10
_LONG_GAMES, _OF_LONG_GAMES = 35, 8
_OF_ONE_BACK_TO_BACK, _OF_MORE_BACK_TO_BACKS = 5, 12
_POINTS_OF_FATIGUE = 20
_WHOLE_SHARE = 0.5
_GREAT_MISMATCH, _OF_GREAT_MISMATCH = 5, 1.2
_POINTS_OF_USAGE, _FEWEST_LEFT = 0.3, 1.0


def fatigue_score(player: ir.Table) -> ir.FloatingValue:
    """How fresh a player is, 0 to 100; NULL where one of what it is made of is.

    Args:
        player: rows with days_rest, games_in_last_7_days, minutes_in_last_7_days and
            back_to_backs_last_14_days.
    """
    rest, games = player.days_rest, player.games_in_last_7_days
    minutes, doubles = player.minutes_in_last_7_days, player.back_to_backs_last_14_days
    causes = (rest, games, minutes, doubles)
    score = (
        FRESH
        + ibis.cases((rest == 1, -_BACK_TO_BACK), (rest >= _RESTED_DAYS, _RESTED), else_=0)
        - ibis.ifelse(games >= _MANY_GAMES, _OF_MANY_GAMES, 0)
        - ibis.ifelse(minutes > _MANY_MINUTES, _OF_MANY_MINUTES, 0)
        # Minutes per game, without the division: who has not played has no long games.
        - ibis.ifelse(minutes > _LONG_GAMES * games, _OF_LONG_GAMES, 0)
        - ibis.cases(
            (doubles >= 2, _OF_MORE_BACK_TO_BACKS), (doubles == 1, _OF_ONE_BACK_TO_BACK), else_=0
        )
    )
    is_known = ibis.and_(*(cause.notnull() for cause in causes))
    return ibis.ifelse(is_known, score.cast("float64").clip(0.0, float(FRESH)), ibis.null())


def shot_zone_mismatch_score(player: ir.Table) -> ir.FloatingValue:
    """How weak the opponent is where the player shoots, -10 to 10, positive = weaker.

    Of a player with a primary zone it is that zone's weakness, whole where half of his attempts are
    from there; of a balanced one the weakness of all, each by its share.

    Args:
        player: rows with primary_scoring_zone, <zone>_rate_last_10, and the opponent's
            <zone>_pct_allowed_vs_league, in percentage points.
    """
    weakness = {zone: player[f"{zone}_pct_allowed_vs_league"] for zone in ZONES}
    shares: Mapping[str, ir.FloatingValue] = {z: player[f"{z}_rate_last_10"] for z in ZONES}
    at = player.primary_scoring_zone
    own = [
        (at == zone, weakness[zone] * (shares[zone] / _WHOLE_SHARE).clip(upper=1.0))
        for zone in ZONES
    ]
    paint, mid_range, three = (weakness[zone] * shares[zone] for zone in ZONES)
    score = ibis.cases(*own, (at == BALANCED, paint + mid_range + three))
    score = ibis.ifelse(score.abs() > _GREAT_MISMATCH, score * _OF_GREAT_MISMATCH, score)
    return _within(score, MOST_MISMATCH)


def pace_score(rows: ir.Table) -> ir.FloatingValue:
    """Half of how much faster than the league both teams play together, -3 to 3.

    Args:
        rows: with pace_differential, in possessions per 48 minutes.
    """
    return _within(rows.pace_differential / 2, MOST_PACE)


def usage_spike_score(player: ir.Table) -> ir.FloatingValue:
    """How much more the player is used than he was, -3 to 3.

    What teammates who are out leave of the team's plays goes to the others as they use plays already:
    who uses u percent of them then uses u * out / (100 - out) percent more.

    Args:
        player: rows with usage_rate_last_3, usage_rate_last_10 and teammates_out_usage, in percent.
    """
    usual, out = player.usage_rate_last_10, player.teammates_out_usage
    # Averages of games in which not all of them played add up to more than all there is.
    of_teammates = usual * out / (100 - out).clip(lower=_FEWEST_LEFT)
    return _within((player.usage_rate_last_3 - usual + of_teammates) * _POINTS_OF_USAGE, MOST_USAGE)


def fatigue_adjustment(fatigue: ir.FloatingValue) -> ir.FloatingValue:
    """What fatigue costs, -5 to 0."""
    return (fatigue - FRESH) / _POINTS_OF_FATIGUE


def _within(score: ir.FloatingValue, most: int) -> ir.FloatingValue:
    return score.clip(-float(most), float(most))
