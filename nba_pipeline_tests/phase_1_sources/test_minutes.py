"""Minutes in all their spellings."""

import pytest

from nba_pipeline.phase_1_sources.minutes import minutes_of, parse_minutes


@pytest.mark.parametrize(
    ("value", "minutes"),
    [
        (35, 35.0),
        ("35", 35.0),
        ("05", 5.0),
        (35.5, 35.5),
        ("45:58", 45.97),
        ("PT45M58.00S", 45.97),
        ("PT00M00.00S", 0.0),
        ("45.000000:58", 45.97),
        (" 7:28 ", 7.47),
        ("265:00", 265.0),
    ],
)
def test_every_spelling_of_minutes_is_read(value, minutes) -> None:
    """58 seconds are 0.97 of a minute."""
    assert parse_minutes(value) == minutes


@pytest.mark.parametrize("value", [None, True, "", "DNP", "45:60", "-3", "nan", "3_5", "4:5:6", []])
def test_what_is_no_number_of_minutes_is_refused(value) -> None:
    """With what it is; nothing becomes zero."""
    with pytest.raises(ValueError, match=r"minutes|seconds"):
        parse_minutes(value)
    assert minutes_of(value, 80) is None


def test_more_minutes_than_anyone_has_played_are_none() -> None:
    """80 are taken and 81 are not."""
    assert minutes_of("80:00", 80) == 80.0
    assert minutes_of("81:00", 80) is None
