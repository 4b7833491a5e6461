"""What each system predicts of every player of a date's universe from what is known before the date.

Recomputed like any table: a final score changes no row. What was said before tip-off is in
predictions_made. A row that is not production ready is predicted all the same, and never recommended.
"""

from datetime import date, datetime
from functools import reduce

import ibis
import ibis.expr.types as ir
import pandas as pd
import pandera.ibis as pa

from nba_pipeline import clock
from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.table import same_date, same_month, table_asset
from nba_pipeline.league.calendar import month_of
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.lookback import provenance
from nba_pipeline.model import boosting, spread, systems
from nba_pipeline.model.advice import advice
from nba_pipeline.model.features import fingerprints
from nba_pipeline.phase_5_predictions.ml_feature_store_v2 import FEATURES
from nba_pipeline.thresholds import MOST_POINTS

GRAIN = ["game_id", "player_id", "system"]
SYSTEMS = [*systems.FORMULAS, "xgboost"]
_KEYS = ["game_id", "player_id"]
_OF_LINE = ["points_line", "line_source", "over_price", "under_price"]


class PlayerPropPredictions(pa.DataFrameModel):
    """The columns.

    Every row also has box_games_expected, box_games_present, team_games_expected,
    team_games_present, zone_games_expected, zone_games_present, completeness, gap_ids,
    is_production_ready, not_ready_reason, season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    player_id: int = pa.Field(ge=1)
    player_lookup: str
    team_abbr: str
    opponent_abbr: str
    system: str = pa.Field(isin=SYSTEMS, description="Which system predicts")
    predicted_points: float = pa.Field(
        ge=0, le=MOST_POINTS.value, nullable=True, description="Points; NULL without any history"
    )
    p10: float = pa.Field(ge=0, nullable=True, description="10th percentile; NULL without a band")
    p50: float = pa.Field(ge=0, nullable=True, description="Median; NULL without a band")
    p90: float = pa.Field(ge=0, nullable=True, description="90th percentile; NULL without a band")
    prob_over: float = pa.Field(
        ge=0, le=1, nullable=True, description="Probability of more points than the line"
    )
    points_line: float = pa.Field(ge=0, nullable=True)
    line_source: str = pa.Field(nullable=True)
    over_price: float = pa.Field(gt=1, nullable=True)
    under_price: float = pa.Field(gt=1, nullable=True)
    edge: float = pa.Field(nullable=True, description="predicted_points minus points_line")
    recommendation: str = pa.Field(
        isin=["OVER", "UNDER", "PASS", "NO_LINE"], description="What to do about the line"
    )
    recommendation_reason: str = pa.Field(description="Why, in a short code")
    model_version: str = pa.Field(nullable=True)
    model_status: str = pa.Field(
        nullable=True,
        isin=["trained", "kept"],
        description="trained: the month's own model; kept: that was refused, an earlier one serves; "
        "NULL for a system that is a formula",
    )
    model_month: date = pa.Field(nullable=True)
    feature_version: int = pa.Field(ge=1)
    features_fingerprint: str = pa.Field(description="Of the row's features: what it is made from")
    made_at: datetime = pa.Field(description="When the prediction was made, UTC")

    class Config:
        """One row per player, game and system."""

        unique = GRAIN
        strict = "filter"


def expected(ml_feature_store_v2: ir.Table) -> ir.Table:
    """Every player of the date's universe."""
    return ml_feature_store_v2


def _formula(features: ir.Table, system: str) -> ir.Table:
    """The rows with what the formula of that name says."""
    unknown = ibis.null().cast("float64")
    return features.mutate(
        system=ibis.literal(system),
        predicted_points=systems.FORMULAS[system](features),
        p10=unknown,
        p50=unknown,
        p90=unknown,
        prob_over=unknown,
        model_version=ibis.null().cast("string"),
        model_status=ibis.null().cast("string"),
        model_month=ibis.null().cast("date"),
    )


def _fingerprinted(features: ir.Table, values: pd.DataFrame) -> ir.Table:
    """The features with a fingerprint of each row, which knows nothing of the line."""
    schema = {name: str(features.schema()[name]) for name in _KEYS}
    frame = values[_KEYS].assign(features_fingerprint=fingerprints(values, FEATURES))
    told = ibis.memtable(frame, schema=schema | {"features_fingerprint": "string"})
    return provenance.join(features, told, _KEYS)


def _xgboost(features: ir.Table, rows: pd.DataFrame, models: ir.Table) -> ir.Table:
    """The rows of months in which a model serves, with its median and its band."""
    months = pd.to_datetime(rows.game_date).dt.date.map(month_of)
    parts: list[pd.DataFrame] = []
    for model in models.drop_null("booster").to_pyarrow().to_pylist():
        wanted = rows[months == model["month"]]
        if len(wanted):
            median = boosting.predict(model["booster"], wanted, FEATURES)
            errors = spread.read(model["spread"])
            band = {"p10": errors.quantile(median, 0.1), "p90": errors.quantile(median, 0.9)}
            over = errors.prob_over(median, wanted.points_line.to_numpy("float64"))
            said = {name: model[name] for name in ("model_version", "model_month")}
            parts.append(
                wanted[_KEYS].assign(
                    p50=median, **band, prob_over=over, model_status=model["status"], **said
                )
            )
    schema = {name: str(features.schema()[name]) for name in _KEYS}
    schema |= dict.fromkeys(("p50", "p10", "p90", "prob_over"), "float64")
    schema |= {"model_status": "string", "model_version": "string", "model_month": "date"}
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(schema))
    predicted = ibis.memtable(frame, schema=schema)
    joined = provenance.join(features, predicted, _KEYS, how="inner")
    return joined.mutate(
        system=ibis.literal("xgboost"),
        predicted_points=joined.p50.clip(upper=MOST_POINTS.value),
    )


def transform(
    ml_feature_store_v2: ir.Table,
    points_model: ir.Table,
    upcoming_player_game_context: ir.Table,
) -> ir.Table:
    """Each system's rows, with what may be said of them beside the line."""
    context = upcoming_player_game_context
    lines = context.select(*_KEYS, *_OF_LINE, *provenance.tracking_columns(context))
    lined = provenance.join(ml_feature_store_v2, lines, _KEYS)
    values = lined.select(*_KEYS, "game_date", "points_line", *FEATURES).execute()
    features = _fingerprinted(lined, values)
    made = [_formula(features, system) for system in systems.FORMULAS]
    made.append(_xgboost(features, values, points_model).select(*made[0].columns))
    rows = reduce(lambda one, other: one.union(other), made)
    rows = rows.mutate(
        made_at=ibis.literal(clock.now(), "timestamp('UTC')"),
        edge=rows.predicted_points - rows.points_line,
    )
    ready = provenance.with_quality(rows, provenance.bootstrap(rows))
    return ready.mutate(**advice(ready))


def players_without_features(rows: ir.Table, ml_feature_store_v2: ir.Table) -> ir.Table:
    """Predictions of players that the feature store does not have."""
    return rows.anti_join(ml_feature_store_v2, _KEYS)


player_prop_predictions = table_asset(
    __name__,
    version=7,
    schema=PlayerPropPredictions,
    reads=[
        *same_date("ml_feature_store_v2", "upcoming_player_game_context"),
        *same_month("points_model"),
    ],
    expected=expected,
    transform=transform,
    violations=[players_without_features],
    checkpoints=[checkpoint("universe", players_without_features)],
    ready_when=["box", "team", "minimum_games"],
    counts=["zone"],
    volatile=["made_at"],
)
