"""What is learned of a month from how the systems did before it: weights, the line's pull, a record.

Rows are graded by what the models of their own months say of them, so that nothing that a month learns
has seen the month, nor has any prediction that it learns from seen its own result.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from nba_pipeline.model import boosting, linear, spread
from nba_pipeline.model.intervals import wilson
from nba_pipeline.thresholds import EDGE_RECORD_ROWS, MOST_POINTS, WEIGHTS_ROWS

VERSION = 3
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

TRAINED = "xgboost"
MIXED = "ensemble"
LINED = "xgboost_with_line"
SYSTEMS = (TRAINED, MIXED, LINED)
"""Those that a month's model predicts with; the formulas need none."""
LEARNED = ("weights", "beside_line", "edge_record")
"""What a month's model tells of it, each as JSON; NULL where too little was graded."""
EDGES = (0.0, 1.0, 2.0, 3.0, 5.0)
"""Where each band of edges begins, in points to either side of the line."""
_STEPS, _RATE = 200, 3.0


def predicted(
    rows: pd.DataFrame, model: Mapping[str, Any], features: Sequence[str], formulas: Sequence[str]
) -> pd.DataFrame:
    """What the models of a month say of its rows; NaN where they say nothing.

    Args:
        rows: with the features, points_line, and what each formula predicts under its name.
        model: the month's row of points_model, with a booster.
        features: those that the booster was trained on.
        formulas: the names of the systems that are formulas.

    Returns:
        SYSTEMS in points, and xgboost's p10, p50, p90 and prob_over.
    """
    line = rows.points_line.to_numpy("float64")
    median = boosting.predict(model["booster"], rows, features)
    errors = spread.read(model["spread"])
    points = np.minimum(median, MOST_POINTS.value)
    nothing = np.full(len(rows), np.nan)
    weights, pull = (json.loads(model[name] or "null") for name in ("weights", "beside_line"))
    said = {
        TRAINED: points,
        MIXED: nothing if weights is None else _mixed(rows, points, weights, formulas),
        LINED: nothing if pull is None else beside_line(points, line, pull),
        "p10": errors.quantile(median, 0.1),
        "p50": median,
        "p90": errors.quantile(median, 0.9),
        "prob_over": errors.prob_over(median, line),
    }
    return pd.DataFrame(said, index=rows.index)


def version_of(system: str, model: Mapping[str, Any]) -> str:
    """The month's model_version, and of a system that was learned beside the trees also of what."""
    learned_as = {MIXED: model["weights"], LINED: model["beside_line"]}.get(system)
    trees = str(model["model_version"])
    if learned_as is None:
        return trees
    return f"{trees}_{hashlib.sha256(learned_as.encode()).hexdigest()[:8]}"


def graded(
    rows: pd.DataFrame,
    models: Mapping[date, Mapping[str, Any]],
    features: Sequence[str],
    formulas: Sequence[str],
) -> pd.DataFrame:
    """The rows of the months in which a model serves, with what every system said of them.

    Args:
        rows: as in `predicted`, with `month` as YYYY-MM, is_production_ready, and scored, the points.
        models: per month its row of points_model.
        features: as in `predicted`.
        formulas: as in `predicted`.
    """
    parts = [
        part.join(predicted(part, model, features, formulas))
        for month, model in models.items()
        if model["booster"] is not None and len(part := rows[rows.month == f"{month:%Y-%m}"])
    ]
    kept = [*formulas, *SYSTEMS, "points_line", "scored", "is_production_ready"]
    return joined([pd.DataFrame(columns=kept), *(part[kept] for part in parts)])


def joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all the parts, one part at least; parts without rows say nothing of columns' kinds."""
    whole = [part for part in parts if len(part)]
    return pd.concat(whole) if whole else parts[0]


def learned(rows: pd.DataFrame, formulas: Sequence[str]) -> dict[str, str | None]:
    """What LEARNED names, from rows that were graded before the month.

    Args:
        rows: those of `graded`.
        formulas: as in `predicted`.
    """
    lined = rows[rows.points_line.notna()]
    weights = mixing_weights(rows, formulas) if len(rows) >= WEIGHTS_ROWS.value else None
    pull = line_pull(lined) if len(lined) >= WEIGHTS_ROWS.value else None
    record = edge_record(rows, (*formulas, *SYSTEMS))
    told = (weights, pull, record or None)
    return {
        name: None if each is None else json.dumps(each)
        for name, each in zip(LEARNED, told, strict=True)
    }


def mixing_weights(rows: pd.DataFrame, formulas: Sequence[str]) -> dict[str, float]:
    """The shares of each system with which their mean has the least absolute error; they sum to 1.

    By exponentiated gradients (Kivinen and Warmuth, 1997), which keeps every share positive. One that
    has said too little to be graded by has none: it would have the trained one's, which it lends.
    """
    formulas = [name for name in formulas if rows[name].count() >= WEIGHTS_ROWS.value]
    said = _said(rows, rows[TRAINED].to_numpy("float64"), formulas)
    scored = rows.scored.to_numpy("float64")
    weights = np.full(said.shape[1], 1 / said.shape[1])
    for step in range(_STEPS):
        slope = said.T @ np.sign(said @ weights - scored) / len(scored)
        weights = weights * np.exp(-_RATE * (slope - slope.min()) / np.sqrt(1 + step / 10))
        weights = weights / weights.sum()
    return dict(zip((*formulas, TRAINED), weights.round(4).tolist(), strict=True))


def _mixed(
    rows: pd.DataFrame,
    points: np.ndarray,
    weights: Mapping[str, float],
    formulas: Sequence[str],
) -> np.ndarray:
    shares = np.array([weights.get(name, 0.0) for name in (*formulas, TRAINED)])
    # Row by row: a product with a vector rounds a single row otherwise than one of many.
    mean: np.ndarray = (_said(rows, points, formulas) * (shares / shares.sum())).sum(axis=1)
    return mean


def _said(rows: pd.DataFrame, points: np.ndarray, formulas: Sequence[str]) -> np.ndarray:
    """What each system says; one that says nothing lends its share to the trained one."""
    columns = [rows[name].to_numpy("float64") for name in formulas]
    return np.column_stack([*(np.where(np.isnan(each), points, each) for each in columns), points])


def line_pull(rows: pd.DataFrame) -> tuple[float, float]:
    """Intercept and slope of the median of points minus line on xgboost minus line.

    A line is nearer to the mean of points than to their median, which lies lower: the intercept.
    """
    line = rows.points_line.to_numpy("float64")
    beside = rows[TRAINED].to_numpy("float64") - line
    residual = rows.scored.to_numpy("float64") - line
    known = np.column_stack([np.ones(len(line)), beside])
    intercept, slope = linear.coefficients(known, residual, steps=_STEPS)
    return round(float(intercept), 6), round(float(slope), 6)


def beside_line(points: np.ndarray, line: np.ndarray, pull: Sequence[float]) -> np.ndarray:
    """The line, moved as far as xgboost's own prediction has proved to move it; NaN without one."""
    intercept, slope = pull
    return np.clip(line + intercept + slope * (points - line), 0, MOST_POINTS.value)


def edge_record(rows: pd.DataFrame, systems: Sequence[str]) -> list[dict[str, Any]]:
    """How often each system's edges came in, by side and by how wide they were.

    Of rows that were production ready and had a line; a push, and a prediction of the very line,
    count for neither.

    Returns:
        system, side (OVER or UNDER), edge_from (one of EDGES), graded, wins, and hit_rate_low, the
        lower end of the interval of their ratio; None of fewer than EDGE_RECORD_ROWS.
    """
    ready = rows[rows.is_production_ready.astype(bool) & rows.points_line.notna()]
    came = (ready.scored - ready.points_line).to_numpy("float64")
    found: list[dict[str, Any]] = []
    for system in systems:
        edge = (ready[system] - ready.points_line).to_numpy("float64")
        is_bet = ~np.isnan(edge) & (edge != 0) & (came != 0)
        bets = pd.DataFrame(
            {
                "side": np.where(edge > 0, "OVER", "UNDER"),
                "edge_from": np.take(EDGES, np.searchsorted(EDGES, np.abs(edge), "right") - 1),
                "won": (edge > 0) == (came > 0),
            }
        )[is_bet]
        for (side, least), won in bets.groupby(["side", "edge_from"]).won:
            low, _high = wilson(float(won.mean()), len(won))
            is_enough = len(won) >= EDGE_RECORD_ROWS.value
            found.append(
                {
                    "system": system,
                    "side": str(side),
                    "edge_from": float(least),
                    "graded": len(won),
                    "wins": int(won.sum()),
                    "hit_rate_low": round(float(low), 6) if is_enough else None,
                }
            )
    return found
