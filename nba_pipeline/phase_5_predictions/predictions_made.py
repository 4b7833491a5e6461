"""What was said before tip-off: rows are added by the run that says them, and never replaced.

A statement is added where the game has not begun and the prediction, or what it is made from,
differs from the last one said of that game, player and system. Backfills of past dates say nothing.
A statement stays under the date for which it was made, also where its game is moved or put off.
made_from names every table upstream with its version in the warehouse, from which the statement can
be made again for as long as the warehouse keeps that version. Whether today's inputs differ is told
where it can change: by inputs_changed of prediction_accuracy and of `explain`.
"""

from datetime import datetime

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.columns import declared
from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.lookback import provenance
from nba_pipeline.model import statements
from nba_pipeline.phase_5_predictions.player_prop_predictions import PlayerPropPredictions

GRAIN = ["game_id", "player_id", "system", "made_at"]
_UTC = "timestamp('UTC')"


class PredictionsMade(PlayerPropPredictions):
    """Every column of player_prop_predictions as it was when it was said, and two more.

    game_date and tipoff_at are those that were known then; later statements have a later made_at.

    Every row also has box_games_expected, box_games_present, team_games_expected,
    team_games_present, zone_games_expected, zone_games_present, completeness, gap_ids,
    is_production_ready, not_ready_reason, season, bypass, run_id, code_version, written_at.
    """

    tipoff_at: datetime = pa.Field(nullable=True)
    made_from: str = pa.Field(
        description="JSON: each upstream table's warehouse version, and the content of its partitions"
    )

    class Config(PlayerPropPredictions.Config):
        """Any number of rows per player, game and system, each said at its own time."""

        unique = GRAIN


_COMPARED = [
    name for name in declared(PredictionsMade) if name not in {"made_at", "tipoff_at", "made_from"}
]


def transform(
    player_prop_predictions: ir.Table,
    nbac_schedule: ir.Table,
    stored: ir.Table,
    made_from: ir.Table,
) -> ir.Table:
    """The predictions of games that have not begun, where they are not what was said last."""
    games = nbac_schedule.select("game_id", "game_date", "status", "tipoff_at")
    games = games.inner_join(made_from, "game_date").filter(
        _.status == "scheduled",
        # The source has no tip-off time for some games: then the day decides.
        _.tipoff_at.isnull() | (_.tipoff_at.cast(_UTC) > _.now),
    )
    open_games = games.select("game_id", "tipoff_at", "made_from", "now")
    rows = provenance.join(
        player_prop_predictions.drop("made_at"), open_games, ["game_id"], how="inner"
    )
    last = statements.last_said(stored)
    rows = rows.anti_join(last, statements.is_same(rows, last, _COMPARED))
    said = last.select(
        said_at=_.made_at.cast(_UTC), **{f"{key}_said": key for key in statements.KEYS}
    )
    rows = rows.left_join(said, [rows[key] == said[f"{key}_said"] for key in statements.KEYS])
    after_last = rows.said_at + ibis.interval(microseconds=1)
    # Two statements within one tick of the clock, or after it was set back, keep their order.
    return rows.mutate(made_at=ibis.ifelse(rows.said_at >= rows.now, after_last, rows.now))


def statements_after_tip_off(rows: ir.Table) -> ir.Table:
    """Statements that were not made before the tip-off that was known to them."""
    return rows.filter(_.made_at >= _.tipoff_at)


predictions_made = table_asset(
    __name__,
    version=3,
    schema=PredictionsMade,
    reads=same_date("player_prop_predictions", "nbac_schedule"),
    transform=transform,
    assertions=[statements_after_tip_off],
    checkpoints=[checkpoint("grading", statements_after_tip_off)],
    ready_when=["box", "team", "minimum_games"],
    counts=["zone"],
    appends=True,
)
