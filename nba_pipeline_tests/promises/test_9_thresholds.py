"""Every limit has a value and a reason in one versioned file, and checks show what they used."""

from dataclasses import replace
from datetime import date

from nba_pipeline import thresholds
from nba_pipeline.engine.verdicts import checks
from nba_pipeline.tables import TABLES
from nba_pipeline.thresholds import Threshold

OF_VERSION = {
    1: {
        "WINDOW_PRESENT_SHARE": 0.9,
        "FAMILY_COMPLETENESS": 0.9,
        "MINIMUM_GAMES": 5,
        "BOOTSTRAP_DAYS": 14,
        "PHASE_4_COVERAGE": 0.95,
        "USAGE_RATE_COVERAGE": 0.95,
        "USAGE_TEAM_MEAN_TOLERANCE": 0.35,
        "TRAINING_MINIMUM_GAMES": 400,
        "TRAINING_FEATURE_COVERAGE": 0.95,
        "TRAINING_IMPLAUSIBLE_MAE": 4.0,
    }
}
OF_VERSION[2] = OF_VERSION[1] | {
    "FEWEST_PLAYERS": 5,
    "MOST_PLAYERS": 15,
    "FEWEST_TEAM_POINTS": 50,
    "MOST_TEAM_POINTS": 220,
    "MOST_PLAYER_MINUTES": 80,
    "MOST_TEAM_MINUTES": 400,
    "UNSETTLED_DAYS": 3,
}
"""What each version of the thresholds says; a change of one is a new version here and there."""


def _limits() -> dict[str, Threshold]:
    return {name: v for name, v in vars(thresholds).items() if isinstance(v, Threshold)}


def test_a_change_of_a_value_is_a_change_of_version() -> None:
    """The file's values are those of its version."""
    assert {name: v.value for name, v in _limits().items()} == OF_VERSION[thresholds.VERSION]


def test_every_limit_has_a_reason() -> None:
    """A sentence, not a word."""
    assert [name for name, limit in _limits().items() if len(limit.reason.split()) < 8] == []


def test_a_check_shows_the_limit_its_reason_and_version_and_follows_them(
    league, monkeypatch
) -> None:
    """The same stamps fail once the limit is above what they have."""
    table = TABLES["player_game_summary"]
    stamps = dict(league.warehouse.stamps(table.name))
    day = max(day for day, stamp in stamps.items() if stamp.row_count)
    stamps[day] = replace(stamps[day], shares={"usage_rate_coverage": (98, 100)})

    def told() -> tuple[bool, dict[str, object]]:
        (check,) = [c for c in checks(table, day, stamps) if c.name == "usage_rate_coverage"]
        return check.passed, dict(check.metadata)

    passed, metadata = told()
    assert passed
    assert metadata["threshold"] == 0.95
    assert metadata["threshold_reason"] == thresholds.USAGE_RATE_COVERAGE.reason
    assert metadata["thresholds_version"] == 2
    stricter = Threshold(0.99, "for this test, one in a hundred is much")
    monkeypatch.setitem(thresholds.SHARES, "usage_rate_coverage", stricter)
    passed, metadata = told()
    assert not passed
    assert metadata["threshold"] == 0.99
    assert metadata["threshold_reason"] == stricter.reason
    assert isinstance(day, date)
