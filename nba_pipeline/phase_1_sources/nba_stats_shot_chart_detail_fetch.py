"""Fetching the shots of a date (shotchartdetail of stats.nba.com): every attempt of its games."""

from collections.abc import Iterator
from datetime import date

from nba_pipeline.kernel.fetch import Access, NotYet, RemoteFile
from nba_pipeline.phase_1_sources.nba_stats_dates import of_date

_PLACE = "nba_stats/shot_chart_detail"


def fetch(day: date, access: Access) -> Iterator[RemoteFile | NotYet]:
    """The shots of one date, once all its games are over."""
    everybody = {"team_id": 0, "player_id": 0, "context_measure_simple": "FGA"}
    yield from of_date(
        day, access, _PLACE, "ShotChartDetail", season_is="season_nullable", **everybody
    )
