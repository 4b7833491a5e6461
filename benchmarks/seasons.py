"""Six seasons, one after the other, and what a day costs after them: seconds and memory.

    python benchmarks/seasons.py --landing ../shared/data/landing

Each season is a backfill of its own by the command, models and what is predicted with them apart,
whose months grow with all that is before them. Then three seasons in which everything is current,
a new date, and a correction of one old game with everything that it touches.
"""

import argparse
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from nba_pipeline.league import calendar
from nba_pipeline.tables import TABLES

PROGRAM = Path(sys.executable).parent / "nba-pipeline"
SEASONS = ("2018-19", "2019-20", "2020-21", "2021-22", "2022-23", "2023-24")
PREDICTED = ("points_model", "player_prop_predictions", "predictions_made", "prediction_accuracy")
TO_FEATURES = [word for name in TABLES if name not in PREDICTED for word in ("--tables", name)]
LAST_PLAYED = date(2024, 4, 14)
CORRECTED = "2023-12-05"


def timed(places: dict[str, str], *words: str) -> tuple[float, float]:
    """Wall seconds of a command, and the peak memory of all commands so far in GiB."""
    started = time.perf_counter()
    subprocess.run([str(PROGRAM), *words], env=places, check=True, stdout=subprocess.DEVNULL)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return time.perf_counter() - started, peak


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


def main() -> None:
    """All of it, in one run on one machine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landing", type=Path, default=Path("../shared/data/landing"))
    source = parser.parse_args().landing.absolute()
    with tempfile.TemporaryDirectory() as folder:
        landing = Path(folder) / "landing"
        shutil.copytree(source, landing, copy_function=shutil.copyfile)
        for path in (landing, *landing.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        places = os.environ | {
            "NBA_PIPELINE_HOME": str(Path(folder) / "home"),
            "NBA_PIPELINE_LANDING": str(landing),
        }
        places.pop("DAGSTER_HOME", None)
        for name in SEASONS:
            span = calendar.season(name)
            last = min(span.last, LAST_PLAYED)
            days = ("--from", str(span.first), "--to", str(last))
            seconds, peak = timed(places, "backfill", *days, *TO_FEATURES)
            print(f"{name}, to the features {seconds:18.1f} s, at most {peak:.1f} GiB so far")
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


if __name__ == "__main__":
    main()
