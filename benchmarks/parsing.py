"""Every file of a landing zone parsed and loaded: processor seconds and megabytes.

    python benchmarks/parsing.py --landing ../shared/data/landing

The floor is what Python needs to read, unpack and decode the same files without parsing a row.
"""

import argparse
import gc
import gzip
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from upath import UPath

from nba_pipeline.engine.landing import Landing
from nba_pipeline.kernel.source import Source
from nba_pipeline.league import calendar
from nba_pipeline.tables import SOURCES


@dataclass(frozen=True)
class Measured:
    """What a source's files cost; megabytes are those of the unpacked files."""

    files: int
    megabytes: float
    floor: float
    seconds: float
    again: float
    rows: int
    rejected: int


def files(landing: Path, source: Source) -> list[Path]:
    """The source's files."""
    place = landing / source.place
    if place.is_file():
        return [place]
    return sorted(path for path in place.rglob("*") if path.is_file())


def measured(landing: Path, source: Source, cache: Path) -> Measured:
    """Parses and loads all seasons of the source, then loads them once more from the copies."""
    paths = files(landing, source)
    started = time.process_time()
    size = 0
    for path in paths:
        content = path.read_bytes()
        size += len(gzip.decompress(content) if path.suffix == ".gz" else content)
        source.decoded(content, path.name)
    floor = time.process_time() - started
    days = [day for span in calendar.seasons() for day in span.days()]
    taken = []
    for _ in range(2):
        started = time.process_time()
        zone = Landing(str(UPath(landing)), cache)
        found = zone.load(source, days)
        zone.contents(source, days)
        taken.append(time.process_time() - started)
    rows, rejected = len(found.rows), len(found.rejected)
    return Measured(len(paths), size / 1e6, floor, *taken, rows, rejected)


def main() -> None:
    """Prints a line per source that has files, and the total."""
    gc.set_threshold(1_000_000)  # as the program does
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--landing", type=Path, required=True)
    landing = parser.parse_args().landing
    found: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory() as cache:
        for name, source in SOURCES.items():
            if files(landing, source):
                found[name] = measured(landing, source, Path(cache))
    heads = ("files", "MB", "floor s", "s", "MB/s", "again s", "rows", "rejected")
    print(f"{'source':34}" + "".join(f"{head:>10}" for head in heads))
    for name, each in found.items():
        speed = each.megabytes / each.seconds
        print(
            f"{name:34}{each.files:10}{each.megabytes:10.1f}{each.floor:10.2f}{each.seconds:10.2f}"
            f"{speed:10.1f}{each.again:10.2f}{each.rows:10}{each.rejected:10}"
        )
    total = sum(each.seconds for each in found.values())
    floor = sum(each.floor for each in found.values())
    size = sum(each.megabytes for each in found.values())
    ratio = total / floor if floor else float("nan")
    print(f"all: {total:.1f} s for {size:.0f} MB, {ratio:.1f} times the floor of {floor:.1f} s")


if __name__ == "__main__":
    main()
