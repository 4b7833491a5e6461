"""What each system predicts of every player of a date's universe from what is known before the date.

Recomputed like any table: a final score changes no row. What was said before tip-off is in
predictions_made. A row that is not production ready is predicted all the same, and never recommended.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pandera.ibis as pa
from pyarrow import Table as ArrowTable

from nba_pipeline import clock
from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import same_date, same_month
from nba_pipeline.kernel.table import InPython, table_asset
from nba_pipeline.league.calendar import month_of
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.lookback import provenance
from nba_pipeline.model import systems, walk_forward
from nba_pipeline.model.features import fingerprints
from nba_pipeline.model.recommendations import records, with_advice
from nba_pipeline.phase_5_predictions.ml_feature_store_v2 import FEATURES
from nba_pipeline.thresholds import MOST_POINTS

GRAIN = ["game_id", "player_id", "system"]
SYSTEMS = [*systems.FORMULAS, *walk_forward.SYSTEMS]
_BAND = ["p10", "p50", "p90", "prob_over"]
_OF_SYSTEM = {
    "system": "string",
    **dict.fromkeys(("predicted_points", *_BAND), "float64"),
    "model_version": "string",
    "model_status": "string",
    "model_month": "date",
    "made_at": "timestamp('UTC')",
}
_KEY_TYPES = {"game_id": "string", "player_id": "int64"}
_KEYS = list(_KEY_TYPES)
_OF_SIMILAR = ["similar_games", "points_avg_similar"]
_KNOWN = [*FEATURES, *_OF_SIMILAR]
_PRINTS = {"print_of_features": FEATURES, "print_of_known": _KNOWN}
"""Of what a row's fingerprint is, whether its system looks at games like this one or not."""
_BY_SIMILAR = ["similarity", walk_forward.MIXED]
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


def _beside(
    ml_feature_store_v2: ir.Table,
    player_similar_games: ir.Table,
    upcoming_player_game_context: ir.Table,
) -> tuple[ir.Table, ir.Table]:
    """The features with their line, and the same with the games that were like this one."""
    lines = _narrow(upcoming_player_game_context, _OF_LINE)
    plain = provenance.join(ml_feature_store_v2, lines, _KEYS)
    return plain, provenance.join(plain, _narrow(player_similar_games, _OF_SIMILAR), _KEYS)


def asked(
    ml_feature_store_v2: ir.Table,
    player_similar_games: ir.Table,
    upcoming_player_game_context: ir.Table,
) -> ir.Table:
    """What every system takes: features, similar games, the line, and what the formulas say of them."""
    _plain, beside = _beside(
        ml_feature_store_v2, player_similar_games, upcoming_player_game_context
    )
    formulas = {name: formula(beside) for name, formula in systems.FORMULAS.items()}
    return beside.select(*_KEYS, "game_date", "points_line", *_KNOWN, **formulas)


def told(asked: pd.DataFrame, points_model: ir.Table) -> dict[str, ArrowTable]:
    """What every system says, fingerprints of the features that it looked at, and what edges paid."""
    models = points_model.to_pyarrow().to_pylist()
    printed = asked[_KEYS].assign(
        **{name: fingerprints(asked, names) for name, names in _PRINTS.items()}
    )
    return {
        "said": _arrow(_said(asked, models), _KEY_TYPES | _OF_SYSTEM),
        "printed": _arrow(printed, _KEY_TYPES | dict.fromkeys(_PRINTS, "string")),
        "paid": records(models).to_pyarrow(),
    }


def _arrow(frame: pd.DataFrame, kinds: Mapping[str, str]) -> ArrowTable:
    """The frame's columns of those types, in their order."""
    schema = ibis.schema(kinds).to_pyarrow()
    return ArrowTable.from_pandas(frame[list(kinds)], schema, preserve_index=False)


def _said(rows: pd.DataFrame, models: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """What every system says of the rows: formulas of all, the others where their month's model does."""
    months = pd.to_datetime(rows.game_date).dt.date.map(month_of)
    formulas = tuple(systems.FORMULAS)
    untrained = dict.fromkeys(("model_version", "model_status", "model_month"))
    parts = [
        rows[_KEYS].assign(system=name, predicted_points=rows[name], **untrained)
        for name in formulas
    ]
    for model in models:
        wanted = rows[months == model["month"]]
        if model["booster"] is not None and len(wanted):
            said = walk_forward.predicted(wanted, model, FEATURES, formulas)
            parts += [_of_system(wanted, said, name, model) for name in walk_forward.SYSTEMS]
    columns = [*_KEYS, *_OF_SYSTEM]
    return pd.concat(parts, ignore_index=True).reindex(columns=columns).assign(made_at=clock.now())


def _of_system(
    rows: pd.DataFrame, said: pd.DataFrame, system: str, model: Mapping[str, Any]
) -> pd.DataFrame:
    """What one trained system says, where it says anything; the band is of the trees' own errors."""
    told = rows[_KEYS].assign(
        system=system,
        predicted_points=said[system],
        model_version=walk_forward.version_of(system, model),
        model_status=model["status"],
        model_month=model["model_month"],
    )
    return (told.join(said[_BAND]) if system == walk_forward.TRAINED else told)[
        said[system].notna()
    ]


def _narrow(rows: ir.Table, names: Sequence[str]) -> ir.Table:
    """The rows' keys, those columns, and what tells how whole they are."""
    return rows.select(*_KEYS, *names, *provenance.tracking_columns(rows))


def transform(
    ml_feature_store_v2: ir.Table,
    player_similar_games: ir.Table,
    upcoming_player_game_context: ir.Table,
    said: ir.Table,
    printed: ir.Table,
    paid: ir.Table,
) -> ir.Table:
    """Each system's rows, with what may be said of them beside the line."""
    plain, beside = _beside(ml_feature_store_v2, player_similar_games, upcoming_player_game_context)
    # The gaps of games that were like this one are behind those systems alone that look at them.
    looks = said.system.isin(_BY_SIMILAR)
    plain, beside = (
        provenance.join(provenance.join(rows, prints, _KEYS), of_systems, _KEYS, how="inner")
        for rows, prints, of_systems in (
            (plain, _prints(printed, "print_of_features"), said.filter(~looks)),
            (beside.drop(*_OF_SIMILAR), _prints(printed, "print_of_known"), said.filter(looks)),
        )
    )
    rows = plain.union(beside.select(*plain.columns))
    rows = rows.mutate(edge=rows.predicted_points - rows.points_line)
    ready = provenance.with_quality(rows, provenance.bootstrap(rows))
    return with_advice(ready, paid)


def _prints(printed: ir.Table, name: str) -> ir.Table:
    """The rows' fingerprints of that name."""
    return printed.select(*_KEYS, features_fingerprint=printed[name])


def players_without_features(rows: ir.Table, ml_feature_store_v2: ir.Table) -> ir.Table:
    """Predictions of players that the feature store does not have."""
    return rows.anti_join(ml_feature_store_v2, _KEYS)


player_prop_predictions = table_asset(
    __name__,
    version=8,
    schema=PlayerPropPredictions,
    reads=[
        *same_date("ml_feature_store_v2", "player_similar_games", "upcoming_player_game_context"),
        *same_month("points_model"),
    ],
    expected=expected,
    in_python=InPython(asked, told, ("said", "printed", "paid")),
    transform=transform,
    violations=[players_without_features],
    checkpoints=[checkpoint("universe", players_without_features)],
    ready_when=["box", "team", "minimum_games"],
    counts=["zone"],
    volatile=["made_at"],
)
