"""The command that shows what this is, on a league that it makes up."""

import os
import shlex
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer

from nba_pipeline.cli import report
from nba_pipeline.cli.installation import open_installation
from nba_pipeline.cli.run import request_of
from nba_pipeline.errors import WrongRequest

_LAST_SEASON, _INJURIES = "2023-24", 0.02
_QUERY = "SELECT player_lookup, system, predicted_points, p10, p90 FROM player_prop_predictions"


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(demo)


def demo(
    seasons: Annotated[int, typer.Option(min=1, help="how many; the last one is 2023-24")] = 2,
) -> None:
    """Simulates a small league, computes everything from it, and says what to look at.

    Of several seasons the first has no shots, of each other one game; one game of each lacks the lines
    of a team's players; one book has impossible prices.
    """
    from nba_pipeline.cli.execute import execute  # noqa: PLC0415
    from nba_pipeline.league import calendar  # noqa: PLC0415
    from nba_pipeline.quality.accuracy import accuracy_of  # noqa: PLC0415
    from nba_pipeline.simulation.league import League, write_landing  # noqa: PLC0415
    from nba_pipeline.simulation.sources import ALL_SOURCES  # noqa: PLC0415

    base = (open_installation().settings.home / "demo").absolute()
    # The run's own session reads the settings again.
    places = {
        "NBA_PIPELINE_HOME": str(base),
        "NBA_PIPELINE_LANDING": str(base / "landing"),
        "NBA_PIPELINE_WAREHOUSE": f"delta:{base / 'warehouse'}",
        "NBA_PIPELINE_COORDINATION": f"sqlite:///{base / 'coordination.db'}",
        "DAGSTER_HOME": str(base / "dagster"),
    }
    os.environ |= places
    known = calendar.seasons()
    end = known.index(calendar.season(_LAST_SEASON)) + 1
    if seasons > end:
        raise WrongRequest(f"--seasons {seasons}: the calendar has {end} up to {_LAST_SEASON}")
    spans = known[end - seasons : end]
    league = League(season=spans[0].name, injuries=_INJURIES, spoken_names=True)
    also = replace(ALL_SOURCES, seasons_without_shots=min(1, seasons - 1))
    games = write_landing(base / "landing", league, seasons=seasons, also=also)
    report.line(f"{games} games simulated into {base / 'landing'}")
    home = open_installation()
    first, last = spans[0].first, spans[-1].days()[league.days - 1]
    ended = execute(home, request_of(home, str(first), str(last)))
    if ended.exit_code:
        raise typer.Exit(ended.exit_code)
    rows = accuracy_of(home.session.warehouse, spans[-1].first, last)
    report.table(rows, title="How the predictions came out")
    exports = " ".join(f"{name}={shlex.quote(place)}" for name, place in places.items())
    report.line(
        f"""Look further:
  export {exports}
  nba-pipeline ui
  nba-pipeline status --from {last - timedelta(days=6)} --to {last}
  nba-pipeline gaps
  nba-pipeline sql "{_QUERY} WHERE game_date = '{last}' LIMIT 10"
"""
    )
