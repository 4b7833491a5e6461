"""Who plays for whom: rosters, trades, injuries, and what changes in the summer."""

from dataclasses import dataclass, replace

import numpy as np

from nba_pipeline.simulation import names

ROSTER = 12
_LEAVING = 2
_ROOKIES = 100_000
_MEAN_GAMES_OUT = 6
_MOST_OUT = 2


@dataclass
class Player:
    """A player and what he is like; accuracy is the share of his shots that fall."""

    player_id: int
    name: str
    minutes: float
    shots_per_minute: float
    accuracy: float


Rosters = dict[str, list[Player]]


def roster(random: np.random.Generator, team: int, *, spoken: bool = False) -> list[Player]:
    """A team's players, from the star to the end of the bench."""
    minutes = np.linspace(36, 8, ROSTER)
    return [
        Player(
            player_id=1000 + team * 100 + place,
            name=names.spoken_name(team * ROSTER + place)
            if spoken
            else names.plain_name(team, place),
            minutes=float(minutes[place]),
            shots_per_minute=float(random.uniform(0.22, 0.5)),
            accuracy=float(random.normal(0.47, 0.03)),
        )
        for place in range(ROSTER)
    ]


def trade(random: np.random.Generator, rosters: Rosters) -> None:
    """Two players of two teams change places."""
    one, other = random.choice(sorted(rosters), 2, replace=False)
    here, there = random.integers(ROSTER, size=2)
    rosters[one][here], rosters[other][there] = rosters[other][there], rosters[one][here]


def after_summer(
    random: np.random.Generator, rosters: Rosters, summers: int, *, spoken: bool
) -> Rosters:
    """The teams a season later: two of each are gone for rookies, the others are a little other.

    Args:
        random: decides.
        rosters: as the season before ended; left as they are.
        summers: how many there have been, this one included; numbers the rookies.
        spoken: whether players have names such as people have.
    """
    found: Rosters = {}
    for number, (team, players) in enumerate(rosters.items()):
        found[team] = [
            replace(
                player,
                shots_per_minute=float(
                    np.clip(player.shots_per_minute + random.normal(0, 0.03), 0.2, 0.55)
                ),
                accuracy=float(np.clip(player.accuracy + random.normal(0, 0.01), 0.38, 0.56)),
            )
            for player in players
        ]
        for rookie, place in enumerate(random.choice(ROSTER, _LEAVING, replace=False)):
            player_id = _ROOKIES * summers + number * _LEAVING + rookie
            of_all = len(rosters) * (ROSTER + _LEAVING * (summers - 1)) + number * _LEAVING + rookie
            found[team][place] = replace(
                found[team][place],
                player_id=player_id,
                name=names.spoken_name(of_all) if spoken else f"Rookie {player_id}",
                shots_per_minute=float(random.uniform(0.22, 0.5)),
                accuracy=float(random.normal(0.47, 0.03)),
            )
    return found


class Infirmary:
    """Who is injured for how many more of his team's games.

    Args:
        random: decides; nothing is drawn where rate is 0.
        rate: the share of games before which a healthy player falls out.
    """

    def __init__(self, random: np.random.Generator, rate: float) -> None:
        self._random = random
        self._rate = rate
        self._left: dict[int, int] = {}

    def out(self, players: list[Player]) -> list[int]:
        """The places of those who miss the team's next game, at most two; counts it."""
        if not self._rate:
            return []
        falls = self._random.random(len(players)) < self._rate
        games = self._random.geometric(1 / _MEAN_GAMES_OUT, len(players))
        places = [n for n, p in enumerate(players) if self._left.get(p.player_id, 0) or falls[n]]
        places = places[:_MOST_OUT]
        for place in places:
            player_id = players[place].player_id
            self._left[player_id] = (self._left.get(player_id) or int(games[place])) - 1
        return places
