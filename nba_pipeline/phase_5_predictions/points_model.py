"""One model per calendar month, trained on the three seasons before its first day.

A month with too few games behind it has no booster. A month whose training rows fail the gate, or
whose model is not let to serve, keeps the last good one, says why, and stands alone in it. Beside the
trees the month has what was learned from how the systems did in the months before it.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pandera.ibis as pa
from ibis import _
from threadpoolctl import threadpool_limits

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import from_three_seasons
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league import calendar
from nba_pipeline.league.box_score import of_who_played
from nba_pipeline.model import (
    boosting,
    drift,
    known,
    promotion,
    systems,
    training_gate,
    walk_forward,
)
from nba_pipeline.model.card import card
from nba_pipeline.model.features import fingerprint_of
from nba_pipeline.model.training import LABELS, Training, training_rows, trainings
from nba_pipeline.phase_5_predictions.ml_feature_store_v2 import (
    FEATURE_VERSION,
    FEATURES,
    LEARNED,
    OPTIONAL,
)

GRAIN = ["month"]
_SERVING = ("model_version", "model_month", "booster", "spread", *walk_forward.LEARNED)
"""What a month predicts with: its own, or all of it the last good month's."""
_SERVED = (*_SERVING, "features", "feature_version")
_DRAWN = 6
"""Features of which the partial effect is drawn."""
_READ = {
    "features": "ml_feature_store_v2",
    "similar": "player_similar_games",
    "results": "player_game_summary",
    "team_games": "team_offense_game_summary",
    "transactions": "injury_transactions",
}
"""The tables that a month is trained on and judged by, and what they are to the model."""


class PointsModel(pa.DataFrameModel):
    """The columns: what serves in the month, then what came of training for it.

    Where status is kept, the first tell of the earlier model that goes on serving.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    month: date = pa.Field(description="First day of the month it predicts; the partition")
    status: str = pa.Field(
        isin=["trained", "kept", "bootstrap"],
        description="kept: refused, the last good one serves on; bootstrap: too few games yet",
    )
    model_version: str = pa.Field(
        nullable=True,
        description="points_model_<month>_<fingerprint of booster and spread; in bootstrap, of the rows>, in a "
        "prediction by ensemble or xgboost_with_line also _<fingerprint of what they were learned as>; "
        "NULL for a system that is a formula, and where no model serves",
    )
    model_month: date = pa.Field(
        nullable=True, description="First day of the month for which the serving model was trained"
    )
    booster: bytes = pa.Field(
        nullable=True,
        description="The regression, a line of JSON, and the XGBoost booster, UBJSON; NULL where no "
        "model serves",
    )
    spread: str = pa.Field(
        nullable=True,
        description="JSON: per tenth of predictions, quantiles of points minus prediction on later rows",
    )
    weights: str = pa.Field(
        nullable=True,
        description="JSON: each system's share of the ensemble, learned from the months before; NULL "
        "where too little was graded",
    )
    beside_line: str = pa.Field(
        nullable=True,
        description="JSON: intercept, points, and slope by which the median of points lies beside the "
        "line, on xgboost minus line; NULL where too few lines were graded",
    )
    edge_record: str = pa.Field(
        nullable=True,
        description="JSON: per system, side and band of edges, how many came in over the months before",
    )
    features: str = pa.Field(description="JSON list of the features, in the booster's order")
    feature_version: int = pa.Field(ge=1)
    refused_because: str = pa.Field(
        nullable=True,
        description="JSON list of what the gate or the promotion found; NULL if nothing",
    )
    trained_from: date = pa.Field(nullable=True, description="First game date of the training rows")
    trained_to: date = pa.Field(nullable=True, description="Last game date of the training rows")
    training_games: int = pa.Field(ge=0, description="Games behind the month, within its window")
    training_rows: int = pa.Field(ge=0, description="Player-games behind the month, in its window")
    feature_coverage: str = pa.Field(
        nullable=True, description="JSON: share of training rows that have each feature"
    )
    clean_rows: int = pa.Field(
        ge=0, description="Training rows that are production ready, or in their season's bootstrap"
    )
    lacking: str = pa.Field(
        nullable=True,
        description="JSON: per season and feature, shares of the rows that lack it, by cause: no "
        "source, bootstrap, gap, not applicable, unexplained",
    )
    learned: str = pa.Field(
        nullable=True,
        description="JSON: per feature how many training rows have it, and its deciles, shares and "
        "hundredths in them",
    )
    rows_with_gaps: int = pa.Field(ge=0, description="Training rows that a raw gap touches")
    data_fingerprint: str = pa.Field(description="Fingerprint of the training rows")
    slices: str = pa.Field(
        nullable=True,
        description="JSON: first and last date and rows of fit, stop, calibrate, judge",
    )
    rounds: int = pa.Field(nullable=True, ge=1, description="Trees, as many as the stop slice took")
    importance: str = pa.Field(
        nullable=True,
        description="JSON: each feature's share of all that moves the judge slice's predictions",
    )
    partial_effects: str = pa.Field(
        nullable=True,
        description="JSON: of the features that matter most, values and the mean prediction of the "
        "judge slice where all its rows have them",
    )
    judge_rows: int = pa.Field(nullable=True, ge=0, description="Player-games of the judge slice")
    judge_mae: float = pa.Field(nullable=True, ge=0, description="MAE on the judge slice, points")
    judge_rmse: float = pa.Field(nullable=True, ge=0, description="RMSE on the judge slice, points")
    judge_bias: float = pa.Field(
        nullable=True, description="Mean of prediction minus points on the judge slice"
    )
    judge_band: float = pa.Field(
        nullable=True, ge=0, le=1, description="Share of the judge slice inside p10 to p90"
    )
    judge_mae_history: float = pa.Field(
        nullable=True, ge=0, description="judge_mae on the rows that all baselines predict"
    )
    judge_mae_last_10: float = pa.Field(
        nullable=True, ge=0, description="MAE of the last-10 mean on the same rows"
    )
    judge_mae_season: float = pa.Field(
        nullable=True, ge=0, description="MAE of the season mean on the same rows"
    )
    judge_mae_carried: float = pa.Field(
        nullable=True,
        ge=0,
        description="MAE of points_weighted_carried_30 on the same rows",
    )

    class Config:
        """One row per month."""

        unique = GRAIN
        strict = "filter"


def _trainings(
    behind: Mapping[str, ir.Table], partitions: Sequence[date]
) -> tuple[pd.DataFrame, dict[date, Training]]:
    """The rows with what the formulas say of them, and what there is to train each month's model on."""
    tables = {name: behind[table] for name, table in _READ.items()}
    similar = tables["similar"].select("similar_games", "points_avg_similar", *LABELS)
    features = tables["features"].left_join(similar, LABELS)
    features = features.drop(*(f"{name}_right" for name in LABELS))
    said = {name: formula(features) for name, formula in systems.FORMULAS.items()}
    tables |= {"features": features.mutate(**said), "results": of_who_played(tables["results"])}
    rows = training_rows(tables, FEATURES, tuple(said))
    return rows, trainings(rows, tables, partitions, FEATURES, OPTIONAL, tuple(said))


def gate(partitions: Sequence[date], **behind: ir.Table) -> dict[date, str]:
    """The training gate, for each month that has games enough."""
    _rows, of_months = _trainings(behind, partitions)
    told = {month: _told(training) for month, training in of_months.items()}
    return {month: text for month, text in told.items() if text}


def refusals(earlier: ir.Table, partitions: Sequence[date], **behind: ir.Table) -> dict[date, str]:
    """Months that fail the gate while there is no earlier model that could go on serving."""
    stored, months_asked = _good(earlier), sorted(partitions)
    good = {month: line for month, line in stored.items() if month not in months_asked}
    if _newest_before(months_asked[0], good):
        return {}
    found: dict[date, str] = {}
    _rows, of_months = _trainings(behind, months_asked)
    for month, training in of_months.items():
        if _newest_before(month, good):
            break
        if text := _told(training):
            found[month] = text
            # What is stored of a month that is refused stands.
            good |= {month: stored[month]} if month in stored else {}
        elif not training_gate.is_bootstrap(training.rows):
            break
    return found


def _told(training: Training) -> str | None:
    """What the gate finds, in one line; None where it finds nothing, or has nothing to judge."""
    failed = [] if training_gate.is_bootstrap(training.rows) else training_gate.failures(training)
    return "training gate: " + "; ".join(failed) if failed else None


def transform(earlier: ir.Table, partitions: Sequence[date], **behind: ir.Table) -> ir.Table:
    """Walk-forward: each month's model sees only what was there before it."""
    earlier = earlier.filter(~_.month.isin([*partitions]))
    rows, of_months = _trainings(behind, partitions)
    # The months after a season's last game have the same behind them, and the same model.
    spans = {month: _span(training) for month, training in of_months.items()}
    distinct = {spans[month]: training for month, training in of_months.items()}
    # Several months at once use the cores better than one on all of them, and one thread adds in one
    # order.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as threads:
        attempts = dict(zip(distinct, threads.map(_attempt, distinct.values()), strict=True))
    good = _good(earlier)
    formulas = tuple(systems.FORMULAS)
    graded = [walk_forward.graded(rows, _models(earlier, rows), LEARNED, formulas)]
    lines = []
    for month, training in sorted(of_months.items()):
        line = _line(month, attempts[spans[month]], _newest_before(month, good))
        # Rows that the gate refuses teach nothing, beside the trees either.
        if line["status"] != "kept":
            known_rows = walk_forward.joined(graded)
            known_rows = known_rows[known_rows.index.isin(training.rows.index)]
            line |= walk_forward.learned(known_rows, formulas)
        good |= {month: line} if line["status"] == "trained" else {}
        graded.append(walk_forward.graded(rows, {month: line}, LEARNED, formulas))
        lines.append(line)
    schema = {name: str(c.dtype) for name, c in PointsModel.to_schema().columns.items()}
    # As objects: a column of whole numbers with a NULL would become one of floats.
    return ibis.memtable(pd.DataFrame(lines, dtype=object), schema=ibis.schema(schema))


def _span(training: Training) -> tuple[int, ...]:
    """Which of what the run has read the month is trained on and judged by; all is in its order."""
    parts = (training.rows, training.universe, training.games, training.transactions)
    return tuple(int(end) for part in parts if len(part) for end in (part.index[0], part.index[-1]))


def _good(earlier: ir.Table) -> dict[date, dict[str, Any]]:
    """The models that were let to serve, by month; none of a list of features that is not this one."""
    if not set(_SERVED) <= set(earlier.columns):
        return {}
    lines = earlier.filter(_.status == "trained").to_pyarrow().to_pylist()
    return {line["month"]: line for line in lines if line["features"] == json.dumps(LEARNED)}


def _newest_before(month: date, good: Mapping[date, dict[str, Any]]) -> dict[str, Any] | None:
    """The model that serves where the month's own may not."""
    return good[max(before)] if (before := [known for known in good if known < month]) else None


def _models(earlier: ir.Table, rows: pd.DataFrame) -> dict[date, Mapping[str, Any]]:
    """The earlier months with any of the rows in which a model of this list of features serves."""
    if rows.empty or not set(_SERVED) <= set(earlier.columns):
        return {}
    first = calendar.month_of(rows.game_date.min())
    served = earlier.filter(_.features == json.dumps(LEARNED), _.month >= first)
    return {line["month"]: line for line in served.drop_null("booster").to_pyarrow().to_pylist()}


def _attempt(training: Training) -> dict[str, Any]:
    """What training on the rows came to: facts of them, and the candidate or why there is none."""
    rows = training.rows
    is_bootstrap = training_gate.is_bootstrap(rows)
    failed = [] if is_bootstrap else training_gate.failures(training)
    coverage = training_gate.coverage(rows, FEATURES) if len(rows) else None
    found = None if is_bootstrap or failed else promotion.candidate(rows, LEARNED)
    return {
        "is_bootstrap": is_bootstrap,
        "failed": failed,
        "rows": rows,
        "candidate": found,
        "facts": (_judged(found) if found else {})
        | {
            "trained_from": rows.game_date.min() if len(rows) else None,
            "trained_to": rows.game_date.max() if len(rows) else None,
            "training_games": rows.game_id.nunique(),
            "training_rows": len(rows),
            "clean_rows": training_gate.clean_rows(rows),
            "feature_coverage": coverage and json.dumps(coverage),
            "lacking": json.dumps(known.shares(training)) if len(rows) else None,
            "learned": drift.learned(rows, LEARNED) if len(rows) else None,
            "rows_with_gaps": int((rows.gap_ids.map(len) > 0).sum()),
            "data_fingerprint": fingerprint_of(rows, LABELS, FEATURES),
        },
    }


def _line(
    month: date, attempt: Mapping[str, Any], serving: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The month's row: its own model where that may serve, otherwise the one that serves so far."""
    found: promotion.Candidate | None = attempt["candidate"]
    failed = list(attempt["failed"])
    if found:
        old = (serving["booster"], serving["model_month"]) if serving else None
        failed += promotion.refusals(found, LEARNED, old)
        # Under another version a feature may mean another thing.
        if serving and serving["feature_version"] == FEATURE_VERSION:
            then = (serving.get("learned"), serving.get("trained_to"))
            failed += drift.refusals(attempt["rows"], LEARNED, *then)
    line: dict[str, Any] = dict.fromkeys(PointsModel.to_schema().columns)
    line |= {"features": json.dumps(LEARNED), "feature_version": FEATURE_VERSION}
    line |= attempt["facts"]
    line |= {"month": month, "refused_because": json.dumps(failed) if failed else None}
    if attempt["is_bootstrap"]:
        made = str(line["data_fingerprint"]).encode()
        return line | {"status": "bootstrap", "model_version": _version(month, made)}
    if failed or not found:
        return line | {
            "status": "kept",
            **{name: serving and serving[name] for name in _SERVING},
        }
    return line | {
        "status": "trained",
        "model_version": _version(month, found.booster + found.spread.encode()),
        "model_month": month,
        "booster": found.booster,
        "spread": found.spread,
    }


def _version(month: date, made: bytes) -> str:
    # Rows alone do not tell one model from another: parameters and libraries change too.
    return f"points_model_{month:%Y-%m}_{hashlib.sha256(made).hexdigest()[:8]}"


def _judged(found: promotion.Candidate) -> dict[str, Any]:
    """What the row tells of a candidate, whether it serves or not."""
    importance = boosting.importance(found.booster, found.judge, LEARNED)
    effects = boosting.partial_effects(found.booster, found.judge, LEARNED, [*importance][:_DRAWN])
    return {
        "slices": json.dumps(found.slices_said),
        "rounds": found.rounds,
        "importance": json.dumps(importance),
        "partial_effects": json.dumps(effects),
        **{f"judge_{name}": value for name, value in found.figures.items()},
    }


def kept_months(rows: ir.Table) -> ir.Table:
    """Months whose own model was refused: an earlier one serves, or none."""
    return rows.filter(_.status == "kept")


def months(rows: ir.Table) -> ir.Table:
    """Per month what serves, why its own model does not, and errors on its judge slice."""
    return rows.select(
        *("month", "status", "model_month", "training_rows", "rounds", "judge_rows", "judge_mae"),
        *("judge_mae_history", "judge_mae_last_10", "judge_mae_season", "judge_band"),
        "refused_because",
    ).order_by("month")


points_model = table_asset(
    __name__,
    version=7,
    schema=PointsModel,
    reads=from_three_seasons(*_READ.values()),
    transform=transform,
    violations=[kept_months],
    refusals=refusals,
    gate=gate,
    card=card,
    blocked_by=["usage_rate_coverage"],
    checkpoints=[checkpoint("training_gate", refusals, kept_months, figures=months)],
    partitions="monthly",
)
