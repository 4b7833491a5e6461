"""Commands that look: status, sql, accuracy."""

from enum import StrEnum
from typing import Annotated

import typer

from nba_pipeline.cli import report
from nba_pipeline.cli.installation import open_installation
from nba_pipeline.cli.run import First, Json, Last, Tables, span


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    json = "json"
    csv = "csv"


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    for command in (status, sql, accuracy):
        app.command()(command)


def status(
    first: First,
    last: Last,
    tables: Tables = None,
    each: Annotated[bool, typer.Option(help="One line per partition")] = False,
    as_json: Json = False,
) -> None:
    """How many partitions are stored, current, whole and ready; read from stamps alone."""
    from nba_pipeline.backfill.planner import in_order  # noqa: PLC0415
    from nba_pipeline.quality.status import by_table, partition_status  # noqa: PLC0415

    home = open_installation()
    begin, end = span(first, last)
    try:
        wanted = in_order(home.tables, tables or [], downstream=False)
    except KeyError as error:
        report.stop(str(error.args[0]), 2)
    session = home.session
    lines = partition_status(wanted, begin, end, session.survey())
    shown = lines if each or as_json else by_table(lines)
    if as_json:
        report.as_json(shown)
    else:
        report.table(shown, title=f"{begin} to {end}", empty="off-season: no partitions")


def sql(
    query: Annotated[str, typer.Argument(help="A SELECT over the tables and partition_status")],
    form: Annotated[Format, typer.Option("--format", help="How to print")] = Format.table,
) -> None:
    """A read-only query; it reaches the tables and nothing else."""
    from nba_pipeline.quality.query import QueryRefused, run_query  # noqa: PLC0415
    from nba_pipeline.quality.status import status_table  # noqa: PLC0415

    session = open_installation().session
    told = {
        "partition_status": lambda: status_table(
            open_installation().tables.values(), session.survey()
        )
    }
    try:
        rows = run_query(session.warehouse, query, told)
    except QueryRefused as error:
        report.stop(str(error), 2)
    if form is Format.csv:
        report.as_csv(rows.column_names, rows.to_pylist())
    elif form is Format.json:
        report.as_json(rows.to_pylist())
    else:
        report.table(rows.to_pylist(), empty="no rows")


def accuracy(first: First = "2021-10-19", last: Last = "today", as_json: Json = False) -> None:
    """Each system's error on the games played, beside the naive baselines on the same rows."""
    from nba_pipeline.quality.accuracy import accuracy_of  # noqa: PLC0415

    begin, end = span(first, last)
    rows = accuracy_of(open_installation().session.warehouse, begin, end)
    if as_json:
        report.as_json(rows)
    else:
        report.table(rows, title=f"{begin} to {end}, players who played", empty="nothing is graded")
