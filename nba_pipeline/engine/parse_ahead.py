"""Landing files that nobody has parsed yet, parsed side by side by processes of their own.

It is the same parsing, only earlier and on all cores: whoever asks for a file then finds its copy.
"""

import gc
import os
import signal
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from datetime import date
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

from nba_pipeline.engine.known_players import seasons_of_names
from nba_pipeline.engine.landing import Landing
from nba_pipeline.engine.landing_files import Found
from nba_pipeline.kernel.source import Source
from nba_pipeline.kernel.table import Table
from nba_pipeline.league import calendar

_WORTH_SECONDS = 4.0
"""What parsing must come to for processes to be worth their start."""
_SECONDS_PER_FILE, _SECONDS_PER_MEGABYTE = 0.02, 1.0
_OBJECTS_BETWEEN_COLLECTIONS = 100_000


def parse_ahead(landing: Landing, tables: Iterable[Table], first: date, last: date) -> int:
    """Parses the files that the tables' dates between the two are made of, where that takes a while.

    Returns:
        how many files it has parsed; 0 where no copies are kept, or few are lacking.
    """
    cores = os.cpu_count() or 1
    if landing.cache is None or cores == 1:
        return 0
    files = _lacking(landing, tables, first, last)
    # The largest first, so that none is left for the end.
    files.sort(key=lambda file: -file[2])
    megabytes = sum(size for _source, _found, size in files) / 1e6
    if len(files) * _SECONDS_PER_FILE + megabytes * _SECONDS_PER_MEGABYTE < _WORTH_SECONDS:
        return 0
    given = [(str(landing.root), landing.cache, source, found) for source, found, _size in files]
    # Not by a fork, which would take the locks of this process's threads along.
    pool = ProcessPoolExecutor(cores, get_context("spawn"), _work_for_parent)
    # Who has lost a process parses for himself.
    with suppress(BrokenProcessPool), pool:
        list(pool.map(_parse, given))
    return len(given)


def _lacking(
    landing: Landing, tables: Iterable[Table], first: date, last: date
) -> list[tuple[Source, Found, int]]:
    """The files without a copy, each once, with their sizes in bytes."""
    asked: dict[str, tuple[Source, set[date]]] = {}
    for table in tables:
        days = table.partitions_between(first, last)
        for source in table.sources:
            asked.setdefault(source.name, (source, set()))[1].update(days)
        for source in table.players_from:
            for name in calendar.seasons_of(days):
                for span in seasons_of_names(name):
                    asked.setdefault(source.name, (source, set()))[1].update(span.days())
    return [
        (source, *each)
        for source, days in asked.values()
        for each in landing.unparsed(source, sorted(days))
    ]


def _parse(given: tuple[str, Path, Source, Found]) -> None:
    root, cache, source, found = given
    Landing(root, cache).parse(source, found)


def _work_for_parent() -> None:
    """The parent alone is told of interrupts, and nothing outlives it."""
    # A document is many objects that all live until it is parsed: collecting only walks them.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)
