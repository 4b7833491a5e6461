"""What is predicted of a date."""

from datetime import date

from ibis import _

from nba_pipeline.quality.gaps import PREDICTIONS
from nba_pipeline.warehouse.protocol import Warehouse


def predictions_of(warehouse: Warehouse, day: date) -> list[dict[str, object]]:
    """The date's predictions as they stand, game by game, each system's best first.

    Returns:
        game (YYYYMMDD_AWAY_HOME), player, team, system, points, p10 and p90 (the band; None for a
        system without one), is_ready and reason (None when ready); nothing where none is stored.
    """
    if PREDICTIONS not in warehouse.names():
        return []
    games = warehouse.table("nbac_schedule", day, day).select("game_id", game="game_code")
    rows = warehouse.table(PREDICTIONS, day, day).left_join(games, "game_id")
    shown = rows.select(
        "game",
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
    return list(shown.order_by(*order).to_pyarrow().to_pylist())
