"""The clock of a period."""

import pytest

from nba_pipeline.phase_1_sources.game_clock import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT11M42.00S", 702),
        ("PT00M03.40S", 3.4),
        ("0:07:21", 441),
        ("12:00", 720),
        ("0:00:00", 0),
        ("11:60", None),
        ("soon", None),
        (None, None),
        (11.5, None),
    ],
)
def test_a_clock_is_seconds_in_every_spelling(text, seconds) -> None:
    """What is no clock is None."""
    assert seconds_of(text) == seconds
