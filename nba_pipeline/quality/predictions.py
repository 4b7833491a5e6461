"""What is predicted of a date, and what was said of it before tip-off."""

import json
from collections.abc import Sequence
from datetime import date, timedelta

from ibis import _

from nba_pipeline.model import statements
from nba_pipeline.quality.contributions import SYSTEM, in_words, moved_by
from nba_pipeline.thresholds import AUDITABLE_DAYS
from nba_pipeline.warehouse.protocol import Warehouse

PREDICTIONS = "player_prop_predictions"
STATEMENTS = "predictions_made"


def predictions_of(
    warehouse: Warehouse, day: date, features: Sequence[str] = ()
) -> list[dict[str, object]]:
    """The date's predictions as they stand, game by game, each system's best first.

    Args:
        warehouse: where they are.
        day: the game date.
        features: the feature store's list, where `moved` is wanted.

    Returns:
        game (YYYYMMDD_AWAY_HOME), player, team, system, points, p10 and p90 (the band; None for a
        system without one), is_ready and reason (None when ready), and moved, the features that moved
        the trained model's most, in words; nothing where none is stored.
    """
    if PREDICTIONS not in warehouse.names():
        return []
    games = warehouse.table("nbac_schedule", day, day).select("game_id", game="game_code")
    rows = warehouse.table(PREDICTIONS, day, day).left_join(games, "game_id")
    shown = rows.select(
        "game",
        "game_id",
        "player_id",
        player="player_lookup",
        team="team_abbr",
        system="system",
        points="predicted_points",
        p10="p10",
        p90="p90",
        is_ready="is_production_ready",
        reason="not_ready_reason",
    )
    order = (_.game, _.system, _.points.desc(nulls_first=False), _.player)
    made = shown.order_by(*order).to_pyarrow().to_pylist()
    moved = moved_by(warehouse, day, features) if features else {}
    for row in made:
        key = row.pop("game_id"), row.pop("player_id")
        row["moved"] = in_words(moved.get(key, ())) if row["system"] == SYSTEM else None
    return made


def statements_of(warehouse: Warehouse, day: date, player_id: int) -> list[dict[str, object]]:
    """What was said of a player and date before tip-off, the first statement first.

    Returns:
        system, made_at, predicted_points, p10, p90, recommendation, model_version, run_id, and
        inputs_changed: whether today's inputs, or the advice, differ from the statement's.
    """
    if STATEMENTS not in warehouse.names():
        return []
    said = warehouse.table(STATEMENTS, day, day).filter(_.player_id == player_id)
    rows = statements.with_inputs_changed(said, warehouse.table(PREDICTIONS, day, day))
    shown = rows.select(
        *("system", "made_at", "predicted_points", "p10", "p90", "recommendation"),
        *("model_version", "run_id", "inputs_changed"),
    )
    return list(shown.order_by("system", "made_at").to_pyarrow().to_pylist())


def stated_versions(warehouse: Warehouse, today: date) -> dict[str, set[int]]:
    """Per table, the versions that recent statements were made from: an audit reads them again."""
    if STATEMENTS not in warehouse.names():
        return {}
    first = today - timedelta(days=int(AUDITABLE_DAYS.value))
    statements_made = (
        warehouse.table(STATEMENTS).filter(_.game_date >= first).select("made_from").distinct()
    )
    versions: dict[str, set[int]] = {}
    for text in statements_made.to_pyarrow()["made_from"].to_pylist():
        for name, facts in json.loads(text).items():
            if facts["version"] is not None:
                versions.setdefault(name, set()).add(facts["version"])
    return versions
