"""Everything counted: shares without chance, and the worst and best case over those that did not answer."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psykanalys.methods import Problem, bounds, coverage

surveys = st.integers(1, 60).flatmap(
    lambda frame: st.integers(1, frame).flatmap(
        lambda answered: st.tuples(st.integers(0, answered), st.just(answered), st.just(frame))
    )
)


# --- coverage


def test_a_share_of_everything_has_no_limits():
    estimate = coverage([11, 38], 38)
    np.testing.assert_array_equal(estimate.value, [11 / 38, 1.0])
    assert np.isnan(estimate.ci_low).all()
    assert np.isnan(estimate.ci_high).all()
    assert (estimate.statistic, estimate.interval_method, estimate.problems) == ("coverage", "none", ())


@pytest.mark.parametrize(
    ("x", "n", "reason"),
    [
        (-1, 10, "x is negative"),
        (3, 0, "n is not positive"),
        (0, -1, "n is not positive"),
        (11, 10, "x is larger than n"),
    ],
)
def test_an_impossible_share_is_set_aside_with_its_reason_and_disturbs_no_other(x, n, reason):
    estimate = coverage([5, x, 7], [10, n, 8])
    np.testing.assert_array_equal(estimate.value, [0.5, np.nan, 0.875])
    assert estimate.problems == (Problem(1, reason),)


# --- bounds


def test_eleven_of_thirty_one_that_answered_of_thirty_eight_is_between_11_and_18_of_38():
    estimate = bounds(11, 31, 38)
    assert (estimate.value, estimate.ci_low, estimate.ci_high) == (11 / 31, 11 / 38, 18 / 38)
    assert (estimate.statistic, estimate.interval_method) == ("bounds", "worst_best_case")


@given(surveys)
def test_bounds_are_what_trying_every_answer_of_the_silent_gives(survey):
    x, answered, frame = survey
    possible = [Fraction(x + more, frame) for more in range(frame - answered + 1)]
    estimate = bounds(x, answered, frame)
    assert estimate.value == float(Fraction(x, answered))
    assert (estimate.ci_low, estimate.ci_high) == (float(min(possible)), float(max(possible)))


@given(surveys)
def test_bounds_contain_the_value_and_stay_between_0_and_1(survey):
    estimate = bounds(*survey)
    assert 0 <= estimate.ci_low <= estimate.value <= estimate.ci_high <= 1


@given(surveys)
def test_counting_those_without_the_trait_mirrors_the_bounds(survey):
    x, answered, frame = survey
    those_with, those_without = bounds(x, answered, frame), bounds(answered - x, answered, frame)
    assert those_without.ci_low == pytest.approx(1 - those_with.ci_high, abs=1e-15)
    assert those_without.ci_high == pytest.approx(1 - those_with.ci_low, abs=1e-15)


def test_bounds_meet_when_everybody_answered():
    estimate = bounds([0, 11, 38], 38, 38)
    np.testing.assert_array_equal(estimate.ci_low, estimate.value)
    np.testing.assert_array_equal(estimate.ci_high, estimate.value)


@pytest.mark.parametrize(
    ("x", "answered", "frame", "reason"),
    [
        (-1, 31, 38, "x is negative"),
        (0, 0, 38, "nobody answered"),
        (3, -2, 38, "nobody answered"),
        (32, 31, 38, "x is larger than the number that answered"),
        (11, 31, 30, "more answered than were asked"),
    ],
)
def test_an_impossible_survey_is_set_aside_with_its_reason_and_disturbs_no_other(x, answered, frame, reason):
    estimate = bounds([1, x, 3], [2, answered, 4], [4, frame, 5])
    np.testing.assert_array_equal(estimate.value, [0.5, np.nan, 0.75])
    np.testing.assert_array_equal(estimate.ci_low, [0.25, np.nan, 0.6])
    np.testing.assert_array_equal(estimate.ci_high, [0.75, np.nan, 0.8])
    assert estimate.problems == (Problem(1, reason),)


def test_an_unknown_frame_leaves_the_bounds_unknown_but_not_the_share_among_those_that_answered():
    estimate = bounds([11, 11], 31, [np.nan, 38])
    np.testing.assert_array_equal(estimate.value, [11 / 31, 11 / 31])
    np.testing.assert_array_equal(np.isnan(estimate.ci_low), [True, False])
    np.testing.assert_array_equal(np.isnan(estimate.ci_high), [True, False])
    assert estimate.problems == ()
