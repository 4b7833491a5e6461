"""Seasons, days and dates."""

from datetime import date

import ibis
import pytest

from nba_pipeline.league import calendar
from nba_pipeline.orchestration import partitions


def test_a_summer_day_belongs_to_no_season() -> None:
    """The off-season has no partitions."""
    with pytest.raises(calendar.OffSeason, match="2023-08-01 is in no season"):
        calendar.season_of(date(2023, 8, 1))


def test_season_days_span_the_break_between_seasons() -> None:
    """Of a range over a summer only the days of seasons are left."""
    days = calendar.season_days(date(2023, 6, 11), date(2023, 10, 25))
    assert days == [date(2023, 6, 11), date(2023, 6, 12), date(2023, 10, 24), date(2023, 10, 25)]


def test_days_before_is_strict() -> None:
    """The days before D do not hold D."""
    assert calendar.days_before(date(2023, 10, 26)) == [date(2023, 10, 24), date(2023, 10, 25)]


@pytest.mark.parametrize(
    ("day", "name", "before"),
    [(date(2023, 10, 24), "2023-24", "2022-23"), (date(2000, 1, 2), "1999-00", "1998-99")],
)
def test_season_names_as_expressions(day: date, name: str, before: str) -> None:
    """A season is named after both its years, over the turn of the century too."""
    found = ibis.duckdb.connect().execute(calendar.season_name(ibis.literal(day)))
    assert found == name
    earlier = calendar.previous_season_name(ibis.literal(name))
    assert ibis.duckdb.connect().execute(earlier) == before


def test_partitions_are_the_seasons_days_and_months() -> None:
    """Dagster's partitions leave out the summer and hold the seasons."""
    keys = set(partitions.daily().get_partition_keys())
    assert "2023-06-12" in keys
    assert "2023-06-13" not in keys
    assert "2023-10-24" in keys
    months = set(partitions.monthly().get_partition_keys())
    assert "2023-06-01" in months
    assert "2023-08-01" not in months
    assert "2023-10-01" in months


@pytest.mark.parametrize("text", ["tomorrow", "2023-13-01", "20231301x", ""])
def test_a_text_that_is_no_date_is_refused(text: str) -> None:
    """The error says what would do."""
    with pytest.raises(ValueError, match="YYYY-MM-DD, today or yesterday"):
        calendar.resolve_date(text)
