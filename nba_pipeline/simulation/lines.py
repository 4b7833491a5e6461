"""The points lines of a season: what the market thinks, and BettingPros' consensus of it."""

import numpy as np
import pandas as pd

from nba_pipeline.simulation import names
from nba_pipeline.simulation.played import Simulated, game_frame, line_frame

_GAMES, _FEWEST_GAMES, _FEWEST_POINTS = 10, 3, 8
_KEY = ["game_id", "game_date", "team", "player_id", "player_name"]
_OVER_ODDS = np.array([-130, -120, -115, -110, -105, 100, 110])


def lines_of(
    played: Simulated, absences: pd.DataFrame, random: np.random.Generator
) -> pd.DataFrame:
    """One row per game and player of whom points are offered.

    game_id, game_date, team, player_id, player_name; line: the closing one, from the mean of his last
    ten games before it; opening_line: the morning's; over_odds (american) at the close; is_closed:
    still offered then, which he is not once he is said to be out.
    """
    log = line_frame(played, "player").sort_values(["player_id", "game_date"], kind="stable")
    means = log.groupby("player_id").pts.rolling(_GAMES, min_periods=_FEWEST_GAMES).mean()
    lines = log[_KEY].assign(is_out=False, is_known=False, mean_after=means.droplevel(0))
    missed = absences[_KEY].assign(
        is_out=absences.is_told.to_numpy(), is_known=absences.told_early.to_numpy()
    )
    entries = pd.concat([lines, missed]).sort_values(
        ["player_id", "game_date"], kind="stable", ignore_index=True
    )
    of_player = entries.mean_after.groupby(entries.player_id)
    mean_before = of_player.ffill().groupby(entries.player_id).shift()
    expected = mean_before + random.normal(0, 1, len(entries))
    line = np.floor(expected) + 0.5
    found = entries[_KEY].assign(
        line=line,
        opening_line=line + random.choice([-1, 0, 0, 0, 1], len(entries)),
        over_odds=random.choice(_OVER_ODDS, len(entries)),
        is_closed=~entries.is_out,
    )
    found = found[(found.line >= _FEWEST_POINTS) & ~entries.is_known]
    return found.sort_values(["game_date", "game_id", "player_name"], ignore_index=True)


def consensus_csv(lines: pd.DataFrame, *, is_closing: bool = True) -> str:
    """The closing lines in BettingPros' shape, or those of the morning."""
    offered = lines[lines.is_closed] if is_closing else lines
    table = pd.DataFrame(
        {
            "date": offered.game_date,
            "player_slug": offered.player_name.map(names.slug),
            "points_line": offered.line if is_closing else offered.opening_line,
            "over_odds": [f"{price:+d}" for price in offered.over_odds.tolist()],
        }
    )
    return table.to_csv(index=False)


def game_lines_of(played: Simulated, random: np.random.Generator) -> pd.DataFrame:
    """One row per game: the games' frame with spread (the home team's handicap) and total.

    From the mean points that both scored and allowed in their last ten games; NULL before three.
    """
    games = game_frame(played)
    sides = pd.concat(
        [
            games[["game_id", "game_date"]].assign(
                team=games[own], scored=games[f"{own}_score"], allowed=games[f"{other}_score"]
            )
            for own, other in (("home", "away"), ("away", "home"))
        ]
    ).sort_values(["team", "game_date"], ignore_index=True)
    earlier = sides.groupby("team")[["scored", "allowed"]].shift()
    means = earlier.groupby(sides.team).rolling(_GAMES, min_periods=_FEWEST_GAMES).mean()
    sides[["scored", "allowed"]] = means.droplevel(0).sort_index()
    known = sides.set_index(["game_id", "team"])[["scored", "allowed"]]
    home = known.reindex(pd.MultiIndex.from_frame(games[["game_id", "home"]])).to_numpy()
    away = known.reindex(pd.MultiIndex.from_frame(games[["game_id", "away"]])).to_numpy()
    noise = random.normal(0, 1, (2, len(games)))
    points = (home[:, 0] + away[:, 1]) / 2 + noise[0], (away[:, 0] + home[:, 1]) / 2 + noise[1]
    return games.assign(
        spread=np.floor(points[1] - points[0]) + 0.5, total=np.floor(points[0] + points[1]) + 0.5
    )
