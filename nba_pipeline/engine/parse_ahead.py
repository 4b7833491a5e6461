"""Landing files that nobody has parsed yet, parsed side by side by processes of their own.

It is the same parsing, only earlier and on several cores: whoever asks for a file then finds its
copy, and parses for himself where a process has failed.
"""

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile

from nba_pipeline.engine.known_players import seasons_of_names
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.landing_files import Found
from nba_pipeline.kernel.source import Source
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar

_MOST_PROCESSES = 4
"""A season's shots take one of them 700 MB."""
_WORTH_SECONDS = 4.0
"""What parsing must come to for processes to be worth their start."""
_SECONDS_PER_FILE, _SECONDS_PER_MEGABYTE = 0.02, 1.0
_OBJECTS_BETWEEN_COLLECTIONS = 100_000

File = tuple[Source, Found]


def parse_ahead(landing: Landing, tables: Iterable[Table], first: date, last: date) -> int:
    """Parses the files that the tables' dates between the two are made of, where that takes a while.

    Returns:
        how many files it has had parsed; 0 where no copies are kept, or few are lacking.
    """
    processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
    if landing.cache is None or processes == 1 or not _is_writable(landing.cache):
        return 0
    lacking = _lacking(landing, tables, first, last)
    megabytes = sum(size for _file, size in lacking) / 1e6
    if len(lacking) * _SECONDS_PER_FILE + megabytes * _SECONDS_PER_MEGABYTE < _WORTH_SECONDS:
        return 0
    # Dealt out from the largest on, so that those are not all of one process.
    files = [file for file, _size in sorted(lacking, key=lambda each: -each[1])]
    shares = [files[place::processes] for place in range(processes)]
    _run([pickle.dumps((str(landing.root), landing.cache, share)) for share in shares])
    return len(files)


def _is_writable(folder: Path) -> bool:
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder.is_dir() and os.access(folder, os.W_OK)


def _lacking(
    landing: Landing, tables: Iterable[Table], first: date, last: date
) -> list[tuple[File, int]]:
    """The files without a copy, each once, with their sizes in bytes."""
    asked: dict[str, tuple[Source, set[date]]] = {}
    for table in tables:
        days = table.partitions_between(first, last)
        seasons = calendar.seasons_of(days) if table.players_from else []
        of_names = [d for name in seasons for span in seasons_of_names(name) for d in span.days()]
        wanted = [(source, days) for source in table.sources]
        wanted += [(source, of_names) for source in table.players_from]
        for source, own in wanted:
            asked.setdefault(source.name, (source, set()))[1].update(own)
    return [
        ((source, found), size)
        for source, days in asked.values()
        for found, size in landing.unparsed(source, sorted(days))
    ]


def _run(shares: Sequence[bytes]) -> None:
    """A process per share, until all have ended; none outlives an interrupt of this one."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        # One that cannot be started leaves its files to who asks for them.
        with suppress(OSError):
            started.extend(_started(share) for share in shares)
        for process in started:
            process.wait()
    finally:
        for process in started:
            process.kill()
            process.wait()


def _started(share: bytes) -> subprocess.Popen[bytes]:
    # The code of this process, and not what lies in the folder where it is called.
    path = os.pathsep.join(str(Path(each).absolute()) for each in sys.path if isinstance(each, str))
    with TemporaryFile() as given:
        given.write(share)
        given.seek(0)
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "nba_pipeline.engine.parse_ahead"],
            env=os.environ | {"PYTHONPATH": path},
            stdin=given,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Interrupts are for the one that has started it.
            start_new_session=True,
        )


def _parse(root: str, cache: Path, files: Iterable[File]) -> None:
    """Parses the files one after the other, each by itself: what is in memory goes with it."""
    # A document is many objects that all live until it is parsed: collecting only walks them.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    for source, found in files:
        Landing(root, cache).parse(source, found)


if __name__ == "__main__":
    _parse(*pickle.load(sys.stdin.buffer))  # noqa: S301  from the process that has started this one
