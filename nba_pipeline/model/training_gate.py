"""What must hold of the rows that a month's model is trained on: each check its own message.

Coverage is asked for per season and per month: a month at nothing hides inside a good average. A
short month, as June with its finals, is asked for together with the one before it.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from nba_pipeline.model import absences, known, recomputed, slices
from nba_pipeline.model.training import LABELS, Training
from nba_pipeline.thresholds import (
    TRAINING_CLEAN_ROWS,
    TRAINING_CONSTANT_SHARE,
    TRAINING_COPIED_TARGET,
    TRAINING_FEATURE_COVERAGE,
    TRAINING_FORMULA_ERROR_SHARE,
    TRAINING_FORMULA_ROWS,
    TRAINING_FUNNEL,
    TRAINING_MINIMUM_GAMES,
    TRAINING_MONTH_SHARE,
    TRAINING_TARGET_FOLLOWS,
    Threshold,
)

VERSION = 6
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

_BOOTSTRAP = "bootstrap"
_RECENT = "points_avg_last_10"
_BLENDED = ("points_avg_season", "points_weighted_carried_30")
_SETTLED_GAMES = 10


def is_bootstrap(rows: pd.DataFrame) -> bool:
    """Whether there are too few games to train on yet, which is no failure."""
    return bool(rows.game_id.nunique() < TRAINING_MINIMUM_GAMES.value)


def failures(training: Training) -> list[str]:
    """Why no model may be trained on the rows, each with the check's name; empty when one may."""
    return [f"{name}: {text}" for name, check in CHECKS.items() for text in check(training)]


def past_only(training: Training) -> list[str]:
    """Rows of the month itself or later."""
    rows, month = training.rows, training.month
    last = rows.game_date.max() if len(rows) else None
    return [f"rows of {last} are not before {month}"] if last and last >= month else []


def unique(training: Training) -> list[str]:
    """A player and game, or a player and date, that is there twice."""
    found = []
    for what, keys in (("game", ["game_id", "player_id"]), ("date", ["game_date", "player_id"])):
        repeated = training.rows[training.rows.duplicated(keys)]
        if len(repeated):
            first = repeated.game_date.min()
            found.append(f"{len(repeated)} rows repeat a player and {what}, the first on {first}")
    return found


def target(training: Training) -> list[str]:
    """Rows whose points are not those of the player's own game."""
    rows = training.rows
    games = training.games.drop_duplicates(LABELS).set_index(LABELS).points
    own = games.reindex(pd.MultiIndex.from_frame(rows[LABELS])).to_numpy("float64")
    other = rows[rows.scored.to_numpy("float64") != own]
    if other.empty:
        return []
    first = other.iloc[0]
    text = (
        f"{len(other)} rows have other points than the player's game, as {first.scored} of player "
        f"{first.player_id} in game {first.game_id}"
    )
    return [text]


def volume(training: Training) -> list[str]:
    """Fewer clean rows than the games played in the window should have given."""
    clean, played = clean_rows(training.rows), len(_played(training))
    is_enough = clean >= TRAINING_CLEAN_ROWS.value
    if is_enough or TRAINING_FUNNEL.value * played < TRAINING_CLEAN_ROWS.value:
        return []
    least = _least(TRAINING_CLEAN_ROWS, ".0f")
    return [f"{clean} clean rows from {played} player-games, {least}"]


def clean_rows(rows: pd.DataFrame) -> int:
    """How many rows lack nothing but a past: ready, or in the bootstrap of their season."""
    return int((rows.is_production_ready | (rows.not_ready_reason == _BOOTSTRAP)).sum())


def funnel(training: Training) -> list[str]:
    """Seasons of which too few of the games played have become rows."""
    played = _played(training).groupby("season").game_id.agg(["size", "nunique"])
    played = played[played["nunique"] >= TRAINING_MINIMUM_GAMES.value]
    rows = training.rows.season.value_counts().reindex(played.index, fill_value=0)
    shares = rows / played["size"]
    return [
        f"season {season}: {share:.1%} of {played.loc[str(season), 'size']} player-games are rows, "
        f"{_least(TRAINING_FUNNEL)}"
        for season, share in shares.items()
        if share < TRAINING_FUNNEL.value
    ]


def _played(training: Training) -> pd.DataFrame:
    """The player-games of the window, whether they have become rows or not."""
    rows, games = training.rows, training.games
    first = rows.game_date.min() if len(rows) else training.month
    return games[(games.game_date >= first) & (games.game_date < training.month)]


def readiness(training: Training) -> list[str]:
    """Seasons and months in which too few rows past the bootstrap are ready."""
    rows = training.rows
    settled = rows[rows.not_ready_reason != _BOOTSTRAP]
    found = []
    for kind, spans in _spans(settled).items():
        shares = settled.groupby(spans).is_production_ready.agg(["mean", "size"])
        thin = shares[shares["mean"] < TRAINING_FEATURE_COVERAGE.value]
        found += [
            f"{kind} {name}: {line['mean']:.1%} of {int(line['size'])} rows are production ready, "
            f"{_least(TRAINING_FEATURE_COVERAGE)}"
            for name, line in thin.iterrows()
        ]
    return found


def feature_coverage(training: Training) -> list[str]:
    """Features that too few of the ready rows of a season or month have, or lack for a cause.

    What may be lacking at all is for the feature to say; see known.
    """
    is_ready = training.rows.is_production_ready
    ready = training.rows[is_ready]
    lacking = {name: why[is_ready] for name, why in known.causes(training).items()}
    is_good = pd.DataFrame(
        {
            name: why != known.CAUSES[-1] if name in training.optional else why.isna()
            for name, why in lacking.items()
        },
        ready.index,
    )
    found = []
    for kind, spans in _spans(ready).items():
        shares = is_good.groupby(spans).mean()
        for name, why in lacking.items():
            thin = shares[name][shares[name] < TRAINING_FEATURE_COVERAGE.value]
            for span, share in thin.items():
                of_cause = why[spans == span].value_counts() / (spans == span).sum()
                told = ", ".join(f"{cause} {part:.1%}" for cause, part in of_cause.items() if part)
                known_or = " or lacking for a cause" if name in training.optional else ""
                found.append(
                    f"{name} is known{known_or} in {share:.1%} of the ready rows of {kind} {span} "
                    f"({told}), {_least(TRAINING_FEATURE_COVERAGE)}"
                )
    return found


def _spans(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Per row its season, and its month: of a short one, the last one before it that is none.

    Where its season has none before it, it is the first after it.
    """
    sizes = rows.groupby(["season", "month"]).size()
    longest = sizes.groupby("season").transform("max")
    months = sizes.index.get_level_values("month").to_series(index=sizes.index)
    months = months.where(sizes >= TRAINING_MONTH_SHARE.value * longest)
    whole = months.groupby("season").ffill().groupby("season").bfill()
    own = pd.MultiIndex.from_frame(rows[["season", "month"]])
    return {
        "season": rows.season,
        "month": pd.Series(whole.reindex(own).to_numpy(), rows.index),
    }


def constant(training: Training) -> list[str]:
    """Features that have one and the same value in most rows of a season.

    Of a measure that is half of them; a count, or what is made of counts, repeats itself, and a flag
    may be the same all season.
    """
    rows = training.rows
    is_settled = rows.games_played_season > _SETTLED_GAMES
    found = []
    for name in training.features:
        values = rows[name].astype("float64")
        told = values.dropna()
        if pd.api.types.is_bool_dtype(rows[name].dropna().infer_objects()):
            continue
        is_count = (told % 1 == 0).all() and not (told == told.min()).all()
        for season, part in values[is_settled].groupby(rows.season[is_settled]):
            counts = part.value_counts()
            share = counts.iloc[0] / len(part) if len(counts) else 0.0
            if share == 1 or (share > TRAINING_CONSTANT_SHARE.value and not is_count):
                found.append(
                    f"{name} is {counts.index[0]:g} in {share:.1%} of the rows of {season}: "
                    f"{TRAINING_CONSTANT_SHARE.reason}"
                )
    return found


def copied_target(training: Training) -> list[str]:
    """Features and formulas that go with the points of the very game as no past does."""
    found = []
    for season, part in _by_season(training):
        told = part[[*training.features, *training.formulas]].astype("float64")
        corr = _correlations(told, part.scored)
        for name, value in corr[corr.abs() > TRAINING_COPIED_TARGET.value].items():
            found.append(
                f"{name} has correlation {value:.2f} with the points of the same game in {season}: "
                f"{TRAINING_COPIED_TARGET.reason}"
            )
    return found


def shuffled_target(training: Training) -> list[str]:
    """Seasons in which points do not follow from a player's recent points."""
    found = []
    for season, part in _by_season(training):
        value = _correlations(part[[_RECENT]].astype("float64"), part.scored)[_RECENT]
        if value < TRAINING_TARGET_FOLLOWS.value:
            found.append(
                f"points of {season} have correlation {value:.2f} with {_RECENT}: "
                f"{TRAINING_TARGET_FOLLOWS.reason}"
            )
    return found


def formulas(training: Training) -> list[str]:
    """Systems of formulas that are nearer to the points of a season than averages can be.

    What they read beside the learned features is computed again nowhere else.
    """
    rows = training.rows
    naive = rows[list(_BLENDED)].astype("float64").mean(axis=1, skipna=False)
    found = []
    for name in training.formulas:
        said = rows[name].astype("float64")
        both = said.notna() & naive.notna()
        errors = pd.DataFrame(
            {"said": (said - rows.scored).abs(), "naive": (naive - rows.scored).abs()}
        )
        of_season = errors[both].groupby(rows.season[both]).agg(["mean", "size"])
        for season, line in of_season.iterrows():
            share = line["said", "mean"] / line["naive", "mean"]
            is_enough = line["said", "size"] >= TRAINING_FORMULA_ROWS.value
            if is_enough and share < TRAINING_FORMULA_ERROR_SHARE.value:
                found.append(
                    f"{name} has {share:.1%} of the error of averages on {int(line['said', 'size'])} "
                    f"rows of {season}, {_least(TRAINING_FORMULA_ERROR_SHARE)}"
                )
    return found


def as_of(training: Training) -> list[str]:
    """Windowed features that are not those of the games strictly before their row."""
    told = recomputed.unlike(training.rows, training.games, training.team_games)
    return [
        f"{name} is not that of the games strictly before: {text}" for name, text in told.items()
    ]


def same_day(training: Training) -> list[str]:
    """Features of who is out that are not those of the transactions strictly before their row."""
    told = absences.unlike(training.universe, training.games, training.transactions)
    return [
        f"{name} is not that of the transactions strictly before: {text}"
        for name, text in told.items()
    ]


def split(training: Training) -> list[str]:
    """Slices that overlap in time, on the rows as they are trained on."""
    texts = slices.out_of_order(training.rows, slices.named(training.rows))
    return [text.removeprefix("split: ") for text in texts]


CHECKS: Mapping[str, Callable[[Training], list[str]]] = {
    "past_only": past_only,
    "unique": unique,
    "target": target,
    "volume": volume,
    "funnel": funnel,
    "readiness": readiness,
    "feature_coverage": feature_coverage,
    "constant": constant,
    "copied_target": copied_target,
    "shuffled_target": shuffled_target,
    "formulas": formulas,
    "as_of": as_of,
    "same_day": same_day,
    "split": split,
}
"""Every check by its name."""


def coverage(rows: pd.DataFrame, features: Sequence[str]) -> dict[str, float]:
    """Per feature, the share of rows that have it."""
    return {name: round(float(rows[name].notna().mean()), 4) for name in features}


def _least(limit: Threshold, form: str = ".0%") -> str:
    return f"the least is {limit.value:{form}}: {limit.reason}"


def _by_season(training: Training) -> list[tuple[str, pd.DataFrame]]:
    """Rows with enough games behind them, by season."""
    rows = training.rows[training.rows.games_played_season > _SETTLED_GAMES]
    return [
        (str(name), part) for name, part in rows.groupby("season") if len(part) > _SETTLED_GAMES
    ]


def _correlations(values: pd.DataFrame, scored: pd.Series) -> pd.Series:
    """Per column, the correlation with the points over the rows that have it; 0 for a constant."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return values.corrwith(scored.astype("float64")).fillna(0.0)
