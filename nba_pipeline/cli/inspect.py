"""Commands that look: sql, accuracy."""

from enum import StrEnum
from typing import Annotated

import typer

from nba_pipeline.cli import report
from nba_pipeline.cli.installation import here
from nba_pipeline.cli.run import First, Json, Last


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    json = "json"
    csv = "csv"


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    for command in (sql, accuracy):
        app.command()(command)


def sql(
    query: Annotated[str, typer.Argument(help="A SELECT over the tables")],
    form: Annotated[Format, typer.Option("--format", help="How to print")] = Format.table,
) -> None:
    """A read-only query; it reaches the tables and nothing else."""
    from nba_pipeline.quality.query import QueryRefused, run_query  # noqa: PLC0415

    try:
        rows = run_query(here().session.warehouse, query)
    except QueryRefused as error:
        report.stop(str(error), 2)
    if form is Format.csv:
        typer.echo(rows.to_csv(index=False), nl=False)
    elif form is Format.json:
        typer.echo(rows.to_json(orient="records", date_format="iso", indent=2))
    else:
        values = rows.astype(object).mask(rows.isna(), other=None)
        report.table(values.to_dict("records"), empty="no rows")


def accuracy(first: First = "2021-10-19", last: Last = "today", as_json: Json = False) -> None:
    """Each system's error on the games played, beside the naive baselines on the same rows."""
    from nba_pipeline.kernel.calendar import resolve_date  # noqa: PLC0415
    from nba_pipeline.quality.accuracy import accuracy_of  # noqa: PLC0415

    try:
        begin, end = resolve_date(first), resolve_date(last)
    except ValueError as error:
        report.stop(str(error), 2)
    rows = accuracy_of(here().session.warehouse, begin, end)
    if as_json:
        report.as_json(rows)
    else:
        report.table(rows, title=f"{begin} to {end}, players who played", empty="nothing is graded")
