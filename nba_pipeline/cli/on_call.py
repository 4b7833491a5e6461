"""The command for whoever is on call: report."""

import typer

from nba_pipeline.cli import report as printing
from nba_pipeline.cli.installation import open_installation
from nba_pipeline.cli.options import Json
from nba_pipeline.errors import NbaPipelineError


class CannotLook(NbaPipelineError):
    """Nothing can be said of the installation, as the alert says too."""


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(report)


def report(as_json: Json = False) -> None:
    """What runs, what was stopped and why, tonight's predictions, their gaps, and what to do next."""
    from nba_pipeline.automation.on_call import on_call  # noqa: PLC0415

    home = open_installation()
    try:
        told = on_call(home)
    except Exception as error:
        raise CannotLook(f"cannot look: {type(error).__name__}: {error}") from error
    if as_json:
        printing.as_json(told.as_dict())
        return
    printing.line(f"{told.at}: {_tonight(dict(told.tonight))}")
    if told.landing:
        printing.error(f"{told.landing}: nothing is computed until it is back")
    printing.table(told.running, title="running", empty="nothing runs")
    printing.table(told.stopped, title="stopped in the last day", empty="nothing was stopped")
    for title, lines in (
        ("failed", told.failing),
        ("cancelled, and left alone until what it is made from changes", told.cancelled),
        ("out of date", told.stale),
        ("checkpoints", told.checkpoints),
        ("open gaps that tonight's predictions name", told.gaps),
    ):
        if lines:
            printing.table(lines, title=title)
    printing.line("next: " + (", then ".join(told.next) or "nothing to do"))


def _tonight(tonight: dict[str, object]) -> str:
    """Tonight's predictions in a sentence."""
    if not tonight["is_season"]:
        return "off-season, nothing is predicted today"
    if tonight["predictions"] is None:
        said = "no predictions of today"
    else:
        said = f"{tonight['predictions']} predictions of today, {tonight['not_ready']} not ready"
    if tonight["to_compute"]:
        said += f", {tonight['to_compute']} partitions to compute"
    waits = tonight["waits_for"]
    return said + (
        f"; waiting: {', '.join(map(str, waits))}" if isinstance(waits, list) and waits else ""
    )
