"""How like each other two games are, by hand from what was known before each."""

import ibis
import pytest

from nba_pipeline.model.similarity import score

GAME = {
    "is_home": True,
    "days_rest": 2,
    "opponent_def_rating": 112.0,
    "points_avg_last_5": 20.0,
    "points_avg_season": 19.0,
}
KINDS = {"is_home": "boolean", "days_rest": "int64", "opponent_def_rating": "float64"}
KINDS |= {"points_avg_last_5": "float64", "points_avg_season": "float64"}


def alike(**other: object) -> int:
    """The similarity of that game with one that differs from it so."""
    row = GAME | {f"own_{name}": value for name, value in (GAME | other).items()}
    schema = KINDS | {f"own_{name}": kind for name, kind in KINDS.items()}
    rows = ibis.memtable([row], schema=schema)
    told = rows.select(score=score(rows, {name: f"own_{name}" for name in GAME}))
    return int(told.to_pyarrow()["score"][0].as_py())


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        ({}, 100),
        ({"opponent_def_rating": 109.9}, 80),
        ({"opponent_def_rating": 114.9}, 100),
        ({"opponent_def_rating": 115.0}, 80),
        ({"opponent_def_rating": None}, 60),
        ({"days_rest": 1}, 85),
        ({"days_rest": 9}, 85),
        ({"days_rest": None}, 70),
        ({"is_home": False}, 85),
        ({"points_avg_last_5": 22.0}, 90),
        ({"points_avg_last_5": 21.9}, 100),
        ({"points_avg_last_5": 16.0}, 90),
        ({"points_avg_last_5": None}, 85),
        ({"is_home": False, "days_rest": 1, "opponent_def_rating": 120.0}, 50),
    ],
)
def test_what_differs_takes_away_its_part(other, wanted) -> None:
    """Tier 40, 20 beside it; rest 30, 15 beside it; court 15; form 15, 5 where it is another."""
    assert alike(**other) == wanted


def test_an_elite_and_a_weak_defence_have_nothing_in_common() -> None:
    """Two tiers apart; and the night after a game is nothing like a long rest."""
    row = {"opponent_def_rating": 105.0, "own_opponent_def_rating": 118.0}
    row |= {"days_rest": 1, "own_days_rest": 4}
    rows = ibis.memtable(
        [GAME | {f"own_{name}": value for name, value in GAME.items()} | row],
        schema=KINDS | {f"own_{name}": kind for name, kind in KINDS.items()},
    )
    told = rows.select(score=score(rows, {name: f"own_{name}" for name in GAME}))
    assert told.to_pyarrow()["score"][0].as_py() == 30
