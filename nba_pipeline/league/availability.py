"""Who may play and who played: the words for it, each in one place.

Sources write these words in many ways; a parser turns its own into one of these, and rejects a row
whose word is none. Comparing with a text that is no member of these is an error of the code.
"""

from enum import StrEnum

VERSION = 1
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""


class InjuryStatus(StrEnum):
    """What a team says before a game of a player's chance to play in it."""

    OUT = "out"
    DOUBTFUL = "doubtful"
    QUESTIONABLE = "questionable"
    PROBABLE = "probable"
    AVAILABLE = "available"
    DAY_TO_DAY = "day_to_day"
    """Unofficial lists only: hurt, and nothing is said of any game."""


class GameStatus(StrEnum):
    """What became of a player in a game."""

    ACTIVE = "active"
    """He played."""
    DNP = "dnp"
    """On the list of the game and did not play: DNP, DND (did not dress), NWT (not with team)."""
    INACTIVE = "inactive"
    """On the team's list of inactive players."""


NOT_PLAYED = ("DNP", "DND", "NWT")
"""How the reason of a player who was listed and did not play begins."""


def injury_status(text: object) -> InjuryStatus | None:
    """The status that a source's word means, whatever its case and dashes; None for any other."""
    word = str(text).strip().lower().replace("-", "_").replace(" ", "_")
    return InjuryStatus(word) if word in set(InjuryStatus) else None
