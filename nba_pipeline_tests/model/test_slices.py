"""Slices of rows in the order of their dates."""

from datetime import date, timedelta

import pandas as pd

from nba_pipeline.model import slices


def _rows(days: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"game_date": [date(2023, 11, 1) + timedelta(days=n) for n in days]})


def test_slices_follow_each_other_and_split_no_date() -> None:
    """A hundred rows, four a day: 76, 84 and 92 are beginnings of days."""
    rows = _rows([n // 4 for n in range(100)])
    places = slices.named(rows)
    assert [(s.start, s.stop) for s in places.values()] == [(0, 76), (76, 84), (84, 92), (92, 100)]
    assert list(places) == ["fit", "stop", "calibrate", "judge"]
    assert slices.out_of_order(rows, places) == []
    # Seven a day: row 76 is in the day that begins with row 70.
    assert slices.named(_rows([n // 7 for n in range(100)]))["fit"] == slice(0, 70)


def test_judge_reaches_no_further_back_than_the_last_month() -> None:
    """Of 32 days of four rows 8% are three days; two of them are in December."""
    places = slices.named(_rows([n // 4 for n in range(128)]))
    assert (places["calibrate"].stop, places["judge"]) == (120, slice(120, 128))
    # Of a month and a half the share is less than the last month.
    places = slices.named(_rows([n // 4 for n in range(180)]))
    assert places["judge"] == slice(164, 180)


def test_of_few_dates_each_slice_has_one() -> None:
    """Eight of ten rows each: five of them fit, since 76 of 80 rows would leave one for three."""
    places = slices.named(_rows([n // 10 for n in range(80)]))
    assert [s.start for s in places.values()] == [0, 50, 60, 70]


def test_slices_of_rows_out_of_order_are_told() -> None:
    """The newest rows stand first."""
    rows = _rows([(99 - n) // 4 for n in range(100)])
    told = slices.out_of_order(rows, slices.named(rows))
    assert (
        told[0]
        == "split: slice stop begins on 2023-11-05, and slice fit before it reaches to 2023-11-25"
    )
    assert len(told) == 3


def test_a_slice_without_rows_is_told() -> None:
    """All rows are of one day."""
    rows = _rows([0] * 50)
    assert slices.out_of_order(rows, slices.named(rows)) == [
        f"split: slice {name} has no rows" for name in ("fit", "stop", "calibrate")
    ]


def test_slices_tell_their_dates_and_rows() -> None:
    """As a model keeps them."""
    rows = _rows([n // 4 for n in range(100)])
    assert slices.said(rows, slices.named(rows))["judge"] == {
        "first": "2023-11-24",
        "last": "2023-11-25",
        "rows": 8,
    }
