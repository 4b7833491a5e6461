"""Stamps are those of the rows that are there, whatever was done to a table's folder."""

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

from nba_pipeline.warehouse.commit_log import CommitLog, HistoryLost
from nba_pipeline.warehouse.delta import DeltaWarehouse
from nba_pipeline.warehouse.protocol import VersionGone
from nba_pipeline_tests.warehouse.scores import ONE, THREE, TWO, opened, stamp, stored, write


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    """Version 1: a and b; a copy of it; version 2: b changed; version 3: c as well."""
    made = opened(tmp_path)
    write(made, [("a", ONE, 1), ("b", TWO, 2)], stamp(ONE), stamp(TWO))
    shutil.copytree(tmp_path / "w/scores", tmp_path / "backup")
    write(made, [("b", TWO, 20)], stamp(TWO, token=2))
    write(made, [("c", THREE, 30)], stamp(THREE, token=3))
    assert _tokens(made) == {ONE: 1, TWO: 2, THREE: 3}
    return made


def _tokens(warehouse: DeltaWarehouse) -> dict[object, int]:
    return {day: stamp.token for day, stamp in warehouse.stamps("scores").items()}


def _bring_back(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "w/scores")
    shutil.copytree(tmp_path / "backup", tmp_path / "w/scores")


@pytest.fixture(params=["the same process", "another process", "another database"])
def reader(request, warehouse, tmp_path):
    """Who reads after the table was changed: made when called."""
    return {
        "the same process": lambda: warehouse,
        "another process": lambda: opened(tmp_path),
        "another database": lambda: opened(tmp_path, "other.db"),
    }[request.param]


def test_an_older_copy_of_the_folder_is_noticed(reader, tmp_path) -> None:
    """Rows and stamps are the copy's, and the next write follows on them."""
    _bring_back(tmp_path)
    assert _tokens(reader()) == {ONE: 1, TWO: 1}
    assert stored(reader()) == {"a": 1, "b": 2}
    done = write(reader(), [("b", TWO, 20)], stamp(TWO, token=2))
    assert done.written == (TWO,)
    assert stored(reader()) == {"a": 1, "b": 20}


def test_another_history_of_the_same_length_is_noticed(reader, tmp_path) -> None:
    """A copy that somebody without our database wrote on to the same version number."""
    _bring_back(tmp_path)
    other = opened(tmp_path, "elsewhere.db")
    write(other, [("a", ONE, 100)], stamp(ONE, token=7))
    write(other, [("a", ONE, 200)], stamp(ONE, token=8))
    assert other.version("scores") == 3
    assert _tokens(reader()) == {ONE: 8, TWO: 1}
    assert stored(reader()) == {"a": 200, "b": 2}


def test_another_history_that_is_longer_is_noticed(reader, tmp_path) -> None:
    """What was indexed is no part of it, though its version number is."""
    _bring_back(tmp_path)
    other = opened(tmp_path, "elsewhere.db")
    for token in (4, 5, 6, 7):
        write(other, [("a", ONE, token)], stamp(ONE, token=token))
    assert _tokens(reader()) == {ONE: 7, TWO: 1}
    assert stored(reader()) == {"a": 7, "b": 2}


def test_a_restored_version_has_its_own_stamps(reader, tmp_path) -> None:
    """Delta's restore is a commit of its own; the dates that came later are gone."""
    DeltaTable(str(tmp_path / "w/scores")).restore(1)
    assert _tokens(reader()) == {ONE: 1, TWO: 1}
    assert stored(reader()) == {"a": 1, "b": 2}
    write(reader(), [("c", THREE, 31)], stamp(THREE, token=4))
    assert _tokens(reader()) == {ONE: 1, TWO: 1, THREE: 4}
    DeltaTable(str(tmp_path / "w/scores")).restore(3)
    assert _tokens(reader()) == {ONE: 1, TWO: 2, THREE: 3}


def test_a_moment_can_be_restored(reader, tmp_path) -> None:
    """The same where the restore names a time instead of a version."""
    log = tmp_path / "w/scores/_delta_log"
    second, third = ((log / f"{version:020}.json").stat().st_mtime for version in (2, 3))
    between = datetime.fromtimestamp((second + third) / 2, UTC)
    DeltaTable(str(tmp_path / "w/scores")).restore(between)
    assert _tokens(reader()) == {ONE: 1, TWO: 2}
    assert stored(reader()) == {"a": 1, "b": 20}


def test_a_table_that_was_deleted_starts_anew(reader, tmp_path) -> None:
    """No stamp of the old one stays."""
    shutil.rmtree(tmp_path / "w/scores")
    assert _tokens(reader()) == {}
    write(reader(), [("a", ONE, 5)], stamp(ONE))
    assert _tokens(reader()) == {ONE: 1}


def test_indexed_by_one_while_another_commits(tmp_path) -> None:
    """Two processes that write in turn each see all stamps, with one index and without."""
    one, two = opened(tmp_path), opened(tmp_path)
    for turn in range(4):
        write(one, [("a", ONE, turn)], stamp(ONE, token=turn + 1))
        write(two, [("b", TWO, turn)], stamp(TWO, token=turn + 1))
    for reader in (one, two, opened(tmp_path), opened(tmp_path, "new.db")):
        assert _tokens(reader) == {ONE: 4, TWO: 4}


@pytest.mark.usefixtures("warehouse")
def test_a_missing_commit_is_named(tmp_path) -> None:
    """Stamps that cannot be known are not taken for none."""
    (tmp_path / "w/scores/_delta_log/00000000000000000002.json").unlink()
    with pytest.raises(HistoryLost, match=r"00000000000000000002\.json"):
        CommitLog(tmp_path / "w/scores").stamps(3)


@pytest.mark.parametrize("lines_left", [0, 0.5, 1])
def test_a_last_commit_that_is_cut_off_is_told_by_its_file(reader, tmp_path, lines_left) -> None:
    """Whether nothing, half a line, or all but the added files is left; without it the rest stands."""
    commit = tmp_path / "w/scores/_delta_log" / f"{3:020}.json"
    lines = commit.read_bytes().splitlines(keepends=True)
    assert b'"commitInfo"' in lines[0]
    assert b'"add"' in b"".join(lines[1:])
    half = lines[0][: len(lines[0]) // 2]
    commit.write_bytes({0: b"", 0.5: half, 1: lines[0]}[lines_left])
    for ask in (
        stored,
        _tokens,
        lambda made: write(made, [("c", THREE, 3)], stamp(THREE, token=4)),
    ):
        with pytest.raises(HistoryLost, match=rf"{commit}: the commit is cut off; put .* back"):
            ask(reader())
    commit.unlink()
    assert _tokens(reader()) == {ONE: 1, TWO: 2}
    assert stored(reader()) == {"a": 1, "b": 20}


def test_a_compaction_that_is_cut_off_is_told_at_every_line(tmp_path) -> None:
    """Its removals stand before what it adds: without that the table would be an empty one."""
    made = opened(tmp_path)
    days = [ONE + timedelta(days=number) for number in range(17)]
    for day in days:
        write(made, [(str(day), day, 1)], stamp(day))
    commit = max((tmp_path / "w/scores/_delta_log").glob("*.json"))
    lines = commit.read_bytes().splitlines(keepends=True)
    assert sum(b'"remove"' in line for line in lines) == 17
    assert len(stored(opened(tmp_path))) == 17
    for left in range(len(lines)):
        commit.write_bytes(b"".join(lines[:left]))
        with pytest.raises(HistoryLost, match=rf"{commit}: the commit is cut off"):
            stored(opened(tmp_path))


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize("text", ["{", "7", "{}"])
def test_a_damaged_stamp_in_the_index_is_read_from_the_log_again(tmp_path, text) -> None:
    """What is no stamp counts as nothing indexed, and the index is whole again afterwards."""

    def indexed() -> list[str]:
        with sqlite3.connect(tmp_path / "c.db") as connection:
            return sorted(row[0] for row in connection.execute("SELECT stamp FROM indexed_stamps"))

    whole = indexed()
    with sqlite3.connect(tmp_path / "c.db") as connection:
        connection.execute(
            "UPDATE indexed_stamps SET stamp = ? WHERE partition = ?", (text, str(TWO))
        )
    assert indexed() != whole
    assert _tokens(opened(tmp_path)) == {ONE: 1, TWO: 2, THREE: 3}
    assert indexed() == whole


def test_a_writer_whose_last_commit_was_taken_back_goes_on_from_what_is_there(tmp_path) -> None:
    """Another wrote a version of the same number: no row of the lost one comes back, none is twice."""
    writer = opened(tmp_path)
    write(writer, [("a", ONE, 1), ("b", TWO, 2)], stamp(ONE), stamp(TWO))
    write(writer, [("c", THREE, 30)], stamp(THREE, token=3))
    assert _tokens(writer)[THREE] == 3
    (tmp_path / f"w/scores/_delta_log/{2:020}.json").unlink()
    write(opened(tmp_path, "other.db"), [("b", TWO, 77)], stamp(TWO, token=4))
    write(writer, [("a", ONE, 100)], stamp(ONE, token=5))
    for reader in (writer, opened(tmp_path, "fresh.db")):
        assert reader.table("scores").to_pyarrow().num_rows == 2
        assert stored(reader) == {"a": 100, "b": 77}
        assert _tokens(reader) == {ONE: 5, TWO: 4}


@pytest.mark.parametrize("database", ["c.db", "empty.db"])
def test_a_snapshot_reads_its_own_history_or_none(warehouse, tmp_path, database) -> None:
    """The folder is put back and written on between entry and first read; nothing of it is kept."""
    shutil.copytree(tmp_path / "w/scores", tmp_path / "newest")
    reader, told = opened(tmp_path, database), "scores has been put back: its version 3 is another"
    with reader.snapshot():
        _bring_back(tmp_path)
        for token in (8, 9):
            write(opened(tmp_path, "o.db"), [("a", ONE, 100 * token)], stamp(ONE, token=token))
        with pytest.raises(VersionGone, match=told):
            stored(reader)
        if database == "c.db":
            # Its index is of the history that the snapshot is of.
            assert _tokens(reader) == {ONE: 1, TWO: 2, THREE: 3}
        else:
            with pytest.raises(HistoryLost, match=told):
                _tokens(reader)
    shutil.rmtree(tmp_path / "w/scores")
    shutil.copytree(tmp_path / "newest", tmp_path / "w/scores")
    assert stored(reader) == stored(warehouse) == {"a": 1, "b": 20, "c": 30}
    assert _tokens(reader) == {ONE: 1, TWO: 2, THREE: 3}


def test_what_runs_wrote_is_not_told_of_a_log_that_lacks_commits(warehouse, tmp_path) -> None:
    """Behind a checkpoint the table is whole, but nobody knows any more which run changed what."""
    for number in range(12):
        write(warehouse, [("a", ONE, number)], stamp(ONE))
    assert warehouse.written_by({stamp(ONE).run_id}, "scores")
    (tmp_path / f"w/scores/_delta_log/{3:020}.json").unlink()
    with pytest.raises(HistoryLost, match=r"0003\.json: no commit can be read there"):
        warehouse.written_by({stamp(ONE).run_id}, "scores")


def test_a_commit_of_which_only_a_checkpoint_tells_is_missed(warehouse, tmp_path) -> None:
    """Neither is the version before it taken for the newest, nor the table for one never written."""
    DeltaTable(str(tmp_path / "w/scores")).create_checkpoint()
    log = tmp_path / "w/scores/_delta_log"
    for path in sorted(log.glob("*.json"), reverse=True):
        path.unlink()
        with pytest.raises(HistoryLost, match=r"0003\.json: the commit is not there"):
            warehouse.stamps("scores")


@pytest.mark.usefixtures("warehouse")
def test_a_stamp_with_a_fact_that_this_code_does_not_know_is_not_read(tmp_path) -> None:
    """It is of newer code: indexed without the fact, that code would take its default for it."""
    path = tmp_path / f"w/scores/_delta_log/{3:020}.json"
    path.write_text(path.read_text().replace('\\"token\\": 3', '\\"token\\": 3, \\"weather\\": 1'))
    assert "weather" in path.read_text()
    other = opened(tmp_path, "other.db")
    for _look in range(2):
        with pytest.raises(ValueError, match="weather"):
            other.stamps("scores")
