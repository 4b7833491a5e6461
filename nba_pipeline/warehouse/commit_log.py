"""A Delta table's own log: which commit a version is, and the stamps that its commits carry.

Read from the files and never from memory, because a folder can be put back to an earlier state, and
written on from there, while a process has it open.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import DeltaError

from nba_pipeline.errors import NbaPipelineError
from nba_pipeline.warehouse.protocol import Stamp, Written, stamps_from_json

_STAMPS = "nba_pipeline"
_COMMIT = "nba_pipeline_commit"
_LOGGED = re.compile(r"(\d{20})\.(json$|checkpoint\.)")
_ADDING = b'{"add":'
_WITHOUT_CHECKPOINTS = "remove _last_checkpoint and *.checkpoint.* from its _delta_log: the commits tell all that they do"
_ADDED_FILES = re.compile(rb'"(?:num_added_files|numFilesAdded)":(\d+)')
"""How many files a commit adds, by its own account: a write's, and a compaction's."""


class HistoryLost(NbaPipelineError):
    """A commit that the table's stamps need is missing from its log, or cannot be read."""


@dataclass(frozen=True)
class Commit:
    """A version of a table and the digest of the commit that made it.

    Two histories can have the same version number, but not the same commit: each carries a number
    of its own.
    """

    version: int
    digest: str


def commit_properties(stamps: Sequence[Stamp] = ()) -> CommitProperties:
    """What a commit carries; it lands only as the successor of the version it was made from."""
    return CommitProperties(
        custom_metadata={
            _STAMPS: json.dumps([stamp.as_json() for stamp in stamps]),
            _COMMIT: uuid4().hex,
        },
        max_commit_retries=0,
    )


class CommitLog:
    """The log of one table's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self) -> Commit | None:
        """The last commit; None of a table that has never been written.

        Raises:
            HistoryLost: its file is not whole, or not there where a checkpoint tells of it.
        """
        names = (path.name for path in self._folder.glob("_delta_log/*"))
        versions = {int(found[1]) for name in names if (found := _LOGGED.match(name))}
        if not versions:
            return None
        commit = self.commit(max(versions))
        if commit is None:
            raise HistoryLost(
                f"{self._path(max(versions))}: the commit is not there, only a checkpoint; if it was "
                f"removed on purpose, {_WITHOUT_CHECKPOINTS}"
            )
        return commit

    def commit(self, version: int) -> Commit | None:
        """The commit that is that version; None where the log has none.

        Raises:
            HistoryLost: its file is not whole.
        """
        path = self._path(version)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        if not _is_whole(content):
            raise HistoryLost(_cut_off(path))
        return Commit(version, hashlib.blake2b(content, digest_size=16).hexdigest())

    def opened(self, version: int | None = None) -> DeltaTable:
        """The table at the version, or at its newest, through a handle of its own.

        Raises:
            HistoryLost: what the log says cannot be read.
        """
        with self.told_as_lost():
            return DeltaTable(str(self._folder), version=version)

    @contextmanager
    def told_as_lost(self) -> Iterator[None]:
        """What Delta cannot read of the log, as HistoryLost with the file that is to blame."""
        try:
            yield
        except DeltaError as error:
            files = sorted(self._folder.glob("_delta_log/*.json"), reverse=True)
            broken = next((path for path in files if not _is_whole(path.read_bytes())), None)
            first_line = str(error).partition("\n")[0]
            raise HistoryLost(
                _cut_off(broken)
                if broken
                else f"{self._folder}: {first_line}; if a checkpoint is damaged, {_WITHOUT_CHECKPOINTS}"
            ) from error

    def holds(self, commit: Commit) -> bool:
        """Whether the commit is part of this history."""
        return self.commit(commit.version) == commit

    def stamps(
        self, version: int, known_version: int = -1, known: Mapping[date, Stamp] | None = None
    ) -> dict[date, Stamp]:
        """The newest stamp of every partition as of the version.

        Args:
            version: as of which.
            known_version: an earlier version of the same history; -1 for before the first.
            known: the stamps as of the known version.

        Raises:
            HistoryLost: a commit between the two is missing or cannot be read.
        """
        found = dict(known or {})
        for number in range(known_version + 1, version + 1):
            info = self._info(number)
            if info.get("operation") == "RESTORE":
                found = self.stamps(self._restored(number, info["operationParameters"]))
            found |= {stamp.partition: stamp for stamp in _stamps(info)}
        return found

    def written_by(self, run_ids: Collection[str], newest: int) -> list[Written]:
        """The commits up to the newest version in which a stamp of the runs' differs from before.

        Raises:
            HistoryLost: a commit is not there any more, so that nobody knows what it changed.
        """
        found, known = [], dict[date, str]()
        for number in range(newest + 1):
            info = self._info(number)
            if info.get("operation") == "RESTORE":
                known = {d: s.content for d, s in self.stamps(number).items()}
            stamps = _stamps(info)
            dates = tuple(
                stamp.partition
                for stamp in stamps
                if stamp.run_id in run_ids and known.get(stamp.partition) != stamp.content
            )
            if dates:
                found.append(Written(number - 1 if number else None, number, dates))
            known |= {stamp.partition: stamp.content for stamp in stamps}
        return found

    def _restored(self, number: int, parameters: Mapping[str, str]) -> int:
        """The version that a restoring commit went back to."""
        if "version" in parameters:
            return int(parameters["version"])
        if "datetime" not in parameters:
            raise HistoryLost(f"{self._path(number)}: a restore to neither a version nor a time")
        before = self.opened(number - 1)
        before.load_as_version(datetime.fromtimestamp(int(parameters["datetime"]) / 1000, UTC))
        return before.version()

    def _info(self, number: int) -> dict[str, Any]:
        """What the commit says of itself."""
        path = self._path(number)
        try:
            with path.open(encoding="utf-8") as lines:
                actions = (json.loads(line) for line in lines if '"commitInfo"' in line)
                return next(action["commitInfo"] for action in actions if "commitInfo" in action)
        except (FileNotFoundError, StopIteration, ValueError) as error:
            raise HistoryLost(f"{path}: no commit can be read there ({error!r})") from error

    def _path(self, version: int) -> Path:
        return self._folder / "_delta_log" / f"{version:020}.json"


def _stamps(info: Mapping[str, Any]) -> list[Stamp]:
    """The stamps that a commit carries."""
    return stamps_from_json(info.get(_STAMPS, "[]"))


def _is_whole(content: bytes) -> bool:
    """Whether a commit's file has its own account, and every file that this one says it adds."""
    if b'"commitInfo"' not in content or not content.rstrip().endswith(b"}"):
        return False
    said = _ADDED_FILES.search(content)
    added = content.count(b"\n" + _ADDING) + content.startswith(_ADDING)
    return said is None or added == int(said[1])


def _cut_off(path: Path) -> str:
    return (
        f"{path}: the commit is cut off; put the table's folder back from a copy, or, where this is "
        f"its last commit, remove the file, and {_WITHOUT_CHECKPOINTS}; the version before it stands"
    )
