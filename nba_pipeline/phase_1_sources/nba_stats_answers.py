"""Answers of stats.nba.com and cdn.nba.com, asked for as nba_api words the questions.

nba_api knows each endpoint's address, its many parameters and the headers without which nobody is
answered; its own way of sending knows no pace, no second attempt and no status, so it only words.
"""

from typing import Any

from nba_pipeline.kernel.fetch import Access

SEASON_TYPE_NAMES = {"regular": "Regular Season", "play_in": "PlayIn", "playoffs": "Playoffs"}
"""The kinds of game that its statistics are asked by; none of them has a cup final."""
_NOT_OURS = ("Host", "Accept-Encoding")
"""Headers that depend on the address and on what can be unpacked: the client's to say."""


def answer(access: Access, endpoint: str, **parameters: Any) -> bytes:
    """The answer of an endpoint of stats.nba.com, by nba_api's name of it.

    Raises:
        FetchFailed: see Access.get.
    """
    # A tenth of a second and more, for the few commands that fetch.
    from nba_api.stats import endpoints  # noqa: PLC0415
    from nba_api.stats.library.http import STATS_HEADERS  # noqa: PLC0415

    asked = getattr(endpoints, endpoint)(**parameters, get_request=False)
    return access.get("nba_stats", asked.endpoint, asked.parameters, headers=_ours(STATS_HEADERS))


def live_answer(access: Access, endpoint: str, game_id: str) -> bytes:
    """The answer of an endpoint of cdn.nba.com for a game, by nba_api's name of it.

    Raises:
        FetchFailed: see Access.get.
    """
    from nba_api.live.nba import endpoints  # noqa: PLC0415
    from nba_api.live.nba.library.http import STATS_HEADERS  # noqa: PLC0415

    asked = getattr(endpoints, endpoint)(game_id, get_request=False)
    path = asked.endpoint_url.format(game_id=game_id)
    return access.get("nba_cdn", path, headers=_ours(STATS_HEADERS))


def _ours(headers: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in headers.items() if name not in _NOT_OURS}
