"""Linear regression for a median: what the trees begin at, and what lies beside a betting line."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from nba_pipeline.model.features import matrix

VERSION = 2
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_LEAST_ERROR = 0.25
"""Below so many points an error weighs no more: a weight would grow without end."""
_STEPS = 4
_PENALTY = 0.03
"""Draws slopes to 0, so that features that go together share theirs and none has another's undone."""
_BEYOND = 4.0
"""How many standard deviations from its mean a value counts; what lies further is as far."""
_DIGITS = 6


@dataclass(frozen=True)
class Linear:
    """Points as a base and so many more per standard deviation of each feature from its mean.

    What is unknown counts as what the known features let expect of it, by how they went together in
    the rows that were learned from: who has not played this season has still the last one behind him.

    Attributes:
        base: points of a row with the mean of each feature.
        features: their names, n of them.
        slopes: points per standard deviation, n.
        means: n.
        deviations: the standard deviations, n.
        correlations: n by n.
    """

    base: float
    features: Sequence[str]
    slopes: Sequence[float]
    means: Sequence[float]
    deviations: Sequence[float]
    correlations: Sequence[Sequence[float]]

    def parts(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What each of its features adds, in points; shape (rows, features). Unknown adds nothing."""
        if not self.features:
            return pd.DataFrame(index=rows.index)
        values = matrix(rows, self.features).to_numpy("float64")
        is_known = ~np.isnan(values)
        known = _standard(values, np.array(self.means), np.array(self.deviations))
        added = np.zeros(known.shape)
        slopes, correlations = np.array(self.slopes), np.array(self.correlations)
        for pattern, places in _patterns(is_known):
            # By pattern, and not by row: one row alone is then what it is among many. Rounded, since
            # the last bits of a solution are not the same on every machine.
            own = slopes[pattern] + _expected(correlations, pattern) @ slopes[~pattern]
            own = own.round(_DIGITS)
            added[np.ix_(places, pattern)] = known[np.ix_(places, pattern)] * own
        return pd.DataFrame(added, rows.index, list(self.features))

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Points; shape (rows,)."""
        # Row by row: a product with a vector rounds a single row otherwise than one of many, and so
        # does a sum over columns that do not lie beside one another.
        points: np.ndarray = self.base + np.ascontiguousarray(self.parts(rows)).sum(axis=1)
        return points

    def text(self) -> str:
        """As JSON, on one line."""
        return json.dumps(asdict(self))


NOTHING = Linear(0.0, [], [], [], [], [])


def read(text: str) -> Linear:
    """What `text` told."""
    return Linear(**json.loads(text))


def learned(rows: pd.DataFrame, features: Sequence[str]) -> Linear:
    """The regression of the rows; the same for the same rows.

    Args:
        rows: with the features and `scored`, the points.
        features: the columns to learn from; one that does not vary has no part.
    """
    values = matrix(rows, features).to_numpy("float64")
    varies = np.fmin.reduce(values) < np.fmax.reduce(values)
    values, names = values[:, varies], np.array(features)[varies].tolist()
    means, deviations = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    known = _standard(values, means, deviations)
    together = known.T @ known
    lengths = np.sqrt(np.diag(together))
    correlations = (together / np.outer(lengths, lengths)).round(_DIGITS)
    for pattern, places in _patterns(~np.isnan(values)):
        expected = known[np.ix_(places, pattern)] @ _expected(correlations, pattern)
        known[np.ix_(places, ~pattern)] = expected
    known = np.column_stack([np.ones(len(rows)), known])
    found = coefficients(known, rows.scored.to_numpy("float64"), _STEPS, _PENALTY).round(_DIGITS)
    base, *slopes = found.tolist()
    return Linear(base, names, slopes, means.tolist(), deviations.tolist(), correlations.tolist())


def _standard(values: np.ndarray, means: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """The values in standard deviations from their means, 0 where unknown."""
    standard: np.ndarray = np.clip((values - means) / deviations, -_BEYOND, _BEYOND)
    return np.nan_to_num(standard)


def _patterns(is_known: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Which features are known together, and the places of the rows of which just those are."""
    packed = np.packbits(is_known, axis=1)
    _told, first, places = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    for number, row in enumerate(first):
        yield is_known[row], np.flatnonzero(places == number)


def _expected(correlations: np.ndarray, pattern: np.ndarray) -> np.ndarray:
    """What each unknown feature is per known one, as their correlations let expect; (known, unknown)."""
    among = correlations[np.ix_(pattern, pattern)] + _PENALTY * np.eye(pattern.sum())
    found: np.ndarray = np.linalg.solve(among, correlations[np.ix_(pattern, ~pattern)])
    return found


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
