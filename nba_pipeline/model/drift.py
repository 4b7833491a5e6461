"""Whether a month's training rows are still like those that the serving model has learned from."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from nba_pipeline.thresholds import (
    TRAINING_DRIFT,
    TRAINING_DRIFT_KNOWN_ROWS,
    TRAINING_DRIFT_OUTSIDE,
)

VERSION = 2
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_DECILES = np.arange(0.1, 0.95, 0.1)
_LEAST_SHARE = 1e-3
"""Stands for an empty tenth, whose logarithm there is none of."""
_GROWING = ("games_played_season", "games_played_for_team_season")
"""Counts of a season, which in its playoffs lie beyond what most of it had."""
_FEWEST_NEW_ROWS, _FEWEST_NEW_DATES = 100, 7
"""In a first week after a pause every rest is as long as that; after it each team has played again."""


def learned(rows: pd.DataFrame, features: Sequence[str]) -> str:
    """What the rows were like, as JSON.

    Per feature that some of them have: known, how many; deciles; shares, of those up to each decile
    and beyond the last; low and high, between which all but a hundredth on either side lie.
    """
    told = {}
    for name in features:
        values = _known(rows[name])
        if len(values):
            deciles = np.unique(np.quantile(values, _DECILES))
            tails = (TRAINING_DRIFT_OUTSIDE.value, 1 - TRAINING_DRIFT_OUTSIDE.value)
            low, high = np.quantile(values, tails)
            told[name] = {
                "known": len(values),
                "deciles": deciles.tolist(),
                "shares": _shares(values, deciles).round(6).tolist(),
                "low": float(low),
                "high": float(high),
            }
    return json.dumps(told)


def refusals(
    rows: pd.DataFrame, features: Sequence[str], serving: str | None, since: date | None
) -> list[str]:
    """Features whose values have moved away from those that the serving model has learned from.

    Either of all rows: their population stability index, the sum over tenths of
    (share - share then) * ln(share / share then) (Siddiqi, *Credit Risk Scorecards*, 2006). Or of
    the rows that are newer: half of them are where next to none were; of counts that grow through a
    season that is no drift.

    Args:
        rows: the training rows, with game_date and the features.
        features: those to compare; asked for where the serving model knew a season of them, and of
            no flag, which may be the same for all of a season and another in its playoffs.
        serving: what `learned` told of its rows; None where that is not known.
        since: the last date of its rows.
    """
    then = json.loads(serving) if serving else {}
    newer = rows[rows.game_date > since] if since else rows[:0]
    newer = newer if len(newer.game_date.unique()) >= _FEWEST_NEW_DATES else newer[:0]
    found = []
    for name in (name for name in features if name in then):
        values = _known(rows[name])
        is_flag = len(values) > 0 and np.isin(values, (0, 1)).all()
        if is_flag or then[name]["known"] < TRAINING_DRIFT_KNOWN_ROWS.value:
            continue
        lately = _known(newer[name]) if name not in _GROWING else np.empty(0)
        text = _moved(values, then[name]) or _outside(lately, then[name])
        if text:
            found.append(f"drift: {name} {text}")
    return found


def _moved(values: np.ndarray, then: Mapping[str, Any]) -> str | None:
    if not len(values):
        return "is known in no row, and the serving model has learned from it"
    before = np.maximum(np.array(then["shares"]), _LEAST_SHARE)
    now = np.maximum(_shares(values, np.array(then["deciles"])), _LEAST_SHARE)
    index = float(((now - before) * np.log(now / before)).sum())
    if index <= TRAINING_DRIFT.value:
        return None
    return (
        f"has a population stability index of {index:.2f} against the rows of the serving model, the "
        f"most is {TRAINING_DRIFT.value:g}: {TRAINING_DRIFT.reason}"
    )


def _outside(values: np.ndarray, then: Mapping[str, Any]) -> str | None:
    if len(values) < _FEWEST_NEW_ROWS:
        return None
    median, low, high = float(np.median(values)), then["low"], then["high"]
    if low <= median <= high:
        return None
    return (
        f"is {median:g} at the median of {len(values)} rows that are newer than those of the serving "
        f"model, which lay between {low:g} and {high:g}: {TRAINING_DRIFT_OUTSIDE.reason}"
    )


def _known(column: pd.Series) -> np.ndarray:
    return column.dropna().to_numpy("float64")


def _shares(values: np.ndarray, deciles: np.ndarray) -> np.ndarray:
    counts = np.bincount(np.searchsorted(deciles, values), minlength=len(deciles) + 1)
    return np.asarray(counts / len(values))
