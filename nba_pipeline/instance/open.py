"""Opens Dagster's instance of this installation."""

import os
import shutil
from importlib import resources
from pathlib import Path

import dagster as dg

from nba_pipeline.kernel.settings import Settings


def prepare_home(settings: Settings) -> Path:
    """DAGSTER_HOME of this installation, made with its dagster.yaml where there is none.

    Sets DAGSTER_HOME for this process and what it starts, unless it is set already.
    """
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(settings.dagster_home)))
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        with resources.as_file(
            resources.files("nba_pipeline.instance") / "dagster.yaml"
        ) as template:
            shutil.copy(template, home / "dagster.yaml")
    return home


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance that the UI and the daemon use too."""
    prepare_home(settings)
    return dg.DagsterInstance.get()
