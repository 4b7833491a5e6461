"""Prediction systems that are formulas over the features; the trained one is in boosting.

A prediction rises with a faster pace, with a weaker defence, with freshness, and at home.
"""

import ibis
import ibis.expr.types as ir

from nba_pipeline.thresholds import MOST_POINTS

VERSION = 4
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_WEIGHTS = {"points_avg_last_5": 0.5, "points_avg_last_10": 0.3, "points_avg_season": 0.2}
_HOME_POINTS = 0.5
_BACK_TO_BACK_POINTS = -1.5
_ZONE_SHARE, _ZONE_PACE, _ZONE_HOME = 0.3, 0.4, 0.8
_TIRED = {50: -1.5, 70: -0.8}
"""What a fatigue_score below each costs, points; 100 is fresh."""
_SIMILAR_GAMES = 5
_SIMILAR_FRESH, _SIMILAR_RESTED = 0.015, 70
"""Points per point of fatigue_score above what a player usually has."""
_SIMILAR_FACTORS = {"shot_zone_mismatch_score": 0.4, "pace_score": 0.8, "usage_spike_score": 0.8}
_SIMILAR_HOME, _SIMILAR_AWAY = 0.8, -0.5


def moving_average(features: ir.Table) -> ir.FloatingValue:
    """Weighted recent averages, home court and a back-to-back, within 0 to 60 points.

    Averages that are unknown lend their weight to the known ones; with none of them the season
    before speaks, and without that there is no prediction.
    """
    weights = [
        ibis.ifelse(features[name].isnull(), 0.0, weight) for name, weight in _WEIGHTS.items()
    ]
    parts = [
        ibis.ifelse(features[name].isnull(), 0.0, weight * features[name])
        for name, weight in _WEIGHTS.items()
    ]
    recent = sum(parts[1:], parts[0]) / sum(weights[1:], weights[0]).nullif(0)
    base = ibis.coalesce(recent, features.points_avg_previous_season)
    home = ibis.ifelse(features.is_home, _HOME_POINTS, -_HOME_POINTS)
    tired = ibis.ifelse(features.is_back_to_back, _BACK_TO_BACK_POINTS, 0.0)
    return (base + home + tired).clip(0.0, MOST_POINTS.value)


def zone_matchup(features: ir.Table) -> ir.FloatingValue:
    """The season average, moved by how weak the opponent is where the player shoots, 0 to 60 points.

    There is no prediction where his zones or the opponent's are unknown: without them it would be
    another system. An unknown pace or fatigue moves nothing.
    """
    base = ibis.coalesce(features.points_avg_season, features.points_avg_previous_season)
    zone = _ZONE_SHARE * features.shot_zone_mismatch_score
    pace = _ZONE_PACE * ibis.coalesce(features.pace_score, 0.0)
    home = ibis.ifelse(features.is_home, _ZONE_HOME, -_ZONE_HOME)
    tired = ibis.cases(
        *((features.fatigue_score < least, points) for least, points in _TIRED.items()), else_=0.0
    )
    return (base + zone + pace + home + tired).clip(0.0, MOST_POINTS.value)


def similarity(features: ir.Table) -> ir.FloatingValue:
    """What the player scored in games like this one, moved by what is special to it, 0 to 60 points.

    There is no prediction from fewer than five such games. An unknown factor moves nothing.
    """
    base = ibis.ifelse(
        features.similar_games >= _SIMILAR_GAMES, features.points_avg_similar, ibis.null()
    )
    fresh = _SIMILAR_FRESH * ibis.coalesce(features.fatigue_score - _SIMILAR_RESTED, 0.0)
    factors = [
        weight * ibis.coalesce(features[name], 0.0) for name, weight in _SIMILAR_FACTORS.items()
    ]
    home = ibis.ifelse(features.is_home, _SIMILAR_HOME, _SIMILAR_AWAY)
    return (base + fresh + sum(factors[1:], factors[0]) + home).clip(0.0, MOST_POINTS.value)


FORMULAS = {
    "moving_average": moving_average,
    "zone_matchup": zone_matchup,
    "similarity": similarity,
}
"""Each by its name."""
