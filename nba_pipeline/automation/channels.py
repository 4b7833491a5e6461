"""Where alerts go: the log always, a webhook and e-mail where they are set. One message per look."""

import logging
import smtplib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from email.message import EmailMessage

import httpx

from nba_pipeline.automation.alert import Alert
from nba_pipeline.settings import Settings

_LOG = logging.getLogger("nba_pipeline.alerts")
_LEVELS = {"P0": logging.CRITICAL, "P1": logging.ERROR, "P2": logging.WARNING}
_MOST = 20
"""Alerts that one message spells out; the others are counted."""
_TIMEOUT_SECONDS = 10.0
# ValueError is a port that is no number; the others are still told.
_FAILURES = (httpx.HTTPError, httpx.InvalidURL, OSError, smtplib.SMTPException, ValueError)


def send(found: Sequence[Alert], settings: Settings) -> list[str]:
    """Tells the alerts through every channel that is set; returns why which channel failed.

    What one channel does not take is not told again by the others: the log has it in any case.
    """
    if not found:
        return []
    for alert in found:
        _LOG.log(_LEVELS[alert.severity], "%s", line_of(alert))
    channels: dict[str, Callable[[], None]] = {}
    if settings.alert_webhook:
        channels["webhook"] = lambda: _post(found, settings)
    if settings.alert_email_to:
        channels["e-mail"] = lambda: _mail(found, settings)
    failed = []
    for name, tell in channels.items():
        try:
            tell()
        except _FAILURES as error:
            _LOG.exception("alerts could not be told by %s", name)
            failed.append(f"{name}: {error}")
    if channels and len(failed) == len(channels):
        raise NobodyTold("; ".join(failed))
    return failed


class NobodyTold(Exception):
    """No channel took the alerts; they are told again at the next look."""


def line_of(alert: Alert) -> str:
    """The alert on one line."""
    return f"{alert.severity} {alert.kind}: {alert.what} [{alert.command}]"


def subject_of(found: Sequence[Alert]) -> str:
    """What all of it is, in a line: how many of each kind, the worst first."""
    counts: dict[str, int] = {}
    for alert in found:
        name = f"{alert.severity} {alert.kind}"
        counts[name] = counts.get(name, 0) + 1
    return "nba-pipeline: " + ", ".join(
        f"{n} x {name}" if n > 1 else name for name, n in counts.items()
    )


def _text(found: Sequence[Alert]) -> str:
    lines = [line_of(alert) for alert in found[:_MOST]]
    more = [f"and {len(found) - _MOST} more: nba-pipeline report"] if found[_MOST:] else []
    return "\n".join([*lines, *more])


def _post(found: Sequence[Alert], settings: Settings) -> None:
    # Chat services show the field text, and programs read the others.
    body = {
        "text": f"{subject_of(found)}\n{_text(found)}",
        "alerts": [asdict(alert) for alert in found[:_MOST]],
        "count": len(found),
    }
    # Of the answer the status is enough: one that trickles in is not waited for.
    with httpx.stream(
        "POST", settings.alert_webhook, json=body, timeout=_TIMEOUT_SECONDS
    ) as answer:
        answer.raise_for_status()


def _mail(found: Sequence[Alert], settings: Settings) -> None:
    message = EmailMessage()
    message["Subject"] = subject_of(found)
    message["From"] = settings.alert_email_from
    message["To"] = settings.alert_email_to
    message.set_content(_text(found))
    host, _, port = settings.alert_smtp.partition(":")
    with smtplib.SMTP(host, int(port or 25), timeout=_TIMEOUT_SECONDS) as server:
        if settings.alert_smtp_user:
            server.starttls()
            server.login(settings.alert_smtp_user, settings.alert_smtp_password.get_secret_value())
        server.send_message(message)
