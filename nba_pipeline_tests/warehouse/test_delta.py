"""What only Delta's folder has: files that maintenance removes, an index beside the log."""

import os
from dataclasses import replace as changed_copy
from datetime import date, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from deltalake.table import TableOptimizer

from nba_pipeline.warehouse import delta
from nba_pipeline.warehouse.commit_log import HistoryLost
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline.warehouse.protocol import LostLease, SchemaChanged, Storage, VersionGone
from nba_pipeline_tests.warehouse.scores import (
    KINDS,
    ONE,
    STORAGE,
    THREE,
    TWO,
    opened,
    stamp,
    stored,
    write,
)

LEADERS = Storage("leaders", ("game_id",))


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    """An empty one."""
    return opened(tmp_path)


@pytest.mark.parametrize("storage", [STORAGE, changed_copy(STORAGE, appends=True)])
def test_a_writer_whose_checked_version_lost_its_files_checks_the_newest_again(
    warehouse, tmp_path, storage
) -> None:
    """Another wrote and maintained between fence and commit; who lost its lease is told so."""
    lines = [("a", ONE, 1), ("b", TWO, 2)]
    write(warehouse, lines[:1], stamp(ONE), storage=storage)
    asked: list[int] = []

    def fence() -> None:
        asked.append(1)
        if len(asked) == 1:
            other = opened(tmp_path)
            write(other, lines[1:], stamp(TWO, token=2), storage=storage)
            other.maintain("scores")
        elif storage.appends:
            raise LostLease("recovered")

    def replaces() -> None:
        rows = [("a", ONE, 1), ("c", ONE, 3)]
        write(warehouse, rows, stamp(ONE, rows=2), fence=fence, storage=storage)

    if storage.appends:
        with pytest.raises(LostLease, match="recovered"):
            replaces()
    else:
        replaces()
    assert stored(warehouse) == {"a": 1, "b": 2} | ({} if storage.appends else {"c": 3})
    assert len(asked) == 2


def test_the_index_of_stamps_is_rebuilt_from_the_commits(warehouse, tmp_path) -> None:
    """A lost coordination database loses no stamp."""
    write(warehouse, [("a", ONE, 1), ("b", TWO, 2)], stamp(ONE), stamp(TWO))
    write(warehouse, [("b", TWO, 5)], stamp(TWO, token=2))
    anew = opened(tmp_path, "new.db")
    assert anew.stamps("scores") == warehouse.stamps("scores")


def test_maintenance_keeps_rows_and_stamps(warehouse, tmp_path) -> None:
    """Ten commits become one file; nothing else is lost."""
    for number in range(10):
        write(warehouse, [("a", ONE, number), ("b", TWO, 0)], stamp(ONE), stamp(TWO))
    stamps = warehouse.stamps("scores")
    assert warehouse.maintain("scores") > 0
    assert stored(warehouse) == {"a": 9, "b": 0}
    assert warehouse.stamps("scores") == stamps
    assert len(list((tmp_path / "w/scores").glob("season=*/*.parquet"))) == 1


@pytest.mark.parametrize("storage", [STORAGE, changed_copy(STORAGE, appends=True)])
def test_a_season_of_many_small_files_becomes_one_as_it_is_written(
    warehouse, tmp_path, storage
) -> None:
    """Of 50 dates written one by one, as every night does; what a snapshot reads is its own write's."""
    days = [ONE + timedelta(days=n) for n in range(50)]
    most = 0
    for number, day in enumerate(days):
        with warehouse.snapshot():
            write(warehouse, [(f"game {number}", day, number)], stamp(day), storage=storage)
            assert len(stored(warehouse)) == number + 1
        most = max(most, len(warehouse.files("scores").paths))
    assert most == 16
    anew = opened(tmp_path, "new.db")
    assert stored(anew) == {f"game {number}": number for number in range(50)}
    assert list(anew.stamps("scores")) == days
    assert list((tmp_path / "w/scores/_delta_log").glob("*.checkpoint.parquet"))
    first = anew.table("scores", version=5).to_pyarrow()["points"].to_pylist()
    assert sorted(first) == [0, 1, 2, 3, 4]


def test_a_slice_opens_no_file_that_has_none_of_its_dates(warehouse, tmp_path) -> None:
    """By what the log says of them; where it does not say so, it looks."""
    for number, day in enumerate((ONE, TWO, THREE)):
        write(warehouse, [(f"game {number}", day, number)], stamp(day))
    files = {path: path.read_bytes() for path in (tmp_path / "w/scores").rglob("*.parquet")}

    def opens(first: date, last: date, only: list[date] | None = None) -> tuple[int, list[str]]:
        query = warehouse.selection("scores", first, last, only=only, without=("points",))
        rows = warehouse.stage(query, "slice").to_pyarrow()
        assert rows.column_names == list(query.schema) == ["game_id", "game_date", "season"]
        games = sorted(rows["game_id"].to_pylist())
        return sum(str(path) in query.sql for path in files), games

    assert opens(TWO, TWO, [TWO]) == (1, ["game 1"])
    assert opens(ONE, THREE, [ONE, THREE]) == (3, ["game 0", "game 2"])
    assert opens(ONE, TWO) == (2, ["game 0", "game 1"])
    assert opens(THREE + timedelta(days=1), date.max) == (0, [])
    untold = {"delta.dataSkippingNumIndexedCols": "0"}
    DeltaTable(str(tmp_path / "w/scores")).alter.set_table_properties(untold)
    write(warehouse, [("game 1", TWO, 5)], stamp(TWO))
    (path,) = set((tmp_path / "w/scores").rglob("*.parquet")) - set(files)
    files[path] = path.read_bytes()
    assert opens(ONE, ONE, [ONE]) == (3, ["game 0"])


def test_a_wide_slice_is_read_as_it_was_when_it_was_asked_for(warehouse, tmp_path) -> None:
    """Though it is a view: another process writes on, and makes one file of many."""
    write(warehouse, [("a", ONE, 1), ("b", TWO, 2)], stamp(ONE), stamp(TWO))
    with warehouse.snapshot():
        rows = warehouse.stage(warehouse.selection("scores", ONE, TWO), "slice")
        other = opened(tmp_path)
        write(other, [("a", ONE, 9)], stamp(ONE, token=2))
        DeltaTable(str(tmp_path / "w/scores")).optimize.compact()
        assert sorted(rows.to_pyarrow()["points"].to_pylist()) == [1, 2]
        again = warehouse.stage(warehouse.selection("scores", ONE, TWO), "slice")
        assert sorted(again.to_pyarrow()["points"].to_pylist()) == [1, 2]
    assert stored(warehouse) == {"a": 9, "b": 2}


def test_who_reads_on_while_another_maintains_is_told_to_ask_again(warehouse, tmp_path) -> None:
    """A wide slice is read where it is asked of: its files have gone meanwhile."""
    for day in (ONE, TWO):
        write(warehouse, [(str(day), day, 1)], stamp(day))
    with warehouse.snapshot():
        rows = warehouse.stage(warehouse.selection("scores", ONE, TWO), "slice")
        assert opened(tmp_path).maintain("scores") > 0
        for ask in (
            lambda: warehouse.stage(rows.distinct()),
            lambda: warehouse.answer("FROM slice"),
        ):
            with pytest.raises(VersionGone, match=r"part-\S*parquet was removed while it was read"):
                ask()


def test_a_damaged_checkpoint_is_told_with_what_to_do_about_it(warehouse, tmp_path) -> None:
    """The log's commits are all there: without its checkpoints the table is what it was."""
    days = [ONE + timedelta(days=n) for n in range(12)]
    for day in days:
        write(warehouse, [(str(day), day, 1)], stamp(day))
    log = tmp_path / "w/scores/_delta_log"
    (checkpoint,) = log.glob("*.checkpoint.parquet")
    checkpoint.write_bytes(b"")
    with pytest.raises(HistoryLost, match=r"remove _last_checkpoint and \*\.checkpoint\.\* from"):
        stored(opened(tmp_path, "new.db"))
    for path in (checkpoint, log / "_last_checkpoint"):
        path.unlink()
    anew = opened(tmp_path, "new.db")
    assert len(stored(anew)) == len(anew.stamps("scores")) == 12


def test_a_log_of_many_commits_is_read_from_a_checkpoint_on(
    warehouse, tmp_path, monkeypatch, caplog
) -> None:
    """Every tenth, also of writes that add no file; where it cannot be written the rows stand."""
    for number in range(25):
        write(warehouse, [("a", ONE, number)], stamp(ONE))
    log = tmp_path / "w/scores/_delta_log"
    checkpoints = {int(path.name[:20]) for path in log.glob("*.checkpoint.parquet")}
    assert checkpoints == {10, 20}

    def fails(_table: DeltaTable) -> None:
        raise DeltaError("no space left")

    monkeypatch.setattr(DeltaTable, "create_checkpoint", fails)
    for number in range(25, 35):
        write(warehouse, [("a", ONE, number)], stamp(ONE))
    assert stored(opened(tmp_path, "new.db")) == {"a": 34}
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.endswith("scores/ has no checkpoint, and is slow to open: no space left")


@pytest.mark.parametrize("error", [OSError("no space left"), DeltaError("not now")])
def test_a_write_stands_though_its_files_cannot_be_made_one(
    warehouse, monkeypatch, caplog, error
) -> None:
    """A disk has room for a night and none for a season: the next is written too, and it is told."""

    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(TableOptimizer, "compact", fails)
    days = [ONE + timedelta(days=n) for n in range(20)]
    for number, day in enumerate(days):
        with warehouse.snapshot():
            write(warehouse, [(str(day), day, 1)], stamp(day))
            assert len(stored(warehouse)) == number + 1
    assert len(warehouse.files("scores").paths) == 20
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 20 - 16
    assert all("scores" in text and str(error) in text for text in told)


def test_another_s_rows_stand_though_he_writes_while_files_are_made_one(
    warehouse, tmp_path, monkeypatch
) -> None:
    """And the run that makes them one goes on reading its own write."""
    days = [ONE + timedelta(days=n) for n in range(18)]
    for day in days[:16]:
        write(warehouse, [(str(day), day, 1)], stamp(day))
    compacts, other = delta._compacts, opened(tmp_path)

    def overtaken(table: DeltaTable) -> bool:
        monkeypatch.setattr(delta, "_compacts", compacts)
        lines = [(str(days[17]), days[17], 2), (str(days[3]), days[3], 9)]
        write(other, lines, *(stamp(day, token=2) for _game, day, _points in lines))
        return compacts(table)

    monkeypatch.setattr(delta, "_compacts", overtaken)
    with warehouse.snapshot():
        write(warehouse, [(str(days[16]), days[16], 1)], stamp(days[16]))
        assert stored(warehouse) == {str(day): 1 for day in days[:17]}
    now = {str(day): 1 for day in days[:17]} | {str(days[3]): 9, str(days[17]): 2}
    assert stored(warehouse) == stored(opened(tmp_path, "new.db")) == now


def test_no_other_writer_s_open_files_are_removed(warehouse, tmp_path) -> None:
    """What a write under way has not yet committed stays; what a killed one left a day ago goes."""
    write(warehouse, [("a", ONE, 1)], stamp(ONE))
    season = tmp_path / "w/scores/season=2023-24"
    under_way, left = season / "under_way.parquet", season / "left.parquet"
    under_way.write_bytes(b"")
    left.write_bytes(b"")
    os.utime(left, (0, 0))
    warehouse.maintain("scores")
    assert (under_way.exists(), left.exists()) == (True, False)


def test_tables_are_taken_as_they_stood_together(warehouse, tmp_path, monkeypatch) -> None:
    """New scores are never read with the old leaders, which were replaced before them."""
    other = opened(tmp_path)
    for storage in (STORAGE, LEADERS):
        write(other, [("a", ONE, 1)], stamp(ONE), storage=storage)
    look, commits = warehouse._folder.head, [LEADERS, STORAGE]

    def overtaken(name: str) -> object:
        # Leaders has been looked at, scores has not.
        while name == "scores" and commits:
            write(other, [("a", ONE, 6)], stamp(ONE), storage=commits.pop(0))
        return look(name)

    monkeypatch.setattr(warehouse._folder, "head", overtaken)
    with warehouse.snapshot():
        assert stored(warehouse, "scores") == stored(warehouse, "leaders") == {"a": 6}


def test_maintenance_keeps_the_versions_that_it_is_told_to(warehouse) -> None:
    """And no other but the newest."""
    for points in (1, 2, 3):
        write(warehouse, [("a", ONE, points)], stamp(ONE))
    warehouse.maintain("scores", keep=[2])
    assert warehouse.table("scores", version=2).to_pyarrow()["points"].to_pylist() == [2]
    with pytest.raises(VersionGone, match="has been removed, which scores's version 1 is"):
        warehouse.table("scores", version=1)


def test_a_narrower_whole_number_is_another_column(warehouse) -> None:
    """Delta stores it as such; BigQuery has one kind of whole number."""
    write(warehouse, [("a", ONE, 1), ("b", TWO, 2)], stamp(ONE), stamp(TWO))
    with pytest.raises(SchemaChanged, match="stored as long, this write has integer"):
        write(warehouse, [("b", TWO, 2)], stamp(TWO), kinds=KINDS | {"points": "int32"})
