"""Who may play and who played: the words for it, each in one place.

Sources write these words in many ways; a parser turns its own into one of these, and rejects a row
whose word is none. Comparing with a text that is no member of these is an error of the code.
"""

from enum import StrEnum

import ibis.expr.types as ir
from ibis import _

VERSION = 2
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


def out_by_transactions(
    targets: ir.Table, injury_transactions: ir.Table, *, with_day: bool = False
) -> ir.Table:
    """The targets whose last entry before their date is that they went out, after their last game.

    Of a date on which a player both went out and came back neither is known to be the later one: he
    is not out by it.

    Args:
        targets: unique player_id and game_date, with last_game, the date of the player's latest game
            before it; NULL where he has none.
        injury_transactions: entries of at least the season.
        with_day: whether entries of the date itself count too, which is hindsight: they have no time
            of day.

    Returns:
        player_id and game_date of those who are out, and out_since, the date of the entry.
    """
    entries = injury_transactions.select("player_id", "event_date", "event")
    since = targets.select("player_id", "game_date", "last_game").join(entries, "player_id")
    is_known = _.event_date <= _.game_date if with_day else _.event_date < _.game_date
    since = since.filter(is_known, _.last_game.isnull() | (_.event_date > _.last_game))
    last = since.group_by("player_id", "game_date").agg(
        out=_.event_date.max(where=_.event == "out"),
        back=_.event_date.max(where=_.event == "back"),
    )
    is_out = last.out.notnull() & (last.back.isnull() | (last.back < last.out))
    return last.filter(is_out).select("player_id", "game_date", out_since="out")
