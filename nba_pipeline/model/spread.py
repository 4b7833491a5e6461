"""How far points fall from a prediction, learned from rows that the model had not seen.

Per tenth of the predictions, from the lowest to the highest, the quantiles of points minus
prediction; between the tenths' means they are interpolated. A band or a probability made of them
holds on later rows as far as those are like the rows that they were learned from. Beside a line, which
knows more than the model, a probability says too much: it is drawn in by what came of earlier lines.
"""

import json
from dataclasses import dataclass, replace

import numpy as np

VERSION = 2
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_TENTHS = 10
_FEWEST_LINES = 500
_STEPS = 20
_LEVELS = np.round(np.arange(0.05, 0.951, 0.05), 2)


@dataclass(frozen=True)
class Spread:
    """centers: predicted points, ascending; errors: per center, the quantiles at the levels.

    drawn: intercept and slope on log-odds of what a probability beside a line is drawn in by.
    """

    centers: np.ndarray
    errors: np.ndarray
    drawn: tuple[float, float] = (0.0, 1.0)

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
        """The probability of more points than the line; NaN without a line."""
        intercept, slope = self.drawn
        odds = _log_odds(self._by_errors(predicted, line))
        return 1 / (1 + np.exp(-(intercept + slope * odds)))

    def _by_errors(self, predicted: np.ndarray, line: np.ndarray) -> np.ndarray:
        """The share of the errors that lie above the line, 0.05 to 0.95."""
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
            {
                "centers": self.centers.tolist(),
                "errors": self.errors.round(4).tolist(),
                "drawn": list(self.drawn),
            }
        )

    def drawn_in(self, predicted: np.ndarray, scored: np.ndarray, line: np.ndarray) -> "Spread":
        """The spread whose probabilities are those of what came of these rows' lines.

        A logistic regression on the log-odds (Platt, 1999); as it was with too few lines. A push is
        neither.
        """
        has_line = ~np.isnan(line) & (scored != line)
        if has_line.sum() < _FEWEST_LINES:
            return self
        odds = _log_odds(self._by_errors(predicted[has_line], line[has_line]))
        known = np.column_stack([np.ones(len(odds)), odds])
        is_over = (scored > line)[has_line].astype("float64")
        weights = np.zeros(2)
        for _step in range(_STEPS):
            chance = 1 / (1 + np.exp(-known @ weights))
            slope = known.T @ (is_over - chance)
            curvature = (known * (chance * (1 - chance))[:, None]).T @ known
            weights = weights + np.linalg.solve(curvature, slope)
        return replace(self, drawn=(round(float(weights[0]), 6), round(float(weights[1]), 6)))


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
    return Spread(np.array(told["centers"]), np.array(told["errors"]), tuple(told["drawn"]))


def _log_odds(share: np.ndarray) -> np.ndarray:
    return np.log(share / (1 - share))
