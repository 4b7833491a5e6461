"""A model's rows in named slices, one after the other in time.

Trees that grow on `fit` until they help no more on `stop` tell how many it takes, and their errors on
`calibrate` make the band. What so many trees on all rows before `judge` predict of it decides
whether the model serves; what serves has grown on them all.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

VERSION = 2
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

SHARES = {"fit": 0.76, "stop": 0.08, "calibrate": 0.08, "judge": 0.08}
"""Of three seasons the later slices are a month of games or so each; `judge` is never more."""
Slices = Mapping[str, slice]


def named(rows: pd.DataFrame) -> Slices:
    """The places of each slice among the rows, which are in the order of their dates.

    Slices end where a date does, so that no date is in two of them. `judge` reaches no further back
    than the last month of games: a model that has served since then has seen nothing of it either,
    and everything that it has seen the judged model has too.
    """
    days = pd.to_datetime(rows.game_date).to_numpy()
    begins = np.flatnonzero(np.r_[True, days[1:] != days[:-1]])
    wanted = (np.cumsum(list(SHARES.values()))[:-1] * len(days)).astype(int)
    months = days.astype("datetime64[M]")
    wanted[-1] = max(wanted[-1], (months < months[-1:]).sum())
    cuts = np.searchsorted(begins, wanted, side="right") - 1
    # Of few dates each slice has one all the same.
    least = np.arange(len(cuts))
    cuts = np.clip(np.maximum.accumulate(cuts - least) + least, least + 1, None)
    cuts = np.minimum(cuts, len(begins) - len(cuts) + least)
    ends = [0, *begins[cuts.clip(0)].tolist(), len(days)]
    return {name: slice(*span) for name, span in zip(SHARES, pairwise(ends), strict=True)}


def out_of_order(rows: pd.DataFrame, slices: Slices) -> list[str]:
    """Where a slice has rows that are not all after those of the slice before it; or has none."""
    spans = {name: rows.game_date.iloc[place] for name, place in slices.items()}
    found = [f"split: slice {name} has no rows" for name, days in spans.items() if days.empty]
    if found:
        return found
    return [
        f"split: slice {later} begins on {spans[later].min()}, and slice {earlier} before it "
        f"reaches to {spans[earlier].max()}"
        for earlier, later in pairwise(spans)
        if spans[later].min() <= spans[earlier].max()
    ]


def said(rows: pd.DataFrame, slices: Slices) -> dict[str, dict[str, object]]:
    """Per slice its first and last date and its rows, as a model tells them."""
    told = {}
    for name, place in slices.items():
        days = rows.game_date.iloc[place]
        told[name] = {"first": str(days.min()), "last": str(days.max()), "rows": len(days)}
    return told
