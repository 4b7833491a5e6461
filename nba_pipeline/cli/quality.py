"""Commands that tell how whole the data is: gaps, explain, validate."""

from typing import Annotated, Any

import typer

from nba_pipeline.cli import report
from nba_pipeline.cli.installation import open_installation
from nba_pipeline.cli.options import FirstOrEver, Json, Last, span


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    for command in (gaps, explain, validate):
        app.command()(command)


def gaps(
    first: FirstOrEver = None,
    last: Last = "today",
    open_only: Annotated[
        bool, typer.Option("--open", help="Only those whose data has not come")
    ] = False,
    as_json: Json = False,
) -> None:
    """The root gaps, and how many rows and predictions each touches."""
    from nba_pipeline.quality.gaps import root_gaps  # noqa: PLC0415

    home = open_installation()
    lines = root_gaps(home.tables.values(), *span(first, last), home.warehouse)
    lines = [line for line in lines if line["state"] == "open" or not open_only]
    if as_json:
        report.as_json(lines)
        return
    hidden = ("table_name", "game_date", "game_id", "team_abbr")
    report.table(
        [{k: v for k, v in line.items() if k not in hidden} for line in lines], empty="no gaps"
    )


def explain(
    player: Annotated[str, typer.Argument(help="Name or the league's id")],
    day: Annotated[str, typer.Argument(metavar="DATE", help="YYYY-MM-DD, today or yesterday")],
    as_json: Json = False,
) -> None:
    """A prediction, its features, its windows, and every path from a root gap to it."""
    from nba_pipeline.quality.explain import explain as explained  # noqa: PLC0415
    from nba_pipeline.quality.predictions import PREDICTIONS  # noqa: PLC0415

    home = open_installation()
    when, _last = span(day, day)
    outdated = home.session.survey().outdated(PREDICTIONS).get(when)
    explanation = explained(player, when, home.tables, home.warehouse, outdated)
    if as_json:
        report.as_json(explanation)
    else:
        _print(explanation)


def _print(explanation: dict[str, Any]) -> None:
    """The explanation for people."""
    if why := explanation["outdated"]:
        report.line(
            f"The predictions are out of date: {why}. What is shown beside them is of now; "
            "nba-pipeline repair computes them again."
        )
    title = "{player} ({player_id}), {team} against {opponent} on {date}".format(**explanation)
    report.table(explanation["predictions"], title=title)
    report.table(
        explanation["said"],
        title="said before tip-off",
        empty="nothing was said of him before tip-off",
    )
    known = [{"feature": name, "value": value} for name, value in explanation["features"].items()]
    report.table(known, title="features; an empty one is unknown")
    report.table(
        explanation["moved"],
        title="what moved the trained model's prediction most, in points",
        empty="no trained model serves the date",
    )
    report.table(explanation["games"], title="games behind him, latest first", empty="no games")
    if not explanation["gaps"]:
        report.line("No gap touches it.")
    for gap in explanation["gaps"]:
        report.line(f"{gap['gap_id']}: {gap['rule']}, {gap['detail']}")
        for path in gap["paths"]:
            report.line("  " + " -> ".join(path))


def validate(
    checkpoints: Annotated[list[str] | None, typer.Argument(help="All where none is named")] = None,
    first: FirstOrEver = None,
    last: Last = "today",
    as_json: Json = False,
) -> None:
    """Judges what is stored again, checkpoint by checkpoint; ends with 1 when one fails."""
    from nba_pipeline.quality.checkpoints import figures  # noqa: PLC0415
    from nba_pipeline.quality.checkpoints import validate as validated  # noqa: PLC0415
    from nba_pipeline.quality.stored import NothingStored  # noqa: PLC0415

    home = open_installation()
    begin, end = span(first, last)
    asked = (checkpoints or [], home.tables, begin, end, home.warehouse, home.landing)
    lines = validated(*asked)
    if not lines:
        raise NothingStored(
            f"nothing that {', '.join(checkpoints or ['a checkpoint'])} judges is stored from "
            f"{begin} to {end}: nba-pipeline backfill --from DATE --to DATE"
        )
    beside = figures(*asked)
    if as_json:
        report.as_json({"checks": lines, "figures": [vars(part) for part in beside]})
    else:
        report.table(lines)
        for part in beside:
            report.table(part.rows, title=f"{part.checkpoint}: {part.what}")
    if any(line["failed"] for line in lines):
        raise typer.Exit(1)
