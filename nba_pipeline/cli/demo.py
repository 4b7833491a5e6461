"""The command that shows what this is, on a league that it makes up."""

import os
import shlex
from datetime import timedelta

import typer

from nba_pipeline.cli import report
from nba_pipeline.cli.installation import open_installation
from nba_pipeline.cli.run import request_of

_QUERY = "SELECT player_lookup, system, predicted_points, p10, p90 FROM player_prop_predictions"


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(demo)


def demo() -> None:
    """Simulates a small league, computes everything from it, and says what to look at."""
    from nba_pipeline.cli.execute import execute  # noqa: PLC0415
    from nba_pipeline.league import calendar  # noqa: PLC0415
    from nba_pipeline.quality.accuracy import accuracy_of  # noqa: PLC0415
    from nba_pipeline.simulation.league import League, write_landing  # noqa: PLC0415

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
    league = League()
    games = write_landing(base / "landing", league)
    report.line(f"{games} games simulated into {base / 'landing'}")
    home = open_installation()
    season = calendar.season(league.season)
    last = season.days()[league.days - 1]
    ended = execute(home, request_of(home, str(season.first), str(last)))
    if ended.exit_code:
        raise typer.Exit(ended.exit_code)
    rows = accuracy_of(home.session.warehouse, season.first, last)
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
