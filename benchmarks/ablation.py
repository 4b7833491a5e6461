"""What each group of features is worth: the MAE with and without it, walk-forward by month.

    python benchmarks/ablation.py --landing ../shared/data/landing
    python benchmarks/ablation.py --home .nba_pipeline --season 2023-24 --every 2

Reads the stored feature store and results of a home, or computes them first, trains a model for every
so many months of the season on what is behind it, and prints the error on the months up to the next,
on the same rows each time. Differences below 0.003 points are chance.
"""

import argparse
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from backfill import pipeline
from deltalake import DeltaTable
from threadpoolctl import threadpool_limits

from nba_pipeline.league import calendar
from nba_pipeline.model import boosting
from nba_pipeline.phase_5_predictions.ml_feature_store_v2 import FEATURES, LEARNED

GROUPS = {
    "carried windows": lambda name: "_carried_" in name,
    "latest games": lambda name: name.endswith(("_last_1", "_last_2")),
    "last 5 and 10": lambda name: name.endswith(("_last_5", "_last_10")),
    "season": lambda name: name.endswith("_season"),
    "rest and load": lambda name: "rest" in name or "days" in name or "back_to_back" in name,
    "absence": lambda name: name in ("missed_last_team_game", "teammates_out_usage", "injury_risk"),
    "teams": lambda name: name.startswith(("team_pace", "team_off", "team_win", "opponent_")),
    "zones": lambda name: name.startswith(("pct_paint", "pct_mid", "pct_three", "assisted_rate")),
    "composite factors": lambda name: name.endswith("_score"),
}
_ROUNDS = 45
_SEASONS = 3
_KEYS = ["game_id", "player_id"]


def stored(home: Path) -> pd.DataFrame:
    """The players who played, with their features and points, in a fixed order."""
    folder = home / "warehouse"
    features = DeltaTable(folder / "ml_feature_store_v2").to_pandas(
        columns=[*_KEYS, "game_date", *FEATURES]
    )
    results = DeltaTable(folder / "player_game_summary").to_pandas(columns=[*_KEYS, "points"])
    rows = features.merge(results.rename(columns={"points": "scored"}), on=_KEYS)
    rows = rows.sort_values(["game_date", *_KEYS], ignore_index=True)
    return rows.assign(game_date=pd.to_datetime(rows.game_date).dt.date)


def error(
    rows: pd.DataFrame,
    features: Sequence[str],
    begins: Sequence[date],
    end: date,
    seasons: int = _SEASONS,
) -> float:
    """MAE over the spans that begin so, each by a model of so many seasons, its own the last."""
    errors = []
    for first, last in zip(begins, [*begins[1:], end], strict=True):
        window = [span.first for span in calendar.seasons() if span.first <= first][-seasons:][0]
        behind = rows[(rows.game_date >= window) & (rows.game_date < first)]
        ahead = rows[(rows.game_date >= first) & (rows.game_date < last)]
        if ahead.empty or behind.empty:
            continue
        booster = boosting.train(behind, features, _ROUNDS)
        errors.append(np.abs(boosting.predict(booster, ahead, features) - ahead.scored))
    return float(pd.concat(errors).mean())


def main() -> None:
    """Prints the error with all features, and without each group."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--home", type=Path, help="a home with the features; computed where none is"
    )
    parser.add_argument("--landing", type=Path, help="what they are computed from")
    parser.add_argument("--season", default="2023-24")
    parser.add_argument("--every", type=int, default=2, help="months that one model predicts")
    parser.add_argument(
        "--seasons",
        type=int,
        nargs="*",
        default=[],
        help="windows of so many seasons, beside three",
    )
    asked = parser.parse_args()
    season = calendar.season(asked.season)
    with tempfile.TemporaryDirectory() as folder:
        if asked.home is None:
            pipeline(Path(folder), asked.landing)
        rows = stored(asked.home or Path(folder))
    begins = sorted({calendar.month_of(day) for day in season.days()})
    played = rows[(rows.game_date >= season.first) & (rows.game_date <= season.last)]
    begins = [day for day in begins if day <= played.game_date.max()][:: asked.every]
    trials = {"what is learned": (list(LEARNED), _SEASONS)}
    for name, belongs in GROUPS.items():
        kept = [feature for feature in LEARNED if not belongs(feature)]
        with_all = [feature for feature in FEATURES if feature in LEARNED or belongs(feature)]
        if kept != list(LEARNED):
            trials[f"without {name}"] = kept, _SEASONS
        if with_all != list(LEARNED):
            trials[f"with all {name}"] = with_all, _SEASONS
    trials |= {f"{count} seasons": (list(LEARNED), count) for count in asked.seasons}
    # The day after the last one, which is still to be predicted.
    end = season.last + timedelta(days=1)
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(2) as threads:
        found = threads.map(
            lambda trial: error(rows, trial[0], begins, end, trial[1]), trials.values()
        )
        whole = None
        for (what, (names, _count)), mae in zip(trials.items(), found, strict=True):
            whole = mae if whole is None else whole
            print(f"{what:<28} {len(names):>3} features  {mae:.4f}  {mae - whole:+.4f}", flush=True)


if __name__ == "__main__":
    main()
