"""A month's model on the rows that judge it, and whether it may serve."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from nba_pipeline.model import boosting, slices, spread
from nba_pipeline.thresholds import (
    TRAINING_LEAST_ERROR_SHARE,
    TRAINING_WORSE_POINTS,
    TRAINING_WORSE_STANDARD_ERRORS,
)

VERSION = 6
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

BASELINES = {
    "last_10": "points_avg_last_10",
    "season": "points_avg_season",
    "carried": "points_weighted_carried_30",
}
"""What anybody could say of a player who has played this season, by the name of its figure."""
_FEWEST_ROWS, _FEWEST_DATES = 100, 2
_FEWEST_NIGHTS = 7
"""Below so many on the judge slice to be worse than a baseline is chance."""


@dataclass(frozen=True)
class Candidate:
    """A month's model before it is let to serve.

    booster is grown on all rows, with the rounds that the fit slice needed. judge has the latest rows,
    with what the same model grown on all rows before them `predicted`.
    """

    booster: bytes
    rounds: int
    spread: str
    slices_said: dict[str, dict[str, object]]
    judge: pd.DataFrame
    figures: dict[str, float]


def candidate(rows: pd.DataFrame, features: Sequence[str]) -> Candidate:
    """The model of the rows, which have passed the gate."""
    places = slices.named(rows)
    parts = {name: rows.iloc[place] for name, place in places.items()}
    grown, rounds = boosting.stopped(parts["fit"], parts["stop"], features)
    calibrate = _predicted(grown, parts["calibrate"], features)
    before = rows.iloc[: places["judge"].start]
    with ThreadPoolExecutor() as threads:
        judged, booster = threads.map(
            lambda behind: boosting.train(behind, features, rounds), (before, rows)
        )
    judge = _predicted(judged, parts["judge"], features)
    return Candidate(
        booster=booster,
        rounds=rounds,
        spread=_drawn_in(pd.concat([calibrate, judge])).text(),
        slices_said=slices.said(rows, places),
        judge=judge,
        figures=_figures(judge, _spread(calibrate)),
    )


def _predicted(booster: bytes, rows: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    return rows.assign(predicted=boosting.predict(booster, rows, features))


def refusals(
    found: Candidate, features: Sequence[str], serving: tuple[bytes, date] | None
) -> list[str]:
    """Why the candidate may not serve; empty when it may.

    Args:
        found: the candidate.
        features: the features that it was trained on.
        serving: the booster that serves so far, where one of these features does, and the first day
            of which it has seen nothing.
    """
    mine, naive = found.figures["mae_history"], found.figures["mae_last_10"]
    reasons = []
    # Of rows that no baseline speaks of, as a season's first night, both are NaN; and a few nights,
    # as the two after four months without a game, tell nothing.
    nights = found.judge.game_date[_has_averages(found.judge)].nunique()
    if mine >= naive and nights >= _FEWEST_NIGHTS:
        reasons.append(
            f"promotion: MAE {mine:.3f} on the judge slice, not below the last-10 mean's {naive:.3f} "
            "on the same rows"
        )
    best = min(found.figures[f"mae_{name}"] for name in (*BASELINES, "blended"))
    if mine < TRAINING_LEAST_ERROR_SHARE.value * best:
        reasons.append(
            f"plausibility: MAE {mine:.3f} on the judge slice is {mine / best:.1%} of the best "
            f"baseline's {best:.3f}, the least is {TRAINING_LEAST_ERROR_SHARE.value:.0%}: "
            f"{TRAINING_LEAST_ERROR_SHARE.reason}"
        )
    if serving is not None:
        reasons += _worse_than(*serving, found, features)
    return reasons


def _worse_than(
    serving: bytes, since: date, found: Candidate, features: Sequence[str]
) -> list[str]:
    """Whether the candidate is worse than what serves, on rows that neither has seen.

    Both have seen everything before those rows (see slices.named), so that an equal model is behind
    by chance alone, and what chance does the differences themselves tell; or by next to nothing.
    """
    rows = found.judge[found.judge.game_date >= since]
    if len(rows) < _FEWEST_ROWS or len(rows.game_date.unique()) < _FEWEST_DATES:
        return []
    theirs = np.abs(boosting.predict(serving, rows, features) - rows.scored)
    mine = np.abs(rows.predicted - rows.scored)
    behind = float((mine - theirs).mean())
    chance = TRAINING_WORSE_STANDARD_ERRORS.value * _standard_error(mine - theirs, rows.game_date)
    allowed, why = max(
        (chance, TRAINING_WORSE_STANDARD_ERRORS.reason),
        (TRAINING_WORSE_POINTS.value, TRAINING_WORSE_POINTS.reason),
    )
    if behind <= allowed:
        return []
    text = (
        f"promotion: MAE {mine.mean():.3f} on {len(rows)} rows that neither has seen, where the "
        f"serving model has {theirs.mean():.3f}; more than {allowed:.3f} behind: {why}"
    )
    return [text]


def _standard_error(values: pd.Series, dates: pd.Series) -> float:
    """Of the mean of values of which those of one date are not independent (clusters by date)."""
    apart = (values - values.mean()).groupby(dates).sum()
    of_sample = len(apart) / (len(apart) - 1)
    return float(np.sqrt(of_sample * (apart**2).sum()) / len(values))


def _has_averages(rows: pd.DataFrame) -> np.ndarray:
    """Which of the rows every baseline speaks of."""
    return rows[list(BASELINES.values())].notna().all(axis=1).to_numpy()


def _spread(rows: pd.DataFrame) -> spread.Spread:
    return spread.learned(rows.predicted.to_numpy(), rows.scored.to_numpy("float64"))


def _drawn_in(rows: pd.DataFrame) -> spread.Spread:
    """The spread of the rows, its probabilities drawn in by what came of their lines."""
    columns = (rows[name].to_numpy("float64") for name in ("predicted", "scored", "points_line"))
    return _spread(rows).drawn_in(*columns)


def _figures(judge: pd.DataFrame, band: spread.Spread) -> dict[str, float]:
    """Errors and band on the judge slice; beside them the baselines, where they say anything."""
    predicted, scored = judge.predicted.to_numpy(), judge.scored.to_numpy("float64")
    error = predicted - scored
    low, high = band.quantile(predicted, 0.1), band.quantile(predicted, 0.9)
    known = _has_averages(judge)
    said = {name: judge[column] for name, column in BASELINES.items()}
    # In a season's first weeks its own mean is of one or two games, and the carried one of a player
    # as he was: what is plausible beside either is not beside the two together.
    said["blended"] = (said["season"] + said["carried"]) / 2
    naive = {
        f"mae_{name}": float(np.abs(says - judge.scored)[known].mean())
        for name, says in said.items()
    }
    return {
        "rows": len(judge),
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "bias": float(error.mean()),
        "band": float(((scored >= low) & (scored <= high)).mean()),
        "mae_history": float(np.abs(error)[known].mean()),
        **naive,
    }
