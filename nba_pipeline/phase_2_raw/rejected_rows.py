"""Every line or file of a source that could not be taken, and why: nothing is lost silently.

A file that names no date is under its season's first day. Lines of games that are scheduled but
not covered (preseason, All-Star) are no rejections.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.table import same_date, table_asset
from nba_pipeline.kernel.units import numbered
from nba_pipeline.league.schedule import both_teams
from nba_pipeline.phase_1_sources.nba_stats_league_game_log import (
    nba_stats_league_game_log_player,
    nba_stats_league_game_log_team,
)

GRAIN = ["source_file", "row_number", "field", "rule"]


class RejectedRows(pa.DataFrameModel):
    """The columns."""

    source_file: str = pa.Field(description="File, relative to the landing zone")
    row_number: int = pa.Field(
        nullable=True, description="Position in the source's own list, from 0; NULL for a file"
    )
    game_date: date = pa.Field(description="Date it is filed under; the partition")
    game_id: str = pa.Field(nullable=True, description="Game id as the source has it")
    team_abbr: str = pa.Field(nullable=True, description="Team as the source has it")
    field: str = pa.Field(nullable=True, description="The source's name of the bad field")
    value: str = pa.Field(nullable=True, description="What the source has there")
    rule: str = pa.Field(description="Name of the rule that it breaks")
    detail: str = pa.Field(description="A sentence that names file, row and field")

    class Config:
        """One row per bad field, line or file."""

        unique = GRAIN
        strict = "filter"


def _off_schedule(lines: ir.Table, nbac_schedule: ir.Table) -> ir.Table:
    """Lines whose game, team and date the schedule does not have."""
    sides = both_teams(nbac_schedule).select("game_id", "team_abbr", "game_date")
    # Teams of an exhibition are not the league's, so its lines are known by the game alone.
    exhibitions = nbac_schedule.filter(_.season_type.isin(["preseason", "all_star"]))
    unknown = lines.anti_join(sides, ["game_id", "team_abbr", "game_date"])
    unknown = unknown.anti_join(exhibitions, ["game_id"])
    where = unknown.game_id + " of " + unknown.team_abbr + " on " + unknown.game_date.cast("string")
    return _line(unknown, "unknown_game", unknown.game_id, "the schedule has no game " + where)


def _repeated(lines: ir.Table, key: str) -> ir.Table:
    """Lines whose key has been said before."""
    again = numbered(lines, ["game_id", key]).filter(_.repetition > 0)
    name = again[key].cast("string")
    return _line(again, f"repeated_{key}", name, name + " is in game " + again.game_id + " already")


def _line(lines: ir.Table, rule: str, value: ir.StringValue, told: ir.StringValue) -> ir.Table:
    place = lines.source_file + " row " + lines.row_number.cast("string") + ": "
    return lines.select(
        "source_file",
        "row_number",
        "game_date",
        "game_id",
        "team_abbr",
        field=ibis.null().cast("string"),
        value=value,
        rule=ibis.literal(rule),
        detail=place + told,
    )


def transform(
    nba_stats_league_game_log_team: ir.Table,
    nba_stats_league_game_log_team_rejected: ir.Table,
    nba_stats_league_game_log_player: ir.Table,
    nba_stats_league_game_log_player_rejected: ir.Table,
    nbac_schedule: ir.Table,
) -> ir.Table:
    """What the parsers rejected, lines off the schedule, and repeated lines."""
    parsed = nba_stats_league_game_log_team_rejected.union(
        nba_stats_league_game_log_player_rejected
    ).drop("season")
    names = parsed.columns
    found = [
        _off_schedule(nba_stats_league_game_log_team, nbac_schedule),
        _off_schedule(nba_stats_league_game_log_player, nbac_schedule),
        _repeated(nba_stats_league_game_log_team, "team_abbr"),
        _repeated(nba_stats_league_game_log_player, "player_id"),
    ]
    return ibis.union(parsed, *(lines.select(*names) for lines in found))


def unreadable_files(rows: ir.Table) -> ir.Table:
    """Files of which nothing could be taken: cut off, no JSON, or of another shape."""
    return rows.filter(_.row_number.isnull())


rejected_rows = table_asset(
    __name__,
    version=1,
    schema=RejectedRows,
    reads=same_date("nbac_schedule"),
    sources=[nba_stats_league_game_log_team, nba_stats_league_game_log_player],
    transform=transform,
    violations=[unreadable_files],
    checkpoints=[checkpoint("sources", unreadable_files, is_loss=True)],
)
