"""What names, lines and transactions come to on real seasons, as benchmarks/names.py measures it."""

import runpy
from pathlib import Path
from typing import Any

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks/names.py"


@pytest.fixture(scope="module")
def measures() -> dict[str, Any]:
    """The benchmark's functions."""
    return runpy.run_path(str(BENCHMARK))


@pytest.fixture(scope="module")
def warehouse(measures, real_landing, tmp_path_factory) -> Any:
    """The raw tables of three real seasons."""
    return measures["computed"](tmp_path_factory.mktemp("names"), real_landing)


@pytest.mark.slow
def test_names_of_real_sources_mean_players(measures, warehouse, real_landing) -> None:
    """99% of the lines and 97% of the transactions, in every season."""
    shares = measures["matched"](warehouse, real_landing).share
    assert len(shares) == 6
    for (source, _season), share in shares.items():
        assert (0.97 if source == "prosportstransactions" else 0.99) <= share <= 1


@pytest.mark.slow
def test_real_lines_are_as_near_to_the_points_as_they_are(measures, warehouse) -> None:
    """The lines' known mean absolute error; nineteen of twenty of their players then played."""
    found = measures["lines_against_points"](warehouse)
    known = {
        ("bettingpros", "2021-22"): 4.96,
        ("bettingpros", "2022-23"): 5.08,
        ("odds_api", "2023-24"): 5.2,
    }
    assert found.mean_absolute_error.to_dict() == pytest.approx(known, abs=0.05)
    assert found.share_played.between(0.94, 0.98).all()


@pytest.mark.slow
def test_real_transactions_tell_who_is_out(measures, warehouse, real_landing) -> None:
    """Of regulars who are out by entries of the day 1% play, by those before it fewer than a fifth.

    Nobody whom his team lists as out for the season is missed, and hardly one as doubtful.
    """
    players = measures["out_by_entries"](warehouse, measures["regulars"](warehouse))
    assert players[players.out_with_day].played.mean() < 0.01
    assert 0.15 < players[players.out_before].played.mean() < 0.2
    statuses = real_landing.parent / "extra/player_status_2024_spring.csv.gz"
    if not statuses.exists():
        pytest.skip("no published statuses here")
    said = measures["against_statuses"](players, statuses)
    assert said.out_before["Out for season"] > 0.99
    assert said.out_with_day["Doubtful"] > 0.95
    assert said.out_with_day["Probable"] < 0.02
