"""Six real seasons or any number of simulated ones, one after the other: seconds and memory of each.

    python benchmarks/seasons.py --landing ../shared/data/landing
    python benchmarks/seasons.py --simulated 10    # as many seasons of a simulated league

Each season is a backfill of its own by the command, models and what is predicted with them apart,
whose months grow with all that is before them; the memory is its process's peak. After the real ones
come three seasons in which everything is current, a new date, and a correction of one old game with
everything that it touches; then the last three seasons, a date and a correction again, in a home of
their own, of the tables alone that player_daily_cache is made of. A simulated league's seasons have
thirty teams and as many games as real ones, and every source speaks of them.
"""

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from datetime import date
from pathlib import Path

from nba_pipeline.league import calendar
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline.simulation.sources import ALL_SOURCES
from nba_pipeline.tables import TABLES

PROGRAM = Path(sys.executable).parent / "nba-pipeline"
SEASONS = ("2018-19", "2019-20", "2020-21", "2021-22", "2022-23", "2023-24")
MODEL = "points_model"
CACHE = "player_daily_cache"


def asked_for(names: Collection[str]) -> list[str]:
    """The options that name the tables, in the graph's order."""
    return [word for name in TABLES if name in names for word in ("--tables", name)]


TO_FEATURES = asked_for({n for n, table in TABLES.items() if MODEL not in (n, *table.upstream)})
TO_CACHE = asked_for({CACHE, *TABLES[CACHE].upstream})
LAST_PLAYED = date(2024, 4, 14)
CORRECTED = "2023-12-05"
FIRST_SIMULATED = "2016-17"
SIMULATED = League(
    season=FIRST_SIMULATED,
    teams=30,
    days=165,
    rest=0.5,
    trades=20,
    injuries=0.02,
    spoken_names=True,
)


def timed(places: dict[str, str], *words: str) -> tuple[float, float]:
    """Wall seconds of a command, and its peak memory in GiB."""
    started = time.perf_counter()
    command = subprocess.Popen([str(PROGRAM), *words], env=places, stdout=subprocess.DEVNULL)
    _pid, status, used = os.wait4(command.pid, 0)
    if status:
        raise SystemExit(f"nba-pipeline {' '.join(words)} ended with {status}")
    return time.perf_counter() - started, used.ru_maxrss / 2**20


def correct(landing: Path) -> None:
    """Moves a turnover from one player to a team-mate in one game of the last season."""
    path = landing / "nba_stats/league_game_log/player/2023-24.json.gz"
    document = json.loads(gzip.decompress(path.read_bytes()))
    result = document["resultSets"][0]
    place = {name: number for number, name in enumerate(result["headers"])}
    rows = [row for row in result["rowSet"] if row[place["GAME_DATE"]] == CORRECTED]
    giver = next(row for row in rows if row[place["TOV"]] > 0)
    same = ("GAME_ID", "TEAM_ABBREVIATION")
    mates = [r for r in rows if all(r[place[n]] == giver[place[n]] for n in same) and r != giver]
    giver[place["TOV"]] -= 1
    mates[0][place["TOV"]] += 1
    path.write_bytes(gzip.compress(json.dumps(document).encode(), 1))


def places_of(folder: Path) -> dict[str, str]:
    """The environment of an installation in the folder."""
    places = os.environ | {
        "NBA_PIPELINE_HOME": str(folder / "home"),
        "NBA_PIPELINE_LANDING": str(folder / "landing"),
    }
    places.pop("DAGSTER_HOME", None)
    return places


def backfilled(places: dict[str, str], name: str, last: date) -> None:
    """Backfills the season up to the date, and prints what it took."""
    days = ("--from", str(calendar.season(name).first), "--to", str(last))
    seconds, peak = timed(places, "backfill", *days, *TO_FEATURES)
    print(f"{name}, to the features {seconds:18.1f} s, {peak:.2f} GiB", flush=True)


def simulated(folder: Path, count: int) -> None:
    """A simulated league's seasons, each after the other."""
    started = time.perf_counter()
    games = write_landing(folder / "landing", SIMULATED, seasons=count, also=ALL_SOURCES)
    print(f"{count} seasons, {games} games simulated {time.perf_counter() - started:8.1f} s")
    known = [span.name for span in calendar.seasons()]
    first = known.index(FIRST_SIMULATED)
    for name in known[first : first + count]:
        backfilled(places_of(folder), name, calendar.season(name).last)


def real(folder: Path, source: Path) -> None:
    """The real seasons, and what a day and a correction cost after them."""
    landing, places = folder / "landing", places_of(folder)
    shutil.copytree(source, landing, copy_function=shutil.copyfile)
    for path in (landing, *landing.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for name in SEASONS:
        backfilled(places, name, min(calendar.season(name).last, LAST_PLAYED))
    first = calendar.season(SEASONS[3]).first
    days = ("--from", str(first), "--to", str(LAST_PLAYED))
    seconds, _peak = timed(places, "backfill", *days, *TO_FEATURES)
    print(f"three seasons, all current          {seconds:6.1f} s")
    day = ("--from", str(LAST_PLAYED), "--to", str(LAST_PLAYED))
    seconds, _peak = timed(places, "backfill", *day, *TO_FEATURES, "--force")
    print(f"one date, computed again            {seconds:6.1f} s")
    correct(landing)
    seconds, _peak = timed(places, "repair")
    print(f"one corrected game, all it touches  {seconds:6.1f} s")
    own = places | {"NBA_PIPELINE_HOME": str(folder / "of_the_cache")}
    seconds, _peak = timed(own, "backfill", *days, *TO_CACHE)
    print(f"three seasons, to {CACHE}  {seconds:6.1f} s")
    seconds, _peak = timed(own, "backfill", *day, *TO_CACHE, "--force")
    print(f"one date of them, computed again    {seconds:6.1f} s")
    correct(landing)
    seconds, _peak = timed(own, "backfill", *days, *TO_CACHE)
    print(f"one corrected game in them          {seconds:6.1f} s")


def main() -> None:
    """All of it, in one run on one machine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landing", type=Path, default=Path("../shared/data/landing"))
    parser.add_argument("--simulated", type=int, metavar="SEASONS", help="of a simulated league")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.simulated:
            simulated(Path(folder), asked.simulated)
        else:
            real(Path(folder), asked.landing.absolute())


if __name__ == "__main__":
    main()
