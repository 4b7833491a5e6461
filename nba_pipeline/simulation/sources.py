"""Which sources speak of a simulated season beside the league's logs, and what is damaged in them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sources:
    """Which sources speak, and what is damaged in them.

    shots: shot charts; plays_every: play by play of every so many-th game; consensus: BettingPros'
    lines; odds_every: The Odds API on every so many-th date with games; transactions: who goes out
    and comes back; reports_every: injury reports on every so many-th date; scoreboards and crews of
    every date; fallback_every: balldontlie's box scores of every so many-th date. 0 is never.

    The first seasons_without_shots seasons have neither shots nor play by play, nor have
    games_without_shots games of each other; sides_without_lines: of so many games of each season the
    player log lacks one team; absurd_book: one book has impossible prices.
    """

    shots: bool = True
    plays_every: int = 0
    consensus: bool = False
    odds_every: int = 0
    transactions: bool = False
    reports_every: int = 0
    scoreboards: bool = False
    crews: bool = False
    fallback_every: int = 0
    seasons_without_shots: int = 0
    games_without_shots: int = 0
    sides_without_lines: int = 0
    absurd_book: bool = False


NO_SOURCES = Sources(shots=False)
"""The league's logs and its schedule alone."""
SHOTS = Sources()
"""Them and the shot charts."""
ALL_SOURCES = Sources(
    shots=True,
    plays_every=10,
    consensus=True,
    odds_every=3,
    transactions=True,
    reports_every=2,
    scoreboards=True,
    crews=True,
    fallback_every=3,
    games_without_shots=1,
    sides_without_lines=1,
    absurd_book=True,
)
"""Every source that is simulated, with a game without shots, one without a team's players, and impossible prices."""
