"""How long the same has gone on: a column of rows in order, for windows to look up the latest of."""

from dataclasses import replace

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.calendar import season_name
from nba_pipeline.lookback.timeline import Timeline, computed_once

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


def with_recent_streaks(
    past: Timeline, value: str, games: int, *, while_true: str, while_false: str
) -> Timeline:
    """The timeline with how many entries in a row the value has been true, and been false.

    Up to and with each entry, over so many entries: a window of as many, looking up the latest, then
    depends on no gap but its own. An entry where the value is NULL, a hole too, ends no run; both
    are NULL where all of them are.

    Args:
        past: a timeline whose entries have the value.
        value: a boolean column.
        games: how many entries a run may go back over.
        while_true: name of the column for runs of true.
        while_false: the same of false.
    """
    line = [*past.keys, "season"]
    recent = ibis.window(group_by=line, order_by="n", preceding=games - 1, following=0)
    until_now = ibis.window(group_by=line, order_by="n", preceding=None, following=0)
    entries = past.entries
    is_known = entries[value].notnull()
    counted = entries.mutate(
        true_here=(is_known & entries[value]).fill_null(False).cast("int64"),
        false_here=(is_known & ~entries[value]).fill_null(False).cast("int64"),
    )
    counted = counted.mutate(
        true_so_far=_.true_here.sum().over(until_now),
        false_so_far=_.false_here.sum().over(until_now),
    )
    counted = computed_once(counted)
    runs = {
        while_true: _run(counted, "true", "false", recent),
        while_false: _run(counted, "false", "true", recent),
    }
    helpers = [f"{kind}_{word}" for kind in ("true", "false") for word in ("here", "so_far")]
    return replace(past, entries=computed_once(counted.mutate(**runs).drop(*helpers)))


def _run(counted: ir.Table, kind: str, other: str, recent: object) -> ir.Value:
    """How many of a kind there are after the last of the other kind, within the recent entries."""
    so_far, here = counted[f"{kind}_so_far"], counted[f"{kind}_here"]
    is_other = counted[f"{other}_here"] == 1
    # Counts never fall: the least of the window is its first, the greatest at an other its last.
    before = (so_far - here).min().over(recent)
    at_other = ibis.ifelse(is_other, so_far, ibis.null()).max().over(recent).coalesce(before)
    known = (counted.true_here + counted.false_here).sum().over(recent)
    run = so_far - ibis.ifelse(at_other > before, at_other, before)
    return ibis.ifelse(known > 0, run, ibis.null())
