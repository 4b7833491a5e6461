"""A small league's training rows, every feature computed literally from the games before."""

import random
from datetime import date, timedelta
from statistics import mean

import pandas as pd

from nba_pipeline.model.training import Training

FEATURES = (
    *("points_avg_last_10", "points_avg_season", "minutes_avg_last_10", "usage_rate_last_10"),
    *("games_played_season", "points_weighted_carried_30"),
)
SEASONS = {"2021-22": date(2021, 10, 19), "2022-23": date(2022, 10, 18)}
MONTH = date(2023, 4, 1)
_PLAYERS, _GAMES = 30, 60


def games() -> pd.DataFrame:
    """Thirty players, each with his own mean between 5 and 25 points, sixty games in two seasons."""
    luck = random.Random(11)
    lines = []
    for player in range(1, _PLAYERS + 1):
        level = 5 + 20 * player / _PLAYERS
        for season, first in SEASONS.items():
            lines += [
                {
                    "game_id": f"002{season[2:4]}{number:05d}",
                    "player_id": player,
                    "game_date": first + timedelta(days=2 * number),
                    "season": season,
                    "points": max(0, round(luck.gauss(level, 5))),
                    "minutes": luck.uniform(10, 38),
                    "usage_rate": luck.uniform(10, 30),
                    "fga": luck.randint(4, 20),
                    "fta": luck.randint(0, 8),
                    "ftm": 1,
                    "shots": 20.0,
                }
                for number in range(_GAMES)
            ]
    return pd.DataFrame(lines)


def training(played: pd.DataFrame) -> Training:
    """The rows that the games come to, and the games."""
    rows = []
    for _player, own in played.groupby("player_id"):
        lines = own.sort_values("game_date").to_dict("records")
        for place, line in enumerate(lines):
            before = [g for g in lines[:place] if g["season"] == line["season"]]
            rows.append(_row(line, before, lines[:place]))
    ordered = pd.DataFrame(rows).sort_values(["game_date", "game_id", "player_id"])
    return Training(MONTH, ordered.reset_index(drop=True), played, FEATURES)


def _row(line: dict, before: list[dict], carried: list[dict]) -> dict:
    recent = before[-10:]
    weights = range(31 - len(carried[-30:]), 31)
    weighted = [w * g["points"] for w, g in zip(weights, carried[-30:], strict=True)]
    return {
        **{name: line[name] for name in ("game_id", "player_id", "game_date", "season")},
        "scored": line["points"],
        "month": f"{line['game_date']:%Y-%m}",
        "gap_ids": [],
        **dict.fromkeys(("has_lost_games", "lacks_shots", "is_reported", "is_day_to_day"), False),
        "is_production_ready": len(before) >= 5,
        "not_ready_reason": None if len(before) >= 5 else "bootstrap",
        "points_avg_last_10": _known_mean(recent, "points"),
        "points_avg_season": _known_mean(before, "points"),
        "minutes_avg_last_10": _known_mean(recent, "minutes"),
        "usage_rate_last_10": _known_mean(recent, "usage_rate"),
        "games_played_season": len(before),
        "points_weighted_carried_30": sum(weighted) / sum(weights) if carried else None,
    }


def _known_mean(entries: list[dict], column: str) -> float | None:
    """The mean of the known, where at most one in ten is unknown."""
    known = [entry[column] for entry in entries if not pd.isna(entry[column])]
    return mean(known) if known and len(known) >= 0.9 * len(entries) else None
