"""Commands that tell how whole the data is: gaps, explain, validate."""

from typing import Annotated, Any

import typer

from nba_pipeline.cli import report
from nba_pipeline.cli.installation import open_installation
from nba_pipeline.cli.run import First, Json, Last, span
from nba_pipeline.league import calendar

_EVER = str(calendar.FIRST_DAY)


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    for command in (gaps, explain, validate):
        app.command()(command)


def gaps(
    first: First = _EVER,
    last: Last = "today",
    open_only: Annotated[
        bool, typer.Option("--open", help="Only those whose data has not come")
    ] = False,
    as_json: Json = False,
) -> None:
    """The root gaps, and how many rows and predictions each touches."""
    from nba_pipeline.quality.gaps import root_gaps  # noqa: PLC0415

    home = open_installation()
    lines = root_gaps(home.tables.values(), *span(first, last), home.session.warehouse)
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
    from nba_pipeline.quality.explain import NotPredicted  # noqa: PLC0415
    from nba_pipeline.quality.explain import explain as explained  # noqa: PLC0415

    home = open_installation()
    when, _last = span(day, day)
    try:
        told = explained(player, when, home.tables, home.session.warehouse)
    except NotPredicted as error:
        report.stop(str(error))
    if as_json:
        report.as_json(told)
    else:
        _print(told)


def _print(told: dict[str, Any]) -> None:
    """The explanation for people."""
    title = "{player} ({player_id}), {team} against {opponent} on {date}".format(**told)
    report.table(told["predictions"], title=title)
    report.table(
        told["said"], title="said before tip-off", empty="nothing was said of him before tip-off"
    )
    known = [{"feature": name, "value": value} for name, value in told["features"].items()]
    report.table(known, title="features; an empty one is unknown")
    report.table(told["games"], title="games behind him, latest first", empty="no games")
    if not told["gaps"]:
        report.line("No gap touches it.")
    for gap in told["gaps"]:
        report.line(f"{gap['gap_id']}: {gap['rule']}, {gap['detail']}")
        for path in gap["paths"]:
            report.line("  " + " -> ".join(path))


def validate(
    checkpoints: Annotated[list[str] | None, typer.Argument(help="All where none is named")] = None,
    first: First = _EVER,
    last: Last = "today",
    as_json: Json = False,
) -> None:
    """Judges what is stored again, checkpoint by checkpoint; ends with 1 when one fails."""
    from nba_pipeline.quality.checkpoints import validate as validated  # noqa: PLC0415

    home = open_installation()
    session = home.session
    try:
        lines = validated(
            checkpoints or [], home.tables, *span(first, last), session.warehouse, session.landing
        )
    except KeyError as error:
        report.stop(str(error.args[0]), 2)
    if as_json:
        report.as_json(lines)
    else:
        report.table(lines, empty="nothing is stored")
    if any(line["failed"] for line in lines):
        raise typer.Exit(1)
