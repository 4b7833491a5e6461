"""Asking the hosts of the sources: their limits, trying again, and what an answer's status means.

The one place that knows how fast and how often a host may be asked.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime

import httpx
import tenacity

from nba_pipeline import clock
from nba_pipeline.kernel.fetch import FetchFailed, HostRefused, Unreachable
from nba_pipeline.settings import Settings

_ATTEMPTS = 5
_LONGEST_WAIT = 300.0
"""Seconds: a host that asks for more patience is given up for now, and says so."""
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_REFUSING = (401, 402, 403)
_TOLD = 160


@dataclass(frozen=True)
class Host:
    """A host and how it wants to be treated.

    Args:
        setting: of its address.
        seconds_between: two questions of this process.
        absent: statuses that mean that there is no such file.
        has_quota: whether its answers count down what is left (x-requests-remaining).
    """

    setting: str
    seconds_between: float
    absent: tuple[int, ...] = (404,)
    has_quota: bool = False


HOSTS = {
    # It stops answering, without a word, to who asks faster for a while.
    "nba_stats": Host("nba_stats_url", 0.7),
    # Static files; a game that has no play by play yet is refused, not absent.
    "nba_cdn": Host("nba_cdn_url", 0.2, absent=(403, 404)),
    # 30 questions a second are allowed.
    "odds_api": Host("odds_api_url", 0.1, has_quota=True),
    # A bucket that nobody may list: what it does not have it refuses.
    "nba_injury_report": Host("nba_injury_report_url", 0.5, absent=(403, 404)),
    # The same of the game books.
    "nba_gamebook": Host("nba_gamebook_url", 0.5, absent=(403, 404)),
    "nba_official": Host("nba_official_url", 1.0),
}


class _Passing(Exception):
    """What may be over at the next attempt, and how many seconds the host asks to wait."""

    def __init__(self, kind: str, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.kind = kind
        self.wait = wait


@dataclass
class Client:
    """Asks hosts, one question at a time.

    Args:
        settings: addresses, key, timeout, and how much quota is kept.
        sleep: waits so many seconds.
        seconds: the time that only goes forward.
    """

    settings: Settings
    sleep: Callable[[float], None] = time.sleep
    seconds: Callable[[], float] = time.monotonic
    quota: dict[str, int] = field(default_factory=dict)
    """Per host what is left of its quota, as of its last answer."""

    def __post_init__(self) -> None:
        # It writes whole addresses at INFO, and one of them has a key in it.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._http = httpx.Client(timeout=self.settings.fetch_timeout)
        self._asked_at: dict[str, float] = {}

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def get(
        self,
        host: str,
        path: str,
        parameters: Mapping[str, object] | None = None,
        *,
        cost: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of an answer.

        Args:
            host: a key of HOSTS.
            path: under the host's address.
            parameters: of the query; those that are None are left out.
            cost: what of the host's quota it takes, at most.
            headers: of the question.

        Raises:
            FetchFailed: there is no such answer: not_there, or refused as it is worded.
            Unreachable: not after so many attempts either.
            HostRefused: no right to ask, or too little quota left.
        """
        if cost:
            self._keep_quota(host, cost)
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._is_worth_waiting),
            wait=_pause,
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            sleep=self.sleep,
            reraise=True,
        )
        query = {name: str(v) for name, v in (parameters or {}).items() if v is not None}
        try:
            return attempts(self._once, host, path, query, headers or {})
        except _Passing as error:
            tried = attempts.statistics["attempt_number"]
            raise Unreachable(error.kind, f"{error} (asked {tried} times)") from error

    def _keep_quota(self, host: str, cost: int) -> None:
        """Raises HostRefused where the question would take what is to be kept."""
        if host not in self.quota:
            # It costs nothing, and says what is left.
            self.get(host, "sports", {"apiKey": self.settings.odds_api_key.get_secret_value()})
        left = self.quota.get(host)
        if left is not None and left - cost < self.settings.odds_api_keep:
            raise HostRefused(
                "quota",
                f"{host} has {left} requests left of its quota; the next question takes up to "
                f"{cost}, and NBA_PIPELINE_ODDS_API_KEEP={self.settings.odds_api_keep} are kept",
            )

    def _once(
        self, name: str, path: str, query: dict[str, str], headers: Mapping[str, str]
    ) -> bytes:
        host = HOSTS[name]
        since = self.seconds() - self._asked_at.get(name, float("-inf"))
        if since < host.seconds_between:
            self.sleep(host.seconds_between - since)
        self._asked_at[name] = self.seconds()
        # Neither the query nor the library's own text, which may have a key in it.
        where = f"{name} {path}"
        url = f"{getattr(self.settings, host.setting).rstrip('/')}/{path}"
        try:
            answer = self._http.get(url, params=query, headers=headers)
        except httpx.TimeoutException as error:
            limit = f"{self.settings.fetch_timeout:g} s"
            raise _Passing("unreachable", f"{where}: no answer within {limit}") from error
        except httpx.RequestError as error:
            told = f"{where}: no whole answer ({type(error).__name__})"
            raise _Passing("unreachable", told) from error
        self._note_quota(name, answer)
        status = f"{where}: {answer.status_code} {answer.reason_phrase}{_words(answer)}"
        if answer.is_success:
            return answer.content
        if answer.status_code in host.absent:
            raise FetchFailed("not_there", status)
        if answer.status_code in _PASSING:
            kind = "throttled" if answer.status_code == 429 else "unreachable"
            raise _Passing(kind, status, _retry_after(answer))
        if answer.status_code in _REFUSING:
            raise HostRefused("refused", status)
        raise FetchFailed("refused", status)

    def _note_quota(self, name: str, answer: httpx.Response) -> None:
        left = answer.headers.get("x-requests-remaining")
        if HOSTS[name].has_quota and left is not None:
            try:
                self.quota[name] = int(float(left))
            except ValueError as error:
                told = f"{name}: x-requests-remaining is {left!r}, which is no number"
                raise HostRefused("quota", told) from error

    @staticmethod
    def _is_worth_waiting(error: BaseException) -> bool:
        return isinstance(error, _Passing) and (error.wait or 0) <= _LONGEST_WAIT


def _pause(state: tenacity.RetryCallState) -> float:
    """Seconds until the next attempt: what the host asks for, else ever longer, with jitter."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _Passing) and error.wait is not None:
        return error.wait
    return tenacity.wait_exponential_jitter(initial=1, max=60)(state)


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds that the host asks to wait, given as a number or as a time; None where it does not."""
    text = answer.headers.get("retry-after", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - clock.now()).total_seconds())


def _words(answer: httpx.Response) -> str:
    """The beginning of what the host says of its refusal, on one line."""
    text = " ".join(answer.text.split())
    return f" ({text[:_TOLD]})" if text else ""
