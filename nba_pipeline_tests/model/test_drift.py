"""A month's rows against those that the serving model has learned from."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from nba_pipeline.model import drift

FIRST, SINCE = date(2022, 10, 18), date(2023, 10, 31)


@pytest.fixture(autouse=True)
def a_season_of_rows(monkeypatch) -> None:
    """A thousand rows are a season here."""
    monkeypatch.setitem(vars(drift.TRAINING_DRIFT_KNOWN_ROWS), "value", 1000)


def rows(minutes: list[float], newer: list[float] = (), dates: int = 7) -> pd.DataFrame:
    """A season's rows with these minutes, and some of so many dates of the month after it."""
    days = [FIRST + timedelta(days=n % 170) for n in range(len(minutes))]
    days += [SINCE + timedelta(days=1 + n % dates) for n in range(len(newer))]
    return pd.DataFrame({"game_date": days, "minutes_avg_last_10": [*minutes, *newer]})


EVEN = [float(n % 40) for n in range(1000)]
LEARNED = drift.learned(rows(EVEN), ["minutes_avg_last_10"])


def told(now: pd.DataFrame, learned: str | None = LEARNED) -> list[str]:
    """What is found of them."""
    return drift.refusals(now, ["minutes_avg_last_10"], learned, SINCE)


def test_what_was_learned_from_is_told_by_its_tenths() -> None:
    """Forty values, 25 rows each: deciles where they fall, and a hundredth beyond either end."""
    (known,) = json.loads(LEARNED).values()
    assert known["known"] == 1000
    assert (known["low"], known["high"]) == (0, 39)
    assert len(known["deciles"]) == 9
    assert sum(known["shares"]) == pytest.approx(1, abs=1e-5)


def test_the_same_rows_and_a_month_like_them_have_not_moved() -> None:
    """Nor is anything asked where the serving model tells nothing."""
    assert told(rows(EVEN)) == []
    assert told(rows(EVEN, EVEN[:200])) == []
    assert told(rows([value * 60 for value in EVEN]), None) == []


def test_a_third_of_the_rows_in_other_units_is_drift() -> None:
    """Seconds for minutes: by hand, shares of 0.1 become 0.4 in the last tenth, 0.0667 elsewhere."""
    seconds = [value * 60 if n % 3 == 0 else value for n, value in enumerate(EVEN)]
    (text,) = told(rows(seconds))
    shares = np.array([0.1] * 9 + [0.1])
    now = np.array([0.1 * 2 / 3] * 9 + [0.1 * 2 / 3 + 1 / 3])
    index = ((now - shares) * np.log(now / shares)).sum()
    assert text.startswith("drift: minutes_avg_last_10 has a population stability index of 0.")
    assert float(text.split(" of ")[1].split(" ")[0]) == pytest.approx(index, abs=0.05)
    assert drift.TRAINING_DRIFT.reason in text


def test_a_new_month_where_next_to_none_were_is_drift() -> None:
    """A month is too little to move the whole; its median alone lies outside."""
    (text,) = told(rows(EVEN * 9, [1500.0] * 100))
    assert text.startswith(
        "drift: minutes_avg_last_10 is 1500 at the median of 100 rows that are newer"
    )
    assert "lay between 0 and 39" in text
    assert told(rows(EVEN * 9, [1500.0] * 49 + EVEN[:51])) == []
    # On the first nights after a pause everybody has rested for as long.
    assert told(rows(EVEN * 9, [1500.0] * 100, dates=6)) == []


def test_a_feature_that_the_serving_model_hardly_knew_may_move() -> None:
    """Its source had just begun."""
    few = drift.learned(rows(EVEN[:999]), ["minutes_avg_last_10"])
    assert told(rows([value * 60 for value in EVEN]), few) == []


def test_a_count_that_grows_through_a_season_may_be_beyond_it_in_the_playoffs() -> None:
    """Seventy games are no other unit, as they would be of another measure."""
    season, name = {"minutes_avg_last_10": "games_played_season"}, "games_played_season"
    learned = drift.learned(rows(EVEN).rename(columns=season), [name])
    playoffs = rows(EVEN * 9, [70.0] * 100)
    assert drift.refusals(playoffs.rename(columns=season), [name], learned, SINCE) == []
    assert len(told(playoffs)) == 1


def test_a_flag_has_no_units() -> None:
    """The first month of the playoffs is nothing but playoffs."""
    flags = drift.learned(rows([0.0] * 1000), ["minutes_avg_last_10"])
    assert told(rows([0.0] * 1000, [1.0] * 100), flags) == []
