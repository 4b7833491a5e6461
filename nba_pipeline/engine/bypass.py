"""A permission to compute although a precondition does not hold: named, with a reason, recorded."""

from dataclasses import dataclass

from nba_pipeline.engine import preconditions
from nba_pipeline.errors import WrongRequest


class InvalidBypass(WrongRequest, ValueError):
    """A bypass that nobody may ask for."""


@dataclass(frozen=True)
class Bypass:
    """A named, recorded permission to skip one precondition.

    Raises:
        InvalidBypass: the precondition cannot be bypassed, or no reason is given.
    """

    name: str
    reason: str

    def __post_init__(self) -> None:
        if self.name not in preconditions.BYPASSABLE:
            names = ", ".join(preconditions.BYPASSABLE)
            raise InvalidBypass(f"{self.name} cannot be bypassed; these can: {names}")
        if not self.reason.strip():
            raise InvalidBypass(f"the bypass of {self.name} needs a reason")

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"
