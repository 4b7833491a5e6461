"""Batches of events on either database: one transaction, the same answers, in one order."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.events import DagsterEvent, StepMaterializationData
from dagster._core.storage.event_log.base import EventLogStorage

from nba_pipeline.orchestration.event_log import BatchedSqliteEventLogStorage

KEY = dg.AssetKey("scores")
DAYS = ("2024-01-01", "2024-01-02")
PARTITIONS = dg.StaticPartitionsDefinition(list(DAYS))
CHECK = dg.AssetCheckKey(KEY, "expected_keys")


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLogStorage]:
    """An empty event log on each database in turn."""
    if request.param == "sqlite":
        opened = BatchedSqliteEventLogStorage(str(tmp_path))
    else:
        server = request.getfixturevalue("postgres")
        pytest.importorskip("dagster_postgres")
        from nba_pipeline.orchestration.event_log_postgres import open_storages  # noqa: PLC0415

        opened = open_storages(server.database())[1]
    with dg.DagsterInstance.ephemeral() as instance:
        opened.register_instance(instance)
        yield opened
    opened._pool.dispose()


def _entry(kind: dg.DagsterEventType, detail: Any, run_id: str = "first") -> dg.EventLogEntry:
    event = DagsterEvent(kind.value, "job", step_key="scores", event_specific_data=detail)
    return dg.EventLogEntry(None, 10, "", run_id, time.time(), "scores", "job", event)


def _materialized(days: Sequence[str], version: str) -> list[dg.EventLogEntry]:
    return [
        _entry(
            dg.DagsterEventType.ASSET_MATERIALIZATION,
            StepMaterializationData(
                dg.AssetMaterialization(KEY, partition=day, tags={DATA_VERSION_TAG: version})
            ),
        )
        for day in days
    ]


def _checked(storage: EventLogStorage, run_id: str, *passed: bool) -> list[dg.EventLogEntry]:
    """Evaluations of the first days, of their newest materializations, in order."""
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    newest = storage.get_latest_storage_id_by_partition(KEY, kind, set(DAYS))
    return [
        _entry(
            dg.DagsterEventType.ASSET_CHECK_EVALUATION,
            dg.AssetCheckEvaluation(
                asset_key=KEY,
                check_name=CHECK.name,
                passed=is_passed,
                metadata={},
                partition=day,
                target_materialization_data=AssetCheckEvaluationTargetMaterializationData(
                    storage_id=newest.get(day, 0), run_id=run_id, timestamp=0.0
                ),
            ),
            run_id,
        )
        for day, is_passed in zip(DAYS, passed, strict=False)
    ]


def _state(storage: EventLogStorage) -> dict[str, set[str]]:
    state = storage.get_asset_check_state([(CHECK, PARTITIONS)])[CHECK]
    return {
        status.value: set(subset.value.get_partition_keys())
        for status, subset in state.subsets.items()
        if not subset.is_empty
    }


def _lines(storage: EventLogStorage) -> int:
    with storage._pool.connect() as connection:
        return connection.scalar(sa.text("SELECT count(*) FROM event_logs"))


def test_a_batch_is_one_transaction(storage) -> None:
    """Materializations and evaluations together begin and commit once."""
    storage.store_event_batch(_materialized(DAYS, "a"))
    begun: list[object] = []
    sa.event.listen(storage._pool, "begin", begun.append)
    together = _materialized(DAYS, "b") + _checked(storage, "first", True, False)
    begun.clear()
    storage.store_event_batch(together)
    assert len(begun) == 1
    assert storage.get_materialized_partitions(KEY) == set(DAYS)


def test_what_was_stored_is_told(storage) -> None:
    """Newest line and data version of each date, and how each date's check came out."""
    storage.store_event_batch(_materialized(DAYS, "old"))
    storage.store_event_batch(_materialized(DAYS[1:], "new"))
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    tags = storage.get_latest_tags_by_partition(KEY, kind, [DATA_VERSION_TAG], list(DAYS))
    assert {day: tags[day][DATA_VERSION_TAG] for day in DAYS} == {DAYS[0]: "old", DAYS[1]: "new"}
    newest = storage.get_latest_storage_id_by_partition(KEY, kind, set(DAYS))
    assert newest[DAYS[1]] > newest[DAYS[0]]
    storage.store_event_batch(_checked(storage, "first", True, False))
    assert _state(storage) == {"SUCCEEDED": {DAYS[0]}, "FAILED": {DAYS[1]}}


def test_a_second_evaluation_by_the_same_run_stands_in_the_first_one_s_place(storage) -> None:
    """Also after another run's, and where one batch has both."""
    storage.store_event_batch(_materialized(DAYS[:1], "a"))
    storage.store_event_batch(_checked(storage, "first", False))
    storage.store_event_batch(_checked(storage, "second", False))
    again = _checked(storage, "first", False) + _checked(storage, "first", True)
    storage.store_event_batch(again)
    assert _state(storage) == {"SUCCEEDED": {DAYS[0]}}
    records = storage.get_asset_check_execution_history(CHECK, limit=10)
    assert sorted(record.run_id for record in records) == ["first", "second"]


def test_all_or_none(storage, monkeypatch) -> None:
    """Where its evaluations cannot be stored, nothing of the batch is."""

    def fail(*_arguments: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(type(storage), "_store_records", fail)
        with pytest.raises(RuntimeError, match="the disk is full"):
            storage.store_event_batch(_materialized(DAYS, "a") + _checked(storage, "first", True))
    assert _lines(storage) == 0
    assert storage.get_materialized_partitions(KEY) == set()


def test_batches_are_numbered_in_the_order_of_their_commits(storage, monkeypatch) -> None:
    """A second one that comes while the first is under way waits for it: no reader misses a line."""
    store = type(storage)._store_records
    is_inside, may_go = threading.Event(), threading.Event()

    def slowly(self, connection, records) -> None:
        is_inside.set()
        may_go.wait(20)
        store(self, connection, records)

    monkeypatch.setattr(type(storage), "_store_records", slowly)
    batches = (
        _materialized(DAYS[:1], "a") + _checked(storage, "first", True),
        _materialized(DAYS[1:], "b"),
    )
    threads = [threading.Thread(target=storage.store_event_batch, args=(b,)) for b in batches]
    threads[0].start()
    assert is_inside.wait(20)
    threads[1].start()
    threads[1].join(0.5)
    assert threads[1].is_alive()
    assert _lines(storage) == 0
    may_go.set()
    for thread in threads:
        thread.join(20)
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    numbers = storage.get_latest_storage_id_by_partition(KEY, kind, set(DAYS))
    assert numbers[DAYS[1]] > numbers[DAYS[0]]


def test_instances_of_a_process_share_their_connections(postgres) -> None:
    """Five of them, opened one after the other as sensors do, keep one to the database."""
    pytest.importorskip("dagster_postgres")
    from nba_pipeline.orchestration.event_log_postgres import open_storages  # noqa: PLC0415

    url = postgres.database()
    opened = [storage for _ in range(5) for storage in open_storages(url)]
    for storage in opened[::3]:
        assert storage.get_runs_count() == 0
    with opened[1]._pool.connect() as connection:
        of_it = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        assert connection.scalar(sa.text(of_it)) == 1
