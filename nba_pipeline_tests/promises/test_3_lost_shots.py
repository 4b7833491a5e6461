"""Where shots are lost zones are unknown, by name, and nothing that does without them is any less.

Once six of ten games of a season lost their shots: shares of attempts were made of those that were
left, constants of the others, and nobody was told.
"""

import random

from nba_pipeline_tests.conftest import Lab, with_upstream
from nba_pipeline_tests.league_files import SHOT_CHART, damaged, games, lines
from nba_pipeline_tests.promises.conftest import SPAN

TABLES_TO_PREDICTIONS = with_upstream("player_prop_predictions")
OF_ZONES = ("pct_paint", "pct_mid_range", "pct_three", "shot_zone_mismatch_score")
COUNTS = ("zone_games_expected", "zone_games_present")
BOOKS = ("bypass", "code_version", "gap_ids", *COUNTS)


def features(lab: Lab) -> dict[tuple, dict]:
    """The rows of the store by game and player."""
    return {(r["game_id"], r["player_id"]): r for r in lab.rows("ml_feature_store_v2")}


def same_but_for_zones(row: dict, other: dict) -> bool:
    """Whether all but the zones, their counts and the gaps is the same."""
    left_out = {*OF_ZONES, *BOOKS}
    return all(row[name] == other[name] for name in row if name not in left_out)


def told(lab: Lab) -> set[tuple]:
    """Who has a prediction, by which system, of how many points, and whether it is ready."""
    made = lab.rows("player_prop_predictions")
    keys = ("game_id", "player_id", "system", "predicted_points", "is_production_ready")
    # The systems that look at zones may say other points.
    plain = {"moving_average"}
    return {
        tuple(r[k] for k in keys if k != "predicted_points" or r["system"] in plain) for r in made
    }


def test_six_of_ten_games_without_shots_leave_zones_unknown_and_every_prediction(
    tmp_path, small
) -> None:
    """A zone is told where at most one of ten games is lost, and every lost one looked at is named."""
    said = sorted({row["GAME_ID"] for row in lines(small.landing_folder, SHOT_CHART)})
    gone = set(random.Random(3).sample(said, round(0.6 * len(said))))

    def lose(rows) -> None:
        rows[:] = [row for row in rows if row["GAME_ID"] not in gone]

    lab = Lab(tmp_path, damaged(small.landing_folder, tmp_path, SHOT_CHART, lose))
    lab.compute(TABLES_TO_PREDICTIONS, *SPAN)
    days = {game["gameId"]: game["date"] for game in games(small.landing_folder)}
    gaps = {f"shots:{days[game_id]}:{game_id}" for game_id in gone}
    assert {row["gap_id"] for row in lab.rows("data_gaps")} == gaps
    before, after = features(small), features(lab)
    assert before.keys() == after.keys()
    unknown = 0
    for key, row in after.items():
        assert same_but_for_zones(row, before[key])
        assert set(row["gap_ids"]) <= gaps
        present, expected = row["zone_games_present"], row["zone_games_expected"]
        for name in OF_ZONES[:3]:
            assert row[name] is None or row[name] == before[key][name] or row["gap_ids"]
        if expected >= 5 and present < 0.8 * expected:
            unknown += row["pct_paint"] is None or row["shot_zone_mismatch_score"] is None
        assert row["shot_zone_mismatch_score"] is None or not row["gap_ids"]
    assert unknown > 100
    shots = lab.rows("player_shot_zone_analysis")
    for row in shots:
        lost = [gap_id for gap_id in row["gap_ids"] if gap_id in gaps]
        assert len(lost) == row["zone_games_expected"] - row["zone_games_present"]
        of_ten = row["zone_games_expected_last_10"] - row["zone_games_present_last_10"]
        assert of_ten == len(gaps.intersection(row["gap_ids_last_10"]))
        if row["zone_games_expected"] == len(lost):
            assert row["paint_rate_last_10"] is None
    lengths = [len(row["gap_ids"]) for row in after.values()]
    # His last ten games and his opponent's last fifteen.
    assert max(lengths) <= 25
    assert told(lab) == told(small)


def test_a_season_without_shots_is_one_gap_on_each_row(tmp_path, small) -> None:
    """No zone, one name, and every prediction as it was."""
    landing = damaged(small.landing_folder, tmp_path, SHOT_CHART, list.clear)
    for path in landing.glob(f"{SHOT_CHART}*"):
        path.unlink()
    lab = Lab(tmp_path, landing)
    lab.compute(TABLES_TO_PREDICTIONS, *SPAN)
    before = features(small)
    for key, row in features(lab).items():
        assert same_but_for_zones(row, before[key])
        assert [row[name] for name in OF_ZONES] == [None] * 4
        assert row["gap_ids"] == (["shots:2023-24"] if row["zone_games_expected"] else [])
        assert row["zone_games_present"] == 0
    assert any(row["gap_ids"] for row in lab.rows("ml_feature_store_v2"))
    assert told(lab) == told(small)
