"""What a month is trained on: three seasons and no more, whatever else the run has read."""

from datetime import date

import ibis
import ibis.expr.types as ir

from nba_pipeline.model.training import training_rows, trainings

FEATURES = ("points_avg_last_10",)
FIRST_DAYS = {
    "2020-21": date(2020, 12, 22),
    "2021-22": date(2021, 10, 19),
    "2022-23": date(2022, 10, 18),
    "2023-24": date(2023, 10, 24),
}


def of_seasons(**columns: object) -> ir.Table:
    """One row per season, on its first day."""
    days = [{"season": season, "game_date": day} for season, day in FIRST_DAYS.items()]
    labels = {"player_id": 1, "team_abbr": "LAL", "opponent_abbr": "BOS"}
    rows = [
        {**line, "game_id": f"002{line['season'][2:4]}00001", **labels, **columns} for line in days
    ]
    return ibis.memtable(rows)


def behind() -> dict[str, ir.Table]:
    """Tables of four seasons, the last begun."""
    of_game = ("points", "minutes", "fga", "fta", "ftm", "usage_rate", "points_line")
    shots = ("paint_attempts", "mid_range_attempts", "three_attempts")
    makes = ("assisted_makes", "unassisted_makes")
    results = of_seasons(**dict.fromkeys((*of_game, *shots, *makes), 4.0))
    of_team = dict.fromkeys(("pace", "offensive_rating", "points", "possessions"), 100.0)
    quality = {"is_production_ready": True, "not_ready_reason": "", "gap_ids": ["none"]}
    counts = {"zone_games_present": 1, "zone_games_expected": 1}
    told = {"injury_source": "none", "injury_status": ""}
    features = of_seasons(points_avg_last_10=4.0, **quality, **counts, **told)
    entries = of_seasons(event="out")
    return {
        "features": features,
        "results": results,
        "team_games": of_seasons(won=True, is_home=True, **of_team),
        "transactions": entries.mutate(event_date=entries.game_date),
    }


def test_months_of_one_run_do_not_see_what_another_reads() -> None:
    """Three seasons up to the month: October 2023, before its first game, begins a season earlier."""
    tables = behind()
    rows = training_rows(tables, FEATURES)
    november, october = date(2023, 11, 1), date(2023, 10, 1)
    of_months = trainings(rows, tables, [october, november], FEATURES, {})
    for month, seasons in (
        (november, ["2021-22", "2022-23", "2023-24"]),
        (october, ["2020-21", "2021-22", "2022-23"]),
    ):
        training = of_months[month]
        parts = (training.rows, training.games, training.team_games, training.transactions)
        for part in (*parts, training.universe):
            assert sorted(part.season.unique()) == seasons
