"""The program nba-pipeline: assembles the families of commands."""

import typer

from nba_pipeline.cli import coordinate, inspect, run, serve

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="NBA player-points predictions: the pipeline from landing files to graded predictions.",
)
for family in (run, inspect, coordinate, serve):
    family.add_to(app)
