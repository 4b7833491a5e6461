"""How far points fall from a prediction, learned from rows that the model had not seen.

Per tenth of the predictions, from the lowest to the highest, the quantiles of points minus
prediction; between the tenths' means they are interpolated. A band or a probability made of them
holds on later rows as far as those are like the rows that they were learned from.
"""

import json
from dataclasses import dataclass

import numpy as np

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_TENTHS = 10
_LEVELS = np.round(np.arange(0.05, 0.951, 0.05), 2)


@dataclass(frozen=True)
class Spread:
    """centers: predicted points, ascending; errors: per center, the quantiles at the levels."""

    centers: np.ndarray
    errors: np.ndarray

    def quantile(self, predicted: np.ndarray, level: float) -> np.ndarray:
        """The points that are reached with that probability or less, not negative.

        Args:
            predicted: predicted points.
            level: one of 0.05, 0.10, ... 0.95.
        """
        place = int(np.flatnonzero(np.isclose(_LEVELS, level))[0])
        return np.clip(
            predicted + np.interp(predicted, self.centers, self.errors[:, place]), 0, None
        )

    def prob_over(self, predicted: np.ndarray, line: np.ndarray) -> np.ndarray:
        """The probability of more points than the line, 0.05 to 0.95; NaN without a line."""
        reached = np.column_stack(
            [predicted + np.interp(predicted, self.centers, each) for each in self.errors.T]
        )
        above = np.clip((reached <= line[:, None]).sum(axis=1), 1, len(_LEVELS) - 1)
        rows = np.arange(len(predicted))
        lower, upper = reached[rows, above - 1], reached[rows, above]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.clip((line - lower) / (upper - lower), 0, 1)
        return np.where(np.isnan(line), np.nan, 1 - (_LEVELS[above - 1] + 0.05 * share))

    def text(self) -> str:
        """As JSON; read by `read`."""
        return json.dumps(
            {"centers": self.centers.tolist(), "errors": self.errors.round(4).tolist()}
        )


def learned(predicted: np.ndarray, scored: np.ndarray) -> Spread:
    """The spread of the rows, which are at least one per tenth."""
    order = np.argsort(predicted, kind="stable")
    tenths = np.array_split(order, _TENTHS)
    centers = np.array([predicted[part].mean() for part in tenths]).round(4)
    errors = [np.quantile(scored[part] - predicted[part], _LEVELS) for part in tenths]
    return Spread(centers, np.array(errors).round(4))


def read(text: str) -> Spread:
    """The spread that `text` of one wrote."""
    told = json.loads(text)
    return Spread(np.array(told["centers"]), np.array(told["errors"]))
