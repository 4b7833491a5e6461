"""How like another game a game is for a player, by what was known before each: 0 to 100.

Up to 40 for the tier of the opponent's defence, 30 for rest, and 15 each for the court and for form.
What is unknown of either game is not alike.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

LEAST = 70
"""The similarity from which a game counts."""
_TIER, _NEXT_TIER, _REST, _NEXT_REST, _COURT, _FORM, _OTHER_FORM = 40, 20, 30, 15, 15, 15, 5
_ELITE, _AVERAGE = 110.0, 115.0
"""Points allowed per 100 possessions below which a defence is elite, or average; others are weak."""
_HOT = 3.0
"""Points by which the last five games are off the season's average when a player is hot, or cold."""


def score(rows: ir.Table, own: Mapping[str, str]) -> ir.IntegerValue:
    """The similarity of two games of a row.

    Args:
        rows: with the conditions of both: is_home, days_rest, opponent_def_rating, points_avg_last_5
            and points_avg_season.
        own: the names of the one game's columns, by those of the other's.
    """
    one = {name: rows[name] for name in own}
    other = {name: rows[column] for name, column in own.items()}
    tiers = (_tier(one) - _tier(other)).abs()
    rests = (_rest(one) - _rest(other)).abs()
    parts = [
        ibis.cases((tiers == 0, _TIER), (tiers == 1, _NEXT_TIER), else_=0),
        ibis.cases((rests == 0, _REST), (rests == 1, _NEXT_REST), else_=0),
        ibis.cases((one["is_home"] == other["is_home"], _COURT), else_=0),
        ibis.cases(
            (_form(one) == _form(other), _FORM), (_form(one) != _form(other), _OTHER_FORM), else_=0
        ),
    ]
    return sum(parts[1:], parts[0]).cast("int64")


def _tier(game: Mapping[str, ir.Value]) -> ir.IntegerValue:
    rating = game["opponent_def_rating"]
    return ibis.cases((rating < _ELITE, 0), (rating < _AVERAGE, 1), (rating.notnull(), 2))


def _rest(game: Mapping[str, ir.Value]) -> ir.IntegerValue:
    """The night after a game, one day between, or more."""
    return game["days_rest"].clip(upper=3)


def _form(game: Mapping[str, ir.Value]) -> ir.IntegerValue:
    """Cold, as usual, or hot."""
    lately = game["points_avg_last_5"] - game["points_avg_season"]
    return ibis.cases((lately <= -_HOT, -1), (lately < _HOT, 0), (lately.notnull(), 1))
