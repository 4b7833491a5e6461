"""What was predicted of a date, for people."""

from datetime import date

from ibis import _

from nba_pipeline.quality.gaps import PREDICTIONS
from nba_pipeline.quality.stored import require_stored
from nba_pipeline.warehouse.protocol import Warehouse


def predictions_of(warehouse: Warehouse, day: date) -> list[dict[str, object]]:
    """The date's predictions, by game, most points first, then by player and system.

    Returns:
        game ("AWAY at HOME"), player, team, system, points, p10, p90, and ready: whether the row
        is production ready, else reason says why not.

    Raises:
        NothingStored: there are no predictions at all.
    """
    require_stored(warehouse, PREDICTIONS, "nbac_schedule")
    games = warehouse.table("nbac_schedule", day, day).select("game_id", "home_team", "away_team")
    made = warehouse.table(PREDICTIONS, day, day).inner_join(games, "game_id")
    most = made.predicted_points.max().over(group_by=["game_id", "player_id"])
    rows = made.order_by("game_id", most.desc(nulls_first=False), "player_lookup", "system").select(
        game=_.away_team + " at " + _.home_team,
        player="player_lookup",
        team="team_abbr",
        system="system",
        points="predicted_points",
        p10="p10",
        p90="p90",
        ready="is_production_ready",
        reason="not_ready_reason",
    )
    return list(rows.to_pyarrow().to_pylist())
