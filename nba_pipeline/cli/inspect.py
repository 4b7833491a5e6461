"""Commands that look: status, sql, diff, accuracy."""

from enum import StrEnum
from typing import Annotated

import typer

from nba_pipeline.cli import report
from nba_pipeline.cli.installation import open_installation
from nba_pipeline.cli.options import First, FirstOrEver, Json, Last, Tables, span


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    json = "json"
    csv = "csv"


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    for command in (status, sql, diff, accuracy):
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
    wanted = in_order(home.tables, tables or [], downstream=False)
    lines = partition_status(wanted, begin, end, home.survey())
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
    from nba_pipeline.quality.query import run_query  # noqa: PLC0415
    from nba_pipeline.quality.status import status_table  # noqa: PLC0415

    home = open_installation()
    made = {"partition_status": lambda: status_table(home.tables.values(), home.survey())}
    rows = run_query(home.warehouse, query, made)
    if form is Format.csv:
        report.as_csv(rows.column_names, rows.to_pylist())
    elif form is Format.json:
        report.as_json(rows.to_pylist())
    else:
        report.table(rows.to_pylist(), empty="no rows")


def diff(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run's or a backfill's id")],
    as_json: Json = False,
) -> None:
    """What a run changed: rows added, removed and changed, readiness, how far predictions moved."""
    from nba_pipeline.quality.changes import changes_of_run  # noqa: PLC0415

    home = open_installation()
    runs = {step.run_id for step in home.progress.steps(run_id)} or {run_id}
    lines = changes_of_run(runs, home.tables.values(), home.warehouse)
    rows = [vars(line) for line in lines]
    if as_json:
        report.as_json(rows)
    else:
        told = [row for row in rows if row["added"] or row["removed"] or row["changed"]]
        report.table(told, title=f"changed by {run_id}", empty="no row was changed")


def accuracy(first: FirstOrEver = None, last: Last = "today", as_json: Json = False) -> None:
    """Each system's error on the games played, beside the naive baselines on the same rows."""
    from nba_pipeline.quality.accuracy import accuracy_of  # noqa: PLC0415
    from nba_pipeline.quality.stored import NothingStored, require_stored  # noqa: PLC0415

    home = open_installation()
    begin, end = span(first, last)
    graded = ("prediction_accuracy", "ml_feature_store_v2", "player_game_summary")
    require_stored(home.warehouse, *graded)
    rows = accuracy_of(home.warehouse, begin, end)
    if not rows:
        raise NothingStored(
            f"nothing is graded from {begin} to {end}: "
            "nba-pipeline grade --date DATE, once the date's games are final"
        )
    if as_json:
        report.as_json(rows)
    else:
        report.table(rows, title=f"{begin} to {end}, players who played")
