"""How long the same has gone on: a column of rows in order, for windows to look up the latest of."""

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.calendar import season_name

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


def with_streak(rows: ir.Table, of: str, value: str, **streak: str) -> ir.Table:
    """Rows with the length of the run of equal values that each one ends, within its season.

    Args:
        rows: with `of`, game_date, game_id and the value.
        of: the entity's key.
        value: a boolean column; a row where it is NULL is in no run, and ends none.
        streak: the name of the new column = "signed" (positive while true, negative while false).
    """
    ((name, _kind),) = streak.items()
    season = season_name(rows.game_date)
    keyed = rows.mutate(streak_season=season, is_known=rows[value].notnull())
    line = [of, "streak_season", "is_known"]
    order = ibis.window(group_by=line, order_by=["game_date", "game_id"])
    keyed = keyed.mutate(is_change=(_[value] != _[value].lag().over(order)).cast("int64"))
    up_to = ibis.window(
        group_by=line, order_by=["game_date", "game_id"], preceding=None, following=0
    )
    keyed = keyed.mutate(run=_.is_change.sum().over(up_to).coalesce(0))
    within = ibis.window(group_by=[*line, "run"], order_by=["game_date", "game_id"])
    length = ibis.row_number().over(within) + 1
    signed = ibis.cases((_[value], length), (~_[value], -length))
    return keyed.mutate(**{name: signed}).drop("streak_season", "is_known", "is_change", "run")
