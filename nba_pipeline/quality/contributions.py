"""What moved a prediction: each feature's part in it, as the model that made it counts them."""

from collections.abc import Sequence
from datetime import date

from ibis import _

from nba_pipeline.league.calendar import month_of
from nba_pipeline.model import boosting
from nba_pipeline.warehouse.protocol import Warehouse

STORE, MODELS, SYSTEM = "ml_feature_store_v2", "points_model", "xgboost"
_KEYS = ["game_id", "player_id"]
_SHOWN = 5


def moved_by(
    warehouse: Warehouse, day: date, features: Sequence[str], player_id: int | None = None
) -> dict[tuple[str, int], list[dict[str, object]]]:
    """Per game and player of the date, what moved the trained model's prediction most, most first.

    Args:
        warehouse: where the features and models are.
        day: the game date.
        features: the feature store's list.
        player_id: the one player that is asked for; everybody where none is.

    Returns:
        Lines of feature, value (None where unknown) and points: what it adds to the prediction, beside
        what all begin with. Nothing where no model of these features serves the date.
    """
    if not {STORE, MODELS} <= set(warehouse.names()):
        return {}
    month = month_of(day)
    models = warehouse.table(MODELS, month, month).drop_null("booster").to_pyarrow().to_pylist()
    rows = warehouse.table(STORE, day, day)
    if player_id is not None:
        rows = rows.filter(_.player_id == player_id)
    values = rows.select(*_KEYS, *features).execute()
    if not models or values.empty:
        return {}
    try:
        parts = boosting.contributions(models[0]["booster"], values, features)
    except boosting.OtherFeatures:
        return {}
    long = (
        parts.drop(columns="base").rename_axis("row").reset_index().melt("row", value_name="points")
    )
    long["size"] = long.points.abs()
    most = long.sort_values(["row", "size", "variable"], ascending=[True, False, True])
    found: dict[tuple[str, int], list[dict[str, object]]] = {}
    for line in most.groupby("row").head(_SHOWN).to_dict("records"):
        row, name = values.loc[line["row"]], str(line["variable"])
        told = {"feature": name, "value": _plain(row[name]), "points": round(line["points"], 2)}
        found.setdefault((row.game_id, int(row.player_id)), []).append(told)
    return found


def in_words(moved: Sequence[dict[str, object]], most: int = 3) -> str:
    """The first few as "feature +1.2, other -0.4"."""
    return ", ".join(f"{line['feature']} {line['points']:+.1f}" for line in moved[:most])


def _plain(value: object) -> float | None:
    """A feature's value as a number; None where it is unknown."""
    number = float("nan") if value is None else float(value)  # type: ignore[arg-type]
    return None if number != number else round(number, 3)  # noqa: PLR0124  NaN is unlike itself
