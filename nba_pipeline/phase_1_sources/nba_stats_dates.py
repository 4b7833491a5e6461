"""Queries to stats.nba.com that are answered per date and kind of game: game logs and shots."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

import pandas as pd

from nba_pipeline.kernel.fetch import Access, FetchFailed, NotYet, RemoteFile
from nba_pipeline.kernel.source import SourceFile
from nba_pipeline.league import calendar
from nba_pipeline.phase_1_sources.nba_stats_answers import SEASON_TYPE_NAMES, answer
from nba_pipeline.phase_1_sources.nba_stats_schedule import due, is_awaited, not_over, played


def of_date(
    day: date,
    access: Access,
    place: str,
    endpoint: str,
    *,
    ended: Callable[[pd.DataFrame], pd.Series],
    season_is: str = "season",
    **parameters: object,
) -> Iterator[RemoteFile | NotYet]:
    """The answer of one date, once its games are over; no statistic has a cup final.

    One that stays open holds the others up for a while, and is asked for again as long as it does.

    Args:
        day: the date.
        access: what may be asked.
        place: the source's, under which the date's file goes.
        endpoint: nba_api's name of the endpoint.
        ended: which of the source's rows are of a game that was over when they were asked for.
        season_is: its parameter that says the season.
        parameters: further ones, beside season, kind of game and dates.
    """
    games = played(day, access, tuple(SEASON_TYPE_NAMES))
    yield from not_over(games)
    if is_awaited(games, day):
        return
    over, every = due(games, day), frozenset(games.game_id)
    if over.empty:
        return
    season = calendar.season_of(day).name
    kinds = sorted(games.season_type.unique())
    asked = {
        **parameters,
        season_is: season,
        "season_type_all_star": SEASON_TYPE_NAMES[kinds[0]],
        "date_from_nullable": f"{day:%m/%d/%Y}",
        "date_to_nullable": f"{day:%m/%d/%Y}",
    }
    file = SourceFile(f"{place}/{season}/{day}.json", season, day)
    ask = partial(_of_several, day) if kinds[1:] else partial(answer, access, endpoint, **asked)
    is_settled = len(over) == len(games)
    yield RemoteFile(file, ask, frozenset(over.game_id), every, is_settled, ended)


def _of_several(day: date) -> bytes:
    """Nothing: no answer has them all, and one of a part would stand for the date.

    Raises:
        FetchFailed: always.
    """
    told = f"{day} has games of several kinds, and an answer is of one: bring a file of all"
    raise FetchFailed("several_kinds", told)
