"""Gradient-boosted trees for the median of a player's points."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.model.features import matrix

VERSION = 4
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_MAX_ROUNDS = 300
_PATIENCE = 25
_MAX_BIN = 32
_EFFECT_ROWS = 500
_EFFECT_AT = np.arange(0.05, 1, 0.1)
# Chosen over the months of 2022-23 and 2023-24, rate, rows and patience over four seeds each. Of depths
# 3 to 5, rates from 0.03 with 500 rounds on and leaves of 20 to 60 rows none is better by more than
# 0.003 points of MAE; finer bins and slower rates cost twice the time and more. A rate of 0.08 with
# half of the rows takes a quarter less time and is worse by 0.004.
_PARAMETERS = {
    "objective": "reg:absoluteerror",
    "tree_method": "hist",
    "max_depth": 4,
    "learning_rate": 0.07,
    "colsample_bytree": 0.5,
    "subsample": 0.6,
    "min_child_weight": 20,
    "max_bin": _MAX_BIN,
    "seed": 7,
    # Models are trained side by side instead, which uses the cores better; and one thread adds in
    # one order.
    "nthread": 1,
}


class OtherFeatures(NbaPipelineError, ValueError):
    """A booster that was trained on features that there are not."""


def stopped(fit: pd.DataFrame, stop: pd.DataFrame, features: Sequence[str]) -> tuple[bytes, int]:
    """The booster grown on the one until it helps no more on the other, and its rounds."""
    import xgboost as xgb  # noqa: PLC0415  slow to import; most commands train nothing

    data = _matrix(fit, features)
    later = xgb.QuantileDMatrix(
        matrix(stop, features), stop.scored.to_numpy(), ref=data, max_bin=_MAX_BIN, nthread=1
    )
    grown = xgb.train(
        _PARAMETERS,
        data,
        _MAX_ROUNDS,
        evals=[(later, "stop")],
        early_stopping_rounds=_PATIENCE,
        verbose_eval=False,
    )
    rounds = int(grown.best_iteration) + 1
    return bytes(grown[:rounds].save_raw("ubj")), rounds


def train(rows: pd.DataFrame, features: Sequence[str], rounds: int) -> bytes:
    """The booster of so many rounds for the rows; the same for the same rows.

    Args:
        rows: one per player and game, in a fixed order, with the features and `scored`, the points.
        features: the columns to learn from; the booster keeps their names and order.
        rounds: how many trees.
    """
    import xgboost as xgb  # noqa: PLC0415  slow to import; most commands train nothing

    return bytes(xgb.train(_PARAMETERS, _matrix(rows, features), rounds).save_raw("ubj"))


def predict(booster: bytes, rows: pd.DataFrame, features: Sequence[str]) -> np.ndarray:
    """Predicted medians of points, not negative; shape (rows,).

    Args:
        booster: what train made; it takes its own of the features, by name.
        rows: with the features.
        features: those that there are.

    Raises:
        OtherFeatures: the booster was trained on one that there is not.
    """
    model = _loaded(booster, features)
    medians = model.inplace_predict(matrix(rows, model.feature_names))
    return np.clip(medians.astype("float64"), 0, None)


def contributions(booster: bytes, rows: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """What each of its features adds to each row's prediction, in points, and `base`, where all begin.

    TreeSHAP, as xgboost computes it: a row's values sum to its prediction.

    Raises:
        OtherFeatures: as predict.
    """
    import xgboost as xgb  # noqa: PLC0415  slow to import; most commands train nothing

    model = _loaded(booster, features)
    own = model.feature_names
    values = model.predict(xgb.DMatrix(matrix(rows, own), nthread=1), pred_contribs=True)
    return pd.DataFrame(values, columns=[*own, "base"], index=rows.index)


def importance(booster: bytes, features: Sequence[str]) -> dict[str, float]:
    """Its features' shares of the loss that all splits take away, the greatest first."""
    model = _loaded(booster, features)
    gains = model.get_score(importance_type="total_gain")
    total = sum(gains.values()) or 1.0
    shares = {name: round(gains.get(name, 0.0) / total, 4) for name in model.feature_names}
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def partial_effects(
    booster: bytes, rows: pd.DataFrame, features: Sequence[str], names: Sequence[str]
) -> dict[str, list[tuple[float, float]]]:
    """Per name, the mean prediction where all rows have its value, at values from low to high.

    Partial dependence (Friedman, 2001), over a sample of the rows and at the known values' 5th to
    95th hundredths; features that go together are moved apart by it.
    """
    some = rows.iloc[:: max(1, len(rows) // _EFFECT_ROWS)]
    found = {}
    for name in names:
        known = rows[name].dropna().astype("float64")
        values = np.unique(np.quantile(known, _EFFECT_AT)) if len(known) else np.empty(0)
        means = [float(predict(booster, some.assign(**{name: v}), features).mean()) for v in values]
        found[name] = [
            (round(float(v), 4), round(m, 4)) for v, m in zip(values, means, strict=True)
        ]
    return found


def _matrix(rows: pd.DataFrame, features: Sequence[str]) -> Any:
    import xgboost as xgb  # noqa: PLC0415  slow to import; most commands train nothing

    return xgb.QuantileDMatrix(
        matrix(rows, features), rows.scored.to_numpy(), max_bin=_MAX_BIN, nthread=1
    )


def _loaded(booster: bytes, features: Sequence[str]) -> Any:
    import xgboost as xgb  # noqa: PLC0415  slow to import; most commands train nothing

    model = xgb.Booster({"nthread": 1}, model_file=bytearray(booster))
    if missing := sorted(set(model.feature_names or ()) - set(features)):
        raise OtherFeatures(
            f"the booster was trained on {', '.join(missing)}, which there is not; train it again"
        )
    return model
