"""Two populations: against the reference values, against a slow second implementation, and by what always holds."""

from decimal import Decimal
from math import exp
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binom

from psykanalys.methods import (
    MethodError,
    Problem,
    change_of_growth,
    difference_of_proportions,
    proportion,
    ratio_of_rates,
)

REFERENCE = Path(__file__).parent / "reference"
LEVELS = [0.5, 0.8, 0.9, 0.95, 0.99]

unhurried = settings(deadline=None)
levels = st.sampled_from(LEVELS)
part = st.integers(1, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
two_parts = st.tuples(part, part).map(lambda parts: (*parts[0], *parts[1]))
two_counts = st.tuples(st.integers(0, 25), st.integers(1, 500), st.integers(0, 25), st.integers(1, 500))
two_populations = two_counts.filter(lambda numbers: numbers[0] + numbers[2] > 0)


def inputs(rows):
    return [rows[name] for name in ("x1", "n1", "x2", "n2")]


# --- against the reference values


def test_differences_agree_with_the_reference():
    rows = pd.read_csv(REFERENCE / "comparison_two_areas.csv")
    estimate = difference_of_proportions(*inputs(rows))
    assert len(rows) == 4
    np.testing.assert_allclose(estimate.value, rows["prop_diff"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_low, rows["newcombe_lower95"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_high, rows["newcombe_upper95"], rtol=1e-9)


def test_ratios_agree_with_the_reference():
    rows = pd.read_csv(REFERENCE / "comparison_two_areas.csv")
    estimate = ratio_of_rates(*inputs(rows))
    np.testing.assert_allclose(estimate.value, rows["rate_ratio"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_low, rows["poisson_rr_lower95"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_high, rows["poisson_rr_upper95"], rtol=1e-9)


# --- against a slow second implementation


def wilson(x, n, z):
    """The two roots of the score equation (x/n − p)² = z² p (1 − p) / n, by the textbook, in 28 digits."""
    x, n, z = Decimal(x), Decimal(n), Decimal(z)
    a, b, c = n + z**2, -(2 * x + z**2), x**2 / n
    root = max(b**2 - 4 * a * c, Decimal(0)).sqrt()
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def newcombe(x1, n1, x2, n2, confidence):
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    (low1, high1), (low2, high2) = wilson(x1, n1, z), wilson(x2, n2, z)
    p1, p2 = Decimal(x1) / n1, Decimal(x2) / n2
    low = p1 - p2 - ((p1 - low1) ** 2 + (high2 - p2) ** 2).sqrt()
    high = p1 - p2 + ((high1 - p1) ** 2 + (p2 - low2) ** 2).sqrt()
    return float(low), float(high)


def conditional_ratio(x1, n1, x2, n2, confidence):
    """The ratios at which x1 or more, and x1 or fewer, of all the events are as improbable as half of alpha."""
    total, tail = x1 + x2, (1 - confidence) / 2

    def at_least(log_ratio):
        return binom.sf(x1 - 1, total, share(log_ratio)) - tail

    def at_most(log_ratio):
        return binom.cdf(x1, total, share(log_ratio)) - tail

    def share(log_ratio):
        return n1 * exp(log_ratio) / (n1 * exp(log_ratio) + n2)

    low = 0.0 if x1 == 0 else exp(brentq(at_least, -30, 30, xtol=1e-13, rtol=1e-13))
    high = np.inf if x2 == 0 else exp(brentq(at_most, -30, 30, xtol=1e-13, rtol=1e-13))
    return low, high


@given(two_parts, levels)
@unhurried
def test_difference_limits_are_newcombes_by_hand(numbers, confidence):
    estimate = difference_of_proportions(*numbers, confidence=confidence)
    expected = newcombe(*numbers, confidence)
    np.testing.assert_allclose((estimate.ci_low, estimate.ci_high), expected, rtol=1e-9, atol=1e-12)


@given(two_populations, levels)
@unhurried
def test_ratio_limits_are_where_the_binomial_tails_reach_half_of_alpha(numbers, confidence):
    estimate = ratio_of_rates(*numbers, confidence=confidence)
    expected = conditional_ratio(*numbers, confidence)
    np.testing.assert_allclose((estimate.ci_low, estimate.ci_high), expected, rtol=1e-9)


# --- what always holds


@given(two_parts, levels)
@unhurried
def test_limits_contain_the_difference_and_stay_between_minus_1_and_1(numbers, confidence):
    estimate = difference_of_proportions(*numbers, confidence=confidence)
    assert -1 <= estimate.ci_low <= estimate.value <= estimate.ci_high <= 1


@given(two_parts)
@unhurried
def test_higher_confidence_never_gives_narrower_limits_of_a_difference(numbers):
    estimate = difference_of_proportions(*numbers, confidence=LEVELS)
    assert np.all(np.diff(estimate.ci_low) <= 0)
    assert np.all(np.diff(estimate.ci_high) >= 0)


@given(two_parts)
@unhurried
def test_swapping_the_populations_turns_the_difference_round(numbers):
    x1, n1, x2, n2 = numbers
    one, other = difference_of_proportions(x1, n1, x2, n2), difference_of_proportions(x2, n2, x1, n1)
    expected = (-one.value, -one.ci_high, -one.ci_low)
    np.testing.assert_allclose((other.value, other.ci_low, other.ci_high), expected, atol=1e-14)


@given(two_parts)
@unhurried
def test_counting_those_without_the_trait_mirrors_the_difference(numbers):
    x1, n1, x2, n2 = numbers
    those_with = difference_of_proportions(x1, n1, x2, n2)
    those_without = difference_of_proportions(n1 - x1, n1, n2 - x2, n2)
    expected = (-those_with.value, -those_with.ci_high, -those_with.ci_low)
    actual = (those_without.value, those_without.ci_low, those_without.ci_high)
    np.testing.assert_allclose(actual, expected, atol=1e-12)


@given(two_populations, levels)
@unhurried
def test_limits_contain_the_ratio(numbers, confidence):
    estimate = ratio_of_rates(*numbers, confidence=confidence)
    assert 0 <= estimate.ci_low <= estimate.value <= estimate.ci_high


@given(two_populations)
@unhurried
def test_the_ratio_is_the_one_rate_over_the_other(numbers):
    x1, n1, x2, n2 = numbers
    expected = np.inf if x2 == 0 else (x1 / n1) / (x2 / n2)
    assert ratio_of_rates(*numbers).value == pytest.approx(expected, rel=1e-13)


@given(two_populations)
@unhurried
def test_higher_confidence_never_gives_narrower_limits_of_a_ratio(numbers):
    low, high = (getattr(ratio_of_rates(*numbers, confidence=LEVELS), name) for name in ("ci_low", "ci_high"))
    assert np.all(low[:-1] >= low[1:])
    assert np.all(high[:-1] <= high[1:])


@given(two_populations.filter(lambda numbers: numbers[0] > 0 and numbers[2] > 0))
@unhurried
def test_swapping_the_populations_turns_the_ratio_upside_down(numbers):
    x1, n1, x2, n2 = numbers
    one, other = ratio_of_rates(x1, n1, x2, n2), ratio_of_rates(x2, n2, x1, n1)
    expected = (1 / one.value, 1 / one.ci_high, 1 / one.ci_low)
    np.testing.assert_allclose((other.value, other.ci_low, other.ci_high), expected, rtol=1e-11)


def test_equal_populations_do_not_differ():
    difference, ratio = difference_of_proportions(40, 9000, 40, 9000), ratio_of_rates(40, 9000, 40, 9000)
    assert difference.value == 0
    assert difference.ci_low == -difference.ci_high
    assert ratio.value == pytest.approx(1, rel=1e-15)
    assert ratio.ci_low * ratio.ci_high == pytest.approx(1, rel=1e-12)


# --- what may be asked


def test_answers_name_their_statistic_and_their_method():
    difference, ratio = difference_of_proportions(1, 5, 2, 5), ratio_of_rates(1, 5, 2, 5)
    assert (difference.statistic, difference.interval_method) == ("difference_of_proportions", "newcombe")
    assert (ratio.statistic, ratio.interval_method) == ("ratio_of_rates", "exact_conditional")


def test_no_events_in_the_second_population_make_the_ratio_infinite_with_a_lower_limit():
    estimate = ratio_of_rates(9, 2000, 0, 9000)
    assert estimate.value == np.inf
    assert estimate.ci_high == np.inf
    assert 0 < estimate.ci_low < np.inf
    assert estimate.problems == ()


def test_no_events_in_the_first_population_make_the_ratio_0_with_an_upper_limit():
    estimate = ratio_of_rates(0, 2000, 9, 9000)
    assert (estimate.value, estimate.ci_low) == (0, 0)
    assert 0 < estimate.ci_high < np.inf


def test_events_may_exceed_persons_in_a_ratio_of_rates():
    assert ratio_of_rates(30, 10, 15, 10).value == pytest.approx(2)
    assert ratio_of_rates(30, 10, 15, 10).problems == ()


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ((-1, 10, 3, 10), "events are negative"),
        ((3, 10, -1, 10), "events are negative"),
        ((1.5, 10, 3, 10), "events are not whole numbers"),
        ((1, 10, 0.5, 10), "events are not whole numbers"),
        ((3, 0, 3, 10), "exposure is not positive"),
        ((3, 10, 3, -1), "exposure is not positive"),
        ((0, 10, 0, 10), "no events in either population"),
    ],
)
def test_a_ratio_that_cannot_be_estimated_is_set_aside_with_its_reason(numbers, reason):
    rows = np.array([(9, 2000, 30, 9000), numbers, (1, 5, 2, 5)], dtype=float)
    estimate, undisturbed = ratio_of_rates(*rows.T), ratio_of_rates(*rows[[0, 2]].T)
    assert estimate.problems == (Problem(1, reason),)
    for name in ("value", "ci_low", "ci_high"):
        assert np.isnan(getattr(estimate, name)[1])
        np.testing.assert_array_equal(getattr(estimate, name)[[0, 2]], getattr(undisturbed, name))


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ((-1, 10, 3, 10), "x is negative"),
        ((3, 10, 3, 0), "n is not positive"),
        ((11, 10, 3, 10), "x is larger than n"),
        ((3, 10, 11, 10), "x is larger than n"),
    ],
)
def test_a_difference_that_cannot_be_calculated_is_set_aside_with_its_reason(numbers, reason):
    rows = np.array([(9, 2000, 30, 9000), numbers, (1, 5, 2, 5)], dtype=float)
    estimate, undisturbed = difference_of_proportions(*rows.T), difference_of_proportions(*rows[[0, 2]].T)
    assert estimate.problems == (Problem(1, reason),)
    for name in ("value", "ci_low", "ci_high"):
        assert np.isnan(getattr(estimate, name)[1])
        np.testing.assert_array_equal(getattr(estimate, name)[[0, 2]], getattr(undisturbed, name))


def test_the_same_fault_in_both_populations_is_reported_once():
    assert difference_of_proportions(-1, 5, -1, 5).problems == (Problem(0, "x is negative"),)


def test_a_raised_error_lists_the_faults_of_both_populations():
    with pytest.raises(MethodError) as caught:
        difference_of_proportions([9, 1, 1], 5, [1, 1, -9], 5, errors="raise")
    assert caught.value.problems == (Problem(0, "x is larger than n"), Problem(2, "x is negative"))


@pytest.mark.parametrize("unknown", range(4))
@pytest.mark.parametrize("function", [difference_of_proportions, ratio_of_rates])
def test_an_unknown_number_in_either_population_leaves_the_comparison_unknown(function, unknown):
    numbers = [0.0, 10.0, 3.0, 10.0]
    numbers[unknown] = np.nan
    estimate = function(*numbers)
    assert np.isnan([estimate.value, estimate.ci_low, estimate.ci_high]).all()
    assert estimate.problems == ()


class TestChangeOfGrowth:
    def test_it_is_the_second_difference_with_hybrid_limits_made_by_hand(self):
        x, n = np.array([120, 150, 158]), 1000
        found = change_of_growth(x, np.full(3, n))
        share = proportion(x, n, method="wilson")
        p, low, high = share.value, share.ci_low, share.ci_high
        assert float(found.value) == pytest.approx(p[2] - 2 * p[1] + p[0])
        below = np.sqrt((p[0] - low[0]) ** 2 + (2 * (high[1] - p[1])) ** 2 + (p[2] - low[2]) ** 2)
        above = np.sqrt((high[0] - p[0]) ** 2 + (2 * (p[1] - low[1])) ** 2 + (high[2] - p[2]) ** 2)
        assert float(found.ci_low) == pytest.approx(float(found.value) - below)
        assert float(found.ci_high) == pytest.approx(float(found.value) + above)

    def test_many_series_at_once_and_a_bad_one_alone(self):
        found = change_of_growth([[120, 150, 158], [120, -1, 158]], [[1000] * 3] * 2)
        assert np.isnan(found.value).tolist() == [False, True]
        assert found.problems

    def test_a_straight_line_is_not_told_from_no_change(self):
        found = change_of_growth([100, 150, 200], [1000] * 3, kind="rate", confidence=[0.95, 0.8])
        assert (found.ci_low < 0).all()
        assert (found.ci_high > 0).all()

    def test_the_limits_hold_the_truth_about_as_often_as_they_say(self):
        chance = np.random.default_rng(7)
        x = chance.binomial(400, [0.2, 0.3, 0.35], size=(4000, 3))
        found = change_of_growth(x, np.full(x.shape, 400))
        truth = 0.35 - 2 * 0.3 + 0.2
        assert 0.935 < np.mean((found.ci_low <= truth) & (truth <= found.ci_high)) < 0.965
