"""A stats.nba.com of a simulated league, and an access to it that never really waits."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from nba_pipeline.engine.landing import Landing
from nba_pipeline.fetching.client import Client
from nba_pipeline.fetching.fetch import LandingAccess
from nba_pipeline.settings import Settings
from nba_pipeline.simulation.league import League, write_landing
from nba_pipeline_tests.league_files import PLAYER_LOG, SCHEDULE, TEAM_LOG, change_games
from nba_pipeline_tests.local_host import Answer, LocalHost, Question, local_host

FIRST = date(2023, 10, 24)
SCHEDULED, LIVE = 1, 2
DAYS = [FIRST + timedelta(days=n) for n in range(5)]
LEAGUE = League(teams=6, days=5, rest=0.0, seed=3)


class Stats:
    """The host, the landing zone that is filled from it, and the waits that were asked for."""

    def __init__(self, host: LocalHost, folder: Path) -> None:
        self.host = host
        self.truth = folder / "truth"
        self.landing = folder / "landing"
        self.landing.mkdir()
        write_landing(self.truth, LEAGUE)
        self.waits: list[float] = []
        self.settings = Settings(
            home=folder / "home",
            landing=str(self.landing),
            nba_stats_url=host.url,
            nba_cdn_url=host.url,
            odds_api_url=host.url,
            nba_injury_report_url=host.url,
            nba_gamebook_url=host.url,
            nba_official_url=host.url,
            odds_api_key="key-of-the-tests",
            fetch_timeout=5,
        )
        host.serve = self.answer

    def answer(self, question: Question) -> Answer:
        """The season's schedule, or the game log of one date."""
        if question.path == "scheduleleaguev2":
            return Answer((self.truth / SCHEDULE).read_bytes())
        log = {"T": TEAM_LOG, "P": PLAYER_LOG}[question.query["PlayerOrTeam"]]
        day = datetime.strptime(question.query["DateFrom"], "%m/%d/%Y").date()  # noqa: DTZ007
        document = json.loads((self.truth / log).read_bytes())
        result = document["resultSets"][0]
        place = result["headers"].index("GAME_DATE")
        result["rowSet"] = [row for row in result["rowSet"] if row[place][:10] == str(day)]
        return Answer(json.dumps(document).encode())

    def access(self, **settings: object) -> LandingAccess:
        """What a fetch may ask, as in a new process."""
        told = self.settings.model_copy(update=settings)
        return LandingAccess(told, Client(told, sleep=self.waits.append), Landing(told.landing))

    def files(self) -> dict[str, bytes]:
        """Every file of the landing zone by its path, unpacked; those with a dot too."""
        return {
            str(path.relative_to(self.landing)): gzip.decompress(path.read_bytes())
            if path.suffix == ".gz"
            else path.read_bytes()
            for path in sorted(self.landing.rglob("*"))
            if path.is_file()
        }

    def lay_schedule(self) -> None:
        """Puts the whole schedule into the landing zone."""
        path = self.landing / SCHEDULE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((self.truth / SCHEDULE).read_bytes())

    def leave_open(self, *game_ids: str, status: int = LIVE) -> None:
        """Leaves the games open in the stored schedule, all where none is named."""

        def leave(game: dict[str, Any]) -> None:
            if not game_ids or game["gameId"] in game_ids:
                game["gameStatus"] = status

        change_games(self.landing, leave)


@contextmanager
def stats(folder: Path) -> Iterator[Stats]:
    """A host that runs until left."""
    with local_host() as host:
        yield Stats(host, folder)
