"""Gradient-boosted trees for a player's points: the 10th, 50th and 90th percentile at once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.model.features import matrix

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

QUANTILES = (0.1, 0.5, 0.9)
_ROUNDS = 40
_MAX_BIN = 64
# Chosen walk-forward on 2023-24: depth, rate and rounds beyond these gain under 0.01 points of MAE
# and cost several times the time.
_PARAMETERS = {
    "objective": "reg:quantileerror",
    "quantile_alpha": list(QUANTILES),
    "tree_method": "hist",
    "max_depth": 4,
    "learning_rate": 0.2,
    "colsample_bytree": 0.6,
    "min_child_weight": 20,
    "max_bin": _MAX_BIN,
    "seed": 7,
    # Models are trained side by side instead, which uses the cores better; and one thread adds in
    # one order.
    "nthread": 1,
}


class OtherFeatures(NbaPipelineError, ValueError):
    """A booster that was trained on another list of features."""


def train(rows: pd.DataFrame, features: Sequence[str], points: np.ndarray) -> bytes:
    """The booster for the rows' features and the points that were scored; the same for the same rows.

    Args:
        rows: one per player and game, in a fixed order, with the features.
        features: the columns to learn from; the booster keeps their names and order.
        points: what each scored.
    """
    import xgboost as xgb  # noqa: PLC0415  slow to import; most commands train nothing

    data = xgb.QuantileDMatrix(matrix(rows, features), points, max_bin=_MAX_BIN, nthread=1)
    return bytes(xgb.train(_PARAMETERS, data, _ROUNDS).save_raw("ubj"))


def predict(booster: bytes, rows: pd.DataFrame, features: Sequence[str]) -> np.ndarray:
    """Predicted quantiles of points, ascending, not negative; shape (rows, 3).

    Raises:
        OtherFeatures: the booster was trained on other features, or on them in another order.
    """
    import xgboost as xgb  # noqa: PLC0415  slow to import; most commands train nothing

    model = xgb.Booster(model_file=bytearray(booster))
    if tuple(model.feature_names or ()) != tuple(features):
        raise OtherFeatures("the booster was trained on another list of features; train it again")
    quantiles = model.inplace_predict(matrix(rows, features))
    # Trees of neighbouring quantiles may cross.
    return np.sort(np.clip(quantiles.astype("float64"), 0, None), axis=1)
