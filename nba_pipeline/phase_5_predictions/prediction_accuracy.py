"""How each prediction of a game that is final came out, as recomputed and as made before tip-off.

recomputed is what the code says from what is known now of the days before; made is the last that
was said before tip-off, where something was. What is said of a game under one date is not graded
under another. Who did not play is void, which is known only from complete rosters; in one that is a
gap nothing is known, and the row says so.
"""

from datetime import date, datetime

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import table_asset
from nba_pipeline.league.identity import GAME_ID
from nba_pipeline.league.schedule import both_teams, final
from nba_pipeline.lookback import provenance
from nba_pipeline.model import statements

GRAIN = ["game_id", "player_id", "system", "basis"]
_COPIED = [
    *("game_id", "game_date", "player_id", "player_lookup", "team_abbr", "system"),
    *("predicted_points", "p10", "p90", "prob_over", "points_line", "recommendation"),
]


class PredictionAccuracy(pa.DataFrameModel):
    """The columns; predicted_points to recommendation are copied from the prediction.

    made_at is NULL for recomputed; minutes are 0 for who did not play, NULL when unknown.

    Every row also has box_games_expected, box_games_present, team_games_expected,
    team_games_present, zone_games_expected, zone_games_present, completeness, gap_ids,
    is_production_ready, not_ready_reason, season, bypass, run_id, code_version, written_at.
    """

    game_id: str = pa.Field(str_matches=GAME_ID + "$")
    game_date: date
    player_id: int = pa.Field(ge=1)
    player_lookup: str
    team_abbr: str
    system: str
    basis: str = pa.Field(
        isin=["recomputed", "made"],
        description="player_prop_predictions, or the last of predictions_made before tip-off",
    )
    made_at: datetime = pa.Field(nullable=True)
    inputs_changed: bool = pa.Field(
        nullable=True,
        description="Whether the features, the model, the line or what is advised beside it differ today "
        "from those of what was said, which a final score does not make them; NULL for recomputed",
    )
    predicted_points: float = pa.Field(ge=0, nullable=True)
    p10: float = pa.Field(ge=0, nullable=True)
    p90: float = pa.Field(ge=0, nullable=True)
    prob_over: float = pa.Field(ge=0, le=1, nullable=True)
    points_line: float = pa.Field(ge=0, nullable=True)
    recommendation: str
    actual_points: int = pa.Field(
        ge=0, nullable=True, description="Points scored; NULL for who did not play or is unknown"
    )
    minutes: float = pa.Field(ge=0, nullable=True)
    absolute_error: float = pa.Field(ge=0, nullable=True, description="|signed_error|, points")
    signed_error: float = pa.Field(
        nullable=True, description="predicted_points minus actual_points, points"
    )
    outcome: str = pa.Field(
        nullable=True,
        isin=["win", "loss", "push", "void", "no_line", "pass"],
        description="Of the recommendation; NULL when the team's roster is a gap",
    )

    class Config:
        """One row per player, game, system and basis."""

        unique = GRAIN
        strict = "filter"


def _both_bases(
    player_prop_predictions: ir.Table, predictions_made: ir.Table, nbac_schedule: ir.Table
) -> ir.Table:
    """What is predicted now and, of the games that are final, what was said last."""
    copied = [*_COPIED, *provenance.tracking_columns(player_prop_predictions)]
    recomputed = player_prop_predictions.select(*copied).mutate(
        basis=ibis.literal("recomputed"),
        made_at=ibis.null().cast(predictions_made.schema()["made_at"]),
        inputs_changed=ibis.null().cast("boolean"),
    )
    begun = final(nbac_schedule).select("game_id", "game_date", "tipoff_at")
    # What was said of a date that the game has left is of no game that was played.
    said = predictions_made.drop("tipoff_at").join(begun, ["game_id", "game_date"])
    # A tip-off that was moved forward leaves the later statements in hindsight.
    said = said.filter(_.tipoff_at.isnull() | (_.made_at < _.tipoff_at))
    last = statements.with_inputs_changed(statements.last_said(said), player_prop_predictions)
    made = last.mutate(basis=ibis.literal("made")).select(*recomputed.columns)
    return recomputed.union(made)


def transform(
    player_prop_predictions: ir.Table,
    predictions_made: ir.Table,
    nbac_schedule: ir.Table,
    nbac_player_boxscore: ir.Table,
    data_gaps: ir.Table,
) -> ir.Table:
    """Errors and outcomes against the box score's points."""
    sides = both_teams(final(nbac_schedule)).select(
        "game_id", "team_abbr", "game_date", "opponent_abbr"
    )
    units = sides.drop("opponent_abbr").mutate(is_known=True)
    rosters = provenance.with_holes(units, data_gaps, "nbac_player_boxscore").drop("game_date")
    predictions = _both_bases(player_prop_predictions, predictions_made, nbac_schedule)
    predictions = predictions.join(sides, ["game_id", "team_abbr", "game_date"])
    rows = _with_lines(predictions, nbac_player_boxscore, rosters.filter(_.is_known.isnull()))
    told = rosters.rename(told_by="team_abbr")
    rows = provenance.join(rows, told, ["game_id", "told_by"])
    too = rosters.select("game_id", "gap_ids", told_too="team_abbr")
    rows = provenance.join(rows, too, ["game_id", "told_too"])
    is_absent = rows.is_known & rows.box_minutes.isnull()
    rows = rows.mutate(
        actual_points=ibis.ifelse(rows.is_known, rows.box_points, ibis.null()),
        minutes=ibis.cases((is_absent, 0.0), (rows.is_known, rows.box_minutes)),
        is_absent=is_absent,
    )
    error = rows.predicted_points - rows.actual_points
    bet_over = rows.recommendation == "OVER"
    above = rows.actual_points > rows.points_line
    outcome = ibis.cases(
        (rows.is_known.isnull(), ibis.null()),
        (rows.is_absent, "void"),
        (rows.recommendation == "NO_LINE", "no_line"),
        (rows.recommendation == "PASS", "pass"),
        (rows.actual_points == rows.points_line, "push"),
        (bet_over == above, "win"),
        else_="loss",
    )
    return rows.mutate(signed_error=error, absolute_error=error.abs(), outcome=outcome)


def _with_lines(predictions: ir.Table, nbac_player_boxscore: ir.Table, lost: ir.Table) -> ir.Table:
    """The predictions with box_points, box_minutes, and told_by, the team whose roster tells them.

    That is the one with his line, where it is believed; else his own, or the other where his own is
    whole and the other is lost: he may have come to that one and be in it. told_too is the other
    where both are lost.

    Args:
        predictions: rows with team_abbr and opponent_abbr.
        nbac_player_boxscore: the lines of who played, if only for seconds.
        lost: the rosters that are gaps, which say nothing of a player even where they name him.
    """
    team = ["game_id", "team_abbr"]
    lines = nbac_player_boxscore.anti_join(lost, team)
    lines = lines.select(
        "game_id", "player_id", box_minutes="minutes", box_points="pts", box_team="team_abbr"
    )
    rows = provenance.join(predictions, lines, ["game_id", "player_id"])
    for name in ("team_abbr", "opponent_abbr"):
        side = lost.select(**{"game_id": "game_id", name: "team_abbr", f"lost_{name}": "team_abbr"})
        rows = provenance.join(rows, side, ["game_id", name])
    is_hidden = rows.lost_team_abbr.isnull() & rows.lost_opponent_abbr.notnull()
    other = ibis.ifelse(is_hidden, rows.opponent_abbr, rows.team_abbr)
    is_in_neither = rows.box_team.isnull() & rows.lost_team_abbr.notnull()
    return rows.mutate(
        told_by=ibis.coalesce(rows.box_team, other),
        told_too=ibis.ifelse(is_in_neither, rows.lost_opponent_abbr, ibis.null()),
    )


def predictions_not_copied(
    rows: ir.Table, player_prop_predictions: ir.Table, predictions_made: ir.Table
) -> ir.Table:
    """Rows whose prediction is neither that of now nor one that was said at the row's made_at."""
    keys = (*statements.KEYS, "predicted_points", "made_at")
    now = player_prop_predictions.select(*keys[:-1], made_at=_.made_at.nullif(_.made_at))
    sources = now.mutate(basis=ibis.literal("recomputed")).union(
        predictions_made.select(*keys).mutate(basis=ibis.literal("made"))
    )
    return rows.anti_join(sources, statements.is_same(rows, sources, (*keys, "basis")))


prediction_accuracy = table_asset(
    __name__,
    version=7,
    schema=PredictionAccuracy,
    reads=same_date(
        *("player_prop_predictions", "predictions_made"),
        *("nbac_schedule", "nbac_player_boxscore", "data_gaps"),
    ),
    transform=transform,
    assertions=[predictions_not_copied],
    checkpoints=[checkpoint("grading", predictions_not_copied)],
    ready_when=["box", "team", "minimum_games"],
    counts=["zone"],
)
