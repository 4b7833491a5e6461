"""Commands that serve: Dagster's UI with its daemon."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from nba_pipeline.cli import report

if TYPE_CHECKING:
    from nba_pipeline.settings import Settings

_CODE = ("-m", "nba_pipeline.definitions")
_LOOK_SECONDS = 0.2


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(ui)


class Part(StrEnum):
    """What is started."""

    all = "all"
    webserver = "webserver"
    daemon = "daemon"


def ui(
    port: Annotated[int, typer.Option(help="Port of the webserver")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    only: Annotated[
        Part, typer.Option(help="One of the two programs, as services run them apart")
    ] = Part.all,
) -> None:
    """Dagster's webserver, and the daemon with all sensors and schedules, until interrupted."""
    from nba_pipeline.orchestration.instance import open_instance  # noqa: PLC0415
    from nba_pipeline.settings import Settings  # noqa: PLC0415

    settings = Settings()
    # Sets DAGSTER_HOME too.
    instance = open_instance(settings)
    if only is not Part.daemon:
        report.console.print(f"http://{host}:{port}", highlight=False)
    programs = {
        Part.webserver: ["dagster_webserver", *_CODE, "-h", host, "-p", str(port)],
        Part.daemon: ["nba_pipeline.automation.daemon", "run", *_CODE],
    }
    wanted = [words for part, words in programs.items() if only in (part, Part.all)]
    # From where a dagster.yaml lies that is not the instance's, Dagster warns of it.
    raise typer.Exit(_run(wanted, instance.root_directory, {**os.environ, **_places(settings)}))


def _run(programs: Sequence[Sequence[str]], folder: str, places: Mapping[str, str]) -> int:
    """Runs modules until one ends or this process is told to; then tells the others to.

    Returns:
        What the first that ended by itself ended with, else 0.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    running = [
        subprocess.Popen([sys.executable, "-m", *words], env=places, cwd=folder)  # noqa: S603
        for words in programs
    ]
    ended: list[int] = []
    try:
        while not ended:
            time.sleep(_LOOK_SECONDS)
            ended = [code for each in running if (code := each.poll()) is not None]
    except KeyboardInterrupt:
        pass
    finally:
        for each in running:
            # What a shell has started in the background hears no interrupt.
            each.terminate()
        for each in running:
            each.wait()
    return ended[0] if ended else 0


def _places(settings: "Settings") -> dict[str, str]:
    """The settings as the environment of other processes, which start in other working folders.

    Those of a .env file that lies where this one was started are among them.
    """
    from pydantic import SecretStr  # noqa: PLC0415

    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    given |= {
        "home": settings.home.absolute(),
        "landing": settings.landing_root,
        "warehouse": settings.warehouse_place,
        "coordination": settings.coordination_url,
    }
    return {
        f"NBA_PIPELINE_{name.upper()}": value.get_secret_value()
        if isinstance(value, SecretStr)
        else str(value)
        for name, value in given.items()
    }
