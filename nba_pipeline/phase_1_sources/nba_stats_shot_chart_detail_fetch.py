"""Fetching the shots of a date (shotchartdetail of stats.nba.com): every attempt of its games."""

from collections.abc import Iterator
from datetime import date

import pandas as pd

from nba_pipeline.kernel.fetch import Access, NotYet, RemoteFile
from nba_pipeline.phase_1_sources.nba_stats_dates import of_date

_PLACE = "nba_stats/shot_chart_detail"
_LAST_PERIOD = 4


def fetch(day: date, access: Access) -> Iterator[RemoteFile | NotYet]:
    """The shots of one date, once all its games are over."""
    everybody = {"team_id": 0, "player_id": 0, "context_measure_simple": "FGA"}
    yield from of_date(
        day,
        access,
        _PLACE,
        "ShotChartDetail",
        ended=_ended,
        season_is="season_nullable",
        **everybody,
    )


def _ended(rows: pd.DataFrame) -> pd.Series:
    """Shots say nothing of a game's end, but of one that was suspended the last period has none."""
    return rows.groupby("game_id").period.transform("max") >= _LAST_PERIOD
