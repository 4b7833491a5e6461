"""Errors of the graded predictions, each system beside the naive baselines on the same rows."""

from datetime import date

from ibis import _

from nba_pipeline.league.box_score import of_who_played
from nba_pipeline.quality.stored import NothingStored
from nba_pipeline.warehouse.protocol import Warehouse

BASELINES = {"last_10": "points_avg_last_10", "season": "points_avg_season"}
_KEYS = ["game_id", "player_id"]


def accuracy_of(warehouse: Warehouse, first: date, last: date) -> list[dict[str, object]]:
    """Per system and basis, over the player-games from first to last that it predicted and are graded.

    The bases are recomputed, what the code says now, and made, what was said before tip-off, which
    is there only for dates on which something was.

    Returns:
        system, basis, rows, share (of the player-games with minutes, those that are among them), mae,
        rmse, bias and band (share inside p10 to p90); then, on the rows where the player has games this
        season, mae_history and the mae of the player's last-10 mean and season mean.
    """
    graded = warehouse.table("prediction_accuracy", first, last)
    if "basis" not in graded.columns:
        raise NothingStored("what is graded was stored by older code: nba-pipeline repair")
    features = warehouse.table("ml_feature_store_v2", first, last)
    features = features.select(*_KEYS, *BASELINES.values())
    rows = graded.filter(_.absolute_error.notnull()).left_join(features, _KEYS)
    played = of_who_played(warehouse.table("player_game_summary", first, last))
    played = played.count().as_scalar()
    inside = rows.actual_points.between(rows.p10, rows.p90)
    has_history = rows[BASELINES["last_10"]].notnull() & rows[BASELINES["season"]].notnull()
    compared = {"mae_history": rows.absolute_error}
    compared |= {
        f"mae_{name}": (rows[column] - rows.actual_points).abs()
        for name, column in BASELINES.items()
    }
    measures = {
        "rows": _.count(),
        "share": (_.minutes > 0).sum() / played,
        "mae": _.absolute_error.mean(),
        "rmse": (_.signed_error * _.signed_error).mean().sqrt(),
        "bias": _.signed_error.mean(),
        "band": inside.cast("float64").mean(),
        **{name: error.mean(where=has_history) for name, error in compared.items()},
    }
    bases = rows.group_by("system", "basis").agg(**measures)
    return bases.order_by("system", "basis").to_pyarrow().to_pylist()
