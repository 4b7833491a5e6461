"""Every field goal attempt of a season, as many and as good as the box score says; shot charts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from nba_pipeline.league.identity import TEAM_NAMES
from nba_pipeline.simulation.played import Simulated, game_frame, line_frame

TEAM_IDS = {
    team: 1_610_612_737 + number
    for number, team in enumerate(
        (
            *("ATL", "BOS", "CLE", "NOP", "CHI", "DAL", "DEN", "GSW", "HOU", "LAC"),
            *("LAL", "MIA", "MIL", "MIN", "BKN", "NYK", "ORL", "IND", "PHI", "PHX"),
            *("POR", "SAC", "SAS", "OKC", "TOR", "UTA", "MEM", "WAS", "DET", "CHA"),
        )
    )
}
"""Tricode to the league's own number of the team."""
QUARTERS, QUARTER, OVERTIME = 4, 720, 300
"""How many quarters there are, and the seconds of a quarter and of an overtime."""

HEADERS = [
    *("GAME_ID", "PLAYER_ID", "PLAYER_NAME", "TEAM_ID", "TEAM_NAME", "PERIOD"),
    *("MINUTES_REMAINING", "SECONDS_REMAINING", "EVENT_TYPE", "ACTION_TYPE", "SHOT_TYPE"),
    *("SHOT_ZONE_BASIC", "SHOT_ZONE_AREA", "SHOT_ZONE_RANGE", "SHOT_DISTANCE"),
    *("SHOT_ATTEMPTED_FLAG", "SHOT_MADE_FLAG", "GAME_DATE", "HTM", "VTM"),
]
"""The fields of a shot chart's rows."""
_SHARE_OF_PAINT, _SHARE_OF_CORNERS = 0.62, 0.25
_PAINT = 8
_SIDES = np.array(["Center", "Left Side Center", "Right Side Center", "Left Side", "Right Side"])


def shots_of(played: Simulated, random: np.random.Generator) -> pd.DataFrame:
    """One row per attempt, in the order of the game.

    game_id, game_date, home, away, team, player_id, player_name, period, left (seconds of the period
    that are left), is_three, is_made, distance (whole feet), zone {paint, mid_range, three}, corner.
    A player's attempts and makes, of threes and in all, are those of his line.
    """
    lines = line_frame(played, "player")
    games = game_frame(played)[["game_id", "home", "away", "overtimes"]]
    lines = lines.merge(games, on="game_id", validate="many_to_one")
    attempts = lines.fga.astype("int64").to_numpy()
    shots = lines.loc[lines.index.repeat(attempts)].reset_index(drop=True)
    place = np.arange(len(shots)) - np.repeat(attempts.cumsum() - attempts, attempts)
    is_three = place < shots.fg3a
    of_twos = place - shots.fg3a < shots.fgm - shots.fg3m
    shots["is_three"] = is_three
    shots["is_made"] = np.where(is_three, place < shots.fg3m, of_twos)
    shots = _placed(shots, random)
    names = ["game_id", "game_date", "home", "away", "team", "player_id", "player_name", "period"]
    order = shots.sort_values(["game_date", "game_id", "elapsed"], kind="stable")
    told = ["left", "is_three", "is_made", "distance", "zone", "corner"]
    return order[[*names, *told]].reset_index(drop=True)


def _placed(shots: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """With when and from where."""
    count, of_game = len(shots), QUARTERS * QUARTER
    elapsed = (random.random(count) * (of_game + OVERTIME * shots.overtimes)).astype("int64")
    after = elapsed - of_game
    is_extra = after >= 0
    period = np.where(is_extra, QUARTERS + 1 + after // OVERTIME, 1 + elapsed // QUARTER)
    # A shot on a period's last second is one with a second left.
    left = np.where(is_extra, OVERTIME - after % OVERTIME, QUARTER - elapsed % QUARTER)
    is_paint = random.random(count) < _SHARE_OF_PAINT
    is_corner = random.random(count) < _SHARE_OF_CORNERS
    two = np.where(
        is_paint, random.integers(0, _PAINT + 1, count), random.integers(_PAINT + 1, 22, count)
    )
    three = np.where(is_corner, random.integers(22, 24, count), random.integers(24, 29, count))
    inside = np.where(is_paint, "paint", "mid_range")
    return shots.assign(
        elapsed=elapsed,
        period=period,
        left=left,
        distance=np.where(shots.is_three, three, two),
        zone=np.where(shots.is_three, "three", inside),
        corner=shots.is_three & is_corner,
    )


def shot_chart(shots: pd.DataFrame, season: str) -> dict[str, Any]:
    """The shots in the source's shape."""
    rows = chart_rows(shots)
    parameters = {
        "LeagueID": "00",
        "Season": season,
        "SeasonType": "Regular Season",
        "TeamID": 0,
        "PlayerID": 0,
        "ContextMeasure": "FGA",
    }
    result = {"name": "Shot_Chart_Detail", "headers": HEADERS, "rowSet": rows}
    return {"resource": "shotchartdetail", "parameters": parameters, "resultSets": [result]}


def chart_rows(shots: pd.DataFrame) -> Sequence[Sequence[object]]:
    """The shots as rows of the chart."""
    full_names = {team: " ".join(words) for team, words in TEAM_NAMES.items()}
    distance, is_three = shots.distance, shots.is_three
    side = _SIDES[distance % len(_SIDES)]
    basic = np.select(
        [is_three & shots.corner, is_three, distance < 4, distance <= _PAINT],
        [
            np.where(distance % 2, "Left Corner 3", "Right Corner 3"),
            "Above the Break 3",
            "Restricted Area",
            "In The Paint (Non-RA)",
        ],
        "Mid-Range",
    )
    reach = np.select(
        [is_three, distance < _PAINT, distance < 16],
        ["24+ ft.", "Less Than 8 ft.", "8-16 ft."],
        "16-24 ft.",
    )
    action = np.select([distance < 2, distance < 4], ["Dunk Shot", "Layup Shot"], "Jump Shot")
    chart = {
        "GAME_ID": shots.game_id,
        "PLAYER_ID": shots.player_id,
        "PLAYER_NAME": shots.player_name,
        "TEAM_ID": shots.team.map(TEAM_IDS),
        "TEAM_NAME": shots.team.map(full_names),
        "PERIOD": shots.period,
        "MINUTES_REMAINING": shots.left // 60,
        "SECONDS_REMAINING": shots.left % 60,
        "EVENT_TYPE": np.where(shots.is_made, "Made Shot", "Missed Shot"),
        "ACTION_TYPE": action,
        "SHOT_TYPE": np.where(is_three, "3PT Field Goal", "2PT Field Goal"),
        "SHOT_ZONE_BASIC": basic,
        "SHOT_ZONE_AREA": np.where(distance < _PAINT, "Center", side),
        "SHOT_ZONE_RANGE": reach,
        "SHOT_DISTANCE": distance,
        "SHOT_ATTEMPTED_FLAG": 1,
        "SHOT_MADE_FLAG": shots.is_made.astype("int64"),
        "GAME_DATE": shots.game_date.str.replace("-", ""),
        "HTM": shots.home,
        "VTM": shots.away,
    }
    columns = pd.DataFrame(chart, index=shots.index)[HEADERS]
    return list(map(list, zip(*(columns[name].tolist() for name in HEADERS), strict=True)))
