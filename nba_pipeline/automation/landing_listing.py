"""What lies in the landing zone, file by file, without opening any: one digest per source and season.

A digest is of the files' paths, sizes, times of modification and of change (or generations, in a
bucket). Where it differs, the files' parsed content decides whether anything has changed; a file that
was only touched, or stored again as it was, changes nothing.
"""

import hashlib
import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from upath import UPath

from nba_pipeline.kernel.source import Source
from nba_pipeline.league import calendar
from nba_pipeline.league.identity import GAME_ID, season_of_game

_SEASON = re.compile(r"(\d{4}-\d{2})(?!-?\d)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
EVERY_SEASON = "every season"
"""Stands for the seasons of files whose names say of none, and of those that hold for many."""


@dataclass(frozen=True)
class Listing:
    """A digest per source's name and season, and when the newest file was modified (seconds).

    Of a file from the future, by another host's clock, nobody can tell: it is not waited for.
    """

    digests: Mapping[tuple[str, str], str]
    newest: float

    def changed_since(self, seen: Mapping[tuple[str, str], str]) -> list[tuple[str, str]]:
        """The sources and seasons whose files are not those of the digests, gone ones included."""
        every = {*self.digests, *seen}
        return sorted(key for key in every if self.digests.get(key) != seen.get(key))

    def is_settling(self, quiet_seconds: float) -> bool:
        """Whether a file came so lately that more of them may be on their way."""
        return time.time() - self.newest < quiet_seconds

    def as_text(self) -> str:
        """One digest of all of it."""
        text = json.dumps(sorted((*key, digest) for key, digest in self.digests.items()))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def listing(root: UPath, sources: Iterable[Source]) -> Listing:
    """The landing zone's files of the sources, as they lie there now."""
    if not root.exists():
        return Listing({}, 0.0)
    start = len(root.path.rstrip("/")) + 1
    files = {
        path[start:]: (
            facts["size"],
            str(facts.get("generation") or facts.get("mtime", "")),
            str(facts.get("created", "")),
        )
        for path, facts in root.fs.find(root.path, detail=True).items()
        # Names that begin with a dot are of files that are still being written.
        if not path.rsplit("/", 1)[-1].startswith(".")
    }
    grouped: dict[tuple[str, str], list[tuple[str, int, str, str]]] = {}
    for source in sources:
        for path, facts in files.items():
            if path.removesuffix(".gz") == source.place or path.startswith(f"{source.place}/"):
                key = (source.name, season_named(source, path))
                grouped.setdefault(key, []).append((path, *facts))
    every = {when for lines in grouped.values() for _path, _size, when, _changed in lines}
    times = [float(when) for when in every if re.fullmatch(r"\d+(\.\d+)?", when)]
    digests = {
        key: hashlib.sha256(json.dumps(sorted(lines)).encode()).hexdigest()[:16]
        for key, lines in grouped.items()
    }
    # A bucket's generations are microseconds since 1970.
    seconds = [t / 1e6 if t > 1e12 else t for t in times]
    newest = max((t for t in seconds if t <= time.time()), default=0.0)
    return Listing(digests, newest)


def season_named(source: Source, path: str) -> str:
    """The season that a path speaks of by its name alone, or EVERY_SEASON."""
    name = path.removeprefix(source.place).lstrip("/")
    if source.layout in ("file", "snapshots"):
        return EVERY_SEASON
    if source.layout == "seasons":
        found = _SEASON.match(name)
        return found[1] if found and calendar.is_known(found[1]) else EVERY_SEASON
    if source.layout == "games":
        game_id = name.split(".", maxsplit=1)[0]
        season = season_of_game(game_id) if re.fullmatch(GAME_ID, game_id) else ""
        return season if calendar.is_known(season) else EVERY_SEASON
    date = _DATE.match(name)
    seasons = [s for s in calendar.seasons() if date and str(s.first) <= date[0] <= str(s.last)]
    return seasons[0].name if seasons else EVERY_SEASON
