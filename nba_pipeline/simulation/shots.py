"""The shots of the simulated box scores, as a shot chart has them: as many, made and missed."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from nba_pipeline.league.identity import TEAM_NAMES

HEADERS = [
    *("GRID_TYPE", "GAME_ID", "GAME_EVENT_ID", "PLAYER_ID", "PLAYER_NAME", "TEAM_ID", "TEAM_NAME"),
    *("PERIOD", "MINUTES_REMAINING", "SECONDS_REMAINING", "EVENT_TYPE", "ACTION_TYPE"),
    *("SHOT_TYPE", "SHOT_ZONE_BASIC", "SHOT_ZONE_AREA", "SHOT_ZONE_RANGE", "SHOT_DISTANCE"),
    *("LOC_X", "LOC_Y", "SHOT_ATTEMPTED_FLAG", "SHOT_MADE_FLAG", "GAME_DATE", "HTM", "VTM"),
]
"""The fields of a shot chart's rows."""
_FEET = {False: (0, 23), True: (23, 31)}
"""From where twos and threes are taken."""


def shot_chart(headers: Sequence[str], lines: Sequence[Sequence[object]], seed: int) -> Any:
    """The shot chart of the players' lines of a game log, in the source's shape.

    Args:
        headers: the fields of the lines.
        lines: the lines.
        seed: decides distances and times.
    """
    random = np.random.default_rng([seed, 2])
    rows: list[list[object]] = []
    events: dict[object, int] = {}
    for line in lines:
        player = dict(zip(headers, line, strict=True))
        for is_three, is_made in _shots(player):
            number = events[player["GAME_ID"]] = events.get(player["GAME_ID"], 0) + 1
            rows.append(_shot(random, player, number, is_three=is_three, is_made=is_made))
    return {"resultSets": [{"name": "Shot_Chart_Detail", "headers": HEADERS, "rowSet": rows}]}


def _shots(player: dict[str, Any]) -> list[tuple[bool, bool]]:
    """Whether each shot of the line is a three, and whether it went in."""
    threes, made_threes = player["FG3A"], player["FG3M"]
    twos, made_twos = player["FGA"] - threes, player["FGM"] - made_threes
    return [(False, place < made_twos) for place in range(twos)] + [
        (True, place < made_threes) for place in range(threes)
    ]


def _shot(
    random: np.random.Generator,
    player: dict[str, Any],
    number: int,
    *,
    is_three: bool,
    is_made: bool,
) -> list[object]:
    away, home = str(player["MATCHUP"]).split(" @ ")
    shot = {
        "GRID_TYPE": "Shot Chart Detail",
        "GAME_ID": player["GAME_ID"],
        "GAME_EVENT_ID": number,
        "PLAYER_ID": player["PLAYER_ID"],
        "PLAYER_NAME": player["PLAYER_NAME"],
        "TEAM_ID": 0,
        "TEAM_NAME": " ".join(TEAM_NAMES[player["TEAM_ABBREVIATION"]]),
        "PERIOD": int(random.integers(1, 5)),
        "MINUTES_REMAINING": int(random.integers(12)),
        "SECONDS_REMAINING": int(random.integers(60)),
        "EVENT_TYPE": "Made Shot" if is_made else "Missed Shot",
        "ACTION_TYPE": "Jump Shot",
        "SHOT_TYPE": "3PT Field Goal" if is_three else "2PT Field Goal",
        "SHOT_ZONE_BASIC": "Above the Break 3" if is_three else "Mid-Range",
        "SHOT_ZONE_AREA": "Center(C)",
        "SHOT_ZONE_RANGE": "",
        "SHOT_DISTANCE": int(random.integers(*_FEET[is_three])),
        "LOC_X": 0,
        "LOC_Y": 0,
        "SHOT_ATTEMPTED_FLAG": 1,
        "SHOT_MADE_FLAG": int(is_made),
        "GAME_DATE": f"{date.fromisoformat(player['GAME_DATE']):%Y%m%d}",
        "HTM": home,
        "VTM": away,
    }
    return [shot[name] for name in HEADERS]
