"""How each system has done: its errors beside the naive baselines and the line on the same rows.

A month's rows tell what is known on its first day: of the month before it, and of the season to
date. Which is why a decision of the month may rest on them.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import from_three_seasons
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league import calendar
from nba_pipeline.lookback.fixed_point import BILLION, in_billionths
from nba_pipeline.model.intervals import Z, wilson

GRAIN = ["month", "span", "system", "basis", "cut"]
_KEYS = ["game_id", "player_id"]
_TIERS = {"bench": 0, "role": 8, "starter": 15, "star": 22}
"""The least season average of each tier, points."""
_TENTHS = 10


class SystemPerformance(pa.DataFrameModel):
    """The columns; errors are of players who played, intervals hold 95%.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    month: date
    span: str = pa.Field(
        isin=["month", "season"],
        description="The last month before with a day of a season, or the season to date",
    )
    first_date: date = pa.Field(description="First game date of the rows")
    last_date: date = pa.Field(description="Last game date of the rows")
    system: str
    basis: str
    cut: str = pa.Field(
        isin=["all", "ready", "not_ready", "no_average", *_TIERS],
        description="All rows, those production ready or not, or those of a tier by season average: "
        "bench below 8 points, role below 15, starter below 22, star; no_average where there is none",
    )
    rows: int = pa.Field(ge=1, description="Player-games that were predicted and played")
    mae: float = pa.Field(ge=0, description="Mean absolute error, points")
    mae_low: float = pa.Field(nullable=True, description="Lower end of the interval of mae")
    mae_high: float = pa.Field(nullable=True, description="Upper end of the interval of mae")
    rmse: float = pa.Field(ge=0, description="Root mean square error, points")
    bias: float = pa.Field(description="Mean of predicted minus actual points")
    band: float = pa.Field(
        ge=0, le=1, nullable=True, description="Share inside p10 to p90; NULL without a band"
    )
    rows_history: int = pa.Field(ge=0, description="Rows that both naive baselines predict")
    mae_history: float = pa.Field(ge=0, nullable=True, description="mae on those rows")
    mae_last_10: float = pa.Field(
        ge=0, nullable=True, description="MAE of the last-10 mean on those rows"
    )
    mae_season: float = pa.Field(
        ge=0, nullable=True, description="MAE of the season mean on those rows"
    )
    rows_lined: int = pa.Field(ge=0, description="Rows that have a line")
    mae_lined: float = pa.Field(ge=0, nullable=True, description="mae on the rows with a line")
    mae_line: float = pa.Field(
        ge=0, nullable=True, description="MAE of the line itself on the rows with a line"
    )
    rows_with_prob: int = pa.Field(
        ge=0, description="Rows with prob_over whose points were not the line"
    )
    tenths: str = pa.Field(
        nullable=True,
        description="JSON: per tenth of those rows, from the lowest prob_over, its mean and the share "
        "that went over; NULL of fewer than ten",
    )
    calibration_error: float = pa.Field(
        ge=0,
        le=1,
        nullable=True,
        description="The most by which the two differ in any of the tenths",
    )
    edges: int = pa.Field(
        ge=0, description="Rows with a prediction to one side of a line, recommended or not"
    )
    edge_wins: int = pa.Field(ge=0, description="Those whose points were to the same side; no push")
    edge_hit_rate: float = pa.Field(
        ge=0, le=1, nullable=True, description="edge_wins of edges, which is to pay above 52.4%"
    )
    edge_hit_rate_low: float = pa.Field(
        nullable=True, description="Lower end of the interval of edge_hit_rate, by Wilson"
    )
    edge_hit_rate_high: float = pa.Field(
        nullable=True, description="Upper end of the interval of edge_hit_rate, by Wilson"
    )
    wins: int = pa.Field(ge=0, description="Recommendations that came in")
    losses: int = pa.Field(ge=0, description="Recommendations that did not")
    hit_rate: float = pa.Field(
        ge=0, le=1, nullable=True, description="wins of wins and losses; NULL where there are none"
    )
    hit_rate_low: float = pa.Field(
        nullable=True, description="Lower end of the interval of hit_rate, by Wilson"
    )
    hit_rate_high: float = pa.Field(
        nullable=True, description="Upper end of the interval of hit_rate, by Wilson"
    )

    class Config:
        """One row per month, span, system, basis and cut."""

        unique = GRAIN
        strict = "filter"


def _spans(partitions: Sequence[date]) -> ir.Table:
    """Per month its two spans: their first day, and the month as their end.

    A season's first month tells of the last month of the season before, since summer has none.
    """
    lines: list[dict[str, object]] = []
    for month in partitions:
        begun = [season for season in calendar.seasons() if season.first < month]
        day_before = month - timedelta(days=1)
        first = {"month": calendar.month_of(day_before)}
        if begun:
            last = min(begun[-1].last, day_before)
            first = {"month": calendar.month_of(last), "season": begun[-1].first}
        lines += [{"month": month, "span": span, "begins": day} for span, day in first.items()]
    return ibis.memtable(lines, schema={"month": "date", "span": "string", "begins": "date"})


def _tier(average: ir.FloatingValue) -> ir.StringValue:
    """The tier of a season average."""
    highest_first = list(_TIERS.items())[::-1]
    found = [(average >= least, name) for name, least in highest_first]
    return ibis.cases(*found, else_="no_average")


def transform(
    prediction_accuracy: ir.Table, ml_feature_store_v2: ir.Table, partitions: Sequence[date]
) -> ir.Table:
    """Every measure over each span, for all rows and for each cut of them."""
    # Who did not play has no points, and no error.
    graded = prediction_accuracy.filter(_.absolute_error.notnull())
    features = ml_feature_store_v2.select(*_KEYS, "points_avg_last_10", "points_avg_season")
    known = graded.left_join(features, _KEYS).drop("game_id_right", "player_id_right")
    spans = _spans(partitions)
    rows = known.join(spans, [known.game_date >= spans.begins, known.game_date < spans.month])
    ready = ibis.ifelse(rows.is_production_ready, "ready", "not_ready")
    cuts = (ibis.literal("all"), ready, _tier(rows.points_avg_season))
    each = [rows.mutate(cut=cut) for cut in cuts]
    every = each[0].union(each[1]).union(each[2])
    measured = every.group_by(GRAIN).agg(**_measures(every))
    tenths = _by_tenths(every)
    measured = measured.left_join(tenths, GRAIN).drop(*(f"{name}_right" for name in GRAIN))
    return _with_intervals(measured)


def _by_tenths(rows: ir.Table) -> ir.Table:
    """Per group of ten rows and more with prob_over, how near it came to what happened."""
    beside_line = rows.filter(_.prob_over.notnull(), _.actual_points != _.points_line)
    order = ibis.window(group_by=GRAIN, order_by=["prob_over", *_KEYS])
    ranked = beside_line.mutate(
        tenth=ibis.ntile(_TENTHS).over(order), in_group=_.count().over(group_by=GRAIN)
    ).filter(_.in_group >= _TENTHS)
    is_over = (ranked.actual_points > ranked.points_line).cast("float64")
    each = ranked.group_by(*GRAIN, "tenth").agg(said=_mean(ranked.prob_over), came=_mean(is_over))
    said, came = (each[name].round(4).cast("string") for name in ("said", "came"))
    return (
        each.mutate(text="[" + said + ", " + came + "]")
        .group_by(GRAIN)
        .agg(
            tenths="[" + _.text.group_concat(", ", order_by=_.tenth) + "]",
            calibration_error=(_.said - _.came).abs().max(),
        )
    )


def _measures(rows: ir.Table) -> dict[str, ir.Value]:
    """What is said of a group of graded rows."""
    has_history = rows.points_avg_last_10.notnull() & rows.points_avg_season.notnull()
    has_line = rows.points_line.notnull()
    error, squared = rows.absolute_error, rows.signed_error * rows.signed_error
    inside = rows.actual_points.between(rows.p10, rows.p90).cast("float64")

    def error_of(column: str) -> ir.FloatingValue:
        return (rows[column] - rows.actual_points).abs()

    edge, came = rows.predicted_points - rows.points_line, rows.actual_points - rows.points_line
    count, total = rows.count().cast("float64"), _total(error)
    spread = (_total(squared) - total * total / count).clip(lower=0.0) / (count - 1).nullif(0)
    return {
        "first_date": rows.game_date.min(),
        "last_date": rows.game_date.max(),
        "rows": rows.count(),
        "mae": _mean(error),
        "spread_of_errors": spread.sqrt(),
        "rmse": _mean(squared).sqrt(),
        "bias": _mean(rows.signed_error),
        "band": _mean(inside),
        "rows_history": has_history.sum(),
        "mae_history": _mean(error, has_history),
        "mae_last_10": _mean(error_of("points_avg_last_10"), has_history),
        "mae_season": _mean(error_of("points_avg_season"), has_history),
        "rows_lined": has_line.sum(),
        "mae_lined": _mean(error, has_line),
        "mae_line": _mean(error_of("points_line"), has_line),
        "rows_with_prob": (rows.prob_over.notnull() & (came != 0)).sum().fill_null(0),
        "edges": ((edge != 0) & (came != 0)).sum().fill_null(0),
        "edge_wins": ((edge != 0) & (came != 0) & ((edge > 0) == (came > 0))).sum().fill_null(0),
        "wins": (rows.outcome == "win").sum().fill_null(0),
        "losses": (rows.outcome == "loss").sum().fill_null(0),
    }


def _total(value: ir.FloatingValue, where: ir.BooleanValue | None = None) -> ir.FloatingValue:
    """The sum, taken in whole billionths, which does not depend on the order of its terms."""
    return in_billionths(value).sum(where=where).cast("float64") / BILLION


def _mean(value: ir.FloatingValue, where: ir.BooleanValue | None = None) -> ir.FloatingValue:
    """The mean of the known values; NULL of none."""
    return _total(value, where) / value.count(where=where).nullif(0)


def _with_intervals(rows: ir.Table) -> ir.Table:
    """The intervals of the mean error and of both hit rates."""
    error = Z * rows.spread_of_errors / rows.rows.cast("float64").sqrt()
    rates: dict[str, ir.Value] = {}
    for name, wins, bets in (
        ("hit_rate", rows.wins, rows.wins + rows.losses),
        ("edge_hit_rate", rows.edge_wins, rows.edges),
    ):
        rate = wins / bets.nullif(0)
        low, high = wilson(rate, bets.nullif(0).cast("float64"))
        rates |= {name: rate, f"{name}_low": low, f"{name}_high": high}
    return rows.mutate(
        mae_low=rows.mae - error,
        mae_high=rows.mae + error,
        **rates,
    )


def no_better_than_naive(rows: ir.Table) -> ir.Table:
    """Seasons in which a system was no better than the last-10 mean on the same rows."""
    return rows.filter(
        _.span == "season", _.cut == "all", _.rows_history > 0, _.mae_history >= _.mae_last_10
    )


system_performance = table_asset(
    __name__,
    version=4,
    schema=SystemPerformance,
    reads=from_three_seasons("prediction_accuracy", "ml_feature_store_v2"),
    transform=transform,
    warnings=[no_better_than_naive],
    checkpoints=[checkpoint("accuracy", no_better_than_naive)],
    partitions="monthly",
)
