"""Linear regression for a median: what the trees begin at, and what lies beside a betting line."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nba_pipeline.model.features import matrix

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_LEAST_ERROR = 0.25
"""Below so many points an error weighs no more: a weight would grow without end."""
_STEPS = 4
_PENALTY = 0.03
"""Draws slopes to 0, so that features that go together share theirs and none has another's undone."""
_DIGITS = 6


@dataclass(frozen=True)
class Linear:
    """Points as a base and so many more per unit of each feature.

    per_feature: by name its slope, and the middle, the least and the greatest of what it was learned
    from. The base is of a row with the middle of each; what is unknown counts as that, and a value
    beyond those seen as the outermost of them.
    """

    base: float
    per_feature: dict[str, tuple[float, float, float, float]]

    def parts(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What each of its features adds, in points; shape (rows, features)."""
        told = np.array([*self.per_feature.values()]).reshape(-1, 4)
        slope, middle, least, greatest = told.T
        values = matrix(rows, [*self.per_feature]).to_numpy("float64")
        added = slope * (np.clip(values, least, greatest) - middle)
        return pd.DataFrame(np.where(np.isnan(values), 0.0, added), rows.index, [*self.per_feature])

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Points; shape (rows,)."""
        # Row by row: a product with a vector rounds a single row otherwise than one of many.
        points: np.ndarray = self.base + self.parts(rows).to_numpy().sum(axis=1)
        return points

    def text(self) -> str:
        """As JSON."""
        return json.dumps({"base": self.base, "per_feature": self.per_feature})


NOTHING = Linear(0.0, {})


def read(text: str | None) -> Linear:
    """What `text` told; NOTHING of None."""
    if text is None:
        return NOTHING
    told = json.loads(text)
    return Linear(told["base"], {name: tuple(of) for name, of in told["per_feature"].items()})


def learned(rows: pd.DataFrame, features: Sequence[str]) -> Linear:
    """The regression of the rows; the same for the same rows.

    Args:
        rows: with the features and `scored`, the points.
        features: the columns to learn from; one that does not vary has no part.
    """
    values = matrix(rows, features).to_numpy("float64")
    least, greatest = np.fmin.reduce(values), np.fmax.reduce(values)
    varies = least < greatest
    values, names = values[:, varies], np.array(features)[varies].tolist()
    middle, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    known = np.nan_to_num((values - middle) / spread)
    known = np.column_stack([np.ones(len(rows)), known])
    found = coefficients(known, rows.scored.to_numpy("float64"), _STEPS, _PENALTY)
    slopes = (found[1:] / spread).round(_DIGITS)
    told = np.column_stack([slopes, middle, least[varies], greatest[varies]]).tolist()
    return Linear(
        round(float(found[0]), _DIGITS),
        {name: tuple(of) for name, of in zip(names, told, strict=True)},
    )


def coefficients(
    known: np.ndarray, target: np.ndarray, steps: int, penalty: float = 0.0
) -> np.ndarray:
    """The coefficients of the least absolute error, by reweighted least squares (Schlossmacher, 1973).

    Args:
        known: shape (rows, coefficients); the first column is ones.
        target: shape (rows,).
        steps: how often errors weigh anew; the first time all weigh alike.
        penalty: on the squares of all coefficients but the first, beside a row's mean square error.
    """
    drawn = np.diag([0.0, *[penalty] * (known.shape[1] - 1)])
    weights = np.ones(len(target))
    found = np.zeros(known.shape[1])
    for _step in range(steps):
        weighted = (known * weights[:, None]).T
        found = np.linalg.solve(weighted @ known + weights.sum() * drawn, weighted @ target)
        weights = 1 / np.maximum(np.abs(target - known @ found), _LEAST_ERROR)
    return found
