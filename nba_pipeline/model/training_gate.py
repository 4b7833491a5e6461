"""What must hold before a model is trained, and of the model that was.

Coverage is asked for per season and per month: a month at nothing hides inside a good average.
"""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.thresholds import (
    TRAINING_FEATURE_COVERAGE,
    TRAINING_IMPLAUSIBLE_MAE,
    TRAINING_MINIMUM_GAMES,
)

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


class ImplausibleModel(NbaPipelineError, ValueError):
    """A model that is too good to be true: it has seen what it predicts."""


def is_bootstrap(rows: pd.DataFrame) -> bool:
    """Whether there are too few games to train on yet, which is no failure."""
    return bool(rows.game_id.nunique() < TRAINING_MINIMUM_GAMES.value)


def failures(rows: pd.DataFrame, month: date) -> list[str]:
    """Why a model for the month must not be trained on the rows; empty when it may be.

    Args:
        rows: the joined features and results, with game_date, season, month, game_id, player_id,
            is_production_ready and not_ready_reason.
        month: first day of the month that the model is for.
    """
    found = []
    if len(rows) and rows.game_date.max() >= month:
        found.append(f"rows of {rows.game_date.max()} are not before {month}")
    repeated = int(rows.duplicated(["game_id", "player_id"]).sum())
    if repeated:
        found.append(f"{repeated} rows repeat a player and game")
    return found + _thin_spans(rows)


def _thin_spans(rows: pd.DataFrame) -> list[str]:
    """Seasons and months in which too few rows past the bootstrap are ready."""
    settled = rows[rows.not_ready_reason.isna() | (rows.not_ready_reason != "bootstrap")]
    found = []
    for kind in ("month", "season"):
        shares = settled.groupby(kind).is_production_ready.agg(["mean", "size"])
        thin = shares[shares["mean"] < TRAINING_FEATURE_COVERAGE.value]
        found += [
            f"{kind} {name}: {line['mean']:.1%} of {int(line['size'])} rows are production ready, "
            f"the least is {TRAINING_FEATURE_COVERAGE.value:.0%}: {TRAINING_FEATURE_COVERAGE.reason}"
            for name, line in thin.iterrows()
        ]
    return found


def coverage(rows: pd.DataFrame, features: Sequence[str]) -> dict[str, float]:
    """Per feature, the share of rows that have it."""
    return {name: round(float(rows[name].notna().mean()), 4) for name in features}


def require_plausible(training_mae: float) -> None:
    """Refuses a model whose error on its own training rows is below what honest models reach.

    Raises:
        ImplausibleModel: it is.
    """
    if training_mae < TRAINING_IMPLAUSIBLE_MAE.value:
        raise ImplausibleModel(
            f"MAE on the training rows is {training_mae:.2f}, below "
            f"{TRAINING_IMPLAUSIBLE_MAE.value}: {TRAINING_IMPLAUSIBLE_MAE.reason}"
        )
