"""Proportions: against the reference values, against a slow second implementation, and by what always holds."""

from math import fsum
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binom

from psykanalys.methods import Problem, proportion

REFERENCE = Path(__file__).parent / "reference"
PRECISE = {"xtol": 1e-16, "rtol": 1e-14}

unhurried = settings(deadline=None)
each_method = pytest.mark.parametrize("method", ["exact", "wilson"])
levels = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.998])
parts = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def parts_up_to(n):
    """Every x of every n from 1."""
    pairs = [(x, whole) for whole in range(1, n + 1) for x in range(whole + 1)]
    return np.array(pairs, dtype=float).T


# --- against the reference values


@pytest.mark.parametrize(("confidence", "label"), [(0.9, "90"), (0.95, "95_0"), (0.99, "99"), (0.998, "99_8")])
def test_wilson_limits_agree_with_the_reference(confidence, label):
    rows = pd.read_csv(REFERENCE / "proportion_wilson.csv")
    estimate = proportion(rows["x"], rows["n"], method="wilson", confidence=confidence)
    assert len(rows) == 110
    assert estimate.problems == ()
    np.testing.assert_allclose(estimate.value, rows["value"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_low, rows[f"lower{label}cl"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_high, rows[f"upper{label}cl"], rtol=1e-9)


@pytest.mark.parametrize(("method", "column"), [("wilson", "wilson"), ("exact", "clopper")])
def test_limits_agree_with_the_reference_for_comparison_with_a_target(method, column):
    rows = pd.read_csv(REFERENCE / "comparison_to_target.csv")
    estimate = proportion(rows["x"], rows["n"], method=method)
    assert len(rows) == 7
    np.testing.assert_allclose(estimate.value, rows["value"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_low, rows[f"{column}_lower95"], rtol=1e-9)
    np.testing.assert_allclose(estimate.ci_high, rows[f"{column}_upper95"], rtol=1e-9)


# --- against a slow second implementation


def clopper_pearson(x, n, tail):
    """The shares at which x or more, and x or fewer, of n are just as improbable as `tail`: sum, and search."""

    def excess(share, outcomes):
        return fsum(binom.pmf(outcomes, n, share)) - tail

    low = 0.0 if x == 0 else brentq(excess, 0, 1, args=(range(x, n + 1),), **PRECISE)
    high = 1.0 if x == n else brentq(excess, 0, 1, args=(range(x + 1),), **PRECISE)
    return low, high


def score_limits(x, n, tail):
    """The shares that a score test just does not reject: those z of their own standard errors away from x/n."""
    value, z = x / n, NormalDist().inv_cdf(1 - tail)

    def excess(share):
        return abs(value - share) * np.sqrt(n) - z * np.sqrt(share * (1 - share))

    if x == 0:
        return 0.0, z**2 / (n + z**2)
    if x == n:
        return n / (n + z**2), 1.0
    return brentq(excess, 0, value, **PRECISE), brentq(excess, value, 1, **PRECISE)


@given(parts, levels)
@unhurried
def test_exact_limits_are_where_the_summed_tails_reach_half_of_alpha(part, confidence):
    estimate = proportion(*part, confidence=confidence)
    expected = clopper_pearson(*part, (1 - confidence) / 2)
    np.testing.assert_allclose((estimate.ci_low, estimate.ci_high), expected, rtol=1e-9)


@given(parts, levels)
@unhurried
def test_wilson_limits_are_where_the_score_test_turns(part, confidence):
    estimate = proportion(*part, method="wilson", confidence=confidence)
    expected = score_limits(*part, (1 - confidence) / 2)
    np.testing.assert_allclose((estimate.ci_low, estimate.ci_high), expected, rtol=1e-9)


# --- what the exact limits promise


def share_of_samples(n, share, wrong):
    """The probability, for each true share, of the outcomes 0…n that are `wrong` for it."""
    return np.sum(binom.pmf(np.arange(n + 1), n, share[:, None]) * wrong, axis=1)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10, 31, 39, 100])
def test_each_exact_limit_errs_in_at_most_2_5_percent_of_samples(n):
    limits = proportion(np.arange(n + 1), n)
    near_zero = np.logspace(-9, -1, 200)
    shares = np.concatenate([near_zero, np.linspace(0.01, 0.99, 981), 1 - near_zero])
    too_high = share_of_samples(n, shares, limits.ci_low > shares[:, None])
    too_low = share_of_samples(n, shares, limits.ci_high < shares[:, None])
    assert too_high.max() <= 0.025
    assert too_low.max() <= 0.025


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10, 31, 39, 100])
def test_exact_limits_are_no_wider_than_the_promise_needs(n):
    limits = proportion(np.arange(n + 1), n)
    just_below = limits.ci_low[1:] * (1 - 1e-9)
    just_above = 1 - (1 - limits.ci_high[:-1]) * (1 - 1e-9)
    too_high = share_of_samples(n, just_below, limits.ci_low > just_below[:, None])
    too_low = share_of_samples(n, just_above, limits.ci_high < just_above[:, None])
    np.testing.assert_allclose(too_high, 0.025, rtol=1e-5)
    np.testing.assert_allclose(too_low, 0.025, rtol=1e-5)


# --- what always holds


@each_method
def test_limits_contain_the_value_and_stay_between_0_and_1(method):
    estimate = proportion(*parts_up_to(60), method=method, confidence=[0.2, 0.5, 0.8, 0.95, 0.998])
    value = estimate.value[:, None]
    assert np.all(estimate.ci_low >= 0)
    assert np.all(estimate.ci_low <= value)
    assert np.all(value <= estimate.ci_high)
    assert np.all(estimate.ci_high <= 1)


@each_method
def test_higher_confidence_never_gives_narrower_limits(method):
    estimate = proportion(*parts_up_to(60), method=method, confidence=[0.2, 0.5, 0.8, 0.95, 0.998])
    assert np.all(np.diff(estimate.ci_low) <= 0)
    assert np.all(np.diff(estimate.ci_high) >= 0)


@each_method
def test_counting_those_without_the_trait_mirrors_the_limits(method):
    x, n = parts_up_to(60)
    those_with, those_without = (proportion(part, n, method=method) for part in (x, n - x))
    np.testing.assert_allclose(those_without.value, 1 - those_with.value, atol=1e-14)
    np.testing.assert_allclose(those_without.ci_low, 1 - those_with.ci_high, atol=1e-14)
    np.testing.assert_allclose(those_without.ci_high, 1 - those_with.ci_low, atol=1e-14)


@each_method
def test_limits_rise_with_the_number_that_have_the_trait(method):
    estimate = proportion(np.arange(101), 100, method=method)
    assert np.all(np.diff(estimate.ci_low) > 0)
    assert np.all(np.diff(estimate.ci_high) > 0)


@given(st.integers(1, 10**7), st.floats(0, 1), levels, st.sampled_from(["exact", "wilson"]))
@unhurried
def test_large_populations_hold_to_the_same_bounds(n, share, confidence, method):
    estimate = proportion(round(n * share), n, method=method, confidence=confidence)
    assert 0 <= estimate.ci_low <= estimate.value <= estimate.ci_high <= 1


@each_method
def test_none_of_n_has_the_lower_limit_exactly_0(method):
    n = np.arange(1, 5000)
    assert np.all(proportion(0, n, method=method, confidence=[0.5, 0.95]).ci_low == 0.0)


@each_method
def test_all_of_n_has_the_upper_limit_exactly_1(method):
    n = np.arange(1, 5000)
    assert np.all(proportion(n, n, method=method, confidence=[0.5, 0.95]).ci_high == 1.0)


# --- what may be asked


def test_the_exact_method_is_the_default():
    assert proportion(11, 31).interval_method == "exact"
    assert proportion(11, 31).ci_low == proportion(11, 31, method="exact").ci_low


@each_method
def test_an_answer_names_its_statistic_and_its_method(method):
    estimate = proportion(11, 31, method=method)
    assert (estimate.statistic, estimate.interval_method) == ("proportion", method)


@pytest.mark.parametrize(
    ("x", "n", "reason"),
    [
        (-1, 10, "x is negative"),
        (-0.5, 10, "x is negative"),
        (3, 0, "n is not positive"),
        (3, -5, "n is not positive"),
        (0, 0, "n is not positive"),
        (11, 10, "x is larger than n"),
        (np.inf, 10, "x is larger than n"),
        (2.5, 10, "x is not a whole number; use method='wilson'"),
    ],
)
def test_an_impossible_row_is_set_aside_with_its_reason(x, n, reason):
    estimate = proportion([5, x, 7], [10, n, 9])
    undisturbed = proportion([5, 7], [10, 9])
    assert estimate.problems == (Problem(1, reason),)
    for answer, expected in (
        (estimate.value, undisturbed.value),
        (estimate.ci_low, undisturbed.ci_low),
        (estimate.ci_high, undisturbed.ci_high),
    ):
        assert np.isnan(answer[1])
        np.testing.assert_array_equal(answer[[0, 2]], expected)


def test_a_row_with_several_faults_is_reported_once_with_the_first():
    assert proportion(-2.5, -1).problems == (Problem(0, "x is negative"),)


def test_wilson_takes_a_fraction_of_an_event():
    estimate = proportion(2.5, 10, method="wilson")
    whole = proportion([2, 3], 10, method="wilson")
    assert estimate.problems == ()
    assert whole.ci_low[0] < estimate.ci_low < whole.ci_low[1]
    assert whole.ci_high[0] < estimate.ci_high < whole.ci_high[1]


def test_no_events_among_an_unknown_number_leaves_both_limits_unknown():
    estimate = proportion([0, 0], [np.nan, 10])
    assert np.isnan([estimate.value[0], estimate.ci_low[0], estimate.ci_high[0]]).all()
    assert estimate.ci_low[1] == 0.0
    assert estimate.problems == ()


def test_an_exact_upper_limit_does_not_fall_when_a_weighted_n_is_barely_larger_than_x():
    upper = proportion(3, [3, 3.001, 3.5, 3.999, 4]).ci_high
    assert np.all(np.diff(upper) <= 0)
    assert upper[0] == 1.0
    assert upper[1] > 0.9999
