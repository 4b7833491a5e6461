"""Errors of the graded predictions, each system beside the naive baselines on the same rows."""

from datetime import date

import ibis
from ibis import _

from nba_pipeline.warehouse.delta import DeltaWarehouse

BASELINES = {"last_10_mean": "points_avg_last_10", "season_mean": "points_avg_season"}
_KEYS = ["game_id", "player_id"]


def accuracy_of(warehouse: DeltaWarehouse, first: date, last: date) -> list[dict[str, object]]:
    """Per system, over the player-games played from first to last that it predicted.

    Returns:
        system, rows, share_predicted (of all player-games played), mae, rmse, bias, band_coverage
        (share inside p10 to p90), and each baseline's mae on those of the rows that have it, with
        the system's own mae on them.
    """
    graded = warehouse.table("prediction_accuracy", first, last).filter(_.minutes > 0)
    features = warehouse.table("ml_feature_store_v2", first, last)
    features = features.select(*_KEYS, *BASELINES.values())
    rows = graded.inner_join(features, _KEYS)
    played = warehouse.table("player_game_summary", first, last).count()
    inside = rows.actual_points.between(rows.p10, rows.p90)
    measures = {
        "rows": _.absolute_error.count(),
        "share_predicted": _.absolute_error.count() / played.as_scalar(),
        "mae": _.absolute_error.mean(),
        "rmse": (_.signed_error * _.signed_error).mean().sqrt(),
        "bias": _.signed_error.mean(),
        "band_coverage": inside.cast("float64").mean(),
    }
    for name, column in BASELINES.items():
        has_it = rows[column].notnull() & rows.absolute_error.notnull()
        error = (rows[column] - rows.actual_points).abs()
        measures[f"{name}_mae"] = ibis.ifelse(has_it, error, ibis.null()).mean()
        measures[f"mae_where_{name}"] = ibis.ifelse(has_it, rows.absolute_error, ibis.null()).mean()
    return rows.group_by("system").agg(**measures).order_by("system").execute().to_dict("records")
