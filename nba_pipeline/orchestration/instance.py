"""Opens Dagster's instance of this installation."""

import os
import re
from importlib import resources
from pathlib import Path

import dagster as dg
from filelock import FileLock

from nba_pipeline.settings import Settings

# What a home's own copy may still say: its books are read on, by what keeps them in the same files.
_FORMER = re.compile(
    r"event_log_storage:\n"
    r"  module: nba_pipeline\.(instance|orchestration)\.event_log\n"
    r"  class: BatchedSqliteEventLogStorage\n"
    r"  config:\n"
    r"    base_dir:\n"
    r"      env: DAGSTER_HOME\n"
)
_PRESENT = """storage:
  custom:
    module: nba_pipeline.orchestration.books
    class: Books
    config:
      base_dir:
        env: DAGSTER_HOME
"""


def prepare_home(settings: Settings) -> Path:
    """DAGSTER_HOME of this installation, made with its dagster.yaml where there is none.

    Sets DAGSTER_HOME for this process and what it starts, unless it is set already.
    """
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(settings.dagster_home)))
    home.mkdir(parents=True, exist_ok=True)
    kept = home / "dagster.yaml"
    if not kept.exists():
        template = resources.files("nba_pipeline.orchestration") / "dagster.yaml"
        kept.write_text(template.read_text())
    elif _FORMER.search(text := kept.read_text()):
        kept.write_text(_FORMER.sub(_PRESENT, text))
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
