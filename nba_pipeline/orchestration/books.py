"""Dagster's books: on Postgres where the coordination store is, in SQLite files otherwise."""

from pathlib import Path
from typing import Any, Self

from dagster._core.storage.event_log import EventLogStorage
from dagster._core.storage.runs import RunStorage, SqliteRunStorage
from dagster._core.storage.schedules import ScheduleStorage
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
        storages = _open(Path(base_dir))
        # The class that it derives from knows those of SQLite alone.
        self._run_storage, self._event_log_storage, self._schedule_storage = storages  # type: ignore[assignment]

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """The storage of a dagster.yaml."""
        return cls.from_local(inst_data=inst_data, **config_value)


def _open(folder: Path) -> tuple[RunStorage, EventLogStorage, ScheduleStorage]:
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
