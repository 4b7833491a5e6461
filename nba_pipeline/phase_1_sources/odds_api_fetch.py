"""Fetching The Odds API: the prices of a date's games, as they were before tip-off or are now.

What is past is asked of its history, at ten times the price: the day's events once, and each event at
a set time before its tip-off. The prices of today's games are asked as they are now, and every time
anew, since each answer is a moment of its own.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from nba_pipeline import clock
from nba_pipeline.errors import WrongRequest
from nba_pipeline.kernel.fetch import Access, FetchFailed, NotYet, RemoteFile
from nba_pipeline.kernel.source import SourceFile
from nba_pipeline.league import calendar
from nba_pipeline.league.identity import UnknownTeam, team_named
from nba_pipeline.phase_1_sources.nba_stats_schedule import played

_SPORT = "sports/basketball_nba"
_MORNING = time(6)
"""US Eastern: before the first tip-off of any day, when all events of the day are to come."""
_HISTORY = 10
"""What a question of the past costs for every one of the present."""

Event = Mapping[str, object]


def fetch(day: date, access: Access, *, place: str, markets: str) -> Iterator[RemoteFile | NotYet]:
    """The prices of each of the day's games, one file per event, and of today's per moment too.

    Args:
        day: the date of the games.
        access: what may be asked.
        place: the source's, under which the date's files go.
        markets: those that are asked for, several by commas.

    Raises:
        WrongRequest: no key is set.
        FetchFailed: the day's events cannot be had.
    """
    if not access.settings.odds_api_key.get_secret_value():
        raise WrongRequest("NBA_PIPELINE_ODDS_API_KEY is not set")
    games = played(day, access)
    if games.empty:
        return
    if day > clock.today():
        yield NotYet(str(day), "its prices are asked for on the day itself")
        return
    is_past = day < clock.today()
    events = _events(day, access, is_past=is_past)
    season = calendar.season_of(day).name
    for game in games.itertuples():
        event = events.get((str(game.away_team), str(game.home_team)))
        if not is_past and _has_begun(event, game.tipoff_at):
            told = "it has begun: its prices before that are asked for from tomorrow on"
            yield NotYet(str(game.game_id), told)
            continue
        if event is None:
            told = f"{game.game_id}: no event of {game.away_team} at {game.home_team} on {day}"
            yield _lacking(SourceFile(f"{place}/{day}/{game.game_id}.json", season, day), told)
            continue
        name = str(event["id"])
        if is_past:
            file = SourceFile(f"{place}/{day}/{name}.json", season, day, days_after=1)
            at = _begins(event) - timedelta(hours=access.settings.odds_api_hours_before)
            ask = partial(_past, access, name, markets, at)
            yield RemoteFile(file, ask)
        else:
            now = clock.now()
            path = f"{place}/{day}/{name}_{now:%Y%m%dT%H%MZ}.json"
            file = SourceFile(path, season, day, days_after=1)
            yield RemoteFile(file, partial(_now, access, name, markets, now), is_settled=False)


def _events(day: date, access: Access, *, is_past: bool) -> dict[tuple[str, str], Event]:
    """The day's events by their visitors and home team.

    Raises:
        FetchFailed: see Access.get, or the answer is no list of events.
    """
    key = {"apiKey": access.settings.odds_api_key.get_secret_value()}
    if is_past:
        at = datetime.combine(day, _MORNING, clock.EASTERN)
        asked = {**key, "date": _as_text(at)}
        answer = access.get("odds_api", f"historical/{_SPORT}/events", asked, cost=1)
    else:
        answer = access.get("odds_api", f"{_SPORT}/events", key)
    try:
        document = json.loads(answer)
        events = document["data"] if isinstance(document, dict) else document
        return {
            (_team(event["away_team"]), _team(event["home_team"])): event
            for event in events
            if _begins(event).astimezone(clock.EASTERN).date() == day
        }
    except (KeyError, TypeError, ValueError) as error:
        raise FetchFailed("unlike", f"the answer is no list of events: {error!r}") from error


def _has_begun(event: Event | None, tipoff_at: Any) -> bool:
    """By its event; by the schedule where there is none, as of a game that is over."""
    return bool((_begins(event) if event else tipoff_at) <= clock.now())


def _lacking(file: SourceFile, told: str) -> RemoteFile:
    def ask() -> bytes:
        raise FetchFailed("not_there", told)

    return RemoteFile(file, ask)


def _past(access: Access, event: str, markets: str, at: datetime) -> bytes:
    """An event's prices at the moment, or the last ones before it."""
    asked = _asked(access, markets) | {"date": _as_text(at)}
    cost = _HISTORY * _cost(access, markets)
    return access.get("odds_api", f"historical/{_SPORT}/events/{event}/odds", asked, cost=cost)


def _now(access: Access, event: str, markets: str, now: datetime) -> bytes:
    """An event's prices of now, with the time as an answer of the past has it."""
    path = f"{_SPORT}/events/{event}/odds"
    answer = access.get("odds_api", path, _asked(access, markets), cost=_cost(access, markets))
    # The newest of its prices may be older than one that another answer had before it.
    return b'{"timestamp": "' + _as_text(now).encode() + b'", "data": ' + answer + b"}"


def _asked(access: Access, markets: str) -> dict[str, object]:
    return {
        "apiKey": access.settings.odds_api_key.get_secret_value(),
        "regions": access.settings.odds_api_regions,
        "markets": markets,
        "oddsFormat": "american",
    }


def _cost(access: Access, markets: str) -> int:
    """What a question takes of the quota: one per market and region."""
    return len(markets.split(",")) * len(access.settings.odds_api_regions.split(","))


def _begins(event: Event) -> datetime:
    moment = datetime.fromisoformat(str(event["commence_time"]))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _as_text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _team(name: object) -> str:
    """The tricode; the name itself where no team has it, so that only its own game lacks it."""
    try:
        return team_named(str(name))
    except UnknownTeam:
        return str(name)
