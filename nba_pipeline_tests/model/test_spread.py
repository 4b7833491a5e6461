"""Bands and probabilities from errors whose quantiles are known."""

import numpy as np
import pytest

from nba_pipeline.model import spread


def _learned() -> spread.Spread:
    """Predictions of 5 with errors of -10 to 10 in even steps, predictions of 25 with twice those."""
    errors = np.tile(np.linspace(-10, 10, 401), 5)
    near = np.linspace(0, 0.001, len(errors))
    predicted = np.r_[5 + near, 25 + near]
    return spread.learned(predicted, predicted + np.r_[errors, 2 * errors])


def test_a_band_holds_the_quantiles_of_the_errors_about_the_prediction() -> None:
    """At 25 a tenth of the errors is below -16 and a tenth above 16; at 5 half of that, not below 0."""
    known = _learned()
    at = np.array([5.0, 15.0, 25.0])
    assert known.quantile(at, 0.1) == pytest.approx([0, 3, 9], abs=0.05)
    assert known.quantile(at, 0.9) == pytest.approx([13, 27, 41], abs=0.05)
    assert known.quantile(at, 0.5) == pytest.approx(at, abs=0.05)


def test_the_probability_of_more_is_what_lies_above_the_line() -> None:
    """At 25 the errors are even from -20 to 20: above 35 lies a quarter, above 25 half."""
    known = _learned()
    lines = np.array([35.0, 25.0, 15.0, 60.0, 0.0, np.nan])
    over = known.prob_over(np.full(6, 25.0), lines)
    assert over[:5] == pytest.approx([0.25, 0.5, 0.75, 0.05, 0.95], abs=0.005)
    assert np.isnan(over[5])


def test_what_is_read_is_what_was_written() -> None:
    """The text is all that a model keeps of it."""
    known = _learned()
    again = spread.read(known.text())
    assert np.array_equal(again.centers, known.centers)
    assert np.array_equal(again.errors, known.errors)


def test_beside_lines_that_know_more_a_probability_is_drawn_in() -> None:
    """Of lines that 47% go over whatever the model says, it says about 47% in the end."""
    random = np.random.default_rng(9)
    predicted = random.uniform(5, 25, 4000)
    line = predicted + random.normal(0, 3, 4000)
    scored = line + np.where(random.uniform(size=4000) < 0.47, 3.0, -3.0)
    drawn = _learned().drawn_in(predicted, scored, line)
    told = drawn.prob_over(predicted, line)
    assert told.mean() == pytest.approx((scored > line).mean(), abs=1e-3)
    assert told.std() < 0.02
    assert _learned().prob_over(predicted, line).std() > 0.1
    assert spread.read(drawn.text()).drawn == drawn.drawn
    few = _learned().drawn_in(predicted[:499], scored[:499], line[:499])
    assert few.drawn == (0.0, 1.0)
