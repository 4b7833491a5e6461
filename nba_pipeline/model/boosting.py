"""The median of a player's points: a linear regression, and gradient-boosted trees for what it leaves.

Most of what averages tell of points is a sum, which trees would need many steps for.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.model import linear
from nba_pipeline.model.features import matrix

VERSION = 6
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_MAX_ROUNDS = 300
_PATIENCE = 10
_MAX_BIN = 32
_BEGINS = b'{"base": '
"""What the text of a regression begins with, and no booster without one."""
_EFFECT_ROWS = 500
_EFFECT_AT = np.arange(0.05, 1, 0.1)
# Chosen over the months of 2022-23 and 2023-24. Beside the regression little is left to choose: of
# depths 3 and 4, rates of 0.04 to 0.1, leaves of 20 to 200 rows and a patience of 10 to 40 none is
# better by more than 0.002 points of MAE. Trees alone are worse by 0.014 and take twice as many.
_PARAMETERS = {
    "objective": "reg:absoluteerror",
    "base_score": 0,
    "tree_method": "hist",
    "max_depth": 4,
    "learning_rate": 0.07,
    "colsample_bytree": 0.5,
    "subsample": 0.6,
    "min_child_weight": 100,
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

    start = linear.learned(fit, features)
    data = _matrix(fit, features, start)
    later = _matrix(stop, features, start, data)
    grown = xgb.train(
        _PARAMETERS,
        data,
        _MAX_ROUNDS,
        evals=[(later, "stop")],
        early_stopping_rounds=_PATIENCE,
        verbose_eval=False,
    )
    rounds = int(grown.best_iteration) + 1
    return _saved(grown[:rounds], start), rounds


def train(rows: pd.DataFrame, features: Sequence[str], rounds: int) -> bytes:
    """The booster of so many rounds for the rows; the same for the same rows.

    Args:
        rows: one per player and game, in a fixed order, with the features and `scored`, the points.
        features: the columns to learn from; the booster keeps their names and order.
        rounds: how many trees.
    """
    import xgboost as xgb  # noqa: PLC0415  slow to import; most commands train nothing

    start = linear.learned(rows, features)
    return _saved(xgb.train(_PARAMETERS, _matrix(rows, features, start), rounds), start)


def predict(booster: bytes, rows: pd.DataFrame, features: Sequence[str]) -> np.ndarray:
    """Predicted medians of points, not negative; shape (rows,).

    Args:
        booster: what train made; it takes its own of the features, by name.
        rows: with the features.
        features: those that there are.

    Raises:
        OtherFeatures: the booster was trained on one that there is not.
    """
    model, start = _loaded(booster, features)
    left = model.inplace_predict(matrix(rows, model.feature_names))
    return np.clip(start.predict(rows) + left.astype("float64"), 0, None)


def contributions(booster: bytes, rows: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """What each of its features adds to each row's prediction, in points, and `base`, where all begin.

    The regression's own terms, and TreeSHAP as xgboost computes it: a row's values sum to its
    prediction before that is cut off at 0.

    Raises:
        OtherFeatures: as predict.
    """
    import xgboost as xgb  # noqa: PLC0415  slow to import; most commands train nothing

    model, start = _loaded(booster, features)
    own = model.feature_names
    values = model.predict(xgb.DMatrix(matrix(rows, own), nthread=1), pred_contribs=True)
    told = pd.DataFrame(values.astype("float64"), rows.index, [*own, "base"])
    return told.add(start.parts(rows).assign(base=start.base), fill_value=0.0)[told.columns]


def importance(booster: bytes, rows: pd.DataFrame, features: Sequence[str]) -> dict[str, float]:
    """Its features' shares of all that moves the rows' predictions to either side, the greatest first."""
    moved = contributions(booster, rows, features).drop(columns="base").abs().sum()
    shares = (moved / (moved.sum() or 1.0)).round(4).sort_index()
    shares = shares.sort_values(ascending=False, kind="stable")
    return {str(name): float(share) for name, share in shares.items()}


def partial_effects(
    booster: bytes, rows: pd.DataFrame, features: Sequence[str], names: Sequence[str]
) -> dict[str, list[tuple[float, float]]]:
    """Per name, the mean prediction where all rows have its value, at values from low to high.

    Partial dependence (Friedman, 2001), over a sample of the rows and at the known values' 5th to
    95th hundredths; features that go together are moved apart by it.
    """
    some = rows.iloc[:: max(1, len(rows) // _EFFECT_ROWS)]
    found: dict[str, list[tuple[float, float]]] = {}
    for name in names:
        known = rows[name].dropna().astype("float64")
        if known.empty:
            found[name] = []
            continue
        values = np.unique(np.quantile(known, _EFFECT_AT))
        moved = pd.concat([some] * len(values)).assign(**{name: np.repeat(values, len(some))})
        means = predict(booster, moved, features).reshape(len(values), -1).mean(axis=1)
        found[name] = list(zip(values.round(4).tolist(), means.round(4).tolist(), strict=True))
    return found


def _matrix(
    rows: pd.DataFrame, features: Sequence[str], start: linear.Linear, like: Any = None
) -> Any:
    """The rows with what the trees begin at; in the bins of another matrix, where one is given."""
    import xgboost as xgb  # noqa: PLC0415  slow to import; most commands train nothing

    return xgb.QuantileDMatrix(
        matrix(rows, features),
        rows.scored.to_numpy(),
        base_margin=start.predict(rows),
        max_bin=_MAX_BIN,
        ref=like,
        nthread=1,
    )


def _saved(grown: Any, start: linear.Linear) -> bytes:
    # In front, so that code that does not know of it cannot read the trees and predict by them alone.
    return f"{start.text()}\n".encode() + bytes(grown.save_raw("ubj"))


def _loaded(booster: bytes, features: Sequence[str]) -> tuple[Any, linear.Linear]:
    """The trees and what they begin at, which of older boosters is nothing but their own base."""
    import xgboost as xgb  # noqa: PLC0415  slow to import; most commands train nothing

    told, _end, trees = (
        booster.partition(b"\n") if booster.startswith(_BEGINS) else (b"", b"", booster)
    )
    model = xgb.Booster({"nthread": 1}, model_file=bytearray(trees))
    if missing := sorted(set(model.feature_names or ()) - set(features)):
        raise OtherFeatures(
            f"the booster was trained on {', '.join(missing)}, which there is not; train it again"
        )
    return model, linear.read(told.decode()) if told else linear.NOTHING
