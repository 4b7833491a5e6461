"""The program nba-pipeline: assembles the families of commands."""

import atexit
import gc

# Importing makes a million objects that all stay: collecting among them took a third of the start,
# and as much again of the exit.
gc.set_threshold(100_000)
atexit.register(gc.freeze)

import typer  # noqa: E402

from nba_pipeline.cli import coordinate, inspect, quality, run, serve  # noqa: E402

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="NBA player-points predictions: the pipeline from landing files to graded predictions.",
)
for family in (run, inspect, quality, coordinate, serve):
    family.add_to(app)
