"""Opens Dagster's instance of this installation."""

import os
import shutil
from importlib import resources
from pathlib import Path

import dagster as dg
from filelock import FileLock

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
    home = prepare_home(settings)
    # Dagster makes its tables when first asked for them, which several processes cannot do at once.
    with FileLock(home / "opening.lock"):
        instance = dg.DagsterInstance.get()
        instance.get_runs_count()
        instance.all_instigator_state()
        instance.get_asset_keys(limit=1)
    return instance
