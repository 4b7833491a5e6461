"""How long a sensor looks at a landing zone of 5,000 files.

    python benchmarks/sensors.py [--files 5000] [--landing ...]

Makes a schedule of four seasons and a box score file of each game that holds nothing (what is in a
file is parsed once, and costs what the parser does), then looks: at first; when nothing has changed;
after a restart; when one file has changed; and when one has after a restart.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import dagster as dg

from nba_pipeline import clock
from nba_pipeline.automation import run_requests, sensors
from nba_pipeline.automation.installation import _open
from nba_pipeline.league import calendar
from nba_pipeline.phase_1_sources.nba_stats_boxscore import nba_stats_boxscore
from nba_pipeline.settings import Settings
from nba_pipeline.simulation.moves import schedule_document
from nba_pipeline.tables import TABLES

SEASONS = ("2020-21", "2021-22", "2022-23", "2023-24")


def fill(landing: Path, files: int) -> list[Path]:
    """Writes the schedules and the box scores; returns the latter."""
    made = []
    (landing / "nba_stats/schedule").mkdir(parents=True)
    folder = landing / nba_stats_boxscore.place
    folder.mkdir(parents=True)
    for season in SEASONS:
        days, games = calendar.season(season).days(), []
        for number in range(files // len(SEASONS)):
            day = days[number * len(days) * len(SEASONS) // files]
            game_id = f"002{season[2:4]}{number + 1:05d}"
            games.append(
                {
                    "gameId": game_id,
                    "gameStatus": 3,
                    "gameDateEst": f"{day}T00:00:00Z",
                    "gameTimeEst": "1900-01-01T19:30:00Z",
                    "gameDateTimeUTC": f"{day}T23:30:00Z",
                    "isNeutral": False,
                    "postponedStatus": "A",
                    "homeTeam": {"teamTricode": "BOS", "score": 100},
                    "awayTeam": {"teamTricode": "NYK", "score": 99},
                }
            )
            made.append(folder / f"{game_id}.json")
            made[-1].write_text("{}")
        path = landing / f"nba_stats/schedule/{season}.json"
        path.write_text(json.dumps(schedule_document(season, games)))
    return made


class Process:
    """One process's sensor; the cursor outlives it."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.instance = settings, dg.DagsterInstance.ephemeral()
        self.cursor: str | None = None
        self.restart()

    def restart(self) -> None:
        """As after the daemon's death: nothing is in memory."""
        sensors._read.clear()
        run_requests._just_asked.clear()
        self.home = _open(self.settings, TABLES)

    def look(self) -> None:
        """Once."""
        told = sensors.look_at_landing(self.home, self.cursor, self.instance)
        self.cursor = told.cursor
        self.says = told.skip_reason.skip_message if told.skip_reason else ""


def timed(look: Callable[[], object]) -> float:
    """The look's seconds."""
    started = time.perf_counter()
    look()
    return time.perf_counter() - started


def show(title: str, looks: list[float]) -> None:
    """Prints how many looks it took, and the slowest."""
    print(f"{title:<44} {len(looks)} looks, the slowest {max(looks):.2f} s")


def main(files: int) -> None:
    """Fills a landing zone and looks at it."""
    folder = Path(tempfile.mkdtemp())
    made = fill(folder / "landing", files)
    settings = Settings(
        home=folder / "home", landing=str(folder / "landing"), landing_quiet_seconds=0
    )
    process = Process(settings)
    with clock.set_to(datetime(2020, 12, 22, 12, tzinfo=clock.EASTERN)):
        looks = [timed(process.look)]
        while process.says.startswith("reading"):
            looks.append(timed(process.look))
        print(
            f"{len(looks)} looks until all is read: {sum(looks):.1f} s, the slowest {max(looks):.2f} s"
        )
        now = sensors.listing(process.home.landing.root, process.home.sources)
        seen = {" ".join(key): digest for key, digest in now.digests.items()}
        process.cursor = json.dumps({"files": seen})
        show("nothing has changed", [timed(process.look) for _ in range(3)])
        process.restart()
        show("nothing has changed, after a restart", [timed(process.look)])
        made[-1].write_text('{"x": 1}')
        show("one file has changed", [timed(process.look)])
        process.restart()
        made[-1].write_text('{"x": 2}')
        looks = [timed(process.look)]
        while process.says.startswith("reading"):
            looks.append(timed(process.look))
        show("one file has changed, after a restart", looks)
    shutil.rmtree(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--landing", help="of no meaning here")
    main(parser.parse_args().files)
