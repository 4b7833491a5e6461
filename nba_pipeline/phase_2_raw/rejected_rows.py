"""Every row or file of a source that could not be taken, and why: nothing is lost silently.

Made of what all raw tables' sources and the tables themselves reject, and of rows that the schedule
does not know. What names no date of its own is under its file's, or under its season's first day.
Rows of games that are scheduled but not covered (preseason, All-Star), or not over, are no rejections.
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from ibis import _

from nba_pipeline.kernel.checkpoint import checkpoint
from nba_pipeline.kernel.reads import same_date
from nba_pipeline.kernel.table import parameters, table_asset
from nba_pipeline.kernel.units import off_schedule
from nba_pipeline.phase_1_sources.accepted_gaps import accepted_gaps
from nba_pipeline.phase_2_raw import raw_tables

SOURCES = {source.name: source for table in raw_tables() for source in table.sources}
SOURCES[accepted_gaps.name] = accepted_gaps
REJECTING = {f"rejected_by_{table.name}": table for table in raw_tables() if table.rejections}
REJECTIONS = {name: table.rejections for name, table in REJECTING.items() if table.rejections}
PLAYERS_FROM = {s.name: s for table in REJECTING.values() for s in table.players_from}
READS = {
    read.parameter: read
    for name, table in REJECTING.items()
    for read in table.reads
    if read.parameter in parameters(REJECTIONS[name], ())
}
READS |= {read.parameter: read for read in same_date("nbac_schedule")}
GRAIN = ["game_date", "source_file", "row_number", "field", "rule"]


class RejectedRows(pa.DataFrameModel):
    """The columns; game_id, team_abbr, field and value are as the source has them.

    Every row also has season, bypass, run_id, code_version, written_at.
    """

    source_file: str = pa.Field(description="File, relative to the landing zone")
    row_number: int = pa.Field(
        nullable=True, description="Position in the source's own list, from 0; NULL for a file"
    )
    game_date: date
    game_id: str = pa.Field(nullable=True)
    team_abbr: str = pa.Field(nullable=True)
    field: str = pa.Field(nullable=True, description="The source's name of the bad field")
    value: str = pa.Field(nullable=True, description="What the source has there")
    rule: str = pa.Field(description="Name of the rule that is broken")
    detail: str = pa.Field(description="What is wrong, in a sentence that says where")

    class Config:
        """One row per bad field, row or file."""

        unique = GRAIN
        strict = "filter"


def transform(nbac_schedule: ir.Table, **inputs: ir.Table) -> ir.Table:
    """What the sources' files and the raw tables could not take, and rows off the schedule."""
    inputs |= {"nbac_schedule": nbac_schedule}
    said = [inputs[f"{name}_rejected"].drop("season") for name in SOURCES]
    columns = said[0].columns
    # What lies in the place of a folder of two sources is told by both.
    found = [ibis.union(*said, distinct=True)]
    of_games = [
        inputs[name].select("source_file", "row_number", "game_date", "game_id", "team_abbr")
        for name in SOURCES
        if {"game_id", "team_abbr"} <= set(inputs[name].columns)
    ]
    found.append(off_schedule(ibis.union(*of_games), nbac_schedule).select(*columns))
    found += [inputs[name].select(*columns) for name in REJECTING]
    return ibis.union(*found)


def unreadable_files(rows: ir.Table) -> ir.Table:
    """Files that could not be taken at all."""
    return rows.filter(_.row_number.isnull())


def unreadable_games(rows: ir.Table) -> ir.Table:
    """Games of the schedule that could not be taken, so that nothing is expected of them."""
    required = [source.place for source in SOURCES.values() if source.is_required]
    return rows.filter(ibis.or_(*(_.source_file.startswith(f"{place}/") for place in required)))


rejected_rows = table_asset(
    __name__,
    version=6,
    schema=RejectedRows,
    reads=list(READS.values()),
    sources=list(SOURCES.values()),
    needs_sources=True,
    players_from=list(PLAYERS_FROM.values()),
    parts=REJECTIONS,
    transform=transform,
    violations=[unreadable_files, unreadable_games],
    checkpoints=[checkpoint("sources", unreadable_files, unreadable_games, is_loss=True)],
)
