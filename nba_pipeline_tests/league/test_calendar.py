"""Seasons, days and dates."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

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


def _counted_to(day: date) -> str | None:
    """The name of the season that a date counts to, as the expression has it."""
    return ibis.duckdb.connect().execute(calendar.season_name(ibis.literal(day)))


SPANS = {
    "2015-16": (date(2015, 10, 27), date(2016, 6, 19)),
    "2016-17": (date(2016, 10, 25), date(2017, 6, 12)),
    "2017-18": (date(2017, 10, 17), date(2018, 6, 8)),
    "2018-19": (date(2018, 10, 16), date(2019, 6, 13)),
    "2019-20": (date(2019, 10, 22), date(2020, 10, 11)),
    "2020-21": (date(2020, 12, 22), date(2021, 7, 20)),
    "2021-22": (date(2021, 10, 19), date(2022, 6, 16)),
}


@pytest.mark.parametrize("name", SPANS)
def test_every_definition_of_a_season_agrees_with_its_days(name: str) -> None:
    """By Python and by expression, on first and last day, 2019-20's October 2020 included."""
    duckdb = ibis.duckdb.connect()
    first, last = SPANS[name]
    assert (calendar.season(name).first, calendar.season(name).last) == (first, last)
    for day, number in ((first, 0), (last, (last - first).days)):
        assert calendar.season_of(day).name == _counted_to(day) == name
        assert duckdb.execute(calendar.day_of_season(ibis.literal(day))) == number
    turn = duckdb.execute(calendar.season_turn(ibis.literal(name)))
    assert _counted_to(turn.date()) == name
    assert turn.date() < first
    if name != "2015-16":
        earlier = duckdb.execute(calendar.previous_season_name(ibis.literal(name)))
        assert _counted_to(turn.date() - timedelta(days=1)) == earlier < name


@pytest.mark.parametrize(
    ("month", "name"),
    [
        (date(2015, 10, 1), "2015-16"),
        (date(2020, 10, 1), "2019-20"),
        (date(2020, 12, 1), "2020-21"),
        (date(2021, 7, 1), "2020-21"),
        (date(2023, 10, 1), "2023-24"),
    ],
)
def test_a_month_counts_to_the_season_of_its_days(month: date, name: str) -> None:
    """The row of a month and the folder that it lies in name one season."""
    assert _counted_to(month) == name


def test_a_date_before_the_calendar_has_no_season() -> None:
    """Nothing is counted to a season by default."""
    day = date(2015, 9, 30)
    assert _counted_to(day) is None
    with pytest.raises(calendar.OffSeason):
        calendar.season_of(day)


@pytest.fixture
def with_setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets NBA_PIPELINE_SEASONS; what was remembered of another setting is forgotten."""
    remembered = (calendar.seasons, calendar.turns, calendar.season_of)

    def setting(text: str) -> None:
        monkeypatch.setenv("NBA_PIPELINE_SEASONS", text)
        for function in remembered:
            function.cache_clear()

    yield setting
    for function in remembered:
        function.cache_clear()


def test_a_coming_season_is_added_by_a_setting(with_setting) -> None:
    """It has days, a name in expressions, and a season before it; a known one can be moved."""
    with_setting("2027-28:2027-10-19:2028-06-20, 2026-27:2026-10-20:2027-06-15")
    assert calendar.season_of(date(2028, 6, 20)).name == "2027-28"
    assert calendar.season_before(calendar.season("2027-28")).last == date(2027, 6, 15)
    found = calendar.season_name(ibis.literal(date(2027, 6, 16)))
    assert ibis.duckdb.connect().execute(found) == "2027-28"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2027-28", "'2027-28' is no season; give NBA_PIPELINE_SEASONS=<name>"),
        ("2027-28:2027-10-19:2028-02-31", "2028-02-31' is no season"),
        ("2028-29:2028-10-17:2029-06-20", "2028-29, .* does not follow on 2026-27"),
        ("2027-28:2027-06-01:2028-06-20", "does not follow on 2026-27, which ends 2027-06-22"),
        ("2027-28:2027-10-19:2027-10-01", "2027-28, 2027-10-19 to 2027-10-01, does not"),
        ("2014-15:2014-10-28:2015-06-16", "2014-15, .* does not follow"),
    ],
)
def test_seasons_that_leave_a_hole_or_cannot_be_read_are_refused(with_setting, text, told) -> None:
    """The error names the setting and its form."""
    with_setting(text)
    with pytest.raises(calendar.BadSeasons, match=told):
        calendar.seasons()


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


@pytest.mark.parametrize("text", ["tomorrow", "2023-13-01", "20231024", "2023-W43-3", ""])
def test_a_text_that_is_no_date_is_refused(text: str) -> None:
    """The error says what would do."""
    with pytest.raises(ValueError, match="YYYY-MM-DD, today or yesterday"):
        calendar.resolve_date(text)
