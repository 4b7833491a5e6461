"""The list of features: the contract between the feature store, the models and the systems.

A change of the list or of a feature's meaning counts FEATURE_VERSION up.
"""

import pandas as pd

FEATURE_VERSION = VERSION = 1
FEATURES = (
    "points_avg_last_5",
    "points_avg_last_10",
    "points_avg_season",
    "points_std_last_10",
    "recent_trend",
    "minutes_avg_last_5",
    "minutes_avg_last_10",
    "minutes_avg_season",
    "minutes_change",
    "usage_rate_last_10",
    "usage_rate_season",
    "ts_pct_last_10",
    "pct_free_throw",
    "games_played_season",
    "points_avg_previous_season",
    "minutes_avg_previous_season",
    "games_in_last_7_days",
    "games_in_last_14_days",
    "minutes_in_last_7_days",
    "back_to_backs_last_14_days",
    "days_rest",
    "team_days_rest",
    "rest_advantage",
    "is_back_to_back",
    "is_home",
    "is_playoff_game",
    "team_pace_last_10",
    "team_off_rating_last_10",
    "team_win_pct_season",
    "opponent_def_rating",
    "opponent_pace",
)


def matrix(rows: pd.DataFrame) -> pd.DataFrame:
    """The features of the rows as floats, unknown as NaN; shape (rows, features)."""
    return rows[list(FEATURES)].astype("float32")
