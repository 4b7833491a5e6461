"""Dagster's books: on Postgres where the coordination store is, in SQLite files otherwise."""

from pathlib import Path
from typing import Any, Self

from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

from nba_pipeline.orchestration.event_log import BatchedSqliteEventLogStorage
from nba_pipeline.settings import Settings


class Books(DagsterSqliteStorage):
    """The storage that dagster.yaml names: which database it is, the settings say."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = base_dir
        self._inst_data = inst_data
        self._run_storage, self._event_log_storage, self._schedule_storage = _open(Path(base_dir))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Any) -> Self:
        """The storage of a dagster.yaml."""
        return cls.from_local(inst_data=inst_data, **config_value)


def _open(folder: Path) -> tuple[Any, Any, Any]:
    """Runs, event log and schedules, which the parent takes to be SQLite's."""
    url = Settings().coordination_url
    if url.startswith("postgresql"):
        # It may not be installed where it is not used.
        from nba_pipeline.orchestration.event_log_postgres import open_storages  # noqa: PLC0415

        return open_storages(url)
    return (
        SqliteRunStorage.from_local(str(folder / "history")),
        BatchedSqliteEventLogStorage(str(folder)),
        SqliteScheduleStorage.from_local(str(folder / "schedules")),
    )
