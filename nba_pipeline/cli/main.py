"""The program nba-pipeline: assembles the families of commands, and draws every error once."""

import atexit
import gc
from typing import Any

# Importing makes a million objects that all stay: collecting among them took a third of the start,
# and as much again of the exit.
gc.set_threshold(1_000_000)
atexit.register(gc.freeze)

import typer  # noqa: E402
from typer.core import TyperGroup  # noqa: E402

from nba_pipeline.cli import (  # noqa: E402
    coordinate,
    demo,
    inspect,
    landing,
    on_call,
    quality,
    report,
    run,
    serve,
)
from nba_pipeline.errors import NbaPipelineError  # noqa: E402


class _Program(TyperGroup):
    """The commands; what they raise on purpose is one line in red, and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command; ends with the error's own exit code."""
        try:
            return super().invoke(ctx)
        except NbaPipelineError as error:
            # Some derive from KeyError too, whose own text is a quotation.
            report.stop(" ".join(map(str, error.args)), error.exit_code)


app = typer.Typer(
    cls=_Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="NBA player-points predictions: the pipeline from landing files to graded predictions.",
)
for family in (demo, landing, run, inspect, quality, on_call, coordinate, serve):
    family.add_to(app)
