"""Commands that serve: Dagster's UI with its daemon."""

import os
import subprocess
import sys
from typing import Annotated

import typer

from nba_pipeline.cli import report


def add_to(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(ui)


def ui(
    port: Annotated[int, typer.Option(help="Port of the webserver")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
) -> None:
    """Dagster's webserver and daemon on this workspace, until interrupted."""
    from nba_pipeline.orchestration.instance import open_instance  # noqa: PLC0415
    from nba_pipeline.settings import Settings  # noqa: PLC0415

    settings = Settings()
    # Sets DAGSTER_HOME too.
    instance = open_instance(settings)
    # The runs start in processes of their own, with other working folders.
    places = {
        "NBA_PIPELINE_HOME": str(settings.home.absolute()),
        "NBA_PIPELINE_LANDING": settings.landing_root,
        "NBA_PIPELINE_WAREHOUSE": f"delta:{settings.warehouse_folder}",
        "NBA_PIPELINE_COORDINATION": settings.coordination_url,
    }
    report.console.print(f"http://{host}:{port}", highlight=False)
    # Dagster advises its newer program dg, which is a package of its own.
    quiet = ["-W", "ignore:Function `dev_command` is superseded"]
    command = [sys.executable, *quiet, "-m", "dagster", "dev", "-m", "nba_pipeline.definitions"]
    answer = subprocess.run(  # noqa: S603  this interpreter and fixed words
        [*command, "-h", host, "-p", str(port)],
        env={**os.environ, **places},
        # From where a dagster.yaml lies that is not the instance's, Dagster warns of it.
        cwd=instance.root_directory,
        check=False,
    )
    raise typer.Exit(answer.returncode)
