"""Dagster's instance of an installation: which books it opens."""

from importlib import resources
from pathlib import Path

import dagster as dg
import pytest
import yaml

from nba_pipeline.orchestration.event_log import BatchedSqliteEventLogStorage
from nba_pipeline.orchestration.instance import _PRESENT, open_instance
from nba_pipeline.settings import Settings

FORMER = """
event_log_storage:
  module: nba_pipeline.{module}.event_log
  class: BatchedSqliteEventLogStorage
  config:
    base_dir:
      env: DAGSTER_HOME
# kept
telemetry:
  enabled: false
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of an empty home."""
    # Set, so that what the instance sets is taken back.
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setenv("NBA_PIPELINE_HOME", str(tmp_path))
    return Settings()


def _books(instance: dg.DagsterInstance, folder: Path) -> set[str]:
    """Which files of SQLite are there, once a run was noted."""
    instance.create_run_for_job(dg.GraphDefinition("nothing").to_job())
    assert instance.get_runs_count() == 1
    return {str(path.relative_to(folder)) for path in folder.rglob("*.db")}


def test_without_a_setting_the_books_are_files_in_the_home(settings) -> None:
    """Runs, schedules and events, each where Dagster's own storage of SQLite has them."""
    with open_instance(settings) as instance:
        assert isinstance(instance.event_log_storage, BatchedSqliteEventLogStorage)
        found = _books(instance, settings.dagster_home)
    assert found == {"event_log.db", "history/runs.db", "schedules/schedules.db"}


def test_where_leases_are_on_postgres_the_books_are_too(settings, postgres, monkeypatch) -> None:
    """And no file of SQLite is made, whichever driver the URL names."""
    url = postgres.database().replace("+psycopg2", "")
    monkeypatch.setenv("NBA_PIPELINE_COORDINATION", url)
    with open_instance(settings) as instance:
        assert _books(instance, settings.dagster_home) == set()
    with open_instance(settings) as instance:
        assert instance.get_runs_count() == 1


@pytest.mark.parametrize("module", ["instance", "orchestration"])
def test_the_books_of_an_earlier_release_are_read_on(settings, module) -> None:
    """Its home's own dagster.yaml is changed in its storage alone; the runs are those of before."""
    kept = settings.dagster_home / "dagster.yaml"
    kept.parent.mkdir()
    text = FORMER.format(module=module)
    kept.write_text(text.replace("nba_pipeline.instance", "nba_pipeline.orchestration"))
    with dg.DagsterInstance.get() as before:
        files = _books(before, kept.parent)
    kept.write_text(text)
    with open_instance(settings) as instance:
        assert instance.get_runs_count() == 1
        assert {str(path.relative_to(kept.parent)) for path in kept.parent.rglob("*.db")} >= files
    assert kept.read_text() == f"\n{_PRESENT}# kept\ntelemetry:\n  enabled: false\n"


def test_what_an_earlier_home_is_given_is_what_a_new_one_has() -> None:
    """The same storage as in the template."""
    template = (resources.files("nba_pipeline.orchestration") / "dagster.yaml").read_text()
    assert yaml.safe_load(template)["storage"] == yaml.safe_load(_PRESENT)["storage"]
