"""Commands that serve: Dagster's UI with its daemon."""

import os
import subprocess
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from nba_pipeline.cli import report

if TYPE_CHECKING:
    from nba_pipeline.settings import Settings

_CODE = ("-m", "nba_pipeline.definitions")


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
    address = ["-h", host, "-p", str(port)]
    # Dagster advises its newer program dg, which is a package of its own.
    quiet = ["-W", "ignore:Function `dev_command` is superseded"]
    words = {
        Part.all: [*quiet, "-m", "dagster", "dev", *_CODE, *address],
        Part.webserver: ["-m", "dagster_webserver", *_CODE, *address],
        Part.daemon: ["-m", "dagster._daemon", "run", *_CODE],
    }[only]
    answer = subprocess.run(  # noqa: S603  this interpreter and fixed words
        [sys.executable, *words],
        env={**os.environ, **_places(settings)},
        # From where a dagster.yaml lies that is not the instance's, Dagster warns of it.
        cwd=instance.root_directory,
        check=False,
    )
    raise typer.Exit(answer.returncode)


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
