"""One side's box score of a game: who plays how long, and what he does in it."""

from collections.abc import Sequence

import numpy as np

from nba_pipeline.simulation.rosters import ROSTER, Player

_ON_THE_FLOOR = 5


def box_score(
    random: np.random.Generator,
    players: list[Player],
    minutes_played: int,
    out: Sequence[int],
    *,
    has_limit: bool,
) -> dict[str, np.ndarray]:
    """One side's box score: arrays over the roster.

    Args:
        random: decides.
        players: the roster.
        minutes_played: by all of the side.
        out: the places of those who cannot play.
        has_limit: whether nobody plays longer than the game.
    """
    wanted = np.array([player.minutes for player in players]) * random.lognormal(0, 0.2, ROSTER)
    rests = random.random(ROSTER) < 0.08
    wanted[list(out)] = 0
    # Nobody rests where that would leave no more than a team on the floor.
    if np.count_nonzero(wanted[~rests]) > _ON_THE_FLOOR:
        wanted[rests] = 0
    minutes = _capped(wanted, minutes_played) if has_limit else _shared(wanted, minutes_played)
    plays = np.array([player.shots_per_minute for player in players]) * minutes
    fga = random.poisson(plays * random.gamma(8, 1 / 8, ROSTER))
    fg3a = random.binomial(fga, 0.38)
    accuracy = np.array([player.accuracy for player in players])
    fg3m = random.binomial(fg3a, np.clip(accuracy - 0.1, 0.1, 0.9))
    fg2m = random.binomial(fga - fg3a, np.clip(accuracy + 0.07, 0.1, 0.9))
    fta = random.poisson(plays * 0.28)
    ftm = random.binomial(fta, 0.78)
    oreb, dreb = random.poisson(minutes * 0.04), random.poisson(minutes * 0.14)
    return {
        "minutes": minutes,
        "fgm": fg2m + fg3m,
        "fga": fga,
        "fg3m": fg3m,
        "fg3a": fg3a,
        "ftm": ftm,
        "fta": fta,
        "oreb": oreb,
        "dreb": dreb,
        "reb": oreb + dreb,
        "ast": random.poisson(minutes * 0.1),
        "stl": random.poisson(minutes * 0.03),
        "blk": random.poisson(minutes * 0.02),
        "tov": random.poisson(minutes * 0.055),
        "pf": random.poisson(minutes * 0.08),
        "pts": 2 * fg2m + 3 * fg3m + ftm,
    }


def _shared(wanted: np.ndarray, minutes_played: int) -> np.ndarray:
    """Whole minutes in proportion; who plays longest takes what is left."""
    minutes = np.floor(wanted / wanted.sum() * minutes_played).astype(int)
    minutes[np.argmax(minutes)] += minutes_played - minutes.sum()
    return minutes


def _capped(wanted: np.ndarray, minutes_played: int) -> np.ndarray:
    """The same where nobody plays longer than the game; more than five want to."""
    limit = minutes_played // _ON_THE_FLOOR
    shares = wanted / wanted.sum() * minutes_played
    while (shares > limit).any():
        is_full = shares >= limit
        left = minutes_played - limit * is_full.sum()
        shares = np.where(is_full, limit, shares * left / shares[~is_full].sum())
    minutes = np.floor(shares + 1e-9).astype(int)
    nearest = np.argsort(minutes - shares, kind="stable")
    minutes[nearest[: minutes_played - minutes.sum()]] += 1
    return minutes
