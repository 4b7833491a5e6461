"""One model per calendar month, trained on every player-game strictly before its first day.

A month with too few games behind it has no booster. A month whose training rows fail the gate is
not trained, and its date stays as it was.
"""

import hashlib
import json
import os
from bisect import bisect_left
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pandera.ibis as pa

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.table import from_first_season, table_asset
from nba_pipeline.model import boosting, training_gate
from nba_pipeline.phase_5_predictions.ml_feature_store_v2 import FEATURE_VERSION, FEATURES

GRAIN = ["month"]
_LABELS = ["game_id", "player_id"]


class PointsModel(pa.DataFrameModel):
    """The columns."""

    month: date = pa.Field(description="First day of the month it predicts; the partition")
    model_version: str = pa.Field(
        description="points_model_<month>_<fingerprint of the booster; in bootstrap, of the rows>; "
        "NULL for a system that is a formula"
    )
    status: str = pa.Field(
        isin=["trained", "bootstrap"], description="bootstrap: too few games yet"
    )
    booster: bytes = pa.Field(
        nullable=True, description="XGBoost booster, UBJSON; NULL in bootstrap"
    )
    features: str = pa.Field(description="JSON list of the features, in the booster's order")
    feature_version: int = pa.Field(ge=1)
    trained_from: date = pa.Field(nullable=True, description="First game date of the training rows")
    trained_to: date = pa.Field(nullable=True, description="Last game date of the training rows")
    training_games: int = pa.Field(ge=0, description="Games behind the month")
    training_rows: int = pa.Field(ge=0, description="Player-games behind the month")
    feature_coverage: str = pa.Field(
        nullable=True, description="JSON: share of training rows that have each feature"
    )
    rows_with_gaps: int = pa.Field(ge=0, description="Training rows that a raw gap touches")
    training_mae: float = pa.Field(
        ge=0, nullable=True, description="Mean absolute error on the training rows, points"
    )
    data_fingerprint: str = pa.Field(description="Fingerprint of the training rows")

    class Config:
        """One row per month."""

        unique = GRAIN
        strict = "filter"


def _training_rows(features: ir.Table, results: ir.Table) -> pd.DataFrame:
    """Features of players who then played, with their points, in a fixed order."""
    points = results.select(*_LABELS, scored="points")
    quality = ["gap_ids", "is_production_ready", "not_ready_reason"]
    columns = [*_LABELS, "game_date", "season", *quality, *FEATURES]
    joined = features.select(*columns).inner_join(points, _LABELS)
    rows = joined.order_by("game_date", *_LABELS).execute()
    days = pd.to_datetime(rows.game_date)
    return rows.assign(game_date=days.dt.date, month=days.dt.to_period("M").astype(str))


def _behind(rows: pd.DataFrame, month: date) -> int:
    """How many of the rows, which are in the order of their dates, are strictly before the month."""
    return bisect_left(rows.game_date.to_numpy(), month)


def refusals(
    ml_feature_store_v2: ir.Table, player_game_summary: ir.Table, partitions: Sequence[date]
) -> dict[date, str]:
    """The training gate, for each month that has games enough."""
    rows = _training_rows(ml_feature_store_v2, player_game_summary)
    found = {}
    for month in partitions:
        before = rows[: _behind(rows, month)]
        if not training_gate.is_bootstrap(before):
            failed = training_gate.failures(before, month)
            if failed:
                found[month] = "training gate: " + "; ".join(failed)
    return found


def transform(
    ml_feature_store_v2: ir.Table, player_game_summary: ir.Table, partitions: Sequence[date]
) -> ir.Table:
    """Walk-forward: each month's model sees only what was there before it."""
    rows = _training_rows(ml_feature_store_v2, player_game_summary)
    # The months after a season's last game have the same rows behind them, and the same model.
    behind = {month: _behind(rows, month) for month in partitions}
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        sizes = sorted(set(behind.values()))
        trained = dict(
            zip(sizes, threads.map(lambda size: _trained(rows[:size]), sizes), strict=True)
        )
    models = [_line(month, trained[behind[month]]) for month in partitions]
    schema = {name: str(c.dtype) for name, c in PointsModel.to_schema().columns.items()}
    return ibis.memtable(pd.DataFrame(models), schema=ibis.schema(schema))


def _trained(rows: pd.DataFrame) -> dict[str, Any]:
    """The model of the rows and what it was made of; raises ImplausibleModel."""
    is_bootstrap = training_gate.is_bootstrap(rows)
    booster = None if is_bootstrap else boosting.train(rows, FEATURES, rows.scored.to_numpy())
    error = None
    if booster:
        median = boosting.predict(booster, rows, FEATURES)[:, 1]
        error = float(np.abs(median - rows.scored).mean())
        training_gate.require_plausible(error)
    # As floats: whether pandas reads whole numbers as integers depends on rows that are not these.
    canonical = rows[_LABELS].join(rows[[*FEATURES, "scored"]].astype("float64"))
    values = pd.util.hash_pandas_object(canonical, index=False)
    return {
        "status": "bootstrap" if is_bootstrap else "trained",
        "booster": booster,
        "features": json.dumps(FEATURES),
        "feature_version": FEATURE_VERSION,
        "trained_from": rows.game_date.min() if len(rows) else None,
        "trained_to": rows.game_date.max() if len(rows) else None,
        "training_games": rows.game_id.nunique(),
        "training_rows": len(rows),
        "feature_coverage": json.dumps(training_gate.coverage(rows, FEATURES))
        if len(rows)
        else None,
        "rows_with_gaps": int((rows.gap_ids.map(len) > 0).sum()),
        "training_mae": error,
        "data_fingerprint": hashlib.sha256(values.to_numpy().tobytes()).hexdigest()[:16],
    }


def _line(month: date, trained: dict[str, Any]) -> dict[str, object]:
    """The month's row."""
    # Rows alone do not tell one model from another: parameters and libraries change too.
    made = trained["booster"] or trained["data_fingerprint"].encode()
    version = f"points_model_{month:%Y-%m}_{hashlib.sha256(made).hexdigest()[:8]}"
    return {"month": month, "model_version": version, **trained}


points_model = table_asset(
    __name__,
    version=2,
    schema=PointsModel,
    reads=from_first_season("ml_feature_store_v2", "player_game_summary"),
    transform=transform,
    refusals=refusals,
    blocked_by=["usage_rate_coverage"],
    checkpoints=[checkpoint("training_gate", refusals)],
    partitions="monthly",
)
