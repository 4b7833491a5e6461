"""The formulas of one line, by hand and at their limits."""

import ibis
import pytest

from nba_pipeline.league import box_score

LINE = {
    "minutes": 30.0,
    "fga": 10,
    "fta": 5,
    "tov": 2,
    "team_minutes": 240,
    "team_fga": 80,
    "team_fta": 20,
    "team_tov": 12,
}


def usage(**changed: object) -> float | None:
    """usage_rate of the line with what is changed."""
    row = LINE | changed
    rows = ibis.memtable([row], schema=dict.fromkeys(row, "float64"))
    return rows.select(it=box_score.usage_rate(rows)).to_pyarrow().to_pylist()[0]["it"]


@pytest.mark.parametrize(
    ("minutes", "overtimes"),
    [(238, 0), (240, 0), (242, 0), (264, 1), (266, 1), (291, 2), (390, 6), (200, 0)],
)
def test_overtimes_from_minutes_that_are_a_few_off(minutes, overtimes) -> None:
    """25 player-minutes each, and never fewer than none."""
    rows = ibis.memtable({"minutes": [float(minutes)]})
    found = rows.select(it=box_score.overtime_periods(rows.minutes)).to_pyarrow().to_pylist()
    assert found == [{"it": overtimes}]


def test_usage_by_hand() -> None:
    """14.2 of 100.8 plays, in 30 of 48 minutes; of an overtime game's 53."""
    assert usage() == pytest.approx(100 * 14.2 * 48 / (30 * 100.8))
    assert usage(team_minutes=265) == pytest.approx(100 * 14.2 * 53 / (30 * 100.8))


def test_no_plays_are_a_usage_of_zero() -> None:
    """Who played and used none is known to have used none."""
    assert usage(fga=0, fta=0, tov=0) == 0


def test_only_free_throws_are_plays_too() -> None:
    """Two of them weigh 0.88."""
    assert usage(fga=0, fta=2, tov=0) == pytest.approx(100 * 0.88 * 48 / (30 * 100.8))


def test_forty_eight_seconds_tell_no_usage_and_a_minute_does() -> None:
    """Below a minute one shot would be half of the team's."""
    assert usage(minutes=0.8, fga=1, fta=0, tov=0) is None
    assert usage(minutes=1.0, fga=1, fta=0, tov=0) == pytest.approx(100 * 48 / 100.8)


def test_without_the_teams_row_there_is_no_usage() -> None:
    """A lost team line is unknown, not zero."""
    lost = {name: None for name in LINE if name.startswith("team_")}
    assert usage(**lost) is None


@pytest.mark.parametrize(
    ("points", "fga", "fta", "ts_pct"),
    [(2, 0, 2, 2 / 1.76), (0, 5, 0, 0.0), (0, 0, 0, None), (25, 15, 8, 25 / (2 * 18.52))],
)
def test_true_shooting(points, fga, fta, ts_pct) -> None:
    """Free throws alone are above 1, misses are zero, and no attempt says nothing."""
    rows = ibis.memtable([{"points": points, "fga": fga, "fta": fta}])
    found = rows.select(it=box_score.ts_pct(rows.points, rows.fga, rows.fta))
    assert found.to_pyarrow().to_pylist() == [
        {"it": None if ts_pct is None else pytest.approx(ts_pct)}
    ]


@pytest.mark.parametrize(
    ("fgm", "fg3m", "fga", "efg_pct"), [(6, 2, 14, 0.5), (0, 0, 5, 0.0), (0, 0, 0, None)]
)
def test_effective_field_goals(fgm, fg3m, fga, efg_pct) -> None:
    """A three is one and a half; misses are zero, and no attempt says nothing."""
    rows = ibis.memtable([{"fgm": fgm, "fg3m": fg3m, "fga": fga}])
    found = rows.select(it=box_score.efg_pct(rows.fgm, rows.fg3m, rows.fga))
    assert found.to_pyarrow().to_pylist() == [{"it": efg_pct}]
