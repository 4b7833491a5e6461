"""A second route to windowed values, for a sample of rows: what as_of says must be what it says.

Each sampled row is joined with every earlier row of its entity, which is slow and easy to see
through. Rows that a gap touches are left out: their windows have holes.
"""

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.calendar import season_name
from nba_pipeline.thresholds import RECOMPUTED_TOLERANCE, SAMPLED_ONE_IN

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


def sampled(rows: ir.Table) -> ir.Table:
    """One row in fifty or so that no gap touches, the same ones whenever they are asked for."""
    mark = rows.player_id * 31 + rows.game_date.day_of_year() * 17
    return rows.filter(mark % int(SAMPLED_ONE_IN.value) == 0, rows.gap_ids.length() == 0)


def unlike_recomputed(
    rows: ir.Table, past: ir.Table, of: str, *, value: str, column: str, games: int
) -> ir.Table:
    """The rows whose value is not the mean of the column over the last games before their date.

    Args:
        rows: with `of`, game_date and the value.
        past: with `of` (under its own name), game_date and the column.
        of: the entity's key in rows; past has it as player_id or team_abbr.
        value: the stored mean.
        column: what it is the mean of.
        games: how many games of the season it reaches back.
    """
    key = "player_id" if of == "player_id" else "team_abbr"
    entity = rows.select(of, "game_date", stored=value, season=season_name(rows.game_date))
    entity = entity.distinct()
    before = past.select(
        key, past_date="game_date", past_season=season_name(past.game_date), value=column
    )
    pairs = entity.join(before, [entity[of] == before[key], entity.season == before.past_season])
    pairs = pairs.filter(pairs.past_date < pairs.game_date)
    order = ibis.window(group_by=[of, "game_date"], order_by=ibis.desc("past_date"))
    recent = pairs.mutate(ago=ibis.row_number().over(order)).filter(_.ago < games)
    means = recent.group_by(of, "game_date").agg(again=_.value.mean())
    means = means.rename({"mean_of": of, "mean_date": "game_date"})
    told = entity.left_join(
        means, [entity[of] == means.mean_of, entity.game_date == means.mean_date]
    )
    is_unlike = (told.stored.isnull() != told.again.isnull()) | (
        (told.stored - told.again).abs() > RECOMPUTED_TOLERANCE.value
    )
    return rows.semi_join(told.filter(is_unlike), [of, "game_date"])
