"""Fetching the league's play by play (cdn.nba.com): one file per game that is over."""

from collections.abc import Iterator
from datetime import date
from functools import partial

from nba_pipeline.kernel.fetch import Access, NotYet, RemoteFile
from nba_pipeline.phase_1_sources.nba_stats_answers import live_answer
from nba_pipeline.phase_1_sources.nba_stats_schedule import games_over

_PLACE = "nba_cdn/play_by_play"


def fetch(day: date, access: Access) -> Iterator[RemoteFile | NotYet]:
    """The play by play of each of the day's games that is over."""
    for game in games_over(day, access):
        if isinstance(game, NotYet):
            yield game
            continue
        ask = partial(live_answer, access, "PlayByPlay", game.game_id)
        yield RemoteFile(game.file(_PLACE, "json"), ask, frozenset([game.game_id]))
