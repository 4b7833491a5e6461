"""A month of phases 3 and 4 computed from the season's files with pandas: it knows no table.

Plain loops over rows of a date, each with the games that are dated before it. Of box scores nothing
is lost in these files, so that a window is NaN only where it holds no game; the shots of a game whose
attempts are not those of its box score are NaN.
"""

import gzip
import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

ZONES = ("paint", "mid_range", "three")
COUNTED = [f"{zone}_{what}" for zone in ZONES for what in ("attempts", "makes")]


def log_frame(landing: Path, name: str) -> pd.DataFrame:
    """The rows of a file of stats.nba.com under their headers, in lower case."""
    document = json.loads(gzip.decompress((landing / f"nba_stats/{name}.json.gz").read_bytes()))
    result = document["resultSets"][0]
    rows = pd.DataFrame(result["rowSet"], columns=[h.lower() for h in result["headers"]])
    rows["day"] = pd.to_datetime(rows.game_date.astype("string")).dt.date
    return rows.rename(columns={"team_abbreviation": "team"})


def team_games(landing: Path, season: str) -> pd.DataFrame:
    """One row per team and game: what both sides did, possessions, pace and ratings."""
    rows = log_frame(landing, f"league_game_log/team/{season}")
    rows["used"] = rows.fga + 0.44 * rows.fta + rows.tov - rows.oreb
    sides = rows.merge(rows, on="game_id", suffixes=("", "_other"))
    sides = sides[sides.team != sides.team_other]
    overtimes = ((sides["min"] - 240) / 25).round().clip(lower=0)
    possessions = (sides.used + sides.used_other) / 2
    sides = sides.assign(
        possessions=possessions,
        pace=possessions * 48 / (48 + 5 * overtimes),
        offensive_rating=100 * sides.pts / possessions,
        defensive_rating=100 * sides.pts_other / possessions,
        floor_minutes=240 + 25 * overtimes,
    )
    return sides.sort_values(["day", "game_id"], ignore_index=True)


def player_games(landing: Path, season: str, teams: pd.DataFrame) -> pd.DataFrame:
    """One row per player and game with minutes: his line, usage, true shooting and zones."""
    rows = log_frame(landing, f"league_game_log/player/{season}")
    rows = rows[rows["min"] > 0]
    team = teams[["game_id", "team", "team_other", "fga", "fta", "tov", "floor_minutes"]]
    rows = rows.merge(team, on=["game_id", "team"], suffixes=("", "_team"))
    plays = rows.fga + 0.44 * rows.fta + rows.tov
    team_plays = rows.fga_team + 0.44 * rows.fta_team + rows.tov_team
    shots = 2 * (rows.fga + 0.44 * rows.fta)
    rows = rows.assign(
        usage=100 * plays * (rows.floor_minutes / 5) / (rows["min"] * team_plays),
        shots=shots,
        ts_pct=rows.pts / shots.where(shots > 0),
    )
    zones = _zones(log_frame(landing, f"shot_chart_detail/{season}"))
    rows = rows.merge(zones, on=["game_id", "player_id"], how="left")
    rows[COUNTED] = rows[COUNTED].fillna(0)
    attempts = rows.paint_attempts + rows.mid_range_attempts + rows.three_attempts
    is_unlike = (attempts != rows.fga) | ((rows.three_attempts - rows.fg3a).abs() > 1)
    rows.loc[rows.game_id.isin(rows.game_id[is_unlike]), COUNTED] = np.nan
    return rows.sort_values(["day", "game_id"], ignore_index=True)


def _zones(chart: pd.DataFrame) -> pd.DataFrame:
    """Attempts and makes by zone, per game and player."""
    three = chart.shot_type == "3PT Field Goal"
    near = chart.shot_distance <= 8
    where = {"paint": ~three & near, "mid_range": ~three & ~near, "three": three}
    for zone, is_there in where.items():
        chart[f"{zone}_attempts"] = is_there.astype(int)
        chart[f"{zone}_makes"] = (is_there & (chart.shot_made_flag == 1)).astype(int)
    return chart.groupby(["game_id", "player_id"])[COUNTED].sum().reset_index()


def before(rows: pd.DataFrame, day: date, days: int | None = None) -> pd.DataFrame:
    """The rows dated before the day, of the last so many days where that is asked."""
    earlier = rows[rows.day < day]
    return earlier if days is None else earlier[earlier.day >= day - timedelta(days=days)]


def share(top: float, bottom: float) -> float:
    """One sum over another; NaN over nothing."""
    return top / bottom if bottom else np.nan


def with_known(rows: pd.DataFrame, column: str, least: float) -> pd.DataFrame:
    """The rows in which the column is known; none where they are less than that share."""
    known = rows[rows[column].notna()]
    return known if len(known) >= least * len(rows) - 1e-9 else known.iloc[:0]


def cache_row(games: pd.DataFrame, team: pd.DataFrame, day: date) -> dict[str, float]:
    """player_daily_cache of a player from his and his team's games before the day."""
    week, fortnight = before(games, day, 7), before(games, day, 14)
    five, ten = games.tail(5), games.tail(10)
    played = set(games.day)
    return {
        "points_avg_last_5": five.pts.mean(),
        "points_avg_last_10": ten.pts.mean(),
        "points_avg_season": games.pts.mean(),
        "points_std_last_10": ten.pts.std(),
        "minutes_avg_last_5": five["min"].mean(),
        "minutes_avg_last_10": ten["min"].mean(),
        "minutes_avg_season": games["min"].mean(),
        "usage_rate_last_10": ten.usage.mean(),
        "usage_rate_season": games.usage.mean(),
        "ts_pct_last_10": share(ten.pts.sum(), ten.shots.sum()),
        "games_played_season": len(games),
        "team_pace_last_10": team.tail(10).pace.mean(),
        "team_off_rating_last_10": team.tail(10).offensive_rating.mean(),
        "team_win_pct_season": (team.wl == "W").mean() if len(team) else np.nan,
        "games_in_last_7_days": len(week),
        "games_in_last_14_days": len(fortnight),
        "minutes_in_last_7_days": week["min"].sum(),
        "minutes_in_last_14_days": fortnight["min"].sum(),
        "back_to_backs_last_14_days": sum(d - timedelta(days=1) in played for d in fortnight.day),
    }


def shots_row(games: pd.DataFrame) -> dict[str, float]:
    """player_shot_zone_analysis of a player from his games before the day."""
    found: dict[str, float] = {}
    for span in (10, 20):
        recent = with_known(games.tail(span), "paint_attempts", 0.9)
        attempts = sum(recent[f"{zone}_attempts"].sum() for zone in ZONES)
        for zone in ZONES:
            tried, made = recent[f"{zone}_attempts"].sum(), recent[f"{zone}_makes"].sum()
            found[f"{zone}_rate_last_{span}"] = share(tried, attempts)
            found[f"{zone}_pct_last_{span}"] = share(made, tried)
            found[f"{zone}_attempts_avg_last_{span}"] = share(tried, len(recent))
    return found


def defense_row(team: pd.DataFrame, everyone: pd.DataFrame) -> dict[str, float]:
    """team_defense_zone_analysis of a team from its games before the day and all teams' of 30 days."""
    recent = team.tail(15)
    found = {
        "defensive_rating_last_15": 100 * share(recent.pts_other.sum(), recent.possessions.sum()),
        "opponent_points_per_game": recent.pts_other.mean(),
        "pace_last_15": recent.pace.mean(),
        "league_pace_last_30_days": everyone.pace.mean(),
    }
    recent = with_known(recent, "paint_attempts_other", 0.9)
    everyone = with_known(everyone, "paint_attempts_other", 0.95)
    for zone in ZONES:
        tried, made = f"{zone}_attempts_other", f"{zone}_makes_other"
        pct = share(recent[made].sum(), recent[tried].sum())
        league = share(everyone[made].sum(), everyone[tried].sum())
        found[f"{zone}_pct_allowed_last_15"] = pct
        found[f"{zone}_pct_allowed_vs_league"] = 100 * (pct - league)
        found[f"{zone}_attempts_allowed_avg_last_15"] = recent[tried].mean()
        found[f"{zone}_attempts_allowed_vs_league"] = recent[tried].mean() - everyone[tried].mean()
    return found


def with_zones_allowed(teams: pd.DataFrame, players: pd.DataFrame) -> pd.DataFrame:
    """The teams' games with the zones of their opponents' players."""
    sums = players.groupby(["game_id", "team"])[COUNTED].sum(min_count=1).reset_index()
    sums = sums.rename(columns={"team": "team_other", **{n: f"{n}_other" for n in COUNTED}})
    return teams.merge(sums, on=["game_id", "team_other"])


def factors_row(
    cache: dict, shots: dict, own: dict, other: dict, games: pd.DataFrame, day: date, out: float
) -> dict[str, float]:
    """player_composite_factors from the other rows; own and other are the teams' defense rows."""
    found = {"usage_rate_last_3": games.usage.tail(3).mean()}
    pace = (own["pace_last_15"] + other["pace_last_15"]) / 2 - other["league_pace_last_30_days"]
    found["pace_differential"] = pace
    found["pace_score"] = float(np.clip(pace / 2, -3, 3))
    usual = cache["usage_rate_last_10"]
    spike = found["usage_rate_last_3"] - usual + usual * out / (100 - out)
    found["usage_spike_score"] = float(np.clip(0.3 * spike, -3, 3))
    found["fatigue_score"] = _fatigue(cache, games, day)
    found["shot_zone_mismatch_score"] = _mismatch(shots, other)
    found["total_composite_adjustment"] = (
        (found["fatigue_score"] - 100) / 20
        + found["shot_zone_mismatch_score"]
        + found["pace_score"]
        + found["usage_spike_score"]
    )
    return found


def _fatigue(cache: dict, games: pd.DataFrame, day: date) -> float:
    if games.empty:
        return np.nan
    rest = (day - games.day.iloc[-1]).days
    score = 100 - 15 * (rest == 1) + 5 * (rest >= 3)
    score -= 10 * (cache["games_in_last_7_days"] >= 4)
    score -= 10 * (cache["minutes_in_last_7_days"] > 240)
    score -= 8 * (cache["minutes_in_last_7_days"] > 35 * cache["games_in_last_7_days"])
    doubles = cache["back_to_backs_last_14_days"]
    score -= 12 if doubles >= 2 else 5 * doubles
    return float(np.clip(score, 0, 100))


def _mismatch(shots: dict, other: dict) -> float:
    rates = {zone: shots[f"{zone}_rate_last_10"] for zone in ZONES}
    weak = {zone: other[f"{zone}_pct_allowed_vs_league"] for zone in ZONES}
    if np.isnan(rates["paint"]):
        return np.nan
    if rates["paint"] >= 0.4:
        score = weak["paint"] * min(rates["paint"] / 0.5, 1)
    elif rates["three"] >= 0.4:
        score = weak["three"] * min(rates["three"] / 0.5, 1)
    elif rates["mid_range"] >= 0.35:
        score = weak["mid_range"] * min(rates["mid_range"] / 0.5, 1)
    else:
        score = sum(weak[zone] * rates[zone] for zone in ZONES)
    return float(np.clip(score * 1.2 if abs(score) > 5 else score, -10, 10))
