"""The words for who may play."""

import pytest

from nba_pipeline.league.availability import InjuryStatus, injury_status


@pytest.mark.parametrize(
    ("word", "status"),
    [
        *((status.value.capitalize(), status) for status in InjuryStatus if "_" not in status),
        ("OUT", InjuryStatus.OUT),
        (" Day-To-Day ", InjuryStatus.DAY_TO_DAY),
        ("Gone", None),
        ("", None),
        (None, None),
        (3, None),
    ],
)
def test_a_word_is_a_status_whatever_its_case_or_none(word, status) -> None:
    """An unknown word is no status, and never a text that compares unlike all of them."""
    assert injury_status(word) is status


def test_asking_for_out_takes_somebody_away() -> None:
    """The members are what is stored: a filter by one of them finds the texts of it."""
    stored = ["out", "available", "doubtful"]
    assert [text for text in stored if text != InjuryStatus.OUT] == ["available", "doubtful"]
