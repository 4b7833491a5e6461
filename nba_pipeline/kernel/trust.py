"""From which of several sources each unit of a raw table is taken, in order of trust.

A unit is taken whole from the first source that has rows of it and of which none of its rows was
rejected; where every source's are in part, from the first that has any. So a fallback fills what a
more trusted source lacks or said badly, and spoils nothing that one has whole. What a trusted source
says whole and another source says otherwise stays, with the contradiction told.

Of rows of one source that speak of the same thing one stands by what it says (`in_order`), never by
where it lies: a file may be renamed and its rows re-ordered without anything being out of date.
"""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis import Deferred, _

from nba_pipeline.kernel.units import off_schedule, rejected_units, scheduled_rows

VERSION = 4
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

UNIT = ["game_id", "game_date", "team_abbr"]
_PLACE = ("source_file", "row_number")


def in_order(rows: ir.Table, of: Sequence[str], *first: Deferred) -> ir.Table:
    """The rows with `place`, from 0: their order among those of one `of`, by what they say.

    Args:
        rows: with source_file and row_number, which decide only between rows that say the same.
        of: the columns whose rows speak of the same thing.
        first: what decides before the rows' columns in order of name do.
    """
    keys = [key.op() for key in rows.bind(*first)]
    plain = [key.arg if isinstance(key, ops.SortKey) else key for key in keys]
    # Of two orders of one column ibis keeps the last.
    ordered = {key.name for key in plain if isinstance(key, ops.Field)}
    content = sorted(set(rows.columns) - {*of, *ordered, *_PLACE})
    order = ibis.window(group_by=list(of), order_by=[*first, *content, *_PLACE])
    return rows.mutate(place=ibis.row_number().over(order))


def told_by(
    source_name: str,
    rows: ir.Table,
    rejected: ir.Table,
    nbac_schedule: ir.Table,
    columns: Mapping[str, str],
) -> ir.Table:
    """A source's rows of final covered games, with source_name and whether their unit is whole.

    Args:
        source_name: the source.
        rows: its rows, with game_id, team_abbr and game_date.
        rejected: what was rejected of it, in the columns of rejected_rows.
        nbac_schedule: the schedule of the dates.
        columns: the source's columns that the table keeps, and their types; one that it does not
            have is NULL.
    """
    lost = rejected.select("source_file", "row_number", *UNIT, "field", "value", "rule", "detail")
    astray = off_schedule(rows, nbac_schedule).select(*lost.columns)
    lost = lost.union(astray)
    scheduled = scheduled_rows(rows, nbac_schedule)
    units = scheduled.select(*UNIT).distinct()
    broken = rejected_units(units, lost, nbac_schedule).select(*UNIT, is_broken=True)
    told = scheduled.left_join(broken, UNIT).drop(*(f"{key}_right" for key in UNIT))
    return _said(source_name, told.mutate(is_whole=_.is_broken.isnull()), columns)


def told_of(
    source_name: str, rows: ir.Table, nbac_schedule: ir.Table, columns: Mapping[str, str]
) -> ir.Table:
    """The same of rows that say in is_whole whether their unit is, each of a game of the schedule."""
    return _said(source_name, scheduled_rows(rows, nbac_schedule), columns)


def _said(source_name: str, rows: ir.Table, columns: Mapping[str, str]) -> ir.Table:
    kept = {
        name: (rows[name] if name in rows.columns else ibis.null()).cast(kind)
        for name, kind in columns.items()
    }
    return rows.select(
        *UNIT,
        "opponent_abbr",
        "is_home",
        **kept,
        source_name=ibis.literal(source_name),
        is_whole=_.is_whole,
    )


def most_trusted(*told: ir.Table) -> ir.Table:
    """Each unit's rows as the source says them that it is taken from; the most trusted is first.

    place counts from 0, the most trusted, to what is trusted least.
    """
    ranked = [
        rows.mutate(place=ibis.ifelse(_.is_whole, place, place + len(told)))
        for place, rows in enumerate(told)
    ]
    every = ibis.union(*ranked)
    unit = ibis.window(group_by=UNIT)
    first = every.mutate(first=_.place.min().over(unit)).filter(_.place == _.first)
    return first.drop("first", "is_whole")


def in_one_unit(rows: ir.Table, line: str) -> ir.Table:
    """The rows without those of a line that a more trusted unit of the date has too.

    The unit that such a row is taken out of tells the first of them in `line_of_both`; where both
    are trusted alike the team that is first by name keeps it, or of one team its first game.

    Args:
        rows: what `most_trusted` says, of several lines a unit.
        line: the column that names a line, who is in one unit of a date at most.
    """
    same = ibis.window(group_by=["game_date", line], order_by=[_.place, _.team_abbr, _.game_id])
    rows = rows.mutate(
        nth=ibis.row_number().over(same),
        kept_of=(_.team_abbr + " in game " + _.game_id).first().over(same),
    )
    again = rows.filter(_.nth > 0)
    told = line + " " + _[line].cast("string") + " is of " + _.kept_of + " of the date"
    again = again.mutate(told=told).group_by(UNIT).agg(line_of_both=_.told.min())
    kept = rows.filter(_.nth == 0).left_join(again, UNIT)
    return kept.drop("nth", "kept_of", *(f"{key}_right" for key in UNIT))


def with_contradictions(
    rows: ir.Table,
    trusted: ir.Table,
    other: ir.Table,
    *,
    line: Sequence[str],
    counts: Sequence[str],
    minutes_within: float,
) -> ir.Table:
    """The rows with `contradiction`: what the other source says otherwise of a unit's lines.

    Only units that both sources have whole and that are taken from the trusted one can have any. A
    line that one source lacks contradicts it where the other gives it minutes.

    Args:
        rows: the rows that are taken.
        trusted: what the source says from which most units are taken.
        other: what the one says that must agree with it.
        line: the columns that name a line within its unit.
        counts: the columns that must be equal.
        minutes_within: how far apart the minutes of a line may be.
    """
    keys = ["game_id", "team_abbr", *line]
    both = [part.filter(_.is_whole) for part in (trusted, other)]
    shared = [
        part.semi_join(against, UNIT).select(*keys, "minutes", *counts, is_trusted=is_trusted)
        for part, against, is_trusted in ((*both, True), (*reversed(both), False))
    ]
    said = {
        f"{name}_{side}": _[name].max(where=_.is_trusted if side == "here" else ~_.is_trusted)
        for name in ("minutes", *counts)
        for side in ("here", "there")
    }
    lines = ibis.union(*shared).group_by(keys).agg(sources=_.count(), most=_.minutes.max(), **said)
    who = " of " + _.team_abbr
    for name in line:
        who = who + f", {name} " + _[name].cast("string")
    against = [
        (
            _[f"{name}_here"] != _[f"{name}_there"],
            name
            + " "
            + _[f"{name}_here"].cast("string")
            + " here, "
            + _[f"{name}_there"].cast("string")
            + " there"
            + who,
        )
        for name in counts
    ]
    apart = (_.minutes_here - _.minutes_there).abs() > minutes_within
    minutes = (
        "minutes "
        + _.minutes_here.cast("string")
        + " here, "
        + _.minutes_there.cast("string")
        + " there"
        + who
    )
    alone = (_.sources == 1) & (_.most > 0)
    lines = lines.mutate(
        told=ibis.cases((alone, "one source lacks the line" + who), *against, (apart, minutes))
    )
    units = lines.group_by("game_id", "team_abbr").agg(contradiction=_.told.min())
    units = units.filter(_.contradiction.notnull())
    found = rows.left_join(units, ["game_id", "team_abbr"])
    return found.drop("game_id_right", "team_abbr_right")
